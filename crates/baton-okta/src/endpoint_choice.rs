//! Chooses between equivalent endpoints by remaining quota.
//!
//! Members of groups and users of applications come in two lists each, the documented one and a short one
//! (`skinny_users`, `docs/spec/okta-api.md` 1.2, 1.3) whose bucket nothing else uses. What is read of them is the same in
//! both, so each page is requested in whichever bucket is free first; the short list only while not everything that is still
//! needed of the other bucket fits into its present window. Where the short list fails, or shows less than the other, the
//! other is read and the short one is not used again in this sync.

use std::collections::{BTreeMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, Ordering};

use baton_connector::{QueueId, WorkKind};
use okta_client::models::Record;
use okta_client::{Backlog, Bucket, Client, Error, ErrorKind, ListPage, ListRequest};

use crate::errors;
use crate::ids::{app, group};
use crate::lock::lock;
use crate::quota_plan::{Budget, EndpointPair, PendingCalls};

/// More calls a minute than any org allows: who tells of this does not limit.
const PLENTY: u64 = 100_000;

/// The limits by bucket, in calls a minute, as far as they are known.
pub(crate) fn known_limits(client: &Client) -> BTreeMap<Bucket, u64> {
    let traffic = client.traffic();
    traffic.iter().filter_map(|bucket| Some((bucket.bucket, bucket.limit.filter(|limit| *limit < PLENTY)?))).collect()
}

/// What is known of the ways during a run.
#[derive(Debug)]
pub(crate) struct EndpointChoice {
    /// Percent of each limit that is used.
    share: u8,
    /// [`UNTRIED`], [`OFFERED`] or [`OFF`] for each of [`EndpointPair::ALL`].
    short: [AtomicU8; 2],
    /// Held by whoever tries a short list first.
    trying: [tokio::sync::Mutex<()>; 2],
    /// Objects whose short list has failed in its middle.
    failed: Mutex<HashSet<(EndpointPair, String)>>,
    /// What is still wanted, as far as is known.
    wanted: Mutex<Wanted>,
}

/// What is still wanted.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wanted {
    /// Pages by queue.
    pages: BTreeMap<QueueId, u64>,
    /// Works that gates hold back, by kind.
    held: BTreeMap<WorkKind, u64>,
}

impl Wanted {
    fn of(&self, queue: QueueId) -> u64 {
        self.pages.get(queue).copied().unwrap_or_default()
    }

    /// What may still come of the side of assignments that takes fewer works: nothing is known yet of the other.
    fn held(&self) -> u64 {
        let works = |kind| self.held.get(kind).copied().unwrap_or_default();
        works(app::GROUP_APPS).min(works(app::APP_GROUPS))
    }

    /// The same as calls.
    fn pending(&self) -> PendingCalls {
        let mut pending = PendingCalls::default();
        Bucket::ALL.into_iter().for_each(|bucket| pending.add(bucket, self.of(bucket.name())));
        EndpointPair::ALL.into_iter().for_each(|pair| pending.add_either(pair, self.of(pair_queue(pair))));
        pending
    }
}

/// Whether the org has a short list.
const UNTRIED: u8 = 0;
const OFFERED: u8 = 1;
const OFF: u8 = 2;

/// The pair whose lists this kind of work reads.
fn pair_of(kind: WorkKind) -> Option<EndpointPair> {
    match kind {
        group::GROUP_MEMBERS => Some(EndpointPair::Members),
        app::APP_USERS => Some(EndpointPair::AppUsers),
        _ => None,
    }
}

/// The queue of a kind of work whose documented call is in `bucket`.
pub(crate) fn queue(kind: WorkKind, bucket: Bucket) -> QueueId {
    pair_of(kind).map_or(bucket.name(), pair_queue)
}

fn pair_queue(pair: EndpointPair) -> QueueId {
    match pair {
        EndpointPair::Members => "members of groups",
        EndpointPair::AppUsers => "users of applications",
    }
}

impl EndpointChoice {
    /// Nothing is known yet. `may_use_short` says whether short lists may be used at all.
    pub(crate) fn new(share: u8, may_use_short: bool) -> Self {
        Self {
            share,
            short: EndpointPair::ALL.map(|_| AtomicU8::new(if may_use_short { UNTRIED } else { OFF })),
            trying: Default::default(),
            failed: Mutex::default(),
            wanted: Mutex::default(),
        }
    }

    fn short(&self, pair: EndpointPair) -> u8 {
        self.short[pair as usize].load(Ordering::Relaxed)
    }

    /// Takes in how much is still wanted, and tells the client what that means for each bucket.
    pub(crate) fn want(
        &self,
        pages: &BTreeMap<QueueId, u64>,
        held: &BTreeMap<WorkKind, u64>,
        client: &Client,
        backlog: &Backlog,
    ) {
        let mut wanted = lock(&self.wanted);
        if wanted.pages == *pages && wanted.held == *held {
            return;
        }
        *wanted = Wanted { pages: pages.clone(), held: held.clone() };
        let calls = wanted.pending().calls(&self.budget(client));
        for bucket in Bucket::ALL {
            let pair = EndpointPair::ALL.into_iter().find(|pair| [pair.plain(), pair.short()].contains(&bucket));
            let is_wanted = pages.contains_key(bucket.name());
            if is_wanted || pair.is_some_and(|pair| pages.contains_key(pair_queue(pair))) {
                let bound = wanted.of(bucket.name()) + if bucket == Bucket::Groups { wanted.held() } else { 0 };
                backlog.set(bucket, calls.get(&bucket).copied().unwrap_or_default().max(bound), bound);
            }
        }
    }

    fn budget(&self, client: &Client) -> Budget {
        let pairs = EndpointPair::ALL.into_iter().filter(|pair| self.short(*pair) != OFF);
        Budget::new(&known_limits(client), self.share, &pairs.collect::<Vec<_>>())
    }

    /// The side from which the assignments of groups to applications are read soonest, given the number of works on each,
    /// with everything else that is wanted. Where the limits do not decide, the side with fewer works, on a tie the
    /// groups', whose rate limit is larger.
    pub(crate) fn side(&self, held: &BTreeMap<WorkKind, u64>, client: &Client) -> WorkKind {
        self.side_at(held, &self.budget(client))
    }

    fn side_at(&self, held: &BTreeMap<WorkKind, u64>, budget: &Budget) -> WorkKind {
        let works = |kind| held.get(kind).copied().unwrap_or_default();
        let minutes = |kind, bucket| {
            let mut pending = lock(&self.wanted).pending();
            pending.add(bucket, works(kind));
            budget.length(&pending.calls(budget)).map(|length| length.minutes)
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
    fn may_be_short(&self, pair: EndpointPair, id: &str, client: &Client) -> bool {
        if self.short(pair) == OFF || lock(&self.failed).contains(&(pair, id.to_owned())) {
            return false;
        }
        let Some(room) = client.remaining_calls(pair.plain()).filter(|room| *room < PLENTY) else { return false };
        let wanted = lock(&self.wanted);
        let held = if pair == EndpointPair::Members { wanted.held() } else { 0 };
        wanted.of(pair.plain().name()) + wanted.of(pair_queue(pair)) + held > room
    }

    /// Notes whether a short list can be used.
    fn note(&self, pair: EndpointPair, short: u8) {
        self.short[pair as usize].fetch_max(short, Ordering::Relaxed);
    }
}

/// AlternateEndpoints calls for the same list.
pub(crate) struct AlternateEndpoints<T> {
    pub pair: EndpointPair,
    pub short: ListRequest<T>,
    pub plain: ListRequest<T>,
    /// Whether a page of the short list says all that is read of it.
    pub is_complete: fn(&[T]) -> bool,
}

impl EndpointChoice {
    /// Fetches a page of a list of the object `id` from whichever of its endpoints has quota first.
    pub(crate) async fn page<T: Record>(
        &self,
        client: &Client,
        endpoints: AlternateEndpoints<T>,
        id: &str,
        cursor: Option<&str>,
    ) -> Result<ListPage<T>, Error> {
        let AlternateEndpoints { pair, short, plain, is_complete } = endpoints;
        if cursor.is_none() && !self.may_be_short(pair, id, client) {
            return client.page(&plain, None).await;
        }
        // The first answer tells whether there is a short list; until then nobody else need try.
        let _trying = match self.short(pair) {
            UNTRIED => Some(self.trying[pair as usize].lock().await),
            _ => None,
        };
        let of_short = short.request.path().to_owned();
        if cursor.is_none() && self.short(pair) == OFF {
            return client.page(&plain, None).await;
        }
        // The short one first: nothing is known of its bucket as long as it was not tried, so that it is let through.
        let lists = [short, plain];
        let failed = match client.page_from_any(&lists, cursor).await {
            Ok((0, page)) if !is_complete(&page.items) => None,
            Ok((which, page)) => {
                self.note(pair, if which == 0 { OFFERED } else { UNTRIED });
                return Ok(page);
            }
            Err(error) if is_final(&error) || error.path() != Some(of_short.as_str()) => return Err(error),
            Err(error) => Some(error),
        };
        if cursor.is_some() {
            // What the plain list says from its beginning is true whatever the short one was about to say.
            lock(&self.failed).insert((pair, id.to_owned()));
            return Err(errors::begin_again("the short list failed in its middle"));
        }
        let page = client.page(&lists[1], None).await?;
        let why =
            failed.map_or_else(|| "it leaves out what is read of the other".to_owned(), |error| error.to_string());
        tracing::debug!(list = pair_queue(pair), why, "the short list is not used any more");
        self.note(pair, OFF);
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
    fn kinds_with_two_endpoints_have_a_queue_of_their_own() {
        assert_eq!(queue(group::GROUP_MEMBERS, Bucket::Groups), pair_queue(EndpointPair::Members));
        assert_eq!(queue(app::APP_USERS, Bucket::Apps), pair_queue(EndpointPair::AppUsers));
        assert_eq!(queue(app::APP_GROUPS, Bucket::Apps), "/apps");
    }

    fn side(choice: &EndpointChoice, groups: u64, apps: u64, limits: &[(Bucket, u64)]) -> WorkKind {
        let held = BTreeMap::from([(app::GROUP_APPS, groups), (app::APP_GROUPS, apps)]);
        let limits = limits.iter().copied().collect();
        choice.side_at(&held, &Budget::new(&limits, 100, &[]))
    }

    #[test]
    fn without_limits_the_side_with_fewer_works_is_read() {
        let choice = EndpointChoice::new(90, true);
        assert_eq!(side(&choice, 3, 4, &[]), app::GROUP_APPS);
        assert_eq!(side(&choice, 4, 4, &[]), app::GROUP_APPS);
        assert_eq!(side(&choice, 5, 4, &[]), app::APP_GROUPS);
        // No group has an app: there is nothing to ask.
        assert_eq!(side(&choice, 0, 4, &[]), app::GROUP_APPS);
    }

    #[test]
    fn with_limits_the_side_that_ends_sooner_is_read() {
        let choice = EndpointChoice::new(90, true);
        let limits = [(Bucket::Groups, 250), (Bucket::Apps, 50)];
        assert_eq!(side(&choice, 900, 200, &limits), app::GROUP_APPS);
        assert_eq!(side(&choice, 1_100, 200, &limits), app::APP_GROUPS);
        // What else is wanted of the buckets counts as well.
        lock(&choice.wanted).pages = BTreeMap::from([(Bucket::Apps.name(), 300)]);
        assert_eq!(side(&choice, 1_100, 200, &limits), app::GROUP_APPS);
        lock(&choice.wanted).pages = BTreeMap::from([(pair_queue(EndpointPair::Members), 5_000)]);
        assert_eq!(side(&choice, 100, 200, &limits), app::APP_GROUPS);
        // A third bucket that takes longer than either decides nothing.
        lock(&choice.wanted).pages = BTreeMap::from([(Bucket::Users.name(), 90_000)]);
        assert_eq!(side(&choice, 900, 200, &[(Bucket::Users, 300), limits[0], limits[1]]), app::APP_GROUPS);
    }
}
