//! How many calls may be under way at once, in all buckets together.
//!
//! Okta limits the calls that it works on at the same time, per org, and does not say where the limit lies. So we feel
//! for it: one more after every round that went well, half after every "too many at once". Near the number at which it
//! last was too many, ten rounds must go well before one more is tried.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Where the search begins: well below half of the smallest documented limit.
const START: usize = 8;

/// How many rounds must go well for one more call near the number that was once too many.
const WARY_ROUNDS: usize = 10;

/// The calls that may be under way at once.
#[derive(Debug)]
pub(crate) struct Slots {
    semaphore: Arc<Semaphore>,
    max: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    limit: usize,
    /// From this limit on it grows slowly.
    wary: usize,
    /// Slots that are to vanish when they come back.
    debt: usize,
    /// Calls that went well since the limit last changed.
    successes: usize,
    /// Counts the times that the limit was lowered.
    generation: u64,
}

/// A slot in use.
#[derive(Debug)]
pub(crate) struct Slot {
    slots: Arc<Slots>,
    permit: Option<OwnedSemaphorePermit>,
    generation: u64,
}

impl Slots {
    /// Slots for at most `max` calls, to begin with fewer.
    pub(crate) fn new(max: usize) -> Self {
        let max = max.max(1);
        let limit = START.min(max);
        let state = State { limit, wary: max, debt: 0, successes: 0, generation: 0 };
        Self { semaphore: Arc::new(Semaphore::new(limit)), max, state: Mutex::new(state) }
    }

    /// Waits for a slot; who waits longest gets the next.
    pub(crate) async fn take(self: &Arc<Self>) -> Slot {
        // The semaphore is never closed; without a permit the slot would only be uncounted.
        let permit = Arc::clone(&self.semaphore).acquire_owned().await.ok();
        Slot { slots: Arc::clone(self), permit, generation: self.lock().generation }
    }

    /// The present limit.
    #[cfg(test)]
    pub(crate) fn limit(&self) -> usize {
        self.lock().limit
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// The call went well.
    pub(crate) fn succeeded(&self) {
        let mut state = self.slots.lock();
        state.successes += 1;
        let rounds = if state.limit >= state.wary { WARY_ROUNDS } else { 1 };
        if state.successes >= state.limit * rounds && state.limit < self.slots.max {
            state.successes = 0;
            state.limit += 1;
            if state.debt > 0 {
                state.debt -= 1;
            } else {
                self.slots.semaphore.add_permits(1);
            }
        }
    }

    /// The answer was "too many at once". Of calls that were out together only the first counts.
    pub(crate) fn crowded(&self) {
        let mut state = self.slots.lock();
        if self.generation != state.generation {
            return;
        }
        let lowered = (state.limit / 2).max(1);
        let surplus = state.limit - lowered;
        state.debt += surplus - self.slots.semaphore.forget_permits(surplus);
        state.wary = (state.limit - 1).max(1);
        state.limit = lowered;
        state.successes = 0;
        state.generation += 1;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let Some(permit) = self.permit.take() else { return };
        let mut state = self.slots.lock();
        if state.debt > 0 {
            state.debt -= 1;
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn take_all(slots: &Arc<Slots>) -> Vec<Slot> {
        std::iter::from_fn(|| slots.take().now_or_never()).collect()
    }

    #[test]
    fn begins_low_and_grows_by_one_per_round() {
        let slots = Arc::new(Slots::new(10));
        for (round, expected) in [8, 9, 10, 10].into_iter().enumerate() {
            let taken = take_all(&slots);
            assert_eq!(taken.len(), expected, "round {round}");
            taken.iter().for_each(Slot::succeeded);
        }
    }

    #[test]
    fn halves_once_for_calls_that_were_out_together() {
        let slots = Arc::new(Slots::new(24));
        let taken = take_all(&slots);
        taken[0].crowded();
        taken[1].crowded();
        taken[2].crowded();
        assert_eq!(slots.limit(), 4);
        drop(taken);
        let taken = take_all(&slots);
        assert_eq!(taken.len(), 4);
        taken[0].crowded();
        drop(taken);
        assert_eq!(take_all(&slots).len(), 2);
    }

    #[test]
    fn one_call_is_always_allowed() {
        let slots = Arc::new(Slots::new(24));
        for _ in 0..10 {
            take_all(&slots)[0].crowded();
        }
        assert_eq!(slots.limit(), 1);
        assert_eq!(take_all(&slots).len(), 1);
    }

    #[test]
    fn grows_slowly_near_what_was_too_many() {
        let slots = Arc::new(Slots::new(24));
        take_all(&slots)[0].crowded();
        let rounds = (0..30).take_while(|_| {
            take_all(&slots).iter().for_each(Slot::succeeded);
            slots.limit() < 8
        });
        assert_eq!(rounds.count(), 12, "to seven in three rounds, to eight in ten");
    }

    #[test]
    fn grows_back() {
        let slots = Arc::new(Slots::new(3));
        assert_eq!(slots.limit(), 3);
        take_all(&slots)[0].crowded();
        assert_eq!(slots.limit(), 1);
        for _ in 0..11 {
            take_all(&slots).iter().for_each(Slot::succeeded);
        }
        assert_eq!(take_all(&slots).len(), 3);
    }

    #[test]
    fn a_slot_lowered_in_use_vanishes_when_it_comes_back() {
        let slots = Arc::new(Slots::new(4));
        let mut taken = take_all(&slots);
        taken[0].crowded();
        drop(taken.split_off(2));
        assert!(slots.take().now_or_never().is_none(), "two are still out, and two are allowed");
        drop(taken.pop());
        assert_eq!(take_all(&slots).len(), 1);
    }
}
