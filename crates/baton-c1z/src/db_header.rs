//! The header of a SQLite database (SQLite file format, 1.3), for code that reads a database without SQLite.

/// What every database begins with.
pub(crate) const MARK: &[u8; 16] = b"SQLite format 3\0";

/// The first bytes of a database.
#[derive(Debug)]
pub(crate) struct DbHeader([u8; Self::LENGTH]);

impl DbHeader {
    /// Bytes of a header.
    pub(crate) const LENGTH: usize = 100;

    /// The header of what begins with `bytes`; `None` if that is no database.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let header = bytes.first_chunk()?;
        header.starts_with(MARK).then_some(Self(*header))
    }

    /// Bytes of a page; `None` if no page of a database has so many.
    pub(crate) fn page_size(&self) -> Option<usize> {
        match u16::from_be_bytes([self.0[16], self.0[17]]) {
            1 => Some(1 << 16),
            size => Some(usize::from(size)).filter(|size| size.is_power_of_two() && *size >= 512),
        }
    }

    /// Bytes of a page that are not reserved; `None` if there are too few.
    pub(crate) fn usable_size(&self) -> Option<usize> {
        self.page_size()?.checked_sub(usize::from(self.0[20])).filter(|usable| *usable >= 480)
    }

    /// Bytes of the database; `None` if the number of its pages was not written with its last change, and does not count.
    pub(crate) fn size(&self) -> Option<u64> {
        let size = self.page_size()? as u64 * u64::from(self.number(28));
        (self.number(24) == self.number(92)).then_some(size)
    }

    /// Whether it has no write-ahead log, nothing reserved on its pages, and texts in UTF-8.
    pub(crate) fn is_plain(&self) -> bool {
        self.0[18..21] == [1, 1, 0] && self.number(56) == 1
    }

    /// The first page of the list of those that are not in use; 0 if there are none.
    pub(crate) fn first_free_page(&self) -> u32 {
        self.number(32)
    }

    /// How many of its pages are not in use.
    pub(crate) fn free_pages(&self) -> u32 {
        self.number(36)
    }

    fn number(&self, at: usize) -> u32 {
        u32::from_be_bytes([self.0[at], self.0[at + 1], self.0[at + 2], self.0[at + 3]])
    }
}
