//! Damaged and malicious files: an error or the same rows, never a panic and never more than the limits.

use bytes::Bytes;
use pebble_format::sst::{Compression, Entry, Table, Writer, WriterOptions};
use pebble_format::{Database, DatabaseOptions, DatabaseWriter, Error, Files, Limits, MemoryFiles};
use proptest::prelude::*;

use crate::plain_reader::masked_crc;
use crate::sample;

fn limits() -> Limits {
    Limits::default().with_block(1 << 20).with_total(16 << 20).with_range_deletions(1000)
}

fn rows(file: &[u8]) -> Result<Vec<Entry>, Error> {
    let table = Table::open(Bytes::copy_from_slice(file), limits())?;
    table.range_deletions()?;
    table.iter().collect()
}

fn small_table() -> Vec<u8> {
    let options = WriterOptions::default().with_block_size(60).with_compression(Compression::Snappy);
    let mut writer = Writer::new(Vec::new(), options);
    for row in 0..12 {
        writer.put(format!("key{row:02}").as_bytes(), &[b'v'; 20]).unwrap();
    }
    writer.finish().unwrap().0
}

/// The smallest table of the sample: columnar, with a range deletion.
fn columnar_table() -> Bytes {
    let files = sample::files();
    let tables = files.iter().filter(|(name, _)| name.ends_with(".sst"));
    tables.map(|(_, file)| file.clone()).min_by_key(Bytes::len).unwrap()
}

#[test]
fn a_table_that_is_cut_off_anywhere_is_an_error() {
    for whole in [small_table(), columnar_table().to_vec()] {
        for len in 0..whole.len() {
            assert!(rows(&whole[..len]).is_err(), "{len} of {} bytes", whole.len());
        }
    }
}

#[test]
fn a_changed_byte_is_an_error_or_changes_nothing() {
    for whole in [small_table(), columnar_table().to_vec()] {
        let expected = rows(&whole).unwrap();
        for at in 0..whole.len() {
            for change in [1, 0x80, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] ^= change;
                if let Ok(found) = rows(&damaged) {
                    assert_eq!(found, expected, "byte {at} changed by {change}");
                }
            }
        }
    }
}

/// Changes a byte of every block in turn and mends the checksum, so that the decoders see it.
#[test]
fn blocks_with_the_right_checksum_and_wrong_content_do_no_harm() {
    // Where blocks end is found by trying: the checksum of the bytes before it says so.
    let whole = columnar_table().to_vec();
    let mut blocks = Vec::new();
    let mut start = 0;
    while start < whole.len() {
        let end = (start + 1..whole.len().saturating_sub(4))
            .find(|end| masked_crc(&whole[start..*end]).to_le_bytes() == whole[*end..end + 4]);
        let Some(end) = end else { break };
        blocks.push((start, end));
        start = end + 4;
    }
    assert!(blocks.len() >= 5, "{blocks:?}");
    for (start, end) in blocks {
        for at in start..end {
            for value in [0, 1, 0x7f, 0x80, 0xff, whole[at].wrapping_add(1)] {
                let mut damaged = whole.clone();
                damaged[at] = value;
                let crc = masked_crc(&damaged[start..end]);
                damaged[end..end + 4].copy_from_slice(&crc.to_le_bytes());
                // Whatever comes out, it ends, and within the limits.
                let _ = rows(&damaged);
            }
        }
    }
}

#[test]
fn files_of_a_database_that_are_cut_off_or_changed() {
    let mut writer = DatabaseWriter::new(MemoryFiles::new(), DatabaseOptions::default());
    writer.put(b"a", b"1").unwrap();
    writer.put(b"b", b"2").unwrap();
    let files = writer.finish().unwrap();
    let read = |files: &MemoryFiles| Database::open(files, limits())?.iter().collect::<Result<Vec<_>, _>>();
    let expected = read(&files).unwrap();
    for name in ["MANIFEST-000001", "000002.sst"] {
        let whole = files.read(name).unwrap();
        for at in 0..whole.len() {
            let mut damaged = files.clone();
            damaged.insert(name, whole.slice(..at));
            assert!(read(&damaged).is_err(), "{name} cut at {at}");
            let mut changed = whole.to_vec();
            changed[at] ^= 0x41;
            damaged.insert(name, changed);
            if let Ok(found) = read(&damaged) {
                assert_eq!(found, expected, "{name}, byte {at}");
            }
        }
    }
}

#[test]
fn one_pass_produces_no_more_than_the_limit() {
    let mut writer = Writer::new(Vec::new(), WriterOptions::default().with_compression(Compression::Snappy));
    for row in 0..200_u32 {
        writer.put(&row.to_be_bytes(), &[0; 10_000]).unwrap();
    }
    let file: Bytes = writer.finish().unwrap().0.into();
    assert!(file.len() < 200_000);
    let table = Table::open(file.clone(), Limits::default().with_total(500_000)).unwrap();
    let result: Result<Vec<_>, _> = table.iter().collect();
    assert!(matches!(result, Err(Error::Limit { limit: 500_000, .. })));
    let table = Table::open(file, Limits::default().with_block(20_000)).unwrap();
    assert!(matches!(table.iter().next(), Some(Err(Error::Limit { limit: 20_000, .. }))));
}

proptest! {
    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = rows(&bytes);
        let _ = pebble_format::batch::read(&bytes);
        let _ = pebble_format::manifest::Edit::decode(&bytes);
        let _ = pebble_format::options::Options::parse(&bytes);
        let mut files = MemoryFiles::new();
        files.insert("marker.format-version.000001.024", "");
        files.insert("MANIFEST-000001", bytes.clone());
        files.insert("000002.log", bytes);
        prop_assert!(Database::open(&files, limits()).is_err());
    }

    #[test]
    fn several_changed_bytes_of_a_manifest(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let edit = b"\x01\x1aleveldb.BytewiseComparator\x03\x09\x04\x64\x67\x06\x04\x64\x09a\x01\0\0\0\0\0\0\0\x09b\x01\0\0\0\0\0\0\0\0\0\x42\x04\x01";
        let mut record = edit.to_vec();
        for (index, value) in changes {
            let at = index.index(record.len());
            record[at] = value;
        }
        let _ = pebble_format::manifest::Edit::decode(&record);
    }
}
