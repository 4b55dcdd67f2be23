//! Texts that occur again and again, each kept once and named by a number.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

/// Texts, one after the other, by number in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct TextList {
    bytes: Vec<u8>,
    /// Where in `bytes` each ends.
    ends: Vec<u32>,
}

impl TextList {
    /// Adds a text and gives its number; `None` when there are 4 GiB of texts.
    pub(crate) fn push(&mut self, text: &[u8]) -> Option<u32> {
        let number = u32::try_from(self.ends.len()).ok()?;
        let end = u32::try_from(self.bytes.len() + text.len()).ok()?;
        self.bytes.extend_from_slice(text);
        self.ends.push(end);
        Some(number)
    }

    /// The text of a number that was given.
    pub(crate) fn get(&self, number: u32) -> &[u8] {
        let number = number as usize;
        let from = if number == 0 { 0 } else { self.ends[number - 1] as usize };
        &self.bytes[from..self.ends[number] as usize]
    }

    /// How many texts there are: their numbers are those below.
    pub(crate) fn len(&self) -> u32 {
        self.ends.len() as u32
    }
}

/// Texts by number, in the order in which they came, and numbers by text. A text of twenty letters takes about thirty bytes.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    list: TextList,
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Texts {
    /// The number of a text, which it is given if it is new; `None` when there are 4 GiB of texts.
    pub(crate) fn number(&mut self, text: &[u8]) -> Option<u32> {
        let Self { list, numbers, hasher } = self;
        let hash = hasher.hash_one(text);
        if let Some(known) = numbers.find(hash, |known| list.get(*known) == text) {
            return Some(*known);
        }
        let number = list.push(text)?;
        numbers.insert_unique(hash, number, |known| hasher.hash_one(list.get(*known)));
        Some(number)
    }

    /// The text of a number that was given.
    pub(crate) fn get(&self, number: u32) -> &[u8] {
        self.list.get(number)
    }

    /// How many texts there are: their numbers are those below.
    pub(crate) fn len(&self) -> u32 {
        self.list.len()
    }
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
