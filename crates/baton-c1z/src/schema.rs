//! Tables and indexes of the database, as data (`docs/spec/c1z-format.md` 3).

use crate::error::Error;

/// A table; each also has `id integer primary key`, its row id.
#[derive(Debug)]
pub(crate) struct Table {
    pub name: &'static str,
    pub columns: &'static [Column],
}

/// A column of a table.
#[derive(Debug)]
pub(crate) struct Column {
    pub name: &'static str,
    /// Type, nullability and default, in SQL.
    pub declaration: &'static str,
}

/// An index. Unique ones say what identifies a row.
#[derive(Debug)]
pub(crate) struct Index {
    pub name: &'static str,
    pub table: &'static str,
    pub columns: &'static str,
    pub unique: bool,
    /// The condition of a partial index, in SQL.
    pub condition: Option<&'static str>,
}

const fn column(name: &'static str, declaration: &'static str) -> Column {
    Column { name, declaration }
}

const TEXT: &str = "text not null";
const FLAG: &str = "integer not null default 0";
const TEXT_OR_EMPTY: &str = "text not null default ''";
const EXTERNAL_ID: Column = column("external_id", TEXT);
const DATA: Column = column("data", "blob not null");
const SYNC_ID: Column = column("sync_id", TEXT);
/// The type must be a date type: some readers look at it.
const DISCOVERED_AT: Column = column("discovered_at", "datetime not null");

pub(crate) const RESOURCE_TYPES: Table =
    Table { name: "v1_resource_types", columns: &[EXTERNAL_ID, DATA, SYNC_ID, DISCOVERED_AT] };

pub(crate) const RESOURCES: Table = Table {
    name: "v1_resources",
    columns: &[
        column("resource_type_id", TEXT),
        EXTERNAL_ID,
        column("parent_resource_type_id", "text"),
        column("parent_resource_id", "text"),
        DATA,
        SYNC_ID,
        DISCOVERED_AT,
    ],
};

pub(crate) const ENTITLEMENTS: Table = Table {
    name: "v1_entitlements",
    columns: &[
        column("resource_type_id", TEXT),
        column("resource_id", TEXT),
        EXTERNAL_ID,
        DATA,
        SYNC_ID,
        DISCOVERED_AT,
    ],
};

pub(crate) const SYNC_RUNS: Table = Table {
    name: "v1_sync_runs",
    columns: &[
        SYNC_ID,
        column("started_at", "datetime not null"),
        column("ended_at", "datetime"),
        column("sync_token", TEXT),
        column("sync_type", "text not null default 'full'"),
        column("parent_sync_id", TEXT_OR_EMPTY),
        column("linked_sync_id", TEXT_OR_EMPTY),
        column("supports_diff", FLAG),
        column("grants_backfilled", FLAG),
        column("stats", "text"),
        column("ingest_invariant_generation", TEXT_OR_EMPTY),
        column("ingest_invariant_coverage", TEXT_OR_EMPTY),
        column("ingest_invariant_mode", TEXT_OR_EMPTY),
    ],
};

pub(crate) const GRANTS: Table = Table {
    name: "v1_grants",
    columns: &[
        column("resource_type_id", TEXT),
        column("resource_id", TEXT),
        column("entitlement_id", TEXT),
        column("principal_resource_type_id", TEXT),
        column("principal_resource_id", TEXT),
        EXTERNAL_ID,
        column("expansion", "blob"),
        column("needs_expansion", FLAG),
        DATA,
        SYNC_ID,
        DISCOVERED_AT,
    ],
};

pub(crate) const ASSETS: Table =
    Table { name: "v1_assets", columns: &[EXTERNAL_ID, column("content_type", TEXT), DATA, SYNC_ID, DISCOVERED_AT] };

/// Scratch space of connectors, and what is noted of a sync besides what other readers know ([`crate::metadata`]).
pub(crate) const CONNECTOR_SESSIONS: Table =
    Table { name: "v1_connector_sessions", columns: &[SYNC_ID, column("key", TEXT), column("value", "blob not null")] };

/// All tables, in the order in which they are created.
pub(crate) const TABLES: [&Table; 7] =
    [&RESOURCE_TYPES, &RESOURCES, &ENTITLEMENTS, &SYNC_RUNS, &GRANTS, &ASSETS, &CONNECTOR_SESSIONS];

const fn index(name: &'static str, table: &Table, columns: &'static str) -> Index {
    Index { name, table: table.name, columns, unique: false, condition: None }
}

const fn unique(name: &'static str, table: &Table, columns: &'static str) -> Index {
    Index { unique: true, ..index(name, table, columns) }
}

const fn partial(name: &'static str, table: &Table, columns: &'static str, condition: &'static str) -> Index {
    Index { condition: Some(condition), ..index(name, table, columns) }
}

const IDENTITY: &str = "external_id, sync_id";

/// The index that the counts per entitlement use.
pub(crate) const GRANTS_BY_ENTITLEMENT: &str = "idx_grants_entitlement_sync_grant_v1";

/// All indexes. Unique ones stand before the others of their table: duplicates are merged before anything else is
/// built on the rows. The names of the last two of `v1_resources` do not fit their columns; readers know them so.
pub(crate) const INDEXES: [Index; 16] = [
    unique("idx_resource_types_external_sync_v1", &RESOURCE_TYPES, IDENTITY),
    unique("idx_resources_parent_resource_id_v1", &RESOURCES, IDENTITY),
    index("idx_resources_resource_type_id_v1", &RESOURCES, "resource_type_id"),
    index("idx_resources_external_sync_v1", &RESOURCES, "parent_resource_type_id, parent_resource_id"),
    unique("idx_entitlements_external_sync_v1", &ENTITLEMENTS, IDENTITY),
    index("idx_entitlements_resource_id_v1", &ENTITLEMENTS, "resource_type_id, resource_id"),
    unique("idx_sync_runs_sync_id_v1", &SYNC_RUNS, "sync_id"),
    unique("idx_grants_external_sync_v1", &GRANTS, IDENTITY),
    index("idx_grants_resource_type_id_resource_id_v1", &GRANTS, "resource_type_id, resource_id"),
    index("idx_grants_principal_id_v1", &GRANTS, "principal_resource_type_id, principal_resource_id"),
    index(
        "idx_grants_entitlement_id_principal_id_v1",
        &GRANTS,
        "entitlement_id, principal_resource_type_id, principal_resource_id",
    ),
    index(GRANTS_BY_ENTITLEMENT, &GRANTS, "entitlement_id, sync_id, id"),
    partial("idx_grants_sync_expansion_v1", &GRANTS, "sync_id", "expansion is not null"),
    partial("idx_grants_sync_needs_expansion_v1", &GRANTS, "sync_id", "needs_expansion = 1"),
    unique("idx_assets_external_sync_v1", &ASSETS, IDENTITY),
    unique("idx_session_store_sync_key_v1", &CONNECTOR_SESSIONS, "sync_id, key"),
];

impl Table {
    /// The statement that creates the table unless it is there.
    pub(crate) fn create(&self) -> String {
        let columns: String =
            self.columns.iter().map(|column| format!(",\n    {} {}", column.name, column.declaration)).collect();
        format!("CREATE TABLE IF NOT EXISTS {} (\n    id integer primary key{columns}\n)", self.name)
    }

    /// Whether a database has the table with just these columns, in this order.
    pub(crate) fn is_complete(&self, connection: &rusqlite::Connection) -> bool {
        let names = || -> rusqlite::Result<Vec<String>> {
            let mut statement = connection.prepare("SELECT name FROM pragma_table_info(?)")?;
            statement.query_map([self.name], |row| row.get(0))?.collect()
        };
        let columns = std::iter::once("id").chain(self.columns.iter().map(|of| of.name));
        names().is_ok_and(|names| names.iter().map(String::as_str).eq(columns))
    }

    /// Where a column is in a row, the row id not counted.
    ///
    /// # Errors
    /// The table has no such column.
    pub(crate) fn position(&self, column: &str) -> Result<usize, Error> {
        let position = self.columns.iter().position(|known| known.name == column);
        position.ok_or(Error::OutOfOrder("a table has no column of the name that was asked for"))
    }

    /// The names of all columns but the row id, for a statement.
    pub(crate) fn column_list(&self) -> String {
        let names: Vec<_> = self.columns.iter().map(|column| column.name).collect();
        names.join(", ")
    }
}

impl Index {
    /// The statement that creates the index unless it is there.
    pub(crate) fn create(&self) -> String {
        let unique = if self.unique { "UNIQUE " } else { "" };
        let condition = self.condition.map(|condition| format!(" WHERE {condition}")).unwrap_or_default();
        format!("CREATE {unique}INDEX IF NOT EXISTS {} ON {} ({}){condition}", self.name, self.table, self.columns)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_unknown_column_is_an_error() {
        assert_eq!(GRANTS.position("resource_type_id").unwrap(), 0);
        assert_eq!(RESOURCES.position("sync_id").unwrap(), 5);
        for unknown in ["colour", "id", ""] {
            assert!(GRANTS.position(unknown).is_err(), "{unknown}");
        }
    }
}
