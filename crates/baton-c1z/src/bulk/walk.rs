//! All pages of a tree, visited once. It says that the tree is sound enough for SQLite: each page is used once, and no row is too
//! long, so that nothing that SQLite does with the tree takes longer than its size suggests. Where a part of the database is
//! packed, the pages of the tree are put in their places.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::packed::Packed;
use super::pages::PageNumber;
use super::tree_page::{SeenPages, TreePage, Unsupported, number_at};
use crate::connection;
use crate::db_header::DbHeader;
use crate::error::{At, Doing, Error};

/// A database whose trees are walked.
pub(crate) struct PageWalk<'a> {
    db: File,
    path: PathBuf,
    packed: Option<&'a mut Packed>,
    header: DbHeader,
    usable: usize,
    seen: SeenPages,
    page: Vec<u8>,
}

/// What SQLite looks at of a database when nobody asks for the rows of its large tables: the trees of all others. They are put
/// in their places where all is packed.
pub(crate) struct Outline<'a>(PageWalk<'a>);

impl<'a> Outline<'a> {
    /// The database `db`, of which `packed` is packed; `None` if it is out of the ordinary.
    pub(crate) fn open(db: &Path, packed: &'a mut Packed) -> Option<Self> {
        packed.restore_block(0).ok()?;
        let walk = PageWalk::open(db, Some(packed)).ok()??;
        // Free pages may be anywhere.
        (walk.header.is_plain() && walk.header.free_pages() == 0).then_some(Self(walk))
    }

    /// Puts the pages of the tree at `root` in their places; `None` if it is out of the ordinary.
    pub(crate) fn restore(&mut self, root: PageNumber) -> Option<()> {
        self.0.walk(root).ok()
    }
}

/// Looks whether a database that somebody else made is sound enough for SQLite, in two steps: SQLite opens it in between.
pub(crate) struct SoundCheck<'a> {
    /// `None` for what SQLite itself refuses to open.
    walk: Option<PageWalk<'static>>,
    /// Which file errors speak of.
    file: &'a Path,
}

impl<'a> SoundCheck<'a> {
    /// Looks at the schema of the database `db`, which was unpacked from `file`.
    ///
    /// # Errors
    /// [`Error::Damaged`] if it is not sound; it cannot be read.
    pub(crate) fn begin(db: &Path, file: &'a Path) -> Result<Self, Error> {
        let mut walk = PageWalk::open(db, None)?;
        if let Some(walk) = &mut walk {
            walk.walk(1).map_err(|odd| damaged(odd, file))?;
        }
        Ok(Self { walk, file })
    }

    /// Looks at all that the schema names. `connection` has the database open and has not changed it.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub(crate) fn finish(self, connection: &Connection) -> Result<(), Error> {
        let Self { walk: Some(mut walk), file } = self else { return Ok(()) };
        let roots: Vec<PageNumber> = connection
            .prepare("SELECT rootpage FROM sqlite_schema WHERE rootpage > 0 ORDER BY rootpage")
            .and_then(|mut roots| roots.query_map([], |row| row.get(0))?.collect())
            .at(file)?;
        let walked = roots.into_iter().try_for_each(|root| walk.walk(root)).and_then(|()| walk.walk_free_pages());
        walked.map_err(|odd| damaged(odd, file))
    }

    /// Both steps for a database `db` that is up to date.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub(crate) fn run(db: &Path, file: &'a Path) -> Result<(), Error> {
        let check = Self::begin(db, file)?;
        check.finish(&connection::open_read_only(db, file)?)
    }
}

fn damaged(odd: Unsupported, file: &Path) -> Error {
    match odd {
        Unsupported::Failed(error) => error,
        odd => Error::Damaged { path: file.to_owned(), reason: odd.to_string() },
    }
}

impl<'a> PageWalk<'a> {
    /// The database `db`; `None` if it does not begin as one.
    fn open(db: &Path, packed: Option<&'a mut Packed>) -> Result<Option<Self>, Error> {
        let path = db.to_owned();
        let mut db = File::open(&path).doing("open", &path)?;
        let mut header = Vec::with_capacity(DbHeader::LENGTH);
        (&mut db).take(DbHeader::LENGTH as u64).read_to_end(&mut header).doing("read", &path)?;
        let Some(header) = DbHeader::parse(&header) else { return Ok(None) };
        let Some((page_size, usable)) = header.page_size().zip(header.usable_size()) else { return Ok(None) };
        let seen = SeenPages::new(db.metadata().doing("read", &path)?.len() / page_size as u64);
        Ok(Some(Self { db, path, packed, header, usable, seen, page: vec![0; page_size] }))
    }

    /// Visits the tree at `root`.
    fn walk(&mut self, root: PageNumber) -> Result<(), Unsupported> {
        self.seen.add(root)?;
        let (mut to_come, mut chains) = (vec![root], Vec::new());
        while let Some(number) = to_come.pop() {
            self.read(number)?;
            // The first page begins with the header of the database.
            let begin = if number == 1 { DbHeader::LENGTH } else { 0 };
            let page = TreePage::parse(&self.page, begin, self.usable)?;
            page.for_each_cell(|cell| {
                if let Some(child) = cell.child {
                    self.seen.add(child)?;
                    to_come.push(child);
                }
                if let Some(payload) = cell.payload
                    && let Some(first) = payload.overflow
                {
                    chains.push((first, payload.length - payload.local.len()));
                }
                Ok(())
            })?;
            if let Some(child) = page.last_child()? {
                self.seen.add(child)?;
                to_come.push(child);
            }
            for (first, length) in chains.drain(..) {
                self.walk_chain(first, length)?;
            }
        }
        Ok(())
    }

    /// Visits the pages that hold so many bytes of a row.
    fn walk_chain(&mut self, first: PageNumber, length: usize) -> Result<(), Unsupported> {
        let mut next = first;
        for _ in 0..length.div_ceil(self.usable - 4) {
            self.seen.add(next)?;
            self.read(next)?;
            next = number_at::<4>(&self.page, 0)? as PageNumber;
        }
        Ok(())
    }

    /// Visits the pages that SQLite takes when it needs new ones.
    fn walk_free_pages(&mut self) -> Result<(), Unsupported> {
        let mut next = if self.header.free_pages() == 0 { 0 } else { self.header.first_free_page() };
        while next != 0 {
            self.seen.add(next)?;
            self.read(next)?;
            next = number_at::<4>(&self.page, 0)? as PageNumber;
            for leaf in 0..number_at::<4>(&self.page, 4)? as usize {
                self.seen.add(number_at::<4>(&self.page, 8 + 4 * leaf)? as PageNumber)?;
            }
        }
        Ok(())
    }

    /// Reads a page that there is.
    fn read(&mut self, number: PageNumber) -> Result<(), Unsupported> {
        let at = u64::from(number.saturating_sub(1)) * self.page.len() as u64;
        if let Some(packed) = &mut self.packed {
            packed.restore_block(at / packed.block() as u64).map_err(Unsupported::Failed)?;
        }
        let read = self.db.seek(SeekFrom::Start(at)).and_then(|_| self.db.read_exact(&mut self.page));
        read.doing("read", &self.path).map_err(Unsupported::Failed)
    }
}
