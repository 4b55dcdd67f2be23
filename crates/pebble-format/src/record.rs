//! Records of logs and manifests: cut into chunks, each with a checksum, in blocks of 32 KiB.
//!
//! `docs/spec/c1z-format.md` 8.2 describes the framing.

use crate::checksum::{self, masked_crc32c};
use crate::error::{Error, Result, corrupt};
use crate::input::Input;
use crate::limits;

const WHAT: &str = "record";
const BLOCK: usize = 32 << 10;
/// Checksum, length and type of a chunk.
const HEADER: usize = 7;

/// Where a chunk stands in its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Full,
    First,
    Middle,
    Last,
}

/// Reads the records of a file in order.
///
/// After the first error there are no more records.
#[derive(Debug)]
pub struct RecordReader<'a> {
    file: &'a [u8],
    /// Number of the log, which the chunks of a reused file must repeat.
    log: Option<u32>,
    limit: u64,
    at: usize,
    finished: bool,
}

impl<'a> RecordReader<'a> {
    /// Reads a manifest. `limit` is the size of the largest record, in bytes.
    #[must_use]
    pub fn manifest(file: &'a [u8], limit: u64) -> Self {
        Self { file, log: None, limit, at: 0, finished: false }
    }

    /// Reads the log with this number. `limit` is the size of the largest record, in bytes.
    #[must_use]
    pub fn log(file: &'a [u8], number: u64, limit: u64) -> Self {
        // Chunks have the low half of the number.
        Self { log: Some(number as u32), ..Self::manifest(file, limit) }
    }

    /// Offset of the next chunk in the file; after an error, of the chunk that has it.
    #[must_use]
    pub fn position(&self) -> usize {
        self.at
    }

    fn read(&mut self) -> Result<Option<Vec<u8>>> {
        let mut record: Option<Vec<u8>> = None;
        loop {
            let start = self.at;
            let Some((part, payload, next)) = self.chunk()? else {
                return match record {
                    None => Ok(None),
                    Some(_) => Err(corrupt(WHAT, start, "is cut off")),
                };
            };
            let begins = matches!(part, Part::Full | Part::First);
            if begins != record.is_none() {
                return Err(corrupt(WHAT, start, "has chunks in the wrong order"));
            }
            let whole = record.get_or_insert_default();
            let size = (whole.len() as u64).saturating_add(payload.len() as u64);
            limits::check("the size of a record in bytes", size, self.limit)?;
            whole.extend_from_slice(payload);
            self.at = next;
            if matches!(part, Part::Full | Part::Last) {
                return Ok(record);
            }
        }
    }

    /// The next chunk and the offset behind it; `None` at the end.
    fn chunk(&mut self) -> Result<Option<(Part, &'a [u8], usize)>> {
        loop {
            let start = self.at;
            let left_in_block = BLOCK.saturating_sub(start % BLOCK);
            let next_block = start.saturating_add(left_in_block);
            if start >= self.file.len() {
                return Ok(None);
            }
            if left_in_block < HEADER {
                self.at = next_block;
                continue;
            }
            let mut input = Input::at(WHAT, self.file, start)?;
            let (stored, length, kind) = (input.u32()?, input.u16()?, input.u8()?);
            if (stored, length, kind) == (0, 0, 0) {
                // The rest of the block is empty.
                self.at = next_block;
                continue;
            }
            let (position, extra) = match kind {
                1..=4 => (kind - 1, 0),
                5..=8 => (kind - 5, 4),
                9..=12 => (kind - 9, 12),
                _ => return Err(corrupt(WHAT, start, "has a chunk of an unknown type")),
            };
            if extra > 0 {
                let Some(log) = self.log else {
                    return Err(corrupt(WHAT, start, "has a chunk of a log in a manifest"));
                };
                if input.u32()? != log {
                    // Left over from the log that the file was before.
                    return Ok(None);
                }
                input.take(extra - 4)?;
            }
            let payload = input.take(usize::from(length))?;
            if input.position() > next_block {
                return Err(corrupt(WHAT, start, "has a chunk that leaves its block"));
            }
            // From the type to the end of the payload.
            let mut covered = Input::at(WHAT, self.file, start.saturating_add(HEADER - 1))?;
            let covered = covered.take(1 + extra + usize::from(length))?;
            checksum::check(WHAT, start as u64, stored, masked_crc32c(&[covered]))?;
            let part = match position {
                0 => Part::Full,
                1 => Part::First,
                2 => Part::Middle,
                _ => Part::Last,
            };
            return Ok(Some((part, payload, input.position())));
        }
    }
}

impl Iterator for RecordReader<'_> {
    type Item = Result<Vec<u8>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.finished {
            return None;
        }
        let next = self.read().transpose();
        self.finished = !matches!(next, Some(Ok(_)));
        next
    }
}

/// Writes the records of a manifest.
#[derive(Debug, Default)]
pub struct RecordWriter {
    out: Vec<u8>,
}

impl RecordWriter {
    /// An empty file.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a record.
    pub fn add(&mut self, record: &[u8]) {
        let mut rest = record;
        let mut first = true;
        loop {
            let mut space = BLOCK.saturating_sub(self.out.len() % BLOCK);
            if space < HEADER {
                self.out.resize(self.out.len().saturating_add(space), 0);
                space = BLOCK;
            }
            let (payload, after) = rest.split_at(rest.len().min(space.saturating_sub(HEADER)));
            let kind: u8 = match (first, after.is_empty()) {
                (true, true) => 1,
                (true, false) => 2,
                (false, false) => 3,
                (false, true) => 4,
            };
            let length = u16::try_from(payload.len()).unwrap_or(u16::MAX);
            self.out.extend_from_slice(&masked_crc32c(&[&[kind], payload]).to_le_bytes());
            self.out.extend_from_slice(&length.to_le_bytes());
            self.out.push(kind);
            self.out.extend_from_slice(payload);
            (rest, first) = (after, false);
            if rest.is_empty() {
                break;
            }
        }
    }

    /// The bytes of the file.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.out
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const LIMIT: u64 = 1 << 20;

    fn records(file: &[u8]) -> Vec<Vec<u8>> {
        RecordReader::manifest(file, LIMIT).map(Result::unwrap).collect()
    }

    fn log_chunk(kind: u8, log: u32, payload: &[u8]) -> Vec<u8> {
        let mut covered = vec![kind];
        covered.extend(log.to_le_bytes());
        if kind >= 9 {
            covered.extend([0; 8]);
        }
        covered.extend(payload);
        let mut chunk = masked_crc32c(&[&covered]).to_le_bytes().to_vec();
        chunk.extend(u16::try_from(payload.len()).unwrap().to_le_bytes());
        chunk.extend(covered);
        chunk
    }

    #[test]
    fn records_of_all_sizes_round_trip() {
        let sizes = [0, 1, BLOCK - HEADER, BLOCK - HEADER + 1, 5 * BLOCK, BLOCK - 3 * HEADER - 2, 10];
        let mut writer = RecordWriter::new();
        for size in sizes {
            writer.add(&vec![7; size]);
        }
        let read: Vec<_> = records(&writer.finish()).iter().map(Vec::len).collect();
        assert_eq!(read, sizes);
    }

    #[test]
    fn a_block_tail_too_short_for_a_header_is_skipped() {
        for left in 0..HEADER + 2 {
            let mut writer = RecordWriter::new();
            writer.add(&vec![1; BLOCK - HEADER - left]);
            writer.add(b"second");
            assert_eq!(records(&writer.finish())[1], b"second", "{left}");
        }
    }

    #[test]
    fn the_chunks_of_another_log_end_the_log() {
        for kind in [5, 9] {
            let file = [log_chunk(kind, 7, b"one"), log_chunk(kind, 6, b"old")].concat();
            let read: Vec<_> = RecordReader::log(&file, 7, LIMIT).map(Result::unwrap).collect();
            assert_eq!(read, [b"one"]);
            assert!(RecordReader::manifest(&file, LIMIT).next().unwrap().is_err());
        }
    }

    #[test]
    fn zeros_are_no_records() {
        let mut file = log_chunk(9, 7, b"one");
        file.resize(2 * BLOCK, 0);
        file.extend(log_chunk(9, 7, b"two"));
        let read: Vec<_> = RecordReader::log(&file, 7, LIMIT).map(Result::unwrap).collect();
        assert_eq!(read, [b"one", b"two"]);
    }

    #[test]
    fn damage_is_an_error() {
        let mut writer = RecordWriter::new();
        writer.add(b"a record");
        let file = writer.finish();
        for at in 0..file.len() {
            let mut damaged = file.clone();
            damaged[at] ^= 0x10;
            assert!(RecordReader::manifest(&damaged, LIMIT).any(|record| record.is_err()), "byte {at}");
            let cut = RecordReader::manifest(&file[..at], LIMIT).collect::<Result<Vec<_>>>();
            assert!(at == 0 || cut.is_err(), "cut at {at}");
        }
    }

    #[test]
    fn chunks_in_the_wrong_order_are_an_error() {
        for kinds in [vec![6, 5], vec![7], vec![8], vec![6]] {
            let file: Vec<u8> = kinds.iter().flat_map(|kind| log_chunk(*kind, 7, b"x")).collect();
            assert!(RecordReader::log(&file, 7, LIMIT).any(|record| record.is_err()), "{kinds:?}");
        }
    }

    #[test]
    fn a_record_above_the_limit_is_an_error() {
        let mut writer = RecordWriter::new();
        writer.add(&[0; 100_000]);
        let error = RecordReader::manifest(&writer.finish(), 50_000).next().unwrap().unwrap_err();
        assert!(matches!(error, Error::Limit { limit: 50_000, .. }), "{error}");
    }
}
