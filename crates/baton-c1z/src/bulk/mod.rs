//! Filling the table of grants and its indexes without SQLite.
//!
//! A large org has millions of grants, and nothing about them needs a database while they are written: the rows come
//! one after the other, and all keys are known before the first index is begun. So the pages of the table are written as
//! the rows come, and the pages of each index in the order of its keys: each page once, full, in the order of the file.
//! SQLite would write the same trees row by row, and read the whole table again for each index. What comes out is an
//! ordinary database, which SQLite checks and goes on with.
//!
//! The keys are never written down: rows come entitlement by entitlement, and name the same principals again and again,
//! so that four bytes a row say all ([`rows`]), and ordering them is ordering numbers ([`index`]).

mod index;
mod pages;
mod ranks;
mod record;
mod rows;
mod texts;
mod tree;

use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::error::{At, Error};
use crate::schema::{GRANTS, INDEXES, Index};

use index::Orders;
use pages::{PageNumber, Pages};
use record::record;
use rows::{Rows, TEXTS};
use tree::TableTree;

/// The values of a row of `v1_grants` in the order of its columns, the row id not among them.
pub(crate) type GrantValues<'a> = [ValueRef<'a>; GRANTS.columns.len()];

/// Which columns of a row the indexes use, in the order of [`Rows::push`].
const INDEXED: [&str; TEXTS] = [
    "resource_type_id",
    "resource_id",
    "entitlement_id",
    "principal_resource_type_id",
    "principal_resource_id",
    "external_id",
    "sync_id",
];

/// Where the trees of the table and its indexes begin.
#[derive(Debug)]
pub(crate) struct Places {
    page_size: usize,
    table: PageNumber,
    indexes: Vec<(&'static Index, PageNumber)>,
}

impl Places {
    /// Looks them up in a database whose table of grants is empty and has all its indexes.
    pub(crate) fn find(connection: &Connection) -> rusqlite::Result<Self> {
        let root = |name: &str| {
            connection.query_row("SELECT rootpage FROM sqlite_schema WHERE name = ?", [name], |row| row.get(0))
        };
        let of_grants = INDEXES.iter().filter(|index| index.table == GRANTS.name);
        Ok(Self {
            page_size: connection.pragma_query_value(None, "page_size", |row| row.get(0))?,
            table: root(GRANTS.name)?,
            indexes: of_grants.map(|index| Ok((index, root(index.name)?))).collect::<rusqlite::Result<_>>()?,
        })
    }
}

/// How the loading of the grants ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loaded {
    /// Table and indexes are complete.
    Whole,
    /// The table is complete, its indexes are empty and to be built by SQLite: some rows have the same id, an id of their
    /// own making, or something else than text where texts belong, as only files of others do.
    WithoutIndexes,
}

/// Fills the table of grants in a database that nobody has open.
#[derive(Debug)]
pub(crate) struct GrantLoader {
    places: Places,
    pages: Pages,
    table: TableTree,
    /// What the indexes are made from; `None` once that cannot be.
    keys: Option<Rows>,
    columns: [usize; TEXTS],
    expansion: usize,
    needs_expansion: usize,
    rows: i64,
    record: Vec<u8>,
}

impl GrantLoader {
    /// Begins to fill the table of grants of `db`.
    ///
    /// # Errors
    /// The database cannot be written.
    pub(crate) fn open(db: &Path, places: Places) -> Result<Self, Error> {
        let position = |name: &str| GRANTS.columns.iter().position(|column| column.name == name).unwrap_or_default();
        Ok(Self {
            pages: Pages::open(db, places.page_size)?,
            table: TableTree::new(places.page_size),
            keys: Some(Rows::new()),
            columns: INDEXED.map(position),
            expansion: position("expansion"),
            needs_expansion: position("needs_expansion"),
            rows: 0,
            record: Vec::new(),
            places,
        })
    }

    /// Adds a row.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn push(&mut self, row: &GrantValues<'_>) -> Result<(), Error> {
        self.rows += 1;
        self.record.clear();
        let mut values = [ValueRef::Null; GRANTS.columns.len() + 1];
        // The first column is the row id, which a record leaves out.
        values[1..].copy_from_slice(row);
        record(&mut self.record, &values);
        self.table.push(&mut self.pages, self.rows, &self.record)?;
        if let Some(keys) = &mut self.keys
            && !note(keys, row, self.columns, self.expansion, self.needs_expansion)
        {
            self.keys = None;
        }
        Ok(())
    }

    /// Writes the rest, and the indexes.
    ///
    /// # Errors
    /// The database cannot be read or written.
    pub(crate) fn finish(self) -> Result<Loaded, Error> {
        let Self { places, mut pages, table, keys, .. } = self;
        let mut roots = vec![table.finish(&mut pages, places.table)?];
        let before = pages.next();
        let orders = keys.as_ref().and_then(Orders::of);
        for (index, root) in &places.indexes {
            let built = match &orders {
                Some(orders) => orders.build(index, *root, &mut pages)?,
                None => None,
            };
            let Some(root) = built else {
                pages.forget_from(before)?;
                pages.close(&roots[..1])?;
                return Ok(Loaded::WithoutIndexes);
            };
            roots.push(root);
        }
        pages.close(&roots)?;
        Ok(Loaded::Whole)
    }
}

/// Takes in what the indexes need of a row; `false` if they cannot be made from it.
fn note(
    keys: &mut Rows,
    row: &GrantValues<'_>,
    columns: [usize; TEXTS],
    expansion: usize,
    needs_expansion: usize,
) -> bool {
    let mut texts: [&[u8]; TEXTS] = [&[]; TEXTS];
    for (text, column) in texts.iter_mut().zip(columns) {
        let ValueRef::Text(value) = row[column] else { return false };
        *text = value;
    }
    keys.push(texts, row[expansion] != ValueRef::Null, row[needs_expansion] == ValueRef::Integer(1))
}

/// Reads the grants of the syncs `keep` of an older database into the table, in their order.
///
/// # Errors
/// The older database cannot be read; the new one cannot be written.
pub(crate) fn carry_over(
    loader: &mut GrantLoader,
    old: &Connection,
    path: &Path,
    keep: &[String],
) -> Result<(), Error> {
    // Without the plus sign an index might be preferred, and the rows come out of order.
    let places = vec!["?"; keep.len()].join(", ");
    let query =
        format!("SELECT {} FROM {} WHERE +sync_id IN ({places}) ORDER BY id", GRANTS.column_list(), GRANTS.name);
    let mut statement = old.prepare(&query).at(path)?;
    let mut rows = statement.query(rusqlite::params_from_iter(keep)).at(path)?;
    while let Some(row) = rows.next().at(path)? {
        let mut values = [ValueRef::Null; GRANTS.columns.len()];
        for (number, value) in values.iter_mut().enumerate() {
            *value = row.get_ref(number).at(path)?;
        }
        loader.push(&values)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
