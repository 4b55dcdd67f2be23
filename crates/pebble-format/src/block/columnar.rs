//! Columnar blocks other than those of rows: index, key-value, range deletions.

use bytes::Bytes;

use crate::block::column::Columns;
use crate::block::physical::Handle;
use crate::error::{Result, corrupt};
use crate::input::Input;
use crate::key::Trailer;

/// Calls `each` with the separator and handle of every entry of an index block.
pub(crate) fn index(block: Bytes, mut each: impl FnMut(&[u8], Handle) -> Result<()>) -> Result<()> {
    let columns = Columns::new(block, 0)?;
    columns.expect_columns(4)?;
    let (separators, offsets, lengths) = (columns.bytes(0)?, columns.uints(1)?, columns.uints(2)?);
    for row in 0..columns.rows() {
        each(&separators.get(row)?, Handle { offset: offsets.get(row)?, length: lengths.get(row)? })?;
    }
    Ok(())
}

/// Calls `each` with every key and value of a key-value block.
pub(crate) fn key_values(block: Bytes, mut each: impl FnMut(&[u8], &[u8]) -> Result<()>) -> Result<()> {
    let columns = Columns::new(block, 0)?;
    columns.expect_columns(2)?;
    let (keys, values) = (columns.bytes(0)?, columns.bytes(1)?);
    for row in 0..columns.rows() {
        each(&keys.get(row)?, &values.get(row)?)?;
    }
    Ok(())
}

/// Calls `each` with start, end and trailer of every entry of a block of range deletions.
pub(crate) fn range_deletions(block: Bytes, mut each: impl FnMut(&Bytes, &Bytes, Trailer) -> Result<()>) -> Result<()> {
    const WHAT: &str = "range deletions";
    let boundaries = Input::new(WHAT, &block).u32()? as usize;
    if boundaries > block.len() {
        return Err(corrupt(WHAT, 0, "has more boundaries than bytes"));
    }
    let columns = Columns::new(block, 4)?;
    columns.expect_columns(5)?;
    let (keys, firsts) = (columns.bytes_of(0, boundaries)?, columns.uints_of(1, boundaries)?);
    let trailers = columns.uints(2)?;
    let rows = columns.rows() as u64;
    let mut next = 0;
    for span in 1..boundaries {
        let before = span.saturating_sub(1);
        let (start, end) = (keys.get(before)?, keys.get(span)?);
        let (first, last) = (firsts.get(before)?, firsts.get(span)?);
        if start >= end || first < next || last < first || last > rows {
            return Err(corrupt(WHAT, 0, "is not in order"));
        }
        for row in first..last {
            let row = usize::try_from(row).map_err(|_| corrupt(WHAT, 0, "is too long"))?;
            each(&start, &end, Trailer::from_raw(trailers.get(row)?)?)?;
        }
        next = last;
    }
    Ok(())
}
