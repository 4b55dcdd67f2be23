//! Logs above tables, tables above tables, and the bytes of the published minimum database.

use std::collections::BTreeMap;

use bytes::Bytes;
use pebble_format::key::{Kind, MAX_SEQUENCE, Trailer};
use pebble_format::manifest::{Edit, NewTable};
use pebble_format::record::RecordWriter;
use pebble_format::sst::{Writer, WriterOptions};
use pebble_format::{Database, Error, Files, Limits, LogEnd, MemoryFiles};

use crate::plain_reader::masked_crc;
use crate::sample;

fn varint(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push((value % 0x80) as u8 | 0x80);
        value /= 0x80;
    }
    out.push(value as u8);
}

/// A change: kind, key, and the value if the kind has one.
type Change<'a> = (u8, &'a [u8], Option<&'a [u8]>);

fn batch(sequence: u64, changes: &[Change<'_>]) -> Vec<u8> {
    let mut batch = sequence.to_le_bytes().to_vec();
    batch.extend((changes.len() as u32).to_le_bytes());
    for (kind, key, value) in changes {
        batch.push(*kind);
        for part in [Some(*key), *value].into_iter().flatten() {
            varint(&mut batch, part.len());
            batch.extend(part);
        }
    }
    batch
}

/// A log of one chunk per batch, in the framing of today.
fn log(number: u32, batches: &[Vec<u8>]) -> Vec<u8> {
    let mut log = Vec::new();
    for batch in batches {
        let mut covered = vec![9];
        covered.extend(number.to_le_bytes());
        covered.extend((log.len() as u64).to_le_bytes());
        covered.extend(batch);
        log.extend(masked_crc(&covered).to_le_bytes());
        log.extend((batch.len() as u16).to_le_bytes());
        log.extend(covered);
    }
    log
}

fn manifest(edits: &[Vec<u8>]) -> Vec<u8> {
    let mut writer = RecordWriter::new();
    for edit in edits {
        writer.add(edit);
    }
    writer.finish()
}

fn edit(added: Vec<(u8, NewTable)>, log_number: Option<u64>) -> Vec<u8> {
    let mut edit = Edit::default();
    (edit.next_file, edit.last_sequence) = (Some(100), Some(1000));
    (edit.added, edit.log_number) = (added, log_number);
    edit.encode()
}

fn empty_database(edits: &[Vec<u8>]) -> MemoryFiles {
    let mut files = MemoryFiles::new();
    files.insert("marker.format-version.000001.024", "");
    files.insert("marker.manifest.000001.MANIFEST-000001", "");
    files.insert("MANIFEST-000001", manifest(edits));
    files
}

fn read(files: &MemoryFiles) -> BTreeMap<String, String> {
    let database = Database::open(files, Limits::default()).unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    database.iter().map(|row| row.unwrap()).map(|(key, value)| (text(&key), text(&value))).collect()
}

fn rows(rows: &[(&str, &str)]) -> BTreeMap<String, String> {
    rows.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// A table with these rows, each with a sequence number of its own.
fn table(number: u64, rows: &[(&str, u64, Kind, &str)]) -> (Vec<u8>, NewTable) {
    let mut writer = Writer::new(Vec::new(), WriterOptions::default());
    for (key, sequence, kind, value) in rows {
        writer.add(key.as_bytes(), Trailer { sequence: *sequence, kind: *kind }, value.as_bytes()).unwrap();
    }
    let (file, summary) = writer.finish().unwrap();
    let meta = NewTable::new(number, summary.size, summary.smallest, summary.largest);
    (file, meta.with_sequences(summary.smallest_sequence, summary.largest_sequence))
}

#[test]
fn the_published_minimum_database() {
    // docs/spec/c1z-format.md 18: the file is given there byte by byte.
    let hex = |text: &str| -> Vec<u8> {
        let digits: Vec<_> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    };
    let edit = hex("22518c25 2000 01 01 1a 6c6576656c64622e4279746577697365436f6d70617261746f72 03 03 04 00");
    let mut run = hex("0a1b");
    run.extend(b"2abcdefghijklmnopqrstuvwxyz");
    run.extend(hex("1001 2206 0880f2d6ca06 2a06 0885f2d6ca06"));
    let user = b"\x12\x04user\x1a\x04User\x22\x04USER";
    let set = |key: &'static [u8], value: &'static [u8]| (1_u8, key, Some(value));
    let run = run.leak();
    let changes = [
        set(b"\x03\x01\0user", user),
        set(b"\x03\x06", run),
        set(b"\x03\xffgrant_entitlement_id_format", &[0, 0, 0, 2]),
        set(b"\x03\xffkeyspace_version", &[0, 0, 0, 2]),
    ];
    let batch = batch(10, &changes);
    let mut log = hex("3f709655 9900 01");
    log.extend(&batch);
    assert_eq!(log.len(), 160);

    let mut files = empty_database(&[]);
    files.insert("MANIFEST-000001", edit);
    files.insert("000002.log", log);
    let database = Database::open(&files, Limits::default()).unwrap();
    let found: Vec<_> = database.iter().collect::<Result<_, _>>().unwrap();
    let expected = changes.map(|(_, key, value)| (key.to_vec(), Bytes::from_static(value.unwrap())));
    assert_eq!(found, expected);
    assert_eq!(*database.log_end(), LogEnd::Clean);
}

#[test]
fn a_log_changes_what_the_tables_say() {
    let mut files = sample::files();
    let before = Database::open(&files, Limits::default()).unwrap();
    let number = before.version().log_number().max(50) as u32;
    let first_user = before.prefix(b"\x03\x02\0user\0").next().unwrap().unwrap().0;
    let changes: [Change<'_>; 4] = [
        (0, &first_user, None),
        (15, b"\x03\x04", Some(b"\x03\x05")),
        (1, b"\x03\x04\0new", Some(b"grant")),
        (1, b"\x03\x06", Some(b"another run")),
    ];
    files.insert(format!("{number:06}.log"), log(number, &[batch(5000, &changes)]));
    let after = Database::open(&files, Limits::default()).unwrap();
    assert_eq!(after.get(&first_user).unwrap(), None);
    assert_eq!(after.prefix(b"\x03\x02").count(), before.prefix(b"\x03\x02").count() - 1);
    let grants: Vec<_> = after.prefix(b"\x03\x04").map(|row| row.unwrap().0).collect();
    assert_eq!(grants, [b"\x03\x04\0new"]);
    assert_eq!(after.get(b"\x03\x06").unwrap().as_deref(), Some(&b"another run"[..]));
}

#[test]
fn sequence_numbers_decide() {
    let mut files = empty_database(&[edit(Vec::new(), Some(3))]);
    let set = |key: &'static [u8], value: &'static [u8]| (1, key, Some(value));
    let three = [
        batch(20, &[set(b"a", b"1"), set(b"a", b"2"), set(b"b", b"1"), (7, b"b", None), set(b"c", b"1")]),
        batch(25, &[(23, b"c", Some(b"\x01"))]),
        // A range deletion leaves what comes after it, and what has its end as key.
        batch(30, &[set(b"d", b"1"), (15, b"d", Some(b"f")), set(b"e", b"1"), set(b"f", b"1")]),
    ];
    files.insert("000003.log", log(3, &three));
    // The changes of a log that is older than the manifest says are in a table.
    files.insert("000002.log", log(2, &[batch(90, &[set(b"z", b"old log")])]));
    files.insert("000004.log", log(4, &[batch(40, &[set(b"g", b"1")])]));
    assert_eq!(read(&files), rows(&[("a", "2"), ("e", "1"), ("f", "1"), ("g", "1")]));
}

#[test]
fn a_torn_end_of_the_last_log_is_reported() {
    let whole = log(3, &[batch(20, &[(1, b"a", Some(b"1"))]), batch(21, &[(1, b"b", Some(b"1"))])]);
    let first = log(3, &[batch(20, &[(1, b"a", Some(b"1"))])]).len();
    for cut in 0..whole.len() {
        let mut files = empty_database(&[edit(Vec::new(), None)]);
        files.insert("000003.log", whole[..cut].to_vec());
        let database = Database::open(&files, Limits::default()).unwrap();
        assert_eq!(database.iter().count(), usize::from(cut >= first));
        let offset = if cut < first { 0 } else { first as u64 };
        let torn = LogEnd::Torn { name: "000003.log".to_owned(), offset };
        let expected = if cut == 0 || cut == first { LogEnd::Clean } else { torn };
        assert_eq!(*database.log_end(), expected, "cut at {cut}");
        // In a log that is not the last one, the same is damage.
        files.insert("000004.log", "");
        assert_eq!(Database::open(&files, Limits::default()).is_err(), expected != LogEnd::Clean);
    }
}

#[test]
fn newer_tables_hide_older_ones() {
    let (old, old_meta) =
        table(4, &[("a", 0, Kind::Set, "old"), ("b", 0, Kind::Set, "old"), ("c", 0, Kind::Set, "old")]);
    let (middle, middle_meta) = table(5, &[("a", 12, Kind::Delete, ""), ("b", 13, Kind::Set, "middle")]);
    let (new, new_meta) = table(6, &[("a", 20, Kind::SetWithDelete, "new"), ("c", 21, Kind::Delete, "")]);
    let mut files = empty_database(&[edit(vec![(6, old_meta), (0, middle_meta), (0, new_meta)], None)]);
    files.insert("000004.sst", old);
    files.insert("000005.sst", middle);
    files.insert("000006.sst", new);
    assert_eq!(read(&files), rows(&[("a", "new"), ("b", "middle")]));
}

#[test]
fn an_ingested_table_has_one_sequence_number() {
    let (old, old_meta) = table(4, &[("a", 30, Kind::Set, "below"), ("b", 50, Kind::Set, "above")]);
    let (new, new_meta) = table(5, &[("a", 0, Kind::Set, "ingested"), ("b", 0, Kind::Set, "ingested")]);
    let new_meta = new_meta.with_sequences(40, 40);
    let mut files = empty_database(&[edit(vec![(5, old_meta), (0, new_meta)], None)]);
    files.insert("000004.sst", old);
    files.insert("000005.sst", new);
    assert_eq!(read(&files), rows(&[("a", "ingested"), ("b", "above")]));
}

/// A new table of the fourth version: a part of the file 4.
fn virtual_table(number: u8, smallest: &str, largest: &str, largest_trailer: u64) -> Vec<u8> {
    let mut edit = vec![103, 6, number, 100];
    for (user, trailer) in [(smallest, 1), (largest, largest_trailer)] {
        edit.push(user.len() as u8 + 8);
        edit.extend(user.as_bytes());
        edit.extend(trailer.to_le_bytes());
    }
    // Sequence numbers, the creation time, the file, the end.
    edit.extend([0, 0, 6, 1, 5, 66, 4, 1]);
    edit
}

#[test]
fn virtual_tables_show_a_part_of_their_file() {
    let all: Vec<_> = ["a", "b", "c", "d", "e"].map(|key| (key, 0, Kind::Set, "1")).into();
    let (file, _) = table(4, &all);
    let before = MAX_SEQUENCE << 8 | 15;
    let tables = [virtual_table(8, "b", "b", 1), virtual_table(9, "c", "e", before)].concat();
    let mut files = empty_database(&[edit(Vec::new(), None), tables]);
    files.insert("000004.sst", file);
    assert_eq!(read(&files), rows(&[("b", "1"), ("c", "1"), ("d", "1")]));
    let database = Database::open(&files, Limits::default()).unwrap();
    assert_eq!(database.get(b"e").unwrap(), None);
    assert_eq!(database.range(std::ops::Bound::Excluded(b"b"), std::ops::Bound::Unbounded).count(), 2);
}

#[test]
fn errors_name_the_file() {
    let (file, meta) = table(4, &[("a", 0, Kind::Set, "1")]);
    let mut files = empty_database(&[edit(vec![(6, meta)], None)]);
    let missing = Database::open(&files, Limits::default()).unwrap_err();
    assert!(missing.to_string().contains("000004.sst"), "{missing}");
    let mut damaged = file;
    damaged[0] ^= 1;
    files.insert("000004.sst", damaged);
    let database = Database::open(&files, Limits::default()).unwrap();
    let error = database.iter().next().unwrap().unwrap_err();
    assert!(matches!(&error, Error::InFile { name, .. } if name == "000004.sst"), "{error}");
    files.remove("MANIFEST-000001");
    assert!(matches!(Database::open(&files, Limits::default()), Err(Error::Missing(_))));
    assert_eq!(files.list().unwrap().len(), 3);
}
