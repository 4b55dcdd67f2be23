//! What each resource type contributes to a sync.

use baton_connector::{Page, SourceError, Work, WorkKind};
use futures::future::BoxFuture;
use okta_client::Bucket;

use crate::context::Context;
use crate::scope::Scope;

/// The contribution of one resource type.
pub(crate) struct Module {
    /// The type's id.
    pub id: &'static str,
    /// The kinds of work that read it.
    pub kinds: &'static [Kind],
    /// The work that begins the sync of this type.
    pub start: fn(Scope) -> Vec<Work>,
    /// The kind of work that reads one resource of it.
    pub single: WorkKind,
}

/// A kind of work.
pub(crate) struct Kind {
    /// Its name in the plan.
    pub name: WorkKind,
    /// The words for people.
    pub label: &'static str,
    /// The rate-limit bucket of its requests.
    pub bucket: Bucket,
    /// Fetches a page of it.
    pub fetch: Fetch,
}

/// Fetches and maps one page of a work, the first without a cursor.
pub(crate) type Fetch = for<'a> fn(&'a Context, &'a Work, Option<&'a str>) -> BoxFuture<'a, Result<Page, SourceError>>;
