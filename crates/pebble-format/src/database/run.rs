//! A run: tables whose keys do not overlap, read one after another.

use std::ops::Bound;

use crate::error::{Result, corrupt};
use crate::key::{Kind, MAX_SEQUENCE, Trailer};
use crate::limits::Budget;
use crate::manifest::edit::NewTable;
use crate::sst::iter::{Entry, Iter, View};
use crate::sst::layout::RangeDeletion;
use crate::sst::table::Table;

/// A live table with its place in the database.
#[derive(Clone, Debug)]
pub(crate) struct LiveTable {
    /// Name of the file that holds the rows.
    pub(crate) name: String,
    pub(crate) table: Table,
    pub(crate) meta: NewTable,
}

impl LiveTable {
    /// The upper bound of the user keys. A table may end just before its largest key.
    fn upper(&self) -> Bound<Vec<u8>> {
        let (key, raw) = &self.meta.largest;
        let before = Trailer { sequence: MAX_SEQUENCE, kind: Kind::RangeDelete };
        if *raw == before.raw() { Bound::Excluded(key.clone()) } else { Bound::Included(key.clone()) }
    }

    /// The sequence number of all rows, if it is not the stored one: a table that was ingested has one number.
    fn sequence(&self) -> Option<u64> {
        let (smallest, largest) = (self.meta.smallest_sequence, self.meta.largest_sequence);
        (smallest == largest && smallest > 0).then_some(smallest)
    }

    /// The part of the table that belongs to the database. The rest of a shared file belongs to other tables, or to
    /// none.
    fn view(&self) -> View {
        let mut view = View { sequence: self.sequence(), ..View::default() };
        if self.meta.backing.is_some() {
            view.lower = Bound::Included(self.meta.smallest.0.clone());
            view.upper = self.upper();
        }
        view
    }

    /// The entries from `lower` on.
    fn entries(&self, lower: &Bound<Vec<u8>>, budget: &Budget) -> Iter {
        let mut view = self.view();
        let raise = match (&view.lower, lower) {
            (Bound::Unbounded, _) => true,
            (Bound::Included(table) | Bound::Excluded(table), Bound::Included(from)) => from > table,
            (Bound::Included(table) | Bound::Excluded(table), Bound::Excluded(from)) => from >= table,
            (_, Bound::Unbounded) => false,
        };
        if raise {
            view.lower = lower.clone();
        }
        self.table.view(budget.clone(), view)
    }

    /// The range deletions, clipped to the part of the table that belongs to the database.
    pub(crate) fn range_deletions(&self, budget: &Budget) -> Result<Vec<RangeDeletion>> {
        let mut deletions = self.table.range_deletions_within(budget).map_err(|error| error.in_file(&self.name))?;
        for deletion in &mut deletions {
            deletion.sequence = self.sequence().unwrap_or(deletion.sequence);
            if self.meta.backing.is_none() {
                continue;
            }
            if deletion.start < self.meta.smallest.0 {
                deletion.start = self.meta.smallest.0.clone().into();
            }
            let end = match self.upper() {
                Bound::Excluded(end) => end,
                // The first key above the largest one.
                Bound::Included(mut end) => {
                    end.push(0);
                    end
                }
                Bound::Unbounded => continue,
            };
            if deletion.end > end {
                deletion.end = end.into();
            }
        }
        deletions.retain(|deletion| deletion.start < deletion.end);
        Ok(deletions)
    }

    /// Whether all keys are below `lower`.
    fn is_below(&self, lower: &Bound<Vec<u8>>) -> bool {
        match lower {
            Bound::Included(from) => self.meta.largest.0 < *from,
            Bound::Excluded(from) => self.meta.largest.0 <= *from,
            Bound::Unbounded => false,
        }
    }
}

/// The entries of a run in order.
#[derive(Debug)]
pub(crate) struct RunIter<'a> {
    tables: std::slice::Iter<'a, LiveTable>,
    current: Option<(&'a LiveTable, Iter)>,
    lower: Bound<Vec<u8>>,
    budget: Budget,
    last: Option<(Vec<u8>, u64)>,
}

impl<'a> RunIter<'a> {
    /// `tables` are sorted by their keys.
    pub(crate) fn new(tables: &'a [LiveTable], lower: Bound<Vec<u8>>, budget: Budget) -> Self {
        let below = tables.partition_point(|table| table.is_below(&lower));
        let tables = tables.get(below..).unwrap_or_default().iter();
        Self { tables, current: None, lower, budget, last: None }
    }

    /// The next entry.
    pub(crate) fn advance(&mut self) -> Result<Option<Entry>> {
        loop {
            let Some((table, entries)) = &mut self.current else {
                let Some(table) = self.tables.next() else { return Ok(None) };
                self.current = Some((table, table.entries(&self.lower, &self.budget)));
                continue;
            };
            let Some(entry) = entries.next() else {
                self.current = None;
                continue;
            };
            let entry = entry.map_err(|error| error.in_file(&table.name))?;
            let here = (entry.key.as_slice(), u64::MAX - entry.trailer.raw());
            if self.last.as_ref().is_some_and(|(key, raw)| (key.as_slice(), u64::MAX - raw) > here) {
                return Err(corrupt("table", 0, "has keys of the table before it").in_file(&table.name));
            }
            self.last = Some((entry.key.clone(), entry.trailer.raw()));
            return Ok(Some(entry));
        }
    }
}
