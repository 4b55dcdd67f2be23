//! Texts, numbers and bytes as JSON.

use std::fmt::Write;

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Appends a string in quotation marks. Only what JSON demands is escaped: `<`, `>`, `&` and U+2028 stay.
pub(super) fn push_text(out: &mut String, text: &str) {
    out.push('"');
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= b' ' && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(&text[plain..at]);
        plain = at + 1;
        // Writing to a string does not fail.
        let _ = match byte {
            b'"' => write!(out, "\\\""),
            b'\\' => write!(out, "\\\\"),
            0x08 => write!(out, "\\b"),
            0x0c => write!(out, "\\f"),
            b'\n' => write!(out, "\\n"),
            b'\r' => write!(out, "\\r"),
            b'\t' => write!(out, "\\t"),
            _ => write!(out, "\\u{byte:04x}"),
        };
    }
    out.push_str(&text[plain..]);
    out.push('"');
}

/// Appends an integer; in quotation marks if it has 64 bits.
pub(super) fn push_integer(out: &mut String, value: impl std::fmt::Display, quoted: bool) {
    let _ = if quoted { write!(out, "\"{value}\"") } else { write!(out, "{value}") };
}

/// Appends a double: shortest digits, exponents only below 1e-6 and from 1e21, names for what is not finite.
pub(super) fn push_double(out: &mut String, value: f64) {
    push_float(out, value, value.abs(), value.is_finite(), |out| write!(out, "{value:e}"));
}

/// Appends a single-precision number, by the same rules.
pub(super) fn push_single(out: &mut String, value: f32) {
    push_float(out, value, f64::from(value.abs()), value.is_finite(), |out| write!(out, "{value:e}"));
}

fn push_float(
    out: &mut String,
    value: impl std::fmt::Display,
    size: f64,
    finite: bool,
    exponential: impl FnOnce(&mut String) -> std::fmt::Result,
) {
    if !finite {
        let text = value.to_string();
        out.push_str(match text.as_str() {
            "inf" => "\"Infinity\"",
            "-inf" => "\"-Infinity\"",
            _ => "\"NaN\"",
        });
    } else if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let start = out.len();
        let _ = exponential(out);
        if let Some(at) = out[start..].find('e').map(|at| start + at + 1)
            && !out[at..].starts_with('-')
        {
            out.insert(at, '+');
        }
    } else {
        let _ = write!(out, "{value}");
    }
}

/// Appends bytes as base64 with padding, in quotation marks.
pub(super) fn push_bytes(out: &mut String, bytes: &[u8]) {
    out.push('"');
    base64::engine::general_purpose::STANDARD.encode_string(bytes, out);
    out.push('"');
}

/// Reads base64 of either alphabet, padded or not.
pub(super) fn parse_bytes(text: &str) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let alphabet = if text.contains(['-', '_']) { &URL_SAFE } else { &STANDARD };
    GeneralPurpose::new(alphabet, LENIENT).decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn double(value: f64) -> String {
        let mut out = String::new();
        push_double(&mut out, value);
        out
    }

    #[test]
    fn only_what_json_demands_is_escaped() {
        let mut out = String::new();
        push_text(&mut out, "a\"b\\c\n\u{1}\u{1f}<>&\u{2028}é\u{7f}");
        assert_eq!(out, "\"a\\\"b\\\\c\\n\\u0001\\u001f<>&\u{2028}é\u{7f}\"");
    }

    #[test]
    fn numbers_have_exponents_only_when_very_small_or_large() {
        let cases = [
            (1.0, "1"),
            (-0.5, "-0.5"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1.5e-6, "0.0000015"),
            (1.5e-7, "1.5e-7"),
            (-0.0, "-0"),
            (f64::NAN, "\"NaN\""),
            (f64::NEG_INFINITY, "\"-Infinity\""),
        ];
        for (value, text) in cases {
            assert_eq!(double(value), text);
        }
        let mut out = String::new();
        push_single(&mut out, 0.1);
        assert_eq!(out, "0.1");
    }

    #[test]
    fn bytes_are_read_from_both_alphabets() {
        assert_eq!(parse_bytes("+/8="), Some(vec![0xfb, 0xff]));
        assert_eq!(parse_bytes("-_8"), Some(vec![0xfb, 0xff]));
        assert_eq!(parse_bytes("*"), None);
    }
}
