//! Where the parts of a table are.

use bytes::Bytes;

use crate::block::columnar;
use crate::block::physical::{self, Handle};
use crate::block::row::RowCursor;
use crate::error::{Error, Result, corrupt};
use crate::input::Input;
use crate::key::{self, Kind, Trailer};
use crate::limits::Budget;
use crate::sst::data::DataCursor;
use crate::sst::footer::Footer;
use crate::sst::properties::Properties;

pub(crate) const PROPERTIES: &[u8] = b"rocksdb.properties";
const RANGE_DELETIONS: &[u8] = b"rocksdb.range_del2";
/// Parts that change what the rows mean.
const UNSUPPORTED: &[&str] = &["rocksdb.range_del", "pebble.value_index", "pebble.range_key", "pebble.blob_ref_index"];

/// Deletes the keys from `start` up to, and without, `end` that have lower sequence numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeDeletion {
    /// The first key deleted.
    pub start: Bytes,
    /// The first key behind the range.
    pub end: Bytes,
    /// The sequence number of the deletion.
    pub sequence: u64,
}

/// An entry of an index: a key not below those of the block, and the block.
#[derive(Debug)]
pub(crate) struct IndexEntry {
    pub(crate) separator: Vec<u8>,
    pub(crate) handle: Handle,
}

/// A table whose footer, metaindex and properties have been read.
#[derive(Debug)]
pub(crate) struct Layout {
    file: Bytes,
    footer: Footer,
    pub(crate) properties: Properties,
    pub(crate) two_level: bool,
    range_deletions: Option<Handle>,
}

impl Layout {
    pub(crate) fn open(file: Bytes, budget: &Budget) -> Result<Self> {
        let footer = Footer::read(&file)?;
        let mut layout =
            Self { file, footer, properties: Properties::default(), two_level: false, range_deletions: None };
        let metaindex = layout.block("metaindex", footer.metaindex, budget)?;
        let mut properties = None;
        let mut range_deletions = None;
        let part = |name: &[u8], value: &[u8]| {
            if let Some(part) = UNSUPPORTED.iter().find(|part| part.as_bytes() == name) {
                return Err(Error::Unsupported { what: "a part of a table", detail: (*part).to_owned() });
            }
            let mut input = Input::new("metaindex", value);
            match name {
                PROPERTIES => properties = Some(Handle::read(&mut input)?),
                RANGE_DELETIONS => range_deletions = Some(Handle::read(&mut input)?),
                _ => {}
            }
            Ok(())
        };
        key_values(metaindex, footer.format.has_columnar_metaindex(), part)?;
        let handle = properties.ok_or_else(|| corrupt("metaindex", 0, "does not name the properties"))?;
        let block = layout.block("table properties", handle, budget)?;
        let mut properties = Properties::default();
        key_values(block, footer.format.has_columnar_properties(), |name, value| {
            budget.charge(name.len().saturating_add(value.len()))?;
            properties.insert(name, value);
            Ok(())
        })?;
        layout.two_level = properties.has_two_level_index()?;
        layout.properties = properties;
        layout.range_deletions = range_deletions;
        layout.check_attributes()?;
        Ok(layout)
    }

    /// The attributes of v7 repeat what the properties say; Pebble refuses a table in which they differ.
    fn check_attributes(&self) -> Result<()> {
        let Some(attributes) = self.footer.attributes else { return Ok(()) };
        let points = self.properties.num_data_blocks()?.unwrap_or_default() > 0;
        let range_deletions = self.properties.num_range_deletions()?.unwrap_or_default() > 0;
        let agree = attributes.has_points() == points
            && attributes.has_range_deletions() == range_deletions
            && attributes.has_two_level_index() == self.two_level;
        if agree { Ok(()) } else { Err(corrupt("table footer", 0, "has attributes that differ from the properties")) }
    }

    pub(crate) fn footer(&self) -> &Footer {
        &self.footer
    }

    fn block(&self, what: &'static str, handle: Handle, budget: &Budget) -> Result<Bytes> {
        physical::read(what, &self.file, handle, self.footer.checksum, budget)
    }

    /// The rows of a block.
    pub(crate) fn data(&self, handle: Handle, budget: &Budget) -> Result<DataCursor> {
        DataCursor::new(self.block("data block", handle, budget)?, self.footer.format)
    }

    /// The entries of an index block.
    pub(crate) fn index(&self, handle: Handle, budget: &Budget) -> Result<Vec<IndexEntry>> {
        const WHAT: &str = "index block";
        let block = self.block(WHAT, handle, budget)?;
        let mut entries: Vec<IndexEntry> = Vec::new();
        let mut size = 0_usize;
        let mut add = |separator: &[u8], handle| {
            if entries.last().is_some_and(|last| last.separator.as_slice() > separator) {
                return Err(corrupt(WHAT, 0, "is not in order"));
            }
            // Separators of rows share prefixes: what they take in memory is bounded like a block.
            size = size.saturating_add(separator.len()).saturating_add(size_of::<IndexEntry>());
            budget.check_block("the size of an index in bytes", size as u64)?;
            budget.charge(separator.len())?;
            entries.push(IndexEntry { separator: separator.to_vec(), handle });
            Ok(())
        };
        if self.footer.format.has_columnar_rows() {
            columnar::index(block, add)?;
        } else {
            let mut rows = RowCursor::new(block)?;
            while rows.advance()? {
                let (separator, _) = key::split(rows.key())?;
                add(separator, Handle::read(&mut Input::new(WHAT, &rows.value()))?)?;
            }
        }
        Ok(entries)
    }

    /// The index that the footer points to.
    pub(crate) fn top_index(&self, budget: &Budget) -> Result<Vec<IndexEntry>> {
        self.index(self.footer.index, budget)
    }

    /// Calls `each` with every range deletion.
    pub(crate) fn range_deletions(
        &self,
        budget: &Budget,
        mut each: impl FnMut(RangeDeletion) -> Result<()>,
    ) -> Result<()> {
        let Some(handle) = self.range_deletions else { return Ok(()) };
        let block = self.block("range deletions", handle, budget)?;
        let mut add = |start: Bytes, end: Bytes, trailer: Trailer| {
            if trailer.kind != Kind::RangeDelete || start >= end {
                return Err(corrupt("range deletions", 0, "have an entry that deletes no range"));
            }
            budget.charge(start.len().saturating_add(end.len()))?;
            each(RangeDeletion { start, end, sequence: trailer.sequence })
        };
        if self.footer.format.has_columnar_rows() {
            return columnar::range_deletions(block, |start, end, trailer| add(start.clone(), end.clone(), trailer));
        }
        let mut rows = RowCursor::new(block)?;
        while rows.advance()? {
            let (start, raw) = key::split(rows.key())?;
            add(Bytes::copy_from_slice(start), rows.value(), Trailer::from_raw(raw)?)?;
        }
        Ok(())
    }
}

fn key_values(block: Bytes, columnar: bool, mut each: impl FnMut(&[u8], &[u8]) -> Result<()>) -> Result<()> {
    if columnar {
        return columnar::key_values(block, each);
    }
    let mut rows = RowCursor::new(block)?;
    while rows.advance()? {
        each(rows.key(), &rows.value())?;
    }
    Ok(())
}
