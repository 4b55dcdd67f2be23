//! JSON objects as protobuf `Struct`s, the form of a resource's profile, and back.

use std::borrow::Cow;

use baton_proto::{Message, wire};
use okta_client::models::Attribute;
use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value};
use serde_json::{Map, Value as Json};

/// How deep objects and arrays may nest in one profile attribute. Each object takes three levels of protobuf messages,
/// and readers give up at 100 levels; a profile sits inside other messages that need some of them too.
const MAX_DEPTH: usize = 24;

/// A profile being put together.
#[derive(Debug, Default)]
pub(crate) struct Profile(Struct);

/// A value nests deeper than readers can follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooDeep;

impl Profile {
    /// Sets a text attribute.
    pub(crate) fn text(mut self, key: &str, value: impl Into<String>) -> Self {
        self.0.fields.insert(key.to_owned(), text(value));
        self
    }

    /// Sets a number attribute if the number is known.
    pub(crate) fn count(mut self, key: &str, value: Option<u64>) -> Self {
        if let Some(value) = value {
            self.0.fields.insert(key.to_owned(), of_kind(Kind::NumberValue(value as f64)));
        }
        self
    }

    /// Sets an attribute to null.
    pub(crate) fn null(mut self, key: &str) -> Self {
        self.0.fields.insert(key.to_owned(), of_kind(Kind::NullValue(0)));
        self
    }

    /// Sets an attribute to any JSON value. One that nests too deeply to be stored is left out.
    pub(crate) fn json(&mut self, key: &str, value: &Json) -> Result<(), TooDeep> {
        let value = convert(value, MAX_DEPTH).ok_or(TooDeep)?;
        self.0.fields.insert(key.to_owned(), value);
        Ok(())
    }

    /// The finished profile.
    pub(crate) fn build(self) -> Struct {
        self.0
    }
}

/// A profile that is only written: of the many attributes of a large org's users none is copied.
#[derive(Debug, Default)]
pub(crate) struct WrittenProfile<'a>(Vec<(Cow<'a, str>, Written<'a>)>);

#[derive(Debug)]
enum Written<'a> {
    Text(Cow<'a, str>),
    Other(Value),
}

impl<'a> WrittenProfile<'a> {
    /// Room for so many attributes.
    pub(crate) fn with_capacity(attributes: usize) -> Self {
        Self(Vec::with_capacity(attributes))
    }

    /// Sets an attribute to that of an Okta profile. One that nests too deeply to be stored is left out, and its key given
    /// back.
    pub(crate) fn attribute(&mut self, key: Cow<'a, str>, value: Attribute<'a>) -> Result<(), Cow<'a, str>> {
        let written = match value {
            Attribute::Text(text) => Written::Text(text),
            Attribute::Other(value) => match convert(&value, MAX_DEPTH) {
                Some(value) => Written::Other(value),
                None => return Err(key),
            },
        };
        self.0.push((key, written));
        Ok(())
    }

    /// Sets a text attribute.
    pub(crate) fn text(&mut self, key: &'static str, value: &'a str) {
        self.0.push((key.into(), Written::Text(value.into())));
    }

    /// Sets an attribute to null.
    pub(crate) fn null(&mut self, key: &'static str) {
        self.0.push((key.into(), Written::Other(of_kind(Kind::NullValue(0)))));
    }

    /// Writes the profile as the field `field` of a message. What was set last under a key counts.
    pub(crate) fn write(mut self, out: &mut Vec<u8>, field: u32) {
        self.0.sort_by(|(one, _), (other, _)| one.cmp(other));
        wire::nested(out, field, |out| {
            for (at, (key, value)) in self.0.iter().enumerate() {
                if self.0.get(at + 1).is_none_or(|(next, _)| next != key) {
                    value.write_under(key, out);
                }
            }
        });
    }
}

impl Written<'_> {
    /// 1 fields: map<string, Value>, whose entries have 1 key and 2 value. A text is field 3 of a `Value`.
    fn write_under(&self, key: &str, out: &mut Vec<u8>) {
        let value_len = match self {
            Self::Text(text) => wire::field_len(3, text.len()),
            Self::Other(value) => value.encoded_len(),
        };
        wire::open(out, 1, wire::text_len(1, key) + wire::field_len(2, value_len));
        wire::text(out, 1, key);
        match self {
            Self::Text(text) => {
                wire::open(out, 2, value_len);
                wire::open(out, 3, text.len());
                out.extend_from_slice(text.as_bytes());
            }
            Self::Other(value) => wire::message(out, 2, value),
        }
    }
}

/// The members of a `Struct` as JSON. Whole numbers lose the fraction that `Struct` gives to all; what JSON has no words
/// for (infinity) becomes null.
pub(crate) fn to_json(object: &Struct) -> Map<String, Json> {
    object.fields.iter().map(|(key, value)| (key.clone(), value_to_json(value))).collect()
}

fn value_to_json(value: &Value) -> Json {
    match &value.kind {
        None | Some(Kind::NullValue(_)) => Json::Null,
        Some(Kind::BoolValue(on)) => (*on).into(),
        Some(Kind::StringValue(text)) => text.as_str().into(),
        Some(Kind::NumberValue(number)) => number_to_json(*number),
        Some(Kind::ListValue(list)) => list.values.iter().map(value_to_json).collect(),
        Some(Kind::StructValue(object)) => Json::Object(to_json(object)),
    }
}

fn number_to_json(number: f64) -> Json {
    /// The largest whole number up to which a double is exact.
    const EXACT: f64 = 9_007_199_254_740_991.0;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "it is a whole number in the range of i64")]
        return (number as i64).into();
    }
    number.into()
}

fn of_kind(kind: Kind) -> Value {
    Value { kind: Some(kind) }
}

fn text(value: impl Into<String>) -> Value {
    of_kind(Kind::StringValue(value.into()))
}

/// The same value as protobuf; numbers become doubles, as `Struct` has no others. `None` if it nests deeper than
/// `depth`.
fn convert(value: &Json, depth: usize) -> Option<Value> {
    Some(of_kind(match value {
        Json::Null => Kind::NullValue(0),
        Json::Bool(value) => Kind::BoolValue(*value),
        Json::Number(number) => Kind::NumberValue(number.as_f64()?),
        Json::String(value) => Kind::StringValue(value.clone()),
        Json::Array(values) => {
            let depth = depth.checked_sub(1)?;
            let values = values.iter().map(|value| convert(value, depth)).collect::<Option<_>>()?;
            Kind::ListValue(ListValue { values })
        }
        Json::Object(members) => {
            let depth = depth.checked_sub(1)?;
            let fields = members
                .iter()
                .map(|(key, value)| Some((key.clone(), convert(value, depth)?)))
                .collect::<Option<_>>()?;
            Kind::StructValue(Struct { fields })
        }
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use baton_proto::c1::connector::v2::{Entitlement, Resource};
    use serde_json::json;

    use super::*;

    fn nested(depth: usize) -> Json {
        (0..depth).fold(json!("core"), |inner, _| json!({ "k": inner }))
    }

    #[test]
    fn every_kind_of_value_is_kept() {
        let value = json!({"s": "x", "e": "", "n": 42, "f": 1.5, "neg": -3, "b": false, "z": null, "l": [1, "two", null], "o": {"p": []}});
        let mut profile = Profile::default();
        profile.json("all", &value).unwrap();
        let profile = profile.text("t", "y").count("c", Some(3)).count("none", None).null("nil").build();
        let Some(Kind::StructValue(all)) = &profile.fields["all"].kind else { panic!("no struct") };
        let kind = |key: &str| all.fields[key].kind.clone().unwrap();
        assert_eq!(kind("s"), Kind::StringValue("x".to_owned()));
        assert_eq!(kind("e"), Kind::StringValue(String::new()));
        assert_eq!(kind("n"), Kind::NumberValue(42.0));
        assert_eq!(kind("f"), Kind::NumberValue(1.5));
        assert_eq!(kind("neg"), Kind::NumberValue(-3.0));
        assert_eq!(kind("b"), Kind::BoolValue(false));
        assert_eq!(kind("z"), Kind::NullValue(0));
        let list = vec![of_kind(Kind::NumberValue(1.0)), text("two"), of_kind(Kind::NullValue(0))];
        assert_eq!(kind("l"), Kind::ListValue(ListValue { values: list }));
        assert_eq!(profile.fields.keys().collect::<Vec<_>>(), ["all", "c", "nil", "t"]);
    }

    #[test]
    fn a_written_profile_is_the_built_one() {
        let value = json!({"n": 42, "l": [1, "two", null], "o": {"p": []}, "long": "x".repeat(200)});
        let (mut built, mut written) = (Profile::default(), WrittenProfile::default());
        for (key, value) in
            [("b", value.clone()), ("", json!("no key")), ("a", json!(true)), ("b", json!("later")), ("c", value)]
        {
            built.json(key, &value).unwrap();
            let value = match &value {
                Json::String(text) => Attribute::Text(text.clone().into()),
                other => Attribute::Other(other.clone()),
            };
            written.attribute(key.into(), value).unwrap();
        }
        let deep = Attribute::Other(nested(MAX_DEPTH + 1));
        assert_eq!(written.attribute("deep".into(), deep), Err("deep".into()));
        built = built.text("empty", "").null("nil").text("a", "last");
        written.text("empty", "");
        written.null("nil");
        written.text("a", "last");
        let mut out = Vec::new();
        written.write(&mut out, 9);
        assert_eq!(out, Resource { profile: Some(built.build()), ..Resource::default() }.encode_to_vec());
    }

    #[test]
    fn json_comes_back_as_it_was() {
        let value = json!({"s": "x", "n": 42, "f": 1.5, "neg": -3, "b": false, "z": null, "l": [1, "two", null], "o": {"p": []}});
        let mut profile = Profile::default();
        profile.json("all", &value).unwrap();
        assert_eq!(to_json(&profile.build())["all"], value);
        let infinite = of_kind(Kind::NumberValue(f64::INFINITY));
        assert_eq!(value_to_json(&infinite), Json::Null);
    }

    #[test]
    fn what_is_stored_can_be_read_again() {
        let mut profile = Profile::default();
        profile.json("deep", &nested(MAX_DEPTH)).unwrap();
        assert_eq!(profile.json("deeper", &nested(MAX_DEPTH + 1)), Err(TooDeep));
        // The deepest place in which a profile is ever stored: a resource in an entitlement.
        let resource = Resource { profile: Some(profile.build()), ..Resource::default() };
        let entitlement = Entitlement { resource: Some(resource), ..Entitlement::default() };
        assert_eq!(Entitlement::decode(entitlement.encode_to_vec().as_slice()).unwrap(), entitlement);
    }
}
