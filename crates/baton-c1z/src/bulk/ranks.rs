//! Orders of texts: as SQLite compares them, by their bytes, and the shorter first where one begins with the other.

use std::cmp::Ordering;

use super::texts::{TextList, Texts};

/// The place of each text among all, by number.
pub(crate) fn ranks(texts: &Texts) -> Vec<u32> {
    let mut order: Vec<u32> = (0..texts.len()).collect();
    order.sort_unstable_by(|one, other| texts.get(*one).cmp(texts.get(*other)));
    inverse(&order)
}

/// Principals in an order.
pub(crate) struct Principals {
    /// The place of each.
    pub rank: Vec<u32>,
    /// The principal at each place.
    pub at: Vec<u32>,
}

impl Principals {
    /// Principals, given as [`Rows::principals`](super::rows::Rows::principals) are, by type, the types in the order of
    /// `type_ranks` (by their place in [`Rows::types`](super::rows::Rows::types)), then by id.
    pub(crate) fn new(texts: &TextList, type_ranks: &[u32]) -> Self {
        // By type: what all ids begin with.
        let mut stems: Vec<Option<&[u8]>> = vec![None; type_ranks.len()];
        for number in 0..texts.len() {
            let (of, id) = split(texts.get(number));
            let stem = stems[of].get_or_insert(id);
            let same = stem.iter().zip(id).take_while(|(one, other)| one == other).count();
            *stem = &stem[..same];
        }
        // The most selective part is compared first, as a number.
        let mut order: Vec<(u32, u64, u32)> = (0..texts.len())
            .map(|number| {
                let (of, id) = split(texts.get(number));
                (type_ranks[of], first_bytes(&id[stems[of].map_or(0, <[u8]>::len)..]), number)
            })
            .collect();
        order.sort_unstable_by(|one, other| {
            (one.0, one.1).cmp(&(other.0, other.1)).then_with(|| texts.get(one.2)[1..].cmp(&texts.get(other.2)[1..]))
        });
        let at: Vec<u32> = order.into_iter().map(|(_, _, number)| number).collect();
        Self { rank: inverse(&at), at }
    }
}

/// The place of the type, and the id.
fn split(principal: &[u8]) -> (usize, &[u8]) {
    (usize::from(principal[0]), &principal[1..])
}

fn first_bytes(text: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    let length = text.len().min(8);
    bytes[..length].copy_from_slice(&text[..length]);
    u64::from_be_bytes(bytes)
}

fn inverse(order: &[u32]) -> Vec<u32> {
    let mut ranks = vec![0; order.len()];
    for (rank, number) in (0..).zip(order) {
        ranks[*number as usize] = rank;
    }
    ranks
}

/// The ranks that `texts` have when something follows on each behind a colon, by their places. `None` if what follows would
/// decide: if one of them, with the colon, is what another begins with.
pub(crate) fn ranks_before_colon(texts: &[&[u8]]) -> Option<Vec<u32>> {
    let mut order: Vec<u32> = (0..texts.len() as u32).collect();
    order.sort_unstable_by(|one, other| with_colon(texts[*one as usize], texts[*other as usize]));
    let is_clear = order.windows(2).all(|pair| {
        let rest = texts[pair[1] as usize].strip_prefix(texts[pair[0] as usize]);
        rest.is_none_or(|rest| rest.first() != Some(&b':'))
    });
    is_clear.then(|| inverse(&order))
}

/// Compares two texts as if each ended with a colon.
fn with_colon(one: &[u8], other: &[u8]) -> Ordering {
    let common = one.len().min(other.len());
    let next = |text: &[u8]| text.get(common).copied().unwrap_or(b':');
    one[..common]
        .cmp(&other[..common])
        .then_with(|| next(one).cmp(&next(other)))
        .then_with(|| one.len().cmp(&other.len()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn texts_before_a_colon_are_in_the_order_of_what_they_begin(
            texts in proptest::collection::btree_set("[a:z-]{0,4}", 0..8),
            ends in proptest::collection::vec("[a:z-]{0,4}", 8),
        ) {
            let texts: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
            let Some(ranks) = ranks_before_colon(&texts) else {
                let begins = |one: &[u8], other: &[u8]| one.strip_prefix(other).is_some_and(|rest| rest.starts_with(b":"));
                prop_assert!(texts.iter().any(|one| texts.iter().any(|other| begins(one, other))));
                return Ok(());
            };
            let whole = |at: usize| [texts[at], b":", ends[at].as_bytes()].concat();
            for one in 0..texts.len() {
                for other in 0..texts.len() {
                    prop_assert_eq!(ranks[one].cmp(&ranks[other]), if one == other { Ordering::Equal } else { whole(one).cmp(&whole(other)) });
                }
            }
        }

        #[test]
        fn principals_are_in_the_order_of_their_types_and_ids(
            principals in proptest::collection::vec((0_u8..3, "[ab]{0,12}"), 0..40), stem in "[ab]{0,3}",
        ) {
            let mut texts = Texts::default();
            for (of, id) in &principals {
                let mut text = vec![*of];
                text.extend_from_slice(stem.as_bytes());
                text.extend_from_slice(id.as_bytes());
                texts.number(&text).unwrap();
            }
            let texts = texts.into_list();
            let found = Principals::new(&texts, &[1, 2, 0]);
            let mut expected: Vec<_> = (0..texts.len()).collect();
            expected.sort_by_key(|number| {
                let text = texts.get(*number);
                ((text[0] + 1) % 3, text[1..].to_vec())
            });
            prop_assert_eq!(&found.at, &expected);
            for (rank, number) in (0..).zip(expected) {
                prop_assert_eq!(found.rank[number as usize], rank);
            }
        }
    }
}
