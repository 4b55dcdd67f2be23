//! The reading side of a connector: its resource types, its plan, its pages.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use baton_proto::c1::connector::v2::{Resource, ResourceId, ResourceType};
use futures::FutureExt;
use futures::future::BoxFuture;

use crate::bid::{ResourceBid, ResourceRef};
use crate::identity::SystemId;
use crate::page::{Gap, Page};
use crate::reuse::Reuse;

/// The kind of a piece of work, for example `group-members`. Short, lower case, the same in every release that can
/// meet an unfinished sync of another: kinds are stored in the plan.
pub type WorkKind = &'static str;

/// One piece of work of a sync: a chain of pages about one subject.
///
/// The engine stores it in the plan, hands it to [`Source::fetch`] page by page, and forgets it when the last page has
/// been committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// What is to be done.
    pub kind: WorkKind,
    /// What it is about, usually the id of an object; empty for work that exists once.
    pub subject: String,
    /// Facts about the subject that the fetch needs and an earlier page knew (a label, a count), in a form of the
    /// connector's own choosing; empty if none.
    pub detail: String,
    /// The number of pages that this work is expected to have at least; used for progress and pacing, never for truth.
    pub pages_hint: u32,
    /// The gate behind which the work waits, if any: see [`Source::gates`].
    pub held_by: Option<&'static str>,
    /// When what the last sync read of it may be taken over.
    pub reuse: Reuse,
}

impl Work {
    /// Work of `kind` about `subject`, ready to be done.
    #[must_use]
    pub fn new(kind: WorkKind, subject: impl Into<String>) -> Self {
        Self { kind, subject: subject.into(), detail: String::new(), pages_hint: 1, held_by: None, reuse: Reuse::Never }
    }

    /// Adds what the fetch needs to know about the subject.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Says how many pages are expected.
    #[must_use]
    pub fn with_pages_hint(mut self, pages: u32) -> Self {
        self.pages_hint = pages.max(1);
        self
    }

    /// Says when what the last sync read may be taken over.
    #[must_use]
    pub fn reusable(mut self, reuse: Reuse) -> Self {
        self.reuse = reuse;
        self
    }

    /// Holds the work back until `gate` has decided.
    #[must_use]
    pub fn behind(mut self, gate: &'static str) -> Self {
        self.held_by = Some(gate);
        self
    }
}

/// A decision that needs the totals of earlier work: the same facts can often be read from two sides, and which side
/// is cheaper is known only when both have been counted.
///
/// Work held by a gate ([`Work::behind`]) waits until all work of the kinds in `after` is finished. The engine then
/// calls [`Source::choose`] with the number of held works per kind that have to be read (those that are taken over from
/// the last sync cost nothing), releases the kinds that it names and drops the others.
#[derive(Debug, Clone, Copy)]
pub struct Gate {
    /// Its name, as in [`Work::held_by`].
    pub name: &'static str,
    /// The kinds of work that must be finished before it can decide.
    pub after: &'static [WorkKind],
}

/// What the source shares among its requests, typically one rate-limit bucket. The engine fetches from all lanes at
/// once, so that a lane that waits for its quota does not hold up the others.
pub type Lane = &'static str;

/// What to do with a grant whose principal is not in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Keep it and count it: the principal exists, it was only not listed.
    Keep,
    /// Leave it out and count it: the principal was left out on purpose.
    Drop,
}

/// What an operator asked this sync to do, as far as every connector understands it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Only these resource types; empty means all.
    pub resource_types: Vec<String>,
    /// Only these resources, with their entitlements and grants, in a partial sync; empty means all.
    pub resources: Vec<ResourceBid>,
    /// Resources only.
    pub skip_entitlements_and_grants: bool,
    /// Resources and entitlements only.
    pub skip_grants: bool,
    /// Only the grants that the source tells of, not those that follow from them.
    pub skip_expand_grants: bool,
}

impl Options {
    /// Whether resources of the type `id` are to be synced.
    #[must_use]
    pub fn wants(&self, id: &str) -> bool {
        self.resource_types.is_empty() || self.names(id)
    }

    /// Whether the operator named the type `id`, or a resource of it.
    #[must_use]
    pub fn names(&self, id: &str) -> bool {
        self.resource_types.iter().any(|named| named == id)
            || self.resources.iter().any(|named| named.resource.resource_type == id)
    }

    /// Whether only some resources are to be synced.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        !self.resources.is_empty()
    }

    /// Whether the operator named this very resource.
    #[must_use]
    pub fn targets(&self, resource: &ResourceRef) -> bool {
        self.resources.iter().any(|named| named.resource == *resource)
    }
}

/// The reading side of a connector.
pub trait Source: Send + Sync + 'static {
    /// All resource types of this connector under its present configuration, in the order in which they are stored.
    fn resource_types(&self) -> Vec<ResourceType>;

    /// Those of them that are synced only when [`Options`] name them.
    fn on_request(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// A text that changes whenever a configuration changes that alters what a sync contains. An unfinished sync is
    /// carried on only under the same fingerprint. It is stored: the same configuration has the same text in every release,
    /// and it never contains a secret.
    fn fingerprint(&self) -> String;

    /// The same source for one sync: what is learned in it (which lists work, what is still needed) ends with it, and two
    /// syncs at once do not see each other's. `None` if the source keeps nothing of a sync.
    fn session(&self) -> Option<Arc<dyn Source>> {
        None
    }

    /// Checks that the source can be reached and lets us in, with one cheap request.
    fn validate(&self) -> BoxFuture<'_, Result<(), SourceError>>;

    /// The system that is read, known once [`validate`](Self::validate) has succeeded; `None` if the source cannot say.
    fn system(&self) -> Option<SystemId> {
        None
    }

    /// The work with which a sync of everything begins.
    fn start(&self, options: &Options) -> Vec<Work>;

    /// A text that stands for now on the source's side: a time of its clock, a place in its log. The engine asks for it
    /// after [`validate`](Self::validate) and before anything is read, keeps it with the finished sync, and hands it to
    /// [`changes`](Self::changes) of the next one. `None` if syncs of this source always read everything.
    fn mark(&self) -> Option<String> {
        None
    }

    /// The work that reads what has changed since `mark`; its pages say so in [`Page::changed`], and the last of them may
    /// give a better [`Page::mark`] than the one of this sync's beginning. `None` if nothing that `options` ask for
    /// depends on changes. It is asked for only when there is something to be taken over.
    fn changes(&self, mark: &str, options: &Options) -> Option<Work> {
        let _ = (mark, options);
        None
    }

    /// The work that reads one resource in a partial sync: the resource and its entitlements, and the grants on it if
    /// it is one of [`Options::resources`]. Others come up when a grant is on them. `None` if resources of the type
    /// cannot be read one by one.
    ///
    /// A resource that does not exist is a [`GapKind::Gone`](crate::GapKind::Gone) of the page, no error.
    fn target(&self, resource: &ResourceBid, options: &Options) -> Option<Work> {
        let _ = (resource, options);
        None
    }

    /// Fetches one page of `work`, the first if `cursor` is `None`.
    ///
    /// Waiting for quotas and retrying what is worth retrying happen in here; an error is final for this run.
    fn fetch<'a>(&'a self, work: &'a Work, cursor: Option<&'a str>) -> BoxFuture<'a, Result<Page, FetchError>>;

    /// Fetches of the list that `work` reads only what it grants to `principals`, given by their ids: one page without
    /// objects, without gaps, without further work, and with no other grants; empty if nothing is granted to them. The
    /// engine takes over the rest of the list from the last sync, if the changes name no more of it.
    ///
    /// `None` if that cannot be done, or if there is the slightest doubt that the page says what the whole list would say:
    /// the list is read then. An error ends the run as one of [`fetch`](Self::fetch) does.
    fn fetch_parts<'a>(
        &'a self,
        work: &'a Work,
        principals: &'a [String],
    ) -> BoxFuture<'a, Result<Option<Page>, FetchError>> {
        let _ = (work, principals);
        futures::future::ready(Ok(None)).boxed()
    }

    /// The lane that work of this kind uses.
    fn lane(&self, kind: WorkKind) -> Lane;

    /// All kinds of work that this source knows, with the words for people ("group members"), in the order in which
    /// their rows are stored.
    fn kinds(&self) -> &'static [(WorkKind, &'static str)];

    /// The gates of this source.
    fn gates(&self) -> &'static [Gate] {
        &[]
    }

    /// Decides at `gate`: given the number of held works per kind that have to be read, the kinds to be released.
    fn choose(&self, gate: &'static str, held: &BTreeMap<WorkKind, u64>) -> Vec<WorkKind> {
        let _ = gate;
        held.keys().copied().collect()
    }

    /// Kinds of work that tell the same grants from different sides, so that [`choose`](Self::choose) releases one of
    /// them: their grants stand at the place of the first, in an order that does not depend on the side.
    fn sides(&self) -> &'static [&'static [WorkKind]] {
        &[]
    }

    /// Resource types of which a sync must not suddenly find far fewer than the last one did: consumers would take away
    /// what is missing.
    fn guarded(&self) -> &'static [&'static str] {
        &[]
    }

    /// Resource types of which every system has at least one: none at all means that the credential sees nothing. Each
    /// with a sentence for people that says why that may be and what to do about it.
    fn never_empty(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// Resource types whose resources point to others that may turn out not to be in the file: see
    /// [`Source::unlink`].
    fn pointing(&self) -> &'static [&'static str] {
        &[]
    }

    /// Reports what in `resource` points to others that are not in the file, and takes it out where
    /// [`Source::missing_principal`] says so. Called for the types of [`Source::pointing`] when everything that stands
    /// before them in [`Source::kinds`] is known. What nobody looked for (a type that is not part of the sync; in a
    /// partial sync whatever was not left out on purpose) counts as being there.
    fn unlink(&self, resource: &mut Resource, is_there: &dyn Fn(&ResourceId) -> bool) -> Vec<Gap> {
        let _ = (resource, is_there);
        Vec::new()
    }

    /// What becomes of grants to principals of the type `resource_type` that are not in the file.
    fn missing_principal(&self, resource_type: &str) -> Missing {
        let _ = resource_type;
        Missing::Keep
    }

    /// What has been asked of the source so far, per lane; of a [`session`](Self::session), since it began.
    fn traffic(&self) -> Vec<LaneTraffic> {
        Vec::new()
    }

    /// Tells the source how many pages are still known to be needed per lane, and how many works are held back by gates,
    /// so that it can pace itself and choose the way that is free.
    fn backlog(&self, pages: &BTreeMap<Lane, u64>, held: &BTreeMap<WorkKind, u64>) {
        let _ = (pages, held);
    }
}

/// What has been asked of the source in one lane, and what it is waiting for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LaneTraffic {
    /// The lane, in the source's own words (a rate-limit bucket).
    pub lane: String,
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
    /// What was left of it when the source last told.
    pub remaining: Option<u64>,
    /// How long the lane still waits for its next window, if it does.
    pub waiting: Option<Duration>,
}

/// Why the source could not be used at all.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct SourceError {
    /// What happened, why, and what to do next; free of secrets.
    pub message: String,
    /// What kind of failure it is.
    pub kind: FetchErrorKind,
}

/// Why a page could not be fetched.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct FetchError {
    /// What happened, to what, why, and what to do next; free of secrets.
    pub message: String,
    /// What kind of failure it is.
    pub kind: FetchErrorKind,
}

/// The kinds of failure, as far as somebody can act on them. They map to gRPC codes, which are also exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FetchErrorKind {
    /// The sync was cancelled.
    Cancelled,
    /// The request or configuration is wrong.
    Invalid,
    /// The source no longer knows the cursor; the work has to be read from its first page again.
    StaleCursor,
    /// The answer did not come in time.
    Timeout,
    /// The object does not exist (any more).
    NotFound,
    /// The credential may not do this.
    Forbidden,
    /// Quota exhausted for longer than we are willing to wait.
    Exhausted,
    /// The source cannot be reached or is failing.
    Unavailable,
    /// The credential was refused.
    Unauthenticated,
    /// The source answered something that cannot be understood.
    Unreadable,
}

impl FetchErrorKind {
    /// The gRPC status code of this kind of failure.
    #[must_use]
    pub fn grpc_code(self) -> u8 {
        match self {
            Self::Cancelled => 1,
            Self::Unreadable => 2,
            Self::Invalid | Self::StaleCursor => 3,
            Self::Timeout => 4,
            Self::NotFound => 5,
            Self::Forbidden => 7,
            Self::Exhausted => 8,
            Self::Unavailable => 14,
            Self::Unauthenticated => 16,
        }
    }
}

impl fmt::Display for FetchErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cancelled => "cancelled",
            Self::Invalid => "invalid",
            Self::StaleCursor => "stale cursor",
            Self::Timeout => "timed out",
            Self::NotFound => "not found",
            Self::Forbidden => "forbidden",
            Self::Exhausted => "quota exhausted",
            Self::Unavailable => "unavailable",
            Self::Unauthenticated => "credential refused",
            Self::Unreadable => "unreadable answer",
        })
    }
}
