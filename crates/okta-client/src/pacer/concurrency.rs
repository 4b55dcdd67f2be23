//! Limits the calls in flight, in all buckets together.
//!
//! Okta limits the calls that it processes at the same time, per org, and does not report that limit. So ours is adaptive:
//! it grows by one after every successful round, and halves after every "too many at once". Near the number that was
//! last rejected, it grows only after ten successful rounds.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The initial limit: well below half of the smallest documented one.
const INITIAL_LIMIT: usize = 8;

/// Successful rounds needed for one more call near the number that was last rejected.
const CAUTIOUS_ROUNDS: usize = 10;

/// An adaptive limit of the calls in flight.
#[derive(Debug)]
pub(crate) struct ConcurrencyLimit {
    semaphore: Arc<Semaphore>,
    max: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    limit: usize,
    /// The limit from which on it grows slowly.
    cautious_from: usize,
    /// Permits that are removed when they are returned.
    excess: usize,
    /// Successful calls since the limit last changed.
    successes: usize,
    /// Counts how often the limit was lowered.
    generation: u64,
}

/// A permit for one call in flight.
#[derive(Debug)]
pub(crate) struct ConcurrencyPermit {
    limit: Arc<ConcurrencyLimit>,
    permit: Option<OwnedSemaphorePermit>,
    generation: u64,
}

impl ConcurrencyLimit {
    /// Creates a limit of at most `max` calls; it begins lower.
    pub(crate) fn new(max: usize) -> Self {
        let max = max.max(1);
        let limit = INITIAL_LIMIT.min(max);
        let state = State { limit, cautious_from: max, excess: 0, successes: 0, generation: 0 };
        Self { semaphore: Arc::new(Semaphore::new(limit)), max, state: Mutex::new(state) }
    }

    /// Waits for a permit, in order of arrival.
    pub(crate) async fn acquire(self: &Arc<Self>) -> ConcurrencyPermit {
        // The semaphore is never closed; without its permit the call would only be uncounted.
        let permit = Arc::clone(&self.semaphore).acquire_owned().await.ok();
        ConcurrencyPermit { limit: Arc::clone(self), permit, generation: self.lock().generation }
    }

    /// Returns the current limit.
    #[cfg(test)]
    pub(crate) fn limit(&self) -> usize {
        self.lock().limit
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ConcurrencyPermit {
    /// Records a successful call.
    pub(crate) fn succeeded(&self) {
        let mut state = self.limit.lock();
        state.successes += 1;
        let rounds = if state.limit >= state.cautious_from { CAUTIOUS_ROUNDS } else { 1 };
        if state.successes >= state.limit * rounds && state.limit < self.limit.max {
            state.successes = 0;
            state.limit += 1;
            if state.excess > 0 {
                state.excess -= 1;
            } else {
                self.limit.semaphore.add_permits(1);
            }
        }
    }

    /// Records a response of "too many at once". Of calls that were in flight together only the first counts.
    pub(crate) fn rejected(&self) {
        let mut state = self.limit.lock();
        if self.generation != state.generation {
            return;
        }
        let lowered = (state.limit / 2).max(1);
        let surplus = state.limit - lowered;
        state.excess += surplus - self.limit.semaphore.forget_permits(surplus);
        state.cautious_from = (state.limit - 1).max(1);
        state.limit = lowered;
        state.successes = 0;
        state.generation += 1;
    }
}

impl Drop for ConcurrencyPermit {
    fn drop(&mut self) {
        let Some(permit) = self.permit.take() else { return };
        let mut state = self.limit.lock();
        if state.excess > 0 {
            state.excess -= 1;
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn acquire_all(limit: &Arc<ConcurrencyLimit>) -> Vec<ConcurrencyPermit> {
        std::iter::from_fn(|| limit.acquire().now_or_never()).collect()
    }

    #[test]
    fn begins_low_and_grows_by_one_per_round() {
        let limit = Arc::new(ConcurrencyLimit::new(10));
        for (round, expected) in [8, 9, 10, 10].into_iter().enumerate() {
            let taken = acquire_all(&limit);
            assert_eq!(taken.len(), expected, "round {round}");
            taken.iter().for_each(ConcurrencyPermit::succeeded);
        }
    }

    #[test]
    fn halves_once_for_calls_in_flight_together() {
        let limit = Arc::new(ConcurrencyLimit::new(24));
        let taken = acquire_all(&limit);
        taken[0].rejected();
        taken[1].rejected();
        taken[2].rejected();
        assert_eq!(limit.limit(), 4);
        drop(taken);
        let taken = acquire_all(&limit);
        assert_eq!(taken.len(), 4);
        taken[0].rejected();
        drop(taken);
        assert_eq!(acquire_all(&limit).len(), 2);
    }

    #[test]
    fn one_call_is_always_allowed() {
        let limit = Arc::new(ConcurrencyLimit::new(24));
        for _ in 0..10 {
            acquire_all(&limit)[0].rejected();
        }
        assert_eq!(limit.limit(), 1);
        assert_eq!(acquire_all(&limit).len(), 1);
    }

    #[test]
    fn grows_slowly_near_a_rejected_limit() {
        let limit = Arc::new(ConcurrencyLimit::new(24));
        acquire_all(&limit)[0].rejected();
        let rounds = (0..30).take_while(|_| {
            acquire_all(&limit).iter().for_each(ConcurrencyPermit::succeeded);
            limit.limit() < 8
        });
        assert_eq!(rounds.count(), 12, "to seven in three rounds, to eight in ten");
    }

    #[test]
    fn grows_back() {
        let limit = Arc::new(ConcurrencyLimit::new(3));
        assert_eq!(limit.limit(), 3);
        acquire_all(&limit)[0].rejected();
        assert_eq!(limit.limit(), 1);
        for _ in 0..11 {
            acquire_all(&limit).iter().for_each(ConcurrencyPermit::succeeded);
        }
        assert_eq!(acquire_all(&limit).len(), 3);
    }

    #[test]
    fn a_permit_above_the_lowered_limit_is_removed_when_returned() {
        let limit = Arc::new(ConcurrencyLimit::new(4));
        let mut taken = acquire_all(&limit);
        taken[0].rejected();
        drop(taken.split_off(2));
        assert!(limit.acquire().now_or_never().is_none(), "two are still out, and two are allowed");
        drop(taken.pop());
        assert_eq!(acquire_all(&limit).len(), 1);
    }
}
