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

    /// Removes all texts and keeps their memory.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Takes some texts of another list in the place of its own: fewer than 4 GiB.
    pub(crate) fn take_from(&mut self, other: &Self, numbers: impl Iterator<Item = u32>) {
        self.clear();
        for number in numbers {
            self.bytes.extend_from_slice(other.get(number));
            self.ends.push(self.bytes.len() as u32);
        }
    }

    /// These texts in another order, in which each has its place.
    pub(crate) fn in_order(&self, order: &[u32]) -> Self {
        let mut ordered =
            Self { bytes: Vec::with_capacity(self.bytes.len()), ends: Vec::with_capacity(self.ends.len()) };
        ordered.take_from(self, order.iter().copied());
        ordered
    }
}

/// Texts by number, in the order in which they came, and numbers by text. A text of twenty letters takes about thirty bytes.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    list: TextList,
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
    hashes: Vec<u64>,
}

impl Texts {
    /// The number of a text, which it is given if it is new; `None` when there are 4 GiB of texts.
    pub(crate) fn number(&mut self, text: &[u8]) -> Option<u32> {
        let hash = self.hasher.hash_one(text);
        self.hashed(text, hash)
    }

    /// The numbers of several texts, in their order, as [`number`](Self::number) gives them; `None` if `each` says so, too.
    pub(crate) fn numbers(&mut self, texts: &TextList, mut each: impl FnMut(u32) -> Option<()>) -> Option<()> {
        let mut hashes = std::mem::take(&mut self.hashes);
        hashes.clear();
        hashes.extend((0..texts.len()).map(|number| self.hasher.hash_one(texts.get(number))));
        for (number, hash) in (0..).zip(&hashes) {
            each(self.hashed(texts.get(number), *hash)?)?;
        }
        self.hashes = hashes;
        Some(())
    }

    fn hashed(&mut self, text: &[u8], hash: u64) -> Option<u32> {
        let Self { list, numbers, hasher, .. } = self;
        if let Some(known) = numbers.find(hash, |known| list.get(*known) == text) {
            return Some(*known);
        }
        let number = list.push(text)?;
        numbers.insert_unique(hash, number, |known| hasher.hash_one(list.get(*known)));
        Some(number)
    }

    /// The texts, when no more will come.
    pub(crate) fn into_list(self) -> TextList {
        self.list
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
            let order: Vec<u32> = (0..texts.len()).rev().collect();
            let ordered = texts.into_list().in_order(&order);
            let mut last_first: Vec<_> = words.clone();
            last_first.sort();
            last_first.dedup();
            last_first.sort_by_key(|word| std::cmp::Reverse(words.iter().position(|other| other == word)));
            prop_assert_eq!(ordered.len() as usize, last_first.len());
            for (number, word) in (0..).zip(last_first) {
                prop_assert_eq!(ordered.get(number), word.as_bytes());
            }
        }
    }
}
