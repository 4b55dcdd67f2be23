//! Files whose database was made to keep its reader busy: pages that are used again and again, rows that fill the memory. Each
//! ends with an error before SQLite has looked at it, whether the file is read or replaced.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use baton_c1z::envelope::{self, Limits};
use baton_c1z::{Builder, Error, GrantRow, PreviousFile, Reader, SyncType};
use tempfile::TempDir;

use crate::support::{self, ended_at, new_sync, temp};

/// What databases of ours have.
const PAGE: usize = 32 << 10;
/// What a grant needs that has three pages more than fit into its cell, and of which little stands there.
const LONG: usize = 4200 + 3 * (PAGE - 4);

/// A database that is changed by hand, and the file that it becomes.
struct Crafted {
    dir: TempDir,
    db: PathBuf,
    bytes: Vec<u8>,
}

impl Crafted {
    /// A sync with grants that have data of these lengths.
    fn with_grants(lengths: impl IntoIterator<Item = usize>) -> Self {
        let (dir, db, _) = temp();
        let mut builder = Builder::create(&db).unwrap();
        builder.begin_sync(&new_sync("s1", SyncType::Full)).unwrap();
        builder.put_resource_type(&support::resource_type("user")).unwrap();
        for (number, length) in lengths.into_iter().enumerate() {
            let grant = GrantRow {
                id: &format!("grant {number:06}"),
                entitlement_id: "group:g1:member",
                resource_type: "group",
                resource_id: "g1",
                principal_type: "user",
                principal_id: "u1",
                data: &vec![7; length],
                expansion: None,
            };
            builder.put_grant(&grant).unwrap();
        }
        builder.end_sync(ended_at(), "").unwrap();
        builder.finish().unwrap();
        Self::new(dir, db)
    }

    fn new(dir: TempDir, db: PathBuf) -> Self {
        let bytes = std::fs::read(&db).unwrap();
        Self { dir, db, bytes }
    }

    /// The page that the tree of a table or an index begins with.
    fn root(&self, name: &str) -> u32 {
        let db = rusqlite::Connection::open(&self.db).unwrap();
        db.query_row("SELECT rootpage FROM sqlite_schema WHERE name = ?", [name], |row| row.get(0)).unwrap()
    }

    fn number(&self, at: usize) -> u32 {
        u32::from_be_bytes(self.bytes[at..at + 4].try_into().unwrap())
    }

    fn put(&mut self, at: usize, number: u32) {
        self.bytes[at..at + 4].copy_from_slice(&number.to_be_bytes());
    }

    /// Where on a page the cells begin.
    fn cells(&self, page: u32) -> Vec<usize> {
        let page = (page as usize - 1) * PAGE;
        let header = if self.bytes[page] == 0x05 { 12 } else { 8 };
        let short = |at: usize| usize::from(u16::from_be_bytes([self.bytes[at], self.bytes[at + 1]]));
        (0..short(page + 3)).map(|cell| page + short(page + header + 2 * cell)).collect()
    }

    /// Where on a leaf of a table the pages are named that its long rows go on on.
    fn chains(&self, page: u32) -> Vec<usize> {
        let varint = |at: usize| {
            let length = self.bytes[at..].iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
            let number = self.bytes[at..at + length].iter().fold(0, |all, byte| (all << 7) | usize::from(byte & 0x7F));
            (number, at + length)
        };
        let chain = |cell: usize| {
            let (length, row) = varint(cell);
            let (_, payload) = varint(row);
            let least = (PAGE - 12) * 32 / 255 - 23;
            let local = least + (length - least) % (PAGE - 4);
            assert!(local < PAGE - 35 && local < length);
            payload + local
        };
        self.cells(page).into_iter().map(chain).collect()
    }

    /// What reading the file and replacing it end with.
    fn refused(self) -> [String; 2] {
        let Self { dir, db, bytes } = self;
        let file = dir.path().join("sync.c1z");
        std::fs::write(&db, bytes).unwrap();
        envelope::seal(&db, &file).unwrap();
        [Reader::open(&file).map(drop), replaced(&file, dir.path())].map(|result| match result.unwrap_err() {
            Error::Damaged { path, reason } if path == file => reason,
            error => panic!("{error:?}"),
        })
    }
}

/// Takes the sync of a file over into a new one.
fn replaced(file: &Path, dir: &Path) -> Result<(), Error> {
    let older = PreviousFile::open(file, &dir.join("older.db"), &Limits::default())?;
    let mut builder = Builder::create(&dir.join("new.db"))?;
    builder.carry_over(Arc::new(older), &["s1".to_owned()])?;
    builder.finish()
}

#[test]
fn rows_that_share_the_pages_of_a_long_one_are_refused() {
    let mut crafted = Crafted::with_grants([LONG; 5]);
    let chains = crafted.chains(crafted.root("v1_grants"));
    let shared = crafted.number(chains[0]);
    for chain in &chains[1..] {
        crafted.put(*chain, shared);
    }
    for reason in crafted.refused() {
        assert_eq!(reason, format!("page {shared} of its database is used twice"));
    }
}

#[test]
fn a_chain_that_leads_into_itself_is_refused() {
    let mut crafted = Crafted::with_grants([LONG]);
    let first = crafted.number(crafted.chains(crafted.root("v1_grants"))[0]);
    crafted.put((first as usize - 1) * PAGE, first);
    for reason in crafted.refused() {
        assert_eq!(reason, format!("page {first} of its database is used twice"));
    }
}

#[test]
fn a_row_that_fills_the_memory_is_refused() {
    let length = (64 << 20) + 1;
    for reason in Crafted::with_grants([length]).refused() {
        assert!(reason.starts_with("a row of its database has 671") && reason.contains("67108864"), "{reason}");
    }
}

#[test]
fn pages_below_many_others_are_refused() {
    // Some pages of rows below one page.
    let mut crafted = Crafted::with_grants([9000; 12]);
    let cells = crafted.cells(crafted.root("v1_grants"));
    let child = crafted.number(cells[0]);
    for cell in &cells[1..] {
        crafted.put(*cell, child);
    }
    for reason in crafted.refused() {
        assert_eq!(reason, format!("page {child} of its database is used twice"));
    }
}

#[test]
fn two_trees_of_the_same_pages_are_refused() {
    let crafted = Crafted::with_grants([10]);
    let root = crafted.root("v1_sync_runs");
    let db = rusqlite::Connection::open(&crafted.db).unwrap();
    db.execute_batch("PRAGMA writable_schema = ON").unwrap();
    db.execute("UPDATE sqlite_schema SET rootpage = ? WHERE name = 'v1_assets'", [root]).unwrap();
    drop(db);
    let crafted = Crafted::new(crafted.dir, crafted.db);
    for reason in crafted.refused() {
        assert_eq!(reason, format!("page {root} of its database is used twice"));
    }
}

#[test]
fn a_free_page_that_is_in_use_is_refused() {
    let mut crafted = Crafted::with_grants([10]);
    let root = crafted.root("v1_assets");
    crafted.put(32, root);
    crafted.put(36, 1);
    for reason in crafted.refused() {
        assert_eq!(reason, format!("page {root} of its database is used twice"));
    }
}

#[test]
fn a_page_that_is_not_there_is_refused() {
    for page in [0, 1 << 30, u32::MAX] {
        let mut crafted = Crafted::with_grants([LONG]);
        let chain = crafted.chains(crafted.root("v1_grants"))[0];
        crafted.put(chain, page);
        for reason in crafted.refused() {
            assert_eq!(reason, "the pages of its database do not fit together");
        }
    }
}
