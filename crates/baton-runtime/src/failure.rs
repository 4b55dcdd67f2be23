//! Why a run failed, and what the operator sees of it: a text on stderr and an exit code.

use std::process::ExitCode;

/// A failure that ends the program.
///
/// The exit code is the gRPC code of the cause, 2 if it has none (`docs/spec/connector-runtime.md` 1.8).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Failure {
    /// The exit code, never 0.
    code: u8,
    /// What happened, why, and what to do next (lines that begin with `hint: `). Free of secrets.
    text: String,
}

impl Failure {
    /// The code of failures that have no gRPC code: bad flags, bad configuration, local files.
    pub const GENERAL: u8 = 2;

    /// A failure without a gRPC code.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self::with_code(Self::GENERAL, text)
    }

    /// A failure with a gRPC code. 0 (the code of success) becomes 13, internal error.
    #[must_use]
    pub fn with_code(code: u8, text: impl Into<String>) -> Self {
        Self { code: if code == 0 { 13 } else { code }, text: text.into() }
    }

    /// The exit code.
    #[must_use]
    pub fn code(&self) -> u8 {
        self.code
    }

    /// The exit code as the process returns it.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl From<baton_sync::SyncError> for Failure {
    fn from(error: baton_sync::SyncError) -> Self {
        Self::with_code(error.code(), error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_never_looks_like_success() {
        assert_eq!(Failure::with_code(0, "x").code(), 13);
        assert_eq!(Failure::new("x").code(), 2);
        assert_eq!(Failure::with_code(16, "x").code(), 16);
    }
}
