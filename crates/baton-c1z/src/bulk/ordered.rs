//! Reading the keys of an index in order where the rows nearly are: they come entitlement by entitlement, and most
//! indexes begin with something of the entitlement's. The segments of the rows are merged with the few rows that are in
//! none, and within a segment the keys of one entitlement are sorted at a time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;
use std::path::Path;

use crate::error::Error;

use super::keys::{ENTITLEMENT, Key, KeyReader, Keys};
use super::sorter::Sorter;

/// Bytes of keys that are sorted at a time, unless one entitlement has more.
const WINDOW: usize = 1 << 20;
/// Most bytes of keys of one entitlement; with more, memory would not be bounded.
const MOST: usize = 48 << 20;

/// Appends the key that an index has of a row; `false` if the row is not in the index.
pub(crate) trait Write: Fn(&mut Vec<u8>, i64, &Key) -> bool {}

impl<F: Fn(&mut Vec<u8>, i64, &Key) -> bool> Write for F {}

/// Calls `each` with every key that `write` makes, in order; `false` if that order cannot be had this way, perhaps after
/// some calls.
///
/// # Errors
/// Those of `each`; the rows cannot be read, or a temporary file in `folder` cannot be written.
pub(crate) fn in_order(
    keys: &Keys,
    folder: &Path,
    write: impl Write,
    mut each: impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<bool, Error> {
    let mut late = Sorter::new(folder);
    let mut rows = keys.late();
    while rows.advance()? {
        late.push(|bytes| write(bytes, rows.row, &rows.key))?;
    }
    let mut segments = Merge::of(keys, &write)?;
    late.finish(|key| {
        segments.up_to(Some(key), &write, &mut each)?;
        each(key)
    })?;
    segments.up_to(None, &write, &mut each)?;
    Ok(!segments.out_of_order)
}

/// The keys of all segments.
struct Merge<'a> {
    streams: Vec<Stream<'a>>,
    /// The next key of each stream that has one.
    heap: BinaryHeap<Reverse<(Vec<u8>, usize)>>,
    out_of_order: bool,
}

impl<'a> Merge<'a> {
    fn of(keys: &'a Keys, write: &impl Write) -> Result<Self, Error> {
        let mut merge = Self { streams: Vec::new(), heap: BinaryHeap::new(), out_of_order: false };
        for (number, rows) in keys.segments().enumerate() {
            let mut stream = Stream::new(rows)?;
            let mut first = Vec::new();
            match stream.next(write, &mut first)? {
                Next::Key => merge.heap.push(Reverse((first, number))),
                Next::End => {}
                Next::OutOfOrder => merge.out_of_order = true,
            }
            merge.streams.push(stream);
        }
        Ok(merge)
    }

    /// Hands on the keys that come before `end`.
    fn up_to(
        &mut self,
        end: Option<&[u8]>,
        write: &impl Write,
        each: &mut impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        while let Some(mut first) = self.heap.peek_mut() {
            let Reverse((key, number)) = &mut *first;
            if self.out_of_order || end.is_some_and(|end| end <= key.as_slice()) {
                return Ok(());
            }
            each(key)?;
            match self.streams[*number].next(write, key)? {
                Next::Key => {}
                Next::End => drop(std::collections::binary_heap::PeekMut::pop(first)),
                Next::OutOfOrder => self.out_of_order = true,
            }
        }
        Ok(())
    }
}

/// What a stream has to give.
enum Next {
    Key,
    End,
    OutOfOrder,
}

/// The keys of one segment.
struct Stream<'a> {
    rows: KeyReader<'a>,
    /// Whether `rows` stands on a row that has not been taken yet.
    more: bool,
    bytes: Vec<u8>,
    /// Where in `bytes` each key is; in order.
    keys: Vec<Range<u32>>,
    given: usize,
    entitlement: Vec<u8>,
}

impl<'a> Stream<'a> {
    fn new(mut rows: KeyReader<'a>) -> Result<Self, Error> {
        let more = rows.advance()?;
        Ok(Self { rows, more, bytes: Vec::new(), keys: Vec::new(), given: 0, entitlement: Vec::new() })
    }

    /// The next key, into `key`, which still holds the one before.
    fn next(&mut self, write: &impl Write, key: &mut Vec<u8>) -> Result<Next, Error> {
        while self.given == self.keys.len() {
            if !self.more {
                return Ok(Next::End);
            }
            if !self.fill(write)? || self.keys.first().is_some_and(|first| slice(&self.bytes, first) < key.as_slice()) {
                return Ok(Next::OutOfOrder);
            }
        }
        key.clear();
        key.extend_from_slice(slice(&self.bytes, &self.keys[self.given]));
        self.given += 1;
        Ok(Next::Key)
    }

    /// Reads the keys of whole entitlements and puts them in order; `false` if one has too many.
    fn fill(&mut self, write: &impl Write) -> Result<bool, Error> {
        self.bytes.clear();
        self.keys.clear();
        self.given = 0;
        while self.more {
            let another = self.rows.key.texts[ENTITLEMENT] != self.entitlement;
            if another && self.bytes.len() >= WINDOW {
                break;
            }
            if another {
                self.entitlement.clone_from(&self.rows.key.texts[ENTITLEMENT]);
            }
            let from = self.bytes.len() as u32;
            if write(&mut self.bytes, self.rows.row, &self.rows.key) {
                self.keys.push(from..self.bytes.len() as u32);
            }
            if self.bytes.len() > MOST {
                return Ok(false);
            }
            self.more = self.rows.advance()?;
        }
        let bytes = &self.bytes;
        self.keys.sort_by(|one, other| slice(bytes, one).cmp(slice(bytes, other)));
        Ok(true)
    }
}

fn slice<'a>(bytes: &'a [u8], key: &Range<u32>) -> &'a [u8] {
    &bytes[key.start as usize..key.end as usize]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::super::keys::{KeyWriter, TEXTS};
    use super::*;

    /// What comes out of rows with these resource types, entitlements and ids, and whether the order could be kept.
    fn through(rows: &[(u8, u8, Vec<u8>)]) -> (Vec<Vec<u8>>, bool) {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = KeyWriter::new(folder.path()).unwrap();
        for (resource_type, entitlement, id) in rows {
            let mut texts: [&[u8]; TEXTS] = [b""; TEXTS];
            let (resource_type, entitlement) = ([*resource_type], [*entitlement]);
            texts[0] = &resource_type;
            texts[2] = &entitlement;
            texts[5] = id;
            writer.push(texts, false, false).unwrap();
        }
        let keys = writer.finish().unwrap();
        let mut found = Vec::new();
        let write = |bytes: &mut Vec<u8>, _: i64, key: &Key| {
            for text in [0, 2, 5] {
                bytes.extend_from_slice(&key.texts[text]);
            }
            true
        };
        let whole = in_order(&keys, folder.path(), write, |key| {
            found.push(key.to_vec());
            Ok(())
        });
        let whole = whole.unwrap();
        (found, whole)
    }

    proptest! {
        #[test]
        fn whatever_the_order_of_the_rows_the_keys_come_in_theirs(
            rows in proptest::collection::vec((0_u8..3, 0_u8..6, proptest::collection::vec(any::<u8>(), 0..4)), 0..80),
        ) {
            let (found, whole) = through(&rows);
            let mut sorted: Vec<_> = rows.iter().map(|(of, entitlement, id)| [&[*of, *entitlement][..], id].concat()).collect();
            sorted.sort();
            prop_assert!(whole);
            prop_assert_eq!(found, sorted);
        }
    }
}
