//! From a `.c1z` file to the database in it, never trusting the file: size and window are capped, several frames and
//! skippable frames are read, and a cut, a flipped bit or bytes after the end are errors.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};
use zstd::zstd_safe;

use super::{Format, MARK_V1, family, fill, read_mark};
use crate::db_header::DbHeader;
use crate::error::{Doing, Error};

/// Bytes of the file that are read at a time. As a rule a few of the frames that we write are whole in them.
const BUFFER: usize = 512 << 10;
/// Bytes of the database that are written at a time: all of one of our frames, which is then unpacked without a copy.
const UNPACKED: usize = 1 << 20;
/// The longest header of a zstd frame.
const FRAME_HEADER: usize = 18;

/// How much unpacking a file may cost (`docs/spec/c1z-format.md` 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes that the database may have.
    pub max_decoded_bytes: u64,
    /// The largest decompression window, as the logarithm to base 2 of bytes; between 10 and 31.
    pub max_window_log: u32,
    /// Whether a file that declares a larger database is refused before anything is unpacked.
    pub trust_declared_size: bool,
}

impl Default for Limits {
    /// 10 GiB of database, a window of 128 MiB.
    fn default() -> Self {
        Self { max_decoded_bytes: 10 << 30, max_window_log: 27, trust_declared_size: true }
    }
}

impl Limits {
    /// The defaults, changed by `BATON_DECODER_MAX_DECODED_SIZE_MB`, `BATON_DECODER_MAX_MEMORY_MB` (both in MiB) and
    /// `BATON_DISABLE_FCS_FAIL_FAST=1`. Values that are no positive numbers are ignored with a warning.
    #[must_use]
    pub fn from_env() -> Self {
        Self::from_vars(|name| std::env::var_os(name))
    }

    fn from_vars(var: impl Fn(&str) -> Option<OsString>) -> Self {
        let mebibytes = |name| {
            let value = var(name)?;
            let number = value.to_str().and_then(|text| text.trim().parse::<u64>().ok()).filter(|number| *number > 0);
            if number.is_none() {
                tracing::warn!(variable = name, "ignored: it is not a positive number of MiB");
            }
            Some(number?.saturating_mul(1 << 20))
        };
        let mut limits = Self::default();
        if let Some(bytes) = mebibytes("BATON_DECODER_MAX_DECODED_SIZE_MB") {
            limits.max_decoded_bytes = bytes;
        }
        if let Some(bytes) = mebibytes("BATON_DECODER_MAX_MEMORY_MB") {
            limits.max_window_log = bytes.ilog2().clamp(10, 31);
        }
        limits.trust_declared_size = var("BATON_DISABLE_FCS_FAIL_FAST").is_none_or(|value| value != "1");
        limits
    }
}

/// Unpacks the v1 file `c1z` into `db`, which is made readable by its owner alone. Nothing is left at `db` on failure.
/// A file of the bare mark gives an empty database.
///
/// # Errors
/// [`Error::Missing`], [`Error::Empty`], [`Error::NotC1z`], [`Error::Pebble`], [`Error::CutOff`], [`Error::Damaged`],
/// [`Error::TooLarge`], [`Error::Window`], [`Error::DiskFull`] and [`Error::Io`], as they say.
pub fn decode(c1z: &Path, db: &Path, limits: &Limits) -> Result<(), Error> {
    let mut source = open(c1z)?;
    let mut target = private_fs::create(db).doing("create", db)?;
    let result = Unpacking { c1z, db, limits }.run(&mut source, &mut target);
    if result.is_err() {
        drop(target);
        // The first error is the one that matters.
        let _ = std::fs::remove_file(db);
    }
    result
}

/// Opens a file and steps over its mark.
pub(super) fn open(c1z: &Path) -> Result<File, Error> {
    let path = c1z.to_owned();
    let mut file = match File::open(c1z) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Error::Missing { path }),
        Err(error) => return Err(Error::io("open", c1z, error)),
    };
    let mark = read_mark(&mut file).doing("read", c1z)?;
    match family(&mark) {
        Format::V1 => Ok(file),
        Format::V3 => Err(Error::Pebble { path }),
        Format::Empty | Format::Missing => Err(Error::Empty { path }),
        Format::Other if MARK_V1.starts_with(&mark) => Err(Error::CutOff { path }),
        Format::Other => Err(Error::NotC1z { path }),
    }
}

struct Unpacking<'a> {
    c1z: &'a Path,
    db: &'a Path,
    limits: &'a Limits,
}

impl Unpacking<'_> {
    fn run(&self, source: &mut impl Read, target: &mut impl Write) -> Result<(), Error> {
        let mut decoder = Decoder::new().doing("unpack", self.c1z)?;
        let window = DParameter::WindowLogMax(self.limits.max_window_log);
        decoder.set_parameter(window).doing("unpack", self.c1z)?;
        let mut packed = vec![0; BUFFER];
        let mut unpacked = vec![0; UNPACKED];
        let mut progress = Progress::default();
        loop {
            let filled = fill(source, &mut packed).doing("read", self.c1z)?;
            if filled == 0 {
                let whole = !progress.inside_frame && progress.written >= progress.declared_by_database();
                return if whole { Ok(()) } else { Err(Error::CutOff { path: self.c1z.to_owned() }) };
            }
            if progress.frames == 0 && !progress.inside_frame {
                self.check_declared(&packed[..filled.min(FRAME_HEADER)])?;
            }
            let mut input = InBuffer::around(&packed[..filled]);
            self.step(&mut decoder, &mut input, &mut unpacked, &mut progress, target)?;
        }
    }

    /// Decodes all of `input`.
    fn step(
        &self,
        decoder: &mut Decoder<'_>,
        input: &mut InBuffer<'_>,
        unpacked: &mut [u8],
        progress: &mut Progress,
        target: &mut impl Write,
    ) -> Result<(), Error> {
        loop {
            let mut output = OutBuffer::around(&mut *unpacked);
            let hint = decoder.run(input, &mut output).map_err(|error| self.refused(&error, progress))?;
            let bytes = output.as_slice();
            progress.begin(bytes);
            progress.written += bytes.len() as u64;
            if progress.written > self.limits.max_decoded_bytes {
                return Err(self.too_large());
            }
            target.write_all(bytes).doing("write", self.db)?;
            let flushed = bytes.len() < UNPACKED;
            progress.inside_frame = hint != 0;
            progress.frames += u64::from(hint == 0);
            if input.pos() == input.src.len() && (flushed || hint == 0) {
                return Ok(());
            }
        }
    }

    fn check_declared(&self, header: &[u8]) -> Result<(), Error> {
        let declared = zstd_safe::get_frame_content_size(header).ok().flatten();
        match declared {
            Some(size) if self.limits.trust_declared_size && size > self.limits.max_decoded_bytes => {
                Err(self.too_large())
            }
            _ => Ok(()),
        }
    }

    fn too_large(&self) -> Error {
        Error::TooLarge { path: self.c1z.to_owned(), limit: self.limits.max_decoded_bytes }
    }

    /// Says what an error of the decoder, which is known by its text only, means for the file.
    fn refused(&self, error: &io::Error, progress: &Progress) -> Error {
        let path = self.c1z.to_owned();
        let text = error.to_string();
        let at_frame_start = !progress.inside_frame;
        let reason = match text.as_str() {
            "Frame requires too much memory for decoding" => {
                return Error::Window { path, window_log: self.limits.max_window_log };
            }
            "Restored data doesn't match checksum" => "its checksum does not match its content".to_owned(),
            "Unknown frame descriptor" if progress.frames == 0 && at_frame_start => {
                "its body is not zstd-compressed".to_owned()
            }
            "Unknown frame descriptor" => "other bytes follow its compressed content".to_owned(),
            _ => format!("its compressed content cannot be read ({text})"),
        };
        Error::Damaged { path, reason }
    }
}

#[derive(Default)]
struct Progress {
    /// Bytes of database so far.
    written: u64,
    /// Frames that were read to their end.
    frames: u64,
    /// Whether a frame has begun and not ended.
    inside_frame: bool,
    /// What the database begins with.
    header: Vec<u8>,
}

impl Progress {
    /// Keeps the header of the database.
    fn begin(&mut self, bytes: &[u8]) {
        let missing = DbHeader::LENGTH - self.header.len();
        self.header.extend_from_slice(&bytes[..missing.min(bytes.len())]);
    }

    /// How many bytes the database has by its own header; none if that does not say: a file that is cut off between two
    /// frames shows it nowhere else.
    fn declared_by_database(&self) -> u64 {
        DbHeader::parse(&self.header).and_then(|header| header.size()).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_come_from_the_environment() {
        let limits = |pairs: &[(&str, &str)]| {
            Limits::from_vars(|name| pairs.iter().find(|pair| pair.0 == name).map(|pair| pair.1.into()))
        };
        assert_eq!(limits(&[]), Limits::default());
        let set = limits(&[
            ("BATON_DECODER_MAX_DECODED_SIZE_MB", "5"),
            ("BATON_DECODER_MAX_MEMORY_MB", "512"),
            ("BATON_DISABLE_FCS_FAIL_FAST", "1"),
        ]);
        assert_eq!(set, Limits { max_decoded_bytes: 5 << 20, max_window_log: 29, trust_declared_size: false });
        let wrong = limits(&[("BATON_DECODER_MAX_DECODED_SIZE_MB", "-3"), ("BATON_DECODER_MAX_MEMORY_MB", "much")]);
        assert_eq!(wrong, Limits::default());
        assert_eq!(limits(&[("BATON_DECODER_MAX_MEMORY_MB", "99999999")]).max_window_log, 31);
    }
}
