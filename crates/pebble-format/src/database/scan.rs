//! Merges tables and logs: the live keys of a database in order.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::ops::Bound;

use bytes::Bytes;

use crate::database::deletions::Sweep;
use crate::database::logs::MemoryEntry;
use crate::database::run::RunIter;
use crate::error::{Result, corrupt};
use crate::key::Kind;
use crate::sst::iter::Entry;

/// Entries in order.
#[derive(Debug)]
pub(crate) enum Source<'a> {
    Memory(std::slice::Iter<'a, MemoryEntry>),
    Run(Box<RunIter<'a>>),
}

impl Source<'_> {
    fn advance(&mut self) -> Result<Option<Entry>> {
        match self {
            Self::Memory(entries) => Ok(entries.next().map(|entry| Entry {
                key: entry.key.to_vec(),
                trailer: entry.trailer,
                value: entry.value.clone(),
            })),
            Self::Run(run) => run.advance(),
        }
    }
}

/// The next entry of a source.
#[derive(Debug)]
struct Head {
    entry: Entry,
    source: usize,
}

impl Ord for Head {
    /// The greatest is the one to be read next: the least key, and of that the newest entry.
    fn cmp(&self, other: &Self) -> Ordering {
        let by_key = other.entry.key.cmp(&self.entry.key);
        let by_age = self.entry.trailer.raw().cmp(&other.entry.trailer.raw());
        by_key.then(by_age).then(other.source.cmp(&self.source))
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Head {}

/// The live keys of a database and their values, in ascending order of the keys.
///
/// Stops after the first error.
#[derive(Debug)]
pub struct Scan<'a> {
    sources: Vec<Source<'a>>,
    heads: BinaryHeap<Head>,
    deletions: Sweep<'a>,
    upper: Bound<Vec<u8>>,
    last: Option<Vec<u8>>,
    started: bool,
    finished: bool,
}

impl<'a> Scan<'a> {
    /// `sources` go from the newest to the oldest.
    pub(crate) fn new(sources: Vec<Source<'a>>, deletions: Sweep<'a>, upper: Bound<Vec<u8>>) -> Self {
        Self { sources, heads: BinaryHeap::new(), deletions, upper, last: None, started: false, finished: false }
    }

    fn refill(&mut self, source: usize) -> Result<()> {
        let Some(entries) = self.sources.get_mut(source) else { return Ok(()) };
        if let Some(entry) = entries.advance()? {
            if entry.trailer.kind == Kind::RangeDelete {
                return Err(corrupt("table", 0, "has a range deletion among its rows"));
            }
            self.heads.push(Head { entry, source });
        }
        Ok(())
    }

    fn is_above(&self, key: &[u8]) -> bool {
        match &self.upper {
            Bound::Included(upper) => key > upper.as_slice(),
            Bound::Excluded(upper) => key >= upper.as_slice(),
            Bound::Unbounded => false,
        }
    }

    fn advance(&mut self) -> Result<Option<(Vec<u8>, Bytes)>> {
        if !self.started {
            self.started = true;
            for source in 0..self.sources.len() {
                self.refill(source)?;
            }
        }
        while let Some(Head { entry, source }) = self.heads.pop() {
            if self.is_above(&entry.key) {
                return Ok(None);
            }
            self.refill(source)?;
            if self.last.as_ref() == Some(&entry.key) {
                // An older entry of a key that is decided.
                continue;
            }
            self.last = Some(entry.key.clone());
            let deleted = self.deletions.newest_over(&entry.key);
            // A range deletion does not delete what has its own sequence number.
            if entry.trailer.kind.is_set() && deleted.is_none_or(|deleted| deleted <= entry.trailer.sequence) {
                return Ok(Some((entry.key, entry.value)));
            }
        }
        Ok(None)
    }
}

impl Iterator for Scan<'_> {
    type Item = Result<(Vec<u8>, Bytes)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.finished {
            return None;
        }
        let next = self.advance().transpose();
        self.finished = !matches!(next, Some(Ok(_)));
        next
    }
}
