//! The rows of a table as they are read straight from its pages, beside what SQLite reads.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::{Reached, StoredTable};
use crate::connection;
use crate::previous_file::PreviousFile;
use crate::schema::GRANTS;

/// The grants of a database, read in two ways.
#[derive(Debug)]
pub struct BothWays {
    /// Straight from the pages, each row as text.
    pub straight: Vec<String>,
    /// Whether these are all of them.
    pub is_complete: bool,
    /// By SQLite; `None` if the database is damaged or the table is another than ours.
    pub by_sqlite: Option<Vec<String>>,
}

/// Reads the grants of the database `db`; `None` if they are left to SQLite altogether.
#[must_use]
pub fn grants_both_ways(db: &Path) -> Option<BothWays> {
    let connection = connection::open_read_only(db, db).ok()?;
    let previous = PreviousFile::unpacked(db);
    let mut straight = Vec::new();
    let mut table = StoredTable::find(&GRANTS, &previous, &connection)?;
    let reached = table.for_each::<{ GRANTS.columns.len() }>(|_, values| {
        straight.push(values.iter().map(text).collect());
        Ok(())
    });
    Some(BothWays {
        straight,
        is_complete: reached.ok()? == Reached::End,
        by_sqlite: is_ours(&connection).then(|| by_sqlite(&connection).ok()).flatten(),
    })
}

/// Whether the database is whole, and the table declared as we declare it: otherwise SQLite may convert what it reads.
fn is_ours(connection: &Connection) -> bool {
    let ask = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, String>(0));
    let declared = ask("SELECT sql FROM sqlite_schema WHERE name = 'v1_grants'");
    ask("PRAGMA integrity_check").is_ok_and(|said| said == "ok")
        && declared.is_ok_and(|sql| sql == GRANTS.create().replace("IF NOT EXISTS ", ""))
}

fn by_sqlite(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let query = format!("SELECT {} FROM {} ORDER BY id", GRANTS.column_list(), GRANTS.name);
    let mut statement = connection.prepare(&query)?;
    let rows = statement.query_map([], |row| {
        let values = (0..GRANTS.columns.len()).map(|column| row.get_ref(column).map(|value| text(&value)));
        values.collect::<rusqlite::Result<String>>()
    })?;
    rows.collect()
}

fn text(value: &ValueRef<'_>) -> String {
    match value {
        // A number that is none reads as null.
        ValueRef::Real(number) if number.is_nan() => format!("{:?};", ValueRef::Null),
        value => format!("{value:?};"),
    }
}
