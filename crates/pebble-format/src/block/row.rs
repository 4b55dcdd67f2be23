//! Blocks of rows, one after another: keys share prefixes with the row before, except at restart points.

use bytes::Bytes;

use crate::error::{Result, corrupt};
use crate::input::Input;
use crate::key;

const WHAT: &str = "row block";

/// Reads the rows of a block in order.
#[derive(Debug)]
pub(crate) struct RowCursor {
    block: Bytes,
    /// Length of the rows; the restart points follow.
    rows: usize,
    restarts: usize,
    at: usize,
    key: Vec<u8>,
    value: (usize, usize),
    /// Whether [`advance`](Self::advance) stays on the row that a seek has found.
    found: bool,
}

impl RowCursor {
    pub(crate) fn new(block: Bytes) -> Result<Self> {
        let count_at = block.len().checked_sub(4).ok_or_else(|| corrupt(WHAT, block.len(), "is cut off"))?;
        let restarts = Input::at(WHAT, &block, count_at)?.u32()? as usize;
        let rows = restarts.checked_mul(4).and_then(|bytes| count_at.checked_sub(bytes));
        let rows = rows.ok_or_else(|| corrupt(WHAT, count_at, "has more restart points than bytes"))?;
        Ok(Self { block, rows, restarts, at: 0, key: Vec::new(), value: (0, 0), found: false })
    }

    /// Moves to the next row; false behind the last one.
    pub(crate) fn advance(&mut self) -> Result<bool> {
        if std::mem::take(&mut self.found) {
            return Ok(true);
        }
        let rows = self.block.slice(..self.rows);
        let mut input = Input::at(WHAT, &rows, self.at)?;
        if input.is_empty() {
            return Ok(false);
        }
        let shared = input.length()?;
        let unshared = input.length()?;
        let value_len = input.length()?;
        if shared > self.key.len() {
            return Err(input.fail("shares more of a key than there is"));
        }
        let suffix = input.take(unshared)?;
        let value_at = input.position();
        input.take(value_len)?;
        self.key.truncate(shared);
        self.key.extend_from_slice(suffix);
        self.value = (value_at, input.position());
        self.at = input.position();
        Ok(true)
    }

    /// Key of the current row.
    pub(crate) fn key(&self) -> &[u8] {
        &self.key
    }

    /// Value of the current row.
    pub(crate) fn value(&self) -> Bytes {
        self.block.slice(self.value.0..self.value.1)
    }

    /// Makes the next [`advance`](Self::advance) move to the first row whose user key is at least `target`.
    pub(crate) fn seek(&mut self, target: &[u8]) -> Result<()> {
        // The last restart point whose key is below the target; the first one if none is.
        let (mut low, mut high) = (0, self.restarts.max(1));
        while high.saturating_sub(low) > 1 {
            let middle = low.midpoint(high);
            self.move_to_restart(middle)?;
            if self.advance()? && key::split(&self.key)?.0 < target {
                low = middle;
            } else {
                high = middle;
            }
        }
        self.move_to_restart(low)?;
        while self.advance()? {
            if key::split(&self.key)?.0 >= target {
                self.found = true;
                break;
            }
        }
        Ok(())
    }

    fn move_to_restart(&mut self, index: usize) -> Result<()> {
        self.found = false;
        self.key.clear();
        self.at = 0;
        if index > 0 {
            let at = index.saturating_mul(4).saturating_add(self.rows);
            self.at = Input::at(WHAT, &self.block, at)?.u32()? as usize;
            if self.at >= self.rows {
                return Err(corrupt(WHAT, at, "has a restart point behind its rows"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::block::row_writer::RowWriter;
    use crate::key::{Kind, Trailer};

    fn sample(rows: u32) -> Bytes {
        let mut writer = RowWriter::new(16);
        for row in 0..rows {
            let mut ikey = Vec::new();
            key::put(&mut ikey, format!("key{:04}", row * 2).as_bytes(), Trailer { sequence: 1, kind: Kind::Set });
            writer.add(&ikey, row.to_string().as_bytes());
        }
        writer.finish().into()
    }

    #[test]
    fn rows_come_back_in_order() {
        let mut cursor = RowCursor::new(sample(100)).unwrap();
        for row in 0..100 {
            assert!(cursor.advance().unwrap());
            assert_eq!(key::split(cursor.key()).unwrap().0, format!("key{:04}", row * 2).as_bytes());
            assert_eq!(cursor.value(), row.to_string());
        }
        assert!(!cursor.advance().unwrap());
    }

    #[test]
    fn seeking_finds_the_first_row_not_below() {
        let mut cursor = RowCursor::new(sample(100)).unwrap();
        for target in 0..201_u32 {
            cursor.seek(format!("key{target:04}").as_bytes()).unwrap();
            let expected = target.div_ceil(2);
            assert_eq!(cursor.advance().unwrap(), expected < 100, "{target}");
            if expected < 100 {
                assert_eq!(cursor.value(), expected.to_string());
            }
        }
    }

    #[test]
    fn malformed_blocks_are_errors() {
        assert!(RowCursor::new(Bytes::from_static(&[0, 0, 0])).is_err());
        assert!(RowCursor::new(Bytes::from_static(&[0xff, 0xff, 0xff, 0xff])).is_err());
        // The first row shares a byte with nothing.
        let mut cursor = RowCursor::new(Bytes::from_static(&[1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0])).unwrap();
        assert!(cursor.advance().is_err());
    }
}
