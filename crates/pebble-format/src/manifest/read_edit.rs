//! Decodes the records of a manifest.

use crate::error::{Error, Result};
use crate::input::Input;
use crate::key;
use crate::manifest::edit::{
    COMPACTION_POINTER, COMPARER, CREATED_BACKING, DELETED_BLOB, DELETED_TABLE, Edit, LAST_SEQUENCE, LEVELS,
    LOG_NUMBER, NEW_BLOB, NEW_TABLE_1, NEW_TABLE_2, NEW_TABLE_3, NEW_TABLE_4, NEW_TABLE_5, NEXT_FILE, NewTable,
    PREVIOUS_LOG, REMOVED_BACKING,
};

/// Custom fields of a table.
const END: u64 = 1;
const PATH_ID: u64 = 65;
const VIRTUAL: u64 = 66;
const SYNTHETIC_PREFIX: u64 = 67;
const SYNTHETIC_SUFFIX: u64 = 68;
const BLOB_REFERENCES: u64 = 69;
/// The bit of fields that a reader must not skip.
const NOT_IGNORABLE: u64 = 64;

impl Edit {
    /// Decodes an edit.
    ///
    /// # Errors
    ///
    /// Fails if the record is malformed, or adds what this crate does not read: blob files, range keys, tables with a
    /// synthetic prefix or suffix, tables in another directory.
    pub fn decode(record: &[u8]) -> Result<Self> {
        let mut input = Input::new("version edit", record);
        let mut edit = Self::default();
        while !input.is_empty() {
            let tag = input.uvarint()?;
            match tag {
                COMPARER => edit.comparer = Some(input.prefixed()?.to_vec()),
                LOG_NUMBER => edit.log_number = Some(input.uvarint()?),
                NEXT_FILE => edit.next_file = Some(input.uvarint()?),
                LAST_SEQUENCE => edit.last_sequence = Some(input.uvarint()?),
                PREVIOUS_LOG | REMOVED_BACKING => {
                    input.uvarint()?;
                }
                COMPACTION_POINTER => {
                    level(&mut input)?;
                    input.prefixed()?;
                }
                DELETED_TABLE => edit.deleted.push((level(&mut input)?, input.uvarint()?)),
                NEW_TABLE_1 | NEW_TABLE_2 | NEW_TABLE_3 | NEW_TABLE_4 | NEW_TABLE_5 => {
                    edit.added.push(table(&mut input, tag)?);
                }
                CREATED_BACKING => {
                    input.uvarint()?;
                    input.uvarint()?;
                }
                NEW_BLOB | DELETED_BLOB => return Err(unsupported("a blob file", tag)),
                _ => return Err(unsupported("a tag of a version edit", tag)),
            }
        }
        Ok(edit)
    }
}

fn unsupported(what: &'static str, value: u64) -> Error {
    Error::Unsupported { what, detail: value.to_string() }
}

fn level(input: &mut Input<'_>) -> Result<u8> {
    let level = input.uvarint()?;
    u8::try_from(level).ok().filter(|_| level < LEVELS).ok_or_else(|| input.fail("names a level that does not exist"))
}

fn bound(input: &mut Input<'_>) -> Result<(Vec<u8>, u64)> {
    let (user, raw) = key::split(input.prefixed()?)?;
    Ok((user.to_vec(), raw))
}

fn table(input: &mut Input<'_>, tag: u64) -> Result<(u8, NewTable)> {
    let level = level(input)?;
    let number = input.uvarint()?;
    if tag == NEW_TABLE_3 && input.uvarint()? != 0 {
        return Err(unsupported("a table in another directory", number));
    }
    let size = input.uvarint()?;
    if tag == NEW_TABLE_5 {
        // Only tables with range keys have this form.
        return Err(unsupported("a table with range keys", number));
    }
    let (smallest, largest) = (bound(input)?, bound(input)?);
    if smallest.0 > largest.0 {
        return Err(input.fail("has a table whose bounds are in the wrong order"));
    }
    let (mut smallest_sequence, mut largest_sequence) = (0, 0);
    if tag != NEW_TABLE_1 {
        (smallest_sequence, largest_sequence) = (input.uvarint()?, input.uvarint()?);
    }
    let backing = if tag == NEW_TABLE_4 { custom_fields(input, number)? } else { None };
    let table = NewTable { number, size, smallest, largest, smallest_sequence, largest_sequence, backing };
    Ok((level, table))
}

/// Reads the custom fields of a table, and returns the number of the file that it is a part of, if it is.
fn custom_fields(input: &mut Input<'_>, number: u64) -> Result<Option<u64>> {
    let mut backing = None;
    loop {
        match input.uvarint()? {
            END => return Ok(backing),
            PATH_ID => return Err(unsupported("a table in another directory", number)),
            VIRTUAL => backing = Some(input.uvarint()?),
            SYNTHETIC_PREFIX | SYNTHETIC_SUFFIX => {
                return Err(unsupported("a table with a synthetic prefix or suffix", number));
            }
            BLOB_REFERENCES => return Err(unsupported("a table with blob values", number)),
            field if field & NOT_IGNORABLE != 0 => return Err(unsupported("a field of a table", field)),
            _ => {
                input.prefixed()?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::input::{put_prefixed, put_uvarint};
    use crate::key::{Kind, Trailer};

    fn sample() -> Edit {
        let trailer = Trailer { sequence: 12, kind: Kind::Set };
        let table = NewTable::new(4, 1000, (b"a".to_vec(), trailer), (b"z".to_vec(), trailer)).with_sequences(3, 12);
        Edit {
            comparer: Some(b"leveldb.BytewiseComparator".to_vec()),
            log_number: Some(2),
            next_file: Some(9),
            last_sequence: Some(300),
            deleted: vec![(0, 3)],
            added: vec![(6, table)],
        }
    }

    #[test]
    fn edits_round_trip() {
        assert_eq!(Edit::decode(&sample().encode()).unwrap(), sample());
    }

    #[test]
    fn the_published_manifest() {
        let record = b"\x01\x1aleveldb.BytewiseComparator\x03\x03\x04\x00";
        let edit = Edit::decode(record).unwrap();
        assert_eq!((edit.next_file, edit.last_sequence), (Some(3), Some(0)));
        assert_eq!(edit.encode(), record);
    }

    #[test]
    fn truncation_is_an_error_or_ends_between_fields() {
        let record = sample().encode();
        for len in 0..record.len() {
            let Ok(edit) = Edit::decode(&record[..len]) else { continue };
            assert!(edit.encode().len() == len);
        }
    }

    fn with_fields(fields: &[u64]) -> Vec<u8> {
        let mut record = Vec::new();
        for number in [NEW_TABLE_4, 6, 5, 100] {
            put_uvarint(&mut record, number);
        }
        for user in [b"a", b"b"] {
            put_prefixed(&mut record, &key::encoded(user, 1));
        }
        for number in [7, 7].iter().chain(fields) {
            put_uvarint(&mut record, *number);
        }
        record
    }

    #[test]
    fn custom_fields() {
        // A creation time is skipped, a backing file is kept.
        let edit = Edit::decode(&with_fields(&[6, 1, 100, VIRTUAL, 4, END])).unwrap();
        assert_eq!(edit.added[0].1.file(), 4);
        for fields in [&[][..], &[PATH_ID, 0], &[SYNTHETIC_PREFIX, 0], &[BLOB_REFERENCES, 0], &[100, 0], &[3, 9]] {
            assert!(Edit::decode(&with_fields(fields)).is_err(), "{fields:?}");
        }
    }

    #[test]
    fn unknown_tags_and_levels_are_errors() {
        for record in [&[10][..], &[107, 1, 1, 1, 1, 1], &[6, 7, 1], &[6, 200, 1, 1]] {
            assert!(Edit::decode(record).is_err(), "{record:?}");
        }
    }
}
