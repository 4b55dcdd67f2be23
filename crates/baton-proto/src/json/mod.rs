//! Protobuf JSON: the text form of the messages, as the Baton tools print and read it.
//!
//! Keys are the lowerCamelCase names in declaration order, defaults are left out, 64-bit integers are
//! strings, map keys are sorted, and `Any` is expanded to the fields of the message inside beside
//! its `@type`. On reading, proto names are taken as well as JSON names, and what is not known is an
//! error.
//!
//! Writing works on the binary form ([`append_encoded`]): a stored row becomes text without being turned
//! into a Rust value first.

mod read;
mod scalar;
mod schema;
mod time;
mod well_known;
mod wire;
mod write;

use prost::{Message, Name};

/// Why a message could not be written as JSON or read from it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// An `Any` names a message that is not in [`crate::descriptors`].
    #[error("the message type \"{0}\" is not known")]
    UnknownType(String),
    /// The text is not JSON.
    #[error("this is not valid JSON: {0}")]
    Syntax(#[from] serde_json::Error),
    /// The binary form that was to be written is damaged, or holds a value that JSON cannot express.
    #[error("a {message} cannot be written as JSON: {reason}")]
    Unwritable {
        /// Full name of the message.
        message: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The JSON does not describe such a message.
    #[error("at \"{path}\": {reason}")]
    Mismatch {
        /// Where in the text, as keys and list positions joined by dots; empty for the top.
        path: String,
        /// What is wrong there.
        reason: String,
    },
}

/// What happens to an `Any` whose type is not known, while writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownAny {
    /// The whole message is refused.
    Refuse,
    /// It is left out, wherever it stands: list entries, map entries, single fields.
    Drop,
}

/// The message as compact JSON.
///
/// # Errors
/// An `Any` of unknown type, or a value without a JSON form (a time outside the years 1 to 9999, say).
pub fn to_string<M: Message + Name>(message: &M) -> Result<String, JsonError> {
    let mut text = String::new();
    append(&mut text, message, UnknownAny::Refuse)?;
    Ok(text)
}

/// The message as JSON over several lines, indented by two spaces.
///
/// # Errors
/// As [`to_string`].
pub fn to_string_pretty<M: Message + Name>(message: &M) -> Result<String, JsonError> {
    Ok(indent(&to_string(message)?))
}

/// The message as a JSON value; object keys keep their order.
///
/// # Errors
/// As [`to_string`].
pub fn to_value<M: Message + Name>(message: &M) -> Result<serde_json::Value, JsonError> {
    Ok(serde_json::from_str(&to_string(message)?)?)
}

/// Appends the compact JSON of a message.
///
/// # Errors
/// As [`to_string`]; `text` may then end in half a value.
pub fn append<M: Message + Name>(text: &mut String, message: &M, unknown: UnknownAny) -> Result<(), JsonError> {
    append_encoded(text, &M::full_name(), &message.encode_to_vec(), unknown)
}

/// Appends the compact JSON of a message that is given in binary.
///
/// # Errors
/// As [`to_string`]; besides, the name may be unknown or the bytes damaged. `text` may then end in half a value.
pub fn append_encoded(
    text: &mut String,
    full_name: &str,
    encoded: &[u8],
    unknown: UnknownAny,
) -> Result<(), JsonError> {
    write::message(text, full_name, encoded, unknown)
}

/// Reads a message from JSON.
///
/// # Errors
/// No JSON, a field that the message does not have, a value of the wrong type or out of range, two members of one
/// oneof, or an `Any` of unknown type.
pub fn from_str<M: Message + Name + Default>(text: &str) -> Result<M, JsonError> {
    from_value(&serde_json::from_str(text)?)
}

/// Reads a message from a JSON value.
///
/// # Errors
/// As [`from_str`].
pub fn from_value<M: Message + Name + Default>(value: &serde_json::Value) -> Result<M, JsonError> {
    let encoded = read::message(&M::full_name(), value)?;
    M::decode(encoded.as_slice())
        .map_err(|error| JsonError::Mismatch { path: String::new(), reason: error.to_string() })
}

/// Reads the message called `full_name` from a JSON value into its binary form.
///
/// # Errors
/// As [`from_str`]; besides, the name may be unknown.
pub fn encode_value(full_name: &str, value: &serde_json::Value) -> Result<Vec<u8>, JsonError> {
    read::message(full_name, value)
}

/// Spreads compact JSON over lines, two spaces a level; empty objects and lists stay together.
pub fn indent(compact: &str) -> String {
    let mut out = String::with_capacity(compact.len() * 2);
    let mut depth = 0;
    let (mut in_text, mut escaped) = (false, false);
    let mut chars = compact.chars().peekable();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    while let Some(c) = chars.next() {
        if in_text {
            in_text = escaped || c != '"';
            escaped = !escaped && c == '\\';
            out.push(c);
            continue;
        }
        match c {
            '{' | '[' if chars.peek().is_some_and(|&next| next == '}' || next == ']') => {
                out.push(c);
                out.extend(chars.next());
            }
            '{' | '[' => {
                depth += 1;
                out.push(c);
                line(&mut out, depth);
            }
            '}' | ']' => {
                depth -= 1;
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            '"' => {
                in_text = true;
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}
