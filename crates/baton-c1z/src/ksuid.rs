//! Sync ids: KSUIDs, which sort by the time at which they were made.

use std::fmt;
use std::str::FromStr;

/// Second zero of KSUIDs, in Unix time.
const EPOCH: i64 = 1_400_000_000;
/// Length of the text.
const DIGITS: usize = 27;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// 20 bytes: big-endian seconds since 1,400,000,000 Unix time, then 16 random bytes. The text is 27 base-62 digits,
/// padded with zeros, and sorts as the bytes do (`docs/spec/c1z-format.md` 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ksuid([u8; 20]);

impl Ksuid {
    /// A new id for this moment.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "a default that differs each time would surprise")]
    pub fn new() -> Self {
        Self::from_parts(jiff::Timestamp::now().as_second(), rand::random())
    }

    /// The id of that second with that payload. Seconds that do not fit are moved to the nearest that do.
    #[must_use]
    pub fn from_parts(unix_seconds: i64, payload: [u8; 16]) -> Self {
        let seconds = unix_seconds.saturating_sub(EPOCH).clamp(0, i64::from(u32::MAX));
        let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
        let mut bytes = [0; 20];
        bytes[..4].copy_from_slice(&seconds.to_be_bytes());
        bytes[4..].copy_from_slice(&payload);
        Self(bytes)
    }

    /// The second at which it was made, in Unix time.
    #[must_use]
    pub fn unix_seconds(&self) -> i64 {
        let [a, b, c, d, ..] = self.0;
        EPOCH + i64::from(u32::from_be_bytes([a, b, c, d]))
    }
}

impl fmt::Display for Ksuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut number = self.0;
        let mut digits = [b'0'; DIGITS];
        for digit in digits.iter_mut().rev() {
            let mut rest = 0_u32;
            for byte in &mut number {
                let value = (rest << 8) | u32::from(*byte);
                *byte = (value / 62).to_le_bytes()[0];
                rest = value % 62;
            }
            *digit = ALPHABET[rest as usize];
        }
        digits.iter().try_for_each(|digit| fmt::Write::write_char(f, char::from(*digit)))
    }
}

/// The text is no KSUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a KSUID: 27 letters and digits of a number below 2^160 are expected")]
pub struct ParseKsuidError;

impl FromStr for Ksuid {
    type Err = ParseKsuidError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() != DIGITS {
            return Err(ParseKsuidError);
        }
        let mut number = [0_u8; 20];
        for letter in text.bytes() {
            let digit = match letter {
                b'0'..=b'9' => letter - b'0',
                b'A'..=b'Z' => letter - b'A' + 10,
                b'a'..=b'z' => letter - b'a' + 36,
                _ => return Err(ParseKsuidError),
            };
            let mut carry = u32::from(digit);
            for byte in number.iter_mut().rev() {
                let value = u32::from(*byte) * 62 + carry;
                *byte = value.to_le_bytes()[0];
                carry = value >> 8;
            }
            if carry != 0 {
                return Err(ParseKsuidError);
            }
        }
        Ok(Self(number))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use proptest::prelude::*;

    use super::*;

    /// The vectors that the inventors of the format publish.
    #[test]
    fn published_vectors() {
        let payload = 0xB5A1_CD34_B5F9_9D11_54FB_6853_345C_9735_u128.to_be_bytes();
        let id = Ksuid::from_parts(EPOCH + 107_608_047, payload);
        assert_eq!(id.to_string(), "0ujtsYcgvSTl8PAuAdqWYSMnLOv");
        assert_eq!("0ujtsYcgvSTl8PAuAdqWYSMnLOv".parse::<Ksuid>().unwrap(), id);
        assert_eq!(id.unix_seconds(), 1_507_608_047);
        assert_eq!(Ksuid([0xFF; 20]).to_string(), "aWgEPTl1tmebfsQzFP4bxwgy80V");
    }

    #[test]
    fn short_numbers_are_padded_with_zeros() {
        assert_eq!(Ksuid([0; 20]).to_string(), "000000000000000000000000000");
        let one = Ksuid::from_parts(EPOCH, 1_u128.to_be_bytes());
        assert_eq!(one.to_string(), "000000000000000000000000001");
        assert_eq!(one.unix_seconds(), EPOCH);
    }

    #[test]
    fn the_sample_file_was_made_when_its_id_says() {
        let id: Ksuid = "3MVdDHW4351Z9BXvKZOv4qSxtlW".parse().unwrap();
        assert_eq!(jiff::Timestamp::from_second(id.unix_seconds()).unwrap().to_string(), "2026-11-23T13:12:27Z");
    }

    #[test]
    fn other_texts_are_refused() {
        let wrong =
            ["", "hello", "0ujtsYcgvSTl8PAuAdqWYSMnLO", "0ujtsYcgvSTl8PAuAdqWYSMnLO-", "aWgEPTl1tmebfsQzFP4bxwgy80W"];
        for text in wrong {
            assert_eq!(text.parse::<Ksuid>(), Err(ParseKsuidError), "{text}");
        }
    }

    #[test]
    fn new_ids_differ_and_carry_the_present() {
        let (one, two) = (Ksuid::new(), Ksuid::new());
        assert_ne!(one, two);
        assert!(one.unix_seconds() > EPOCH);
    }

    proptest! {
        #[test]
        fn text_keeps_value_and_order(one: [u8; 20], two: [u8; 20]) {
            let (one, two) = (Ksuid(one), Ksuid(two));
            prop_assert_eq!(one.to_string().parse::<Ksuid>().unwrap(), one);
            prop_assert_eq!(one.to_string().cmp(&two.to_string()), one.cmp(&two));
        }
    }
}
