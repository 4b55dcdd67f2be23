//! Checksums of blocks and records.

use twox_hash::XxHash64;

use crate::error::{Error, Result};

const MASK_DELTA: u32 = 0xa282_ead8;

/// How the blocks of a table are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChecksumKind {
    /// CRC-32C, rotated and shifted so that a checksum of data with checksums in it stays strong.
    Crc32c,
    /// The low half of XXH64.
    XxHash64,
}

impl ChecksumKind {
    /// The kind with this number in a footer.
    pub(crate) fn from_id(id: u8) -> Result<Self> {
        match id {
            1 => Ok(Self::Crc32c),
            3 => Ok(Self::XxHash64),
            other => Err(Error::Unsupported { what: "the checksum type", detail: other.to_string() }),
        }
    }

    /// The checksum of `bytes`.
    pub(crate) fn of(self, bytes: &[u8]) -> u32 {
        match self {
            Self::Crc32c => masked_crc32c(&[bytes]),
            Self::XxHash64 => XxHash64::oneshot(0, bytes) as u32,
        }
    }
}

/// The masked CRC-32C of the concatenated `parts`.
pub(crate) fn masked_crc32c(parts: &[&[u8]]) -> u32 {
    let crc = parts.iter().fold(0, |crc, part| crc32c::crc32c_append(crc, part));
    crc.rotate_right(15).wrapping_add(MASK_DELTA)
}

/// Fails if `stored` is not `computed`.
pub(crate) fn check(what: &'static str, offset: u64, stored: u32, computed: u32) -> Result<()> {
    if stored == computed { Ok(()) } else { Err(Error::Checksum { what, offset, stored, computed }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_vector() {
        assert_eq!(crc32c::crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(masked_crc32c(&[b"1234", b"56789"]), 0xc78a_b0e5);
    }
}
