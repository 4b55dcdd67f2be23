//! A block as it lies in a file: payload, compression, checksum.

use bytes::Bytes;

use crate::checksum::{self, ChecksumKind};
use crate::error::{Error, Result, corrupt};
use crate::input::{Input, put_uvarint};
use crate::limits::Budget;

/// Bytes behind a payload: one for the compression, four for the checksum.
pub(crate) const TRAILER: usize = 5;

/// Where a block's payload lies in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Handle {
    /// Offset from the start of the file.
    pub(crate) offset: u64,
    /// Bytes of the payload, without the trailer.
    pub(crate) length: u64,
}

impl Handle {
    pub(crate) fn read(input: &mut Input<'_>) -> Result<Self> {
        Ok(Self { offset: input.uvarint()?, length: input.uvarint()? })
    }

    pub(crate) fn put(self, out: &mut Vec<u8>) {
        put_uvarint(out, self.offset);
        put_uvarint(out, self.length);
    }

    /// Offset behind the trailer; `None` if it does not fit into a number.
    pub(crate) fn end(self) -> Option<u64> {
        self.offset.checked_add(self.length)?.checked_add(TRAILER as u64)
    }
}

/// How the payload of a block is compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// Snappy, for each block that gets smaller by it.
    Snappy,
}

const NONE: u8 = 0;
const SNAPPY: u8 = 1;
const ZSTD: u8 = 7;
const MINLZ: u8 = 8;

/// Reads a block: checks its bounds and checksum, and decompresses it.
pub(crate) fn read(
    what: &'static str,
    file: &Bytes,
    handle: Handle,
    checksum: ChecksumKind,
    budget: &Budget,
) -> Result<Bytes> {
    let outside = || Error::Corrupt { what, offset: handle.offset, problem: "lies outside its file" };
    let start = usize::try_from(handle.offset).map_err(|_| outside())?;
    let length = usize::try_from(handle.length).map_err(|_| outside())?;
    let payload_end = start.checked_add(length).ok_or_else(outside)?;
    let end = payload_end.checked_add(TRAILER).ok_or_else(outside)?;
    if end > file.len() {
        return Err(outside());
    }
    let mut trailer = Input::at(what, file, payload_end)?;
    let compression = trailer.u8()?;
    let stored = trailer.u32()?;
    let covered = Input::at(what, file, start)?.take(length.saturating_add(1))?;
    checksum::check(what, handle.offset, stored, checksum.of(covered))?;

    let payload = file.slice(start..payload_end);
    let plain = decompress(what, payload, compression, budget)?;
    budget.charge(plain.len())?;
    Ok(plain)
}

fn decompress(what: &'static str, payload: Bytes, compression: u8, budget: &Budget) -> Result<Bytes> {
    match compression {
        NONE => {
            budget.check_block(what, payload.len() as u64)?;
            Ok(payload)
        }
        SNAPPY => {
            let size = snap::raw::decompress_len(&payload).map_err(|_| corrupt(what, 0, "is not valid Snappy data"))?;
            budget.check_block(what, size as u64)?;
            // Snappy copies at most 64 bytes for three: a declared size that cannot be reached is not allocated.
            if size > payload.len().saturating_mul(64) {
                return Err(corrupt(what, 0, "declares more than its Snappy data can hold"));
            }
            let plain = snap::raw::Decoder::new().decompress_vec(&payload);
            plain.map(Bytes::from).map_err(|_| corrupt(what, 0, "is not valid Snappy data"))
        }
        ZSTD => {
            let mut input = Input::new(what, &payload);
            let declared = input.uvarint()?;
            budget.check_block(what, declared)?;
            let size = usize::try_from(declared).map_err(|_| input.fail("a length is too large"))?;
            let frame = payload.slice(input.position()..);
            let plain = zstd::bulk::decompress(&frame, size).map_err(|_| corrupt(what, 0, "is not valid zstd data"))?;
            if plain.len() != size {
                return Err(corrupt(what, 0, "differs from its declared length"));
            }
            Ok(plain.into())
        }
        MINLZ => Err(Error::Unsupported { what: "the compression of a block", detail: "MinLZ (8)".to_owned() }),
        other => Err(Error::Unsupported { what: "the compression of a block", detail: other.to_string() }),
    }
}

/// Appends a block to `out`, and returns the length of its payload.
pub(crate) fn write(out: &mut Vec<u8>, plain: &[u8], compression: Compression) -> u64 {
    let packed = match compression {
        Compression::None => None,
        Compression::Snappy => {
            snap::raw::Encoder::new().compress_vec(plain).ok().filter(|packed| packed.len() < plain.len())
        }
    };
    let (payload, id) = packed.as_deref().map_or((plain, NONE), |packed| (packed, SNAPPY));
    out.extend_from_slice(payload);
    out.push(id);
    out.extend_from_slice(&checksum::masked_crc32c(&[payload, &[id]]).to_le_bytes());
    payload.len() as u64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::limits::Limits;

    fn handle(length: u64) -> Handle {
        Handle { offset: 0, length }
    }

    fn budget() -> Budget {
        Budget::new(&Limits::default())
    }

    fn block(payload: &[u8], id: u8) -> (Bytes, Handle) {
        let mut file = payload.to_vec();
        file.push(id);
        file.extend(masked_crc(&file).to_le_bytes());
        (file.into(), handle(payload.len() as u64))
    }

    fn masked_crc(bytes: &[u8]) -> u32 {
        checksum::masked_crc32c(&[bytes])
    }

    #[test]
    fn each_compression_round_trips() {
        let plain = b"the same words, the same words, the same words".repeat(20);
        for compression in [Compression::None, Compression::Snappy] {
            let mut file = Vec::new();
            let length = write(&mut file, &plain, compression);
            let got = read("block", &file.into(), handle(length), ChecksumKind::Crc32c, &budget()).unwrap();
            assert_eq!(got, plain);
        }
        let mut payload = Vec::new();
        put_uvarint(&mut payload, plain.len() as u64);
        payload.extend(zstd::bulk::compress(&plain, 3).unwrap());
        let (file, handle) = block(&payload, ZSTD);
        assert_eq!(read("block", &file, handle, ChecksumKind::Crc32c, &budget()).unwrap(), plain);
    }

    #[test]
    fn sizes_above_the_limit_are_not_allocated() {
        let limits = Limits::default().with_block(1000);
        let plain = vec![7; 1001];
        let zstd = [&[0xe9, 0x07][..], &zstd::bulk::compress(&plain, 3).unwrap()].concat();
        let snappy = snap::raw::Encoder::new().compress_vec(&plain).unwrap();
        for (payload, id) in [(plain, NONE), (snappy, SNAPPY), (zstd, ZSTD)] {
            let (file, handle) = block(&payload, id);
            let error = read("block", &file, handle, ChecksumKind::Crc32c, &Budget::new(&limits)).unwrap_err();
            assert!(matches!(error, Error::Limit { size: 1001, limit: 1000, .. }), "{error}");
        }
    }

    #[test]
    fn a_handle_outside_the_file_is_an_error() {
        let (file, _) = block(b"abc", NONE);
        for (offset, length) in [(0, 4), (1, 3), (u64::MAX, 1), (0, u64::MAX), (9, 0)] {
            let error = read("block", &file, Handle { offset, length }, ChecksumKind::Crc32c, &budget()).unwrap_err();
            assert!(matches!(error, Error::Corrupt { .. }), "{error}");
        }
    }

    #[test]
    fn unknown_compressions_are_named() {
        for id in [2, MINLZ, 200] {
            let (file, handle) = block(b"abc", id);
            let error = read("block", &file, handle, ChecksumKind::Crc32c, &budget()).unwrap_err();
            assert!(error.to_string().contains(&id.to_string()), "{error}");
        }
    }
}
