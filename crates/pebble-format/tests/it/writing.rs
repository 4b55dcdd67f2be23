//! What the writers make, read by the crate and by the second reader.

use std::collections::BTreeMap;
use std::ops::Bound;

use pebble_format::key::{Kind, Trailer};
use pebble_format::sst::{Compression, Table, Writer, WriterOptions};
use pebble_format::{Database, DatabaseOptions, DatabaseWriter, Directory, Error, Files, Limits, MemoryFiles};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use crate::plain_reader;

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

fn write(map: &Map, options: DatabaseOptions) -> MemoryFiles {
    let mut writer = DatabaseWriter::new(MemoryFiles::new(), options);
    for (key, value) in map {
        writer.put(key, value).unwrap();
    }
    writer.finish().unwrap()
}

fn read(files: &impl Files) -> Map {
    let database = Database::open(files, Limits::default()).unwrap();
    database.iter().map(|row| row.map(|(key, value)| (key, value.to_vec()))).collect::<Result<_, _>>().unwrap()
}

fn options(block_size: usize, table_size: u64, snappy: bool) -> DatabaseOptions {
    let compression = if snappy { Compression::Snappy } else { Compression::None };
    let tables = WriterOptions::default().with_block_size(block_size).with_compression(compression);
    DatabaseOptions::default().with_tables(tables).with_table_size(table_size)
}

/// Keys that share prefixes, end in zeros, or are empty.
fn key() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(any::<u8>(), 0..12), vec(0_u8..3, 0..8), "user/[a-c]{1,20}".prop_map(String::into_bytes)]
}

fn map() -> impl Strategy<Value = Map> {
    btree_map(key(), vec(any::<u8>(), 0..60), 0..120)
}

proptest! {
    #[test]
    fn what_is_written_is_read(map in map(), block in 1_usize..600, table in 1_u64..3000, snappy: bool) {
        let files = write(&map, options(block, table, snappy));
        prop_assert_eq!(&read(&files), &map);
        let rows = plain_reader::database(&files);
        prop_assert!(rows.iter().all(|(_, trailer, _)| *trailer == 1), "all rows are SET with the number 0");
        let plain: Map = rows.into_iter().map(|(key, _, value)| (key, value)).collect();
        prop_assert_eq!(&plain, &map);
    }

    #[test]
    fn ranges_are_those_of_a_sorted_map(map in map(), bounds in vec((key(), key()), 1..20), block in 1_usize..600) {
        let files = write(&map, options(block, 900, false));
        let database = Database::open(&files, Limits::default()).unwrap();
        for (one, other) in bounds {
            let (low, high) = if one <= other { (one, other) } else { (other, one) };
            for (lower, upper) in [
                (Bound::Included(low.as_slice()), Bound::Unbounded),
                (Bound::Unbounded, Bound::Included(high.as_slice())),
                (Bound::Included(low.as_slice()), Bound::Excluded(high.as_slice())),
                (Bound::Excluded(low.as_slice()), Bound::Included(high.as_slice())),
            ] {
                let found: Vec<_> = database.range(lower, upper).map(|row| row.unwrap().0).collect();
                let expected: Vec<_> = match (lower, upper) {
                    // Nothing is above and not above the same key; the map panics there.
                    (Bound::Excluded(one), Bound::Included(other)) if one == other => Vec::new(),
                    bounds => map.range::<[u8], _>(bounds).map(|(key, _)| key.clone()).collect(),
                };
                prop_assert_eq!(found, expected);
            }
            let value = database.get(&low).unwrap().map(|value| value.to_vec());
            prop_assert_eq!(value.as_ref(), map.get(&low));
            let with_prefix = map.keys().filter(|key| key.starts_with(&high)).count();
            prop_assert_eq!(database.prefix(&high).count(), with_prefix);
        }
    }

    #[test]
    fn versions_of_a_key_stay_in_order(
        versions in btree_map((key(), any::<u16>()), (0_usize..4, vec(any::<u8>(), 0..9)), 1..80),
        block in 1_usize..300,
    ) {
        let kinds = [Kind::Set, Kind::Delete, Kind::SetWithDelete, Kind::SingleDelete];
        let mut writer = Writer::new(Vec::new(), WriterOptions::default().with_block_size(block));
        let mut expected = Vec::new();
        // The map has the oldest version of a key first.
        let newest_first = versions.into_iter().map(|((key, age), (kind, value))| ((key, u16::MAX - age), kind, value));
        let mut rows: Vec<_> = newest_first.collect();
        rows.sort_by(|one, other| one.0.0.cmp(&other.0.0).then(other.0.1.cmp(&one.0.1)));
        for ((key, sequence), kind, value) in rows {
            let trailer = Trailer { sequence: u64::from(sequence), kind: kinds[kind] };
            writer.add(&key, trailer, &value).unwrap();
            expected.push((key, trailer, value));
        }
        let (file, summary) = writer.finish().unwrap();
        prop_assert_eq!(summary.entries, expected.len() as u64);
        prop_assert_eq!(plain_reader::table(&file).0.len(), expected.len());
        let table = Table::open(file.into(), Limits::default()).unwrap();
        let found: Vec<_> = table.iter().map(|entry| entry.unwrap()).map(|entry| (entry.key, entry.trailer, entry.value.to_vec())).collect();
        prop_assert_eq!(&found, &expected);
        for (key, ..) in &expected {
            let first = table.iter_from(key).next().unwrap().unwrap();
            let newest = expected.iter().find(|(other, ..)| other == key).unwrap();
            prop_assert_eq!((&first.key, first.trailer), (key, newest.1));
        }
    }
}

#[test]
fn a_database_of_many_tables() {
    let map: Map =
        (0..20_000_u32).map(|row| (format!("key{row:08}").into_bytes(), row.to_le_bytes().to_vec())).collect();
    let files = write(&map, options(1000, 10_000, true));
    assert!(files.list().unwrap().len() > 10);
    assert_eq!(read(&files), map);
    assert_eq!(plain_reader::database(&files).len(), map.len());
}

#[test]
fn a_manifest_of_several_blocks() {
    let map: Map = (0..400_u32).map(|row| (format!("{row:0200}").into_bytes(), Vec::new())).collect();
    let files = write(&map, options(1, 1, false));
    assert!(files.read("MANIFEST-000001").unwrap().len() > 64 << 10);
    assert_eq!(read(&files), map);
    assert_eq!(plain_reader::database(&files).len(), map.len());
}

#[test]
fn an_empty_database() {
    let files = write(&Map::new(), DatabaseOptions::default());
    assert_eq!(read(&files), Map::new());
    assert!(plain_reader::database(&files).is_empty());
}

#[test]
fn a_directory_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = DatabaseWriter::new(Directory::new(folder.path()), DatabaseOptions::default());
    writer.put(b"key", b"value").unwrap();
    let directory = writer.finish().unwrap();
    assert_eq!(read(&directory), Map::from([(b"key".to_vec(), b"value".to_vec())]));
    // A second database does not replace the first.
    let mut writer = DatabaseWriter::new(directory.clone(), DatabaseOptions::default());
    assert!(matches!(writer.put(b"other", b""), Err(Error::Io(_))));
    assert_eq!(read(&directory).len(), 1);
}

#[test]
fn a_database_that_was_not_finished_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let tables = WriterOptions::default().with_block_size(1);
    let options = DatabaseOptions::default().with_tables(tables).with_table_size(1);
    let mut writer = DatabaseWriter::new(Directory::new(folder.path()), options);
    writer.put(b"key", b"value").unwrap();
    drop(writer);
    let error = Database::open(&Directory::new(folder.path()), Limits::default()).unwrap_err();
    assert!(matches!(error, Error::Missing(_)), "{error}");
}

#[test]
fn keys_out_of_order_are_refused_across_tables() {
    let mut writer = DatabaseWriter::new(MemoryFiles::new(), options(1, 1, false));
    writer.put(b"b", b"").unwrap();
    for key in [b"b", b"a"] {
        assert!(matches!(writer.put(key, b""), Err(Error::Order { index: 1 })));
    }
}
