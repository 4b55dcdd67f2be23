//! What can go wrong with a `.c1z` file, said so that somebody can act on it: the file, the cause, the next step.

use std::io;
use std::path::{Path, PathBuf};

/// An error of this crate. [`Error::code`] gives the gRPC code, which the command line uses as its exit code.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such file.
    #[error("{} does not exist: check the path, or run a sync that writes it", path.display())]
    Missing {
        /// The file that was asked for.
        path: PathBuf,
    },
    /// The file has no bytes.
    #[error("{} is empty, so it is not a .c1z file: restore it from a copy, or remove it and run a sync", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file begins with something else than the mark of a `.c1z` file.
    #[error("{} is not a .c1z file (it does not begin with the mark C1ZF): name a file that a sync wrote", path.display())]
    NotC1z {
        /// The file.
        path: PathBuf,
    },
    /// The file is a `.c1z` of the Pebble family.
    #[error(
        "{} is a v3 (Pebble) .c1z file: this version reads v1 (SQLite) files only; have it written with \
         `--storage-engine sqlite`", path.display()
    )]
    Pebble {
        /// The file.
        path: PathBuf,
    },
    /// The file ends before its content does.
    #[error("{} is cut off: its compressed content ends too early; copy it again from where it came", path.display())]
    CutOff {
        /// The file.
        path: PathBuf,
    },
    /// The file was changed after it had been written, or is no database inside.
    #[error("{} is damaged: {reason}; copy it again from where it came, or run a new sync", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// The content is, or says that it is, larger than we are willing to unpack.
    #[error(
        "{} unpacks to more than {} MiB: raise BATON_DECODER_MAX_DECODED_SIZE_MB if you trust the file", path.display(),
        limit >> 20
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit, in bytes.
        limit: u64,
    },
    /// Unpacking needs more memory than we are willing to give.
    #[error(
        "{} needs a decompression window of more than {} MiB: raise BATON_DECODER_MAX_MEMORY_MB if you trust the file",
        path.display(), (1_u64 << window_log) >> 20
    )]
    Window {
        /// The file.
        path: PathBuf,
        /// The limit, as the logarithm to base 2 of bytes.
        window_log: u32,
    },
    /// The disk, the quota or the allowed file size is exhausted.
    #[error("no room left to write {}: free some space, or choose another place, and run again", path.display())]
    DiskFull {
        /// What was being written.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was being done, as a verb.
        doing: &'static str,
        /// To which file or directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// SQLite failed in a way that is not the file's fault.
    #[error("database {}: {source}", path.display())]
    Database {
        /// The database, or the `.c1z` file that it came from.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// A row holds something that cannot be understood.
    #[error("{}: row {row} of {table} cannot be read: {reason}; run a new sync to replace the file", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// Name of the table.
        table: &'static str,
        /// Its row id.
        row: i64,
        /// What is wrong with it.
        reason: String,
    },
    /// The file holds no sync that was completed.
    #[error("{} holds no finished sync: let a sync run to its end", path.display())]
    NoFinishedSync {
        /// The file.
        path: PathBuf,
    },
    /// The file does not hold the sync that was asked for.
    #[error("{} holds no sync {sync_id}: leave the sync id out to read the latest", path.display())]
    UnknownSync {
        /// The file.
        path: PathBuf,
        /// The id that was asked for.
        sync_id: String,
    },
    /// The builder was used out of order: a fault of the calling program.
    #[error("the database of a new .c1z file was used out of order: {0}")]
    OutOfOrder(&'static str),
}

impl Error {
    /// The gRPC status code of this failure, which is also the exit code of the command line: 5 (not found) for a file
    /// or sync that is not there, 7 (permission denied), 8 (resource exhausted) for a full disk, 9 (failed
    /// precondition) when there is no finished sync or the builder was misused, 2 (unknown) for everything else, as
    /// the reference tools do for unreadable files (`docs/spec/c1z-format.md` 2.4).
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::Missing { .. } | Self::UnknownSync { .. } => 5,
            Self::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => 7,
            Self::DiskFull { .. } => 8,
            Self::NoFinishedSync { .. } | Self::OutOfOrder(_) => 9,
            Self::Empty { .. }
            | Self::NotC1z { .. }
            | Self::Pebble { .. }
            | Self::CutOff { .. }
            | Self::Damaged { .. }
            | Self::TooLarge { .. }
            | Self::Window { .. }
            | Self::Io { .. }
            | Self::Database { .. }
            | Self::Row { .. } => 2,
        }
    }

    /// `path` is not of any `.c1z` family.
    #[must_use]
    pub fn not_a_c1z(path: &Path) -> Self {
        Self::NotC1z { path: path.to_owned() }
    }

    /// `source` happened while `doing` something to `path`.
    pub(crate) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        let path = path.to_owned();
        match source.kind() {
            StorageFull | QuotaExceeded | FileTooLarge => Self::DiskFull { path },
            _ => Self::Io { doing, path, source },
        }
    }

    /// SQLite answered `source` when it worked on the database that belongs to `path`.
    pub(crate) fn database(path: &Path, source: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, DiskFull, NotADatabase};
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(DiskFull) => Self::DiskFull { path },
            Some(DatabaseCorrupt | NotADatabase) => {
                Self::Damaged { path, reason: format!("its database cannot be read ({source})") }
            }
            _ => Self::Database { path, source },
        }
    }
}

/// Adds the path to what SQLite said.
pub(crate) trait At<T> {
    fn at(self, path: &Path) -> Result<T, Error>;
}

impl<T> At<T> for rusqlite::Result<T> {
    fn at(self, path: &Path) -> Result<T, Error> {
        self.map_err(|source| Error::database(path, source))
    }
}

/// Adds the path and the deed to what the operating system said.
pub(crate) trait Doing<T> {
    fn doing(self, deed: &'static str, path: &Path) -> Result<T, Error>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, deed: &'static str, path: &Path) -> Result<T, Error> {
        self.map_err(|source| Error::io(deed, path, source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_called_by_its_name() {
        let full = Error::io("write", Path::new("out.c1z"), io::Error::from(io::ErrorKind::StorageFull));
        assert!(matches!(full, Error::DiskFull { .. }));
        assert_eq!(full.code(), 8);
        let failure = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL);
        let full = Error::database(Path::new("out.c1z"), rusqlite::Error::SqliteFailure(failure, None));
        assert!(matches!(full, Error::DiskFull { .. }));
    }

    #[test]
    fn codes_follow_the_reference() {
        let path = PathBuf::from("x.c1z");
        assert_eq!(Error::Missing { path: path.clone() }.code(), 5);
        assert_eq!(Error::NotC1z { path: path.clone() }.code(), 2);
        assert_eq!(Error::NoFinishedSync { path: path.clone() }.code(), 9);
        let refused = io::Error::from(io::ErrorKind::PermissionDenied);
        assert_eq!(Error::io("read", &path, refused).code(), 7);
    }
}
