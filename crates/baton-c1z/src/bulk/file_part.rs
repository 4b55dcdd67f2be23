//! A part of a file, for several readers of one open file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

/// Reads a part of a file whatever others read of it meanwhile, as long as all of them are on one thread.
pub(crate) struct FilePart<'a> {
    file: &'a File,
    left: Range<u64>,
}

impl<'a> FilePart<'a> {
    pub(crate) fn new(file: &'a File, part: Range<u64>) -> Self {
        Self { file, left: part }
    }
}

impl Read for FilePart<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.left.end - self.left.start).unwrap_or(usize::MAX);
        let length = buffer.len().min(left);
        let mut file = self.file;
        file.seek(SeekFrom::Start(self.left.start))?;
        let read = file.read(&mut buffer[..length])?;
        self.left.start += read as u64;
        Ok(read)
    }
}
