//! Batches: the changes in one record of a log.

use crate::error::{Result, corrupt};
use crate::input::Input;
use crate::key::{Kind, MAX_SEQUENCE, Trailer};

const WHAT: &str = "batch";
/// An entry that only carries data for other programs.
const LOG_DATA: u8 = 3;

/// A change in a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change<'a> {
    /// The user key; for a range deletion, the first key deleted.
    pub key: &'a [u8],
    /// Sequence number and kind.
    pub trailer: Trailer,
    /// The value; for a range deletion, the first key behind the range. Empty for the other deletions.
    pub value: &'a [u8],
}

/// Reads the changes of a batch in order. Each has the sequence number after that of the one before.
///
/// # Errors
///
/// Fails if the batch is malformed, has another number of changes than it says, or has changes of a kind that is not
/// supported.
pub fn read(record: &[u8]) -> Result<Vec<Change<'_>>> {
    let mut input = Input::new(WHAT, record);
    let first = input.u64()?;
    let count = u64::from(input.u32()?);
    let last = first.checked_add(count);
    if last.is_none_or(|last| last > MAX_SEQUENCE) {
        return Err(input.fail("has a sequence number that is too large"));
    }
    let mut changes = Vec::new();
    while !input.is_empty() {
        let id = input.u8()?;
        if id == LOG_DATA {
            input.prefixed()?;
            continue;
        }
        let kind = Kind::from_id(id)?;
        let key = input.prefixed()?;
        let value = match kind {
            Kind::Delete | Kind::SingleDelete => &[][..],
            Kind::Set | Kind::RangeDelete | Kind::DeleteSized => input.prefixed()?,
            Kind::SetWithDelete => return Err(input.fail("has a kind that only occurs in tables")),
        };
        let index = changes.len() as u64;
        if index >= count {
            return Err(input.fail("has more changes than it says"));
        }
        let sequence = first.saturating_add(index);
        // The value of a sized deletion is the size of what is deleted.
        let value = if kind == Kind::DeleteSized { &[][..] } else { value };
        changes.push(Change { key, trailer: Trailer { sequence, kind }, value });
    }
    if changes.len() as u64 != count {
        return Err(corrupt(WHAT, record.len(), "has fewer changes than it says"));
    }
    Ok(changes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn batch(sequence: u64, count: u32, changes: &[u8]) -> Vec<u8> {
        [&sequence.to_le_bytes()[..], &count.to_le_bytes(), changes].concat()
    }

    #[test]
    fn changes_of_each_kind() {
        let changes = b"\x01\x01a\x01A\x00\x01b\x03\x01?\x0f\x01c\x01f\x07\x01g\x17\x01h\x01\x05";
        let record = batch(10, 5, changes);
        let read = read(&record).unwrap();
        let kinds: Vec<_> = read.iter().map(|change| (change.trailer.sequence, change.trailer.kind)).collect();
        let expected =
            [Kind::Set, Kind::Delete, Kind::RangeDelete, Kind::SingleDelete, Kind::DeleteSized].into_iter().enumerate();
        assert_eq!(kinds, expected.map(|(index, kind)| (10 + index as u64, kind)).collect::<Vec<_>>());
        assert_eq!((read[0].value, read[2].value, read[4].value), (&b"A"[..], &b"f"[..], &b""[..]));
    }

    #[test]
    fn malformed_batches_are_errors() {
        let set = b"\x01\x01a\x01A";
        for record in [
            batch(10, 0, set),
            batch(10, 2, set),
            batch(MAX_SEQUENCE, 1, set),
            batch(u64::MAX, 1, set),
            batch(10, 1, &set[..4]),
            batch(10, 1, b"\x02\x01a\x01A"),
            batch(10, 1, b"\x12\x01a\x01A"),
            vec![0; 11],
        ] {
            assert!(read(&record).is_err(), "{record:?}");
        }
    }
}
