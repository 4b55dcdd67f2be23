//! Failures of a source.

use std::fmt;

/// A failure of a source: it could not be used at all, or a page could not be fetched.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct SourceError {
    /// What happened, to what, why, and what to do next; free of secrets.
    pub message: String,
    /// The kind of failure.
    pub kind: SourceErrorKind,
}

/// The kinds of failure, distinguished by what a caller can do about them. They map to gRPC codes, which are also exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceErrorKind {
    /// The sync was cancelled.
    Cancelled,
    /// The request or configuration is invalid.
    Invalid,
    /// The source no longer accepts the cursor; the work has to be read from its first page again.
    StaleCursor,
    /// The response did not arrive in time.
    Timeout,
    /// The object does not exist (any more).
    NotFound,
    /// The credential may not do this.
    Forbidden,
    /// Quota exhausted for longer than we are willing to wait.
    Exhausted,
    /// The source cannot be reached or is failing.
    Unavailable,
    /// The credential was refused.
    Unauthenticated,
    /// The response cannot be understood.
    Unreadable,
}

impl SourceErrorKind {
    /// The gRPC status code of this kind of failure.
    #[must_use]
    pub fn grpc_code(self) -> u8 {
        match self {
            Self::Cancelled => 1,
            Self::Unreadable => 2,
            Self::Invalid | Self::StaleCursor => 3,
            Self::Timeout => 4,
            Self::NotFound => 5,
            Self::Forbidden => 7,
            Self::Exhausted => 8,
            Self::Unavailable => 14,
            Self::Unauthenticated => 16,
        }
    }
}

impl fmt::Display for SourceErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cancelled => "cancelled",
            Self::Invalid => "invalid",
            Self::StaleCursor => "stale cursor",
            Self::Timeout => "timed out",
            Self::NotFound => "not found",
            Self::Forbidden => "forbidden",
            Self::Exhausted => "quota exhausted",
            Self::Unavailable => "unavailable",
            Self::Unauthenticated => "credential refused",
            Self::Unreadable => "unreadable answer",
        })
    }
}
