//! Writes a table.

use std::io::Write;

use crate::block::physical::{self, Compression, Handle};
use crate::block::row_writer::RowWriter;
use crate::error::{Error, Result};
use crate::input::put_uvarint;
use crate::key::{self, Kind, MAX_SEQUENCE, Trailer};
use crate::limits;
use crate::options::{COMPARER, MERGER};
use crate::sst::footer::Footer;
use crate::sst::layout::PROPERTIES;
use crate::sst::properties::{self as names, Properties};

/// Bytes of key and value together that a row may have: offsets in a block have 32 bits.
const MAX_ROW: u64 = 1 << 30;
/// Rows between two keys that are stored whole.
const RESTART_INTERVAL: usize = 16;

/// How a [`Writer`] packs a table.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WriterOptions {
    /// Bytes of rows after which a block ends. 32 KiB by default.
    pub block_size: usize,
    /// The compression of the blocks. None by default.
    pub compression: Compression,
}

impl Default for WriterOptions {
    fn default() -> Self {
        Self { block_size: 32 << 10, compression: Compression::None }
    }
}

impl WriterOptions {
    /// Sets the bytes of rows after which a block ends.
    #[must_use]
    pub fn with_block_size(mut self, bytes: usize) -> Self {
        self.block_size = bytes;
        self
    }

    /// Sets the compression of the blocks.
    #[must_use]
    pub fn with_compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }
}

/// What a manifest says about a table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableSummary {
    /// Bytes of the file.
    pub size: u64,
    /// Number of entries.
    pub entries: u64,
    /// User key and trailer of the first entry.
    pub smallest: (Vec<u8>, Trailer),
    /// User key and trailer of the last entry.
    pub largest: (Vec<u8>, Trailer),
    /// The least sequence number.
    pub smallest_sequence: u64,
    /// The greatest sequence number.
    pub largest_sequence: u64,
}

/// Writes a table of sorted entries in the format Pebble v2.
///
/// Blocks are written as they fill up; memory holds one of them and the index.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    options: WriterOptions,
    offset: u64,
    data: RowWriter,
    index: RowWriter,
    buffer: Vec<u8>,
    /// The last key in the form in which it is stored.
    last: Vec<u8>,
    summary: Option<TableSummary>,
    data_blocks: u64,
    deletions: u64,
    key_bytes: u64,
    value_bytes: u64,
}

impl<W: Write> Writer<W> {
    /// Starts a table that is written to `out`.
    #[must_use]
    pub fn new(out: W, options: WriterOptions) -> Self {
        Self {
            out,
            options,
            offset: 0,
            data: RowWriter::new(RESTART_INTERVAL),
            index: RowWriter::new(1),
            buffer: Vec::new(),
            last: Vec::new(),
            summary: None,
            data_blocks: 0,
            deletions: 0,
            key_bytes: 0,
            value_bytes: 0,
        }
    }

    /// Appends a key with the sequence number 0, which is below every other: the oldest data of a database.
    ///
    /// # Errors
    ///
    /// As those of [`add`](Self::add).
    pub fn put(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        self.add(key, Trailer { sequence: 0, kind: Kind::Set }, value)
    }

    /// Appends an entry. User keys ascend; entries of one key are appended from the newest to the oldest.
    ///
    /// # Errors
    ///
    /// Fails if the entry is not above the one before it, is a range deletion or too large, or cannot be written.
    pub fn add(&mut self, key: &[u8], trailer: Trailer, value: &[u8]) -> Result<()> {
        if trailer.kind == Kind::RangeDelete {
            return Err(Error::Unsupported { what: "writing an entry", detail: "RANGEDEL".to_owned() });
        }
        limits::check("the sequence number", trailer.sequence, MAX_SEQUENCE)?;
        limits::check("the size of an entry", (key.len() as u64).saturating_add(value.len() as u64), MAX_ROW)?;
        let entries = self.summary.as_ref().map_or(0, |summary| summary.entries);
        if let Some(summary) = &self.summary {
            let (last, before) = &summary.largest;
            let above = key > last.as_slice() || (key == last && trailer.raw() < before.raw());
            if !above {
                return Err(Error::Order { index: entries });
            }
        }
        self.last.clear();
        key::put(&mut self.last, key, trailer);
        self.data.add(&self.last, value);
        let here = (key.to_vec(), trailer);
        let summary = self.summary.get_or_insert_with(|| TableSummary {
            size: 0,
            entries: 0,
            smallest: here.clone(),
            largest: here.clone(),
            smallest_sequence: trailer.sequence,
            largest_sequence: trailer.sequence,
        });
        summary.entries = summary.entries.saturating_add(1);
        summary.largest = here;
        summary.smallest_sequence = summary.smallest_sequence.min(trailer.sequence);
        summary.largest_sequence = summary.largest_sequence.max(trailer.sequence);
        self.deletions = self.deletions.saturating_add(u64::from(!trailer.kind.is_set()));
        self.key_bytes = self.key_bytes.saturating_add(self.last.len() as u64);
        self.value_bytes = self.value_bytes.saturating_add(value.len() as u64);
        if self.data.len() >= self.options.block_size { self.end_block() } else { Ok(()) }
    }

    /// Bytes written so far, without the block that is being filled, the index and the properties.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.offset
    }

    fn end_block(&mut self) -> Result<()> {
        let block = self.data.finish();
        let handle = self.write_block(&block, self.options.compression)?;
        let mut value = Vec::new();
        handle.put(&mut value);
        self.index.add(&self.last, &value);
        self.data_blocks = self.data_blocks.saturating_add(1);
        Ok(())
    }

    fn write_block(&mut self, plain: &[u8], compression: Compression) -> Result<Handle> {
        self.buffer.clear();
        let length = physical::write(&mut self.buffer, plain, compression);
        let handle = Handle { offset: self.offset, length };
        self.out.write_all(&self.buffer)?;
        self.offset = self.offset.saturating_add(self.buffer.len() as u64);
        Ok(handle)
    }

    /// Ends the table, and returns what it was written to.
    ///
    /// # Errors
    ///
    /// Fails if the table has no entries or cannot be written.
    pub fn finish(mut self) -> Result<(W, TableSummary)> {
        let mut summary = self.summary.take().ok_or(Error::EmptyTable)?;
        if !self.data.is_empty() {
            self.end_block()?;
        }
        let data_size = self.offset;
        let index = self.index.finish();
        let index = self.write_block(&index, self.options.compression)?;
        let properties = self.properties(summary.entries, data_size, index.length);
        let properties = self.write_block(&properties, Compression::None)?;

        let mut metaindex = RowWriter::new(1);
        let mut value = Vec::new();
        properties.put(&mut value);
        metaindex.add(PROPERTIES, &value);
        let metaindex = self.write_block(&metaindex.finish(), Compression::None)?;
        let mut footer = Vec::new();
        Footer::put_v2(&mut footer, metaindex, index);
        self.out.write_all(&footer)?;
        self.out.flush()?;
        summary.size = self.offset.saturating_add(footer.len() as u64);
        Ok((self.out, summary))
    }

    fn properties(&self, entries: u64, data_size: u64, index_size: u64) -> Vec<u8> {
        let mut properties = Properties::default();
        properties.insert(names::COMPARER.as_bytes(), COMPARER.as_bytes());
        properties.insert(names::MERGER.as_bytes(), MERGER.as_bytes());
        properties.insert(names::INDEX_TYPE.as_bytes(), &0_u32.to_le_bytes());
        for (name, value) in [
            (names::DATA_SIZE, data_size),
            (names::INDEX_SIZE, index_size),
            (names::NUM_DATA_BLOCKS, self.data_blocks),
            (names::NUM_DELETIONS, self.deletions),
            (names::NUM_ENTRIES, entries),
            (names::NUM_RANGE_DELETIONS, 0),
            (names::RAW_KEY_SIZE, self.key_bytes),
            (names::RAW_VALUE_SIZE, self.value_bytes),
        ] {
            let mut encoded = Vec::new();
            put_uvarint(&mut encoded, value);
            properties.insert(name.as_bytes(), &encoded);
        }
        // One restart point: properties are read as a whole.
        let mut block = RowWriter::new(usize::MAX);
        for (name, value) in properties.iter() {
            block.add(name, value);
        }
        block.finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn entries_out_of_order_are_refused() {
        let mut writer = Writer::new(Vec::new(), WriterOptions::default());
        writer.add(b"b", Trailer { sequence: 5, kind: Kind::Set }, b"").unwrap();
        writer.add(b"b", Trailer { sequence: 4, kind: Kind::Delete }, b"").unwrap();
        for (key, sequence) in [(b"b", 4), (b"b", 6), (b"a", 9)] {
            let error = writer.add(key, Trailer { sequence, kind: Kind::Delete }, b"").unwrap_err();
            assert!(matches!(error, Error::Order { index: 2 }), "{error}");
        }
    }

    #[test]
    fn what_cannot_be_stored_is_refused() {
        let mut writer = Writer::new(Vec::new(), WriterOptions::default());
        let trailer = |sequence, kind| Trailer { sequence, kind };
        assert!(writer.add(b"a", trailer(1 << 56, Kind::Set), b"").is_err());
        assert!(writer.add(b"a", trailer(1, Kind::RangeDelete), b"b").is_err());
        assert!(matches!(writer.finish(), Err(Error::EmptyTable)));
    }
}
