//! Where log lines go.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use super::{Format, Level};
use crate::failure::Failure;

/// A place for lines, with the look and the least level of those that go there.
#[derive(Debug)]
pub(crate) struct Sink {
    place: Place,
    pub(super) format: Format,
    pub(super) level: Level,
}

#[derive(Debug)]
enum Place {
    Stderr,
    Stdout,
    Nowhere,
    File(File),
    #[cfg(test)]
    Memory(std::sync::Arc<std::sync::Mutex<Vec<u8>>>),
}

impl Sink {
    /// Lines to stderr.
    pub(crate) fn stderr(format: Format, level: Level) -> Self {
        Self { place: Place::Stderr, format, level }
    }

    /// Lines to the place that an operator names: `stdout`, `stderr`, or a file, which is appended to. A new file can be
    /// read by its owner only.
    ///
    /// # Errors
    ///
    /// The file cannot be opened for writing, or may be somebody else's.
    pub(crate) fn named(name: &str, format: Format, level: Level) -> Result<Self, Failure> {
        let place = match name {
            // Links and devices are not opened, but these are what their names say.
            "stderr" | "/dev/stderr" => Place::Stderr,
            "stdout" | "/dev/stdout" => Place::Stdout,
            "/dev/null" => Place::Nowhere,
            path => {
                let file = private_fs::open(Path::new(path)).map_err(|error| {
                    Failure::new(format!(
                        "cannot write the log file {path}: {error}\nhint: name a file of your own in a folder that exists with --log-path, or stderr"
                    ))
                })?;
                Place::File(file)
            }
        };
        Ok(Self { place, format, level })
    }

    /// Whether lines go to stderr.
    pub(super) fn is_stderr(&self) -> bool {
        matches!(self.place, Place::Stderr)
    }

    #[cfg(test)]
    pub(super) fn memory(format: Format, level: Level) -> (Self, std::sync::Arc<std::sync::Mutex<Vec<u8>>>) {
        let text = std::sync::Arc::default();
        (Self { place: Place::Memory(std::sync::Arc::clone(&text)), format, level }, text)
    }

    /// Writes a line. A log that cannot be written must not end the work, and there is nobody left to tell.
    pub(super) fn write(&mut self, line: &str) {
        let bytes = line.as_bytes();
        let _ = match &mut self.place {
            Place::Stderr => io::stderr().lock().write_all(bytes),
            Place::Stdout => io::stdout().lock().write_all(bytes),
            Place::Nowhere => Ok(()),
            Place::File(file) => file.write_all(bytes),
            #[cfg(test)]
            Place::Memory(text) => {
                text.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend_from_slice(bytes);
                Ok(())
            }
        };
    }
}
