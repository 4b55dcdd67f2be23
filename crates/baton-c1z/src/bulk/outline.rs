//! What SQLite looks at of a database when nobody asks for the rows of its large tables: the trees of all others. They are put
//! in their places where all is packed (SQLite file format, 1.6).

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::packed::Packed;
use super::pages::{Kind, PageNumber, local_part};
use super::stored::{Odd, cell_at, number_at, varint};
use crate::db_header::DbHeader;

/// A database of which trees are put in their places.
pub(crate) struct Outline<'a> {
    db: File,
    packed: &'a mut Packed,
    page_size: usize,
    /// Pages that may still be looked at: none twice.
    left: u64,
    page: Vec<u8>,
}

impl<'a> Outline<'a> {
    /// The database `db`, of which `packed` is packed; `None` if it is out of the ordinary.
    pub(crate) fn of(db: &Path, packed: &'a mut Packed) -> Option<Self> {
        packed.restore_block(0).ok()?;
        let mut db = File::open(db).ok()?;
        let mut header = [0; DbHeader::LENGTH];
        db.read_exact(&mut header).ok()?;
        let header = DbHeader::of(&header)?;
        let page_size = header.page_size();
        // Free pages may be anywhere.
        let is_ordinary = header.is_plain() && header.has_no_free_pages() && page_size >= 512;
        let left = db.metadata().ok()?.len() / page_size.max(1) as u64;
        is_ordinary.then(|| Self { db, packed, page_size, left, page: vec![0; page_size] })
    }

    /// Puts the pages of the tree at `root` in their places; `None` if it is out of the ordinary.
    pub(crate) fn restore(&mut self, root: PageNumber) -> Option<()> {
        self.walk(root).ok()
    }

    fn walk(&mut self, root: PageNumber) -> Result<(), Odd> {
        let mut to_come = vec![root];
        while let Some(number) = to_come.pop() {
            self.read(number)?;
            // The first page begins with the header of the database.
            let begin = if number == 1 { DbHeader::LENGTH } else { 0 };
            let kind = self.page.get(begin).and_then(|first| Kind::of(*first)).ok_or(Odd)?;
            let mut overflowing = Vec::new();
            for cell in 0..number_at::<2>(&self.page, begin + 3)? as usize {
                let mut rest = self.page.get(cell_at(&self.page, begin + kind.header(), cell)?..).ok_or(Odd)?;
                if matches!(kind, Kind::IndexInterior | Kind::TableInterior) {
                    to_come.push(number_at::<4>(rest, 0)? as PageNumber);
                    rest = &rest[4..];
                }
                if kind == Kind::TableInterior {
                    continue;
                }
                let (length, mut payload) = varint(rest)?;
                if kind == Kind::TableLeaf {
                    payload = varint(payload)?.1;
                }
                let length = usize::try_from(length).map_err(|_| Odd)?;
                let local = local_part(self.page_size, length, kind);
                if local < length {
                    overflowing.push(number_at::<4>(payload, local)? as PageNumber);
                }
            }
            if matches!(kind, Kind::IndexInterior | Kind::TableInterior) {
                to_come.push(number_at::<4>(&self.page, begin + 8)? as PageNumber);
            }
            for first in overflowing {
                let mut next = first;
                while next != 0 {
                    self.read(next)?;
                    next = number_at::<4>(&self.page, 0)? as PageNumber;
                }
            }
        }
        Ok(())
    }

    fn read(&mut self, number: PageNumber) -> Result<(), Odd> {
        self.left = self.left.checked_sub(1).ok_or(Odd)?;
        let at = u64::from(number.checked_sub(1).ok_or(Odd)?) * self.page_size as u64;
        self.packed.restore_block(at / self.packed.block() as u64).map_err(|_| Odd)?;
        self.db.seek(SeekFrom::Start(at)).and_then(|_| self.db.read_exact(&mut self.page)).map_err(|_| Odd)
    }
}
