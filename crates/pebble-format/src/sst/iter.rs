//! Iteration over the rows of a table.

use std::ops::Bound;
use std::sync::Arc;
use std::vec;

use bytes::Bytes;

use crate::error::{Result, corrupt};
use crate::key::Trailer;
use crate::limits::Budget;
use crate::sst::data::DataCursor;
use crate::sst::layout::{IndexEntry, Layout};

/// An entry of a table: one version of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The user key.
    pub key: Vec<u8>,
    /// Sequence number and kind.
    pub trailer: Trailer,
    /// The value; empty for a deletion.
    pub value: Bytes,
}

/// Which part of a table is read, and as what.
#[derive(Clone, Debug)]
pub(crate) struct View {
    /// The least user key.
    pub(crate) lower: Bound<Vec<u8>>,
    /// The greatest user key.
    pub(crate) upper: Bound<Vec<u8>>,
    /// The sequence number of all rows, if it is not the stored one.
    pub(crate) sequence: Option<u64>,
}

impl Default for View {
    fn default() -> Self {
        Self { lower: Bound::Unbounded, upper: Bound::Unbounded, sequence: None }
    }
}

impl View {
    fn is_below(&self, key: &[u8]) -> bool {
        match &self.lower {
            Bound::Included(lower) => key < lower.as_slice(),
            Bound::Excluded(lower) => key <= lower.as_slice(),
            Bound::Unbounded => false,
        }
    }

    fn is_above(&self, key: &[u8]) -> bool {
        match &self.upper {
            Bound::Included(upper) => key > upper.as_slice(),
            Bound::Excluded(upper) => key >= upper.as_slice(),
            Bound::Unbounded => false,
        }
    }
}

/// The entries of a table in order: user keys ascending, versions of a key from the newest to the oldest.
///
/// Stops after the first error. Rows out of order are an error.
#[derive(Debug)]
pub struct Iter {
    layout: Arc<Layout>,
    budget: Budget,
    view: View,
    /// Index blocks still to be read.
    partitions: vec::IntoIter<IndexEntry>,
    /// Data blocks still to be read.
    blocks: vec::IntoIter<IndexEntry>,
    data: Option<DataCursor>,
    /// Offset behind the last data block.
    read_to: u64,
    last: Option<(Vec<u8>, u64)>,
    started: bool,
    finished: bool,
}

impl Iter {
    pub(crate) fn new(layout: Arc<Layout>, budget: Budget, view: View) -> Self {
        Self {
            layout,
            budget,
            view,
            partitions: Vec::new().into_iter(),
            blocks: Vec::new().into_iter(),
            data: None,
            read_to: 0,
            last: None,
            started: false,
            finished: false,
        }
    }

    fn start(&mut self) -> Result<()> {
        self.started = true;
        let top = self.layout.top_index(&self.budget)?.into_iter();
        if self.layout.two_level {
            self.partitions = top;
        } else {
            self.blocks = top;
        }
        Ok(())
    }

    /// Opens the next data block that may have rows of the view; false behind the last one.
    fn open_block(&mut self) -> Result<bool> {
        loop {
            for entry in self.blocks.by_ref() {
                // Blocks lie in the order of their keys; an index that names one twice would be read for ever.
                if entry.handle.offset < self.read_to {
                    return Err(corrupt("index block", 0, "names blocks out of order"));
                }
                let end = entry.handle.end();
                self.read_to = end.ok_or_else(|| corrupt("index block", 0, "names a block outside the file"))?;
                if self.view.is_below(&entry.separator) {
                    continue;
                }
                let mut data = self.layout.data(entry.handle, &self.budget)?;
                if self.last.is_none()
                    && let Bound::Included(lower) | Bound::Excluded(lower) = &self.view.lower
                {
                    data.seek(lower)?;
                }
                self.data = Some(data);
                return Ok(true);
            }
            let Some(partition) = self.partitions.next() else { return Ok(false) };
            if !self.view.is_below(&partition.separator) {
                self.blocks = self.layout.index(partition.handle, &self.budget)?.into_iter();
            }
        }
    }

    fn advance(&mut self) -> Result<Option<Entry>> {
        if !self.started {
            self.start()?;
        }
        loop {
            let Some(data) = &mut self.data else {
                if self.open_block()? {
                    continue;
                }
                return Ok(None);
            };
            if !data.advance()? {
                self.data = None;
                continue;
            }
            let (key, trailer) = data.key()?;
            if let Some((last, raw)) = &self.last
                && (last.as_slice(), u64::MAX - raw) >= (key, u64::MAX - trailer.raw())
            {
                return Err(corrupt("data block", 0, "has rows that are not in order"));
            }
            if self.view.is_above(key) {
                return Ok(None);
            }
            let key = key.to_vec();
            self.last = Some((key.clone(), trailer.raw()));
            self.budget.charge(key.len())?;
            if self.view.is_below(&key) {
                continue;
            }
            let value = data.value(trailer.kind)?;
            let sequence = self.view.sequence.unwrap_or(trailer.sequence);
            return Ok(Some(Entry { key, trailer: Trailer { sequence, ..trailer }, value }));
        }
    }
}

impl Iterator for Iter {
    type Item = Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.finished {
            return None;
        }
        let next = self.advance().transpose();
        self.finished = !matches!(next, Some(Ok(_)));
        next
    }
}
