//! The incremental state of a sync: whether it fetches everything, or only what has changed since its base.

use rusqlite::Connection;

use super::meta::{get, put};

/// How a sync fetches, and what the next one has to know about it. Part of the plan, because a run that resumes it must
/// fetch in the same way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct IncrementalState {
    /// Change token from which the next sync looks for changes; empty if it cannot reuse this one.
    pub mark: String,
    /// Id of the base sync that this one reuses; empty for a full sync.
    pub base: String,
    /// Reason for a full sync; empty if incremental or first.
    pub why_full: String,
    /// The kind of work that reads the changes since; empty without one.
    pub changes: String,
    /// When everything was read last.
    pub full_at: jiff::Timestamp,
    /// How many syncs ago that was.
    pub syncs: u64,
}

impl IncrementalState {
    /// Whether the next sync may reuse this one.
    pub(crate) fn is_reusable(&self) -> bool {
        !self.mark.is_empty()
    }

    pub(super) fn put(&self, connection: &Connection) -> rusqlite::Result<()> {
        let (full_at, syncs) = (self.full_at.to_string(), self.syncs.to_string());
        let entries = [
            ("mark", &self.mark),
            ("base", &self.base),
            ("why_full", &self.why_full),
            ("changes", &self.changes),
            ("full_at", &full_at),
            ("syncs", &syncs),
        ];
        entries.into_iter().try_for_each(|(key, value)| put(connection, key, value))
    }

    /// What [`put`](Self::put) has written; the mark may have become a better one since.
    pub(crate) fn get(connection: &Connection) -> rusqlite::Result<Option<Self>> {
        let meta = |key: &str| get(connection, key);
        let (mark, base, why_full) = (meta("mark")?, meta("base")?, meta("why_full")?);
        let (changes, full_at, syncs) = (meta("changes")?, meta("full_at")?, meta("syncs")?);
        let read = || {
            Some(Self {
                mark: mark?,
                base: base?,
                why_full: why_full?,
                changes: changes?,
                full_at: full_at?.parse().ok()?,
                syncs: syncs?.parse().ok()?,
            })
        };
        Ok(read())
    }
}
