//! How far this machine's clock is from C1's: every answer tells C1's time, so that a machine whose clock is wrong can
//! sign in nevertheless.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use http::HeaderMap;
use http::header::DATE;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

/// Our clock may be this much off before C1's is used instead, in seconds: assertions are good for longer.
const TOLERATED: i64 = 60;

/// The difference between the two clocks, by the last answer.
#[derive(Debug, Default)]
pub(crate) struct Skew {
    /// C1's time less ours, in seconds.
    seconds: AtomicI64,
    told: AtomicBool,
}

impl Skew {
    /// Takes in the `Date` of an answer, and says whether [`Skew::now`] has changed much by it.
    pub(crate) fn observe(&self, headers: &HeaderMap) -> bool {
        let date = headers.get(DATE).and_then(|date| date.to_str().ok());
        let date = date.and_then(|date| DateTimeParser::new().parse_timestamp(date).ok());
        date.is_some_and(|date| self.set(date.as_second() - Timestamp::now().as_second()))
    }

    fn set(&self, seconds: i64) -> bool {
        let before = correction(self.seconds.swap(seconds, Ordering::Relaxed));
        if correction(seconds) != 0 && !self.told.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                seconds,
                "this machine's clock differs from C1's; signing in goes by C1's, but the clock should be set"
            );
        }
        before.abs_diff(correction(seconds)) > TOLERATED.unsigned_abs() / 2
    }

    /// The time to sign with, in seconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        Timestamp::now().as_second() + correction(self.seconds.load(Ordering::Relaxed))
    }
}

fn correction(seconds: i64) -> i64 {
    if seconds.abs() <= TOLERATED { 0 } else { seconds }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_clock_is_corrected_and_a_nearly_right_one_is_not() {
        let skew = Skew::default();
        let ours = Timestamp::now().as_second();
        assert!(!skew.set(40));
        assert!((0..5).contains(&(skew.now() - ours)));
        assert!(skew.set(-3600));
        assert!((-3600..-3595).contains(&(skew.now() - ours)));
        assert!(!skew.set(-3601), "a second more is no news");
        assert!(skew.set(0), "the clock was set");
        assert!(!skew.observe(&HeaderMap::new()));
    }
}
