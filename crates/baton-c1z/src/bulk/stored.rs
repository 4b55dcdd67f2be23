//! The rows of a table straight from the pages of a database that is only read (SQLite file format, 1.3, 1.6 and 2.1).
//!
//! Rows of older syncs are copied as they are. SQLite would take every row apart for that, and it would have to be put
//! together again. Whatever is out of the ordinary, damage too, is left to SQLite: it knows how to read it, or what to say.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::pages::{Kind, PageNumber};
use super::tree_page::{Payload, SeenPages, TreePage, Unsupported, page_number, varint};
use crate::db_header::DbHeader;
use crate::error::Error;
use crate::previous_file::PreviousFile;
use crate::schema::Table;

/// A table in a database that nobody writes to.
#[derive(Debug)]
pub(super) struct StoredTable<'a> {
    previous: &'a PreviousFile,
    file: File,
    /// The block that was unpacked last: its number and what is in it.
    block: Option<u64>,
    plain: Vec<u8>,
    page_size: usize,
    pages: u64,
    root: PageNumber,
}

/// How far the rows could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reached {
    /// All of them.
    End,
    /// Those up to this row id. What follows is out of the ordinary.
    Row(i64),
}

impl<'a> StoredTable<'a> {
    /// The table in an older database, which `connection` has open for reading; `None` if it is not laid out as ours.
    pub(super) fn find(table: &Table, previous: &'a PreviousFile, connection: &Connection) -> Option<Self> {
        if !table.is_complete(connection) {
            return None;
        }
        let root = "SELECT rootpage FROM sqlite_schema WHERE name = ?";
        let root = connection.query_row(root, [table.name], |row| row.get(0)).ok()?;
        let mut file = File::open(previous.db()).ok()?;
        let mut header = [0; DbHeader::LENGTH];
        file.read_exact(&mut header).ok()?;
        let header = DbHeader::parse(&header).filter(DbHeader::is_plain)?;
        let page_size = header.page_size()?;
        let pages = file.metadata().ok()?.len() / page_size as u64;
        Some(Self { previous, file, block: None, plain: Vec::new(), page_size, pages, root })
    }

    /// Calls `each` for every row in the order of row ids, with its record, which does not include the row id, and the `COLUMNS`
    /// values in it.
    ///
    /// # Errors
    /// Those of `each`.
    pub(super) fn for_each<const COLUMNS: usize>(
        &mut self,
        mut each: impl FnMut(&[u8], &[ValueRef<'_>; COLUMNS]) -> Result<(), Error>,
    ) -> Result<Reached, Error> {
        let mut last = i64::MIN;
        let mut failed = Ok(());
        let walked = self.walk(&mut |row, record| {
            // In order, so that SQLite can go on behind any of them.
            let values = values(record).filter(|_| row > last).ok_or(Unsupported::Layout)?;
            if let Err(error) = each(record, &values) {
                failed = Err(error);
                return Err(Unsupported::Layout);
            }
            last = row;
            Ok(())
        });
        failed?;
        Ok(if walked.is_ok() { Reached::End } else { Reached::Row(last) })
    }

    /// Goes through the tree from the left to the right.
    fn walk(&mut self, each: &mut impl FnMut(i64, &[u8]) -> Result<(), Unsupported>) -> Result<(), Unsupported> {
        let (mut page, mut row) = (vec![0; self.page_size], Vec::new());
        let mut seen = SeenPages::new(self.pages);
        seen.add(self.root)?;
        let mut to_come = vec![self.root];
        while let Some(number) = to_come.pop() {
            self.read(number, &mut page)?;
            let page = TreePage::parse(&page, 0, self.page_size)?;
            let children = to_come.len();
            match page.kind() {
                Kind::TableInterior => page.for_each_cell(|cell| {
                    let child = cell.child.ok_or(Unsupported::Layout)?;
                    to_come.push(child);
                    seen.add(child)
                })?,
                Kind::TableLeaf => page.for_each_cell(|cell| {
                    let payload = cell.payload.ok_or(Unsupported::Layout)?;
                    if payload.overflow.is_none() {
                        return each(cell.row, payload.local);
                    }
                    self.read_overflow(&payload, &mut seen, &mut row)?;
                    each(cell.row, &row)
                })?,
                Kind::IndexInterior | Kind::IndexLeaf => return Err(Unsupported::Layout),
            }
            if let Some(child) = page.last_child()? {
                to_come.push(child);
                seen.add(child)?;
            }
            to_come[children..].reverse();
        }
        Ok(())
    }

    /// Reads a page that there is.
    fn read(&mut self, number: PageNumber, page: &mut [u8]) -> Result<(), Unsupported> {
        let at = u64::from(number.checked_sub(1).ok_or(Unsupported::Layout)?) * self.page_size as u64;
        let mut packed = self.previous.packed();
        let (block, size) = (at / packed.block() as u64, packed.block());
        if packed.has(block) {
            if self.block != Some(block) {
                self.block = None;
                packed.read(block, &mut self.plain).map_err(Unsupported::Failed)?;
                self.block = Some(block);
            }
            let from = (at % size as u64) as usize;
            let plain = self.plain.get(from..).and_then(|rest| rest.get(..page.len()));
            page.copy_from_slice(plain.ok_or(Unsupported::Layout)?);
            return Ok(());
        }
        drop(packed);
        let read = self.file.seek(SeekFrom::Start(at)).and_then(|_| self.file.read_exact(page));
        read.map_err(|_| Unsupported::Layout)
    }

    /// Reads a whole row into `out`, of which only a part has had room in its cell.
    fn read_overflow(
        &mut self,
        payload: &Payload<'_>,
        seen: &mut SeenPages,
        out: &mut Vec<u8>,
    ) -> Result<(), Unsupported> {
        out.clear();
        out.extend_from_slice(payload.local);
        let (mut next, mut page) = (payload.overflow, vec![0; self.page_size]);
        while out.len() < payload.length {
            let number = next.ok_or(Unsupported::Layout)?;
            seen.add(number)?;
            self.read(number, &mut page)?;
            let (following, content) = page_number(&page)?;
            out.extend_from_slice(&content[..content.len().min(payload.length - out.len())]);
            next = Some(following);
        }
        Ok(())
    }
}

/// The values of a record, but for the first, which is the row id and stands elsewhere. `None` if these are not as many, or if
/// it is no record.
fn values<const COLUMNS: usize>(record: &[u8]) -> Option<[ValueRef<'_>; COLUMNS]> {
    let (header, types) = varint(record).ok()?;
    let header = usize::try_from(header).ok()?;
    let mut types = types.get(..header.checked_sub(record.len() - types.len())?)?;
    let mut content = record.get(header..)?;
    let mut values = [ValueRef::Null; COLUMNS];
    let (row_id, rest) = varint(types).ok()?;
    if row_id != 0 {
        return None;
    }
    types = rest;
    for value in &mut values {
        let (of, rest) = varint(types).ok()?;
        types = rest;
        let length = match of {
            0 | 8 | 9 => 0,
            1..=4 => of as usize,
            5 => 6,
            6 | 7 => 8,
            10 | 11 => return None,
            of => usize::try_from((of - 12) / 2).ok()?,
        };
        let (bytes, rest) = content.split_at_checked(length)?;
        content = rest;
        *value = match of {
            0 => ValueRef::Null,
            1..=6 => ValueRef::Integer(integer(bytes)),
            7 => ValueRef::Real(f64::from_be_bytes(bytes.try_into().ok()?)),
            8 | 9 => ValueRef::Integer(i64::from(of == 9)),
            of if of % 2 == 0 => ValueRef::Blob(bytes),
            _ => ValueRef::Text(bytes),
        };
    }
    (types.is_empty() && content.is_empty()).then_some(values)
}

/// A big-endian number with a sign.
fn integer(bytes: &[u8]) -> i64 {
    let sign = if bytes.first().is_some_and(|first| first & 0x80 != 0) { -1 } else { 0 };
    bytes.iter().fold(sign, |number, byte| (number << 8) | i64::from(*byte))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::path::Path;

    use proptest::prelude::*;
    use rusqlite::params_from_iter;
    use rusqlite::types::Value;

    use super::*;
    use crate::schema::GRANTS;

    fn any_value() -> impl Strategy<Value = Value> {
        let length = prop_oneof![0..60_usize, 0..5_000_usize];
        prop_oneof![
            any::<i64>().prop_map(Value::Integer),
            (-200..200_i64).prop_map(Value::Integer),
            any::<f64>().prop_filter("no number", |number| !number.is_nan()).prop_map(Value::Real),
            length.clone().prop_map(|length| Value::Text("é".repeat(length))),
            length.prop_map(|length| Value::Blob(vec![7; length])),
        ]
    }

    /// A database with these rows of grants, some deleted again.
    fn database(page_size: usize, rows: &[Vec<Value>], deleted: &[usize]) -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("db");
        let db = Connection::open(&path).unwrap();
        db.pragma_update(None, "page_size", page_size as i64).unwrap();
        db.pragma_update(None, "synchronous", "OFF").unwrap();
        db.execute_batch(&GRANTS.create()).unwrap();
        let places = vec!["?"; GRANTS.columns.len()].join(", ");
        let insert = format!("INSERT INTO {} ({}) VALUES ({places})", GRANTS.name, GRANTS.column_list());
        for row in rows {
            db.execute(&insert, params_from_iter(row)).unwrap();
        }
        for row in deleted {
            db.execute("DELETE FROM v1_grants WHERE id = ?", [*row as i64]).unwrap();
        }
        drop(db);
        (dir, path)
    }

    fn by_sqlite(path: &Path) -> Vec<Vec<Value>> {
        let db = Connection::open(path).unwrap();
        let query = format!("SELECT {} FROM {} ORDER BY id", GRANTS.column_list(), GRANTS.name);
        let mut statement = db.prepare(&query).unwrap();
        let row = |row: &rusqlite::Row<'_>| (0..GRANTS.columns.len()).map(|column| row.get(column)).collect();
        statement.query_map([], row).unwrap().map(Result::unwrap).collect()
    }

    fn straight(path: &Path) -> Option<(Vec<Vec<Value>>, Reached)> {
        let db = Connection::open(path).ok()?;
        let value = |value: &ValueRef<'_>| match value {
            ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
            value => Value::try_from(*value).unwrap(),
        };
        let mut rows = Vec::new();
        let previous = PreviousFile::unpacked(path);
        let reached = StoredTable::find(&GRANTS, &previous, &db)?.for_each::<{ GRANTS.columns.len() }>(|_, values| {
            rows.push(values.iter().map(value).collect());
            Ok(())
        });
        Some((rows, reached.unwrap()))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn all_rows_are_read_as_sqlite_reads_them(
            rows in proptest::collection::vec(proptest::collection::vec(any_value(), GRANTS.columns.len()), 0..60),
            deleted in proptest::collection::vec(1..60_usize, 0..20), size in 9..=16_u32,
        ) {
            let (_dir, path) = database(1 << size, &rows, &deleted);
            let (read, reached) = straight(&path).unwrap();
            prop_assert_eq!(reached, Reached::End);
            prop_assert!(read == by_sqlite(&path));
        }

        #[test]
        fn damage_ends_it_and_nothing_more(
            rows in proptest::collection::vec(proptest::collection::vec(any_value(), GRANTS.columns.len()), 1..30),
            flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..200),
        ) {
            let (_dir, path) = database(1024, &rows, &[]);
            let mut bytes = std::fs::read(&path).unwrap();
            for (at, byte) in flips {
                // Beyond the first page, without which there would be no table.
                let at = 1024 + at.index(bytes.len() - 1024);
                bytes[at] = byte;
            }
            std::fs::write(&path, bytes).unwrap();
            let (read, _) = straight(&path).unwrap();
            prop_assert!(read.len() <= rows.len() * 1024);
        }
    }

    #[test]
    fn other_layouts_are_left_to_sqlite() {
        let dir = tempfile::tempdir().unwrap();
        let columns = GRANTS.column_list();
        for (name, setup) in [
            ("no table", "CREATE TABLE other (id integer primary key)".to_owned()),
            ("another order", "CREATE TABLE v1_grants (id integer primary key, data blob)".to_owned()),
            ("a log", format!("PRAGMA journal_mode = WAL; CREATE TABLE v1_grants (id integer primary key, {columns})")),
            (
                "UTF-16",
                format!("PRAGMA encoding = 'UTF-16'; CREATE TABLE v1_grants (id integer primary key, {columns})"),
            ),
        ] {
            let path = dir.path().join(name);
            Connection::open(&path).unwrap().execute_batch(&setup).unwrap();
            assert!(straight(&path).is_none(), "{name}");
        }
    }

    #[test]
    fn a_row_of_before_a_column_was_added_is_left_to_sqlite() {
        let row = |n: i64| vec![Value::Integer(n); GRANTS.columns.len()];
        let (_dir, path) = database(4096, &[row(1), row(2), row(3)], &[]);
        let db = Connection::open(&path).unwrap();
        let last = GRANTS.columns.last().unwrap().name;
        db.execute_batch(&format!("ALTER TABLE v1_grants DROP COLUMN {last}; ALTER TABLE v1_grants ADD COLUMN {last}"))
            .unwrap();
        drop(db);
        assert_eq!(straight(&path).unwrap(), (Vec::new(), Reached::Row(i64::MIN)));
    }
}
