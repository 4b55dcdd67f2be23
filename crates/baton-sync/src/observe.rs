//! What a sync reports while it runs.

use baton_connector::{QueueTraffic, WorkKind};

/// Somebody who watches a sync: a progress display, a log. Called from the engine; must return at once.
pub trait Observer: Send + Sync {
    /// Something happened.
    fn event(&self, event: &Event);
}

/// An observer that ignores everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn event(&self, _event: &Event) {}
}

/// What happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// The sync begins.
    Started {
        /// Its id.
        sync_id: String,
        /// Pages that an interrupted run had already committed; 0 for a new sync.
        resumed_pages: u64,
    },
    /// How far it is; sent about twice a second and once when all is fetched.
    Progress(Snapshot),
    /// Everything is fetched; the file is being made. Sent once per step.
    Sealing {
        /// The step, in words for people ("writing grants").
        step: &'static str,
    },
    /// Something that an operator should know and that is not an error.
    Note(String),
}

/// How far a sync is.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Each kind of work that is known so far, in stored order.
    pub kinds: Vec<KindProgress>,
    /// What has been asked of the source, per queue.
    pub traffic: Vec<QueueTraffic>,
}

/// How far one kind of work is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindProgress {
    /// The kind.
    pub kind: WorkKind,
    /// The words for it.
    pub label: &'static str,
    /// Pages fetched, those of an earlier run included.
    pub pages_done: u64,
    /// Pages that will be needed as far as is known: fetched plus expected.
    pub pages_known: u64,
    /// Pieces of work finished.
    pub works_done: u64,
    /// Pieces of work known.
    pub works_known: u64,
    /// Resources and grants read.
    pub objects: u64,
}
