//! Replays the logs of a database: the changes that no table has yet.

use bytes::Bytes;

use crate::batch;
use crate::error::{Error, Result, corrupt};
use crate::files::Files;
use crate::key::{Kind, Trailer};
use crate::limits::{self, Budget, Limits};
use crate::record::RecordReader;
use crate::sst::layout::RangeDeletion;

/// How the last log of a database ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogEnd {
    /// After a whole record, or there are no logs.
    Clean,
    /// In a record that is cut off or damaged. It and what follows count as never written, as after a crash.
    Torn {
        /// Name of the log.
        name: String,
        /// Offset of the damaged chunk.
        offset: u64,
    },
}

/// A change of a key that no table has yet.
#[derive(Clone, Debug)]
pub(crate) struct MemoryEntry {
    pub(crate) key: Bytes,
    pub(crate) trailer: Trailer,
    pub(crate) value: Bytes,
}

/// The changes of all logs.
#[derive(Debug)]
pub(crate) struct Replayed {
    /// In the order of their keys, those of one key from the newest to the oldest.
    pub(crate) entries: Vec<MemoryEntry>,
    pub(crate) deletions: Vec<RangeDeletion>,
    pub(crate) end: LogEnd,
}

/// Replays `logs`, which are numbers and names in ascending order.
pub(crate) fn replay(files: &impl Files, logs: &[(u64, &str)], limits: &Limits, budget: &Budget) -> Result<Replayed> {
    let mut replayed = Replayed { entries: Vec::new(), deletions: Vec::new(), end: LogEnd::Clean };
    for (index, (number, name)) in logs.iter().enumerate() {
        let is_last = index.saturating_add(1) == logs.len();
        let end = files.read(name).map_err(Error::from);
        let end = end.and_then(|file| one(&file, *number, limits, budget, &mut replayed));
        if let Some((offset, error)) = end.map_err(|error| error.in_file(name))? {
            if !is_last {
                return Err(error.in_file(name));
            }
            replayed.end = LogEnd::Torn { name: (*name).to_owned(), offset };
        }
    }
    replayed.entries.sort_by(|one, other| one.key.cmp(&other.key).then(other.trailer.raw().cmp(&one.trailer.raw())));
    Ok(replayed)
}

/// Replays one log. Returns offset and cause if it ends in a damaged record.
fn one(
    file: &[u8],
    number: u64,
    limits: &Limits,
    budget: &Budget,
    replayed: &mut Replayed,
) -> Result<Option<(u64, Error)>> {
    let mut records = RecordReader::log(file, number, limits.block);
    while let Some(record) = records.next() {
        let record = match record {
            Ok(record) => Bytes::from(record),
            Err(error @ (Error::Corrupt { .. } | Error::Checksum { .. })) => {
                return Ok(Some((records.position() as u64, error)));
            }
            Err(error) => return Err(error),
        };
        for change in batch::read(&record)? {
            budget
                .charge(change.key.len().saturating_add(change.value.len()).saturating_add(size_of::<MemoryEntry>()))?;
            let (key, value) = (record.slice_ref(change.key), record.slice_ref(change.value));
            if change.trailer.kind != Kind::RangeDelete {
                replayed.entries.push(MemoryEntry { key, trailer: change.trailer, value });
            } else if key < value {
                let count = replayed.deletions.len().saturating_add(1) as u64;
                limits::check("the number of range deletions", count, limits.range_deletions)?;
                let sequence = change.trailer.sequence;
                replayed.deletions.push(RangeDeletion { start: key, end: value, sequence });
            } else if key > value {
                return Err(corrupt("batch", 0, "deletes a range that ends before it starts"));
            }
        }
    }
    Ok(None)
}
