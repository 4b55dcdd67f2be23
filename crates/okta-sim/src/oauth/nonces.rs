//! Nonces that DPoP proofs have to carry.

use std::time::Duration;

use super::random_text;

/// The nonces of one kind of endpoint.
#[derive(Debug)]
pub(super) struct Nonces {
    /// After this a new one is given out.
    lifetime: Duration,
    /// So long one is accepted.
    grace: Duration,
    /// So often one is accepted.
    uses: Option<u32>,
    /// Those that may still be accepted, oldest first; the last one is given out.
    given: Vec<Given>,
}

#[derive(Debug)]
struct Given {
    text: String,
    at: Duration,
    used: u32,
}

impl Nonces {
    pub(super) const fn new(lifetime: Duration, grace: Duration, uses: Option<u32>) -> Self {
        Self { lifetime, grace, uses, given: Vec::new() }
    }

    /// The nonce to give out now.
    pub(super) fn current(&mut self, now: Duration) -> String {
        self.given.retain(|nonce| now < nonce.at + self.grace && self.uses.is_none_or(|most| nonce.used < most));
        match self.given.last() {
            Some(nonce) if now < nonce.at + self.lifetime => nonce.text.clone(),
            _ => {
                let nonce = Given { text: random_text::<18>(), at: now, used: 0 };
                let text = nonce.text.clone();
                self.given.push(nonce);
                text
            }
        }
    }

    /// Uses a nonce; whether it is accepted.
    pub(super) fn accept(&mut self, text: &str, now: Duration) -> bool {
        let (grace, uses) = (self.grace, self.uses);
        let good = |nonce: &&mut Given| {
            nonce.text == text && now < nonce.at + grace && uses.is_none_or(|most| nonce.used < most)
        };
        self.given.iter_mut().find(good).map(|nonce| nonce.used += 1).is_some()
    }

    pub(super) fn clear(&mut self) {
        self.given.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_new_one_comes_while_the_old_one_still_works() {
        let mut nonces = Nonces::new(at(10), at(30), None);
        let first = nonces.current(at(0));
        assert_eq!(nonces.current(at(9)), first);
        let second = nonces.current(at(10));
        assert_ne!(second, first);
        assert!(nonces.accept(&first, at(29)) && nonces.accept(&second, at(29)));
        assert!(!nonces.accept(&first, at(30)), "too old");
        assert!(!nonces.accept("made up", at(1)));
    }

    #[test]
    fn one_can_be_good_for_a_number_of_uses() {
        let mut nonces = Nonces::new(at(100), at(100), Some(2));
        let first = nonces.current(at(0));
        assert!(nonces.accept(&first, at(1)) && nonces.accept(&first, at(1)));
        assert!(!nonces.accept(&first, at(1)));
        assert_ne!(nonces.current(at(1)), first);
        nonces.clear();
        assert!(nonces.given.is_empty());
    }
}
