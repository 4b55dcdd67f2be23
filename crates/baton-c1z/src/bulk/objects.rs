//! The tables of resources and entitlements: far fewer rows than grants, in any order, each with an id of its own.

use std::cmp::Ordering;
use std::path::Path;

use rusqlite::types::ValueRef;

use super::index::Filling;
use super::pages::{PageNumber, Pages};
use super::ranks::ranks;
use super::texts::{TextList, Texts};
use super::tree::Root;
use super::{Loaded, Packed, Places, RowWriter, carry_over};
use crate::error::Error;
use crate::previous_file::PreviousFile;
use crate::schema::{ENTITLEMENTS, Index, RESOURCES, Table};

/// The values of a row in the order of the table's columns, the row id not among them.
pub(crate) type ResourceValues<'a> = [ValueRef<'a>; RESOURCES.columns.len()];
/// See [`ResourceValues`].
pub(crate) type EntitlementValues<'a> = [ValueRef<'a>; ENTITLEMENTS.columns.len()];

/// The column that differs from row to row.
const ID: &str = "external_id";
/// Columns that no index uses.
const NOT_INDEXED: [&str; 2] = ["data", "discovered_at"];
/// Stands for a value that is null.
const NULL: u32 = u32::MAX;

/// Fills the tables of resources and entitlements in a database that nobody has open.
#[derive(Debug)]
pub(crate) struct ObjectLoader {
    places: Places,
    pages: Pages,
    resources: ObjectTable,
    entitlements: ObjectTable,
}

impl ObjectLoader {
    /// Begins to fill the tables of `db`, of which `packed` is packed.
    ///
    /// # Errors
    /// The database cannot be written.
    pub(crate) fn open(db: &Path, places: Places, packed: Packed) -> Result<Self, Error> {
        let pages = Pages::open(db, places.page_size, packed)?;
        let resources = ObjectTable::new(&RESOURCES, places.page_size)?;
        let entitlements = ObjectTable::new(&ENTITLEMENTS, places.page_size)?;
        Ok(Self { places, pages, resources, entitlements })
    }

    /// Adds the objects of the syncs `keep` of an older database, in their order.
    ///
    /// # Errors
    /// The older database cannot be read; the new one cannot be written.
    pub(crate) fn carry_over(&mut self, previous: &PreviousFile, keep: &[String]) -> Result<(), Error> {
        let Self { pages, resources, entitlements, .. } = self;
        carry_over(&RESOURCES, previous, keep, |row: &ResourceValues<'_>, stored| resources.push(pages, row, stored))?;
        carry_over(&ENTITLEMENTS, previous, keep, |row: &EntitlementValues<'_>, stored| {
            entitlements.push(pages, row, stored)
        })
    }

    /// Adds a resource.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn push_resource(&mut self, row: &ResourceValues<'_>) -> Result<(), Error> {
        self.resources.push(&mut self.pages, row, None)
    }

    /// Adds an entitlement.
    ///
    /// # Errors
    /// As [`push_resource`](Self::push_resource).
    pub(crate) fn push_entitlement(&mut self, row: &EntitlementValues<'_>) -> Result<(), Error> {
        self.entitlements.push(&mut self.pages, row, None)
    }

    /// Writes the rest, and the indexes; gives back what of the database is packed.
    ///
    /// # Errors
    /// The database cannot be written.
    pub(crate) fn finish(self) -> Result<(Loaded, Packed), Error> {
        let Self { places, mut pages, resources, entitlements } = self;
        let (mut roots, mut all_keys) = (Vec::new(), Vec::new());
        for ObjectTable { table, rows, keys, .. } in [resources, entitlements] {
            roots.push(rows.finish(&mut pages, places.root(table.name)?)?);
            all_keys.push((table, keys));
        }
        let (tables, before) = (roots.len(), pages.next());
        for (table, keys) in all_keys {
            let names = keys.as_ref().map(|keys| ranks(&keys.names));
            for (index, root) in places.indexes(table)? {
                let built = match (&keys, &names) {
                    (Some(keys), Some(names)) => keys.build(names, index, root, &mut pages)?,
                    _ => None,
                };
                let Some(built) = built else {
                    pages.forget_from(before)?;
                    return Ok((Loaded::WithoutIndexes, pages.close(&roots[..tables])?));
                };
                roots.push(built);
            }
        }
        Ok((Loaded::Whole, pages.close(&roots)?))
    }
}

/// A table that is being filled.
#[derive(Debug)]
struct ObjectTable {
    table: &'static Table,
    rows: RowWriter,
    /// What the indexes are made from; `None` once that cannot be.
    keys: Option<Keys>,
}

impl ObjectTable {
    fn new(table: &'static Table, page_size: usize) -> Result<Self, Error> {
        Ok(Self { table, rows: RowWriter::new(page_size), keys: Some(Keys::new(table)?) })
    }

    fn push(&mut self, pages: &mut Pages, row: &[ValueRef<'_>], stored: Option<&[u8]>) -> Result<(), Error> {
        self.rows.push(pages, row, stored)?;
        if let Some(keys) = &mut self.keys
            && keys.push(row).is_none()
        {
            self.keys = None;
        }
        Ok(())
    }
}

/// What the indexes of a table need of each row.
#[derive(Debug)]
struct Keys {
    /// Where in a row the id is.
    id: usize,
    /// Where in a row the other columns are that indexes use, and what they are called.
    named: Vec<(usize, &'static str)>,
    /// The ids of all rows, by row.
    ids: TextList,
    /// What stands in the other columns, which have the same values again and again.
    names: Texts,
    /// The numbers of these for all rows, one row after the other.
    numbers: Vec<u32>,
}

/// A column of an index.
#[derive(Debug, Clone, Copy)]
enum KeyColumn {
    Id,
    /// One of [`Keys::named`].
    Named(usize),
}

impl Keys {
    fn new(table: &'static Table) -> Result<Self, Error> {
        let columns = table.columns.iter().map(|column| column.name).enumerate();
        Ok(Self {
            id: table.position(ID)?,
            named: columns.filter(|(_, name)| *name != ID && !NOT_INDEXED.contains(name)).collect(),
            ids: TextList::default(),
            names: Texts::default(),
            numbers: Vec::new(),
        })
    }

    /// Takes in a row; `None` if something in it is no text, or if there is too much.
    fn push(&mut self, row: &[ValueRef<'_>]) -> Option<()> {
        let ValueRef::Text(id) = row[self.id] else { return None };
        for (at, _) in &self.named {
            self.numbers.push(match row[*at] {
                ValueRef::Text(name) => self.names.number(name)?,
                ValueRef::Null => NULL,
                _ => return None,
            });
        }
        self.ids.push(id).map(drop)
    }

    fn number(&self, row: u32, column: usize) -> u32 {
        self.numbers[row as usize * self.named.len() + column]
    }

    /// Fills the tree of an index, given the places of all names; `None` if it is to be unique and is not, or is none that is
    /// known here.
    fn build(&self, names: &[u32], index: &Index, root: PageNumber, pages: &mut Pages) -> Result<Option<Root>, Error> {
        let column = |name: &str| match name {
            ID => Some(KeyColumn::Id),
            name => self.named.iter().position(|(_, known)| *known == name).map(KeyColumn::Named),
        };
        let columns: Option<Vec<_>> = index.columns.split(", ").map(column).collect();
        let (Some(columns), None) = (columns, index.condition) else { return Ok(None) };
        // Null comes before all texts.
        let rank = |number: u32| names.get(number as usize).map_or(0, |rank| u64::from(*rank) + 1);
        let compare = |one: u32, other: u32| {
            columns.iter().fold(Ordering::Equal, |order, column| {
                order.then_with(|| match column {
                    KeyColumn::Id => self.ids.get(one).cmp(self.ids.get(other)),
                    KeyColumn::Named(at) => rank(self.number(one, *at)).cmp(&rank(self.number(other, *at))),
                })
            })
        };
        let mut order: Vec<u32> = (0..self.ids.len()).collect();
        // Often they are in order, which this finds at once.
        order.sort_unstable_by(|one, other| compare(*one, *other).then(one.cmp(other)));
        if index.unique && order.windows(2).any(|pair| compare(pair[0], pair[1]).is_eq()) {
            return Ok(None);
        }
        let mut filling = Filling::new(pages);
        let mut values = vec![ValueRef::Null; columns.len()];
        for row in order {
            for (value, column) in values.iter_mut().zip(&columns) {
                *value = match column {
                    KeyColumn::Id => ValueRef::Text(self.ids.get(row)),
                    KeyColumn::Named(at) => match self.number(row, *at) {
                        NULL => ValueRef::Null,
                        name => ValueRef::Text(self.names.get(name)),
                    },
                };
            }
            filling.push(&values, row)?;
        }
        filling.finish(root).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::SYNC_RUNS;

    #[test]
    fn a_table_without_ids_is_not_loaded() {
        assert!(Keys::new(&SYNC_RUNS).is_err());
        assert!(Keys::new(&RESOURCES).is_ok_and(|keys| keys.id == 1));
    }
}
