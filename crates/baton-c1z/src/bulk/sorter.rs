//! Sorting more keys than memory should hold: sorted runs go to a temporary file and are merged.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::ops::Range;
use std::path::Path;

use crate::error::{Doing, Error};

use super::file_part::FilePart;

/// Bytes of keys that are sorted in memory.
const RUN: usize = 16 << 20;
/// Bytes that are read of each run at a time while runs are merged.
const READ_AHEAD: usize = 128 << 10;

/// Takes keys in any order and gives them back in the order of their bytes.
#[derive(Debug)]
pub(crate) struct Sorter<'a> {
    /// Where the temporary file is made.
    folder: &'a Path,
    run: usize,
    bytes: Vec<u8>,
    /// Where in `bytes` each key is.
    keys: Vec<Range<u32>>,
    spilled: Option<Spilled>,
}

/// Runs in a temporary file, one after the other.
#[derive(Debug)]
struct Spilled {
    file: BufWriter<File>,
    /// Where each run ends.
    ends: Vec<u64>,
}

impl<'a> Sorter<'a> {
    pub(crate) fn new(folder: &'a Path) -> Self {
        Self { folder, run: RUN, bytes: Vec::new(), keys: Vec::new(), spilled: None }
    }

    /// Takes a key, which `write` appends to the bytes it is given, unless it answers `false`.
    ///
    /// # Errors
    /// The temporary file cannot be written.
    pub(crate) fn push(&mut self, write: impl FnOnce(&mut Vec<u8>) -> bool) -> Result<(), Error> {
        let from = self.bytes.len();
        if !write(&mut self.bytes) {
            return Ok(());
        }
        self.keys.push(from as u32..self.bytes.len() as u32);
        if self.bytes.len() >= self.run { self.spill() } else { Ok(()) }
    }

    /// Calls `each` with every key, in order.
    ///
    /// # Errors
    /// Those of `each`; the temporary file cannot be read.
    pub(crate) fn finish(mut self, mut each: impl FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        if self.spilled.is_none() {
            self.sort();
            return self.keys.iter().try_for_each(|key| each(slice(&self.bytes, key)));
        }
        self.spill()?;
        let Self { folder, spilled, bytes, keys, .. } = self;
        drop((bytes, keys));
        match spilled {
            Some(spilled) => spilled.merge(folder, each),
            None => Ok(()),
        }
    }

    /// Keys mostly come in order already, which this kind of sorting takes advantage of.
    fn sort(&mut self) {
        let bytes = &self.bytes;
        self.keys.sort_by(|one, other| slice(bytes, one).cmp(slice(bytes, other)));
    }

    fn spill(&mut self) -> Result<(), Error> {
        self.sort();
        let folder = self.folder;
        let spilled = match &mut self.spilled {
            Some(spilled) => spilled,
            empty => {
                let file = tempfile::tempfile_in(folder).doing("make a temporary file in", folder)?;
                empty.insert(Spilled { file: BufWriter::with_capacity(1 << 20, file), ends: Vec::new() })
            }
        };
        let mut end = spilled.ends.last().copied().unwrap_or(0);
        for key in &self.keys {
            let key = slice(&self.bytes, key);
            let length = key.len() as u32;
            let put = spilled.file.write_all(&length.to_le_bytes()).and_then(|()| spilled.file.write_all(key));
            put.doing("write a temporary file in", folder)?;
            end += 4 + u64::from(length);
        }
        spilled.ends.push(end);
        self.bytes.clear();
        self.keys.clear();
        Ok(())
    }
}

impl Spilled {
    fn merge(self, folder: &Path, mut each: impl FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        let deed = "read a temporary file in";
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error).doing(deed, folder)?;
        let mut runs = Vec::new();
        let mut from = 0;
        let mut heap = BinaryHeap::new();
        for (number, to) in self.ends.into_iter().enumerate() {
            let mut run = BufReader::with_capacity(READ_AHEAD, FilePart::new(&file, from..to));
            let mut key = Vec::new();
            if next(&mut run, &mut key).doing(deed, folder)? {
                heap.push(Reverse((key, number)));
            }
            runs.push(run);
            from = to;
        }
        while let Some(mut first) = heap.peek_mut() {
            let Reverse((key, number)) = &mut *first;
            each(key)?;
            if !next(&mut runs[*number], key).doing(deed, folder)? {
                std::collections::binary_heap::PeekMut::pop(first);
            }
        }
        Ok(())
    }
}

fn slice<'a>(bytes: &'a [u8], key: &Range<u32>) -> &'a [u8] {
    &bytes[key.start as usize..key.end as usize]
}

/// Reads the next key of a run into `key`; `false` at its end.
fn next(run: &mut impl Read, key: &mut Vec<u8>) -> io::Result<bool> {
    let mut length = [0; 4];
    if run.read(&mut length[..1])? == 0 {
        return Ok(false);
    }
    run.read_exact(&mut length[1..])?;
    key.resize(u32::from_le_bytes(length) as usize, 0);
    run.read_exact(key)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn sorted(run: usize, keys: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let folder = tempfile::tempdir().unwrap();
        let mut sorter = Sorter { run, ..Sorter::new(folder.path()) };
        for key in keys {
            let put = |bytes: &mut Vec<u8>| {
                bytes.extend_from_slice(key);
                true
            };
            sorter.push(put).unwrap();
        }
        let mut found = Vec::new();
        sorter
            .finish(|key| {
                found.push(key.to_vec());
                Ok(())
            })
            .unwrap();
        found
    }

    proptest! {
        #[test]
        fn keys_come_out_in_order(keys: Vec<Vec<u8>>, run in 1_usize..200) {
            let mut expected = keys.clone();
            expected.sort();
            prop_assert_eq!(&sorted(run, &keys), &expected);
            prop_assert_eq!(sorted(RUN, &keys), expected);
        }
    }
}
