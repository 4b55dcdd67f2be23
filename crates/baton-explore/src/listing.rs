//! A list as one JSON object, written entry by entry: `{"grants":[…]}`, or `{}` when there is none.

use std::io::{self, Write};

/// The list being written.
pub(crate) struct Listing<'w> {
    out: &'w mut dyn Write,
    /// Name of the one member, as in the message that the list stands for.
    name: &'static str,
    empty: bool,
}

impl<'w> Listing<'w> {
    /// A list that will be the member `name`.
    pub(crate) fn new(out: &'w mut dyn Write, name: &'static str) -> Self {
        Self { out, name, empty: true }
    }

    /// Adds an entry that is JSON already.
    pub(crate) fn push(&mut self, json: &str) -> io::Result<()> {
        if self.empty {
            write!(self.out, "{{\"{}\":[", self.name)?;
            self.empty = false;
        } else {
            self.out.write_all(b",")?;
        }
        self.out.write_all(json.as_bytes())
    }

    /// Closes the list. No line end follows, as in the reference tool.
    pub(crate) fn finish(self) -> io::Result<()> {
        self.out.write_all(if self.empty { b"{}" } else { b"]}" })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn list(entries: &[&str]) -> String {
        let mut out = Vec::new();
        let mut listing = Listing::new(&mut out, "grants");
        for entry in entries {
            listing.push(entry).unwrap();
        }
        listing.finish().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_empty_list_is_an_empty_object() {
        assert_eq!(list(&[]), "{}");
        assert_eq!(list(&["{}"]), r#"{"grants":[{}]}"#);
        assert_eq!(list(&["1", "2"]), r#"{"grants":[1,2]}"#);
    }
}
