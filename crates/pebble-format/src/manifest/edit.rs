//! One record of a manifest.

use crate::input::{put_prefixed, put_uvarint};
use crate::key::{self, Trailer};

pub(crate) const COMPARER: u64 = 1;
pub(crate) const LOG_NUMBER: u64 = 2;
pub(crate) const NEXT_FILE: u64 = 3;
pub(crate) const LAST_SEQUENCE: u64 = 4;
pub(crate) const COMPACTION_POINTER: u64 = 5;
pub(crate) const DELETED_TABLE: u64 = 6;
pub(crate) const NEW_TABLE_1: u64 = 7;
pub(crate) const PREVIOUS_LOG: u64 = 9;
pub(crate) const NEW_TABLE_2: u64 = 100;
pub(crate) const NEW_TABLE_3: u64 = 102;
pub(crate) const NEW_TABLE_4: u64 = 103;
pub(crate) const NEW_TABLE_5: u64 = 104;
pub(crate) const CREATED_BACKING: u64 = 105;
pub(crate) const REMOVED_BACKING: u64 = 106;
pub(crate) const NEW_BLOB: u64 = 107;
pub(crate) const DELETED_BLOB: u64 = 108;

/// The levels of a database; level 0 may have tables whose keys overlap.
pub(crate) const LEVELS: u64 = 7;

/// A table that an edit adds to a level.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewTable {
    /// The number of the table.
    pub number: u64,
    /// Bytes of its file.
    pub size: u64,
    /// The least user key and its trailer, as one number.
    pub smallest: (Vec<u8>, u64),
    /// The greatest user key and its trailer, as one number.
    pub largest: (Vec<u8>, u64),
    /// The least sequence number.
    pub smallest_sequence: u64,
    /// The greatest sequence number.
    pub largest_sequence: u64,
    /// The number of the file that holds the rows, if it is another one's: the table is a part of that file.
    pub backing: Option<u64>,
}

impl NewTable {
    /// A table with a file of its own.
    #[must_use]
    pub fn new(number: u64, size: u64, smallest: (Vec<u8>, Trailer), largest: (Vec<u8>, Trailer)) -> Self {
        Self {
            number,
            size,
            smallest: (smallest.0, smallest.1.raw()),
            largest: (largest.0, largest.1.raw()),
            smallest_sequence: 0,
            largest_sequence: 0,
            backing: None,
        }
    }

    /// Sets the least and the greatest sequence number.
    #[must_use]
    pub fn with_sequences(mut self, smallest: u64, largest: u64) -> Self {
        (self.smallest_sequence, self.largest_sequence) = (smallest, largest);
        self
    }

    /// The number of the file that holds the rows.
    #[must_use]
    pub fn file(&self) -> u64 {
        self.backing.unwrap_or(self.number)
    }
}

/// The changes of one record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Edit {
    /// Name of the order of the keys.
    pub comparer: Option<Vec<u8>>,
    /// The oldest log with changes that are not in a table.
    pub log_number: Option<u64>,
    /// The first number that no file has.
    pub next_file: Option<u64>,
    /// The greatest sequence number in use.
    pub last_sequence: Option<u64>,
    /// Level and number of the tables that go.
    pub deleted: Vec<(u8, u64)>,
    /// Level of the tables that come, and the tables.
    pub added: Vec<(u8, NewTable)>,
}

impl Edit {
    /// Encodes the edit.
    ///
    /// Tables are written as new tables of the second version, without [`backing`](NewTable::backing).
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if let Some(comparer) = &self.comparer {
            put_uvarint(&mut out, COMPARER);
            put_prefixed(&mut out, comparer);
        }
        let numbers = [(LOG_NUMBER, self.log_number), (NEXT_FILE, self.next_file), (LAST_SEQUENCE, self.last_sequence)];
        for (tag, number) in numbers.into_iter().filter_map(|(tag, number)| Some((tag, number?))) {
            put_uvarint(&mut out, tag);
            put_uvarint(&mut out, number);
        }
        for (level, number) in &self.deleted {
            put_uvarint(&mut out, DELETED_TABLE);
            put_uvarint(&mut out, u64::from(*level));
            put_uvarint(&mut out, *number);
        }
        for (level, table) in &self.added {
            for number in [NEW_TABLE_2, u64::from(*level), table.number, table.size] {
                put_uvarint(&mut out, number);
            }
            for (user, raw) in [&table.smallest, &table.largest] {
                put_prefixed(&mut out, &key::encoded(user, *raw));
            }
            put_uvarint(&mut out, table.smallest_sequence);
            put_uvarint(&mut out, table.largest_sequence);
        }
        out
    }
}
