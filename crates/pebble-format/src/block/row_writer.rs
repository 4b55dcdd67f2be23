//! Writes blocks of rows.

use crate::input::put_uvarint;

/// Collects the rows of a block.
#[derive(Debug)]
pub(crate) struct RowWriter {
    interval: usize,
    rows: Vec<u8>,
    restarts: Vec<u32>,
    since_restart: usize,
    last_key: Vec<u8>,
}

impl RowWriter {
    /// A block in which every `interval`th key is stored whole.
    pub(crate) fn new(interval: usize) -> Self {
        Self { interval, rows: Vec::new(), restarts: Vec::new(), since_restart: 0, last_key: Vec::new() }
    }

    /// Appends a row.
    pub(crate) fn add(&mut self, key: &[u8], value: &[u8]) {
        let mut shared = 0;
        if self.restarts.is_empty() || self.since_restart >= self.interval {
            // A block is cut long before 4 GiB: the table writer limits a row and the block.
            self.restarts.push(u32::try_from(self.rows.len()).unwrap_or(u32::MAX));
            self.since_restart = 0;
        } else {
            shared = self.last_key.iter().zip(key).take_while(|(old, new)| old == new).count();
        }
        let (_, suffix) = key.split_at(shared);
        put_uvarint(&mut self.rows, shared as u64);
        put_uvarint(&mut self.rows, suffix.len() as u64);
        put_uvarint(&mut self.rows, value.len() as u64);
        self.rows.extend_from_slice(suffix);
        self.rows.extend_from_slice(value);
        self.since_restart = self.since_restart.saturating_add(1);
        self.last_key.clear();
        self.last_key.extend_from_slice(key);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.restarts.is_empty()
    }

    /// Bytes of the rows so far.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns the block, and starts the next one.
    pub(crate) fn finish(&mut self) -> Vec<u8> {
        if self.restarts.is_empty() {
            self.restarts.push(0);
        }
        let mut block = std::mem::take(&mut self.rows);
        let count = u32::try_from(self.restarts.len()).unwrap_or(u32::MAX);
        for restart in self.restarts.drain(..).chain([count]) {
            block.extend_from_slice(&restart.to_le_bytes());
        }
        self.since_restart = 0;
        self.last_key.clear();
        block
    }
}
