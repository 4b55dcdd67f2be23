//! The gRPC status codes, with which every part of Baton reports an outcome.

use std::fmt;

/// A gRPC status code of a failure. The number is also the exit code of a program that ends with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Code {
    /// Somebody wanted it to end.
    Cancelled = 1,
    /// No better word is known.
    Unknown = 2,
    /// What was asked for makes no sense, whatever the state of the system.
    InvalidArgument = 3,
    /// The answer did not come in time.
    DeadlineExceeded = 4,
    /// What it is about does not exist.
    NotFound = 5,
    /// What was to be made is there already.
    AlreadyExists = 6,
    /// The credential may not do this.
    PermissionDenied = 7,
    /// A quota is used up for longer than we wait.
    ResourceExhausted = 8,
    /// The system is not in the state that this needs.
    FailedPrecondition = 9,
    /// Another change came between.
    Aborted = 10,
    /// A value is outside of what is possible.
    OutOfRange = 11,
    /// This connector cannot do it at all.
    Unimplemented = 12,
    /// A mistake of our own.
    Internal = 13,
    /// The system cannot be reached, or fails.
    Unavailable = 14,
    /// Something is lost for good.
    DataLoss = 15,
    /// The credential was refused.
    Unauthenticated = 16,
}

impl Code {
    /// Every code of a failure, by number.
    pub const ALL: [Self; 16] = [
        Self::Cancelled,
        Self::Unknown,
        Self::InvalidArgument,
        Self::DeadlineExceeded,
        Self::NotFound,
        Self::AlreadyExists,
        Self::PermissionDenied,
        Self::ResourceExhausted,
        Self::FailedPrecondition,
        Self::Aborted,
        Self::OutOfRange,
        Self::Unimplemented,
        Self::Internal,
        Self::Unavailable,
        Self::DataLoss,
        Self::Unauthenticated,
    ];

    /// The number on the wire.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The code of that number; one that there is not is unknown.
    #[must_use]
    pub fn from_number(number: u8) -> Self {
        Self::ALL.into_iter().find(|code| code.number() == number).unwrap_or(Self::Unknown)
    }

    /// The name as gRPC spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cancelled => "Canceled",
            Self::Unknown => "Unknown",
            Self::InvalidArgument => "InvalidArgument",
            Self::DeadlineExceeded => "DeadlineExceeded",
            Self::NotFound => "NotFound",
            Self::AlreadyExists => "AlreadyExists",
            Self::PermissionDenied => "PermissionDenied",
            Self::ResourceExhausted => "ResourceExhausted",
            Self::FailedPrecondition => "FailedPrecondition",
            Self::Aborted => "Aborted",
            Self::OutOfRange => "OutOfRange",
            Self::Unimplemented => "Unimplemented",
            Self::Internal => "Internal",
            Self::Unavailable => "Unavailable",
            Self::DataLoss => "DataLoss",
            Self::Unauthenticated => "Unauthenticated",
        }
    }

    /// Whether the same request may succeed later without anybody changing anything.
    #[must_use]
    pub fn may_pass(self) -> bool {
        matches!(self, Self::Unavailable | Self::DeadlineExceeded | Self::ResourceExhausted | Self::Aborted)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_codes() {
        for number in 1..=16 {
            assert_eq!(Code::from_number(number).number(), number);
        }
        assert_eq!(Code::from_number(77), Code::Unknown);
    }
}
