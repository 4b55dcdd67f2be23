//! A page of a tree in a database that somebody else may have made (SQLite file format, 1.6). No number on it is trusted:
//! what does not fit is an error, and so is a page that is used twice.

use super::pages::{Kind, PageNumber, local_part};
use crate::error::Error;

/// Bytes of the longest row that is read. Rows of a `.c1z` have a few thousand; every reader holds a whole row in memory.
pub(super) const LONGEST_ROW: u64 = 64 << 20;

/// Why a tree is not read any further.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unsupported {
    /// The layout is not the usual one, or is damaged.
    #[error("the pages of its database do not fit together")]
    Layout,
    /// A page is used twice.
    #[error("page {0} of its database is used twice")]
    Shared(PageNumber),
    /// A row is longer than [`LONGEST_ROW`].
    #[error("a row of its database has {0} bytes, and at most {LONGEST_ROW} are read")]
    Long(u64),
    /// A page cannot be read or unpacked.
    #[error(transparent)]
    Failed(Error),
}

/// The pages of a database that have been met. In a sound database each is used in one place: so no walk through it can take
/// longer than reading it once.
#[derive(Debug)]
pub(super) struct SeenPages {
    /// A bit for each page.
    seen: Vec<u64>,
    pages: u64,
}

impl SeenPages {
    /// None yet of so many pages.
    pub(super) fn new(pages: u64) -> Self {
        // Page numbers have 32 bits.
        let pages = pages.min(u64::from(PageNumber::MAX));
        Self { seen: vec![0; pages.div_ceil(64) as usize], pages }
    }

    /// Notes a page.
    ///
    /// # Errors
    /// There is no such page, or it has been met before.
    pub(super) fn add(&mut self, number: PageNumber) -> Result<(), Unsupported> {
        let at = number.checked_sub(1).map(u64::from).filter(|at| *at < self.pages).ok_or(Unsupported::Layout)?;
        let (word, bit) = ((at / 64) as usize, 1_u64 << (at % 64));
        if self.seen[word] & bit != 0 {
            return Err(Unsupported::Shared(number));
        }
        self.seen[word] |= bit;
        Ok(())
    }
}

/// A page of a tree.
#[derive(Debug, Clone, Copy)]
pub(super) struct TreePage<'a> {
    bytes: &'a [u8],
    /// Where it begins: behind the header of the database, if it is the first page.
    begin: usize,
    /// Bytes of it that hold content; the rest is reserved.
    usable: usize,
    kind: Kind,
}

/// A cell of a [`TreePage`].
#[derive(Debug)]
pub(super) struct Cell<'a> {
    /// The page below it, on interior pages.
    pub child: Option<PageNumber>,
    /// The row id, in trees of tables.
    pub row: i64,
    /// What it holds; nothing on interior pages of tables.
    pub payload: Option<Payload<'a>>,
}

/// A row or an index key.
#[derive(Debug)]
pub(super) struct Payload<'a> {
    /// Bytes of all of it.
    pub length: usize,
    /// What is on the page.
    pub local: &'a [u8],
    /// Where the rest begins, if not all of it is on the page.
    pub overflow: Option<PageNumber>,
}

impl<'a> TreePage<'a> {
    /// The page `bytes`.
    ///
    /// # Errors
    /// It is no page of a tree.
    pub(super) fn parse(bytes: &'a [u8], begin: usize, usable: usize) -> Result<Self, Unsupported> {
        let kind = bytes.get(begin).and_then(|first| Kind::parse(*first)).ok_or(Unsupported::Layout)?;
        Ok(Self { bytes, begin, usable, kind })
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// The page below it and behind all cells, on interior pages.
    ///
    /// # Errors
    /// The page is too short.
    pub(super) fn last_child(&self) -> Result<Option<PageNumber>, Unsupported> {
        let child = || number_at::<4>(self.bytes, self.begin + 8).map(|number| number as PageNumber);
        self.kind.is_interior().then(child).transpose()
    }

    /// Calls `each` for every cell, in their order.
    ///
    /// # Errors
    /// The cells do not fit on the page side by side, and the errors of `each`.
    pub(super) fn for_each_cell(
        &self,
        mut each: impl FnMut(Cell<'a>) -> Result<(), Unsupported>,
    ) -> Result<(), Unsupported> {
        let cells = number_at::<2>(self.bytes, self.begin + 3)? as usize;
        let pointers = self.begin + self.kind.header();
        let mut room = self.usable.checked_sub(pointers + 2 * cells).ok_or(Unsupported::Layout)?;
        for cell in 0..cells {
            let at = number_at::<2>(self.bytes, pointers + 2 * cell)? as usize;
            let bytes = self.bytes.get(at..self.usable).ok_or(Unsupported::Layout)?;
            let (cell, rest) = self.cell(bytes)?;
            // Cells that overlap could make many long rows of a short page.
            room = room.checked_sub(bytes.len() - rest.len()).ok_or(Unsupported::Layout)?;
            each(cell)?;
        }
        Ok(())
    }

    /// The cell that `bytes` begin with, and what follows it.
    fn cell<'b>(&self, bytes: &'b [u8]) -> Result<(Cell<'b>, &'b [u8]), Unsupported> {
        let (child, rest) = match self.kind.is_interior() {
            true => page_number(bytes).map(|(child, rest)| (Some(child), rest))?,
            false => (None, bytes),
        };
        if self.kind == Kind::TableInterior {
            let (row, rest) = varint(rest)?;
            return Ok((Cell { child, row: row.cast_signed(), payload: None }, rest));
        }
        let (length, rest) = varint(rest)?;
        let (row, rest) = if self.kind == Kind::TableLeaf { varint(rest)? } else { (0, rest) };
        let length = usize::try_from(length).ok().filter(|_| length <= LONGEST_ROW).ok_or(Unsupported::Long(length))?;
        let local = local_part(self.usable, length, self.kind);
        let (local, rest) = rest.split_at_checked(local).ok_or(Unsupported::Layout)?;
        let (overflow, rest) = match local.len() == length {
            true => (None, rest),
            false => page_number(rest).map(|(first, rest)| (Some(first), rest))?,
        };
        Ok((Cell { child, row: row.cast_signed(), payload: Some(Payload { length, local, overflow }) }, rest))
    }
}

/// A page number, and what follows it.
pub(super) fn page_number(bytes: &[u8]) -> Result<(PageNumber, &[u8]), Unsupported> {
    let (number, rest) = bytes.split_first_chunk().ok_or(Unsupported::Layout)?;
    Ok((PageNumber::from_be_bytes(*number), rest))
}

/// A big-endian number.
pub(super) fn number_at<const BYTES: usize>(bytes: &[u8], at: usize) -> Result<u64, Unsupported> {
    let bytes: &[u8; BYTES] = bytes.get(at..).and_then(|rest| rest.first_chunk()).ok_or(Unsupported::Layout)?;
    Ok(bytes.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
}

/// A number in SQLite's variable-length form, and what follows it.
pub(super) fn varint(bytes: &[u8]) -> Result<(u64, &[u8]), Unsupported> {
    let mut number = 0;
    for (at, byte) in bytes.iter().take(9).enumerate() {
        if at == 8 {
            return Ok(((number << 8) | u64::from(*byte), &bytes[9..]));
        }
        number = (number << 7) | u64::from(byte & 0x7F);
        if byte & 0x80 == 0 {
            return Ok((number, &bytes[at + 1..]));
        }
    }
    Err(Unsupported::Layout)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_page_is_met_once() {
        let mut seen = SeenPages::new(70);
        for page in [1, 64, 65, 70] {
            seen.add(page).unwrap();
        }
        assert!(matches!(seen.add(65), Err(Unsupported::Shared(65))));
        for page in [0, 71, PageNumber::MAX] {
            assert!(matches!(seen.add(page), Err(Unsupported::Layout)), "{page}");
        }
    }

    /// A leaf of 512 bytes with these cells, each given by its place and its first bytes.
    fn leaf(cells: &[(u16, &[u8])]) -> Vec<u8> {
        let mut page = vec![0; 512];
        page[0] = Kind::TableLeaf as u8;
        page[4] = cells.len() as u8;
        for (number, (at, bytes)) in cells.iter().enumerate() {
            page[8 + 2 * number..][..2].copy_from_slice(&at.to_be_bytes());
            page[usize::from(*at)..][..bytes.len()].copy_from_slice(bytes);
        }
        page
    }

    fn rows(page: &[u8]) -> Result<Vec<(i64, usize)>, Unsupported> {
        let mut rows = Vec::new();
        TreePage::parse(page, 0, page.len())?.for_each_cell(|cell| {
            rows.push((cell.row, cell.payload.map_or(0, |payload| payload.length)));
            Ok(())
        })?;
        Ok(rows)
    }

    #[test]
    fn cells_that_overlap_are_refused() {
        assert_eq!(rows(&leaf(&[(300, &[100, 1]), (402, &[100, 2])])).unwrap(), [(1, 100), (2, 100)]);
        // Five rows of a hundred bytes have no room beside each other.
        let nested: Vec<(u16, &[u8])> = (0..5).map(|row| (300 + 2 * row, &[100, 7][..])).collect();
        assert!(matches!(rows(&leaf(&nested)), Err(Unsupported::Layout)));
    }

    #[test]
    fn a_row_that_is_too_long_is_named() {
        // 2^30 bytes.
        let error = rows(&leaf(&[(300, &[0x84, 0x80, 0x80, 0x80, 0, 1])])).unwrap_err();
        assert_eq!(error.to_string(), "a row of its database has 1073741824 bytes, and at most 67108864 are read");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..600), kind in 0..4_usize, begin in 0..2_usize,
        ) {
            let (mut bytes, begin) = (bytes, begin * 100);
            if let Some(first) = bytes.get_mut(begin) {
                *first = [2, 5, 10, 13][kind];
            }
            if let Ok(page) = TreePage::parse(&bytes, begin, bytes.len().max(480)) {
                let _ = page.last_child();
                let _ = page.for_each_cell(|_| Ok(()));
            }
        }
    }
}
