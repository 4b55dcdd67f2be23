//! From a finished database to a `.c1z` file that is either whole or not there.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use zstd::bulk::Compressor;
use zstd::zstd_safe::CParameter;

use super::{MARK_V1, SealedFile, fill, replace::replace};
use crate::bulk::Packed;
use crate::db_header::MARK;
use crate::error::{Doing, Error};

/// The compression level that suits this content: rows that resemble the one before. Level 1 needs half the time of
/// level 3 and yields smaller files of that size too (1.4 million grants, 1.1 GB of database: 93 MB against 100 MB), as its
/// short window keeps the distances to matches small.
const LEVEL: i32 = 1;

/// Bytes of the database in a frame. Each is packed on its own: of one long frame zstd would keep the last part in a ring,
/// where matches are harder to find (263 MB: 0.25 s of CPU instead of 0.31 s). The files are one percent larger for it; this
/// much stays in the processor's caches. Every reader of the format takes several frames
/// (`docs/spec/c1z-format.md` 2.4).
pub(crate) const FRAME: usize = 1 << 20;

/// Packs the database `db` into `target`.
///
/// The file is written beside the target, synced to the disk and renamed over it: whatever happens, `target` is either
/// the old file, untouched, or the new one, whole. A new file is readable by its owner only; an existing one keeps its
/// permissions. A symbolic link is followed unless a stranger made it. The content is zstd frames, each with size and
/// checksum.
///
/// # Errors
/// [`Error::Damaged`] when `db` is not a closed SQLite database, [`Error::DiskFull`], and [`Error::Io`] when something
/// cannot be read or written.
pub fn seal(db: &Path, target: &Path) -> Result<SealedFile, Error> {
    seal_with(db, Packed::new(db), target)
}

/// The same for a database of which a part is packed.
///
/// # Errors
/// As [`seal`].
pub(crate) fn seal_with(db: &Path, packed: Packed, target: &Path) -> Result<SealedFile, Error> {
    let source = open_closed_database(db)?;
    let size = source.metadata().doing("read", db)?.len();
    let mut content = Content { db, source, size, packed };
    replace(target, |file| content.pack(file, target))
}

/// Packs parts of a database, each into a frame of its own.
pub(crate) struct Packer {
    compressor: Compressor<'static>,
    packed: Vec<u8>,
}

impl Packer {
    /// # Errors
    /// There is no memory for it.
    pub(crate) fn new() -> io::Result<Self> {
        let mut compressor = Compressor::new(LEVEL)?;
        compressor.set_parameter(CParameter::ChecksumFlag(true))?;
        Ok(Self { compressor, packed: Vec::new() })
    }

    /// The frame of `plain`.
    ///
    /// # Errors
    /// There is no memory for it.
    pub(crate) fn pack(&mut self, plain: &[u8]) -> io::Result<&[u8]> {
        let most = zstd::zstd_safe::compress_bound(plain.len());
        if self.packed.len() < most {
            self.packed.resize(most, 0);
        }
        let length = self.compressor.compress_to_buffer(plain, &mut self.packed[..])?;
        Ok(&self.packed[..length])
    }
}

/// Opens a database of which nothing is left in a journal or write-ahead log.
fn open_closed_database(db: &Path) -> Result<File, Error> {
    let damaged = |reason: &str| Error::Damaged { path: db.to_owned(), reason: reason.to_owned() };
    for suffix in ["-wal", "-journal"] {
        let mut beside = db.as_os_str().to_owned();
        beside.push(suffix);
        if std::fs::metadata(PathBuf::from(beside)).is_ok_and(|left| left.len() > 0) {
            return Err(damaged("it was not closed: a part of it is still in its log"));
        }
    }
    let mut mark = [0; MARK.len()];
    let mut file = File::open(db).doing("open", db)?;
    if file.read_exact(&mut mark).is_err() || mark != *MARK {
        return Err(damaged("it is no SQLite database"));
    }
    file.rewind().doing("read", db)?;
    Ok(file)
}

/// What a file is made of. Reading and writing have their own error, so that it names the right file.
struct Content<'a, R> {
    db: &'a Path,
    /// Has holes where it is packed.
    source: R,
    size: u64,
    packed: Packed,
}

impl<R: Read + Seek> Content<'_, R> {
    /// Writes mark and content.
    fn pack(&mut self, out: &mut impl Write, target: &Path) -> Result<(), Error> {
        let Self { db, source, size, packed } = self;
        out.write_all(&MARK_V1).doing("write", target)?;
        let mut packer = Packer::new().doing("write", target)?;
        let mut plain = vec![0; FRAME.min(usize::try_from(*size).unwrap_or(FRAME)).max(1)];
        let (mut block, mut read) = (0, 0);
        loop {
            if let Some((blocks, mut frames)) = packed.frames_from(block).doing("read", db)? {
                io::copy(&mut frames, out).doing("write", target)?;
                block += blocks;
                read += blocks * FRAME as u64;
                source.seek(SeekFrom::Start(read)).doing("read", db)?;
                continue;
            }
            let filled = fill(source, &mut plain).doing("read", db)?;
            if filled == 0 {
                break;
            }
            block += 1;
            read += filled as u64;
            let frame = packer.pack(&plain[..filled]).doing("write", target)?;
            out.write_all(frame).doing("write", target)?;
        }
        if read != *size {
            let reason = format!("it has changed while it was packed: of {size} bytes, {read} were read");
            return Err(Error::Damaged { path: db.to_path_buf(), reason });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    /// Takes so many bytes, then says that the disk is full.
    struct SmallDisk(usize);

    impl Write for SmallDisk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.0 == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            let taken = bytes.len().min(self.0);
            self.0 -= taken;
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn packed(content: &[u8], size: u64, out: &mut impl Write) -> Result<(), Error> {
        let db = Path::new("db");
        Content { db, source: io::Cursor::new(content), size, packed: Packed::new(db) }.pack(out, Path::new("out.c1z"))
    }

    #[test]
    fn a_full_disk_is_reported_wherever_it_strikes() {
        let content: Vec<u8> = (0..200_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        let size = content.len() as u64;
        let pack_into = |out: &mut SmallDisk| packed(&content, size, out);
        for room in [0, 4, 5, 30, 100_000, 700_000] {
            assert!(matches!(pack_into(&mut SmallDisk(room)), Err(Error::DiskFull { .. })), "{room}");
        }
        assert!(pack_into(&mut SmallDisk(usize::MAX)).is_ok());
    }

    #[test]
    fn a_database_that_changes_its_size_meanwhile_is_an_error() {
        for pledged in [10, 30] {
            assert!(packed(&[7; 20], pledged, &mut Vec::new()).is_err(), "{pledged}");
        }
    }

    #[test]
    fn only_closed_databases_are_sealed() {
        let dir = tempfile::tempdir().unwrap();
        let (db, target) = (dir.path().join("db"), dir.path().join("out.c1z"));
        assert!(matches!(seal(&db, &target), Err(Error::Io { .. })));
        std::fs::write(&db, "no database").unwrap();
        assert!(matches!(seal(&db, &target), Err(Error::Damaged { .. })));
        std::fs::write(&db, b"SQLite format 3\0").unwrap();
        std::fs::write(dir.path().join("db-wal"), b"left over").unwrap();
        assert!(matches!(seal(&db, &target), Err(Error::Damaged { .. })));
        assert!(!target.exists());
    }
}
