//! Tables of forms that the writer does not make: two levels of index, range deletions, another checksum.

#![allow(clippy::unwrap_used)]

use twox_hash::XxHash64;

use crate::block::physical::{self, Compression, Handle};
use crate::block::row_writer::RowWriter;
use crate::error::Error;
use crate::key::{self, Kind, Trailer};
use crate::limits::Limits;
use crate::sst::footer::Footer;
use crate::sst::layout::PROPERTIES;
use crate::sst::table::Table;

/// Puts a table together, block by block.
struct Parts {
    file: Vec<u8>,
    xxhash: bool,
}

impl Parts {
    fn new(xxhash: bool) -> Self {
        Self { file: Vec::new(), xxhash }
    }

    /// Appends a block of rows, and returns its handle in the form in which it is stored.
    fn block(&mut self, rows: &[(Vec<u8>, Vec<u8>)]) -> (Handle, Vec<u8>) {
        let mut writer = RowWriter::new(16);
        for (key, value) in rows {
            writer.add(key, value);
        }
        let plain = writer.finish();
        let offset = self.file.len() as u64;
        if self.xxhash {
            self.file.extend(&plain);
            self.file.push(0);
            let hash = XxHash64::oneshot(0, &[plain.as_slice(), &[0]].concat());
            self.file.extend((hash as u32).to_le_bytes());
        } else {
            physical::write(&mut self.file, &plain, Compression::None);
        }
        let handle = Handle { offset, length: plain.len() as u64 };
        let mut stored = Vec::new();
        handle.put(&mut stored);
        (handle, stored)
    }

    fn finish(mut self, index: Handle, index_type: u32, mut parts: Vec<(Vec<u8>, Vec<u8>)>) -> Vec<u8> {
        let name = b"rocksdb.block.based.table.index.type".to_vec();
        let (_, properties) = self.block(&[(name, index_type.to_le_bytes().to_vec())]);
        parts.push((PROPERTIES.to_vec(), properties));
        parts.sort();
        let (metaindex, _) = self.block(&parts);
        let footer = self.file.len();
        Footer::put_v2(&mut self.file, metaindex, index);
        if self.xxhash {
            self.file[footer] = 3;
        }
        self.file
    }
}

fn ikey(user: &str, sequence: u64, kind: Kind) -> Vec<u8> {
    let mut out = Vec::new();
    key::put(&mut out, user.as_bytes(), Trailer { sequence, kind });
    out
}

fn set(user: &str) -> (Vec<u8>, Vec<u8>) {
    (ikey(user, 1, Kind::Set), user.as_bytes().to_vec())
}

fn keys(table: &Table, from: &str) -> Vec<String> {
    let entries = table.iter_from(from.as_bytes()).map(Result::unwrap);
    entries.map(|entry| String::from_utf8(entry.key).unwrap()).collect()
}

#[test]
fn an_index_of_two_levels() {
    for xxhash in [false, true] {
        let mut parts = Parts::new(xxhash);
        let blocks = [["a", "b"], ["c", "d"], ["e", "f"], ["g", "h"]].map(|[one, two]| {
            let (_, handle) = parts.block(&[set(one), set(two)]);
            (ikey(two, 1, Kind::Set), handle)
        });
        let (_, first) = parts.block(&blocks[..2]);
        let (_, second) = parts.block(&blocks[2..]);
        let (top, _) = parts.block(&[(ikey("d", 1, Kind::Set), first), (ikey("h", 1, Kind::Set), second)]);
        let table = Table::open(parts.finish(top, 2, Vec::new()).into(), Limits::default()).unwrap();
        let all = ["a", "b", "c", "d", "e", "f", "g", "h"];
        assert_eq!(keys(&table, ""), all);
        for (index, key) in all.iter().enumerate() {
            assert_eq!(keys(&table, key), all[index..], "{key}");
            assert_eq!(keys(&table, &format!("{key}a")), all[index + 1..], "{key}a");
        }
    }
}

#[test]
fn range_deletions_of_rows() {
    let mut parts = Parts::new(false);
    let (_, data) = parts.block(&[set("a")]);
    let (index, _) = parts.block(&[(ikey("a", 1, Kind::Set), data)]);
    let deletion = |start, end: &str, kind| vec![(ikey(start, 7, kind), end.as_bytes().to_vec())];
    for (rows, is_valid) in [
        (deletion("b", "d", Kind::RangeDelete), true),
        (deletion("d", "b", Kind::RangeDelete), false),
        (deletion("b", "d", Kind::Set), false),
    ] {
        let mut parts = Parts { file: parts.file.clone(), xxhash: false };
        let (_, handle) = parts.block(&rows);
        let file = parts.finish(index, 0, vec![(b"rocksdb.range_del2".to_vec(), handle)]);
        let found = Table::open(file.into(), Limits::default()).unwrap().range_deletions();
        assert_eq!(found.is_ok(), is_valid);
        if let Ok(found) = found {
            let [deletion] = found.as_slice() else { panic!("{found:?}") };
            assert_eq!((&deletion.start[..], &deletion.end[..], deletion.sequence), (&b"b"[..], &b"d"[..], 7));
        }
    }
}

#[test]
fn rows_and_blocks_out_of_order_are_errors() {
    let mut parts = Parts::new(false);
    let (_, data) = parts.block(&[set("b"), set("a")]);
    let (index, _) = parts.block(&[(ikey("b", 1, Kind::Set), data.clone())]);
    let table = Table::open(parts.finish(index, 0, Vec::new()).into(), Limits::default()).unwrap();
    assert!(matches!(table.iter().nth(1), Some(Err(Error::Corrupt { .. }))));

    // An index that names a block twice.
    let mut parts = Parts::new(false);
    let (_, data) = parts.block(&[set("a")]);
    let twice = [(ikey("a", 1, Kind::Set), data.clone()), (ikey("b", 1, Kind::Set), data)];
    let (index, _) = parts.block(&twice);
    let table = Table::open(parts.finish(index, 0, Vec::new()).into(), Limits::default()).unwrap();
    assert!(matches!(table.iter().nth(1), Some(Err(Error::Corrupt { .. }))));
}

#[test]
fn parts_that_change_what_rows_mean_are_refused() {
    for part in ["pebble.value_index", "pebble.range_key", "pebble.blob_ref_index", "rocksdb.range_del"] {
        let mut parts = Parts::new(false);
        let (_, data) = parts.block(&[set("a")]);
        let (index, handle) = parts.block(&[(ikey("a", 1, Kind::Set), data)]);
        let file = parts.finish(index, 0, vec![(part.as_bytes().to_vec(), handle)]);
        let error = Table::open(file.into(), Limits::default()).unwrap_err();
        assert!(matches!(&error, Error::Unsupported { detail, .. } if detail == part), "{error}");
    }
}
