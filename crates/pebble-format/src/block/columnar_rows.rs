//! Columnar blocks of rows.

use bytes::Bytes;

use crate::block::column::{BoolColumn, BytesColumn, Columns, PrefixColumn, UintColumn};
use crate::error::{Error, Result, corrupt};

/// Bytes before the header: the length of the longest key, which this reader does not need.
const CUSTOM_HEADER: usize = 4;
const COLUMNS: usize = 7;

/// Reads the rows of a block in order.
#[derive(Debug)]
pub(crate) struct ColumnarCursor {
    keys: PrefixColumn,
    suffixes: BytesColumn,
    trailers: UintColumn,
    values: BytesColumn,
    external: BoolColumn,
    rows: usize,
    next: usize,
    key: Vec<u8>,
}

impl ColumnarCursor {
    pub(crate) fn new(block: Bytes) -> Result<Self> {
        let columns = Columns::new(block, CUSTOM_HEADER)?;
        columns.expect_columns(COLUMNS)?;
        Ok(Self {
            keys: columns.keys(0)?,
            suffixes: columns.bytes(1)?,
            trailers: columns.uints(2)?,
            values: columns.bytes(4)?,
            external: columns.bools(5)?,
            rows: columns.rows(),
            next: 0,
            key: Vec::new(),
        })
    }

    /// Moves to the next row; false behind the last one.
    pub(crate) fn advance(&mut self) -> Result<bool> {
        if self.next >= self.rows {
            return Ok(false);
        }
        self.load(self.next)?;
        self.next = self.next.saturating_add(1);
        Ok(true)
    }

    fn load(&mut self, row: usize) -> Result<()> {
        self.keys.get(row, &mut self.key)?;
        self.key.extend_from_slice(&self.suffixes.get(row)?);
        Ok(())
    }

    fn row(&self) -> Result<usize> {
        self.next.checked_sub(1).ok_or_else(|| corrupt("columnar block", 0, "has no current row"))
    }

    /// User key of the current row.
    pub(crate) fn key(&self) -> &[u8] {
        &self.key
    }

    /// Trailer of the current row.
    pub(crate) fn trailer(&self) -> Result<u64> {
        self.trailers.get(self.row()?)
    }

    /// Value of the current row.
    pub(crate) fn value(&self) -> Result<Bytes> {
        let row = self.row()?;
        if self.external.get(row)? {
            return Err(Error::Unsupported { what: "a value", detail: "stored outside its row".to_owned() });
        }
        self.values.get(row)
    }

    /// Makes the next [`advance`](Self::advance) move to the first row whose user key is at least `target`.
    pub(crate) fn seek(&mut self, target: &[u8]) -> Result<()> {
        let (mut low, mut high) = (0, self.rows);
        while low < high {
            let middle = low.midpoint(high);
            self.load(middle)?;
            if self.key.as_slice() < target {
                low = middle.saturating_add(1);
            } else {
                high = middle;
            }
        }
        self.next = low;
        Ok(())
    }
}
