//! From JSON to the binary form.
//!
//! Fields are put in the order in which the generated types put them, and map keys are sorted: the bytes inside an
//! `Any` that was read are those that packing the message would have made.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::JsonError;
use super::scalar::parse_bytes;
use super::schema::{Card, FieldShape, Form, Kind, MessageId, MessageShape, Schema};
use super::well_known;
use super::wire::{Fields, put_bytes, put_varint, zigzag};

/// The binary form of the message called `full_name`.
pub(super) fn message(full_name: &str, json: &Value) -> Result<Vec<u8>, JsonError> {
    let schema = Schema::get();
    let id = schema.find(full_name).ok_or_else(|| JsonError::UnknownType(full_name.to_owned()))?;
    Reader { schema, path: Vec::new() }.message(id, json)
}

struct Reader {
    schema: &'static Schema,
    /// Keys and list positions on the way to the value at hand.
    path: Vec<String>,
}

impl Reader {
    fn message(&mut self, id: MessageId, json: &Value) -> Result<Vec<u8>, JsonError> {
        let shape = self.schema.message(id);
        match shape.form {
            Form::Fields => {
                let members = self.object(json)?;
                self.fields(shape, members, false)
            }
            Form::Any => self.any(json),
            Form::Wrapper => {
                let mut out = Vec::new();
                self.unless_zero(&mut out, 1, shape.fields[0].kind, json)?;
                Ok(out)
            }
            form => well_known::parse(form, json).map_err(|reason| self.mismatch(reason)),
        }
    }

    /// The members of an object as fields; within an `Any`, `@type` is not one of them.
    fn fields(
        &mut self,
        shape: &MessageShape,
        members: &Map<String, Value>,
        in_any: bool,
    ) -> Result<Vec<u8>, JsonError> {
        let mut known = BTreeMap::new();
        for (key, value) in members {
            if in_any && key == "@type" {
                continue;
            }
            let place =
                shape.by_name(key).ok_or_else(|| self.mismatch(format!("{} has no field \"{key}\"", shape.name)))?;
            let field = &shape.fields[place];
            if value.is_null() && !self.takes_null(field) {
                continue;
            }
            let twice = field.oneof.is_some_and(|oneof| {
                known.values().any(|&(other, _, _): &(usize, _, _)| shape.fields[other].oneof == Some(oneof))
            });
            let order = (field.wire_order, field.number);
            if twice || known.insert(order, (place, key, value)).is_some() {
                return Err(self.mismatch(format!("\"{key}\" or another member of its group is given twice")));
            }
        }
        let mut out = Vec::new();
        for (place, key, value) in known.into_values() {
            self.path.push(key.clone());
            self.field(&mut out, &shape.fields[place], value)?;
            self.path.pop();
        }
        Ok(out)
    }

    fn field(&mut self, out: &mut Vec<u8>, field: &FieldShape, json: &Value) -> Result<(), JsonError> {
        match field.cardinality {
            Card::Implicit => self.unless_zero(out, field.number, field.kind, json),
            Card::Explicit => self.value(out, field.number, field.kind, json),
            Card::Repeated { packed } => {
                let entries = json.as_array().ok_or_else(|| self.mismatch("expected a list"))?;
                self.list(out, field, entries, packed)
            }
            Card::Map => {
                let entries = self.object(json)?;
                self.map(out, field, entries)
            }
        }
    }

    fn list(
        &mut self,
        out: &mut Vec<u8>,
        field: &FieldShape,
        entries: &[Value],
        packed: bool,
    ) -> Result<(), JsonError> {
        let mut together = Vec::new();
        for (at, entry) in entries.iter().enumerate() {
            self.path.push(at.to_string());
            if entry.is_null() && !self.takes_null(field) {
                return Err(self.mismatch("null is no list entry"));
            }
            if packed {
                self.scalar(&mut together, field.kind, entry)?;
            } else {
                self.value(out, field.number, field.kind, entry)?;
            }
            self.path.pop();
        }
        if !together.is_empty() {
            put_bytes(out, field.number, &together);
        }
        Ok(())
    }

    fn map(&mut self, out: &mut Vec<u8>, field: &FieldShape, entries: &Map<String, Value>) -> Result<(), JsonError> {
        let sorted: BTreeMap<_, _> = entries.iter().collect();
        for (key, value) in sorted {
            self.path.push(key.clone());
            if value.is_null() && !self.takes_null(field) {
                return Err(self.mismatch("null is no map value"));
            }
            let mut entry = Vec::new();
            if !key.is_empty() {
                put_bytes(&mut entry, 1, key.as_bytes());
            }
            self.unless_zero(&mut entry, 2, field.kind, value)?;
            put_bytes(out, field.number, &entry);
            self.path.pop();
        }
        Ok(())
    }

    /// A value with its key; nothing if it is the one that is understood when it is missing.
    fn unless_zero(&mut self, out: &mut Vec<u8>, number: u32, kind: Kind, json: &Value) -> Result<(), JsonError> {
        let start = out.len();
        self.value(out, number, kind, json)?;
        if let Ok(Some((_, raw))) = Fields(&out[start..]).next()
            && raw.is_zero()
        {
            out.truncate(start);
        }
        Ok(())
    }

    fn value(&mut self, out: &mut Vec<u8>, number: u32, kind: Kind, json: &Value) -> Result<(), JsonError> {
        match kind {
            Kind::Message(id) => {
                let inner = self.message(id, json)?;
                put_bytes(out, number, &inner);
            }
            Kind::String => {
                let text = json.as_str().ok_or_else(|| self.mismatch("expected a string"))?;
                put_bytes(out, number, text.as_bytes());
            }
            Kind::Bytes => {
                let bytes = json.as_str().and_then(parse_bytes).ok_or_else(|| self.mismatch("expected base64"))?;
                put_bytes(out, number, &bytes);
            }
            _ => {
                let wire_type = match kind {
                    Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => 5,
                    Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => 1,
                    _ => 0,
                };
                put_varint(out, u64::from(number) << 3 | wire_type);
                self.scalar(out, kind, json)?;
            }
        }
        Ok(())
    }

    /// A number, flag or enum value without its key.
    fn scalar(&self, out: &mut Vec<u8>, kind: Kind, json: &Value) -> Result<(), JsonError> {
        match kind {
            Kind::Bool => {
                let flag = json.as_bool().ok_or_else(|| self.mismatch("expected true or false"))?;
                put_varint(out, flag.into());
            }
            Kind::Int32 => put_varint(out, i64::from(self.integer::<i32>(json)?) as u64),
            Kind::Sint32 => put_varint(out, zigzag(self.integer::<i32>(json)?.into())),
            Kind::Sfixed32 => out.extend_from_slice(&self.integer::<i32>(json)?.to_le_bytes()),
            Kind::Uint32 => put_varint(out, self.integer::<u32>(json)?.into()),
            Kind::Fixed32 => out.extend_from_slice(&self.integer::<u32>(json)?.to_le_bytes()),
            Kind::Int64 => put_varint(out, self.integer::<i64>(json)? as u64),
            Kind::Sint64 => put_varint(out, zigzag(self.integer(json)?)),
            Kind::Sfixed64 => out.extend_from_slice(&self.integer::<i64>(json)?.to_le_bytes()),
            Kind::Uint64 => put_varint(out, self.integer(json)?),
            Kind::Fixed64 => out.extend_from_slice(&self.integer::<u64>(json)?.to_le_bytes()),
            Kind::Float => {
                let wide = self.float(json)?;
                let value = wide as f32;
                if value.is_infinite() && wide.is_finite() {
                    return Err(self.mismatch("the number is out of range"));
                }
                out.extend_from_slice(&value.to_le_bytes());
            }
            Kind::Double => out.extend_from_slice(&self.float(json)?.to_le_bytes()),
            Kind::Enum(id) => {
                let number = match json.as_str() {
                    Some(name) => self.schema.enumeration(id).number(name),
                    None => self.integer::<i32>(json).ok(),
                };
                let number = number.ok_or_else(|| self.mismatch(format!("{json} is no value of this enum")))?;
                put_varint(out, i64::from(number) as u64);
            }
            Kind::String | Kind::Bytes | Kind::Message(_) => return Err(self.mismatch("expected a number")),
        }
        Ok(())
    }

    /// An integer, as a number or as text; `1.0` and `1e3` are integers too.
    fn integer<T: TryFrom<i128>>(&self, json: &Value) -> Result<T, JsonError> {
        let text = match json {
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.clone(),
            _ => return Err(self.mismatch("expected an integer")),
        };
        let whole = text.parse::<i128>().ok().or_else(|| {
            let number: f64 = text.parse().ok()?;
            (number.fract() == 0.0 && number.abs() < 1e19).then_some(number as i128)
        });
        let whole = whole.ok_or_else(|| self.mismatch("expected an integer"))?;
        T::try_from(whole).map_err(|_| self.mismatch("the number is out of range"))
    }

    fn float(&self, json: &Value) -> Result<f64, JsonError> {
        match json {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => match text.as_str() {
                "NaN" => Some(f64::NAN),
                "Infinity" => Some(f64::INFINITY),
                "-Infinity" => Some(f64::NEG_INFINITY),
                text => text.parse().ok().filter(|number: &f64| number.is_finite()),
            },
            _ => None,
        }
        .ok_or_else(|| self.mismatch("expected a number"))
    }

    fn any(&mut self, json: &Value) -> Result<Vec<u8>, JsonError> {
        let members = self.object(json)?;
        if members.is_empty() {
            return Ok(Vec::new());
        }
        let url = members.get("@type").and_then(Value::as_str).filter(|url| !url.is_empty());
        let url = url.ok_or_else(|| self.mismatch("an Any needs \"@type\""))?;
        let id = self.schema.find(crate::any::full_name(url)).ok_or_else(|| JsonError::UnknownType(url.to_owned()))?;
        let shape = self.schema.message(id);
        let value = if shape.form == Form::Fields {
            self.fields(shape, members, true)?
        } else {
            if members.len() != 2 {
                return Err(self.mismatch("this Any holds \"@type\" and \"value\", nothing else"));
            }
            let value = members.get("value").ok_or_else(|| self.mismatch("this Any needs \"value\""))?;
            self.path.push("value".to_owned());
            let value = self.message(id, value)?;
            self.path.pop();
            value
        };
        let mut out = Vec::new();
        put_bytes(&mut out, 1, url.as_bytes());
        if !value.is_empty() {
            put_bytes(&mut out, 2, &value);
        }
        Ok(out)
    }

    fn object<'v>(&self, json: &'v Value) -> Result<&'v Map<String, Value>, JsonError> {
        json.as_object().ok_or_else(|| self.mismatch("expected an object"))
    }

    /// Null is a value of its own for `google.protobuf.Value`; for everything else it means "not set".
    fn takes_null(&self, field: &FieldShape) -> bool {
        matches!(field.kind, Kind::Message(id) if self.schema.message(id).form == Form::Value)
    }

    fn mismatch(&self, reason: impl Into<String>) -> JsonError {
        JsonError::Mismatch { path: self.path.join("."), reason: reason.into() }
    }
}
