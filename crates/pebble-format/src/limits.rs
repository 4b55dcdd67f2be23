//! Limits on what a file may make the reader do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, Result};

/// Limits on sizes and counts.
///
/// A small file can describe a large database: blocks are compressed, and keys share prefixes. For files made by others,
/// set the limits to what the caller is prepared to spend. The defaults suit trusted files of several gigabytes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of one block after decompression, and of one record of a log or manifest. 256 MiB by default.
    pub block: u64,
    /// Bytes that one pass over a table or database may produce: decompressed blocks, keys and values together. 64 GiB by
    /// default.
    pub total: u64,
    /// Live tables of a database. 100,000 by default.
    pub tables: u64,
    /// Range deletions of a database. 1,000,000 by default.
    pub range_deletions: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { block: 256 << 20, total: 64 << 30, tables: 100_000, range_deletions: 1_000_000 }
    }
}

impl Limits {
    /// Sets the limit of one block or record, in bytes.
    #[must_use]
    pub fn with_block(mut self, bytes: u64) -> Self {
        self.block = bytes;
        self
    }

    /// Sets the limit of one pass, in bytes.
    #[must_use]
    pub fn with_total(mut self, bytes: u64) -> Self {
        self.total = bytes;
        self
    }

    /// Sets the limit of live tables.
    #[must_use]
    pub fn with_tables(mut self, count: u64) -> Self {
        self.tables = count;
        self
    }

    /// Sets the limit of range deletions.
    #[must_use]
    pub fn with_range_deletions(mut self, count: u64) -> Self {
        self.range_deletions = count;
        self
    }
}

/// What is left of the limits of one pass. Clones share what is left.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    block: u64,
    total: u64,
    spent: Arc<AtomicU64>,
}

impl Budget {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { block: limits.block, total: limits.total, spent: Arc::default() }
    }

    /// Largest block that may be decompressed.
    pub(crate) fn check_block(&self, what: &'static str, size: u64) -> Result<()> {
        check(what, size, self.block)
    }

    /// Books `bytes` that are about to be produced.
    pub(crate) fn charge(&self, bytes: usize) -> Result<()> {
        let bytes = bytes as u64;
        let before = self.spent.fetch_add(bytes, Ordering::Relaxed);
        check("the decoded size in bytes", before.saturating_add(bytes), self.total)
    }
}

/// Fails if `size` is above `limit`.
pub(crate) fn check(what: &'static str, size: u64, limit: u64) -> Result<()> {
    if size > limit { Err(Error::Limit { what, size, limit }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_what_is_left() {
        let budget = Budget::new(&Limits::default().with_total(10));
        let clone = budget.clone();
        assert!(budget.charge(6).is_ok());
        assert!(clone.charge(4).is_ok());
        assert!(matches!(budget.charge(1), Err(Error::Limit { size: 11, limit: 10, .. })));
    }
}
