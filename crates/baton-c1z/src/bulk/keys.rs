//! What the indexes need of each row, kept in a temporary file until the table is written: each index is then built
//! from a reading of a few dozen bytes a row instead of the whole table.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::error::{Doing, Error};

use super::file_part::FilePart;
use super::record::varint;

/// Number of texts that the indexes of grants use.
pub(crate) const TEXTS: usize = 7;
/// The texts by which rows are put into segments.
const RESOURCE_TYPE: usize = 0;
const RESOURCE: usize = 1;
pub(crate) const ENTITLEMENT: usize = 2;
/// The text that nearly always is made of others.
const IDENTITY: usize = 5;
/// With more segments than this, reading them side by side is no better than sorting.
const MOST_SEGMENTS: usize = 64;
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

/// Rows whose entitlements belong to resources of one type and come in the order of those resources, entitlement by
/// entitlement. Within an entitlement they are in any order.
#[derive(Debug)]
pub(crate) struct Segment {
    /// Where it is in the file.
    bytes: Range<u64>,
    resource_type: Vec<u8>,
    /// Resource and entitlement of its last row.
    last: (Vec<u8>, Vec<u8>),
}

/// Takes the keys of the rows in the order of their row ids, which begin with 1 and have no holes.
#[derive(Debug)]
pub(crate) struct KeyWriter {
    folder: PathBuf,
    /// The rows of the segments, and those that fit into none.
    files: [Rows; 2],
    segments: Vec<Segment>,
    rows: i64,
    /// Resource type and entitlement of the last row, and whether it is in a segment.
    last: (Vec<u8>, Vec<u8>),
    in_segment: bool,
}

impl KeyWriter {
    /// # Errors
    /// No temporary file can be made in `folder`.
    pub(crate) fn new(folder: &Path) -> Result<Self, Error> {
        Ok(Self {
            folder: folder.to_owned(),
            files: [Rows::new(folder)?, Rows::new(folder)?],
            segments: Vec::new(),
            rows: 0,
            last: (Vec::new(), Vec::new()),
            in_segment: false,
        })
    }

    /// Takes the key of the next row.
    ///
    /// # Errors
    /// The temporary file cannot be written.
    pub(crate) fn push(&mut self, texts: [&[u8]; TEXTS], expands: bool, needs_expansion: bool) -> Result<(), Error> {
        self.rows += 1;
        if self.rows == 1 || (texts[RESOURCE_TYPE], texts[ENTITLEMENT]) != (&*self.last.0, &*self.last.1) {
            self.last = (texts[RESOURCE_TYPE].to_vec(), texts[ENTITLEMENT].to_vec());
            self.in_segment = self.place(&texts);
        }
        let flags = (u8::from(expands) * EXPANDS) | (u8::from(needs_expansion) * NEEDS_EXPANSION);
        let [ordered, late] = &mut self.files;
        let file = if self.in_segment { ordered } else { late };
        file.push(self.rows, &texts, flags).doing("write a temporary file in", &self.folder)?;
        if self.in_segment
            && let Some(segment) = self.segments.last_mut()
        {
            segment.bytes.end = self.files[0].bytes;
        }
        Ok(())
    }

    /// Whether a row of another entitlement than the last continues the last segment, or begins one.
    fn place(&mut self, texts: &[&[u8]; TEXTS]) -> bool {
        let here = (texts[RESOURCE].to_vec(), texts[ENTITLEMENT].to_vec());
        let full = self.segments.len() == MOST_SEGMENTS;
        match self.segments.last_mut() {
            Some(segment) if segment.resource_type == texts[RESOURCE_TYPE] => {
                let follows = here > segment.last;
                if follows {
                    segment.last = here;
                }
                follows
            }
            _ if full => false,
            _ => {
                let from = self.files[0].begin();
                let resource_type = texts[RESOURCE_TYPE].to_vec();
                self.segments.push(Segment { bytes: from..from, resource_type, last: here });
                true
            }
        }
    }

    /// All keys, to be read as often as needed.
    ///
    /// # Errors
    /// The temporary file cannot be written.
    pub(crate) fn finish(self) -> Result<Keys, Error> {
        let Self { folder, files, segments, .. } = self;
        let close = |rows: Rows| {
            let file = rows.file.into_inner().map_err(io::IntoInnerError::into_error);
            Ok((file.doing("write a temporary file in", &folder)?, rows.bytes))
        };
        let [ordered, late] = files;
        let (ordered, late) = (close(ordered)?, close(late)?);
        Ok(Keys { ordered: ordered.0, late, folder, segments })
    }
}

/// A file of keys, each written as the difference to the one before.
#[derive(Debug)]
struct Rows {
    file: BufWriter<File>,
    bytes: u64,
    row: i64,
    last: Key,
    buffer: Vec<u8>,
}

impl Rows {
    fn new(folder: &Path) -> Result<Self, Error> {
        let file = tempfile::tempfile_in(folder).doing("make a temporary file in", folder)?;
        let file = BufWriter::with_capacity(1 << 20, file);
        Ok(Self { file, bytes: 0, row: 0, last: Key::default(), buffer: Vec::new() })
    }

    /// Makes the next row one that reading can begin with; gives its place.
    fn begin(&mut self) -> u64 {
        self.row = 0;
        self.last = Key::default();
        self.bytes
    }

    fn push(&mut self, row: i64, texts: &[&[u8]; TEXTS], flags: u8) -> io::Result<()> {
        self.buffer.clear();
        self.buffer.extend_from_slice(&[0, flags]);
        varint(&mut self.buffer, (row - self.row).cast_unsigned());
        self.row = row;
        // Bit n: text n is that of the row before; the identity's bit: it is made of the others.
        let mut same = 0_u8;
        for (number, (text, last)) in texts.iter().zip(&mut self.last.texts).enumerate() {
            let known = if number == IDENTITY { is_identity(text, texts) } else { *text == last.as_slice() };
            if known {
                same |= 1 << number;
                continue;
            }
            varint(&mut self.buffer, text.len() as u64);
            self.buffer.extend_from_slice(text);
            last.clear();
            last.extend_from_slice(text);
        }
        self.buffer[0] = same;
        self.bytes += self.buffer.len() as u64;
        self.file.write_all(&self.buffer)
    }
}

/// The keys of all rows.
#[derive(Debug)]
pub(crate) struct Keys {
    ordered: File,
    /// With its length.
    late: (File, u64),
    folder: PathBuf,
    segments: Vec<Segment>,
}

impl Keys {
    /// The rows that come in order, segment by segment.
    pub(crate) fn segments(&self) -> impl Iterator<Item = KeyReader<'_>> {
        self.segments.iter().map(|segment| self.read(&self.ordered, segment.bytes.clone()))
    }

    /// The rows that are in no segment.
    pub(crate) fn late(&self) -> KeyReader<'_> {
        self.read(&self.late.0, 0..self.late.1)
    }

    fn read<'a>(&'a self, file: &'a File, bytes: Range<u64>) -> KeyReader<'a> {
        let left = bytes.end - bytes.start;
        let input = BufReader::with_capacity(READ_AHEAD, FilePart::new(file, bytes));
        KeyReader { input, left, folder: &self.folder, row: 0, key: Key::default() }
    }

    /// Calls `each` with the row id and the key of every row, in no particular order.
    ///
    /// # Errors
    /// Those of `each`; the temporary file cannot be read.
    pub(crate) fn for_each(&self, mut each: impl FnMut(i64, &Key) -> Result<(), Error>) -> Result<(), Error> {
        for mut rows in self.segments().chain([self.late()]) {
            while rows.advance()? {
                each(rows.row, &rows.key)?;
            }
        }
        Ok(())
    }
}

/// Reads keys one after the other.
pub(crate) struct KeyReader<'a> {
    input: BufReader<FilePart<'a>>,
    left: u64,
    folder: &'a Path,
    /// The row id of the present row.
    pub row: i64,
    /// The key of the present row.
    pub key: Key,
}

impl KeyReader<'_> {
    /// Goes on to the next row; `false` if there is none.
    ///
    /// # Errors
    /// The temporary file cannot be read.
    pub(crate) fn advance(&mut self) -> Result<bool, Error> {
        if self.left == 0 {
            return Ok(false);
        }
        self.read().doing("read a temporary file in", self.folder).map(|()| true)
    }

    fn read(&mut self) -> io::Result<()> {
        let mut head = [0; 2];
        self.input.read_exact(&mut head)?;
        self.left -= 2;
        let [same, flags] = head;
        self.row += self.varint()?.cast_signed();
        for number in 0..TEXTS {
            if same & (1 << number) != 0 {
                continue;
            }
            let length = self.varint()?;
            self.left -= length;
            let text = &mut self.key.texts[number];
            text.resize(length as usize, 0);
            self.input.read_exact(text)?;
        }
        if same & (1 << IDENTITY) != 0 {
            let [_, _, entitlement, principal_type, principal, identity, _] = &mut self.key.texts;
            identity.clear();
            let parts: [&[u8]; 5] = [entitlement, b":", principal_type, b":", principal];
            for part in parts {
                identity.extend_from_slice(part);
            }
        }
        self.key.expands = flags & EXPANDS != 0;
        self.key.needs_expansion = flags & NEEDS_EXPANSION != 0;
        Ok(())
    }

    fn varint(&mut self) -> io::Result<u64> {
        let mut value = 0;
        loop {
            let mut byte = [0];
            self.input.read_exact(&mut byte)?;
            self.left -= 1;
            value = value << 7 | u64::from(byte[0] & 0x7F);
            if byte[0] & 0x80 == 0 {
                return Ok(value);
            }
        }
    }
}

/// Whether `text` is what a grant's id usually is: entitlement, type of the principal and principal, joined.
fn is_identity(text: &[u8], texts: &[&[u8]; TEXTS]) -> bool {
    let [_, _, entitlement, principal_type, principal, ..] = texts;
    let rest = text.strip_prefix(*entitlement).and_then(|rest| rest.strip_prefix(b":"));
    let rest = rest.and_then(|rest| rest.strip_prefix(*principal_type)).and_then(|rest| rest.strip_prefix(b":"));
    rest == Some(*principal)
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
                let mut found = vec![None; expected.len()];
                keys.for_each(|row, key| {
                    assert_eq!(found[row as usize - 1].replace(key.clone()), None);
                    Ok(())
                }).unwrap();
                let found: Vec<_> = found.into_iter().map(Option::unwrap).collect();
                prop_assert_eq!(&found, &expected);
            }
        }
    }
}
