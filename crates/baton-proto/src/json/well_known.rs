//! Well-known types with a JSON form of their own. `Any`, the wrappers and what `Struct` is made of are written by the
//! writer itself, straight from the bytes.

use prost::Message;
use prost_types::value::Kind;
use prost_types::{Duration, FieldMask, ListValue, Struct, Timestamp, Value};
use serde_json::Value as Json;

use super::scalar::push_text;
use super::schema::Form;
use super::time::{parse_duration, parse_timestamp, push_duration, push_timestamp};

const DAMAGED: &str = "its binary form is damaged";

/// Appends a time, a duration or a field mask; says what is wrong if it has no JSON form.
pub(super) fn push(out: &mut String, form: Form, encoded: &[u8]) -> Result<(), &'static str> {
    match form {
        Form::Timestamp => {
            let time: Timestamp = decode(encoded)?;
            out.push('"');
            push_timestamp(out, time.seconds, time.nanos).ok_or("a time is outside the years 1 to 9999")?;
            out.push('"');
        }
        Form::Duration => {
            let span: Duration = decode(encoded)?;
            out.push('"');
            push_duration(out, span.seconds, span.nanos).ok_or("a duration is out of range")?;
            out.push('"');
        }
        Form::FieldMask => {
            let mask: FieldMask = decode(encoded)?;
            let paths: Vec<_> = mask.paths.iter().map(|path| camel(path)).collect();
            push_text(out, &paths.join(","));
        }
        Form::Fields | Form::Any | Form::Wrapper | Form::Empty | Form::Struct | Form::Value | Form::ListValue => {}
    }
    Ok(())
}

fn decode<M: Message + Default>(encoded: &[u8]) -> Result<M, &'static str> {
    M::decode(encoded).map_err(|_| DAMAGED)
}

/// The binary form of such a message from its JSON; says what was expected if it does not fit.
pub(super) fn parse(form: Form, json: &Json) -> Result<Vec<u8>, &'static str> {
    let text = json.as_str();
    match form {
        Form::Timestamp => {
            let parsed = text.and_then(parse_timestamp).ok_or("expected a time such as 2024-01-02T03:04:05Z")?;
            Ok(Timestamp { seconds: parsed.0, nanos: parsed.1 }.encode_to_vec())
        }
        Form::Duration => {
            let parsed = text.and_then(parse_duration).ok_or("expected a duration such as 1.5s")?;
            Ok(Duration { seconds: parsed.0, nanos: parsed.1 }.encode_to_vec())
        }
        Form::FieldMask => {
            let paths = text.ok_or("expected field names joined by commas")?.split(',').filter(|path| !path.is_empty());
            Ok(FieldMask { paths: paths.map(snake).collect() }.encode_to_vec())
        }
        Form::Struct => json.is_object().then(|| struct_of(json).encode_to_vec()).ok_or("expected an object"),
        Form::ListValue => json.is_array().then(|| list_of(json).encode_to_vec()).ok_or("expected a list"),
        Form::Value => Ok(value_of(json).encode_to_vec()),
        Form::Empty => {
            let empty = json.as_object().is_some_and(serde_json::Map::is_empty);
            empty.then(Vec::new).ok_or("expected an empty object")
        }
        Form::Fields | Form::Any | Form::Wrapper => Err("expected another form"),
    }
}

fn value_of(json: &Json) -> Value {
    let kind = match json {
        Json::Null => Kind::NullValue(0),
        Json::Bool(flag) => Kind::BoolValue(*flag),
        // Numbers of a struct are doubles; larger integers lose digits, as everywhere in protobuf JSON.
        Json::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or_default()),
        Json::String(text) => Kind::StringValue(text.clone()),
        Json::Array(_) => Kind::ListValue(list_of(json)),
        Json::Object(_) => Kind::StructValue(struct_of(json)),
    };
    Value { kind: Some(kind) }
}

fn struct_of(json: &Json) -> Struct {
    let members = json.as_object().into_iter().flatten();
    Struct { fields: members.map(|(key, value)| (key.clone(), value_of(value))).collect() }
}

fn list_of(json: &Json) -> ListValue {
    ListValue { values: json.as_array().into_iter().flatten().map(value_of).collect() }
}

fn camel(snake: &str) -> String {
    let mut out = String::with_capacity(snake.len());
    let mut upper = false;
    for c in snake.chars() {
        match c {
            '_' => upper = true,
            c if upper => {
                out.extend(c.to_uppercase());
                upper = false;
            }
            c => out.push(c),
        }
    }
    out
}

fn snake(camel: &str) -> String {
    let mut out = String::with_capacity(camel.len() + 4);
    for c in camel.chars() {
        if c.is_uppercase() {
            out.push('_');
            out.extend(c.to_lowercase());
        } else {
            out.push(c);
        }
    }
    out
}
