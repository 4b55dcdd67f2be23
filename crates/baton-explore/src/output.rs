//! How the answer is wanted, and what all commands do around it.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::{Error, Store};

/// The form of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Tables for people.
    #[default]
    Console,
    /// One JSON object, as the `baton` tool prints it; no line end follows.
    Json,
}

/// How the answer is wanted.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The form of the answer.
    pub format: Format,
    /// Width that tables have to keep, in columns of the terminal, see [`crate::terminal_width`]. Without one a row is
    /// always one line.
    pub width: Option<u16>,
    /// Where the file is unpacked while it is read; the system's temporary folder if `None`.
    pub temp_dir: Option<PathBuf>,
    /// Id of the sync that is shown; the finished one that ended last if `None`.
    pub sync: Option<String>,
}

/// Opens the file, lets `command` write its answer through a buffer, and takes a reader who has gone away for the
/// end of the matter.
pub(crate) fn answer(
    path: &Path,
    options: &Options,
    out: &mut dyn Write,
    command: impl FnOnce(&Store, &mut dyn Write) -> Result<(), Error>,
) -> Result<(), Error> {
    let store = Store::open_at(path, options.temp_dir.as_deref(), options.sync.as_deref())?;
    let mut out = BufWriter::with_capacity(1 << 16, out);
    let written = command(&store, &mut out).and_then(|()| Ok(out.flush()?));
    match written {
        Err(error) if error.is_broken_pipe() => {
            // What is still in the buffer has nobody to go to.
            let _ = out.into_parts();
            Ok(())
        }
        written => written,
    }
}
