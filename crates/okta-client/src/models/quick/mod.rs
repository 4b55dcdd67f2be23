//! A JSON deserializer that skips ignored values fast: of the full user objects that Okta sends for the members of a group,
//! only the id is read.
//!
//! It falls back to `serde_json` on anything unusual, so its results are those of `serde_json`. The one exception is on
//! purpose: in an ignored object or array it only checks that the brackets match and that the strings are well-formed, not
//! what is between them outside of strings. So `{"a" tru}` is skipped, too. A truncated body is never accepted as a whole
//! one.

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use self::blocks::{MAX_DEPTH, SpecialBytes, end_of_brackets, escape_at};
use self::fallback::Fallback;

mod blocks;
mod fallback;

/// Deserializes the whole of `json`.
pub(super) fn read<'de, S: DeserializeSeed<'de>>(json: &'de [u8], seed: S) -> Result<S::Value, Fallback> {
    let mut reader = Reader { json, at: 0, depth: 0, special: SpecialBytes::default() };
    let value = seed.deserialize(&mut reader)?;
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(Fallback),
    }
}

/// A position in a JSON text, usually the beginning of a value.
struct Reader<'de> {
    json: &'de [u8],
    at: usize,
    /// The number of open objects and arrays that are not ignored.
    depth: u32,
    special: SpecialBytes,
}

impl<'de> Reader<'de> {
    /// Returns the next byte that is no whitespace.
    #[inline(always)]
    fn peek(&mut self) -> Option<u8> {
        loop {
            match *self.json.get(self.at)? {
                b' ' | b'\n' | b'\t' | b'\r' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    /// Consumes the next byte, which must be `wanted`.
    #[inline(always)]
    fn expect(&mut self, wanted: u8) -> Result<(), Fallback> {
        if self.peek() != Some(wanted) {
            return Err(Fallback);
        }
        self.at += 1;
        Ok(())
    }

    /// Skips the next value, and returns its text.
    #[inline(always)]
    fn skip(&mut self) -> Result<&'de [u8], Fallback> {
        let first = self.peek().ok_or(Fallback)?;
        let begin = self.at;
        self.at = match first {
            b'"' => self.end_of_string(begin)?,
            b'{' | b'[' => end_of_brackets(self.json, begin, &mut self.special)?,
            // The next read checks that the word ends there.
            b'n' if self.json[begin..].starts_with(b"null") => begin + 4,
            _ => {
                let end = end_of_scalar(self.json, begin);
                serde_json::from_slice::<IgnoredAny>(&self.json[begin..end])?;
                end
            }
        };
        Ok(&self.json[begin..self.at])
    }

    /// Deserializes the next value with `serde_json`.
    fn delegate<T>(
        &mut self,
        read: impl FnOnce(&mut serde_json::Deserializer<serde_json::de::SliceRead<'de>>) -> serde_json::Result<T>,
    ) -> Result<T, Fallback> {
        let mut value = serde_json::Deserializer::from_slice(self.skip()?);
        let read = read(&mut value)?;
        value.end()?;
        Ok(read)
    }

    /// Returns the position after the string that begins at `begin`.
    #[inline(always)]
    fn end_of_string(&mut self, begin: usize) -> Result<usize, Fallback> {
        let mut at = begin + 1;
        loop {
            at = self.special.next(self.json, at);
            match self.json.get(at) {
                Some(b'"') => return Ok(at + 1),
                Some(b'\\') => at += escape_at(self.json, at).ok_or(Fallback)?,
                _ => return Err(Fallback),
            }
        }
    }

    /// Returns the bytes of a string without escapes; `None` if it has escapes.
    #[inline(always)]
    fn plain_string(&mut self) -> Option<&'de [u8]> {
        let begin = self.at + 1;
        let end = self.special.next(self.json, begin);
        if self.json.get(end) != Some(&b'"') {
            return None;
        }
        self.at = end + 1;
        Some(&self.json[begin..end])
    }

    /// Reads an object or array; `read` must consume all of its members.
    fn read_container<T>(
        &mut self,
        read: impl FnOnce(&mut Container<'_, 'de>) -> Result<T, Fallback>,
    ) -> Result<T, Fallback> {
        if self.depth == MAX_DEPTH {
            return Err(Fallback);
        }
        let close = if self.json[self.at] == b'{' { b'}' } else { b']' };
        self.at += 1;
        self.depth += 1;
        let mut container = Container { reader: self, close, first: true, ended: false };
        let value = read(&mut container)?;
        let ended = container.ended;
        self.depth -= 1;
        if ended { Ok(value) } else { Err(Fallback) }
    }
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Fallback;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fallback> {
        match self.peek().ok_or(Fallback)? {
            b'{' => self.read_container(|members| visitor.visit_map(members)),
            b'[' => self.read_container(|elements| visitor.visit_seq(elements)),
            b'"' => match self.plain_string() {
                Some(text) => visitor.visit_borrowed_str(std::str::from_utf8(text).map_err(|_| Fallback)?),
                None => self.delegate(|json| json.deserialize_any(visitor)),
            },
            _ => self.delegate(|json| json.deserialize_any(visitor)),
        }
    }

    #[inline(always)]
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fallback> {
        self.skip()?;
        visitor.visit_unit()
    }

    /// Passes a key to the visitor as its raw bytes.
    #[inline(always)]
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fallback> {
        if self.peek() != Some(b'"') {
            return Err(Fallback);
        }
        match self.plain_string() {
            Some(key) => visitor.visit_borrowed_bytes(key),
            None => self.delegate(|json| json.deserialize_identifier(visitor)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fallback> {
        if self.peek() != Some(b'n') {
            return visitor.visit_some(self);
        }
        self.delegate(|json| json.deserialize_option(visitor))
    }

    /// `serde_json` requests the raw text of a value this way.
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Fallback> {
        self.delegate(|json| json.deserialize_newtype_struct(name, visitor))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct enum
    }
}

/// An object or array that is being read.
struct Container<'r, 'de> {
    reader: &'r mut Reader<'de>,
    close: u8,
    first: bool,
    ended: bool,
}

impl Container<'_, '_> {
    /// Advances to the next member; `false` if there is none.
    #[inline(always)]
    fn advance(&mut self) -> Result<bool, Fallback> {
        if self.reader.peek() == Some(self.close) {
            self.reader.at += 1;
            self.ended = true;
            return Ok(false);
        }
        if !std::mem::take(&mut self.first) {
            self.reader.expect(b',')?;
        }
        Ok(true)
    }
}

impl<'de> MapAccess<'de> for &mut Container<'_, 'de> {
    type Error = Fallback;

    #[inline(always)]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fallback> {
        if !self.advance()? {
            return Ok(None);
        }
        if self.reader.peek() != Some(b'"') {
            return Err(Fallback);
        }
        seed.deserialize(&mut *self.reader).map(Some)
    }

    #[inline(always)]
    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Fallback> {
        self.reader.expect(b':')?;
        seed.deserialize(&mut *self.reader)
    }
}

impl<'de> SeqAccess<'de> for &mut Container<'_, 'de> {
    type Error = Fallback;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fallback> {
        if self.advance()? { seed.deserialize(&mut *self.reader).map(Some) } else { Ok(None) }
    }
}

/// Returns the position after the number or word that begins at `begin`.
fn end_of_scalar(json: &[u8], begin: usize) -> usize {
    let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\t' | b'\r');
    json[begin..].iter().position(ends).map_or(json.len(), |more| begin + more)
}

#[cfg(test)]
mod tests;
