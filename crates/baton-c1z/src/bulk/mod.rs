//! Filling the tables of resources, entitlements and grants, and their indexes, without SQLite.
//!
//! A large org has millions of grants, and nothing about them needs a database while they are written: the rows come
//! one after the other, and all keys are known before the first index is begun. So the pages of a table are written as
//! the rows come, and the pages of each index in the order of its keys: each page once, full, in the order of the file.
//! SQLite would write the same trees row by row, and read the whole table again for each index. What comes out is an
//! ordinary database, which SQLite checks and goes on with, nearly all of it packed already ([`packed`]).
//!
//! The keys of grants are never written down: rows come entitlement by entitlement, and name the same principals again and
//! again, so that four bytes a row say all ([`rows`]), and ordering them is ordering numbers ([`index`]). Those of resources
//! and entitlements are kept as they are ([`objects`]).

#[cfg(feature = "fuzzing")]
mod compare;
mod index;
mod objects;
mod packed;
mod pages;
mod ranks;
mod record;
mod rows;
mod stored;
mod texts;
mod tree;
mod tree_page;
mod walk;

use std::collections::HashMap;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::error::{At, Error};
use crate::previous_file::PreviousFile;
use crate::schema::{GRANTS, INDEXES, Index, Table};

#[cfg(feature = "fuzzing")]
pub use compare::{BothWays, grants_both_ways};
use index::Orders;
pub(crate) use objects::ObjectLoader;
pub(crate) use packed::{Frame, Packed};
use pages::{PageNumber, Pages};
use record::record;
use rows::{Rows, TEXTS};
use stored::{Reached, StoredTable};
use tree::{Root, TableTree};
pub(crate) use walk::{Outline, SoundCheck};

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

/// Where the trees of tables and indexes begin.
#[derive(Debug)]
pub(crate) struct Places {
    page_size: usize,
    roots: HashMap<String, PageNumber>,
}

impl Places {
    /// Looks them up in a database whose tables to be filled are empty and have all their indexes.
    pub(crate) fn find(connection: &Connection) -> rusqlite::Result<Self> {
        let mut roots = connection.prepare("SELECT name, rootpage FROM sqlite_schema WHERE rootpage > 0")?;
        let roots = roots.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
        Ok(Self { page_size: connection.pragma_query_value(None, "page_size", |row| row.get(0))?, roots })
    }

    fn root(&self, name: &'static str) -> Result<PageNumber, Error> {
        self.roots
            .get(name)
            .copied()
            .ok_or(Error::OutOfOrder("rows are loaded into tables that are there, with their indexes"))
    }

    fn indexes(&self, table: &Table) -> Result<Vec<(&'static Index, PageNumber)>, Error> {
        let of_table = INDEXES.iter().filter(|index| index.table == table.name);
        of_table.map(|index| Ok((index, self.root(index.name)?))).collect()
    }
}

/// Fills a table.
#[derive(Debug)]
struct RowWriter {
    tree: TableTree,
    rows: i64,
    record: Vec<u8>,
}

impl RowWriter {
    fn new(page_size: usize) -> Self {
        Self { tree: TableTree::new(page_size), rows: 0, record: Vec::new() }
    }

    /// Adds a row, given as its values but for the row id; `stored` is its record if there is one already.
    fn push(&mut self, pages: &mut Pages, row: &[ValueRef<'_>], stored: Option<&[u8]>) -> Result<(), Error> {
        const MOST: usize = 12;
        self.rows += 1;
        if let Some(stored) = stored {
            return self.tree.push(pages, self.rows, stored);
        }
        let mut values = [ValueRef::Null; MOST];
        // The first column is the row id, which a record leaves out.
        values[1..=row.len()].copy_from_slice(row);
        self.record.clear();
        record(&mut self.record, &values[..=row.len()]);
        self.tree.push(pages, self.rows, &self.record)
    }

    fn finish(self, pages: &mut Pages, root: PageNumber) -> Result<Root, Error> {
        self.tree.finish(pages, root)
    }
}

/// How loading ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loaded {
    /// Tables and indexes are complete.
    Whole,
    /// The tables are complete, their indexes are empty and to be built by SQLite: some rows have the same id, grants have an
    /// id of their own making, or something else than text stands where texts belong, as only in files of others.
    WithoutIndexes,
}

/// Fills the table of grants in a database that nobody has open.
#[derive(Debug)]
pub(crate) struct GrantLoader {
    places: Places,
    pages: Pages,
    table: RowWriter,
    /// What the indexes are made from; `None` once that cannot be.
    keys: Option<Rows>,
    columns: [usize; TEXTS],
    expansion: usize,
    needs_expansion: usize,
}

impl GrantLoader {
    /// Begins to fill the table of grants of `db`, of which `packed` is packed.
    ///
    /// # Errors
    /// The database cannot be written.
    pub(crate) fn open(db: &Path, places: Places, packed: Packed) -> Result<Self, Error> {
        let mut columns = [0; TEXTS];
        for (column, name) in columns.iter_mut().zip(INDEXED) {
            *column = GRANTS.position(name)?;
        }
        Ok(Self {
            pages: Pages::open(db, places.page_size, packed)?,
            table: RowWriter::new(places.page_size),
            keys: Some(Rows::new()),
            columns,
            expansion: GRANTS.position("expansion")?,
            needs_expansion: GRANTS.position("needs_expansion")?,
            places,
        })
    }

    /// Adds the grants of the syncs `keep` of an older database, in their order.
    ///
    /// # Errors
    /// The older database cannot be read; the new one cannot be written.
    pub(crate) fn carry_over(&mut self, previous: &PreviousFile, keep: &[String]) -> Result<(), Error> {
        carry_over(&GRANTS, previous, keep, |row, stored| self.push(row, stored))
    }

    /// Adds a row; `stored` is its record if there is one already.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn push(&mut self, row: &GrantValues<'_>, stored: Option<&[u8]>) -> Result<(), Error> {
        self.table.push(&mut self.pages, row, stored)?;
        if let Some(keys) = &mut self.keys
            && !note(keys, row, self.columns, self.expansion, self.needs_expansion)
        {
            self.keys = None;
        }
        Ok(())
    }

    /// Writes the rest, and the indexes; gives back what of the database is packed.
    ///
    /// # Errors
    /// The database cannot be read or written.
    pub(crate) fn finish(self) -> Result<(Loaded, Packed), Error> {
        let Self { places, mut pages, table, keys, .. } = self;
        let mut roots = vec![table.finish(&mut pages, places.root(GRANTS.name)?)?];
        let before = pages.next();
        let orders = keys.and_then(Orders::from_rows);
        for (index, root) in places.indexes(&GRANTS)? {
            let built = match &orders {
                Some(orders) => orders.build(index, root, &mut pages)?,
                None => None,
            };
            let Some(root) = built else {
                pages.forget_from(before)?;
                return Ok((Loaded::WithoutIndexes, pages.close(&roots[..1])?));
            };
            roots.push(root);
        }
        Ok((Loaded::Whole, pages.close(&roots)?))
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

/// Hands the rows of the syncs `keep` of a table of an older database to `push`, in their order, with their records if there
/// are any.
fn carry_over<const COLUMNS: usize>(
    table: &Table,
    previous: &PreviousFile,
    keep: &[String],
    mut push: impl FnMut(&[ValueRef<'_>; COLUMNS], Option<&[u8]>) -> Result<(), Error>,
) -> Result<(), Error> {
    let (old, path) = (previous.connection()?, previous.db());
    let sync_id = table.position("sync_id")?;
    let mut reached = Reached::Row(i64::MIN);
    if let Some(mut stored) = StoredTable::find(table, previous, &old) {
        reached = stored.for_each(|record, row| match row[sync_id] {
            ValueRef::Text(sync) if keep.iter().any(|kept| kept.as_bytes() == sync) => push(row, Some(record)),
            _ => Ok(()),
        })?;
    }
    let Reached::Row(after) = reached else { return Ok(()) };
    previous.restore()?;
    // Without the plus sign an index might be preferred, and the rows come out of order.
    let places = vec!["?"; keep.len()].join(", ");
    let (columns, name) = (table.column_list(), table.name);
    let query = format!("SELECT {columns} FROM {name} WHERE id > {after} AND +sync_id IN ({places}) ORDER BY id");
    let mut statement = old.prepare(&query).at(path)?;
    let mut rows = statement.query(rusqlite::params_from_iter(keep)).at(path)?;
    while let Some(row) = rows.next().at(path)? {
        let mut values = [ValueRef::Null; COLUMNS];
        for (number, value) in values.iter_mut().enumerate() {
            *value = row.get_ref(number).at(path)?;
        }
        push(&values, None)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
