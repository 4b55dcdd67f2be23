//! A second reader, for what the writer makes: directories of row tables without logs.
//!
//! It is written from `docs/spec/c1z-format.md` 7 and 8 alone and shares nothing with the crate, so that the two do not
//! share a mistake. It is strict where the crate is lenient, and panics at whatever is not as described.

use std::collections::BTreeMap;

use bytes::Bytes;
use pebble_format::{Files, MemoryFiles};

/// A user key, its trailer and its value.
pub(crate) type Row = (Vec<u8>, u64, Vec<u8>);

/// The CRC-32C by its definition, bit by bit, in its masked form.
pub(crate) fn masked_crc(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 };
        }
    }
    let crc = !crc;
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

struct Bits<'a>(&'a [u8]);

impl<'a> Bits<'a> {
    fn bytes(&mut self, len: u64) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(usize::try_from(len).unwrap());
        self.0 = rest;
        taken
    }

    fn fixed(&mut self, len: u64) -> u64 {
        self.bytes(len).iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
    }

    fn varint(&mut self) -> u64 {
        let mut value = 0;
        let mut shift = 0;
        loop {
            let byte = self.fixed(1);
            value |= (byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                return value;
            }
        }
    }

    fn string(&mut self) -> &'a [u8] {
        let len = self.varint();
        self.bytes(len)
    }
}

fn split(ikey: &[u8]) -> (Vec<u8>, u64) {
    let (user, trailer) = ikey.split_at(ikey.len() - 8);
    (user.to_vec(), u64::from_le_bytes(trailer.try_into().unwrap()))
}

/// Whether the first internal key sorts before the second: user keys ascend, trailers descend.
fn before(one: &(Vec<u8>, u64), other: &(Vec<u8>, u64)) -> bool {
    one.0 < other.0 || (one.0 == other.0 && one.1 > other.1)
}

fn block(file: &[u8], offset: u64, length: u64) -> Vec<u8> {
    let (start, end) = (usize::try_from(offset).unwrap(), usize::try_from(offset + length).unwrap());
    let (covered, crc) = file[start..end + 5].split_at(end + 1 - start);
    assert_eq!(masked_crc(covered), u32::from_le_bytes(crc.try_into().unwrap()), "checksum of the block at {offset}");
    match covered[covered.len() - 1] {
        0 => covered[..covered.len() - 1].to_vec(),
        1 => snap::raw::Decoder::new().decompress_vec(&covered[..covered.len() - 1]).unwrap(),
        other => panic!("compression {other}"),
    }
}

/// Keys and values of a row block. Restart points are where keys are stored whole.
fn rows(block: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let count = usize::try_from(Bits(&block[block.len() - 4..]).fixed(4)).unwrap();
    let (rows, mut restarts) = block.split_at(block.len() - 4 - 4 * count);
    restarts = &restarts[..4 * count];
    let restarts: Vec<_> = restarts.chunks(4).map(|bytes| usize::try_from(Bits(bytes).fixed(4)).unwrap()).collect();
    let mut bits = Bits(rows);
    let mut found: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    let mut starts = Vec::new();
    while !bits.0.is_empty() {
        starts.push(rows.len() - bits.0.len());
        let (shared, unshared, value) = (bits.varint(), bits.varint(), bits.varint());
        let shared = usize::try_from(shared).unwrap();
        if restarts.contains(starts.last().unwrap()) {
            assert_eq!(shared, 0, "a restart point shares nothing");
        }
        let mut key = found.last().map_or(&[][..], |(key, _)| &key[..shared]).to_vec();
        key.extend(bits.bytes(unshared));
        found.push((key, bits.bytes(value).to_vec()));
    }
    assert!(restarts.iter().all(|restart| starts.contains(restart)), "restart points are at rows");
    assert_eq!(restarts[0], 0);
    found
}

/// The rows and properties of a table of the format v2.
pub(crate) fn table(file: &[u8]) -> (Vec<Row>, BTreeMap<String, Vec<u8>>) {
    let mut footer = Bits(&file[file.len() - 53..]);
    assert_eq!(footer.fixed(1), 1, "checksums are CRC-32C");
    let (meta, index) = ((footer.varint(), footer.varint()), (footer.varint(), footer.varint()));
    let zeros = footer.0.len() - 12;
    assert!(footer.bytes(zeros as u64).iter().all(|byte| *byte == 0), "the footer is filled with zeros");
    assert_eq!(footer.fixed(4), 2, "the format");
    assert_eq!(footer.0, [0xf0, 0x9f, 0xaa, 0xb3, 0xf0, 0x9f, 0xaa, 0xb3]);

    let meta = rows(&block(file, meta.0, meta.1));
    let [(name, handle)] = meta.as_slice() else { panic!("{meta:?}") };
    assert_eq!(name, b"rocksdb.properties");
    let mut handle = Bits(handle);
    let properties = rows(&block(file, handle.varint(), handle.varint()));
    assert!(properties.is_sorted(), "properties are sorted");
    let properties = properties.into_iter().map(|(name, value)| (String::from_utf8(name).unwrap(), value)).collect();

    let mut all: Vec<Row> = Vec::new();
    let mut offset = 0;
    let mut separator: Option<(Vec<u8>, u64)> = None;
    let index = rows(&block(file, index.0, index.1));
    for (key, handle) in &index {
        let mut handle = Bits(handle);
        let (at, length) = (handle.varint(), handle.varint());
        assert_eq!(at, offset, "blocks follow each other");
        offset += length + 5;
        let found = rows(&block(file, at, length));
        let first = split(&found[0].0);
        assert!(separator.is_none_or(|separator| before(&separator, &first)), "the separator is below the next block");
        for (key, value) in found {
            let (user, trailer) = split(&key);
            if let Some((last, last_trailer, _)) = all.last() {
                assert!(before(&(last.clone(), *last_trailer), &(user.clone(), trailer)), "rows ascend");
            }
            all.push((user, trailer, value));
        }
        let (last, last_trailer, _) = all.last().unwrap();
        assert!(!before(&split(key), &(last.clone(), *last_trailer)), "the separator is not below its block");
        separator = Some(split(key));
    }
    check_properties(&properties, &all, index.len() as u64, offset);
    (all, properties)
}

fn check_properties(properties: &BTreeMap<String, Vec<u8>>, rows: &[Row], blocks: u64, data_size: u64) {
    let number = |name: &str| Bits(&properties[name]).varint();
    assert_eq!(properties["rocksdb.comparator"], b"leveldb.BytewiseComparator");
    assert_eq!(properties["rocksdb.block.based.table.index.type"], [0; 4]);
    assert_eq!(number("rocksdb.num.entries"), rows.len() as u64);
    assert_eq!(number("rocksdb.num.data.blocks"), blocks);
    assert_eq!(number("rocksdb.data.size"), data_size);
    let deletions = rows.iter().filter(|(_, trailer, _)| ![1, 18].contains(&(trailer & 0xff))).count();
    assert_eq!(number("rocksdb.deleted.keys"), deletions as u64);
    assert_eq!(number("rocksdb.raw.key.size"), rows.iter().map(|(key, ..)| key.len() as u64 + 8).sum());
    assert_eq!(number("rocksdb.raw.value.size"), rows.iter().map(|(.., value)| value.len() as u64).sum());
}

/// The only record of a manifest, out of its chunks.
fn record(file: &[u8]) -> Vec<u8> {
    let mut record = Vec::new();
    for (index, block) in file.chunks(32 << 10).enumerate() {
        let last = (index + 1) * (32 << 10) >= file.len();
        let mut bits = Bits(block);
        let (crc, length) = (bits.fixed(4), bits.fixed(2));
        let (kind, payload) = bits.0.split_first().unwrap();
        assert_eq!(u64::from(masked_crc(bits.0)), crc);
        assert_eq!(payload.len() as u64, length);
        let expected = match (index, last) {
            (0, true) => 1,
            (0, false) => 2,
            (_, false) => 3,
            (_, true) => 4,
        };
        assert_eq!(*kind, expected, "the type of chunk {index}");
        record.extend(payload);
    }
    record
}

/// The rows of a whole database, in order.
pub(crate) fn database(files: &MemoryFiles) -> Vec<Row> {
    let mut names = files.list().unwrap();
    for empty in ["marker.format-version.000001.024", "marker.manifest.000001.MANIFEST-000001"] {
        assert_eq!(files.read(empty).unwrap(), "");
        names.retain(|name| name != empty);
    }
    let record = record(&files.read("MANIFEST-000001").unwrap());
    names.retain(|name| name != "MANIFEST-000001");
    let mut edit = Bits(&record);
    assert_eq!((edit.varint(), edit.string()), (1, &b"leveldb.BytewiseComparator"[..]));
    assert_eq!(edit.varint(), 3);
    let next = edit.varint();
    assert_eq!(edit.varint(), 4);
    assert!(edit.varint() >= 10, "the last sequence number");
    let mut all: Vec<Row> = Vec::new();
    while !edit.0.is_empty() {
        assert_eq!((edit.varint(), edit.varint()), (100, 6), "a new table of the last level");
        let (number, size) = (edit.varint(), edit.varint());
        assert!(number < next);
        let (smallest, largest) = (split(edit.string()), split(edit.string()));
        let sequences = edit.varint()..=edit.varint();
        let name = format!("{number:06}.sst");
        let file: Bytes = files.read(&name).unwrap();
        names.retain(|other| *other != name);
        assert_eq!(file.len() as u64, size);
        let (rows, _) = table(&file);
        let bound = |row: &Row| (row.0.clone(), row.1);
        assert_eq!((bound(&rows[0]), bound(rows.last().unwrap())), (smallest, largest));
        assert!(rows.iter().all(|(_, trailer, _)| sequences.contains(&(trailer >> 8))));
        assert!(all.last().is_none_or(|last| last.0 < rows[0].0), "tables do not overlap");
        all.extend(rows);
    }
    let [options] = names.as_slice() else { panic!("other files: {names:?}") };
    assert!(options.starts_with("OPTIONS-"));
    let text = String::from_utf8(files.read(options).unwrap().to_vec()).unwrap();
    assert!(text.contains("comparer=leveldb.BytewiseComparator"));
    all
}
