//! The text of an `OPTIONS-NNNNNN` file: settings in sections.

use crate::error::{Error, Result, corrupt};

/// Name of the order of keys that this crate knows: plain byte order.
pub const COMPARER: &str = "leveldb.BytewiseComparator";
/// Name of the merge operator that Pebble writes by default. MERGE entries are not supported.
pub const MERGER: &str = "pebble.concatenate";

/// The settings of a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Section, name and value of each setting, in the order of the file.
    settings: Vec<(String, String, String)>,
}

impl Options {
    /// Reads the text of an options file.
    ///
    /// # Errors
    ///
    /// Fails if it is not UTF-8, or a line is neither a section, a setting, a comment nor empty.
    pub fn parse(text: &[u8]) -> Result<Self> {
        const WHAT: &str = "options";
        let text = std::str::from_utf8(text).map_err(|error| corrupt(WHAT, error.valid_up_to(), "are not UTF-8"))?;
        let mut section = "";
        let mut settings = Vec::new();
        let mut at = 0_usize;
        for line in text.split_inclusive('\n') {
            let here = at;
            at = at.saturating_add(line.len());
            let line = line.trim();
            if line.is_empty() || line.starts_with([';', '#']) {
                continue;
            }
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                section = name.trim();
            } else if let Some((name, value)) = line.split_once('=') {
                settings.push((section.to_owned(), name.trim().to_owned(), value.trim().to_owned()));
            } else {
                return Err(corrupt(WHAT, here, "have a line that is neither a section nor a setting"));
            }
        }
        Ok(Self { settings })
    }

    /// The value of a setting, the last one if there are several.
    #[must_use]
    pub fn get(&self, section: &str, name: &str) -> Option<&str> {
        let mut found = self.settings.iter().rev().filter(|(in_section, of, _)| in_section == section && of == name);
        found.next().map(|(_, _, value)| value.as_str())
    }

    /// Fails if the keys are in another order than this crate's.
    pub(crate) fn check(&self) -> Result<()> {
        match self.get("Options", "comparer") {
            None | Some(COMPARER) => Ok(()),
            Some(other) => Err(Error::Unsupported { what: "the order of keys", detail: other.to_owned() }),
        }
    }

    /// The text that a new database gets: what a reader checks, and nothing that it would tune by.
    pub(crate) fn for_new_database() -> String {
        format!("[Version]\n  pebble_version=0.1\n\n[Options]\n  comparer={COMPARER}\n  merger={MERGER}\n")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn settings_are_found_by_section() {
        let text = "[Options]\n  comparer=one\n; a comment\n\n[Level \"0\"]\n  block_size = 32768\r\n  comparer=two\n";
        let options = Options::parse(text.as_bytes()).unwrap();
        assert_eq!(options.get("Options", "comparer"), Some("one"));
        assert_eq!(options.get("Level \"0\"", "block_size"), Some("32768"));
        assert_eq!(options.get("Options", "block_size"), None);
        assert!(matches!(options.check(), Err(Error::Unsupported { .. })));
        assert!(Options::parse(Options::for_new_database().as_bytes()).unwrap().check().is_ok());
    }

    #[test]
    fn malformed_lines_are_errors() {
        assert!(Options::parse(b"[Options]\nword\n").is_err());
        assert!(Options::parse(b"\xff=1").is_err());
    }
}
