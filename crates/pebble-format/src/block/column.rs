//! The columns of a columnar block: booleans, integers, byte strings, and sorted keys with shared prefixes.

use bytes::Bytes;

use crate::error::{Result, corrupt};
use crate::input::Input;

const WHAT: &str = "columnar block";
const VERSION: u8 = 1;
const BOOL: u8 = 1;
const UINT: u8 = 2;
const BYTES: u8 = 3;
const PREFIX_BYTES: u8 = 4;

/// A columnar block whose header has been read.
#[derive(Debug)]
pub(crate) struct Columns {
    block: Bytes,
    /// Types and offsets of the columns.
    columns: Vec<(u8, usize)>,
    rows: usize,
}

impl Columns {
    /// Reads the header behind `custom_header` bytes.
    pub(crate) fn new(block: Bytes, custom_header: usize) -> Result<Self> {
        let mut input = Input::at(WHAT, &block, custom_header)?;
        if input.u8()? != VERSION {
            return Err(input.fail("has an unknown version"));
        }
        let count = input.u16()?;
        let rows = input.u32()? as usize;
        // Columns whose rows are all equal take no bytes, but no block consists of such columns alone.
        if rows > block.len() {
            return Err(input.fail("has more rows than bytes"));
        }
        let mut columns = Vec::new();
        for _ in 0..count {
            columns.push((input.u8()?, input.u32()? as usize));
        }
        Ok(Self { block, columns, rows })
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Fails unless the block has exactly `count` columns.
    pub(crate) fn expect_columns(&self, count: usize) -> Result<()> {
        if self.columns.len() == count { Ok(()) } else { Err(corrupt(WHAT, 0, "has an unexpected number of columns")) }
    }

    fn offset(&self, index: usize, kind: u8) -> Result<usize> {
        match self.columns.get(index) {
            Some((found, offset)) if *found == kind => Ok(*offset),
            _ => Err(corrupt(WHAT, 0, "has a column of an unexpected type")),
        }
    }

    pub(crate) fn bools(&self, index: usize) -> Result<BoolColumn> {
        BoolColumn::new(self.block.clone(), self.offset(index, BOOL)?, self.rows)
    }

    pub(crate) fn uints(&self, index: usize) -> Result<UintColumn> {
        self.uints_of(index, self.rows)
    }

    /// A column of integers with as many rows as the caller knows.
    pub(crate) fn uints_of(&self, index: usize, rows: usize) -> Result<UintColumn> {
        UintColumn::new(self.block.clone(), self.offset(index, UINT)?, rows).map(|(column, _)| column)
    }

    pub(crate) fn bytes(&self, index: usize) -> Result<BytesColumn> {
        self.bytes_of(index, self.rows)
    }

    /// A column of byte strings with as many rows as the caller knows.
    pub(crate) fn bytes_of(&self, index: usize, rows: usize) -> Result<BytesColumn> {
        BytesColumn::new(self.block.clone(), self.offset(index, BYTES)?, rows)
    }

    pub(crate) fn keys(&self, index: usize) -> Result<PrefixColumn> {
        PrefixColumn::new(&self.block, self.offset(index, PREFIX_BYTES)?, self.rows)
    }
}

/// A bitmap.
#[derive(Debug)]
pub(crate) struct BoolColumn {
    block: Bytes,
    /// Where the words begin; `None` if all rows are false.
    words: Option<usize>,
}

impl BoolColumn {
    fn new(block: Bytes, offset: usize, rows: usize) -> Result<Self> {
        if rows == 0 {
            return Ok(Self { block, words: None });
        }
        let mut input = Input::at(WHAT, &block, offset)?;
        let words = match input.u8()? {
            1 => None,
            0 => {
                let start = align(input.position(), 8).ok_or_else(|| input.fail("is too long"))?;
                Input::at(WHAT, &block, start)?.take(rows.div_ceil(64).saturating_mul(8))?;
                Some(start)
            }
            _ => return Err(input.fail("has an unknown form of bitmap")),
        };
        Ok(Self { block, words })
    }

    pub(crate) fn get(&self, row: usize) -> Result<bool> {
        let Some(words) = self.words else { return Ok(false) };
        let at = words.checked_add(row / 8).ok_or_else(|| corrupt(WHAT, words, "is too long"))?;
        let byte = Input::at(WHAT, &self.block, at)?.u8()?;
        Ok(byte & (1 << (row % 8)) != 0)
    }
}

/// Integers of one width above a common base.
#[derive(Debug)]
pub(crate) struct UintColumn {
    block: Bytes,
    width: usize,
    base: u64,
    values: usize,
    rows: usize,
}

impl UintColumn {
    /// Reads the column at `offset`, and returns the offset behind it.
    fn new(block: Bytes, offset: usize, rows: usize) -> Result<(Self, usize)> {
        if rows == 0 {
            return Ok((Self { block, width: 0, base: 0, values: 0, rows }, offset));
        }
        let mut input = Input::at(WHAT, &block, offset)?;
        let encoding = input.u8()?;
        let width = usize::from(encoding & 0x7f);
        if !matches!(width, 0 | 1 | 2 | 4 | 8) {
            return Err(input.fail("has integers of an unknown width"));
        }
        let base = if encoding & 0x80 == 0 { 0 } else { input.u64()? };
        let too_long = || corrupt(WHAT, offset, "is too long");
        let values = align(input.position(), width).ok_or_else(too_long)?;
        let length = rows.checked_mul(width).ok_or_else(too_long)?;
        let mut input = Input::at(WHAT, &block, values)?;
        input.take(length)?;
        let end = input.position();
        Ok((Self { block, width, base, values, rows }, end))
    }

    pub(crate) fn get(&self, row: usize) -> Result<u64> {
        let at = row.checked_mul(self.width).and_then(|offset| offset.checked_add(self.values));
        let at = at.filter(|_| row < self.rows).ok_or_else(|| corrupt(WHAT, self.values, "has too few rows"))?;
        let mut input = Input::at(WHAT, &self.block, at)?;
        let value = match self.width {
            0 => 0,
            1 => u64::from(input.u8()?),
            2 => u64::from(input.u16()?),
            4 => u64::from(input.u32()?),
            _ => input.u64()?,
        };
        // The writer takes the differences from the base modulo 2^64.
        Ok(self.base.wrapping_add(value))
    }

    /// A value that counts bytes in memory.
    fn length(&self, row: usize) -> Result<usize> {
        usize::try_from(self.get(row)?).map_err(|_| corrupt(WHAT, self.values, "has an offset that is too large"))
    }
}

/// Byte strings.
#[derive(Debug)]
pub(crate) struct BytesColumn {
    block: Bytes,
    offsets: UintColumn,
    data: usize,
    rows: usize,
}

impl BytesColumn {
    fn new(block: Bytes, offset: usize, rows: usize) -> Result<Self> {
        let count = if rows == 0 { 0 } else { rows.saturating_add(1) };
        let (offsets, data) = UintColumn::new(block.clone(), offset, count)?;
        Ok(Self { block, offsets, data, rows })
    }

    pub(crate) fn get(&self, row: usize) -> Result<Bytes> {
        if row >= self.rows {
            return Err(corrupt(WHAT, self.data, "has too few rows"));
        }
        slice(&self.block, self.data, self.offsets.length(row)?, self.offsets.length(row.saturating_add(1))?)
    }
}

/// Sorted keys: a prefix of the block, prefixes of bundles of rows, and a suffix for each row.
#[derive(Debug)]
pub(crate) struct PrefixColumn {
    block: Bytes,
    shift: u32,
    ends: UintColumn,
    data: usize,
    prefix_len: usize,
}

impl PrefixColumn {
    /// A repeated key is looked for in its bundle, so bundles are small; Pebble makes them of 16 rows.
    const MAX_SHIFT: u8 = 10;

    fn new(block: &Bytes, offset: usize, rows: usize) -> Result<Self> {
        if rows == 0 {
            let (ends, data) = UintColumn::new(block.clone(), offset, 0)?;
            return Ok(Self { block: block.clone(), shift: 0, ends, data, prefix_len: 0 });
        }
        let mut input = Input::at(WHAT, block, offset)?;
        let shift = input.u8()?;
        if shift > Self::MAX_SHIFT {
            return Err(input.fail("has bundles of too many keys"));
        }
        let shift = u32::from(shift);
        let bundles = rows.div_ceil(1 << shift);
        let slices = rows.saturating_add(bundles).saturating_add(1);
        let (ends, data) = UintColumn::new(block.clone(), input.position(), slices)?;
        let prefix_len = ends.length(0)?;
        Ok(Self { block: block.clone(), shift, ends, data, prefix_len })
    }

    /// Replaces `key` with that of `row`.
    pub(crate) fn get(&self, row: usize, key: &mut Vec<u8>) -> Result<()> {
        let size = 1_usize << self.shift;
        let bundle = row >> self.shift;
        let too_long = || corrupt(WHAT, self.data, "is too long");
        let first = bundle.checked_mul(size.saturating_add(1)).and_then(|index| index.checked_add(1));
        let bundle_prefix = first.ok_or_else(too_long)?;
        let first_suffix = bundle_prefix.checked_add(1).ok_or_else(too_long)?;
        // An empty suffix repeats the key before it, except for the first one of a bundle.
        let mut suffix = &[][..];
        for within in (0..=row & size.saturating_sub(1)).rev() {
            suffix = self.slice(first_suffix.checked_add(within).ok_or_else(too_long)?)?;
            if !suffix.is_empty() {
                break;
            }
        }
        key.clear();
        key.extend_from_slice(slice_ref(&self.block, self.data, 0, self.prefix_len)?);
        key.extend_from_slice(self.slice(bundle_prefix)?);
        key.extend_from_slice(suffix);
        Ok(())
    }

    /// The slice with this index, which is above 0.
    fn slice(&self, index: usize) -> Result<&[u8]> {
        let start = self.ends.length(index.saturating_sub(1))?;
        slice_ref(&self.block, self.data, start, self.ends.length(index)?)
    }
}

/// The next multiple of `width`; `at` itself for the widths 0 and 1.
fn align(at: usize, width: usize) -> Option<usize> {
    if width == 0 { Some(at) } else { at.checked_next_multiple_of(width) }
}

fn slice_ref(block: &[u8], data: usize, start: usize, end: usize) -> Result<&[u8]> {
    let range = data.checked_add(start).zip(data.checked_add(end));
    let found = range.and_then(|(start, end)| block.get(start..end));
    found.ok_or_else(|| corrupt(WHAT, data, "has an offset outside the block"))
}

fn slice(block: &Bytes, data: usize, start: usize, end: usize) -> Result<Bytes> {
    slice_ref(block, data, start, end).map(|found| block.slice_ref(found))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn integers_of_each_width() {
        // Delta encoding, base 1000, width 1.
        let block = Bytes::from_static(&[0x81, 0xe8, 3, 0, 0, 0, 0, 0, 0, 0, 5, 255]);
        let (column, end) = UintColumn::new(block, 0, 3).unwrap();
        assert_eq!([0, 1, 2].map(|row| column.get(row).unwrap()), [1000, 1005, 1255]);
        assert_eq!(end, 12);
        assert!(column.get(3).is_err());
        // Width 2, aligned to an even offset.
        let (column, _) = UintColumn::new(Bytes::from_static(&[2, 9, 1, 0, 2, 1]), 0, 2).unwrap();
        assert_eq!([0, 1].map(|row| column.get(row).unwrap()), [1, 258]);
        // All equal.
        let (column, end) = UintColumn::new(Bytes::from_static(&[0]), 0, 7).unwrap();
        assert_eq!((column.get(6).unwrap(), end), (0, 1));
        assert!(UintColumn::new(Bytes::from_static(&[3, 0, 0, 0]), 0, 1).is_err());
        assert!(UintColumn::new(Bytes::from_static(&[4, 0, 0, 0]), 0, 1).is_err());
    }

    #[test]
    fn bitmaps() {
        let mut block = vec![0, 0, 0, 0, 0, 0, 0, 0, 0b101];
        block.extend([0; 7]);
        let column = BoolColumn::new(block.into(), 0, 3).unwrap();
        assert_eq!([0, 1, 2].map(|row| column.get(row).unwrap()), [true, false, true]);
        let column = BoolColumn::new(Bytes::from_static(&[1]), 0, 3).unwrap();
        assert!(!column.get(2).unwrap());
        assert!(BoolColumn::new(Bytes::from_static(&[2]), 0, 3).is_err());
        assert!(BoolColumn::new(Bytes::from_static(&[0, 0]), 0, 3).is_err());
    }

    #[test]
    fn keys_repeat_and_share_prefixes() {
        // Bundles of two rows: "ab" | "c": "", "d" | "x": "1", "" (a repetition).
        let ends = [2, 3, 3, 4, 5, 6, 6];
        let mut block = vec![1, 1];
        block.extend(ends);
        block.extend(b"abcdx1");
        let column = PrefixColumn::new(&block.into(), 0, 4).unwrap();
        let mut key = Vec::new();
        for (row, expected) in ["abc", "abcd", "abx1", "abx1"].into_iter().enumerate() {
            column.get(row, &mut key).unwrap();
            assert_eq!(key, expected.as_bytes());
        }
    }

    #[test]
    fn more_rows_than_bytes_are_an_error() {
        let header = [1, 0, 0, 0xff, 0xff, 0xff, 0xff];
        assert!(Columns::new(Bytes::copy_from_slice(&header), 0).is_err());
    }
}
