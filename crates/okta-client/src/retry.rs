//! Decides whether a failed call is retried, and after which pause.
//!
//! Two budgets: one for failures (no response, or a failing server), one for "too many requests". The second is larger,
//! because such a response asks to wait and is no failure, and the pacer does the waiting.

use std::time::Duration;

use crate::auth::Challenge;
use crate::error::{Error, ErrorKind};
use crate::outcome::Outcome;
use crate::pacer::Throttle;

/// The largest number of attempts that end in "too many requests".
const MAX_THROTTLES: u32 = 20;
/// Attempts for a host that has never responded: a wrong domain is reported soon.
const MAX_FIRST_CONTACT_ATTEMPTS: u32 = 2;
/// The largest number of retries with a new proof for the same reason.
const MAX_PROOFS: usize = 3;
/// The smallest page size that a failing list is reduced to.
const MIN_PAGE_SIZE: u32 = 10;

/// The retry state of one call.
#[derive(Debug)]
pub(crate) struct RetryState {
    max_attempts: u32,
    idempotent: bool,
    failures: u32,
    throttles: u32,
    /// Failures that a smaller page may avoid.
    too_slow: u32,
    /// Pages that were too large to be read.
    too_large: u32,
    /// The challenges so far.
    challenges: Vec<Challenge>,
    pause: DecorrelatedJitter,
}

impl RetryState {
    /// Creates the state before the first attempt.
    pub(crate) fn new(max_attempts: u32, idempotent: bool) -> Self {
        let pause = DecorrelatedJitter::new(Duration::from_millis(500), Duration::from_secs(30));
        Self {
            max_attempts: max_attempts.max(1),
            idempotent,
            failures: 0,
            throttles: 0,
            too_slow: 0,
            too_large: 0,
            challenges: Vec::new(),
            pause,
        }
    }

    /// Returns the pause before the retry after `error`, or `None` if it must not be retried. `reached` is whether the host
    /// has ever responded; `random` is a random number below 1.
    pub(crate) fn after_failure(&mut self, error: &Error, reached: bool, random: f64) -> Option<Duration> {
        self.failures += 1;
        let first_contact = !reached && matches!(error.kind(), ErrorKind::Unreachable(_));
        let allowed = if first_contact { self.max_attempts.min(MAX_FIRST_CONTACT_ATTEMPTS) } else { self.max_attempts };
        if !error.is_retryable() || !self.is_safe_to_retry(error) || self.failures >= allowed {
            return None;
        }
        if error.kind() == ErrorKind::Timeout || matches!(error.status(), Some(500 | 504)) {
            self.too_slow += 1;
        }
        Some(self.pause.next(random))
    }

    /// Returns the pause before the retry after a response that was too large, which requests half of the page. `None` if the
    /// page, which requested `limit`, cannot be smaller, or if it was no list.
    pub(crate) fn after_too_large(&mut self, limit: Option<u32>) -> Option<Duration> {
        self.failures += 1;
        let may_shrink = |limit| self.page_size(limit) > MIN_PAGE_SIZE;
        if !self.idempotent || self.failures >= self.max_attempts || !limit.is_some_and(may_shrink) {
            return None;
        }
        self.too_large += 1;
        Some(Duration::ZERO)
    }

    /// Returns whether the call can safely be sent again: because it is idempotent, or because it certainly was not
    /// executed.
    fn is_safe_to_retry(&self, error: &Error) -> bool {
        self.idempotent || error.outcome() != Outcome::Unknown
    }

    /// Returns the pause before the retry after "too many requests".
    pub(crate) fn after_throttle(&mut self, throttle: Throttle, random: f64) -> Option<Duration> {
        self.throttles += 1;
        if self.throttles >= MAX_THROTTLES {
            return None;
        }
        let doublings = self.throttles.min(6);
        Some(match throttle {
            // The bucket is closed until its reset; no pause on top of that.
            Throttle::QuotaExhausted(_) => Duration::ZERO,
            // The concurrency limit is lowered already; these calls only have to spread out.
            Throttle::Concurrency => jittered(Duration::from_millis(100) * 2_u32.pow(doublings), random),
            Throttle::Unknown => jittered(Duration::from_millis(500) * 2_u32.pow(doublings), random),
        })
    }

    /// Returns the pause before the retry after a challenge. The retries for each kind are limited: a server that repeats its
    /// challenge does not accept our credential. Nothing was executed, so any call may be sent again.
    pub(crate) fn after_challenge(&mut self, challenge: Challenge) -> Option<Duration> {
        let allowed = match challenge {
            // A response to another call may have set an older nonce or time in between.
            Challenge::Nonce | Challenge::Proof => MAX_PROOFS,
            Challenge::Token => 1,
        };
        if self.challenges.iter().filter(|met| **met == challenge).count() >= allowed {
            return None;
        }
        self.challenges.push(challenge);
        Some(Duration::ZERO)
    }

    /// Returns the page size for the next attempt of a list that requested `limit`. Okta responds with 500 when a page takes
    /// its database too long, so the page is halved from the second such failure on, and after each page that was too large.
    pub(crate) fn page_size(&self, limit: u32) -> u32 {
        let halvings = self.too_slow.saturating_sub(1).saturating_add(self.too_large).min(16);
        (limit >> halvings).max(MIN_PAGE_SIZE.min(limit))
    }
}

/// Returns a duration between half of `pause` and all of it.
fn jittered(pause: Duration, random: f64) -> Duration {
    pause.mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0)
}

/// Exponential backoff with decorrelated jitter: each pause lies between the shortest and three times the last, so that
/// calls that failed together are not retried together.
#[derive(Debug)]
struct DecorrelatedJitter {
    shortest: Duration,
    longest: Duration,
    last: Duration,
}

impl DecorrelatedJitter {
    fn new(shortest: Duration, longest: Duration) -> Self {
        Self { shortest, longest, last: shortest }
    }

    fn next(&mut self, random: f64) -> Duration {
        let span = (self.last * 3).saturating_sub(self.shortest);
        self.last = (self.shortest + span.mul_f64(random.clamp(0.0, 1.0))).min(self.longest);
        self.last
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::error::Unreachable;

    fn server_error(status: u16) -> Error {
        let okta = crate::error::OktaError { status: Some(status), ..Default::default() };
        Error::new(ErrorKind::Server, "failed").with_okta(okta)
    }

    #[test]
    fn failures_are_tried_again_within_bounds() {
        let mut retries = RetryState::new(8, true);
        let error = server_error(503);
        let pauses: Vec<_> = std::iter::from_fn(|| retries.after_failure(&error, true, 1.0)).collect();
        assert_eq!(pauses.len(), 7, "eight attempts in all");
        assert_eq!(pauses[0], Duration::from_millis(1500));
        assert_eq!(pauses[1], Duration::from_millis(4500));
        assert_eq!(pauses[6], Duration::from_secs(30));
        let mut retries = RetryState::new(8, true);
        assert_eq!(retries.after_failure(&error, true, 0.0), Some(Duration::from_millis(500)));
    }

    #[test]
    fn what_cannot_change_by_waiting_is_not_tried_again() {
        for kind in [
            ErrorKind::Unauthenticated,
            ErrorKind::Forbidden,
            ErrorKind::NotFound,
            ErrorKind::Invalid,
            ErrorKind::Unreadable,
            ErrorKind::Cancelled,
            ErrorKind::Unreachable(Unreachable::Tls),
        ] {
            assert_eq!(RetryState::new(8, true).after_failure(&Error::new(kind, "no"), true, 0.5), None, "{kind:?}");
        }
        assert_eq!(RetryState::new(8, true).after_failure(&server_error(501), true, 0.5), None);
    }

    #[test]
    fn a_change_is_not_sent_twice_unless_it_was_not_carried_out() {
        let again = |error: Error| RetryState::new(8, false).after_failure(&error, true, 0.5).is_some();
        assert!(!again(server_error(503)));
        assert!(!again(Error::new(ErrorKind::Timeout, "late")));
        assert!(!again(Error::new(ErrorKind::Unreachable(Unreachable::Broken), "reset")));
        assert!(again(Error::new(ErrorKind::Unreachable(Unreachable::Refused), "refused").not_sent()));
        assert!(again(Error::new(ErrorKind::Timeout, "no connection in time").not_sent()));
        assert!(again(server_error(503).with_outcome(Outcome::Refused)));
        assert!(!again(Error::new(ErrorKind::Forbidden, "no").with_outcome(Outcome::Refused)));
    }

    #[test]
    fn a_host_that_never_answered_is_retried_once() {
        let refused = Error::new(ErrorKind::Unreachable(Unreachable::Refused), "refused");
        let mut retries = RetryState::new(8, true);
        assert!(retries.after_failure(&refused, false, 0.5).is_some());
        assert!(retries.after_failure(&refused, false, 0.5).is_none());
    }

    #[test]
    fn the_second_timeout_halves_the_page() {
        let mut retries = RetryState::new(8, true);
        let sizes: Vec<u32> = (0..6)
            .map(|_| {
                retries.after_failure(&server_error(500), true, 0.5).unwrap();
                retries.page_size(200)
            })
            .collect();
        assert_eq!(sizes, [200, 100, 50, 25, 12, 10]);
        assert_eq!(retries.page_size(5), 5);
        let mut retries = RetryState::new(8, true);
        retries.after_failure(&server_error(502), true, 0.5).unwrap();
        retries.after_failure(&server_error(502), true, 0.5).unwrap();
        assert_eq!(retries.page_size(200), 200, "a bad gateway is not a slow page");
    }

    #[test]
    fn a_page_that_is_too_large_is_halved_at_once() {
        let mut retries = RetryState::new(8, true);
        let sizes: Vec<u32> =
            std::iter::from_fn(|| retries.after_too_large(Some(1000)).map(|_| retries.page_size(1000))).collect();
        assert_eq!(sizes, [500, 250, 125, 62, 31, 15, 10]);
        assert_eq!(RetryState::new(8, true).after_too_large(Some(10)), None, "there is no smaller page");
        assert_eq!(RetryState::new(8, true).after_too_large(None), None, "it is no list");
        assert_eq!(RetryState::new(8, false).after_too_large(Some(1000)), None, "it may have changed something");
    }

    #[test]
    fn challenges_are_met_so_often() {
        let mut retries = RetryState::new(1, false);
        for (challenge, times) in [(Challenge::Nonce, 3), (Challenge::Token, 1), (Challenge::Proof, 3)] {
            for _ in 0..times {
                assert_eq!(retries.after_challenge(challenge), Some(Duration::ZERO));
            }
            assert_eq!(retries.after_challenge(challenge), None);
        }
    }

    #[test]
    fn throttling_is_counted_apart_and_bounded() {
        let mut retries = RetryState::new(2, true);
        let pauses: Vec<_> = std::iter::from_fn(|| retries.after_throttle(Throttle::Concurrency, 1.0)).collect();
        assert_eq!(pauses.len(), 19);
        assert_eq!(pauses[0], Duration::from_millis(200));
        assert_eq!(pauses[18], Duration::from_millis(6400));
        assert!(retries.after_failure(&server_error(503), true, 0.5).is_some());
        assert_eq!(RetryState::new(2, true).after_throttle(Throttle::Unknown, 0.0), Some(Duration::from_millis(500)));
    }
}
