//! Filling the table of grants and its indexes without SQLite.
//!
//! A large org has millions of grants, and nothing about them needs a database while they are written: the rows come
//! one after the other, and all keys are known before the first index is begun. So the pages of the table are written as
//! the rows come, and the pages of each index from its sorted keys: each page once, full, in the order of the file.
//! SQLite would write the same trees row by row, and read the whole table again for each index. What comes out is an
//! ordinary database, which SQLite checks and goes on with.
//!
//! With 1.4 million grants this takes a quarter of the time (`cargo bench -p baton-c1z --bench write`).

mod file_part;
mod keys;
mod ordered;
mod pages;
mod record;
mod sorter;
mod tree;

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::error::{At, Error};
use crate::schema::{GRANTS, INDEXES, Index};

use keys::{Key, KeyWriter, Keys, TEXTS};
use ordered::in_order;
use pages::{PageNumber, Pages};
use record::record;
use sorter::Sorter;
use tree::{IndexTree, Root, TableTree};

/// The values of a row of `v1_grants` in the order of its columns, the row id not among them.
pub(crate) type GrantValues<'a> = [ValueRef<'a>; GRANTS.columns.len()];

/// Which columns of a row the indexes use, in the order of [`Key::texts`].
const INDEXED: [&str; TEXTS] = [
    "resource_type_id",
    "resource_id",
    "entitlement_id",
    "principal_resource_type_id",
    "principal_resource_id",
    "external_id",
    "sync_id",
];

/// Columns that tell something of the entitlement. Rows come entitlement by entitlement.
const OF_ENTITLEMENT: [&str; 3] = ["resource_type_id", "entitlement_id", "external_id"];

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
    /// The table is complete, its indexes are empty and to be built by SQLite: some rows have the same id, or hold
    /// something else than text where texts belong, as only files of others do.
    WithoutIndexes,
}

/// Fills the table of grants in a database that nobody has open.
#[derive(Debug)]
pub(crate) struct GrantLoader {
    places: Places,
    folder: PathBuf,
    pages: Pages,
    table: TableTree,
    keys: KeyWriter,
    columns: [usize; TEXTS],
    expansion: usize,
    needs_expansion: usize,
    rows: i64,
    record: Vec<u8>,
    /// Whether all that the indexes are made of is text.
    texts_only: bool,
}

impl GrantLoader {
    /// Begins to fill the table of grants of `db`.
    ///
    /// # Errors
    /// The database or a temporary file beside it cannot be written.
    pub(crate) fn open(db: &Path, places: Places) -> Result<Self, Error> {
        let folder = db.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let position = |name: &str| GRANTS.columns.iter().position(|column| column.name == name).unwrap_or_default();
        Ok(Self {
            folder: folder.to_owned(),
            pages: Pages::open(db, places.page_size)?,
            table: TableTree::new(places.page_size),
            keys: KeyWriter::new(folder)?,
            columns: INDEXED.map(position),
            expansion: position("expansion"),
            needs_expansion: position("needs_expansion"),
            rows: 0,
            record: Vec::new(),
            texts_only: true,
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
        let texts = self.columns.map(|column| match row[column] {
            ValueRef::Text(text) => text,
            _ => {
                self.texts_only = false;
                &[]
            }
        });
        let needs_expansion = row[self.needs_expansion] == ValueRef::Integer(1);
        self.keys.push(texts, row[self.expansion] != ValueRef::Null, needs_expansion)
    }

    /// Writes the rest, and the indexes.
    ///
    /// # Errors
    /// The database or a temporary file beside it cannot be read or written.
    pub(crate) fn finish(self) -> Result<Loaded, Error> {
        let Self { places, folder, mut pages, table, keys, texts_only, .. } = self;
        let keys = keys.finish()?;
        let mut roots = vec![table.finish(&mut pages, places.table)?];
        if !texts_only {
            pages.close(&roots)?;
            return Ok(Loaded::WithoutIndexes);
        }
        let before = pages.next();
        for (index, root) in &places.indexes {
            match build(index, *root, &mut pages, &keys, &folder)? {
                Some(root) => roots.push(root),
                None => {
                    pages.forget_from(before)?;
                    pages.close(&roots[..1])?;
                    return Ok(Loaded::WithoutIndexes);
                }
            }
        }
        pages.close(&roots)?;
        Ok(Loaded::Whole)
    }
}

/// Builds an index; `None` if it is to be unique and is not.
fn build(
    index: &Index,
    root: PageNumber,
    pages: &mut Pages,
    keys: &Keys,
    folder: &Path,
) -> Result<Option<Root>, Error> {
    let columns = Column::of(index);
    let write = |bytes: &mut Vec<u8>, row: i64, key: &Key| {
        let holds = holds(index.condition, key);
        if holds {
            put_key(bytes, &columns, row, key);
        }
        holds
    };
    if OF_ENTITLEMENT.iter().any(|column| index.columns.starts_with(column)) {
        let before = pages.next();
        let mut filling = Filling::new(index, &columns, pages);
        if in_order(keys, folder, write, |key| filling.push(key))? {
            return filling.finish(root);
        }
        pages.forget_from(before)?;
    }
    let mut filling = Filling::new(index, &columns, pages);
    let mut sorter = Sorter::new(folder);
    keys.for_each(|row, key| sorter.push(|bytes| write(bytes, row, key)))?;
    sorter.finish(|key| filling.push(key))?;
    filling.finish(root)
}

/// An index that is being filled.
struct Filling<'a> {
    columns: &'a [Column],
    pages: &'a mut Pages,
    tree: IndexTree,
    record: Vec<u8>,
    /// The last key but for its row; kept if it must differ from the next.
    last: Option<Vec<u8>>,
    twins: bool,
}

impl<'a> Filling<'a> {
    fn new(index: &Index, columns: &'a [Column], pages: &'a mut Pages) -> Self {
        let tree = IndexTree::new(pages.size());
        Self { columns, pages, tree, record: Vec::new(), last: index.unique.then(Vec::new), twins: false }
    }

    /// Adds the next key in order.
    fn push(&mut self, key: &[u8]) -> Result<(), Error> {
        let (texts, row) = key.split_at(key.len() - 8);
        if let Some(last) = &mut self.last {
            self.twins |= texts == last.as_slice();
            last.clear();
            last.extend_from_slice(texts);
        }
        if self.twins {
            return Ok(());
        }
        self.record.clear();
        put_record(&mut self.record, self.columns, texts, row);
        self.tree.push(self.pages, &self.record)
    }

    fn finish(self, root: PageNumber) -> Result<Option<Root>, Error> {
        if self.twins { Ok(None) } else { self.tree.finish(self.pages, root).map(Some) }
    }
}

/// Appends the key of a row in the form whose bytes are in the order of the keys.
fn put_key(bytes: &mut Vec<u8>, columns: &[Column], row: i64, key: &Key) {
    for column in columns {
        if let Column::Text(number) = column {
            put_text(bytes, &key.texts[*number]);
        }
    }
    bytes.extend_from_slice(&row.to_be_bytes());
}

/// A column of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    /// A text, by its place in [`Key::texts`].
    Text(usize),
    /// The row id.
    Row,
}

impl Column {
    /// The columns of an index, without the row id that every key ends with.
    fn of(index: &Index) -> Vec<Self> {
        let column = |name: &str| INDEXED.iter().position(|indexed| *indexed == name).map_or(Self::Row, Self::Text);
        index.columns.split(", ").map(column).collect()
    }
}

/// Whether a row belongs into an index with that condition.
fn holds(condition: Option<&str>, key: &Key) -> bool {
    match condition {
        None => true,
        Some(condition) if condition.starts_with("needs_expansion") => key.needs_expansion,
        Some(_) => key.expands,
    }
}

/// Appends a text so that the order of bytes is the order of texts also when more follows: it ends with two zeros, and
/// a zero of its own is followed by 255.
fn put_text(out: &mut Vec<u8>, text: &[u8]) {
    let mut parts = text.split(|byte| *byte == 0);
    out.extend_from_slice(parts.next().unwrap_or_default());
    for part in parts {
        out.extend_from_slice(&[0, 255]);
        out.extend_from_slice(part);
    }
    out.extend_from_slice(&[0, 0]);
}

/// Appends the record of a key of an index.
fn put_record(out: &mut Vec<u8>, columns: &[Column], mut texts: &[u8], row: &[u8]) {
    let row = i64::from_be_bytes(row.try_into().unwrap_or_default());
    let mut unescaped: [Vec<u8>; TEXTS] = Default::default();
    let mut values = [ValueRef::Null; TEXTS + 1];
    for ((column, value), own) in columns.iter().zip(&mut values).zip(&mut unescaped) {
        *value = match column {
            Column::Row => ValueRef::Integer(row),
            Column::Text(_) => {
                let (text, rest) = take_text(texts, own);
                texts = rest;
                ValueRef::Text(text)
            }
        };
    }
    values[columns.len()] = ValueRef::Integer(row);
    record(out, &values[..=columns.len()]);
}

/// The next text of a key, and what follows it. One that had zeros is put together again in `own`.
fn take_text<'a, 'b: 'a>(bytes: &'b [u8], own: &'a mut Vec<u8>) -> (&'a [u8], &'b [u8]) {
    let mut from = 0;
    loop {
        let end = bytes[from..].iter().position(|byte| *byte == 0).map_or(bytes.len(), |at| from + at);
        let (part, rest) = (&bytes[from..end], bytes.get(end + 2..).unwrap_or_default());
        if bytes.get(end + 1) != Some(&255) {
            if from == 0 {
                return (part, rest);
            }
            own.extend_from_slice(part);
            return (own, rest);
        }
        own.extend_from_slice(part);
        own.push(0);
        from = end + 2;
    }
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
