//! Makes text safe to show on a terminal.
//!
//! Names, messages and error texts come from servers and files that somebody else writes. A control character in one of
//! them can move the cursor, recolour or clear the screen, or start a line that looks like one of ours; a bidirectional
//! override shows other text than what is there. Everything that is shown to people goes through one of these functions
//! on its way out.
//!
//! | text | function |
//! |---|---|
//! | a name or message from outside; a cell of a table | [`line()`] |
//! | a text of ours, which may have several lines | [`lines`] |
//! | a text of ours that must fit on one line, as in a log | [`joined`] |
//! | JSON | [`json`] |
//!
//! [`lines`] cannot know which line feed came from outside. What is put into a text of several lines therefore goes
//! through [`line()`] first.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Shown in place of a character that must not reach a terminal.
const MARK: char = '\u{fffd}';

/// Text from outside as part of one line: control characters, line feeds among them, line and paragraph separators, and
/// bidirectional overrides are replaced by U+FFFD.
#[must_use]
pub fn line(text: &str) -> Cow<'_, str> {
    replace(text, is_unsafe)
}

/// Text of several lines: as [`line()`], but line feeds stay.
#[must_use]
pub fn lines(text: &str) -> Cow<'_, str> {
    replace(text, |c| c != '\n' && is_unsafe(c))
}

/// Text of several lines as part of one line: `; ` stands for the line feeds, and the rest is as in [`line()`].
#[must_use]
pub fn joined(text: &str) -> Cow<'_, str> {
    let text = text.trim_end_matches('\n');
    if !text.contains('\n') {
        return line(text);
    }
    Cow::Owned(line(&text.replace('\n', "; ")).into_owned())
}

/// JSON text with the same meaning: what must not reach a terminal is written as an escape sequence. Line feeds stay:
/// in JSON they can only stand between values.
#[must_use]
pub fn json(text: &str) -> Cow<'_, str> {
    let escapes = |c: char| c != '\n' && is_unsafe(c);
    if !text.contains(escapes) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if escapes(c) {
            // All of them are in the basic plane: one escape sequence is enough.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Whether a terminal could take the character for a command, a line end, or a change of direction.
fn is_unsafe(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn replace(text: &str, is_wrong: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_wrong) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| if is_wrong(c) { MARK } else { c }).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    /// What somebody might try with a name.
    const HOSTILE: &str = "Ann\nhint: run this\u{1b}[2J\u{9b}31m\r\u{202e}txt.exe\u{2066}\u{2028}x\u{7f}";

    #[test]
    fn names_stay_on_their_line() {
        assert_eq!(line(HOSTILE), "Ann�hint: run this�[2J�31m��txt.exe��x�");
    }

    #[test]
    fn ordinary_text_is_left_alone() {
        for text in ["", "Grüße, Zoë", "日本語", "שלום", "مرحبا", "e\u{301}", "👩\u{200d}💻", "a\u{200f}b"]
        {
            assert!(matches!(line(text), Cow::Borrowed(same) if same == text), "{text}");
            assert!(matches!(json(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn only_lines_keep_their_ends() {
        assert_eq!(lines("a\nhint: b\u{1b}c\n"), "a\nhint: b�c\n");
        assert_eq!(joined("a\nhint: b\u{1b}c\n"), "a; hint: b�c");
        assert_eq!(joined("a\tb"), "a�b");
    }

    #[test]
    fn json_means_the_same() {
        let value = serde_json::json!({ "name": HOSTILE });
        let text = value.to_string();
        assert!(text.contains('\u{202e}'), "JSON itself does not escape it");
        let safe = json(&text);
        assert!(!safe.contains(is_unsafe), "{safe}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).unwrap(), value);
    }

    proptest! {
        #[test]
        fn nothing_unsafe_comes_through(text in any::<String>()) {
            prop_assert!(!line(&text).contains(is_unsafe));
            prop_assert!(!joined(&text).contains(is_unsafe));
            prop_assert!(!lines(&text).contains(|c| c != '\n' && is_unsafe(c)));
            let quoted = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(serde_json::from_str::<String>(&json(&quoted)).unwrap(), text);
        }
    }
}
