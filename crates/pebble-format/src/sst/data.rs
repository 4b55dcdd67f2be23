//! Reads the rows of a table's block, whichever way they are packed.

use bytes::Bytes;

use crate::block::columnar_rows::ColumnarCursor;
use crate::block::row::RowCursor;
use crate::error::{Error, Result, corrupt};
use crate::key::{self, Kind, Trailer};
use crate::sst::footer::Format;

/// The bit of a kind that marks a row shadowed by another one of the same table.
const OBSOLETE: u64 = 64;

/// Reads the rows of a block in order.
#[derive(Debug)]
pub(crate) enum DataCursor {
    Rows(RowCursor, Format),
    Columns(Box<ColumnarCursor>),
}

impl DataCursor {
    pub(crate) fn new(block: Bytes, format: Format) -> Result<Self> {
        if format.has_columnar_rows() {
            Ok(Self::Columns(Box::new(ColumnarCursor::new(block)?)))
        } else {
            RowCursor::new(block).map(|rows| Self::Rows(rows, format))
        }
    }

    /// Moves to the next row; false behind the last one.
    pub(crate) fn advance(&mut self) -> Result<bool> {
        match self {
            Self::Rows(rows, _) => rows.advance(),
            Self::Columns(columns) => columns.advance(),
        }
    }

    /// Makes the next [`advance`](Self::advance) move to the first row whose user key is at least `target`.
    pub(crate) fn seek(&mut self, target: &[u8]) -> Result<()> {
        match self {
            Self::Rows(rows, _) => rows.seek(target),
            Self::Columns(columns) => columns.seek(target),
        }
    }

    /// User key and trailer of the current row.
    pub(crate) fn key(&self) -> Result<(&[u8], Trailer)> {
        let (user, raw) = match self {
            Self::Rows(rows, format) => {
                let (user, raw) = key::split(rows.key())?;
                (user, if format.has_obsolete_bit() { raw & !OBSOLETE } else { raw })
            }
            Self::Columns(columns) => (columns.key(), columns.trailer()?),
        };
        Ok((user, Trailer::from_raw(raw)?))
    }

    /// Value of the current row, which is of this kind.
    pub(crate) fn value(&self, kind: Kind) -> Result<Bytes> {
        match self {
            Self::Rows(rows, format) if format.has_value_prefix() && kind == Kind::Set => {
                let value = rows.value();
                let place =
                    value.first().ok_or_else(|| corrupt("row block", 0, "has a value without its first byte"))?;
                if place & 0xc0 != 0 {
                    return Err(Error::Unsupported { what: "a value", detail: "stored outside its row".to_owned() });
                }
                Ok(value.slice(1..))
            }
            Self::Rows(rows, _) => Ok(rows.value()),
            Self::Columns(columns) => columns.value(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::block::row_writer::RowWriter;
    use crate::sst::footer::Footer;

    fn format(version: u8) -> Format {
        let mut file = vec![0; 20];
        let handle = crate::block::physical::Handle { offset: 0, length: 0 };
        Footer::put_v2(&mut file, handle, handle);
        let at = file.len() - 12;
        file[at] = version;
        Footer::read(&file).unwrap().format
    }

    fn cursor(version: u8, raw: u64, value: &[u8]) -> DataCursor {
        let mut writer = RowWriter::new(16);
        writer.add(&[b"key", raw.to_le_bytes().as_slice()].concat(), value);
        let mut cursor = DataCursor::new(writer.finish().into(), format(version)).unwrap();
        assert!(cursor.advance().unwrap());
        cursor
    }

    #[test]
    fn old_formats_mark_values_and_obsolete_rows() {
        assert_eq!(cursor(2, 1, b"\0abc").value(Kind::Set).unwrap(), &b"\0abc"[..]);
        assert_eq!(cursor(3, 1, b"\0abc").value(Kind::Set).unwrap(), &b"abc"[..]);
        assert_eq!(cursor(3, 18, b"\0abc").value(Kind::SetWithDelete).unwrap(), &b"\0abc"[..]);
        assert!(cursor(3, 1, b"\x80abc").value(Kind::Set).is_err());
        assert!(cursor(3, 1, b"").value(Kind::Set).is_err());
        assert!(cursor(3, 64 | 1, b"").key().is_err());
        let cursor = cursor(4, 5 << 8 | 64 | 1, b"\0");
        assert_eq!(cursor.key().unwrap(), (&b"key"[..], Trailer { sequence: 5, kind: Kind::Set }));
    }
}
