//! One sync, as the source sees it.

use std::collections::BTreeMap;
use std::time::Duration;

use baton_proto::c1::connector::v2::{Resource, ResourceId};
use futures::FutureExt;
use futures::future::BoxFuture;

use crate::bid::ResourceBid;
use crate::error::SourceError;
use crate::gap::Gap;
use crate::kind::{QueueId, WorkKind};
use crate::page::Page;
use crate::schema::Schema;
use crate::system::SystemId;
use crate::work::Work;

/// A sync under way: its options, and what the source learns during it. It ends with the sync; two sessions at once share
/// nothing but what the source shares on purpose (a client, its pacing).
///
/// An interrupted sync is resumed by a new session with the same options, which sees the stored work: whatever a fetch needs
/// beyond the options travels in [`Work::detail`].
pub trait SyncSession: Send + Sync + 'static {
    /// What the source can sync, as when the session was opened.
    fn schema(&self) -> &Schema;

    /// Checks with one cheap request that the source can be reached, accepts the credential, and lets it read what this sync
    /// needs.
    fn validate(&self) -> BoxFuture<'_, Result<(), SourceError>>;

    /// The system that is read, known once [`validate`](Self::validate) has succeeded; `None` if the source cannot say.
    fn system(&self) -> Option<SystemId> {
        None
    }

    /// The work with which a sync of everything begins.
    fn initial_work(&self) -> Vec<Work>;

    /// The work that reads one resource in a partial sync: the resource and its entitlements, and the grants on it if
    /// it is one of [`Options::resources`](crate::Options::resources). Other work is opened when a grant refers to it. `None`
    /// if resources of the type cannot be read one by one.
    ///
    /// A resource that does not exist is a [`GapKind::Gone`](crate::GapKind::Gone) of the page, no error.
    fn work_for_resource(&self, resource: &ResourceBid) -> Option<Work> {
        let _ = resource;
        None
    }

    /// Identifies the present moment on the source's side: a time of its clock, a position in its log. The engine takes it
    /// after [`validate`](Self::validate) and before anything is read, stores it with the finished sync, and passes it to
    /// [`changes`](Self::changes) of the next one. `None` if syncs of this source always read everything.
    fn change_token(&self) -> Option<String> {
        None
    }

    /// The work that reads what has changed since `change_token`; its pages report [`Page::invalidations`], and the last of
    /// them may return a better [`Page::change_token`] than the one of this sync's beginning. `None` if nothing in this sync
    /// depends on changes. It is asked for only when there are pages to be reused.
    fn changes(&self, change_token: &str) -> Option<Work> {
        let _ = change_token;
        None
    }

    /// Fetches one page of `work`, the first if `cursor` is `None`.
    ///
    /// Waiting for quotas and retrying what is worth retrying happen in here; an error is final for this run.
    fn fetch<'a>(&'a self, work: &'a Work, cursor: Option<&'a str>) -> BoxFuture<'a, Result<Page, SourceError>>;

    /// Fetches only those grants of the list that `work` reads that are granted to `principals`, given by their ids: one page
    /// without objects, gaps, further work or other grants; empty if nothing is granted to them. The engine reuses the rest of
    /// the list from the last sync, if no invalidation selects more of it.
    ///
    /// `None` if that is not possible, or if there is the slightest doubt that the page says what the whole list would say:
    /// the list is fetched then. An error ends the run as one of [`fetch`](Self::fetch) does.
    fn fetch_parts<'a>(
        &'a self,
        work: &'a Work,
        principals: &'a [String],
    ) -> BoxFuture<'a, Result<Option<Page>, SourceError>> {
        let _ = (work, principals);
        futures::future::ready(Ok(None)).boxed()
    }

    /// Decides at `barrier`: given the number of blocked works per kind that have to be fetched, the kinds to be released.
    fn choose(&self, barrier: &'static str, blocked: &BTreeMap<WorkKind, u64>) -> Vec<WorkKind> {
        let _ = barrier;
        blocked.keys().copied().collect()
    }

    /// Reports what in `resource` references others that are not in the file, and removes it where the schema's
    /// [`missing_principal`](crate::TypeSpec::missing_principal) says so. Called for types that
    /// [reference others](crate::TypeSpec::references_others) when everything that stands before them in
    /// [`Schema::kinds`] is known. What nobody looked for (a type that is not part of the sync; in a partial sync whatever was
    /// not left out on purpose) counts as being there.
    fn strip_dangling(&self, resource: &mut Resource, is_there: &dyn Fn(&ResourceId) -> bool) -> Vec<Gap> {
        let _ = (resource, is_there);
        Vec::new()
    }

    /// What this session has asked of the source so far, per queue.
    fn traffic(&self) -> Vec<QueueTraffic> {
        Vec::new()
    }

    /// Reports how many pages are still known to be needed per queue, and how many works are blocked per kind, so that the
    /// source can pace itself and choose between equivalent endpoints.
    fn set_backlog(&self, pages: &BTreeMap<QueueId, u64>, blocked: &BTreeMap<WorkKind, u64>) {
        let _ = (pages, blocked);
    }
}

/// What has been asked of the source in one queue, and what it is waiting for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QueueTraffic {
    /// The queue, in the source's own words (a rate-limit bucket).
    pub queue: String,
    /// Requests sent, retries included.
    pub calls: u64,
    /// Requests that were repeated after a failure.
    pub retries: u64,
    /// Answers that said "too many requests".
    pub throttled: u64,
    /// Time that requests were held back to keep within the quota, summed over requests.
    pub waited: Duration,
    /// The quota of the present window, if known.
    pub limit: Option<u64>,
    /// What was left of it according to the latest answer.
    pub remaining: Option<u64>,
    /// How long the queue still waits for its next window, if it does.
    pub waiting: Option<Duration>,
}
