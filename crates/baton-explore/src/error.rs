//! What can go wrong when a `.c1z` file is shown.

use std::io;

use baton_proto::json::JsonError;

/// An error of this crate. [`Error::code`] gives the gRPC code, which the command line uses as its exit code.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be opened or read.
    #[error(transparent)]
    Store(#[from] baton_c1z::Error),
    /// A filter names something that the file does not hold.
    #[error("the file holds no {what} \"{id}\"; {hint}")]
    NotFound {
        /// The kind of object.
        what: &'static str,
        /// The id that was asked for.
        id: String,
        /// What to ask instead.
        hint: String,
    },
    /// A filter leaves open what is meant.
    #[error("{0}")]
    Ambiguous(String),
    /// Something in the file has no JSON form.
    #[error("{what} cannot be printed as JSON: {source}")]
    Json {
        /// The object and its id.
        what: String,
        /// Why not.
        source: JsonError,
    },
    /// The output cannot be written. A reader who has gone away is no error.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
}

impl Error {
    /// The gRPC status code of this failure: that of the store's error, 3 (invalid argument) for a filter that leaves
    /// open what is meant, 5 (not found) for one that finds nothing, 2 (unknown) for everything else.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::Store(error) => error.code(),
            Self::Ambiguous(_) => 3,
            Self::NotFound { .. } => 5,
            Self::Json { .. } | Self::Output(_) => 2,
        }
    }

    /// Whether this only says that whoever read our output has gone away, as `head` does.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}
