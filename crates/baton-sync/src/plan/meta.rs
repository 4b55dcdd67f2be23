//! The table `meta` of a plan: values by key.

use rusqlite::{Connection, OptionalExtension};

/// A value of the table `meta`.
pub(crate) fn get(connection: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    connection.query_row("SELECT value FROM meta WHERE key = ?", [key], |row| row.get(0)).optional()
}

/// Sets a value of the table `meta`.
pub(crate) fn put(connection: &Connection, key: &str, value: &str) -> rusqlite::Result<()> {
    connection.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", [key, value]).map(drop)
}
