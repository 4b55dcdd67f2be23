//! The end of a database file, where new pages go, and the cells that fill them (SQLite file format, 1.5 and 1.6).

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::packed::Packed;
use crate::error::{Doing, Error};

/// Number of a page, from 1.
pub(crate) type PageNumber = u32;

/// The byte that SQLite locks on some systems; its page holds nothing.
const LOCK_BYTE: u64 = 1 << 30;

/// Appends pages to a database that nobody else has open. Whole blocks are packed and leave a hole in the file.
#[derive(Debug)]
pub(crate) struct Pages {
    file: File,
    path: PathBuf,
    size: usize,
    /// The next page that is appended.
    next: PageNumber,
    /// The pages behind the last that was packed or written: at most one block.
    pending: Vec<u8>,
    packed: Packed,
}

impl Pages {
    /// The file `db`, whose pages have `size` bytes and of which `packed` is packed.
    ///
    /// # Errors
    /// It cannot be opened, or its length is no whole number of pages.
    pub(crate) fn open(db: &Path, size: usize, packed: Packed) -> Result<Self, Error> {
        let mut file = OpenOptions::new().read(true).write(true).open(db).doing("open", db)?;
        let length = file.seek(SeekFrom::End(0)).doing("read", db)?;
        let whole = u32::try_from(length / size as u64).ok().filter(|pages| u64::from(*pages) * size as u64 == length);
        let Some(pages) = whole else {
            let reason = format!("its {length} bytes are no whole number of pages");
            return Err(Error::Damaged { path: db.to_owned(), reason });
        };
        let pending = Vec::with_capacity(packed.block());
        Ok(Self { file, path: db.to_owned(), size, next: pages + 1, pending, packed })
    }

    /// Bytes of a page.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// The page that is appended next.
    pub(crate) fn next(&self) -> PageNumber {
        self.next
    }

    /// How long the file is with all pages.
    fn end(&self) -> u64 {
        u64::from(self.next - 1) * self.size as u64
    }

    /// Forgets the pages from `page` on.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub(crate) fn forget_from(&mut self, page: PageNumber) -> Result<(), Error> {
        self.write_pending()?;
        self.next = page;
        self.packed.truncate(self.end())
    }

    /// Appends a page.
    ///
    /// # Errors
    /// The file cannot be written, or would have more pages than SQLite can number.
    pub(crate) fn append(&mut self, page: &[u8]) -> Result<PageNumber, Error> {
        debug_assert_eq!(page.len(), self.size);
        let lock_page = LOCK_BYTE / self.size as u64 + 1;
        if u64::from(self.next) == lock_page {
            self.take(&vec![0; self.size])?;
        }
        let number = self.next;
        self.take(page)?;
        Ok(number)
    }

    fn take(&mut self, page: &[u8]) -> Result<(), Error> {
        let Some(next) = self.next.checked_add(1) else {
            return Err(Error::OutOfOrder("a database cannot have more than 2^32 pages"));
        };
        self.pending.extend_from_slice(page);
        self.next = next;
        let block = self.packed.block() as u64;
        if self.end().is_multiple_of(block) {
            if self.pending.len() as u64 == block {
                self.packed.put(self.end() / block - 1, &self.pending)?;
                self.pending.clear();
            } else {
                // The block began before us.
                self.write_pending()?;
            }
        }
        Ok(())
    }

    fn write_pending(&mut self) -> Result<(), Error> {
        let from = self.end() - self.pending.len() as u64;
        let written = self.file.seek(SeekFrom::Start(from)).and_then(|_| self.file.write_all(&self.pending));
        written.doing("write", &self.path)?;
        self.pending.clear();
        Ok(())
    }

    /// Appends what a cell has no room for, as a chain of pages; gives the first.
    ///
    /// # Errors
    /// As [`append`](Self::append).
    fn append_overflow(&mut self, bytes: &[u8]) -> Result<PageNumber, Error> {
        // The chain is written from its end, because each page names the next.
        let mut next: PageNumber = 0;
        let mut page = vec![0; self.size];
        for part in bytes.chunks(self.size - 4).rev() {
            page.fill(0);
            page[..4].copy_from_slice(&next.to_be_bytes());
            page[4..4 + part.len()].copy_from_slice(part);
            next = self.append(&page)?;
        }
        Ok(next)
    }

    /// Writes the pages that stand elsewhere than at the end (the roots of trees), updates the header of the database with all
    /// that has been appended, and closes the file. What of it is packed comes back.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub(crate) fn close(mut self, roots: &[(PageNumber, Vec<u8>)]) -> Result<Packed, Error> {
        self.write_pending()?;
        let end = self.end();
        let Self { mut file, path, size, next, packed, .. } = self;
        let mut put = || -> io::Result<()> {
            // The hole may reach to the end.
            file.set_len(end)?;
            for (number, page) in roots {
                file.seek(SeekFrom::Start(u64::from(*number - 1) * size as u64))?;
                file.write_all(page)?;
            }
            let mut header = [0; 100];
            file.rewind()?;
            file.read_exact(&mut header)?;
            let changes = u32::from_be_bytes([header[24], header[25], header[26], header[27]]).wrapping_add(1);
            header[24..28].copy_from_slice(&changes.to_be_bytes());
            header[28..32].copy_from_slice(&(next - 1).to_be_bytes());
            // The size counts only while this says that it belongs to the change counter.
            header[92..96].copy_from_slice(&changes.to_be_bytes());
            file.rewind()?;
            file.write_all(&header)
        };
        put().doing("write", &path)?;
        Ok(packed)
    }
}

/// The four kinds of pages in trees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    IndexInterior = 0x02,
    TableInterior = 0x05,
    IndexLeaf = 0x0A,
    TableLeaf = 0x0D,
}

impl Kind {
    /// The kind of a page that begins so.
    pub(super) fn parse(first: u8) -> Option<Self> {
        let kinds = [Self::IndexInterior, Self::TableInterior, Self::IndexLeaf, Self::TableLeaf];
        kinds.into_iter().find(|kind| *kind as u8 == first)
    }

    /// Whether there are pages below it.
    pub(super) fn is_interior(self) -> bool {
        matches!(self, Self::IndexInterior | Self::TableInterior)
    }

    pub(super) fn header(self) -> usize {
        match self {
            Self::IndexInterior | Self::TableInterior => 12,
            Self::IndexLeaf | Self::TableLeaf => 8,
        }
    }
}

/// A page of a tree that is being filled, cell by cell in the order of their keys.
#[derive(Debug)]
pub(crate) struct Node {
    kind: Kind,
    bytes: Vec<u8>,
    cells: usize,
    /// Where the cells begin; they grow downwards from the end.
    content: usize,
}

impl Node {
    pub(crate) fn new(kind: Kind, size: usize) -> Self {
        Self { kind, bytes: vec![0; size], cells: 0, content: size }
    }

    /// Adds a cell, given in parts, unless there is no room for it.
    #[inline]
    pub(crate) fn push(&mut self, parts: &[&[u8]]) -> bool {
        let pointer = self.kind.header() + 2 * self.cells;
        // A freed cell must be able to hold a free block of four bytes.
        let length = parts.iter().map(|part| part.len()).sum::<usize>().max(4);
        if pointer + 2 + length > self.content {
            return false;
        }
        let end = self.content;
        self.content -= length;
        let mut at = self.content;
        for part in parts {
            self.bytes[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
        self.bytes[at..end].fill(0);
        self.bytes[pointer..pointer + 2].copy_from_slice(&(self.content as u16).to_be_bytes());
        self.cells += 1;
        true
    }

    /// Takes the last cell out again.
    pub(crate) fn pop(&mut self) -> Option<Vec<u8>> {
        self.cells = self.cells.checked_sub(1)?;
        let pointer = self.kind.header() + 2 * self.cells;
        let end = match self.cells {
            0 => self.bytes.len(),
            _ => usize::from(u16::from_be_bytes([self.bytes[pointer - 2], self.bytes[pointer - 1]])),
        };
        let cell = self.bytes[self.content..end].to_vec();
        self.content = end;
        Some(cell)
    }

    /// The finished page. `right` is the last child of an interior page.
    pub(crate) fn page(&mut self, right: Option<PageNumber>) -> &[u8] {
        self.bytes[0] = self.kind as u8;
        self.bytes[3..5].copy_from_slice(&(self.cells as u16).to_be_bytes());
        // 65,536 is written as 0; our pages are smaller.
        self.bytes[5..7].copy_from_slice(&(self.content as u16).to_be_bytes());
        let pointers = self.kind.header() + 2 * self.cells;
        // What an earlier page has left there.
        self.bytes[pointers..self.content].fill(0);
        if let Some(right) = right {
            self.bytes[8..12].copy_from_slice(&right.to_be_bytes());
        }
        &self.bytes
    }

    /// Empties the page for the next cells.
    pub(crate) fn clear(&mut self) {
        self.cells = 0;
        self.content = self.bytes.len();
    }
}

/// How much of a payload belongs into its cell; the rest goes to other pages.
pub(super) fn local_part(usable: usize, length: usize, kind: Kind) -> usize {
    let most = match kind {
        Kind::TableLeaf | Kind::TableInterior => usable - 35,
        Kind::IndexLeaf | Kind::IndexInterior => (usable - 12) * 64 / 255 - 23,
    };
    if length <= most {
        return length;
    }
    let least = (usable - 12) * 32 / 255 - 23;
    let local = least + (length - least) % (usable - 4);
    if local <= most { local } else { least }
}

/// Makes a cell of `head` and a payload in two parts: what is in `head` afterwards, and what is given. What has no room in a
/// cell is appended to the file.
///
/// # Errors
/// As [`Pages::append`].
pub(crate) fn cell<'a>(
    head: &mut Vec<u8>,
    pages: &mut Pages,
    payload: &'a [u8],
    kind: Kind,
) -> Result<&'a [u8], Error> {
    let (local, rest) = payload.split_at(local_part(pages.size(), payload.len(), kind));
    if rest.is_empty() {
        return Ok(local);
    }
    let first = pages.append_overflow(rest)?;
    head.extend_from_slice(local);
    head.extend_from_slice(&first.to_be_bytes());
    Ok(&[])
}
