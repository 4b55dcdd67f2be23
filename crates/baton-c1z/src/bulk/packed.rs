//! A database of which a part is packed: blocks of it are frames in another file, and holes where they belong.
//!
//! Nearly all of a large database is pages that are written once and not looked at again before the file is made. They are
//! packed as they come, block by block, into what will be frames of the file: so several gigabytes are neither written nor
//! read. SQLite goes on with what stands outside the holes, a few pages of tables that are not loaded, and what it appends.
//! Before it may look at anything else, the blocks are put in their places ([`Packed::restore`]).
//!
//! Of the file that is replaced, whose rows are copied from first to last, no more is unpacked either
//! ([`PreviousFile`](crate::Older)).

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use zstd::bulk::Decompressor;

use crate::envelope::{FRAME, Packer, dir_of};
use crate::error::{Doing, Error};

/// Blocks of a database, by their number in it, as frames.
pub(crate) struct Packed {
    /// The database.
    db: PathBuf,
    /// Bytes of a block in the database.
    block: usize,
    frames: BTreeMap<u64, Frame>,
    /// Where they are; there as soon as there is one.
    store: Option<Box<Store>>,
}

/// Where a block is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    pub at: u64,
    pub length: u64,
}

struct Store {
    file: File,
    /// What errors call it.
    path: PathBuf,
    end: u64,
    packer: Packer,
    unpacker: Decompressor<'static>,
    packed: Vec<u8>,
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
    pub(crate) fn new(db: &Path) -> Self {
        Self::in_blocks(db, FRAME)
    }

    /// The same with blocks of another size than a file's frames have.
    pub(super) fn in_blocks(db: &Path, block: usize) -> Self {
        Self { db: db.to_owned(), block, frames: BTreeMap::new(), store: None }
    }

    /// All of the database `db`, which is nothing but holes, as frames in the open file `path`.
    ///
    /// # Errors
    /// There is no memory for it.
    pub(crate) fn whole(db: &Path, file: File, path: &Path, frames: Vec<Frame>) -> io::Result<Self> {
        let store = Some(Box::new(Store::new(file, path)?));
        Ok(Self { frames: (0..).zip(frames).collect(), store, ..Self::new(db) })
    }

    /// Bytes of a block in the database.
    pub(crate) fn block(&self) -> usize {
        self.block
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    pub(crate) fn has(&self, number: u64) -> bool {
        self.frames.contains_key(&number)
    }

    /// Packs a whole block, which is none of those that are packed already, into a file without a name beside the database.
    ///
    /// # Errors
    /// No file can be made or written there.
    pub(super) fn put(&mut self, number: u64, plain: &[u8]) -> Result<(), Error> {
        debug_assert_eq!(plain.len(), self.block);
        let Self { db, frames, store, .. } = self;
        let store = match store {
            Some(store) => store,
            none => {
                let file = tempfile::tempfile_in(dir_of(db)).doing("write", db)?;
                none.insert(Box::new(Store::new(file, db).doing("write", db)?))
            }
        };
        frames.insert(number, store.append(plain).doing("write", db)?);
        Ok(())
    }

    /// Forgets what stands behind the first `bytes` of the database. The block that they end in is put in its place.
    ///
    /// # Errors
    /// As [`restore`](Self::restore).
    pub(super) fn truncate(&mut self, bytes: u64) -> Result<(), Error> {
        drop(self.frames.split_off(&bytes.div_ceil(self.block as u64)));
        self.restore_block(bytes / self.block as u64)
    }

    /// Puts all blocks in their places in the database; after that nothing is packed.
    ///
    /// # Errors
    /// The database cannot be written, or what has been packed cannot be read or is damaged.
    pub(crate) fn restore(&mut self) -> Result<(), Error> {
        let numbers: Vec<_> = self.frames.keys().copied().collect();
        self.put_back(&numbers)?;
        self.store = None;
        Ok(())
    }

    /// Puts a block in its place, unless it is there.
    ///
    /// # Errors
    /// As [`restore`](Self::restore).
    pub(crate) fn restore_block(&mut self, number: u64) -> Result<(), Error> {
        if self.has(number) { self.put_back(&[number]) } else { Ok(()) }
    }

    fn put_back(&mut self, numbers: &[u64]) -> Result<(), Error> {
        if numbers.is_empty() {
            return Ok(());
        }
        let mut db = OpenOptions::new().write(true).open(&self.db).doing("write", &self.db)?;
        let mut plain = Vec::new();
        for number in numbers {
            self.read(*number, &mut plain)?;
            let put = db.seek(SeekFrom::Start(number * self.block as u64)).and_then(|_| db.write_all(&plain));
            put.doing("write", &self.db)?;
            self.frames.remove(number);
        }
        Ok(())
    }

    /// Unpacks a block that is packed into `plain`.
    ///
    /// # Errors
    /// It cannot be read or is damaged.
    pub(crate) fn read(&mut self, number: u64, plain: &mut Vec<u8>) -> Result<(), Error> {
        let (Some(frame), Some(store)) = (self.frames.get(&number), &mut self.store) else {
            return Err(Error::OutOfOrder("only blocks that are packed are unpacked"));
        };
        store.unpack(*frame, self.block, plain)
    }

    /// Unpacks every block, only to see that none is damaged.
    ///
    /// # Errors
    /// One cannot be read or is damaged.
    pub(crate) fn verify(&mut self) -> Result<(), Error> {
        let numbers: Vec<_> = self.frames.keys().copied().collect();
        let mut plain = Vec::new();
        numbers.into_iter().try_for_each(|number| self.read(number, &mut plain))
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
    fn new(file: File, path: &Path) -> io::Result<Self> {
        let (packer, unpacker) = (Packer::new()?, Decompressor::new()?);
        Ok(Self { file, path: path.to_owned(), end: 0, packer, unpacker, packed: Vec::new() })
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

    /// Unpacks a frame of at most `block` bytes.
    fn unpack(&mut self, frame: Frame, block: usize, plain: &mut Vec<u8>) -> Result<(), Error> {
        let mut packed = std::mem::take(&mut self.packed);
        packed.clear();
        let read = self.open(frame).and_then(|mut bytes| bytes.read_to_end(&mut packed));
        self.packed = packed;
        read.doing("read", &self.path)?;
        plain.resize(block, 0);
        let unpacked = self.unpacker.decompress_to_buffer(&self.packed, &mut plain[..]);
        let damaged = |error: io::Error| Error::Damaged {
            path: self.path.clone(),
            reason: format!("a part of its compressed content cannot be read ({error})"),
        };
        plain.truncate(unpacked.map_err(damaged)?);
        Ok(())
    }
}
