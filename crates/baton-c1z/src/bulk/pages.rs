//! The end of a database file, where new pages go, and the cells that fill them (SQLite file format, 1.5 and 1.6).

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::error::{Doing, Error};

/// Number of a page, from 1.
pub(crate) type PageNumber = u32;

/// Bytes that are written at a time: so the system keeps them in few large pieces of its own.
const WRITTEN: usize = 512 << 10;
/// The byte that SQLite locks on some systems; its page holds nothing.
const LOCK_BYTE: u64 = 1 << 30;

/// Appends pages to a database that nobody else has open.
#[derive(Debug)]
pub(crate) struct Pages {
    file: BufWriter<File>,
    path: PathBuf,
    size: usize,
    /// The next page that is appended.
    next: PageNumber,
}

impl Pages {
    /// The file `db`, whose pages have `size` bytes.
    ///
    /// # Errors
    /// It cannot be opened, or its length is no whole number of pages.
    pub(crate) fn open(db: &Path, size: usize) -> Result<Self, Error> {
        let mut file = OpenOptions::new().read(true).write(true).open(db).doing("open", db)?;
        let length = file.seek(SeekFrom::End(0)).doing("read", db)?;
        let whole = u32::try_from(length / size as u64).ok().filter(|pages| u64::from(*pages) * size as u64 == length);
        let Some(pages) = whole else {
            let reason = format!("its {length} bytes are no whole number of pages");
            return Err(Error::Damaged { path: db.to_owned(), reason });
        };
        Ok(Self { file: BufWriter::with_capacity(WRITTEN, file), path: db.to_owned(), size, next: pages + 1 })
    }

    /// Bytes of a page.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// The page that is appended next.
    pub(crate) fn next(&self) -> PageNumber {
        self.next
    }

    /// Forgets the pages from `page` on.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn forget_from(&mut self, page: PageNumber) -> Result<(), Error> {
        let end = u64::from(page - 1) * self.size as u64;
        let mut forget = || -> io::Result<()> {
            self.file.seek(SeekFrom::Start(end))?;
            self.file.get_ref().set_len(end)
        };
        forget().doing("write", &self.path)?;
        self.next = page;
        Ok(())
    }

    /// Appends a page.
    ///
    /// # Errors
    /// The file cannot be written, or would have more pages than SQLite can number.
    pub(crate) fn append(&mut self, page: &[u8]) -> Result<PageNumber, Error> {
        debug_assert_eq!(page.len(), self.size);
        let lock_page = LOCK_BYTE / self.size as u64 + 1;
        if u64::from(self.next) == lock_page {
            let nothing = vec![0; self.size];
            self.file.write_all(&nothing).doing("write", &self.path)?;
            self.next += 1;
        }
        let number = self.next;
        let Some(next) = number.checked_add(1) else {
            return Err(Error::OutOfOrder("a database cannot have more than 2^32 pages"));
        };
        self.next = next;
        self.file.write_all(page).doing("write", &self.path)?;
        Ok(number)
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

    /// Writes the pages that stand elsewhere than at the end (the roots of trees), tells the database's header of all
    /// that has been appended, and closes the file.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub(crate) fn close(self, roots: &[(PageNumber, Vec<u8>)]) -> Result<(), Error> {
        let Self { file, path, size, next } = self;
        let put = || -> io::Result<()> {
            let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
            for (number, page) in roots {
                file.seek(SeekFrom::Start(u64::from(*number - 1) * size as u64))?;
                file.write_all(page)?;
            }
            let mut header = [0; 100];
            file.seek(SeekFrom::Start(0))?;
            file.read_exact(&mut header)?;
            let changes = u32::from_be_bytes([header[24], header[25], header[26], header[27]]).wrapping_add(1);
            header[24..28].copy_from_slice(&changes.to_be_bytes());
            header[28..32].copy_from_slice(&(next - 1).to_be_bytes());
            // The size counts only while this says that it belongs to the change counter.
            header[92..96].copy_from_slice(&changes.to_be_bytes());
            file.seek(SeekFrom::Start(0))?;
            file.write_all(&header)
        };
        put().doing("write", &path)
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
    fn header(self) -> usize {
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
