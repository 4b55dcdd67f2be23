//! Rate limits: how many calls a bucket takes in 60 seconds, and who may make them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::route::Bucket;

/// How long a window is, by the simulator's clock.
const WINDOW: Duration = Duration::from_secs(60);
/// What the headers say when nothing is limited.
const PLENTY: u32 = 1_000_000;

/// Calls a minute that the whole org may make, per bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quotas(Option<BTreeMap<Bucket, u32>>);

impl Quotas {
    /// No limits; answers still carry the headers, with large numbers.
    #[must_use]
    pub const fn unlimited() -> Self {
        Self(None)
    }

    /// Okta's defaults for workforce orgs.
    #[must_use]
    pub fn workforce() -> Self {
        Self::table([600, 2_000, 600, 500, 1_000, 500, 100, 500, 100, 100, 100, 120, 100, 300, 1_200])
    }

    /// Okta's defaults for free integrator orgs.
    #[must_use]
    pub fn integrator() -> Self {
        Self::table([100, 100, 100, 100, 100, 100, 20, 100, 20, 100, 100, 20, 25, 300, 100])
    }

    fn table(quotas: [u32; 15]) -> Self {
        let [
            users,
            user,
            changes,
            groups,
            group,
            members,
            apps,
            app,
            assigned,
            iam,
            devices,
            logs,
            clients,
            token,
            rest,
        ] = quotas;
        Self(Some(BTreeMap::from([
            (Bucket::Users, users),
            (Bucket::User, user),
            (Bucket::UserChanges, changes),
            (Bucket::Groups, groups),
            (Bucket::Group, group),
            // Okta tells no figures for the short lists: those of the other lists below groups and apps.
            (Bucket::GroupSkinnyUsers, members),
            (Bucket::AppSkinnyUsers, assigned),
            (Bucket::Apps, apps),
            (Bucket::App, app),
            (Bucket::Iam, iam),
            (Bucket::Devices, devices),
            (Bucket::Logs, logs),
            (Bucket::Clients, clients),
            (Bucket::Token, token),
            (Bucket::Rest, rest),
        ])))
    }

    /// The same quotas, but this one for this bucket. On unlimited quotas the other buckets stay without limit.
    #[must_use]
    pub fn with(mut self, bucket: Bucket, quota: u32) -> Self {
        self.0.get_or_insert_default().insert(bucket, quota);
        self
    }

    /// The quota of a bucket, or `None` when it has no limit.
    #[must_use]
    pub fn of(&self, bucket: Bucket) -> Option<u32> {
        self.0.as_ref()?.get(&bucket).copied()
    }
}

/// What the limits say about a call, and what the headers of its answer say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) allowed: bool,
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// Seconds since 1970, rounded up, when the window ends.
    pub(crate) reset: u64,
}

/// The windows of all buckets.
#[derive(Debug)]
pub(crate) struct Limiter {
    quotas: Quotas,
    percent: u32,
    /// Windows by bucket of each principal, and of the whole org (`None`).
    windows: Mutex<HashMap<(Option<usize>, Bucket), Window>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Window {
    start: Duration,
    used: u32,
    open: bool,
}

impl Window {
    /// Opens a new window when there is none: windows start at the first call.
    fn refresh(&mut self, now: Duration) {
        if !self.open || now >= self.start + WINDOW {
            *self = Self { start: now, used: 0, open: true };
        }
    }

    fn end(&self) -> u64 {
        let end = self.start + WINDOW;
        end.as_secs() + u64::from(end.subsec_nanos() > 0)
    }
}

impl Limiter {
    pub(crate) fn new(quotas: Quotas, percent: u8) -> Self {
        Self { quotas, percent: u32::from(percent.clamp(1, 100)), windows: Mutex::default() }
    }

    /// Counts a call of a principal, unless a quota is used up. A call counts for the principal and for the org; limit,
    /// rest and end that are told are those of one window (`docs/spec/okta-api.md` 2.4). No source says of which: it is
    /// the one that has least left, the principal's on a tie.
    pub(crate) fn count(&self, principal: usize, bucket: Bucket, now: Duration) -> Verdict {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let mut window = |owner| {
            let window = windows.entry((owner, bucket)).or_default();
            window.refresh(now);
            *window
        };
        let (mut own, mut whole) = (window(Some(principal)), window(None));
        let Some(quota) = self.quotas.of(bucket) else {
            return Verdict { allowed: true, limit: PLENTY, remaining: PLENTY - 1, reset: own.end() };
        };
        let limit = (quota * self.percent / 100).max(1);
        let allowed = own.used < limit && whole.used < quota;
        if allowed {
            own.used += 1;
            whole.used += 1;
            windows.insert((Some(principal), bucket), own);
            windows.insert((None, bucket), whole);
        }
        let (limit, told) = if quota - whole.used < limit - own.used { (quota, whole) } else { (limit, own) };
        Verdict { allowed, limit, remaining: limit - told.used, reset: told.end() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> Duration {
        Duration::from_secs_f64(1_000.0 + seconds)
    }

    #[test]
    fn a_window_starts_at_the_first_call_and_ends_sixty_seconds_later() {
        let limiter = Limiter::new(Quotas::unlimited().with(Bucket::Apps, 4), 50);
        let first = limiter.count(0, Bucket::Apps, at(7.5));
        assert_eq!(first, Verdict { allowed: true, limit: 2, remaining: 1, reset: 1_068 });
        assert_eq!(limiter.count(0, Bucket::Apps, at(8.0)).remaining, 0);
        let refused = limiter.count(0, Bucket::Apps, at(67.4));
        assert_eq!(refused, Verdict { allowed: false, limit: 2, remaining: 0, reset: 1_068 });
        let next = limiter.count(0, Bucket::Apps, at(67.5));
        assert_eq!(next, Verdict { allowed: true, limit: 2, remaining: 1, reset: 1_128 });
    }

    #[test]
    fn buckets_and_principals_are_counted_apart_within_the_org() {
        let limiter = Limiter::new(Quotas::workforce().with(Bucket::Apps, 3), 70);
        assert_eq!(limiter.count(0, Bucket::Apps, at(0.0)).remaining, 1);
        assert_eq!(limiter.count(0, Bucket::Apps, at(0.0)).remaining, 0);
        assert!(!limiter.count(0, Bucket::Apps, at(0.0)).allowed, "the principal's share is used up");
        assert!(limiter.count(1, Bucket::Apps, at(0.0)).allowed, "another principal has its own");
        let refused = limiter.count(1, Bucket::Apps, at(0.0));
        assert!(!refused.allowed && refused.limit == 3, "the org's quota is used up, and it is what is told of");
        assert_eq!(limiter.count(0, Bucket::Users, at(0.0)).limit, 420);
    }

    #[test]
    fn limit_rest_and_end_are_those_of_the_window_that_has_least_left() {
        let limiter = Limiter::new(Quotas::unlimited().with(Bucket::Apps, 10), 50);
        let told = |principal, seconds| {
            let verdict = limiter.count(principal, Bucket::Apps, at(seconds));
            (verdict.allowed, verdict.limit, verdict.remaining, verdict.reset)
        };
        for call in 1..=5 {
            assert_eq!(told(0, 0.0), (true, 5, 5 - call, 1_060));
        }
        assert_eq!(told(1, 20.0), (true, 5, 4, 1_080), "a tie");
        assert_eq!(told(2, 30.0), (true, 10, 3, 1_060));
        assert_eq!(told(0, 40.0), (false, 5, 0, 1_060));
        assert_eq!(told(1, 60.0), (true, 5, 3, 1_080), "the org's window has begun anew");
    }

    #[test]
    fn without_limits_the_headers_are_there_all_the_same() {
        let limiter = Limiter::new(Quotas::unlimited(), 50);
        let verdict = limiter.count(0, Bucket::Users, at(0.0));
        assert_eq!((verdict.allowed, verdict.limit, verdict.reset), (true, 1_000_000, 1_060));
    }
}
