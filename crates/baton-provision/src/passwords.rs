//! Passwords that nobody thought of (`docs/spec/connector-runtime.md` 4.4).

use baton_connector::{ChangeError, Code};
use baton_proto::c1::connector::v2::PasswordConstraint;
use rand::Rng;
use rand::seq::{IndexedRandom, SliceRandom};
use secrecy::SecretString;
use zeroize::Zeroizing;

/// The shortest password that is ever made, in characters.
const SHORTEST: usize = 8;

const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const DIGITS: &str = "0123456789";
const SYMBOLS: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/// The sets of which a good password has one character each.
const SETS: [&str; 4] = [UPPER, LOWER, DIGITS, SYMBOLS];

/// A password of `length` characters, but never fewer than eight, that has what `constraints` ask for. As far as there
/// is room, it has an upper and a lower case letter, a digit and a symbol; the rest is drawn from all of these.
///
/// # Errors
/// [`Code::InvalidArgument`]: the constraints ask for more characters than the password has, or for some of an empty
/// set.
pub fn generate(length: i64, constraints: &[PasswordConstraint]) -> Result<SecretString, ChangeError> {
    draw(&mut rand::rng(), length, constraints)
}

/// The same with any source of randomness.
fn draw(random: &mut impl Rng, length: i64, constraints: &[PasswordConstraint]) -> Result<SecretString, ChangeError> {
    let length = usize::try_from(length).unwrap_or(0).max(SHORTEST);
    let asked: u64 = constraints.iter().map(|constraint| u64::from(constraint.min_count)).sum();
    if asked > length as u64 {
        let message = format!("a password of {length} characters cannot have the {asked} that its constraints ask for");
        return Err(ChangeError::new(Code::InvalidArgument, message));
    }
    let mut password = Zeroizing::new(Vec::with_capacity(length));
    for PasswordConstraint { char_set, min_count } in constraints.iter().filter(|constraint| constraint.min_count > 0) {
        let set: Vec<char> = char_set.chars().collect();
        for _ in 0..*min_count {
            let drawn = set.choose(random).copied();
            password.push(drawn.ok_or_else(|| {
                ChangeError::new(Code::InvalidArgument, "a password constraint has an empty set of characters")
            })?);
        }
    }
    for set in SETS {
        if password.len() < length && !password.iter().any(|c| set.contains(*c)) {
            push_from(random, &mut password, set);
        }
    }
    let all = SETS.concat();
    while password.len() < length {
        push_from(random, &mut password, &all);
    }
    password.shuffle(random);
    Ok(password.iter().collect::<String>().into())
}

/// Adds a character of `set`, which is ASCII and not empty.
fn push_from(random: &mut impl Rng, password: &mut Vec<char>, set: &str) {
    let drawn = random.random_range(0..set.len());
    password.extend(set.chars().nth(drawn));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::*;

    fn generated(length: i64, constraints: &[(&str, u32)]) -> Result<String, ChangeError> {
        let constraints: Vec<_> = constraints
            .iter()
            .map(|(char_set, min_count)| PasswordConstraint { char_set: (*char_set).to_owned(), min_count: *min_count })
            .collect();
        generate(length, &constraints).map(|password| password.expose_secret().to_owned())
    }

    #[test]
    fn the_alphabet_is_all_of_printable_ascii_but_the_blank() {
        let mut all: Vec<u8> = SETS.concat().into_bytes();
        all.sort_unstable();
        assert_eq!(all, (b'!'..=b'~').collect::<Vec<_>>());
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (length, constraints) in [(8, &[("ab", 9)][..]), (12, &[("ab", 7), ("c", 6)]), (8, &[("", 1)])] {
            assert_eq!(generated(length, constraints).unwrap_err().code, Code::InvalidArgument, "{constraints:?}");
        }
        assert!(generated(8, &[("", 0)]).is_ok());
    }

    #[test]
    fn constraints_may_fill_the_password_and_name_any_characters() {
        let password = generated(8, &[("äö", 3), ("7", 5)]).unwrap();
        assert_eq!(password.chars().filter(|c| "äö".contains(*c)).count(), 3);
        assert_eq!(password.chars().filter(|c| *c == '7').count(), 5);
    }

    #[test]
    fn no_two_are_alike_and_no_place_is_fixed() {
        let all: Vec<_> = (0..200).map(|_| generated(8, &[]).unwrap()).collect();
        let different: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(different.len(), all.len());
        for place in 0..8 {
            for set in SETS {
                // One set missing from a place in 200 passwords has a chance below 1 in 10^9.
                assert!(all.iter().any(|password| set.contains(password.chars().nth(place).unwrap())), "{place} {set}");
            }
        }
    }

    proptest! {
        #[test]
        fn length_and_sets_are_kept(length in -5_i64..80, digits in 0_u32..5, vowels in 0_u32..4) {
            let password = generated(length, &[(DIGITS, digits), ("aeiou", vowels)]).unwrap();
            prop_assert_eq!(password.chars().count(), usize::try_from(length.max(8)).unwrap());
            prop_assert!(password.chars().filter(char::is_ascii_digit).count() >= digits as usize);
            prop_assert!(password.chars().filter(|c| "aeiou".contains(*c)).count() >= vowels as usize);
            if digits.max(1) + vowels.max(1) + 2 <= 8 {
                for set in SETS {
                    prop_assert!(password.chars().any(|c| set.contains(c)), "{} has none of {}", password, set);
                }
            }
        }
    }
}
