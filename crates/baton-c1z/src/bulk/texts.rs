//! Texts that occur again and again, each kept once and named by a number.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

/// Texts by number, in the order in which they came, and numbers by text. A text of twenty letters takes about thirty bytes.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    /// All texts, one after the other.
    bytes: Vec<u8>,
    /// Where in `bytes` each ends.
    ends: Vec<u32>,
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Texts {
    /// The number of a text, which it is given if it is new; `None` when there are 4 GiB of texts.
    pub(crate) fn number(&mut self, text: &[u8]) -> Option<u32> {
        let Self { bytes, ends, numbers, hasher } = self;
        let hash = hasher.hash_one(text);
        if let Some(known) = numbers.find(hash, |known| text_of(bytes, ends, *known) == text) {
            return Some(*known);
        }
        let number = u32::try_from(ends.len()).ok()?;
        let end = u32::try_from(bytes.len() + text.len()).ok()?;
        bytes.extend_from_slice(text);
        ends.push(end);
        numbers.insert_unique(hash, number, |known| hasher.hash_one(text_of(bytes, ends, *known)));
        Some(number)
    }

    /// The text of a number that was given.
    pub(crate) fn get(&self, number: u32) -> &[u8] {
        text_of(&self.bytes, &self.ends, number)
    }

    /// How many texts there are: their numbers are those below.
    pub(crate) fn len(&self) -> u32 {
        self.ends.len() as u32
    }
}

fn text_of<'a>(bytes: &'a [u8], ends: &[u32], number: u32) -> &'a [u8] {
    let number = number as usize;
    let from = if number == 0 { 0 } else { ends[number - 1] as usize };
    &bytes[from..ends[number] as usize]
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_text_has_one_number(words in proptest::collection::vec("[ab]{0,4}", 0..200)) {
            let (mut texts, mut expected) = (Texts::default(), HashMap::new());
            for word in &words {
                let next = expected.len() as u32;
                let number = *expected.entry(word.clone()).or_insert(next);
                prop_assert_eq!(texts.number(word.as_bytes()), Some(number));
            }
            prop_assert_eq!(texts.len() as usize, expected.len());
            for (word, number) in expected {
                prop_assert_eq!(texts.get(number), word.as_bytes());
            }
        }
    }
}
