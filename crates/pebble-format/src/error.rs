//! The error type of the crate.

/// What can go wrong when a database is read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An error inside a named file.
    #[error("{name}: {source}")]
    InFile {
        /// Name of the file in the database directory.
        name: String,
        /// The error in it.
        source: Box<Error>,
    },
    /// Bytes that do not have the form the format requires.
    #[error("{what}, byte {offset}: {problem}")]
    Corrupt {
        /// The structure that was read.
        what: &'static str,
        /// Offset in that structure.
        offset: u64,
        /// What is wrong.
        problem: &'static str,
    },
    /// A checksum does not match the bytes it covers.
    #[error("{what}, byte {offset}: the checksum is {computed:08x}, the file says {stored:08x}")]
    Checksum {
        /// The structure that was read.
        what: &'static str,
        /// Offset of the structure in its file.
        offset: u64,
        /// The checksum in the file.
        stored: u32,
        /// The checksum of the bytes.
        computed: u32,
    },
    /// A feature of the format that this crate does not implement.
    #[error("{what} is not supported: {detail}")]
    Unsupported {
        /// The feature.
        what: &'static str,
        /// The value found.
        detail: String,
    },
    /// A size or count above its limit in [`Limits`](crate::Limits).
    #[error("{what} is {size}, the limit is {limit}")]
    Limit {
        /// What is limited.
        what: &'static str,
        /// The size found; at least this much if it is not known.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// A file that the database needs is missing.
    #[error("{0} is missing")]
    Missing(String),
    /// Entries that were given to a writer out of order.
    #[error("entry {index} is not above the one before it: a table is written in ascending order")]
    Order {
        /// Index of the entry, from 0.
        index: u64,
    },
    /// A table would have no entries.
    #[error("a table needs at least one entry")]
    EmptyTable,
    /// A file cannot be listed, read or written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Wraps the error with the name of the file it is in.
    pub(crate) fn in_file(self, name: &str) -> Self {
        match self {
            named @ (Self::InFile { .. } | Self::Missing(_)) => named,
            source => Self::InFile { name: name.to_owned(), source: Box::new(source) },
        }
    }
}

/// A [`Error::Corrupt`].
pub(crate) fn corrupt(what: &'static str, offset: usize, problem: &'static str) -> Error {
    Error::Corrupt { what, offset: offset as u64, problem }
}
