//! Copying syncs of an older file into a new one.

use rusqlite::Connection;

use crate::error::{At, Error};
use crate::metadata;
use crate::previous_file::PreviousFile;
use crate::schema::{ASSETS, CONNECTOR_SESSIONS, RESOURCE_TYPES, SYNC_RUNS, Table};

/// Copies the syncs `keep` from an older database into the database of `connection`, which is in no transaction, but for what is
/// loaded in bulk (resources, entitlements, grants) and what connectors have left in their scratch space. The rows go from table
/// to table within SQLite, in the order of their row ids; nothing is held in memory.
pub(crate) fn carry_over(connection: &Connection, previous: &PreviousFile, keep: &[String]) -> Result<(), Error> {
    let old_db = previous.db();
    let path = old_db.to_string_lossy();
    connection.execute("ATTACH DATABASE ? AS old", [&path]).at(old_db)?;
    let copied = copy(connection, keep).at(old_db);
    // A failed copy has left a transaction open, in which nothing can be detached; its error is the one to report.
    copied.and_then(|()| connection.execute_batch("DETACH DATABASE old").at(old_db))
}

fn copy(connection: &Connection, keep: &[String]) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN; CREATE TEMP TABLE kept (sync_id TEXT PRIMARY KEY) WITHOUT ROWID")?;
    for sync_id in keep {
        connection.execute("INSERT OR IGNORE INTO temp.kept VALUES (?)", [sync_id])?;
    }
    let copy = |table: &Table, which: &str| {
        let (name, columns) = (table.name, table.column_list());
        // Without the plus sign an index might be preferred, and the rows come out of order.
        connection.execute_batch(&format!(
            "INSERT INTO main.{name} ({columns}) SELECT {columns} FROM old.{name}
             WHERE +sync_id IN (SELECT sync_id FROM temp.kept) AND {which} ORDER BY id"
        ))
    };
    for table in [&RESOURCE_TYPES, &ASSETS, &SYNC_RUNS] {
        copy(table, "true")?;
    }
    copy(&CONNECTOR_SESSIONS, &format!("key IN ('{}')", metadata::KEYS.join("', '")))?;
    connection.execute_batch("DROP TABLE temp.kept; COMMIT")
}
