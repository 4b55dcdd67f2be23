//! What the indexes need of each row, kept in a temporary file until the table is written: each index is then built
//! from a reading of a few dozen bytes a row instead of the whole table.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::error::{Doing, Error};

use super::file_part::FilePart;

/// Number of texts that the indexes of grants use.
pub(crate) const TEXTS: usize = 7;
/// The text that says where a segment ends.
const RESOURCE_TYPE: usize = 0;
/// The text that nearly always is made of others.
const IDENTITY: usize = 5;
/// Bytes that are read of a segment at a time.
const READ_AHEAD: usize = 128 << 10;

/// The columns that the indexes of grants are made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Key {
    /// Resource type, resource, entitlement, type of the principal, principal, id, sync.
    pub texts: [Vec<u8>; TEXTS],
    /// Whether `expansion` is not null.
    pub expands: bool,
    /// Whether `needs_expansion` is 1.
    pub needs_expansion: bool,
}

const EXPANDS: u8 = 1 << 0;
const NEEDS_EXPANSION: u8 = 1 << 1;

/// Rows that follow each other and whose entitlements belong to resources of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Segment {
    /// The row before its first.
    before: i64,
    /// Where it is in the file.
    bytes: Range<u64>,
}

/// Takes the keys of the rows in the order of their row ids, which begin with 1 and have no holes.
#[derive(Debug)]
pub(crate) struct KeyWriter {
    file: BufWriter<File>,
    folder: PathBuf,
    segments: Vec<Segment>,
    rows: i64,
    last: Key,
    row: Vec<u8>,
}

impl KeyWriter {
    /// # Errors
    /// No temporary file can be made in `folder`.
    pub(crate) fn new(folder: &Path) -> Result<Self, Error> {
        let file = tempfile::tempfile_in(folder).doing("make a temporary file in", folder)?;
        let file = BufWriter::with_capacity(1 << 20, file);
        let last = Key::default();
        Ok(Self { file, folder: folder.to_owned(), segments: Vec::new(), rows: 0, last, row: Vec::new() })
    }

    /// Takes the key of the next row.
    ///
    /// # Errors
    /// The temporary file cannot be written.
    pub(crate) fn push(&mut self, texts: [&[u8]; TEXTS], expands: bool, needs_expansion: bool) -> Result<(), Error> {
        let end = self.segments.last().map_or(0, |segment| segment.bytes.end);
        if self.segments.is_empty() || texts[RESOURCE_TYPE] != self.last.texts[RESOURCE_TYPE].as_slice() {
            self.segments.push(Segment { before: self.rows, bytes: end..end });
            // So that reading can begin here.
            self.last = Key::default();
        }
        self.rows += 1;
        self.row.clear();
        // Bit n of the first byte: text n is that of the row before; the identity's bit: it is made of the others.
        let mut same = 0_u8;
        for (number, (text, last)) in texts.iter().zip(&mut self.last.texts).enumerate() {
            let known = if number == IDENTITY { is_identity(text, &texts) } else { *text == last.as_slice() };
            if known {
                same |= 1 << number;
                continue;
            }
            self.row.extend_from_slice(&(text.len() as u32).to_le_bytes());
            self.row.extend_from_slice(text);
            last.clear();
            last.extend_from_slice(text);
        }
        let flags = (u8::from(expands) * EXPANDS) | (u8::from(needs_expansion) * NEEDS_EXPANSION);
        let put = self.file.write_all(&[same, flags]).and_then(|()| self.file.write_all(&self.row));
        if let Some(segment) = self.segments.last_mut() {
            segment.bytes.end += 2 + self.row.len() as u64;
        }
        put.doing("write a temporary file in", &self.folder)
    }

    /// All keys, to be read as often as needed.
    ///
    /// # Errors
    /// The temporary file cannot be written.
    pub(crate) fn finish(self) -> Result<Keys, Error> {
        let Self { file, folder, segments, .. } = self;
        let file = file.into_inner().map_err(io::IntoInnerError::into_error);
        Ok(Keys { file: file.doing("write a temporary file in", &folder)?, folder, segments })
    }
}

/// The keys of all rows.
#[derive(Debug)]
pub(crate) struct Keys {
    file: File,
    folder: PathBuf,
    segments: Vec<Segment>,
}

impl Keys {
    /// The parts of the rows that can be read apart, in their order.
    pub(crate) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Reads a segment.
    pub(crate) fn read(&self, segment: &Segment) -> SegmentReader<'_> {
        let window = FilePart::new(&self.file, segment.bytes.clone());
        let input = BufReader::with_capacity(READ_AHEAD, window);
        SegmentReader { input, folder: &self.folder, row: segment.before, key: Key::default() }
    }

    /// Calls `each` with the row id and the key of every row.
    ///
    /// # Errors
    /// Those of `each`; the temporary file cannot be read.
    pub(crate) fn for_each(&self, mut each: impl FnMut(i64, &Key) -> Result<(), Error>) -> Result<(), Error> {
        for segment in &self.segments {
            let mut rows = self.read(segment);
            while let Some((row, key)) = rows.next()? {
                each(row, key)?;
            }
        }
        Ok(())
    }
}

/// Reads the rows of a segment.
pub(crate) struct SegmentReader<'a> {
    input: BufReader<FilePart<'a>>,
    folder: &'a Path,
    row: i64,
    key: Key,
}

impl SegmentReader<'_> {
    /// The next row id and its key.
    ///
    /// # Errors
    /// The temporary file cannot be read.
    pub(crate) fn next(&mut self) -> Result<Option<(i64, &Key)>, Error> {
        self.row += 1;
        let found = read(&mut self.input, &mut self.key).doing("read a temporary file in", self.folder)?;
        Ok(found.then_some((self.row, &self.key)))
    }
}

/// Whether `text` is what a grant's id usually is: entitlement, type of the principal and principal, joined.
fn is_identity(text: &[u8], texts: &[&[u8]; TEXTS]) -> bool {
    let [_, _, entitlement, principal_type, principal, ..] = texts;
    let rest = text.strip_prefix(*entitlement).and_then(|rest| rest.strip_prefix(b":"));
    let rest = rest.and_then(|rest| rest.strip_prefix(*principal_type)).and_then(|rest| rest.strip_prefix(b":"));
    rest == Some(*principal)
}

fn read(input: &mut impl Read, key: &mut Key) -> io::Result<bool> {
    let mut head = [0; 2];
    if input.read(&mut head[..1])? == 0 {
        return Ok(false);
    }
    input.read_exact(&mut head[1..])?;
    let [same, flags] = head;
    for (number, text) in key.texts.iter_mut().enumerate() {
        if same & (1 << number) == 0 {
            let mut length = [0; 4];
            input.read_exact(&mut length)?;
            text.resize(u32::from_le_bytes(length) as usize, 0);
            input.read_exact(text)?;
        }
    }
    if same & (1 << IDENTITY) != 0 {
        let [_, _, entitlement, principal_type, principal, identity, _] = &mut key.texts;
        identity.clear();
        let parts: [&[u8]; 5] = [entitlement, b":", principal_type, b":", principal];
        for part in parts {
            identity.extend_from_slice(part);
        }
    }
    key.expands = flags & EXPANDS != 0;
    key.needs_expansion = flags & NEEDS_EXPANSION != 0;
    Ok(true)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn keys_come_back_as_they_went(
            rows in proptest::collection::vec((proptest::array::uniform7(0_u8..3), any::<bool>(), any::<bool>(), any::<bool>()), 0..40)
        ) {
            let folder = tempfile::tempdir().unwrap();
            let mut writer = KeyWriter::new(folder.path()).unwrap();
            let mut expected = Vec::new();
            for (numbers, made, expands, needs_expansion) in rows {
                let mut texts = numbers.map(|number| format!("t{number}").repeat(usize::from(number)).into_bytes());
                if made {
                    let parts = [&texts[2], &texts[3], &texts[4]].map(|text| String::from_utf8(text.clone()).unwrap());
                    texts[IDENTITY] = parts.join(":").into_bytes();
                }
                writer.push(texts.each_ref().map(Vec::as_slice), expands, needs_expansion).unwrap();
                expected.push(Key { texts, expands, needs_expansion });
            }
            let keys = writer.finish().unwrap();
            for _ in 0..2 {
                let mut found = Vec::new();
                keys.for_each(|row, key| {
                    found.push(key.clone());
                    assert_eq!(row as usize, found.len());
                    Ok(())
                }).unwrap();
                prop_assert_eq!(&found, &expected);
            }
        }
    }
}
