//! A point in time as Okta wrote it.

use std::fmt;

/// A point in time, kept as text and parsed when somebody asks. Nearly always `2026-01-02T03:04:05.000Z`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Time(String);

impl Time {
    /// A time from its text, whatever that is.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text as Okta sent it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The point in time; `None` if the text is not one of ISO 8601 with an offset.
    #[must_use]
    pub fn parse(&self) -> Option<jiff::Timestamp> {
        self.0.parse().ok()
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
