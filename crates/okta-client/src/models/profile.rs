//! Profiles, which differ from org to org, kept as raw JSON and parsed on demand.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::page::repair;

/// Parses a raw profile. The members keep the order in which Okta sent them.
///
/// A text that JSON's grammar allows but Unicode does not (half of a surrogate pair) is kept with a replacement
/// character in place of the half.
#[must_use]
pub fn profile_members(profile: &RawValue) -> Map<String, Value> {
    serde_json::from_str(profile.get())
        .or_else(|_| serde_json::from_str(&repair(profile.get().as_bytes())))
        .unwrap_or_default()
}

/// The members of a profile for reading, usually without a copy of their texts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attributes<'a>(Vec<(Cow<'a, str>, Attribute<'a>)>);

/// The value of a member of a profile.
#[derive(Debug, Clone, PartialEq)]
pub enum Attribute<'a> {
    /// A text, as most of them are.
    Text(Cow<'a, str>),
    /// Anything else.
    Other(Value),
}

impl<'a> Attributes<'a> {
    /// Up to this number, duplicate keys are found by a linear search; larger profiles fall back to [`profile_members`].
    const MAX_UNINDEXED: usize = 64;

    pub(super) fn from_raw(profile: &'a RawValue) -> Self {
        serde_json::from_str(profile.get()).unwrap_or_else(|_| profile_members(profile).into())
    }

    /// Returns whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the text under `key`, if there is one.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(of, _)| of == key).and_then(|(_, value)| value.as_text())
    }

    /// Returns all members that are texts, in their order.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|(key, value)| Some((&**key, value.as_text()?)))
    }
}

impl<'a> IntoIterator for Attributes<'a> {
    type Item = (Cow<'a, str>, Attribute<'a>);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl From<Map<String, Value>> for Attributes<'_> {
    fn from(members: Map<String, Value>) -> Self {
        let attribute = |value| match value {
            Value::String(text) => Attribute::Text(text.into()),
            other => Attribute::Other(other),
        };
        Self(members.into_iter().map(|(key, value)| (key.into(), attribute(value))).collect())
    }
}

impl Attribute<'_> {
    fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Other(_) => None,
        }
    }
}

impl<'de> Deserialize<'de> for Attributes<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(AttributesVisitor)
    }
}

struct AttributesVisitor;

impl<'de> Visitor<'de> for AttributesVisitor {
    type Value = Attributes<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a profile")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Attributes<'de>, A::Error> {
        let mut members: Vec<(Cow<'de, str>, Attribute<'de>)> = Vec::with_capacity(Attributes::MAX_UNINDEXED / 2);
        // A Bloom filter of the keys so far: only keys that share a bit are searched for.
        let mut seen_bits = 0;
        while let Some((Attribute::Text(key), value)) = map.next_entry()? {
            let bit = 1_u64 << (key.bytes().fold(0, |bit: u8, byte| bit.rotate_left(3) ^ byte) % 64);
            let known = seen_bits & bit != 0;
            seen_bits |= bit;
            if known && let Some((_, earlier)) = members.iter_mut().find(|(known, _)| *known == key) {
                *earlier = value;
            } else if members.len() == Attributes::MAX_UNINDEXED {
                return Err(A::Error::custom("not few"));
            } else {
                members.push((key, value));
            }
        }
        Ok(Attributes(members))
    }
}

impl<'de> Deserialize<'de> for Attribute<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AttributeVisitor)
    }
}

struct AttributeVisitor;

impl<'de> Visitor<'de> for AttributeVisitor {
    type Value = Attribute<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Attribute<'de>, E> {
        Ok(Attribute::Text(text.into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Attribute<'de>, E> {
        Ok(Attribute::Text(text.to_owned().into()))
    }

    fn visit_unit<E>(self) -> Result<Attribute<'de>, E> {
        Ok(Attribute::Other(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Attribute<'de>, E> {
        Ok(Attribute::Other(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Attribute<'de>, E> {
        Ok(Attribute::Other(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Attribute<'de>, E> {
        Ok(Attribute::Other(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Attribute<'de>, E> {
        Ok(Attribute::Other(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Attribute<'de>, A::Error> {
        Value::deserialize(SeqAccessDeserializer::new(seq)).map(Attribute::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Attribute<'de>, A::Error> {
        Value::deserialize(MapAccessDeserializer::new(map)).map(Attribute::Other)
    }
}
