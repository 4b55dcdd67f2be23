//! Bodies to records: one object, or a list of them in either of Okta's two forms.
//!
//! A list is read straight from its bytes in one pass, by the quick reader, or by `serde_json` if that one gives up. Only
//! when both fail over something that is no fault of the grammar (half a surrogate pair, bytes that are no UTF-8, a
//! number beyond all bounds) is it repaired and read element by element, so that one such record costs only itself.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::lenient::{Key, Link, Record, Unreadable, Value, part};
use super::quick;

/// The records of one page.
#[derive(Debug, Clone)]
pub struct List<T> {
    /// What could be read, in Okta's order.
    pub items: Vec<T>,
    /// What could not.
    pub unreadable: Vec<Unreadable>,
    /// The link to the next page, if the body names one (`_links.next.href`).
    pub next: Option<String>,
}

/// Why a body is not what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct NotJson {
    reason: String,
    cut: bool,
}

impl NotJson {
    fn wrong(reason: String) -> Self {
        Self { reason, cut: false }
    }

    fn broken(error: &serde_json::Error) -> Self {
        Self { reason: format!("no JSON: {error}"), cut: error.is_eof() }
    }

    /// Whether the body ends in the middle, as when a connection broke.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.cut
    }
}

/// Reads one record from the body of an answer.
///
/// # Errors
///
/// If the body is no JSON object, or has no id.
pub fn record_from_json<T: Record>(body: &[u8]) -> Result<T, NotJson> {
    let element: Element<T> = serde_json::from_slice(body)
        .or_else(|_| serde_json::from_str(&repaired(body)))
        .map_err(|e| NotJson::broken(&e))?;
    match element {
        Element::Read(record) => Ok(record),
        Element::Bad(bad) => Err(NotJson::wrong(bad.reason)),
    }
}

/// Reads the records of a list from the body of an answer: a bare array, or an object with the array under `key` (as
/// `/iam/*` sends it).
///
/// # Errors
///
/// If the body is neither. An array that is missing is an error, not an empty list.
pub fn list_from_json<T: Record>(body: &[u8], key: Option<&str>) -> Result<List<T>, NotJson> {
    quick_list_from_json(body, key).unwrap_or_else(|| strict_list_from_json(body, key))
}

/// What [`list_from_json`] gives if the quick reader does not give up.
pub(super) fn quick_list_from_json<T: Record>(body: &[u8], key: Option<&str>) -> Option<Result<List<T>, NotJson>> {
    quick::read(body, BodySeed::<Whole<T>>::new(key)).ok().map(|page| page.into_list(key))
}

/// What [`list_from_json`] gives without the quick reader.
pub(super) fn strict_list_from_json<T: Record>(body: &[u8], key: Option<&str>) -> Result<List<T>, NotJson> {
    let broken = match read_list::<Whole<T>>(body, key) {
        Ok(page) => return page.into_list(key),
        Err(error) => error,
    };
    let text = repaired(body);
    let Ok(page) = read_list::<OneByOne<T>>(text.as_bytes(), key) else {
        return Err(NotJson::broken(&broken));
    };
    page.into_list(key)
}

/// The text of `body` with what no JSON text may contain replaced: bytes that are no UTF-8, halves of surrogate pairs.
pub(super) fn repaired(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let bytes = text.as_bytes();
    let mut fixed = String::with_capacity(text.len());
    let mut done = 0;
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != b'\\' {
            at += 1;
            continue;
        }
        let Some(unit) = escaped_unit(bytes, at) else {
            at += 2;
            continue;
        };
        let low = escaped_unit(bytes, at + 6).filter(|low| (0xDC00..0xE000).contains(low));
        at += match unit {
            0xD800..0xDC00 if low.is_some() => 12,
            0xD800..0xE000 => {
                fixed.push_str(&text[done..at]);
                fixed.push_str("\\uFFFD");
                done = at + 6;
                6
            }
            _ => 6,
        };
    }
    fixed.push_str(text.get(done..).unwrap_or_default());
    fixed
}

/// The number in a `\uXXXX` escape that begins at `at`.
fn escaped_unit(bytes: &[u8], at: usize) -> Option<u16> {
    let escape = bytes.get(at..at + 6)?;
    let digits = std::str::from_utf8(escape.strip_prefix(b"\\u")?).ok()?;
    u16::from_str_radix(digits, 16).ok()
}

/// One element of a list, read as far as it can be.
enum Element<T> {
    Read(T),
    Bad(Unreadable),
}

impl<'de, T: Record> Deserialize<'de> for Element<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ElementVisitor(PhantomData))
    }
}

struct ElementVisitor<T>(PhantomData<T>);

impl<T: Record> ElementVisitor<T> {
    fn not_an_object(found: &str) -> Element<T> {
        Element::Bad(Unreadable { id: None, reason: format!("{found} where a {} was expected", T::KIND) })
    }
}

impl<'de, T: Record> Visitor<'de> for ElementVisitor<T> {
    type Value = Element<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a {}", T::KIND)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Element<T>, A::Error> {
        Ok(T::read(map)?.map_or_else(
            || Element::Bad(Unreadable { id: None, reason: format!("a {} without an id", T::KIND) }),
            Element::Read,
        ))
    }

    fn visit_unit<E>(self) -> Result<Element<T>, E> {
        Ok(Self::not_an_object("null"))
    }

    fn visit_str<E>(self, _: &str) -> Result<Element<T>, E> {
        Ok(Self::not_an_object("a text"))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Element<T>, E> {
        Ok(Self::not_an_object("a boolean"))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Element<T>, E> {
        Ok(Self::not_an_object("a number"))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Element<T>, E> {
        Ok(Self::not_an_object("a number"))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Element<T>, E> {
        Ok(Self::not_an_object("a number"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Element<T>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::not_an_object("an array"))
    }
}

/// How the elements of an array become records.
trait Elements: Sized {
    type Record: Record;

    fn read<'de, A: SeqAccess<'de>>(seq: A) -> Result<Self, A::Error>;
    fn into_parts(self) -> (Vec<Self::Record>, Vec<Unreadable>);
}

/// The fast way: every element straight from the bytes.
struct Whole<T>(Vec<T>, Vec<Unreadable>);

impl<T: Record> Elements for Whole<T> {
    type Record = T;

    fn read<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<Self, A::Error> {
        let mut read = Self(Vec::new(), Vec::new());
        while let Some(element) = seq.next_element::<Element<T>>()? {
            match element {
                Element::Read(record) => read.0.push(record),
                Element::Bad(bad) => read.1.push(bad),
            }
        }
        Ok(read)
    }

    fn into_parts(self) -> (Vec<T>, Vec<Unreadable>) {
        (self.0, self.1)
    }
}

/// The patient way: every element on its own, so that a failure stays with it.
struct OneByOne<T>(Vec<T>, Vec<Unreadable>);

impl<T: Record> Elements for OneByOne<T> {
    type Record = T;

    fn read<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<Self, A::Error> {
        let mut read = Self(Vec::new(), Vec::new());
        while let Some(raw) = seq.next_element::<&RawValue>()? {
            match serde_json::from_str::<Element<T>>(raw.get()) {
                Ok(Element::Read(record)) => read.0.push(record),
                Ok(Element::Bad(bad)) => read.1.push(bad),
                Err(error) => read.1.push(Unreadable { id: id_of(raw), reason: error.to_string() }),
            }
        }
        Ok(read)
    }

    fn into_parts(self) -> (Vec<T>, Vec<Unreadable>) {
        (self.0, self.1)
    }
}

/// The id of a record that could not be read otherwise.
fn id_of(raw: &RawValue) -> Option<String> {
    let members: std::collections::HashMap<Cow<'_, str>, &RawValue> = serde_json::from_str(raw.get()).ok()?;
    serde_json::from_str(members.get("id")?.get()).ok()
}

/// What a list's body held: the array if there was one, and the link to the next page.
struct Body<E> {
    elements: Option<E>,
    next: Option<String>,
}

impl<E: Elements> Body<E> {
    fn into_list(self, key: Option<&str>) -> Result<List<E::Record>, NotJson> {
        let Some(elements) = self.elements else {
            let wanted = key.map_or_else(|| "an array".to_owned(), |key| format!("an array `{key}`"));
            return Err(NotJson::wrong(format!("no list: {wanted} of {}s was expected", E::Record::KIND)));
        };
        let (items, unreadable) = elements.into_parts();
        Ok(List { items, unreadable, next: self.next })
    }
}

fn read_list<E: Elements>(body: &[u8], key: Option<&str>) -> Result<Body<E>, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let read = BodySeed::new(key).deserialize(&mut json)?;
    json.end()?;
    Ok(read)
}

part! {
    /// The links beside a list.
    struct ListLinks {
        /// The next page.
        pub next: Link = "next",
    }
}

struct BodySeed<'k, E> {
    key: Option<&'k str>,
    elements: PhantomData<E>,
}

impl<'k, E> BodySeed<'k, E> {
    fn new(key: Option<&'k str>) -> Self {
        Self { key, elements: PhantomData }
    }
}

impl<'de, E: Elements> DeserializeSeed<'de> for BodySeed<'_, E> {
    type Value = Body<E>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Body<E>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, E: Elements> Visitor<'de> for BodySeed<'_, E> {
    type Value = Body<E>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Body<E>, A::Error> {
        Ok(Body { elements: Some(E::read(seq)?), next: None })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Body<E>, A::Error> {
        enum Known {
            Array,
            Links,
            Other,
        }
        let mut body = Body { elements: None, next: None };
        let wanted = self.key.map(str::as_bytes);
        while let Some(key) = map.next_key_seed(Key(|key: &[u8]| match key {
            b"_links" => Known::Links,
            key if Some(key) == wanted => Known::Array,
            _ => Known::Other,
        }))? {
            match key {
                Known::Array => body.elements = map.next_value_seed(ArraySeed(PhantomData))?,
                Known::Links => body.next = map.next_value_seed(Value::<ListLinks>::new())?.next.href,
                Known::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(body)
    }
}

/// The array inside the body: `None` if it is something else.
struct ArraySeed<E>(PhantomData<E>);

impl<'de, E: Elements> DeserializeSeed<'de> for ArraySeed<E> {
    type Value = Option<E>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<E>, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de, E: Elements> Visitor<'de> for ArraySeed<E> {
    type Value = Option<E>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_none<D>(self) -> Result<Option<E>, D> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<E>, D::Error> {
        deserializer.deserialize_seq(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Option<E>, A::Error> {
        E::read(seq).map(Some)
    }
}
