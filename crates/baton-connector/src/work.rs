//! The pieces of work that a sync consists of.

use serde::Serialize;

use crate::detail::Detail;
use crate::kind::WorkKind;
use crate::reuse::Reuse;

/// One piece of work of a sync: a chain of pages about one subject.
///
/// The engine stores it in the plan, passes it to [`SyncSession::fetch`](crate::SyncSession::fetch) page by page, and removes
/// it when the last page has been committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// What to do.
    pub kind: WorkKind,
    /// The object concerned, usually by id; empty for work that exists once.
    pub subject: String,
    /// Facts about the subject that the fetch needs and an earlier page knew. Options of the sync are not repeated here: the
    /// session knows them.
    pub detail: Detail,
    /// The number of pages that this work is expected to have at least; used for progress and pacing, never for correctness.
    pub pages_hint: u32,
    /// Name of the barrier that the work waits for, if any: see [`Barrier`].
    pub blocked_on: Option<&'static str>,
    /// The condition under which pages of the last sync are reused instead of fetched.
    pub reuse: Reuse,
}

impl Work {
    /// Work of `kind` about `subject`, ready to be fetched.
    #[must_use]
    pub fn new(kind: WorkKind, subject: impl Into<String>) -> Self {
        Self {
            kind,
            subject: subject.into(),
            detail: Detail::default(),
            pages_hint: 1,
            blocked_on: None,
            reuse: Reuse::Never,
        }
    }

    /// Adds what the fetch needs to know about the subject.
    #[must_use]
    pub fn with_detail(mut self, detail: &impl Serialize) -> Self {
        self.detail = Detail::new(detail);
        self
    }

    /// Sets the number of pages that are expected.
    #[must_use]
    pub fn with_pages_hint(mut self, pages: u32) -> Self {
        self.pages_hint = pages.max(1);
        self
    }

    /// Sets the condition under which pages of the last sync are reused.
    #[must_use]
    pub fn reusable(mut self, reuse: Reuse) -> Self {
        self.reuse = reuse;
        self
    }

    /// Holds the work back until `barrier` has been decided.
    #[must_use]
    pub fn blocked_on(mut self, barrier: &'static str) -> Self {
        self.blocked_on = Some(barrier);
        self
    }
}

/// A decision that needs the totals of earlier work: the same facts can often be read from two sides, and which side
/// is cheaper is known only when both have been counted.
///
/// Work that is [blocked on](Work::blocked_on) a barrier waits until all work of the kinds in `after` is finished. The engine
/// then calls [`SyncSession::choose`](crate::SyncSession::choose) with the number of blocked works per kind that have to be
/// fetched (those whose pages are reused cost nothing), releases the kinds that it returns and drops the others.
#[derive(Debug, Clone, Copy)]
pub struct Barrier {
    /// Its name, as in [`Work::blocked_on`].
    pub name: &'static str,
    /// The kinds of work that must be finished before it is decided.
    pub after: &'static [WorkKind],
}
