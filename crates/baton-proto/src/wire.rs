//! Writing fields of messages straight into bytes, where building the messages first would cost more than all the rest:
//! a large org has millions of them.
//!
//! Fields are to be written in the order of their numbers, as generated encoders do; whoever uses this has a test that
//! compares the bytes with theirs.

use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint, key_len};

/// The beginning of a field of `length` bytes that are written next: a message, text or bytes.
pub fn open(out: &mut Vec<u8>, field: u32, length: usize) {
    encode_key(field, WireType::LengthDelimited, out);
    encode_varint(length as u64, out);
}

/// A text. An empty one is left out, as proto3 demands where the field is no member of a `oneof`.
pub fn text(out: &mut Vec<u8>, field: u32, value: &str) {
    if !value.is_empty() {
        item(out, field, value);
    }
}

/// A text among others of the same field: an empty one is one, too.
pub fn item(out: &mut Vec<u8>, field: u32, value: &str) {
    open(out, field, value.len());
    out.extend_from_slice(value.as_bytes());
}

/// A number, boolean or enum. Zero is left out.
pub fn number(out: &mut Vec<u8>, field: u32, value: u64) {
    if value != 0 {
        encode_key(field, WireType::Varint, out);
        encode_varint(value, out);
    }
}

/// A message that has been built.
pub fn message(out: &mut Vec<u8>, field: u32, message: &impl Message) {
    let length = message.encoded_len();
    open(out, field, length);
    out.reserve(length);
    message.encode_raw(out);
}

/// A message whose fields `write` writes, when their length is not known beforehand.
pub fn nested(out: &mut Vec<u8>, field: u32, write: impl FnOnce(&mut Vec<u8>)) {
    encode_key(field, WireType::LengthDelimited, out);
    let at = out.len();
    // Most are so short that one byte says how long they are.
    out.push(0);
    write(out);
    let length = out.len() - at - 1;
    if let Some(short) = u8::try_from(length).ok().filter(|short| *short < 0x80) {
        out[at] = short;
        return;
    }
    let mut prefix = Vec::with_capacity(5);
    encode_varint(length as u64, &mut prefix);
    out.splice(at..=at, prefix);
}

/// An annotation or trait, `google.protobuf.Any`: its type URL, and the message whose fields `write` writes.
pub fn any(out: &mut Vec<u8>, field: u32, type_url: &str, write: impl FnOnce(&mut Vec<u8>)) {
    nested(out, field, |out| {
        text(out, 1, type_url);
        let at = out.len();
        nested(out, 2, write);
        // An empty value is left out: of it there are only key and length.
        if out.len() == at + 2 {
            out.truncate(at);
        }
    });
}

/// How many bytes [`text`] writes.
#[must_use]
pub fn text_len(field: u32, value: &str) -> usize {
    if value.is_empty() { 0 } else { field_len(field, value.len()) }
}

/// How many bytes a field takes whose content has `length`.
#[must_use]
pub fn field_len(field: u32, length: usize) -> usize {
    key_len(field) + encoded_len_varint(length as u64) + length
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use prost_types::Any;

    use super::*;
    use crate::any::pack;
    use crate::c1::connector::v2::{Resource, ResourceId, V1Identifier};

    #[test]
    fn the_bytes_are_those_of_the_generated_encoder() {
        let url = "type.googleapis.com/c1.connector.v2.V1Identifier";
        for length in [0, 1, 20, 100, 126, 127, 128, 129, 300, 16_384, 70_000] {
            let id = "x".repeat(length);
            let resource = Resource {
                id: Some(ResourceId { resource_type: "user".to_owned(), resource: id.clone(), baton_resource: true }),
                display_name: id.clone(),
                annotations: vec![pack(&V1Identifier { id: id.clone() })],
                ..Resource::default()
            };
            let mut written = Vec::new();
            nested(&mut written, 1, |out| {
                text(out, 1, "user");
                text(out, 2, &id);
                number(out, 3, 1);
            });
            text(&mut written, 3, &id);
            any(&mut written, 4, url, |out| text(out, 1, &id));
            assert_eq!(written, resource.encode_to_vec(), "{length}");
            assert_eq!(text_len(3, &id), Resource { display_name: id, ..Resource::default() }.encoded_len());
            let mut again = Vec::new();
            message(&mut again, 4, &Any::default());
            assert_eq!(again, Resource { annotations: vec![Any::default()], ..Resource::default() }.encode_to_vec());
        }
    }
}
