//! Ids of generated objects: 20 characters with Okta's prefixes, computed from the object's number and back, so that a
//! million users need no table of ids.

use std::ops::Deref;

use crate::random::{draw, mix, unmix};

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Base-62 digits that hold any 64-bit number.
const WIDTH: usize = 11;
/// What generated ids end with, as the ids of one Okta cell share an ending.
const ENDING: &[u8; 6] = b"s1m1d7";

/// A 20-character id held in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OktaId([u8; 20]);

impl Deref for OktaId {
    type Target = str;

    fn deref(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// The ids of one kind of object in one generated org.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IdSpace {
    prefix: [u8; 3],
    key: u64,
}

impl IdSpace {
    /// The ids that start with `prefix` in the org of this seed.
    pub(crate) fn new(seed: u64, prefix: &[u8; 3]) -> Self {
        let stream = u64::from(prefix[0]) << 16 | u64::from(prefix[1]) << 8 | u64::from(prefix[2]);
        Self { prefix: *prefix, key: draw(seed, stream, 0) }
    }

    /// The id of object number `n`.
    pub(crate) fn id(&self, n: u32) -> OktaId {
        let mut id = [b'0'; 20];
        id[..3].copy_from_slice(&self.prefix);
        let mut rest = mix(u64::from(n) ^ self.key);
        for digit in id[3..3 + WIDTH].iter_mut().rev() {
            *digit = DIGITS[(rest % 62) as usize];
            rest /= 62;
        }
        id[3 + WIDTH..].copy_from_slice(ENDING);
        OktaId(id)
    }

    /// The number of the object with this id; `None` for every text that is no id of this space.
    pub(crate) fn number(&self, id: &str) -> Option<u32> {
        let id = id.as_bytes();
        if id.len() != 20 || id[..3] != self.prefix || id[3 + WIDTH..] != *ENDING {
            return None;
        }
        let mut value = 0u64;
        for &digit in &id[3..3 + WIDTH] {
            let digit = match digit {
                b'0'..=b'9' => digit - b'0',
                b'A'..=b'Z' => digit - b'A' + 10,
                b'a'..=b'z' => digit - b'a' + 36,
                _ => return None,
            };
            value = value.checked_mul(62)?.checked_add(u64::from(digit))?;
        }
        u32::try_from(unmix(value) ^ self.key).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_leads_back_to_its_number() {
        let users = IdSpace::new(7, b"00u");
        for n in [0, 1, 2, 999_999, u32::MAX] {
            let id = users.id(n);
            assert_eq!(id.len(), 20);
            assert!(id.starts_with("00u"));
            assert_eq!(users.number(&id), Some(n));
            assert_eq!(IdSpace::new(7, b"00g").number(&id), None, "another kind");
            assert_eq!(IdSpace::new(8, b"00u").number(&id), None, "another org");
        }
        for text in ["", "00u", "00uzzzzzzzzzzzs1m1d7", "00u-----------s1m1d7", "00u1active"] {
            assert_eq!(users.number(text), None, "{text}");
        }
    }
}
