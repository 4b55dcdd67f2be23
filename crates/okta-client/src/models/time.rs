//! Timestamps as Okta sends them.

use std::fmt;

/// A timestamp, kept as text and parsed on demand. Nearly always `2026-01-02T03:04:05.000Z`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Time(String);

impl Time {
    /// Creates a timestamp from any text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text as Okta sent it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Parses the timestamp; `None` if the text is not ISO 8601 with an offset.
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
