//! Bringing a decoded database up to the present schema (`docs/spec/c1z-format.md` 3.8). It is always a private copy:
//! the file that it came from is never changed.

use std::collections::HashSet;
use std::path::Path;

use rusqlite::{Connection, ErrorCode, params};

use crate::bulk::SoundCheck;
use crate::error::{At, Error};
use crate::schema::{GRANTS, SYNC_RUNS, TABLES, Table};
use crate::{connection, expansion, indexes};

/// Rows whose expansion is filled at a time.
const PAGE: i64 = 1000;
/// What the bytes of a grant contain when it has the annotation.
const MARK: &[u8] = b"c1.connector.v2.GrantExpandable";

/// Refuses a database that is not sound. Adds the tables, columns and indexes that are missing and moves `GrantExpandable`
/// annotations to their column; does nothing to a database that is up to date. Errors speak of `file`, which `db` was decoded
/// from.
///
/// # Errors
/// It is no database, is damaged, or cannot be written.
pub(crate) fn migrate(db: &Path, file: &Path) -> Result<(), Error> {
    let sound = SoundCheck::begin(db, file)?;
    let connection = connection::open_copy(db, file)?;
    sound.finish(&connection)?;
    bring_up_to_date(&connection, file).map_err(|error| foreign(error, file))?;
    connection.execute_batch("COMMIT").at(file)?;
    connection.close().map_err(|(_, error)| Error::database(file, error))
}

fn bring_up_to_date(connection: &Connection, file: &Path) -> Result<(), Error> {
    connection.execute_batch("BEGIN").at(file)?;
    for table in TABLES {
        connection.execute_batch(&table.create()).at(file)?;
    }
    for table in [&SYNC_RUNS, &GRANTS] {
        add_missing_columns(connection, table).at(file)?;
    }
    let merged = indexes::build(connection, file)?;
    if !merged.is_empty() {
        tracing::warn!(?merged, "rows of the same id were merged");
    }
    backfill(connection, file)
}

/// A statement that SQLite finds wrong is one that does not fit the tables that are there.
fn foreign(error: Error, file: &Path) -> Error {
    match error {
        Error::Database { source, .. } if source.sqlite_error_code() == Some(ErrorCode::Unknown) => {
            Error::Damaged { path: file.to_owned(), reason: format!("its tables are not those of a .c1z ({source})") }
        }
        error => error,
    }
}

fn add_missing_columns(connection: &Connection, table: &Table) -> rusqlite::Result<()> {
    let present: HashSet<String> = connection
        .prepare("SELECT name FROM pragma_table_info(?)")?
        .query_map([table.name], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for column in table.columns.iter().filter(|column| !present.contains(column.name)) {
        connection
            .execute_batch(&format!("ALTER TABLE {} ADD COLUMN {} {}", table.name, column.name, column.declaration))?;
    }
    Ok(())
}

/// Fills the expansion columns of syncs that were written before there were any.
fn backfill(connection: &Connection, file: &Path) -> Result<(), Error> {
    let waiting: Vec<String> = connection
        .prepare("SELECT sync_id FROM v1_sync_runs WHERE grants_backfilled = 0 ORDER BY id")
        .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
        .at(file)?;
    for sync_id in waiting {
        let mut after = i64::MIN;
        while let Some(last) = backfill_page(connection, file, &sync_id, after)? {
            after = last;
        }
        connection.execute("UPDATE v1_sync_runs SET grants_backfilled = 1 WHERE sync_id = ?", [&sync_id]).at(file)?;
    }
    Ok(())
}

/// Fills some rows behind `after`; gives the last of them, `None` if there were none.
fn backfill_page(connection: &Connection, file: &Path, sync_id: &str, after: i64) -> Result<Option<i64>, Error> {
    let page: Vec<(i64, Vec<u8>)> = connection
        .prepare_cached(
            "SELECT id, data FROM v1_grants WHERE sync_id = ? AND expansion IS NULL AND id > ? AND instr(data, ?) > 0
             ORDER BY id LIMIT ?",
        )
        .and_then(|mut statement| {
            let rows =
                statement.query_map(params![sync_id, after, MARK, PAGE], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect()
        })
        .at(file)?;
    for (row, data) in &page {
        let split = expansion::split(data).map_err(|error| Error::Row {
            path: file.to_owned(),
            table: GRANTS.name,
            row: *row,
            reason: error.to_string(),
        })?;
        let Some(split) = split else { continue };
        connection
            .prepare_cached("UPDATE v1_grants SET data = ?, expansion = ?, needs_expansion = ? WHERE id = ?")
            .and_then(|mut statement| {
                statement.execute(params![split.grant, split.expansion, split.expansion.is_some(), row])
            })
            .at(file)?;
    }
    Ok(page.last().map(|(row, _)| *row))
}
