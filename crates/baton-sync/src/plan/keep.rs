//! Writes the snapshot of a finished sync for the next one: `last.db`.
//!
//! It has the tables of a plan, with only the reusable works in them, their pages and their gaps. A work that cannot,
//! but was made known by one that can, is there without pages, so that it is made known again. `gone` holds principals
//! that were deleted although kept pages name them. `changed` holds the parts of kept lists that may have been read too
//! early.

use std::path::Path;

use baton_connector::GapKind;
use rusqlite::{Connection, params};

use super::{Identity, PAGE_SIZE, Plan, SCHEMA, State, VERSION, put, row};
use crate::error::SyncError;
use crate::workdir::{create_database, remove_database};

const DELETED_TABLE: &str =
    "CREATE TABLE gone (resource_type TEXT, id TEXT, PRIMARY KEY (resource_type, id)) WITHOUT ROWID;";

/// Content of `last.db` besides the plan.
#[derive(Debug)]
pub(crate) struct SnapshotParts<'a> {
    /// The sync that is finished.
    pub identity: &'a Identity,
    /// The program's version, which may map differently than the next one.
    pub program: &'a str,
    /// Deleted principals, by type and id, those of earlier syncs included.
    pub deleted: &'a [(String, String)],
}

impl Plan {
    /// Replaces the snapshot `last` atomically with what the next sync can reuse of this finished one. The plan
    /// is of no other use afterwards.
    pub(crate) fn keep(mut self, last: &Path, snapshot_parts: &SnapshotParts<'_>) -> Result<(), SyncError> {
        let made = last.with_extension("new");
        create_database(&made)?;
        let create = || {
            let connection = Connection::open(&made)?;
            connection.pragma_update(None, "page_size", PAGE_SIZE)?;
            // It is synced when it is complete.
            connection.pragma_update(None, "synchronous", "OFF")?;
            connection.execute_batch(&format!("BEGIN; {SCHEMA} {DELETED_TABLE} COMMIT"))?;
            self.connection.execute("ATTACH ? AS kept", [made.to_string_lossy()])
        };
        create().map_err(SyncError::plan(&made))?;
        // Its file is not there yet as far as anybody else is concerned: a journal beside it would be of no use.
        let journal = self.connection.pragma_update_and_check(Some("kept"), "journal_mode", "OFF", |_| Ok(()));
        journal.map_err(SyncError::plan(&made))?;
        self.within(|transaction| copy(transaction, snapshot_parts))?;
        self.connection.execute_batch("DETACH kept").map_err(SyncError::plan(&made))?;
        self.discard();
        remove_database(last);
        std::fs::rename(&made, last).map_err(SyncError::io("write", last))
    }
}

/// Copies the reusable works into the attached database `kept`.
fn copy(connection: &Connection, snapshot_parts: &SnapshotParts<'_>) -> rusqlite::Result<()> {
    // What a recent change names may have been read too early. Where it is a part of a list, the next sync looks at that
    // part again.
    connection.execute(
        "UPDATE work SET settled = 0 WHERE EXISTS (
            SELECT 1 FROM changed WHERE changed.settled = 0 AND changed.kind = work.kind AND (
                changed.which = ?1 OR (changed.which = ?2 AND changed.name = work.subject)
                OR (changed.which = ?3 AND changed.name = work.detail)))",
        params![row::ALL, row::SUBJECT, row::DETAIL],
    )?;
    let lasting = GapKind::ALL.into_iter().filter(|kind| kind.is_lasting());
    let lasting: Vec<_> = lasting.map(|kind| format!("'{}'", kind.as_str())).collect();
    let reusable = format!(
        "CREATE TEMP TABLE reusable AS SELECT id FROM work WHERE reuse <> 0 AND settled = 1 AND state IN (?1, ?2, ?3)
            AND id NOT IN (SELECT work FROM gap WHERE kind NOT IN ({}))",
        lasting.join(", ")
    );
    connection.execute(&reusable, params![State::Done as u8, State::Reused as u8, State::Patched as u8])?;
    connection.execute_batch("CREATE UNIQUE INDEX temp.reusable_id ON reusable (id);")?;
    connection.execute(
        "INSERT INTO kept.changed SELECT * FROM main.changed WHERE which = ?1 AND settled <> 1 AND EXISTS (
            SELECT 1 FROM main.work WHERE work.kind = changed.kind AND work.subject = changed.name
                AND work.id IN (SELECT id FROM reusable))",
        [row::PART],
    )?;
    connection.execute_batch(
        "INSERT INTO kept.page SELECT * FROM main.page WHERE work IN (SELECT id FROM reusable) ORDER BY work, seq;
         INSERT INTO kept.opened SELECT * FROM main.opened WHERE opener IN (SELECT id FROM reusable);
         INSERT INTO kept.gap SELECT * FROM main.gap WHERE work IN (SELECT id FROM reusable);
         INSERT INTO kept.work SELECT * FROM main.work
             WHERE id IN (SELECT id FROM reusable) OR id IN (SELECT work FROM kept.opened);",
    )?;
    let update =
        "UPDATE kept.work SET cursor = NULL, state = CASE WHEN id IN (SELECT id FROM reusable) THEN ?1 ELSE ?2 END";
    connection.execute(update, params![State::Done as u8, State::Ready as u8])?;
    connection.execute_batch("DROP TABLE temp.reusable;")?;
    let mut insert = connection.prepare("INSERT OR IGNORE INTO kept.gone (resource_type, id) VALUES (?, ?)")?;
    for (resource_type, id) in snapshot_parts.deleted {
        insert.execute([resource_type, id])?;
    }
    put(connection, "version", VERSION)?;
    put(connection, "program", snapshot_parts.program)?;
    put(connection, "fingerprint", &snapshot_parts.identity.fingerprint)?;
    put(connection, "system", &snapshot_parts.identity.system)?;
    put(connection, "sync_id", &snapshot_parts.identity.sync_id)?;
    connection.execute_batch("INSERT INTO kept.meta SELECT * FROM main.meta")
}
