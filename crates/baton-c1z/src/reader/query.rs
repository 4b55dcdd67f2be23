//! Statements whose conditions depend on what is asked.

use rusqlite::ToSql;

/// A `SELECT` that grows condition by condition.
pub(super) struct Query<'a> {
    sql: String,
    values: Vec<&'a dyn ToSql>,
}

impl<'a> Query<'a> {
    /// `columns` of all rows of `table` that belong to the sync; the empty id stands for all syncs.
    pub(super) fn select(columns: &str, table: &str, sync: &'a &'a str) -> Self {
        let query = Self { sql: format!("SELECT {columns} FROM {table} WHERE true"), values: Vec::new() };
        if sync.is_empty() { query } else { query.and("sync_id", sync) }
    }

    /// Only rows in which `column` is `value`.
    pub(super) fn and(mut self, column: &str, value: &'a impl ToSql) -> Self {
        self.sql.push_str(&format!(" AND {column} = ?"));
        self.values.push(value);
        self
    }

    /// Only rows in which `column` is one of `values`; no values means no condition.
    pub(super) fn and_one_of(mut self, column: &str, values: &'a [&'a str]) -> Self {
        if !values.is_empty() {
            let marks = vec!["?"; values.len()].join(", ");
            self.sql.push_str(&format!(" AND {column} IN ({marks})"));
            self.values.extend(values.iter().map(|value| value as &dyn ToSql));
        }
        self
    }

    /// In the order in which the rows were written.
    pub(super) fn in_order(mut self) -> Self {
        self.sql.push_str(" ORDER BY id");
        self
    }

    pub(super) fn sql(&self) -> &str {
        &self.sql
    }

    pub(super) fn values(&self) -> &[&'a dyn ToSql] {
        &self.values
    }
}
