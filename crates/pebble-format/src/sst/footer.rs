//! The last bytes of a table: its format, and where its index is.

use crate::block::physical::Handle;
use crate::checksum::{self, ChecksumKind};
use crate::error::{Error, Result, corrupt};
use crate::input::Input;

const WHAT: &str = "table footer";
const MAGIC: [u8; 8] = [0xf0, 0x9f, 0xaa, 0xb3, 0xf0, 0x9f, 0xaa, 0xb3];
/// Checksum type, two handles and zeros.
const HANDLES: usize = 41;

/// The format of a table: Pebble v1 to v7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Format(u8);

impl Format {
    /// The format that [`Writer`](crate::sst::Writer) writes.
    pub(crate) const V2: Self = Self(2);

    /// The number of the format, from 1 to 7.
    #[must_use]
    pub fn version(self) -> u8 {
        self.0
    }

    /// Whether a value of a SET begins with a byte that says where the value is.
    pub(crate) fn has_value_prefix(self) -> bool {
        (3..=4).contains(&self.0)
    }

    /// Whether the kind of a row may have the bit for obsolete rows.
    pub(crate) fn has_obsolete_bit(self) -> bool {
        self.0 == 4
    }

    /// Whether rows, index and range deletions are columnar.
    pub(crate) fn has_columnar_rows(self) -> bool {
        self.0 >= 5
    }

    pub(crate) fn has_columnar_metaindex(self) -> bool {
        self.0 >= 6
    }

    pub(crate) fn has_columnar_properties(self) -> bool {
        self.0 >= 7
    }
}

/// Bits that say what a table has (v7).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attributes(u32);

impl Attributes {
    /// Value blocks, range keys and blob values.
    const UNSUPPORTED: u32 = 1 | 2 | 4 | 8 | 64;

    pub(crate) fn has_range_deletions(self) -> bool {
        self.0 & 16 != 0
    }

    pub(crate) fn has_two_level_index(self) -> bool {
        self.0 & 32 != 0
    }

    pub(crate) fn has_points(self) -> bool {
        self.0 & 128 != 0
    }
}

/// A footer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Footer {
    pub(crate) format: Format,
    pub(crate) checksum: ChecksumKind,
    pub(crate) metaindex: Handle,
    pub(crate) index: Handle,
    pub(crate) attributes: Option<Attributes>,
}

impl Footer {
    /// Reads the footer of a whole file.
    pub(crate) fn read(file: &[u8]) -> Result<Self> {
        let (before, magic) = file.split_last_chunk::<8>().ok_or_else(|| corrupt(WHAT, file.len(), "is cut off"))?;
        if *magic != MAGIC {
            return Err(corrupt(WHAT, before.len(), "does not end like a Pebble table"));
        }
        let (before, version) = before.split_last_chunk::<4>().ok_or_else(|| corrupt(WHAT, 0, "is cut off"))?;
        let version_number = u32::from_le_bytes(*version);
        let extra = match version_number {
            1..=5 => 0,
            6 => 4,
            7 => 8,
            other => return Err(Error::Unsupported { what: "the table format", detail: other.to_string() }),
        };
        let format = Format(u8::try_from(version_number).map_err(|_| corrupt(WHAT, 0, "has no format"))?);
        let start = before.len().checked_sub(HANDLES + extra).ok_or_else(|| corrupt(WHAT, 0, "is cut off"))?;
        let mut tail = Input::at(WHAT, before, start + HANDLES)?;
        let attributes = if version_number == 7 { Some(Attributes(tail.u32()?)) } else { None };
        if version_number >= 6 {
            let covered = Input::at(WHAT, before, start)?.take(HANDLES + extra - 4)?;
            let computed = checksum::masked_crc32c(&[covered, version, magic]);
            checksum::check(WHAT, start as u64, tail.u32()?, computed)?;
        }
        if let Some(Attributes(bits)) = attributes
            && bits & Attributes::UNSUPPORTED != 0
        {
            return Err(Error::Unsupported {
                what: "a table with value blocks, range keys or blobs",
                detail: bits.to_string(),
            });
        }
        let mut head = Input::at(WHAT, before, start)?;
        let checksum = ChecksumKind::from_id(head.u8()?)?;
        let (metaindex, index) = (Handle::read(&mut head)?, Handle::read(&mut head)?);
        if head.position() > start + HANDLES {
            return Err(head.fail("has handles that are too long"));
        }
        if [metaindex, index].iter().any(|handle| handle.end().is_none_or(|end| end > start as u64)) {
            return Err(corrupt(WHAT, start, "points to a block behind itself"));
        }
        Ok(Self { format, checksum, metaindex, index, attributes })
    }

    /// Appends a footer of the format v2.
    pub(crate) fn put_v2(out: &mut Vec<u8>, metaindex: Handle, index: Handle) {
        let start = out.len();
        out.push(1);
        metaindex.put(out);
        index.put(out);
        out.resize(start + HANDLES, 0);
        out.extend_from_slice(&u32::from(Format::V2.0).to_le_bytes());
        out.extend_from_slice(&MAGIC);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn file(version: u32) -> Vec<u8> {
        let handle = |offset| Handle { offset, length: 5 };
        let mut file = vec![0; 20];
        Footer::put_v2(&mut file, handle(10), handle(0));
        file.truncate(20 + HANDLES);
        if version == 7 {
            file.extend(128_u32.to_le_bytes());
        }
        if version >= 6 {
            let crc = checksum::masked_crc32c(&[&file[20..], &version.to_le_bytes(), &MAGIC]);
            file.extend(crc.to_le_bytes());
        }
        file.extend(version.to_le_bytes());
        file.extend(MAGIC);
        file
    }

    #[test]
    fn footers_of_each_format() {
        for version in 1..=7 {
            let footer = Footer::read(&file(version)).unwrap();
            assert_eq!(u32::from(footer.format.version()), version);
            assert_eq!((footer.metaindex.offset, footer.index.length), (10, 5));
            assert_eq!(footer.attributes.is_some(), version == 7);
        }
        for version in [0, 8] {
            assert!(Footer::read(&file(version)).is_err());
        }
    }

    #[test]
    fn damage_is_noticed() {
        for version in [6, 7] {
            let whole = file(version);
            for at in 20..whole.len() {
                let mut damaged = whole.clone();
                damaged[at] ^= 1;
                assert!(Footer::read(&damaged).is_err(), "v{version}, byte {at}");
            }
        }
        let whole = file(2);
        for len in 0..whole.len() {
            assert!(Footer::read(&whole[..len]).is_err());
        }
    }
}
