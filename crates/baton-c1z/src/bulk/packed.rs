//! The part of a database that is packed before the database is finished.
//!
//! Nearly all of a large database is pages that are written once and not looked at again before the file is made. They are
//! packed as they come, block by block, into what will be frames of the file, and leave a hole in the database: so several
//! gigabytes are neither written nor read. SQLite goes on with what stands outside the hole, a few pages of tables that are
//! not loaded, and what it appends. Before it may look at anything else, the blocks are put in their places
//! ([`Packed::restore`]).

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use zstd::bulk::Decompressor;

use crate::envelope::{FRAME, Packer};
use crate::error::{Doing, Error};

/// Blocks of a database, by their number in it, as frames in a file without a name.
pub(crate) struct Packed {
    /// The database, beside which the blocks are kept.
    db: PathBuf,
    /// Bytes of a block in the database.
    block: usize,
    frames: BTreeMap<u64, Frame>,
    store: Option<Box<Store>>,
}

/// Where a block is kept.
#[derive(Debug, Clone, Copy)]
struct Frame {
    at: u64,
    length: u64,
}

/// There as soon as there is a block.
struct Store {
    file: File,
    end: u64,
    packer: Packer,
}

impl std::fmt::Debug for Packed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Packed")
            .field("db", &self.db)
            .field("frames", &self.frames.len())
            .finish_non_exhaustive()
    }
}

impl Packed {
    /// Nothing yet of the database `db`.
    pub(crate) fn of(db: &Path) -> Self {
        Self::in_blocks(db, FRAME)
    }

    /// The same with blocks of another size than a file's frames have.
    pub(super) fn in_blocks(db: &Path, block: usize) -> Self {
        Self { db: db.to_owned(), block, frames: BTreeMap::new(), store: None }
    }

    /// Bytes of a block in the database.
    pub(super) fn block(&self) -> usize {
        self.block
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Packs a whole block, which is none of those that are packed already.
    ///
    /// # Errors
    /// No file can be made or written beside the database.
    pub(super) fn put(&mut self, number: u64, plain: &[u8]) -> Result<(), Error> {
        debug_assert_eq!(plain.len(), self.block);
        let Self { db, frames, store, .. } = self;
        let store = match store {
            Some(store) => store,
            none => none.insert(Box::new(Store::beside(db).doing("write", db)?)),
        };
        frames.insert(number, store.append(plain).doing("write", db)?);
        Ok(())
    }

    /// Forgets what stands behind the first `bytes` of the database. The block that they end in is put in its place.
    ///
    /// # Errors
    /// The database cannot be written, or what has been packed cannot be read.
    pub(super) fn truncate(&mut self, bytes: u64) -> Result<(), Error> {
        let behind = self.frames.split_off(&bytes.div_ceil(self.block as u64));
        drop(behind);
        let last = bytes / self.block as u64;
        if let Some(frame) = self.frames.remove(&last) {
            self.put_back(&[(last, frame)])?;
        }
        Ok(())
    }

    /// Puts all blocks in their places in the database; after that nothing is packed.
    ///
    /// # Errors
    /// As [`truncate`](Self::truncate).
    pub(crate) fn restore(&mut self) -> Result<(), Error> {
        let frames: Vec<_> = std::mem::take(&mut self.frames).into_iter().collect();
        self.put_back(&frames)?;
        self.store = None;
        Ok(())
    }

    fn put_back(&mut self, frames: &[(u64, Frame)]) -> Result<(), Error> {
        let Some(store) = &mut self.store else { return Ok(()) };
        let mut put = || -> io::Result<()> {
            let mut db = OpenOptions::new().write(true).open(&self.db)?;
            let mut unpacking = Decompressor::new()?;
            let (mut packed, mut plain) = (Vec::new(), vec![0; self.block]);
            for (number, frame) in frames {
                packed.clear();
                store.open(*frame)?.read_to_end(&mut packed)?;
                let length = unpacking.decompress_to_buffer(&packed, &mut plain[..])?;
                db.seek(SeekFrom::Start(number * self.block as u64))?;
                db.write_all(&plain[..length])?;
            }
            Ok(())
        };
        put().doing("write", &self.db)
    }

    /// The packed blocks that follow each other from block `number` on: how many they are and their frames. `None` if that
    /// block is not packed.
    ///
    /// # Errors
    /// They cannot be read.
    pub(crate) fn frames_from(&mut self, number: u64) -> io::Result<Option<(u64, impl Read)>> {
        let Some(store) = &mut self.store else { return Ok(None) };
        let Some(first) = self.frames.get(&number) else { return Ok(None) };
        let (mut count, mut all) = (1, *first);
        while let Some(next) = self.frames.get(&(number + count))
            && next.at == all.at + all.length
        {
            all.length += next.length;
            count += 1;
        }
        Ok(Some((count, store.open(all)?)))
    }
}

impl Store {
    fn beside(db: &Path) -> io::Result<Self> {
        let dir = db.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Ok(Self { file: tempfile::tempfile_in(dir)?, end: 0, packer: Packer::new()? })
    }

    fn append(&mut self, plain: &[u8]) -> io::Result<Frame> {
        let packed = self.packer.pack(plain)?;
        // Reading leaves the file elsewhere.
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file.write_all(packed)?;
        let frame = Frame { at: self.end, length: packed.len() as u64 };
        self.end += frame.length;
        Ok(frame)
    }

    fn open(&mut self, frame: Frame) -> io::Result<io::Take<&mut File>> {
        self.file.seek(SeekFrom::Start(frame.at))?;
        Ok((&mut self.file).take(frame.length))
    }
}
