//! Deserializes members and records without failing on their content.
//!
//! The two macros generate what `serde`'s derive would, with three differences: a member of the wrong type becomes `None`,
//! a key that occurs twice is no error (the last readable value counts), and a record without an id is distinguished from
//! broken JSON.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// An object of Okta's that has an id.
///
/// Implemented by the models of this crate only.
pub trait Record: Sized + Send + 'static {
    /// Its name in messages, for example `group`.
    const KIND: &'static str;

    /// Reads the members of a JSON object; the inner `None` means that it has no id.
    ///
    /// # Errors
    ///
    /// Broken JSON only.
    #[doc(hidden)]
    fn read<'de, A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error>;
}

/// A record of a list that could not be parsed. The rest of the list is not affected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Its id, if that could be parsed.
    pub id: Option<String>,
    /// The reason.
    pub reason: String,
}

/// A value of a member. Deserializing it fails only if the JSON itself is broken.
pub(crate) trait Field: Default {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;

    /// Merges a later value of the same member.
    fn merge(&mut self, later: Self);
}

/// Deserializes one member as `T`.
pub(crate) struct FieldSeed<T>(PhantomData<T>);

impl<T> FieldSeed<T> {
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<'de, T: Field> DeserializeSeed<'de> for FieldSeed<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        T::read(deserializer)
    }
}

/// Maps a key to a value without keeping its text.
pub(crate) struct KeySeed<F>(pub(crate) F);

impl<'de, K, F: FnOnce(&[u8]) -> K> DeserializeSeed<'de> for KeySeed<F> {
    type Value = K;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<K, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<K, F: FnOnce(&[u8]) -> K> Visitor<'_> for KeySeed<F> {
    type Value = K;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<K, E> {
        Ok((self.0)(key.as_bytes()))
    }

    fn visit_bytes<E>(self, key: &[u8]) -> Result<K, E> {
        Ok((self.0)(key))
    }
}

/// An interned word, such as a status: the longest lists have some in every record, and known ones are not allocated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word(Cow<'static, str>);

impl Word {
    const KNOWN: [&'static str; 15] = [
        "ACTIVE",
        "USER",
        "GROUP",
        "PROVISIONED",
        "DEPROVISIONED",
        "STAGED",
        "SUSPENDED",
        "PASSWORD_EXPIRED",
        "LOCKED_OUT",
        "RECOVERY",
        "INACTIVE",
        "APPROVED",
        "IMPLICIT",
        "IMPORTED",
        "PENDING",
    ];
}

impl From<&str> for Word {
    fn from(word: &str) -> Self {
        let known = Self::KNOWN.into_iter().find(|known| *known == word);
        Self(known.map_or_else(|| Cow::Owned(word.to_owned()), Cow::Borrowed))
    }
}

impl std::ops::Deref for Word {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// A scalar of any type.
enum Scalar<T> {
    Text(T),
    Flag(bool),
    Count(u64),
    /// Null, an array, an object, or a number that is no count.
    Other,
}

impl<T> Scalar<T> {
    fn text(self) -> Option<T> {
        match self {
            Self::Text(text) => Some(text),
            Self::Flag(_) | Self::Count(_) | Self::Other => None,
        }
    }
}

/// Deserializes strings as `T`.
struct ScalarVisitor<T>(PhantomData<T>);

impl<'de, T: for<'a> From<&'a str>> Visitor<'de> for ScalarVisitor<T> {
    type Value = Scalar<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar<T>, E> {
        Ok(Scalar::Text(T::from(text)))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Scalar<T>, E> {
        Ok(Scalar::Flag(flag))
    }

    fn visit_u64<E>(self, count: u64) -> Result<Scalar<T>, E> {
        Ok(Scalar::Count(count))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Scalar<T>, E> {
        Ok(Scalar::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Scalar<T>, E> {
        Ok(Scalar::Other)
    }

    fn visit_unit<E>(self) -> Result<Scalar<T>, E> {
        Ok(Scalar::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Scalar<T>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar<T>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }
}

macro_rules! scalar_member {
    ($type:ty, $text:ty, $scalar:ident => $value:expr) => {
        impl Field for Option<$type> {
            fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let $scalar = deserializer.deserialize_any(ScalarVisitor::<$text>(PhantomData))?;
                Ok($value)
            }

            fn merge(&mut self, later: Self) {
                if later.is_some() {
                    *self = later;
                }
            }
        }
    };
}

scalar_member!(String, String, scalar => scalar.text());
scalar_member!(Word, Word, scalar => scalar.text());
scalar_member!(u64, String, scalar => match scalar {
    Scalar::Count(count) => Some(count),
    Scalar::Text(text) => text.parse().ok(),
    Scalar::Flag(_) | Scalar::Other => None,
});
scalar_member!(bool, String, scalar => match scalar {
    Scalar::Flag(flag) => Some(flag),
    Scalar::Text(text) => text.parse().ok(),
    Scalar::Count(_) | Scalar::Other => None,
});
scalar_member!(super::Time, String, scalar => scalar.text().map(super::Time::new));

/// The largest number of strings of a list inside a record. The longest of Okta's, the users whom a group rule excludes,
/// has a hundred.
const MAX_TEXTS: usize = 10_000;

/// A list of strings. Other elements are skipped, and other values are read as an empty list. A record with a list that is
/// longer than any of Okta's is rejected.
impl Field for Vec<String> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextsVisitor)
    }

    fn merge(&mut self, later: Self) {
        if !later.is_empty() {
            *self = later;
        }
    }
}

struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<String>, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = seq.next_element_seed(FieldSeed::<Option<String>>::new())? {
            texts.extend(text);
            if texts.len() > MAX_TEXTS {
                return Err(A::Error::custom(format!("a list of more than {MAX_TEXTS} texts")));
            }
        }
        Ok(texts)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<String>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Vec::new())
    }

    fn visit_str<E>(self, _: &str) -> Result<Vec<String>, E> {
        Ok(Vec::new())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Vec<String>, E> {
        Ok(Vec::new())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Vec<String>, E> {
        Ok(Vec::new())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Vec<String>, E> {
        Ok(Vec::new())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Vec<String>, E> {
        Ok(Vec::new())
    }

    fn visit_unit<E>(self) -> Result<Vec<String>, E> {
        Ok(Vec::new())
    }
}

/// The largest number of bytes of a part of a record that is kept as raw JSON. A profile has a few kilobytes. Parsed, it
/// can need thirty times the memory.
const MAX_RAW_BYTES: usize = 1 << 20;

/// Checks that `raw` is small enough to be kept.
pub(super) fn check_size<E: serde::de::Error>(raw: &RawValue) -> Result<(), E> {
    if raw.get().len() > MAX_RAW_BYTES {
        return Err(E::custom(format!("a part of more than {} MiB", MAX_RAW_BYTES >> 20)));
    }
    Ok(())
}

/// A JSON object kept as raw text; anything but an object is `None`. A record with one that is larger than any of Okta's is
/// rejected.
impl Field for Option<Box<RawValue>> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <Box<RawValue> as serde::Deserialize>::deserialize(deserializer)?;
        check_size::<D::Error>(&raw)?;
        Ok(raw.get().starts_with('{').then_some(raw))
    }

    fn merge(&mut self, later: Self) {
        if later.is_some() {
            *self = later;
        }
    }
}

/// Deserializes an object inside a record; anything but an object is read as one without members.
pub(crate) struct PartVisitor<T>(PhantomData<T>);

impl<T> PartVisitor<T> {
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }
}

/// An object inside a record.
pub(crate) trait Part: Default {
    fn read_members<'de, A: MapAccess<'de>>(map: A) -> Result<Self, A::Error>;
}

impl<'de, T: Part> Visitor<'de> for PartVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::read_members(map)
    }

    fn visit_str<E>(self, _: &str) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<T, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(T::default())
    }
}

/// Reads the members of a map into local variables; the body of both macros below.
macro_rules! read_members {
    ($map:ident { $( $field:ident = $key:literal $(| $alias:literal)* ),* $(,)? }) => {{
        #[allow(non_camel_case_types)]
        enum Known { $( $field, )* Other }
        let seed = || $crate::models::lenient::KeySeed(|key: &[u8]| {
            $( if key == $key.as_bytes() $(|| key == $alias.as_bytes())* { return Known::$field; } )*
            Known::Other
        });
        while let Some(key) = $map.next_key_seed(seed())? {
            match key {
                $( Known::$field => {
                    let value = $map.next_value_seed($crate::models::lenient::FieldSeed::new())?;
                    $crate::models::lenient::Field::merge(&mut $field, value);
                } )*
                Known::Other => { $map.next_value::<serde::de::IgnoredAny>()?; }
            }
        }
    }};
}

/// Declares a model with an id: `name: type = "key" | "other spelling"`.
macro_rules! record {
    (
        $(#[$meta:meta])*
        pub struct $name:ident as $kind:literal {
            $( $(#[$field_meta:meta])* pub $field:ident : $type:ty = $key:literal $(| $alias:literal)* ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Default)]
        pub struct $name {
            /// Its id, never empty.
            pub id: String,
            $( $(#[$field_meta])* pub $field: $type, )*
        }

        impl $crate::models::Record for $name {
            const KIND: &'static str = $kind;

            fn read<'de, A: serde::de::MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
                let mut id: Option<String> = None;
                $( let mut $field: $type = Default::default(); )*
                $crate::models::lenient::read_members!(map {
                    id = "id" $( , $field = $key $(| $alias)* )*
                });
                Ok(id.filter(|id| !id.is_empty()).map(|id| Self { id, $( $field ),* }))
            }
        }
    };
}

/// Declares an object inside a record, which has no id.
macro_rules! part {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $( $(#[$field_meta:meta])* pub $field:ident : $type:ty = $key:literal $(| $alias:literal)* ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        $vis struct $name {
            $( $(#[$field_meta])* pub $field: $type, )*
        }

        impl $crate::models::lenient::Part for $name {
            fn read_members<'de, A: serde::de::MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
                $( let mut $field: $type = Default::default(); )*
                $crate::models::lenient::read_members!(map { $( $field = $key $(| $alias)* ),* });
                Ok(Self { $( $field ),* })
            }
        }

        impl $crate::models::lenient::Field for $name {
            fn read<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any($crate::models::lenient::PartVisitor::new())
            }

            fn merge(&mut self, later: Self) {
                $( $crate::models::lenient::Field::merge(&mut self.$field, later.$field); )*
            }
        }
    };
}

pub(crate) use {part, read_members, record};

part! {
    /// A link to something else.
    pub struct Link {
        /// The target, an absolute URL.
        pub href: Option<String> = "href",
    }
}

impl Link {
    /// Returns the last segment of the path, which is the id of the target.
    #[must_use]
    pub fn last_segment(&self) -> Option<&str> {
        let href = self.href.as_deref()?;
        let path = href.split(['?', '#']).next().unwrap_or(href);
        let segment = path.trim_end_matches('/').rsplit('/').next()?;
        (!segment.is_empty()).then_some(segment)
    }
}
