//! The trees of the indexes, each filled in the order of its keys.

use std::ops::Range;

use rusqlite::types::ValueRef;

use crate::error::Error;
use crate::schema::Index;

use super::pages::{Kind, PageNumber, Pages, local_part};
use super::ranks::{Principals, ranks, ranks_before_colon};
use super::record::{integer_len, record, serial_type};
use super::rows::{Rows, Run, TOGETHER};
use super::texts::TextList;
use super::tree::{IndexTree, Root};

/// The orders that the indexes are in.
pub(crate) struct Orders {
    /// Their principals, which they name by number, are in `principals`.
    rows: Rows,
    /// The places of names.
    names: Vec<u32>,
    /// In their order: whatever goes through them goes through memory from its beginning to its end.
    principals: TextList,
    /// Their order where types are followed by a colon, if that is another one.
    before_colon: Option<Principals>,
    /// The places of entitlements that are followed by a colon, by name.
    entitlements: Vec<u32>,
}

impl Orders {
    /// `None` if ids of grants are not in the order of what they are made of, or if there is too much of something.
    pub(crate) fn from_rows(mut rows: Rows) -> Option<Self> {
        rows.look_up()?;
        let names = ranks(&rows.names);
        let types: Vec<&[u8]> = rows.types.iter().map(|of| rows.names.get(*of)).collect();
        let by_text = |of: &u32| names[*of as usize];
        let type_ranks: Vec<u32> = rows.types.iter().map(by_text).collect();
        let colon_ranks = ranks_before_colon(&types)?;
        let is_same = (0..types.len()).all(|one| {
            (0..one).all(|other| (type_ranks[one] < type_ranks[other]) == (colon_ranks[one] < colon_ranks[other]))
        });
        let mut known: Vec<u32> = rows.runs.iter().map(|run| run.entitlement).collect();
        known.sort_unstable();
        known.dedup();
        let texts: Vec<&[u8]> = known.iter().map(|name| rows.names.get(*name)).collect();
        let mut entitlements = vec![0; names.len()];
        for (name, rank) in known.iter().zip(ranks_before_colon(&texts)?) {
            entitlements[*name as usize] = rank;
        }
        let principals = std::mem::take(&mut rows.principals).into_list();
        let order = Principals::new(&principals, &type_ranks);
        rows.of_rows.change(|principal| order.rank[principal as usize]);
        let principals = principals.in_order(&order.at);
        drop(order);
        let before_colon = (!is_same).then(|| Principals::new(&principals, &colon_ranks));
        Some(Self { rows, names, principals, before_colon, entitlements })
    }

    /// Type and id of a principal, as it stands in `principals`.
    fn type_and_id<'a>(&'a self, principal: &'a [u8]) -> (&'a [u8], &'a [u8]) {
        let (place, id) = principal.split_at(1);
        (self.rows.names.get(self.rows.types[usize::from(place[0])]), id)
    }

    /// Fills the tree of an index; `None` if it is to be unique and is not, or is none that is known here.
    pub(crate) fn build(&self, index: &Index, root: PageNumber, pages: &mut Pages) -> Result<Option<Root>, Error> {
        let mut filling = Filling::new(pages);
        match (index.columns, index.condition) {
            ("external_id, sync_id", None) => {
                if !self.by_id(&mut filling)? {
                    return Ok(None);
                }
            }
            ("resource_type_id, resource_id", None) => self.by_resource(&mut filling)?,
            ("principal_resource_type_id, principal_resource_id", None) => self.by_principal(&mut filling)?,
            ("entitlement_id, principal_resource_type_id, principal_resource_id", None) => {
                self.by_holder(&mut filling)?;
            }
            ("entitlement_id, sync_id, id", None) => self.by_entitlement(&mut filling)?,
            ("sync_id", Some("expansion is not null")) => self.by_sync(&self.rows.expanding, &mut filling)?,
            ("sync_id", Some("needs_expansion = 1")) => self.by_sync(&self.rows.needing, &mut filling)?,
            _ => return Ok(None),
        }
        filling.finish(root).map(Some)
    }

    /// Ids and syncs. The id is made of entitlement, type and id of the principal. `false` if two rows have the same.
    fn by_id(&self, filling: &mut Filling<'_>) -> Result<bool, Error> {
        let order = self.before_colon.as_ref();
        let mut id = Vec::new();
        let mut syncs = Vec::new();
        for (entitlement, runs) in self.entitlements(&self.entitlements) {
            id.clear();
            id.extend_from_slice(self.rows.names.get(entitlement));
            id.push(b':');
            let stem = id.len();
            let mut unique = true;
            self.for_each_holder(&runs, order, |of, own, same| {
                id.truncate(stem);
                id.extend_from_slice(of);
                id.push(b':');
                id.extend_from_slice(own);
                syncs.clear();
                syncs.extend(same.iter().map(|(_, row)| (self.sync_of(*row, &runs), *row)));
                syncs.sort_unstable_by_key(|(sync, _)| self.names[*sync as usize]);
                unique &= syncs.windows(2).all(|pair| pair[0].0 != pair[1].0);
                for (sync, row) in &syncs {
                    filling.push(&[text(&id), text(self.rows.names.get(*sync))], *row)?;
                }
                Ok(())
            })?;
            if !unique {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Entitlements and principals.
    fn by_holder(&self, filling: &mut Filling<'_>) -> Result<(), Error> {
        for (entitlement, runs) in self.entitlements(&self.names) {
            let entitlement = text(self.rows.names.get(entitlement));
            self.for_each_holder(&runs, None, |of, id, same| {
                same.iter().try_for_each(|(_, row)| filling.push(&[entitlement, text(of), text(id)], *row))
            })?;
        }
        Ok(())
    }

    /// Principals.
    fn by_principal(&self, filling: &mut Filling<'_>) -> Result<(), Error> {
        // First how many rows come before each principal's, then where its next row goes.
        let mut places = vec![0_u32; self.principals.len() as usize + 1];
        for principal in self.rows.of_rows.iter() {
            places[principal as usize + 1] += 1;
        }
        for place in 1..places.len() {
            places[place] += places[place - 1];
        }
        let mut rows = vec![0_u32; self.rows.of_rows.len() as usize];
        for (row, principal) in (0..).zip(self.rows.of_rows.iter()) {
            let place = &mut places[principal as usize];
            rows[*place as usize] = row;
            *place += 1;
        }
        let mut from = 0;
        for (principal, end) in (0..self.principals.len()).zip(places) {
            let (of, id) = self.type_and_id(self.principals.get(principal));
            for row in &rows[from..end as usize] {
                filling.push(&[text(of), text(id)], *row)?;
            }
            from = end as usize;
        }
        Ok(())
    }

    /// Resources.
    fn by_resource(&self, filling: &mut Filling<'_>) -> Result<(), Error> {
        for run in self.runs(|run| (self.names[run.resource_type as usize], self.names[run.resource as usize])) {
            let Run { resource_type, resource, .. } = self.rows.runs[run as usize];
            let key = [text(self.rows.names.get(resource_type)), text(self.rows.names.get(resource))];
            for row in self.rows.rows_of(run as usize) {
                filling.push(&key, row)?;
            }
        }
        Ok(())
    }

    /// Entitlements and syncs, and the row, which is a column of that index too.
    fn by_entitlement(&self, filling: &mut Filling<'_>) -> Result<(), Error> {
        for run in self.runs(|run| (self.names[run.entitlement as usize], self.names[run.sync as usize])) {
            let Run { entitlement, sync, .. } = self.rows.runs[run as usize];
            let (entitlement, sync) = (text(self.rows.names.get(entitlement)), text(self.rows.names.get(sync)));
            for row in self.rows.rows_of(run as usize) {
                filling.push(&[entitlement, sync, row_id(row)], row)?;
            }
        }
        Ok(())
    }

    /// Syncs of some rows.
    fn by_sync(&self, some: &[u32], filling: &mut Filling<'_>) -> Result<(), Error> {
        let mut rows: Vec<_> = some.iter().map(|row| (self.rows.run_of(*row).sync, *row)).collect();
        rows.sort_unstable_by_key(|(sync, row)| (self.names[*sync as usize], *row));
        for (sync, row) in rows {
            filling.push(&[text(self.rows.names.get(sync))], row)?;
        }
        Ok(())
    }

    /// The runs in the order of a key, those of the same key in their own.
    fn runs<K: Ord>(&self, key: impl Fn(&Run) -> K) -> Vec<u32> {
        let mut runs: Vec<u32> = (0..self.rows.runs.len() as u32).collect();
        runs.sort_by_cached_key(|run| (key(&self.rows.runs[*run as usize]), *run));
        runs
    }

    /// The entitlements in the order of `ranks`, each with its runs.
    fn entitlements(&self, ranks: &[u32]) -> impl Iterator<Item = (u32, Vec<u32>)> {
        let runs = self.runs(|run| ranks[run.entitlement as usize]);
        let of = |run: u32| self.rows.runs[run as usize].entitlement;
        let mut from = 0;
        std::iter::from_fn(move || {
            let entitlement = of(*runs.get(from)?);
            let count = runs[from..].iter().take_while(|run| of(**run) == entitlement).count();
            from += count;
            Some((entitlement, runs[from - count..from].to_vec()))
        })
    }

    /// Calls `each` for the principals in the rows of these runs, in `order` or else in the usual one, with type, id, and the
    /// principal's place and the row for each of its rows.
    fn for_each_holder(
        &self,
        runs: &[u32],
        order: Option<&Principals>,
        mut each: impl FnMut(&[u8], &[u8], &[(u32, u32)]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let holders = self.holders(runs, order);
        let (mut rest, mut near) = (&holders[..], TextList::default());
        while !rest.is_empty() {
            let mut end = rest.len().min(TOGETHER as usize);
            // All rows of a principal together.
            while end < rest.len() && rest[end].0 == rest[end - 1].0 {
                end += 1;
            }
            let (some, others) = rest.split_at(end);
            let principals = some.iter().map(|(place, _)| order.map_or(*place, |order| order.at[*place as usize]));
            near.take_from(&self.principals, principals);
            let mut first = 0;
            for same in some.chunk_by(|one, other| one.0 == other.0) {
                let (of, id) = self.type_and_id(near.get(first));
                each(of, id, same)?;
                first += same.len() as u32;
            }
            rest = others;
        }
        Ok(())
    }

    /// The rows of these runs with the places of their principals in `order`, or else among all, and in that order.
    fn holders(&self, runs: &[u32], order: Option<&Principals>) -> Vec<(u32, u32)> {
        let rows = |run: &u32| -> Range<u32> { self.rows.rows_of(*run as usize) };
        let place = |row: u32| {
            let principal = self.rows.of_rows.get(row);
            order.map_or(principal, |order| order.rank[principal as usize])
        };
        let mut keys: Vec<(u32, u32)> = runs.iter().flat_map(rows).map(|row| (place(row), row)).collect();
        // Often they are in order, which this finds at once.
        keys.sort_unstable();
        keys
    }

    /// The sync of a row that is in one of these runs.
    fn sync_of(&self, row: u32, runs: &[u32]) -> u32 {
        let run = |number: &u32| &self.rows.runs[*number as usize];
        let begun = runs.partition_point(|number| run(number).first <= row);
        run(&runs[begun - 1]).sync
    }
}

/// A tree that is being filled.
pub(super) struct Filling<'a> {
    pages: &'a mut Pages,
    tree: IndexTree,
    record: Vec<u8>,
}

impl<'a> Filling<'a> {
    pub(super) fn new(pages: &'a mut Pages) -> Self {
        Self { tree: IndexTree::new(pages.size()), pages, record: Vec::new() }
    }

    /// Adds the next key, and the row that it belongs to.
    pub(super) fn push(&mut self, columns: &[ValueRef<'_>], row: u32) -> Result<(), Error> {
        let mut values = [ValueRef::Null; MOST_COLUMNS];
        values[..columns.len()].copy_from_slice(columns);
        values[columns.len()] = row_id(row);
        let values = &values[..=columns.len()];
        let mut cell = ShortCell::default();
        if let Some(parts) = cell.encode(values, row, self.pages.size()) {
            return self.tree.push_cell(self.pages, parts);
        }
        self.record.clear();
        record(&mut self.record, values);
        self.tree.push(self.pages, &self.record)
    }

    pub(super) fn finish(self, root: PageNumber) -> Result<Root, Error> {
        self.tree.finish(self.pages, root)
    }
}

/// Columns of an index, the row id among them.
const MOST_COLUMNS: usize = 5;

/// A cell of an index whose texts are short, as nearly all are: its parts stand where they come from, so that each is copied
/// once.
#[derive(Default)]
struct ShortCell<'a> {
    /// Length of the record, in two bytes at most; length of its header; types of its columns.
    head: [u8; 3 + MOST_COLUMNS],
    row: [u8; 8],
    parts: [&'a [u8]; 1 + MOST_COLUMNS],
}

impl<'a> ShortCell<'a> {
    /// The parts of the cell of a key that ends with `row`; `None` if something in it is not short.
    fn encode(&'a mut self, values: &[ValueRef<'a>], row: u32, page_size: usize) -> Option<&'a [&'a [u8]]> {
        let number = i64::from(row) + 1;
        let row_bytes = 8 - integer_len(number);
        self.row = number.to_be_bytes();
        let Self { head, row, parts } = self;
        let row = &row[row_bytes..];
        let header = 1 + values.len();
        let mut length = header;
        for ((value, of), part) in values.iter().zip(&mut head[3..]).zip(&mut parts[1..]) {
            *of = u8::try_from(serial_type(*value)).ok().filter(|of| *of < 0x80)?;
            *part = match *value {
                ValueRef::Text(text) => text,
                ValueRef::Null => &[],
                // Where there is another number, it is the same.
                ValueRef::Integer(other) if other == number => row,
                _ => return None,
            };
            length += part.len();
        }
        if local_part(page_size, length, Kind::IndexLeaf) != length {
            return None;
        }
        head[2] = header as u8;
        let from = match length {
            0..=0x7F => {
                head[1] = length as u8;
                1
            }
            _ => {
                (head[0], head[1]) = ((length >> 7) as u8 | 0x80, length as u8 & 0x7F);
                0
            }
        };
        parts[0] = &head[from..3 + values.len()];
        Some(&parts[..=values.len()])
    }
}

fn text(bytes: &[u8]) -> ValueRef<'_> {
    ValueRef::Text(bytes)
}

/// Row ids begin with 1.
fn row_id(row: u32) -> ValueRef<'static> {
    ValueRef::Integer(i64::from(row) + 1)
}
