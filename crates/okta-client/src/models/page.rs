//! Parses bodies into records: one object, or a list of them in either of Okta's two forms.
//!
//! A list is parsed directly from its bytes in one pass, by the quick reader, or by `serde_json` if that one falls back. If
//! both fail, the body is repaired (half a surrogate pair, bytes that are no UTF-8, a number out of range) and parsed
//! element by element, so that one such record affects no other.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::lenient::{FieldSeed, KeySeed, Link, Record, Unreadable, part};
use super::quick;

/// The records of one page.
#[derive(Debug, Clone)]
pub struct List<T> {
    /// The parsed records, in Okta's order.
    pub items: Vec<T>,
    /// The records that could not be parsed.
    pub unreadable: Vec<Unreadable>,
    /// The link to the next page, if the body names one (`_links.next.href`).
    pub next: Option<String>,
}

/// The error for a body that is not the expected JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct NotJson {
    reason: String,
    truncated: bool,
}

impl NotJson {
    fn unexpected(reason: String) -> Self {
        Self { reason, truncated: false }
    }

    fn from_json_error(error: &serde_json::Error) -> Self {
        let reason = if error.is_data() { error.to_string() } else { format!("no JSON: {error}") };
        Self { reason, truncated: error.is_eof() }
    }

    /// Returns whether the body ends early, as when a connection broke.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.truncated
    }
}

/// Parses one record from the body of a response.
///
/// # Errors
///
/// If the body is no JSON object, or has no id.
pub fn record_from_json<T: Record>(body: &[u8]) -> Result<T, NotJson> {
    let element: Element<T> = serde_json::from_slice(body)
        .or_else(|_| serde_json::from_str(&repair(body)))
        .map_err(|e| NotJson::from_json_error(&e))?;
    match element {
        Element::Read(record) => Ok(record),
        Element::Bad(bad) => Err(NotJson::unexpected(bad.reason)),
    }
}

/// Parses the records of a list from the body of a response: a bare array, or an object with the array under `key` (as
/// `/iam/*` sends it).
///
/// # Errors
///
/// If the body is neither. An array that is missing is an error, not an empty list.
pub fn list_from_json<T: Record>(body: &[u8], key: Option<&str>) -> Result<List<T>, NotJson> {
    list_with_limit(body, key, usize::MAX)
}

/// [`list_from_json`] of a list that may hold `max` records. A longer one is an error, and its rest is not
/// kept in memory.
pub(crate) fn list_with_limit<T: Record>(body: &[u8], key: Option<&str>, max: usize) -> Result<List<T>, NotJson> {
    quick_list_from_json(body, key, max).unwrap_or_else(|| strict_list_from_json(body, key, max))
}

/// Parses a list with the quick reader; `None` if that one falls back.
pub(crate) fn quick_list_from_json<T: Record>(
    body: &[u8],
    key: Option<&str>,
    max: usize,
) -> Option<Result<List<T>, NotJson>> {
    quick::read(body, BodySeed::<Direct<T>>::new(key, max)).ok().map(|page| page.into_list(key, max))
}

/// Parses a list without the quick reader.
pub(crate) fn strict_list_from_json<T: Record>(body: &[u8], key: Option<&str>, max: usize) -> Result<List<T>, NotJson> {
    let broken = match read_list::<Direct<T>>(body, key, max) {
        Ok(page) => return page.into_list(key, max),
        Err(error) => error,
    };
    let text = repair(body);
    let Ok(page) = read_list::<Isolated<T>>(text.as_bytes(), key, max) else {
        return Err(NotJson::from_json_error(&broken));
    };
    page.into_list(key, max)
}

/// Returns the text of `body` with replacements for what no JSON text may contain: bytes that are no UTF-8, halves of
/// surrogate pairs.
pub(super) fn repair(body: &[u8]) -> String {
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

/// Parses the number in a `\uXXXX` escape that begins at `at`.
fn escaped_unit(bytes: &[u8], at: usize) -> Option<u16> {
    let escape = bytes.get(at..at + 6)?;
    let digits = std::str::from_utf8(escape.strip_prefix(b"\\u")?).ok()?;
    u16::from_str_radix(digits, 16).ok()
}

/// One element of a list: a record, or the reason why it is none.
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

/// A strategy for parsing the elements of an array.
trait Elements {
    type Record: Record;

    /// Returns the next element, if there is one.
    fn next<'de, A: SeqAccess<'de>>(seq: &mut A) -> Result<Option<Element<Self::Record>>, A::Error>;
}

/// The fast strategy: every element directly from the bytes.
struct Direct<T>(PhantomData<T>);

impl<T: Record> Elements for Direct<T> {
    type Record = T;

    fn next<'de, A: SeqAccess<'de>>(seq: &mut A) -> Result<Option<Element<T>>, A::Error> {
        seq.next_element()
    }
}

/// The tolerant strategy: every element on its own, so that a failure affects no other.
struct Isolated<T>(PhantomData<T>);

impl<T: Record> Elements for Isolated<T> {
    type Record = T;

    fn next<'de, A: SeqAccess<'de>>(seq: &mut A) -> Result<Option<Element<T>>, A::Error> {
        let Some(raw) = seq.next_element::<&RawValue>()? else { return Ok(None) };
        let read = serde_json::from_str(raw.get());
        let bad = |error: serde_json::Error| Unreadable { id: parse_id(raw), reason: error.to_string() };
        Ok(Some(read.unwrap_or_else(|error| Element::Bad(bad(error)))))
    }
}

/// The elements of an array, up to a limit.
struct Array<T> {
    items: Vec<T>,
    unreadable: Vec<Unreadable>,
    /// The number of skipped elements.
    skipped: usize,
}

impl<T: Record> Array<T> {
    fn read<'de, E: Elements<Record = T>, A: SeqAccess<'de>>(mut seq: A, max: usize) -> Result<Self, A::Error> {
        let mut read = Self { items: Vec::new(), unreadable: Vec::new(), skipped: 0 };
        while read.items.len() + read.unreadable.len() < max {
            match E::next(&mut seq)? {
                Some(Element::Read(record)) => read.items.push(record),
                Some(Element::Bad(bad)) => read.unreadable.push(bad),
                None => return Ok(read),
            }
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {
            read.skipped += 1;
        }
        Ok(read)
    }
}

/// Parses only the id of a record that could not be parsed otherwise.
fn parse_id(raw: &RawValue) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Identified {
        id: Option<String>,
    }
    serde_json::from_str::<Identified>(raw.get()).ok()?.id
}

/// The body of a list: the array if there is one, and the link to the next page.
struct Body<T> {
    elements: Option<Array<T>>,
    next: Option<String>,
}

impl<T: Record> Body<T> {
    fn into_list(self, key: Option<&str>, max: usize) -> Result<List<T>, NotJson> {
        let kind = T::KIND;
        let Some(Array { items, unreadable, skipped }) = self.elements else {
            let wanted = key.map_or_else(|| "an array".to_owned(), |key| format!("an array `{key}`"));
            return Err(NotJson::unexpected(format!("no list: {wanted} of {kind}s was expected")));
        };
        if skipped > 0 {
            let found = items.len() + unreadable.len() + skipped;
            return Err(NotJson::unexpected(format!(
                "a list of {found} {kind}s, where {max} are the most to be expected"
            )));
        }
        Ok(List { items, unreadable, next: self.next })
    }
}

fn read_list<E: Elements>(body: &[u8], key: Option<&str>, max: usize) -> Result<Body<E::Record>, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let read = BodySeed::<E>::new(key, max).deserialize(&mut json)?;
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
    max: usize,
    elements: PhantomData<E>,
}

impl<'k, E> BodySeed<'k, E> {
    fn new(key: Option<&'k str>, max: usize) -> Self {
        Self { key, max, elements: PhantomData }
    }
}

impl<'de, E: Elements> DeserializeSeed<'de> for BodySeed<'_, E> {
    type Value = Body<E::Record>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, E: Elements> Visitor<'de> for BodySeed<'_, E> {
    type Value = Body<E::Record>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        Ok(Body { elements: Some(Array::read::<E, A>(seq, self.max)?), next: None })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        enum Known {
            Array,
            Links,
            Other,
        }
        let mut body = Body { elements: None, next: None };
        let wanted = self.key.map(str::as_bytes);
        while let Some(key) = map.next_key_seed(KeySeed(|key: &[u8]| match key {
            b"_links" => Known::Links,
            key if Some(key) == wanted => Known::Array,
            _ => Known::Other,
        }))? {
            match key {
                Known::Array => {
                    body.elements = map.next_value_seed(ArraySeed::<E> { max: self.max, elements: PhantomData })?;
                }
                Known::Links => body.next = map.next_value_seed(FieldSeed::<ListLinks>::new())?.next.href,
                Known::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(body)
    }
}

/// Deserializes the array inside the body; `None` if it is something else.
struct ArraySeed<E> {
    max: usize,
    elements: PhantomData<E>,
}

impl<'de, E: Elements> DeserializeSeed<'de> for ArraySeed<E> {
    type Value = Option<Array<E::Record>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de, E: Elements> Visitor<'de> for ArraySeed<E> {
    type Value = Option<Array<E::Record>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_none<D>(self) -> Result<Self::Value, D> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        Array::read::<E, A>(seq, self.max).map(Some)
    }
}
