//! The properties of a table.

use std::collections::BTreeMap;

use crate::error::{Result, corrupt};
use crate::input::Input;

const WHAT: &str = "table properties";

pub(crate) const COMPARER: &str = "rocksdb.comparator";
pub(crate) const MERGER: &str = "rocksdb.merge.operator";
pub(crate) const INDEX_TYPE: &str = "rocksdb.block.based.table.index.type";
pub(crate) const NUM_DATA_BLOCKS: &str = "rocksdb.num.data.blocks";
pub(crate) const NUM_ENTRIES: &str = "rocksdb.num.entries";
pub(crate) const NUM_DELETIONS: &str = "rocksdb.deleted.keys";
pub(crate) const NUM_RANGE_DELETIONS: &str = "rocksdb.num.range-deletions";
pub(crate) const DATA_SIZE: &str = "rocksdb.data.size";
pub(crate) const INDEX_SIZE: &str = "rocksdb.index.size";
pub(crate) const RAW_KEY_SIZE: &str = "rocksdb.raw.key.size";
pub(crate) const RAW_VALUE_SIZE: &str = "rocksdb.raw.value.size";

/// What a table says about itself: names and encoded values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Properties {
    entries: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Properties {
    pub(crate) fn insert(&mut self, name: &[u8], value: &[u8]) {
        self.entries.insert(name.to_vec(), value.to_vec());
    }

    /// The encoded value of a property.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.entries.get(name.as_bytes()).map(Vec::as_slice)
    }

    /// All properties in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.entries.iter().map(|(name, value)| (name.as_slice(), value.as_slice()))
    }

    fn number(&self, name: &str) -> Result<Option<u64>> {
        self.get(name).map(|value| Input::new(WHAT, value).uvarint()).transpose()
    }

    /// Name of the order of the keys, if it is recorded.
    #[must_use]
    pub fn comparer(&self) -> Option<&[u8]> {
        self.get(COMPARER)
    }

    /// Entries of the table, if they were counted.
    ///
    /// # Errors
    ///
    /// Fails if the property is malformed.
    pub fn num_entries(&self) -> Result<Option<u64>> {
        self.number(NUM_ENTRIES)
    }

    /// Blocks of rows, if they were counted.
    ///
    /// # Errors
    ///
    /// Fails if the property is malformed.
    pub fn num_data_blocks(&self) -> Result<Option<u64>> {
        self.number(NUM_DATA_BLOCKS)
    }

    /// Range deletions, if they were counted.
    ///
    /// # Errors
    ///
    /// Fails if the property is malformed.
    pub fn num_range_deletions(&self) -> Result<Option<u64>> {
        self.number(NUM_RANGE_DELETIONS)
    }

    /// Whether the index has two levels. Without the property it has one.
    pub(crate) fn has_two_level_index(&self) -> Result<bool> {
        let Some(value) = self.get(INDEX_TYPE) else { return Ok(false) };
        match Input::new(WHAT, value).u32()? {
            0 => Ok(false),
            2 => Ok(true),
            _ => Err(corrupt(WHAT, 0, "names an unknown type of index")),
        }
    }
}
