//! The shell of a `.c1z` file: five bytes of mark, then one zstd stream whose content is a SQLite database
//! (`docs/spec/c1z-format.md` 2).

mod decode;
mod encode;
mod parts;
mod replace;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

pub use decode::{Limits, decode};
pub use encode::seal;
pub(crate) use encode::{FRAME, Packer, seal_with};
pub(crate) use parts::decode_in_parts;
pub(crate) use replace::dir_of;
pub use replace::{SealedFile, check_target};

/// What every v1 file begins with.
pub(crate) const MARK_V1: [u8; 5] = *b"C1ZF\0";
/// What every v3 file begins with.
const MARK_V3: [u8; 5] = *b"C1Z3\0";

/// What a path holds, judged by its first bytes (`docs/spec/c1z-format.md` 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Nothing is there.
    Missing,
    /// A file without bytes.
    Empty,
    /// A `.c1z` around a SQLite database: the family that this crate reads and writes.
    V1,
    /// A `.c1z` around a Pebble database.
    V3,
    /// Something else, or fewer bytes than a mark has.
    Other,
}

/// Looks at the first bytes of `path`.
///
/// # Errors
/// What the operating system says when the file cannot be opened or read; a missing file is not an error.
pub fn detect(path: &Path) -> io::Result<Format> {
    match File::open(path) {
        Ok(mut file) => Ok(family(&read_mark(&mut file)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Format::Missing),
        Err(error) => Err(error),
    }
}

/// The first five bytes of a file, fewer if it is shorter.
fn read_mark(file: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut mark = Vec::with_capacity(MARK_V1.len());
    file.take(MARK_V1.len() as u64).read_to_end(&mut mark)?;
    Ok(mark)
}

fn family(mark: &[u8]) -> Format {
    match mark {
        [] => Format::Empty,
        mark if mark == MARK_V1 => Format::V1,
        mark if mark == MARK_V3 => Format::V3,
        _ => Format::Other,
    }
}

/// Reads until the buffer is full or the file ends, so that nothing that is read first is split.
fn fill(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(bytes) => filled += bytes,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn formats_are_told_by_their_first_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        assert_eq!(detect(&path).unwrap(), Format::Missing);
        let cases: [(&[u8], Format); 6] = [
            (b"", Format::Empty),
            (b"C1Z", Format::Other),
            (b"C1ZF\0", Format::V1),
            (b"C1ZF\0more", Format::V1),
            (b"C1Z3\0more", Format::V3),
            (b"SQLite format 3\0", Format::Other),
        ];
        for (bytes, format) in cases {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(detect(&path).unwrap(), format);
        }
        assert!(detect(dir.path()).is_err());
    }
}
