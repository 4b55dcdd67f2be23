//! Who waits for a bucket: the most urgent first, and among equals whoever came first.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// How urgent a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    /// A list goes on: its pages can only be read one after the other, so that a long list that is not gone on with at
    /// once is what everything waits for in the end.
    Next,
    /// Only this bucket will do.
    Only,
    /// Another bucket will do as well: it leaves this one to those who have no choice.
    Either,
}

/// The callers that wait.
#[derive(Debug, Default)]
pub(crate) struct Line(Mutex<Places>);

#[derive(Debug, Default)]
struct Places {
    waiting: BTreeMap<(Rank, u64), Arc<Notify>>,
    /// Callers that have come so far.
    came: u64,
    /// Those who wait and have no choice.
    bound: u64,
}

/// A place in the line; given up when it is dropped.
#[derive(Debug)]
pub(crate) struct Place<'l> {
    line: &'l Line,
    key: (Rank, u64),
    bell: Arc<Notify>,
}

impl Line {
    fn places(&self) -> MutexGuard<'_, Places> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stands in line.
    pub(crate) fn enter(&self, rank: Rank) -> Place<'_> {
        let bell = Arc::new(Notify::new());
        let mut places = self.places();
        places.came += 1;
        places.bound += u64::from(rank != Rank::Either);
        let key = (rank, places.came);
        places.waiting.insert(key, Arc::clone(&bell));
        Place { line: self, key, bell }
    }

    /// Tells whoever is first that something has changed.
    pub(crate) fn ring(&self) {
        if let Some((_, bell)) = self.places().waiting.first_key_value() {
            bell.notify_one();
        }
    }

    /// How many wait who have no other bucket.
    pub(crate) fn bound(&self) -> u64 {
        self.places().bound
    }

    /// Whether nobody waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.places().waiting.is_empty()
    }
}

impl Place<'_> {
    /// Whether this caller is the next.
    pub(crate) fn is_first(&self) -> bool {
        self.line.places().waiting.first_key_value().is_some_and(|(key, _)| *key == self.key)
    }

    /// Waits until there is a reason to look again.
    pub(crate) async fn rung(&self) {
        self.bell.notified().await;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        {
            let mut places = self.line.places();
            places.waiting.remove(&self.key);
            places.bound -= u64::from(self.key.0 != Rank::Either);
        }
        self.line.ring();
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn the_most_urgent_is_first_and_among_equals_who_came_first() {
        let line = Line::default();
        let either = line.enter(Rank::Either);
        assert!(either.is_first());
        let (only, later) = (line.enter(Rank::Only), line.enter(Rank::Only));
        let next = line.enter(Rank::Next);
        assert!(next.is_first() && !either.is_first());
        assert_eq!(line.bound(), 3);
        drop(next);
        assert!(only.is_first() && only.rung().now_or_never().is_some(), "whoever becomes the first is told");
        drop(later);
        drop(only);
        assert!(either.is_first() && line.bound() == 0);
        drop(either);
        assert!(line.is_empty());
    }
}
