//! Ids that are good once.

use std::collections::{HashSet, VecDeque};
use std::hash::Hash;
use std::time::Duration;

/// Ids that were used, each remembered for as long as what carries it could be accepted again.
#[derive(Debug)]
pub(super) struct Seen<T> {
    known: HashSet<T>,
    /// In the order in which they came, with the time until which they are remembered.
    queue: VecDeque<(Duration, T)>,
}

impl<T> Default for Seen<T> {
    fn default() -> Self {
        Self { known: HashSet::new(), queue: VecDeque::new() }
    }
}

impl<T: Hash + Eq + Clone> Seen<T> {
    /// Uses an id; whether it is the first use. `keep` must be the same in all calls.
    pub(super) fn first_use(&mut self, id: T, now: Duration, keep: Duration) -> bool {
        while self.queue.front().is_some_and(|(until, _)| *until < now) {
            if let Some((_, old)) = self.queue.pop_front() {
                self.known.remove(&old);
            }
        }
        if !self.known.insert(id.clone()) {
            return false;
        }
        self.queue.push_back((now + keep, id));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_good_once_and_are_forgotten_when_they_cannot_matter_any_more() {
        let (mut seen, keep) = (Seen::default(), Duration::from_secs(10));
        let mut used = |id: &'static str, at: u64| seen.first_use(id, Duration::from_secs(at), keep);
        assert_eq!((used("a", 0), used("b", 5), used("a", 10)), (true, true, false));
        assert!(used("c", 11), "another id");
        assert!(!seen.known.contains("a") && seen.known.contains("b"), "memory does not grow for ever");
    }
}
