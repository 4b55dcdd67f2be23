//! What is wanted of Okta, and in which rate-limit bucket it is had soonest. Arithmetic only: nothing is asked here.

use std::collections::BTreeMap;

use okta_client::Bucket;

/// A list that two calls give alike, each in a bucket of its own: the documented one, and Okta's short one
/// (`skinny_users`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum EndpointPair {
    /// The members of a group.
    Members,
    /// The users of an application.
    AppUsers,
}

impl EndpointPair {
    pub(crate) const ALL: [Self; 2] = [Self::Members, Self::AppUsers];

    /// The bucket of the documented call, which many other calls use.
    pub(crate) fn plain(self) -> Bucket {
        match self {
            Self::Members => Bucket::Groups,
            Self::AppUsers => Bucket::Apps,
        }
    }

    /// The bucket of the short one, which nothing else uses.
    pub(crate) fn short(self) -> Bucket {
        match self {
            Self::Members => Bucket::GroupSkinnyUsers,
            Self::AppUsers => Bucket::AppSkinnyUsers,
        }
    }
}

/// How many calls a window (a minute) each bucket allows us.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Budget {
    /// As far as limits are known.
    pub allowances: BTreeMap<Bucket, u64>,
    /// The pairs whose short call may be used.
    pub pairs: Vec<EndpointPair>,
}

impl Budget {
    /// What `share` percent of these limits are. A limit that is not known of a short call is taken for that of the
    /// documented one.
    pub(crate) fn new(limits: &BTreeMap<Bucket, u64>, share: u8, pairs: &[EndpointPair]) -> Self {
        let part = |limit: u64| (limit.saturating_mul(u64::from(share)) / 100).max(1);
        let mut allowances: BTreeMap<_, _> = limits.iter().map(|(bucket, limit)| (*bucket, part(*limit))).collect();
        for pair in pairs {
            if let (Some(plain), None) = (allowances.get(&pair.plain()).copied(), allowances.get(&pair.short())) {
                allowances.insert(pair.short(), plain);
            }
        }
        Self { allowances, pairs: pairs.to_vec() }
    }

    /// How long the calls take: the buckets are used side by side, so that the slowest counts. `None` if no bucket has a
    /// known limit.
    pub(crate) fn length(&self, calls: &BTreeMap<Bucket, u64>) -> Option<Length> {
        let lengths = calls.iter().filter(|(_, calls)| **calls > 0).filter_map(|(bucket, calls)| {
            let allowance = *self.allowances.get(bucket)?;
            #[expect(clippy::cast_precision_loss, reason = "minutes are told with two digits")]
            let minutes = *calls as f64 / allowance as f64;
            Some(Length { minutes, bucket: *bucket })
        });
        lengths.max_by(|one, other| one.minutes.total_cmp(&other.minutes))
    }
}

/// How long calls take, by the bucket that takes longest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Length {
    /// Minutes: windows of the limit that are filled, and a part of the last one.
    pub minutes: f64,
    /// The bucket that everything else waits for.
    pub bucket: Bucket,
}

/// Calls that are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PendingCalls {
    /// Those that only one bucket will do for.
    bound: BTreeMap<Bucket, u64>,
    /// Those that either bucket of a pair will do for.
    either: BTreeMap<EndpointPair, u64>,
}

impl PendingCalls {
    /// Adds calls of one bucket.
    pub(crate) fn add(&mut self, bucket: Bucket, calls: u64) {
        if calls > 0 {
            *self.bound.entry(bucket).or_default() += calls;
        }
    }

    /// Adds calls of a pair.
    pub(crate) fn add_either(&mut self, pair: EndpointPair, calls: u64) {
        if calls > 0 {
            *self.either.entry(pair).or_default() += calls;
        }
    }

    /// The calls per bucket when all are made as soon as they can be: what does not fit into one window of a documented
    /// call's bucket is divided so that both buckets of the pair end together.
    pub(crate) fn calls(&self, budget: &Budget) -> BTreeMap<Bucket, u64> {
        let mut calls = self.bound.clone();
        for (pair, wanted) in &self.either {
            let bound = calls.get(&pair.plain()).copied().unwrap_or_default();
            let short = if budget.pairs.contains(pair) { short_of(budget, *pair, bound, *wanted) } else { 0 };
            *calls.entry(pair.plain()).or_default() += wanted - short;
            *calls.entry(pair.short()).or_default() += short;
        }
        calls.retain(|_, calls| *calls > 0);
        calls
    }
}

/// How many of `wanted` calls the short one takes, when `bound` others need the bucket of the documented one.
fn short_of(budget: &Budget, pair: EndpointPair, bound: u64, wanted: u64) -> u64 {
    let allowance = |bucket| budget.allowances.get(&bucket).copied();
    let (Some(plain), Some(short)) = (allowance(pair.plain()), allowance(pair.short())) else { return 0 };
    if bound + wanted <= plain {
        return 0;
    }
    let both = u128::from(plain) + u128::from(short);
    let share = u128::from(bound + wanted) * u128::from(short) / both;
    u64::try_from(share).unwrap_or(u64::MAX).min(wanted)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn budget(plain: u64, short: Option<u64>, pairs: &[EndpointPair]) -> Budget {
        let short = short.map(|limit| (Bucket::GroupSkinnyUsers, limit));
        let limits: BTreeMap<_, _> = short.into_iter().chain([(Bucket::Groups, plain)]).collect();
        Budget::new(&limits, 100, pairs)
    }

    fn pending(bound: u64, members: u64) -> PendingCalls {
        let mut pending = PendingCalls::default();
        pending.add(Bucket::Groups, bound);
        pending.add_either(EndpointPair::Members, members);
        pending
    }

    #[test]
    fn what_fits_into_a_window_is_asked_for_as_documented() {
        let calls = pending(40, 60).calls(&budget(100, None, &EndpointPair::ALL));
        assert_eq!(calls, BTreeMap::from([(Bucket::Groups, 100)]));
    }

    #[test]
    fn what_does_not_is_divided_so_that_both_end_together() {
        let calls = |bound, members, short| {
            let calls = pending(bound, members).calls(&budget(100, short, &EndpointPair::ALL));
            [Bucket::Groups, Bucket::GroupSkinnyUsers].map(|bucket| calls.get(&bucket).copied().unwrap_or_default())
        };
        assert_eq!(calls(0, 300, Some(200)), [100, 200]);
        assert_eq!(calls(200, 200, None), [200, 200], "an unknown limit is taken for that of the documented call");
        assert_eq!(calls(500, 100, Some(100)), [500, 100], "the bound ones have no choice");
        assert_eq!(calls(100, 100, Some(50)), [134, 66]);
    }

    #[test]
    fn without_the_short_call_or_without_limits_everything_is_asked_for_as_documented() {
        let all = BTreeMap::from([(Bucket::Groups, 1_000)]);
        assert_eq!(pending(500, 500).calls(&budget(100, None, &[])), all);
        assert_eq!(pending(500, 500).calls(&Budget { pairs: EndpointPair::ALL.to_vec(), ..Budget::default() }), all);
    }

    #[test]
    fn the_slowest_bucket_decides() {
        let calls = BTreeMap::from([(Bucket::Users, 300), (Bucket::Apps, 90), (Bucket::Iam, 1_000)]);
        let limits = BTreeMap::from([(Bucket::Users, 300), (Bucket::Apps, 50)]);
        let length_at = |share| Budget::new(&limits, share, &[]).length(&calls).unwrap();
        assert_eq!((length_at(90).bucket, length_at(90).minutes), (Bucket::Apps, 2.0));
        assert_eq!(length_at(45).minutes, 90.0 / 22.0);
        assert_eq!(Budget::default().length(&calls), None);
    }
}
