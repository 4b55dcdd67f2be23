//! Reads the database that the Go connector wrote: `crates/baton-c1z/tests/data/sample-v3.c1z`.
//!
//! What is in its envelope is described in `docs/spec/c1z-format.md` 6, the keys in 9.

use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;
use pebble_format::sst::Table;
use pebble_format::{Database, Files, Limits, LogEnd, MemoryFiles};
use twox_hash::XxHash64;

struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn uvarint(&mut self) -> u64 {
        let mut value = 0;
        for shift in (0..).step_by(7) {
            let (byte, rest) = self.0.split_first().unwrap();
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        value
    }

    fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len);
        self.0 = rest;
        taken
    }

    /// Number and content of the next protobuf field; numbers come as their little-endian bytes.
    fn field(&mut self) -> Option<(u64, Vec<u8>)> {
        if self.0.is_empty() {
            return None;
        }
        let tag = self.uvarint();
        let content = match tag & 7 {
            0 => self.uvarint().to_le_bytes().to_vec(),
            1 => self.take(8).to_vec(),
            2 => {
                let len = self.uvarint();
                self.take(usize::try_from(len).unwrap()).to_vec()
            }
            other => panic!("wire type {other}"),
        };
        Some((tag >> 3, content))
    }
}

fn fields(message: &[u8]) -> BTreeMap<u64, Vec<u8>> {
    let mut fields = Fields(message);
    std::iter::from_fn(|| fields.field()).collect()
}

fn number(content: Option<&Vec<u8>>) -> u64 {
    content.map_or(0, |bytes| u64::from_le_bytes(bytes.as_slice().try_into().unwrap()))
}

/// The files in the envelope of the sample.
pub(crate) fn files() -> MemoryFiles {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../baton-c1z/tests/data/sample-v3.c1z");
    let file = std::fs::read(path).unwrap();
    let footer = &file[file.len() - 28..];
    assert_eq!(&footer[20..], b"C1ZIDX1\0");
    let index_at = usize::try_from(u64::from_be_bytes(footer[..8].try_into().unwrap())).unwrap();
    let mut index = Fields(&file[index_at..file.len() - 28]);
    let mut files = MemoryFiles::new();
    while let Some((field, content)) = index.field() {
        if field != 1 {
            continue;
        }
        let entry = fields(&content);
        let at = usize::try_from(number(entry.get(&2))).unwrap();
        let packed = usize::try_from(number(entry.get(&3))).unwrap();
        let size = usize::try_from(number(entry.get(&4))).unwrap();
        let plain = zstd::bulk::decompress(&file[at..at + packed], size).unwrap();
        assert_eq!(XxHash64::oneshot(0, &plain), number(entry.get(&5)));
        files.insert(String::from_utf8(entry[&1].clone()).unwrap(), plain);
    }
    files
}

fn all() -> BTreeMap<Vec<u8>, Bytes> {
    let database = Database::open(&files(), Limits::default()).unwrap();
    database.iter().collect::<Result<_, _>>().unwrap()
}

#[test]
fn all_records_are_there() {
    let mut counts = BTreeMap::new();
    for key in all().keys() {
        assert_eq!(key[0], 3);
        *counts.entry(key[1]).or_insert(0) += 1;
    }
    // Resource types, resources, entitlements, grants, the sync run.
    assert_eq!([1, 2, 3, 4, 6].map(|kind| counts[&kind]), [5, 336, 36, 1427, 1]);
    assert_eq!(all()[&b"\x03\xffkeyspace_version"[..]], &[0, 0, 0, 2][..]);
}

#[test]
fn indexes_and_digests_agree_with_the_records() {
    let all = all();
    let under =
        |prefix: &'static [u8]| all.range(prefix.to_vec()..).take_while(move |(key, _)| key.starts_with(prefix));
    assert_eq!(under(&[3, 7, 4]).count(), 1427);
    let hashes = under(&[3, 7, 8]).map(|(_, value)| u64::from_be_bytes(value[..].try_into().unwrap()));
    let (count, xor) = hashes.fold((0_u64, 0), |(count, xor), hash| (count + 1, xor ^ hash));
    let digest = [count.to_be_bytes(), xor.to_be_bytes()].concat();
    assert_eq!(all[&[3, 10, 8, 0, 0, 2][..]], digest);
}

#[test]
fn every_key_is_found_by_itself_and_by_its_prefix() {
    let database = Database::open(&files(), Limits::default()).unwrap();
    for (key, value) in all() {
        assert_eq!(database.get(&key).unwrap(), Some(value), "{key:?}");
        let above = [key.as_slice(), &[0]].concat();
        assert_eq!(database.get(&above).unwrap(), None);
    }
    assert_eq!(database.prefix(&[3, 4]).count(), 1427);
    assert_eq!(database.prefix(&[0xff]).count(), 0);
    assert_eq!(database.prefix(&[]).count(), all().len());
}

#[test]
fn the_database_was_closed_and_says_how_it_is_set_up() {
    let database = Database::open(&files(), Limits::default()).unwrap();
    assert_eq!(*database.log_end(), LogEnd::Clean);
    let options = database.options().unwrap();
    assert_eq!(options.get("Options", "comparer"), Some("leveldb.BytewiseComparator"));
    assert!(database.version().last_sequence() >= 10);
}

#[test]
fn its_tables_have_the_newest_format() {
    let files = files();
    let (mut tables, mut range_deletions) = (0, 0);
    for name in files.list().unwrap().iter().filter(|name| name.ends_with(".sst")) {
        let table = Table::open(files.read(name).unwrap(), Limits::default()).unwrap();
        assert_eq!(table.format().version(), 7);
        let entries = table.iter().collect::<Result<Vec<_>, _>>().unwrap();
        // The count includes range deletions.
        let deletions = table.range_deletions().unwrap();
        assert_eq!(table.properties().num_range_deletions().unwrap().unwrap_or_default(), deletions.len() as u64);
        assert_eq!(table.properties().num_entries().unwrap(), Some((entries.len() + deletions.len()) as u64));
        assert_eq!(table.properties().comparer(), Some(&b"leveldb.BytewiseComparator"[..]));
        range_deletions += deletions.len();
        for entry in &entries {
            assert_eq!(table.iter_from(&entry.key).next().unwrap().unwrap().key, entry.key);
        }
        tables += 1;
    }
    assert_eq!((tables, range_deletions), (3, 2));
}
