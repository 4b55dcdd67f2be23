//! Indexes, built when the rows are there: sorting once is far cheaper than keeping sixteen trees in order row by row.
//!
//! What the unique ones forbid may have been written meanwhile. Then the duplicates are merged as if each later row had
//! been an update of the first: the first row stays, with the data of the last (`docs/spec/c1z-format.md` 4.5).

use std::path::Path;

use rusqlite::{Connection, ErrorCode};

use crate::error::{At, Error};
use crate::schema::{ASSETS, ENTITLEMENTS, GRANTS, INDEXES, Index, RESOURCE_TYPES, RESOURCES};

/// How many rows went up in an earlier row of the same id, per table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Duplicates {
    /// Resource types.
    pub resource_types: u64,
    /// Resources.
    pub resources: u64,
    /// Entitlements.
    pub entitlements: u64,
    /// Grants.
    pub grants: u64,
}

impl Duplicates {
    /// Whether there were none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn add(&mut self, table: &str, merged: u64) {
        match table {
            name if name == RESOURCE_TYPES.name => self.resource_types += merged,
            name if name == RESOURCES.name => self.resources += merged,
            name if name == ENTITLEMENTS.name => self.entitlements += merged,
            name if name == GRANTS.name => self.grants += merged,
            _ => {}
        }
    }
}

/// Builds the indexes that are missing.
pub(crate) fn build(connection: &Connection, path: &Path) -> Result<Duplicates, Error> {
    let mut duplicates = Duplicates::default();
    for index in &INDEXES {
        match connection.execute_batch(&index.create()) {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                let merged = merge(connection, index).at(path)?;
                duplicates.add(index.table, merged);
                connection.execute_batch(&index.create()).at(path)?;
            }
            result => result.at(path)?,
        }
    }
    Ok(duplicates)
}

/// Makes the rows of a table differ in the columns of a unique index; gives the number of rows that went.
fn merge(connection: &Connection, index: &Index) -> rusqlite::Result<u64> {
    let Index { table, columns, .. } = index;
    connection.execute_batch(&format!(
        "CREATE TEMP TABLE twins AS
             SELECT {columns}, min(id) AS first, max(id) AS last FROM {table} GROUP BY {columns} HAVING count(*) > 1;
         CREATE UNIQUE INDEX temp.twins_first ON twins (first);
         CREATE TEMP TABLE later AS
             SELECT id FROM {table} WHERE ({columns}) IN (SELECT {columns} FROM twins)
             AND id NOT IN (SELECT first FROM twins);"
    ))?;
    let updated = updated_columns(table);
    if !updated.is_empty() {
        let taken: Vec<_> = updated.iter().map(|column| format!("{column} = last.{column}")).collect();
        connection.execute_batch(&format!(
            "UPDATE {table} SET {} FROM temp.twins, {table} AS last
             WHERE {table}.id = twins.first AND last.id = twins.last",
            taken.join(", ")
        ))?;
    }
    let gone = connection.execute(&format!("DELETE FROM {table} WHERE id IN (SELECT id FROM temp.later)"), [])?;
    connection.execute_batch("DROP TABLE temp.twins; DROP TABLE temp.later")?;
    Ok(gone as u64)
}

/// What a later row of the same identity changes in the first.
fn updated_columns(table: &str) -> &'static [&'static str] {
    match table {
        name if name == GRANTS.name => &["data", "expansion", "needs_expansion"],
        name if [RESOURCE_TYPES.name, RESOURCES.name, ENTITLEMENTS.name, ASSETS.name].contains(&name) => &["data"],
        _ => &[],
    }
}
