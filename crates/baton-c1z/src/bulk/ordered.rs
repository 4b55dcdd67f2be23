//! Reading the keys of an index in order where the rows nearly are: row after row comes entitlement by entitlement, and
//! most indexes begin with something of the entitlement's. The segments of the rows are merged, within each of them
//! only neighbourhoods are sorted, and nothing is written to disk.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

use crate::error::Error;

use super::keys::{Key, Keys, SegmentReader};

/// Bytes of keys that are held back, so that smaller ones can still come; shared by all segments.
const WINDOW: usize = 16 << 20;
/// With more segments than this, reading them side by side is no better than sorting.
const MOST_SEGMENTS: usize = 64;

/// Calls `each` with every key that `write` makes of the rows for which it answers `true`, in order; `false` if that
/// order cannot be had this way, perhaps after some calls.
///
/// # Errors
/// Those of `each`; the rows cannot be read.
pub(crate) fn in_order(
    keys: &Keys,
    write: impl Fn(&mut Vec<u8>, i64, &Key) -> bool,
    each: impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<bool, Error> {
    merge(keys, WINDOW, write, each)
}

fn merge(
    keys: &Keys,
    window: usize,
    write: impl Fn(&mut Vec<u8>, i64, &Key) -> bool,
    mut each: impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<bool, Error> {
    let segments = keys.segments();
    if segments.len() > MOST_SEGMENTS {
        return Ok(false);
    }
    let window = window / segments.len().max(1);
    let mut streams: Vec<_> = segments.iter().map(|segment| Stream::new(keys.read(segment), window)).collect();
    let mut heap = BinaryHeap::new();
    for (number, stream) in streams.iter_mut().enumerate() {
        let mut first = Vec::new();
        match stream.next(&write, &mut first)? {
            Next::Key => heap.push(Reverse((first, number))),
            Next::End => {}
            Next::OutOfOrder => return Ok(false),
        }
    }
    while let Some(mut first) = heap.peek_mut() {
        let Reverse((key, number)) = &mut *first;
        each(key)?;
        match streams[*number].next(&write, key)? {
            Next::Key => {}
            Next::End => drop(std::collections::binary_heap::PeekMut::pop(first)),
            Next::OutOfOrder => return Ok(false),
        }
    }
    Ok(true)
}

/// What a stream has to give.
enum Next {
    Key,
    End,
    OutOfOrder,
}

/// The keys of one segment.
struct Stream<'a> {
    rows: SegmentReader<'a>,
    window: usize,
    bytes: Vec<u8>,
    /// Where in `bytes` each key is; in order.
    keys: Vec<Range<u32>>,
    /// How many of them have been given out, and how many may be before more must be read.
    given: usize,
    until: usize,
    ended: bool,
}

impl<'a> Stream<'a> {
    fn new(rows: SegmentReader<'a>, window: usize) -> Self {
        Self { rows, window, bytes: Vec::new(), keys: Vec::new(), given: 0, until: 0, ended: false }
    }

    /// The next key, into `key`, which still holds the one before.
    fn next(&mut self, write: impl Fn(&mut Vec<u8>, i64, &Key) -> bool, key: &mut Vec<u8>) -> Result<Next, Error> {
        if self.given == self.until {
            if self.ended {
                return Ok(Next::End);
            }
            self.fill(write)?;
            match self.keys.first() {
                None => return Ok(Next::End),
                Some(first) if slice(&self.bytes, first) < key.as_slice() => return Ok(Next::OutOfOrder),
                Some(_) => {}
            }
        }
        key.clear();
        key.extend_from_slice(slice(&self.bytes, &self.keys[self.given]));
        self.given += 1;
        Ok(Next::Key)
    }

    /// Drops what has been given out, reads on until the window is full, and puts it in order.
    fn fill(&mut self, write: impl Fn(&mut Vec<u8>, i64, &Key) -> bool) -> Result<(), Error> {
        let mut bytes = Vec::with_capacity(self.bytes.capacity());
        self.keys.drain(..self.given);
        for key in &mut self.keys {
            let from = bytes.len() as u32;
            bytes.extend_from_slice(slice(&self.bytes, key));
            *key = from..bytes.len() as u32;
        }
        while bytes.len() < self.window.max(1) {
            let Some((row, key)) = self.rows.next()? else {
                self.ended = true;
                break;
            };
            let from = bytes.len() as u32;
            if write(&mut bytes, row, key) {
                self.keys.push(from..bytes.len() as u32);
            }
        }
        self.keys.sort_by(|one, other| slice(&bytes, one).cmp(slice(&bytes, other)));
        self.bytes = bytes;
        self.given = 0;
        self.until = if self.ended { self.keys.len() } else { self.keys.len().div_ceil(2) };
        Ok(())
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

    /// What comes out of rows with these resource types and ids, and whether the order could be kept.
    fn through(window: usize, rows: &[(u8, Vec<u8>)]) -> (Vec<Vec<u8>>, bool) {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = KeyWriter::new(folder.path()).unwrap();
        for (resource_type, id) in rows {
            let mut texts: [&[u8]; TEXTS] = [b""; TEXTS];
            let resource_type = [*resource_type];
            texts[0] = &resource_type;
            texts[1] = id;
            writer.push(texts, false, false).unwrap();
        }
        let keys = writer.finish().unwrap();
        let mut found = Vec::new();
        let write = |bytes: &mut Vec<u8>, _: i64, key: &Key| {
            bytes.extend_from_slice(&key.texts[1]);
            true
        };
        let whole = merge(&keys, window, write, |key| {
            found.push(key.to_vec());
            Ok(())
        });
        let whole = whole.unwrap();
        (found, whole)
    }

    proptest! {
        #[test]
        fn what_comes_out_is_in_order_or_refused(
            rows in proptest::collection::vec((0_u8..3, proptest::collection::vec(any::<u8>(), 0..4)), 0..60),
            window in 1_usize..200,
        ) {
            let (found, whole) = through(window, &rows);
            let mut sorted: Vec<_> = rows.iter().map(|(_, id)| id.clone()).collect();
            sorted.sort();
            if whole {
                prop_assert_eq!(found, sorted);
            }
        }
    }

    #[test]
    fn neighbours_may_change_places_and_segments_may_overlap() {
        let id = |number: u32| number.to_be_bytes().to_vec();
        let two = |sort: fn(u32) -> u32| -> Vec<_> {
            (0..2000).map(|number| (u8::from(number >= 1000), id(sort(number % 1000)))).collect()
        };
        let (found, whole) = through(200, &two(|number| number ^ 7));
        assert!(whole);
        assert_eq!(found, (0..2000).map(|number| id(number / 2)).collect::<Vec<_>>());
        assert!(!through(200, &two(|number| 1000 - number)).1);
    }
}
