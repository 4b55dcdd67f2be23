//! Why a sync failed.

use std::path::PathBuf;

use baton_connector::SourceError;

/// Why a sync failed. Every variant's text says what happened and what to do next.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The sync was cancelled; what was committed is kept.
    #[error(
        "the sync was interrupted; {kept} pages are kept in {work}, and the next run with the same options carries on there"
    )]
    Cancelled {
        /// Pages that need not be fetched again.
        kept: u64,
        /// The folder that holds them.
        work: PathBuf,
    },
    /// The source cannot be used at all.
    #[error("{0}")]
    Source(#[from] SourceError),
    /// A page could not be fetched; what was committed is kept.
    #[error("{source}\nhint: {kept} pages fetched so far are kept; run the same command again to carry on")]
    Fetch {
        /// Why.
        source: SourceError,
        /// Pages that need not be fetched again.
        kept: u64,
    },
    /// An option names something that does not exist.
    #[error("{0}")]
    Invalid(String),
    /// The file with the principals of another connector cannot be used.
    #[error("{0}")]
    External(String),
    /// Another run is writing the same file.
    #[error(
        "another run is syncing into {target} (it holds {lock})\nhint: wait for it to end, or choose another file with --file"
    )]
    Busy {
        /// The file that both want to write.
        target: PathBuf,
        /// The lock that the other run holds.
        lock: PathBuf,
    },
    /// The target or the previous file cannot be used.
    #[error("{0}")]
    File(#[from] baton_c1z::Error),
    /// A part of the previous file that is needed for the new one is damaged.
    #[error("{0}\nhint: move it away and run the same command again: all that has been fetched is kept")]
    Replaced(baton_c1z::Error),
    /// The working database failed.
    #[error("the working database {path} failed: {source}\nhint: {hint}")]
    Plan {
        /// The working database.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
        /// What to do.
        hint: &'static str,
    },
    /// A file or folder of the working data cannot be made or removed.
    #[error(
        "cannot {action} {path}: {source}\nhint: choose another folder with --c1z-temp-dir, or another file with --file"
    )]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The pages in the working database cannot be understood.
    #[error(
        "the working data is damaged ({0})\nhint: remove the .work folder beside the target and run again; the target itself is untouched"
    )]
    Damaged(String),
    /// Far less was found than the last time, or nothing of what must be there.
    #[error("{0}")]
    Shrunk(String),
    /// The file is of another system than the one that would be read.
    #[error("{0}")]
    OtherSystem(String),
    /// What was read contradicts itself, so that consumers of the file could not make sense of it.
    #[error(
        "what was read cannot be written: {0}\nhint: this is a fault of the connector or of the system that it reads; report it"
    )]
    Inconsistent(String),
    /// What was read makes a larger database than readers accept.
    #[error(
        "the file would be too large: its database takes {more}{size}, and readers of v1 files accept at most {most} bytes\nhint: sync fewer resource types (--sync-resource-types), only some domains (--filter-email-domains), or without groups that apps brought along (--skip-app-groups); {target} is as it was"
    )]
    TooLarge {
        /// `at least `, if not everything has been written.
        more: &'static str,
        /// Bytes that it takes.
        size: u64,
        /// Bytes that readers accept.
        most: u64,
        /// The file that would have been replaced.
        target: PathBuf,
    },
    /// Something is missing, and the operator wanted all or nothing.
    #[error("{0}")]
    Incomplete(String),
    /// Grants that refer to each other in a way that cannot be expanded.
    #[error("grant expansion failed: {0}")]
    Expansion(String),
}

impl SyncError {
    /// The gRPC status code that fits, which is also the exit code of the program.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::Cancelled { .. } => 1,
            Self::Source(error) => error.kind.grpc_code(),
            Self::Fetch { source, .. } => source.kind.grpc_code(),
            Self::File(error) | Self::Replaced(error) => error.code(),
            Self::Plan { source, .. } if is_full(source) => 8,
            Self::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => 8,
            Self::Shrunk(_) | Self::OtherSystem(_) | Self::Incomplete(_) | Self::TooLarge { .. } => 9,
            Self::Busy { .. } => 10,
            Self::Invalid(_)
            | Self::External(_)
            | Self::Plan { .. }
            | Self::Io { .. }
            | Self::Damaged(_)
            | Self::Inconsistent(_)
            | Self::Expansion(_) => 2,
        }
    }

    /// Wraps an error of the working database at `path`.
    pub(crate) fn plan(path: impl Into<PathBuf>) -> impl FnOnce(rusqlite::Error) -> Self {
        let path = path.into();
        move |source| {
            let hint = if is_full(&source) {
                "the disk is full; free some space or choose another folder with --c1z-temp-dir, then run again: progress is kept"
            } else {
                "check the folder's permissions and disk, then run again"
            };
            Self::Plan { path, source, hint }
        }
    }

    /// Wraps an error of the file system.
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}

fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
}
