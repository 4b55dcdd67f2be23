//! Which of the ways to the same facts is taken: the one that Okta's rate limits let through first.
//!
//! Members of groups and users of applications come in two lists each, the documented one and a short one
//! (`skinny_users`, `docs/spec/okta-api.md` 1.2, 1.3) whose bucket nothing else uses. What is read of them is the same
//! in both, so each page is asked for in whichever bucket is free first; the short list only while not everything that
//! is wanted of the other bucket fits into its present window. Where the short list fails, or shows less than the
//! other, the other is read and the short one left alone.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use baton_connector::{Lane, WorkKind};
use okta_client::models::Record;
use okta_client::{Backlog, Bucket, Client, Error, ErrorKind, ListPage, ListRequest};

use crate::demand::{Demand, Pace, Pair};
use crate::errors;
use crate::resources::{Context, app, group};

/// More calls a minute than any org allows: who tells of this does not limit.
const PLENTY: u64 = 100_000;

/// The limits by bucket, in calls a minute, as far as they are known.
pub(crate) fn known_limits(client: &Client) -> BTreeMap<Bucket, u64> {
    let traffic = client.traffic();
    traffic.iter().filter_map(|bucket| Some((bucket.bucket, bucket.limit.filter(|limit| *limit < PLENTY)?))).collect()
}

/// What is known of the ways during a run.
#[derive(Debug)]
pub(crate) struct Lanes {
    /// Percent of each limit that is used.
    share: u8,
    /// Whether short lists may be used at all.
    may_use_short: bool,
    /// [`UNTRIED`], [`OFFERED`] or [`OFF`] for each of [`Pair::ALL`].
    short: [AtomicU8; 2],
    /// Held by whoever tries a short list first.
    trying: [tokio::sync::Mutex<()>; 2],
    /// Objects whose short list has failed in its middle.
    failed: Mutex<HashSet<(Pair, String)>>,
    /// What is still wanted, as far as is known.
    wanted: Mutex<Wanted>,
}

/// What is still wanted.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wanted {
    /// Pages by lane.
    pages: BTreeMap<Lane, u64>,
    /// Works that gates hold back, by kind.
    held: BTreeMap<WorkKind, u64>,
}

impl Wanted {
    fn of(&self, lane: Lane) -> u64 {
        self.pages.get(lane).copied().unwrap_or_default()
    }

    /// What may still come of the side of assignments that takes fewer works: nothing is known yet of the other.
    fn held(&self) -> u64 {
        let works = |kind| self.held.get(kind).copied().unwrap_or_default();
        works(app::GROUP_APPS).min(works(app::APP_GROUPS))
    }

    /// The same as calls.
    fn demand(&self) -> Demand {
        let mut demand = Demand::default();
        Bucket::ALL.into_iter().for_each(|bucket| demand.add(bucket, self.of(bucket.name())));
        Pair::ALL.into_iter().for_each(|pair| demand.add_either(pair, self.of(pair_lane(pair))));
        demand
    }
}

/// Whether the org has a short list.
const UNTRIED: u8 = 0;
const OFFERED: u8 = 1;
const OFF: u8 = 2;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The pair whose lists this kind of work reads.
fn pair_of(kind: WorkKind) -> Option<Pair> {
    match kind {
        group::GROUP_MEMBERS => Some(Pair::Members),
        app::APP_USERS => Some(Pair::AppUsers),
        _ => None,
    }
}

/// The lane of a kind of work whose documented call is in `bucket`.
pub(crate) fn lane(kind: WorkKind, bucket: Bucket) -> Lane {
    pair_of(kind).map_or(bucket.name(), pair_lane)
}

fn pair_lane(pair: Pair) -> Lane {
    match pair {
        Pair::Members => "members of groups",
        Pair::AppUsers => "users of applications",
    }
}

impl Lanes {
    /// Nothing is known yet. `may_use_short` says whether short lists may be used at all.
    pub(crate) fn new(share: u8, may_use_short: bool) -> Self {
        Self {
            share,
            may_use_short,
            short: Pair::ALL.map(|_| AtomicU8::new(if may_use_short { UNTRIED } else { OFF })),
            trying: Default::default(),
            failed: Mutex::default(),
            wanted: Mutex::default(),
        }
    }

    /// The same for another run, in which nothing is known yet.
    pub(crate) fn for_another_run(&self) -> Self {
        Self::new(self.share, self.may_use_short)
    }

    fn short(&self, pair: Pair) -> u8 {
        self.short[pair as usize].load(Ordering::Relaxed)
    }

    /// Takes in how much is still wanted, and tells the client what that means for each bucket.
    pub(crate) fn want(
        &self,
        pages: &BTreeMap<Lane, u64>,
        held: &BTreeMap<WorkKind, u64>,
        client: &Client,
        backlog: &Backlog,
    ) {
        let mut wanted = lock(&self.wanted);
        if wanted.pages == *pages && wanted.held == *held {
            return;
        }
        *wanted = Wanted { pages: pages.clone(), held: held.clone() };
        let calls = wanted.demand().calls(&self.pace(client));
        for bucket in Bucket::ALL {
            let pair = Pair::ALL.into_iter().find(|pair| [pair.plain(), pair.short()].contains(&bucket));
            let is_wanted = pages.contains_key(bucket.name());
            if is_wanted || pair.is_some_and(|pair| pages.contains_key(pair_lane(pair))) {
                let bound = wanted.of(bucket.name()) + if bucket == Bucket::Groups { wanted.held() } else { 0 };
                backlog.set(bucket, calls.get(&bucket).copied().unwrap_or_default().max(bound), bound);
            }
        }
    }

    fn pace(&self, client: &Client) -> Pace {
        let pairs = Pair::ALL.into_iter().filter(|pair| self.short(*pair) != OFF);
        Pace::new(&known_limits(client), self.share, &pairs.collect::<Vec<_>>())
    }

    /// The side from which the assignments of groups to applications are read soonest, given the number of works on each,
    /// with everything else that is wanted. Where the limits do not decide, the side with fewer works, on a tie the
    /// groups', whose rate limit is larger.
    pub(crate) fn side(&self, held: &BTreeMap<WorkKind, u64>, client: &Client) -> WorkKind {
        self.side_at(held, &self.pace(client))
    }

    fn side_at(&self, held: &BTreeMap<WorkKind, u64>, pace: &Pace) -> WorkKind {
        let works = |kind| held.get(kind).copied().unwrap_or_default();
        let minutes = |kind, bucket| {
            let mut demand = lock(&self.wanted).demand();
            demand.add(bucket, works(kind));
            pace.length(&demand.calls(pace)).map(|length| length.minutes)
        };
        let fewer = if works(app::GROUP_APPS) <= works(app::APP_GROUPS) { app::GROUP_APPS } else { app::APP_GROUPS };
        let by_groups = minutes(app::GROUP_APPS, Bucket::Groups);
        let by_apps = minutes(app::APP_GROUPS, Bucket::Apps);
        match by_groups.zip(by_apps) {
            Some((groups, apps)) if groups < apps => app::GROUP_APPS,
            Some((groups, apps)) if apps < groups => app::APP_GROUPS,
            _ => fewer,
        }
    }

    /// Whether the short list of the object `id` is to be tried beside the other.
    fn may_be_short(&self, pair: Pair, id: &str, client: &Client) -> bool {
        if self.short(pair) == OFF || lock(&self.failed).contains(&(pair, id.to_owned())) {
            return false;
        }
        let Some(room) = client.room(pair.plain()).filter(|room| *room < PLENTY) else { return false };
        let wanted = lock(&self.wanted);
        let held = if pair == Pair::Members { wanted.held() } else { 0 };
        wanted.of(pair.plain().name()) + wanted.of(pair_lane(pair)) + held > room
    }

    /// Notes whether a short list can be used.
    fn note(&self, pair: Pair, short: u8) {
        self.short[pair as usize].fetch_max(short, Ordering::Relaxed);
    }
}

/// Both calls for the same list.
pub(crate) struct Both<T> {
    pub pair: Pair,
    pub short: ListRequest<T>,
    pub plain: ListRequest<T>,
    /// Whether a page of the short list says all that is read of it.
    pub says_all: fn(&[T]) -> bool,
}

impl Context {
    /// Reads a page of a list of the object `id` by whichever of its calls may be made first.
    pub(crate) async fn either_page<T: Record>(
        &self,
        both: Both<T>,
        id: &str,
        cursor: Option<&str>,
    ) -> Result<ListPage<T>, Error> {
        let Both { pair, short, plain, says_all } = both;
        let lanes = &self.lanes;
        if cursor.is_none() && !lanes.may_be_short(pair, id, &self.client) {
            return self.client.page(&plain, None).await;
        }
        // The first answer tells whether there is a short list; until then nobody else need try.
        let _trying = match lanes.short(pair) {
            UNTRIED => Some(lanes.trying[pair as usize].lock().await),
            _ => None,
        };
        let of_short = short.request.path().to_owned();
        if cursor.is_none() && lanes.short(pair) == OFF {
            return self.client.page(&plain, None).await;
        }
        // The short one first: nothing is known of its bucket as long as it was not tried, so that it is let through.
        let lists = [short, plain];
        let failed = match self.client.page_of_any(&lists, cursor).await {
            Ok((0, page)) if !says_all(&page.items) => None,
            Ok((which, page)) => {
                lanes.note(pair, if which == 0 { OFFERED } else { UNTRIED });
                return Ok(page);
            }
            Err(error) if is_final(&error) || error.path() != Some(of_short.as_str()) => return Err(error),
            Err(error) => Some(error),
        };
        if cursor.is_some() {
            // What the plain list says from its beginning is true whatever the short one was about to say.
            lock(&lanes.failed).insert((pair, id.to_owned()));
            return Err(errors::begin_again("the short list failed in its middle"));
        }
        let page = self.client.page(&lists[1], None).await?;
        let why =
            failed.map_or_else(|| "it leaves out what is read of the other".to_owned(), |error| error.to_string());
        tracing::debug!(list = pair_lane(pair), why, "the short list is not used any more");
        lanes.note(pair, OFF);
        Ok(page)
    }
}

/// Whether the plain list would fail in the same way.
fn is_final(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Cancelled | ErrorKind::Unauthenticated)
        || (error.kind() == ErrorKind::Invalid && error.status().is_none())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn kinds_with_two_calls_have_a_lane_of_their_own() {
        assert_eq!(lane(group::GROUP_MEMBERS, Bucket::Groups), pair_lane(Pair::Members));
        assert_eq!(lane(app::APP_USERS, Bucket::Apps), pair_lane(Pair::AppUsers));
        assert_eq!(lane(app::APP_GROUPS, Bucket::Apps), "/apps");
    }

    fn side(lanes: &Lanes, groups: u64, apps: u64, limits: &[(Bucket, u64)]) -> WorkKind {
        let held = BTreeMap::from([(app::GROUP_APPS, groups), (app::APP_GROUPS, apps)]);
        let limits = limits.iter().copied().collect();
        lanes.side_at(&held, &Pace::new(&limits, 100, &[]))
    }

    #[test]
    fn without_limits_the_side_with_fewer_works_is_read() {
        let lanes = Lanes::new(90, true);
        assert_eq!(side(&lanes, 3, 4, &[]), app::GROUP_APPS);
        assert_eq!(side(&lanes, 4, 4, &[]), app::GROUP_APPS);
        assert_eq!(side(&lanes, 5, 4, &[]), app::APP_GROUPS);
        // No group has an app: there is nothing to ask.
        assert_eq!(side(&lanes, 0, 4, &[]), app::GROUP_APPS);
    }

    #[test]
    fn with_limits_the_side_that_ends_sooner_is_read() {
        let lanes = Lanes::new(90, true);
        let limits = [(Bucket::Groups, 250), (Bucket::Apps, 50)];
        assert_eq!(side(&lanes, 900, 200, &limits), app::GROUP_APPS);
        assert_eq!(side(&lanes, 1_100, 200, &limits), app::APP_GROUPS);
        // What else is wanted of the buckets counts as well.
        lock(&lanes.wanted).pages = BTreeMap::from([(Bucket::Apps.name(), 300)]);
        assert_eq!(side(&lanes, 1_100, 200, &limits), app::GROUP_APPS);
        lock(&lanes.wanted).pages = BTreeMap::from([(pair_lane(Pair::Members), 5_000)]);
        assert_eq!(side(&lanes, 100, 200, &limits), app::APP_GROUPS);
        // A third bucket that takes longer than either decides nothing.
        lock(&lanes.wanted).pages = BTreeMap::from([(Bucket::Users.name(), 90_000)]);
        assert_eq!(side(&lanes, 900, 200, &[(Bucket::Users, 300), limits[0], limits[1]]), app::APP_GROUPS);
    }
}
