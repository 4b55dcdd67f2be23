//! From the binary form to JSON.
//!
//! A message is cut into its fields, these are sorted into declaration order, and each is written straight
//! from its bytes. Field numbers that the schema does not have are passed over, as everywhere in protobuf.

use std::collections::BTreeMap;

use super::scalar::{push_bytes, push_double, push_integer, push_single, push_text};
use super::schema::{Card, FieldShape, Form, Kind, MessageId, MessageShape, Schema};
use super::well_known;
use super::wire::{Damaged, Fields, Raw, take_array, take_varint, unzigzag};
use super::{JsonError, UnknownAny};

/// Messages nested deeper than this are refused, on this side as in the binary decoder.
const DEEPEST: usize = 100;

/// Appends the JSON of the message called `full_name`.
pub(super) fn message(
    text: &mut String,
    full_name: &str,
    encoded: &[u8],
    unknown: UnknownAny,
) -> Result<(), JsonError> {
    let schema = Schema::get();
    let id = schema.find(full_name).ok_or_else(|| JsonError::UnknownType(full_name.to_owned()))?;
    let mut writer = Writer { schema, text, unknown, depth: 0 };
    if !writer.message(id, encoded)? {
        // A message that is itself an `Any` of unknown type, asked to be dropped.
        writer.text.push_str("{}");
    }
    Ok(())
}

pub(super) struct Writer<'t> {
    schema: &'static Schema,
    pub(super) text: &'t mut String,
    unknown: UnknownAny,
    depth: usize,
}

/// One field found in the bytes, with its place in the declaration.
struct Found<'a> {
    place: usize,
    raw: Raw<'a>,
}

/// Whether something was written; `false` stands for an `Any` that is to be dropped.
type Written = Result<bool, JsonError>;

impl Writer<'_> {
    fn message(&mut self, id: MessageId, encoded: &[u8]) -> Written {
        let shape = self.schema.message(id);
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(unwritable(shape, "it is nested too deeply"));
        }
        let written = match shape.form {
            Form::Fields => self.object(shape, encoded, true).map(|()| true),
            Form::Any => self.any(shape, encoded),
            Form::Wrapper => self.wrapper(shape, encoded).map(|()| true),
            Form::Struct | Form::ListValue | Form::Value => self.free(shape, encoded).map(|()| true),
            Form::Empty => {
                self.text.push_str("{}");
                Ok(true)
            }
            form => well_known::push(self.text, form, encoded).map_err(|why| unwritable(shape, why)).map(|()| true),
        };
        self.depth -= 1;
        written
    }

    /// The object of a message's fields. Without `opening`, the brace and a first member are already there.
    fn object(&mut self, shape: &MessageShape, encoded: &[u8], opening: bool) -> Result<(), JsonError> {
        let found = cut(shape, encoded).map_err(|Damaged| damaged(shape))?;
        let mut first = opening;
        if opening {
            self.text.push('{');
        }
        for same in found.chunk_by(|a, b| a.place == b.place) {
            let field = &shape.fields[same[0].place];
            let start = self.text.len();
            if !first {
                self.text.push(',');
            }
            self.text.push_str(&field.key);
            if self.field(shape, field, same)? {
                first = false;
            } else {
                self.text.truncate(start);
            }
        }
        self.text.push('}');
        Ok(())
    }

    fn field(&mut self, shape: &MessageShape, field: &FieldShape, found: &[Found<'_>]) -> Written {
        match field.cardinality {
            Card::Implicit if last(found).is_zero() => Ok(false),
            Card::Implicit | Card::Explicit => match joined(field, found) {
                Some(whole) => self.value(shape, field.kind, Raw::Bytes(&whole)),
                None => self.value(shape, field.kind, last(found)),
            },
            Card::Repeated { .. } => self.list(shape, field, found),
            Card::Map => self.map(shape, field, found),
        }
    }

    fn list(&mut self, shape: &MessageShape, field: &FieldShape, found: &[Found<'_>]) -> Written {
        self.text.push('[');
        let mut first = true;
        for one in found {
            let mut packed = match one.raw {
                Raw::Bytes(bytes) if is_packable(field.kind) => bytes,
                raw => {
                    self.entry(&mut first, |writer| writer.value(shape, field.kind, raw))?;
                    continue;
                }
            };
            while !packed.is_empty() {
                let raw = take_packed(field.kind, &mut packed).map_err(|Damaged| damaged(shape))?;
                self.entry(&mut first, |writer| writer.value(shape, field.kind, raw))?;
            }
        }
        self.text.push(']');
        Ok(!first)
    }

    fn map(&mut self, shape: &MessageShape, field: &FieldShape, found: &[Found<'_>]) -> Written {
        let mut entries = BTreeMap::new();
        for one in found {
            let Raw::Bytes(bytes) = one.raw else { return Err(damaged(shape)) };
            let (key, value) = map_entry(bytes).map_err(|Damaged| damaged(shape))?;
            entries.insert(key, value);
        }
        self.text.push('{');
        let mut first = true;
        for (key, value) in entries {
            let key = std::str::from_utf8(key).map_err(|_| damaged(shape))?;
            self.entry(&mut first, |writer| {
                push_text(writer.text, key);
                writer.text.push(':');
                writer.value(shape, field.kind, value.unwrap_or_else(|| zero(field.kind)))
            })?;
        }
        self.text.push('}');
        Ok(!first)
    }

    /// One entry of a list or map with the comma before it; nothing is left of it when it is dropped.
    fn entry(&mut self, first: &mut bool, write: impl FnOnce(&mut Self) -> Written) -> Result<(), JsonError> {
        let start = self.text.len();
        if !*first {
            self.text.push(',');
        }
        if write(self)? {
            *first = false;
        } else {
            self.text.truncate(start);
        }
        Ok(())
    }

    fn value(&mut self, shape: &MessageShape, kind: Kind, raw: Raw<'_>) -> Written {
        let out = &mut *self.text;
        match (kind, raw) {
            (Kind::Message(id), Raw::Bytes(bytes)) => return self.message(id, bytes),
            (Kind::String, Raw::Bytes(bytes)) => {
                push_text(out, std::str::from_utf8(bytes).map_err(|_| unwritable(shape, "a text in it is not UTF-8"))?);
            }
            (Kind::Bytes, Raw::Bytes(bytes)) => push_bytes(out, bytes),
            (Kind::Bool, Raw::Varint(v)) => out.push_str(if v == 0 { "false" } else { "true" }),
            (Kind::Int32, Raw::Varint(v)) => push_integer(out, v as i32, false),
            (Kind::Sint32, Raw::Varint(v)) => push_integer(out, unzigzag(v) as i32, false),
            (Kind::Uint32, Raw::Varint(v)) => push_integer(out, v as u32, false),
            (Kind::Sfixed32, Raw::Fixed32(v)) => push_integer(out, v as i32, false),
            (Kind::Fixed32, Raw::Fixed32(v)) => push_integer(out, v, false),
            (Kind::Int64, Raw::Varint(v)) => push_integer(out, v as i64, true),
            (Kind::Sint64, Raw::Varint(v)) => push_integer(out, unzigzag(v), true),
            (Kind::Uint64, Raw::Varint(v)) => push_integer(out, v, true),
            (Kind::Sfixed64, Raw::Fixed64(v)) => push_integer(out, v as i64, true),
            (Kind::Fixed64, Raw::Fixed64(v)) => push_integer(out, v, true),
            (Kind::Float, Raw::Fixed32(v)) => push_single(out, f32::from_bits(v)),
            (Kind::Double, Raw::Fixed64(v)) => push_double(out, f64::from_bits(v)),
            (Kind::Enum(id), Raw::Varint(v)) => match self.schema.enumeration(id).name(v as i32) {
                Some(name) => push_text(out, name),
                None => push_integer(out, v as i32, false),
            },
            _ => return Err(damaged(shape)),
        }
        Ok(true)
    }

    /// `{"@type":…}` with the fields of the message inside, or with its own form under `value`.
    fn any(&mut self, shape: &MessageShape, encoded: &[u8]) -> Written {
        let (url, value) = any_parts(encoded).map_err(|Damaged| damaged(shape))?;
        let url = std::str::from_utf8(url).map_err(|_| damaged(shape))?;
        if url.is_empty() {
            if !value.is_empty() {
                return Err(unwritable(shape, "it has a value but no type URL"));
            }
            self.text.push_str("{}");
            return Ok(true);
        }
        let Some(id) = self.schema.find(crate::any::full_name(url)) else {
            return match self.unknown {
                UnknownAny::Drop => Ok(false),
                UnknownAny::Refuse => Err(JsonError::UnknownType(url.to_owned())),
            };
        };
        self.text.push_str("{\"@type\":");
        push_text(self.text, url);
        let inner = self.schema.message(id);
        if inner.form == Form::Fields {
            self.object(inner, value, false)?;
            return Ok(true);
        }
        self.text.push_str(",\"value\":");
        let written = self.message(id, value)?;
        self.text.push('}');
        Ok(written)
    }

    /// Plain JSON, which a `Struct` and its parts stand for.
    fn free(&mut self, shape: &MessageShape, encoded: &[u8]) -> Result<(), JsonError> {
        let found = cut(shape, encoded).map_err(|Damaged| damaged(shape))?;
        let written = match shape.form {
            Form::Struct => self.map(shape, &shape.fields[0], &found),
            Form::ListValue => self.list(shape, &shape.fields[0], &found),
            _ => self.free_value(shape, found.last()),
        };
        written.map(|_| ())
    }

    fn free_value(&mut self, shape: &MessageShape, found: Option<&Found<'_>>) -> Written {
        let found = found.ok_or_else(|| unwritable(shape, "a struct value in it is not set"))?;
        match (shape.fields[found.place].kind, found.raw) {
            (Kind::Enum(_), _) => {
                self.text.push_str("null");
                Ok(true)
            }
            (Kind::Double, Raw::Fixed64(bits)) if !f64::from_bits(bits).is_finite() => {
                Err(unwritable(shape, "a number in it is not finite"))
            }
            (kind, raw) => self.value(shape, kind, raw),
        }
    }

    fn wrapper(&mut self, shape: &MessageShape, encoded: &[u8]) -> Result<(), JsonError> {
        let found = cut(shape, encoded).map_err(|Damaged| damaged(shape))?;
        let kind = shape.fields[0].kind;
        self.value(shape, kind, found.last().map_or_else(|| zero(kind), |one| one.raw))?;
        Ok(())
    }
}

/// The known fields of a message in declaration order; of a oneof only the member that came last.
fn cut<'a>(shape: &MessageShape, encoded: &'a [u8]) -> Result<Vec<Found<'a>>, Damaged> {
    let mut found: Vec<Found<'a>> = Vec::with_capacity(8);
    let mut fields = Fields(encoded);
    while let Some((number, raw)) = fields.next()? {
        let Some(place) = shape.by_number(number) else { continue };
        if let Some(oneof) = shape.fields[place].oneof {
            found.retain(|other| other.place == place || shape.fields[other.place].oneof != Some(oneof));
        }
        found.push(Found { place, raw });
    }
    found.sort_by_key(|one| one.place);
    Ok(found)
}

/// A message that comes in several pieces is merged, which in binary means strung together.
fn joined(field: &FieldShape, found: &[Found<'_>]) -> Option<Vec<u8>> {
    if found.len() < 2 || !matches!(field.kind, Kind::Message(_)) {
        return None;
    }
    let pieces = found.iter().filter_map(|one| if let Raw::Bytes(bytes) = one.raw { Some(bytes) } else { None });
    Some(pieces.collect::<Vec<_>>().concat())
}

fn last<'a>(found: &[Found<'a>]) -> Raw<'a> {
    found[found.len() - 1].raw
}

/// Key and value of a map's entry; the value is `None` where the entry leaves it out.
fn map_entry(bytes: &[u8]) -> Result<(&[u8], Option<Raw<'_>>), Damaged> {
    let (mut key, mut value) = (&[][..], None);
    let mut fields = Fields(bytes);
    while let Some((number, raw)) = fields.next()? {
        match (number, raw) {
            (1, Raw::Bytes(bytes)) => key = bytes,
            (1, _) => return Err(Damaged),
            (2, raw) => value = Some(raw),
            _ => {}
        }
    }
    Ok((key, value))
}

/// Type URL and value of an `Any`.
fn any_parts(encoded: &[u8]) -> Result<(&[u8], &[u8]), Damaged> {
    let (mut url, mut value) = (&[][..], &[][..]);
    let mut fields = Fields(encoded);
    while let Some((number, raw)) = fields.next()? {
        match (number, raw) {
            (1, Raw::Bytes(bytes)) => url = bytes,
            (2, Raw::Bytes(bytes)) => value = bytes,
            _ => {}
        }
    }
    Ok((url, value))
}

/// The value of a field that is not there.
fn zero(kind: Kind) -> Raw<'static> {
    match kind {
        Kind::String | Kind::Bytes | Kind::Message(_) => Raw::Bytes(&[]),
        Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => Raw::Fixed32(0),
        Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => Raw::Fixed64(0),
        _ => Raw::Varint(0),
    }
}

fn is_packable(kind: Kind) -> bool {
    !matches!(kind, Kind::String | Kind::Bytes | Kind::Message(_))
}

/// Takes the next value of a packed list.
fn take_packed<'a>(kind: Kind, bytes: &mut &'a [u8]) -> Result<Raw<'a>, Damaged> {
    Ok(match zero(kind) {
        Raw::Fixed32(_) => Raw::Fixed32(u32::from_le_bytes(take_array(bytes)?)),
        Raw::Fixed64(_) => Raw::Fixed64(u64::from_le_bytes(take_array(bytes)?)),
        _ => Raw::Varint(take_varint(bytes)?),
    })
}

fn damaged(shape: &MessageShape) -> JsonError {
    unwritable(shape, "its binary form is damaged")
}

fn unwritable(shape: &MessageShape, reason: &'static str) -> JsonError {
    JsonError::Unwritable { message: shape.name.clone(), reason }
}
