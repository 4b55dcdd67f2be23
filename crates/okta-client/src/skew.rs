//! Measures the skew between this machine's clock and Okta's.
//!
//! Assertions and proofs carry the time, and Okta rejects those from the future and those older than minutes. A machine
//! whose clock is wrong can sign in nevertheless, because every response reports the server's time.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};

use http::HeaderMap;

use crate::pacer::date;

/// Seconds that our clock may be behind before the server's is used instead: Okta accepts proofs that are minutes old.
const MAX_BEHIND: i64 = 60;
/// Seconds that our clock may be ahead: the future is rejected, but readings of the server's clock are late.
const MAX_AHEAD: i64 = 5;
/// The value before the first response.
const UNKNOWN: i64 = i64::MIN;

/// The difference between the two clocks, by the last response.
pub(crate) struct Skew {
    /// Seconds since 1970 by this machine.
    wall: Box<dyn Fn() -> i64 + Send + Sync>,
    /// The server's time minus ours, in seconds.
    seconds: AtomicI64,
    /// The latest time that the server has reported, in seconds since 1970.
    latest: AtomicI64,
    /// Whether both clocks run at the same rate; the `Date` of a simulated org with compressed time says nothing about
    /// ours.
    comparable: bool,
}

impl Skew {
    /// Creates the skew of a clock that returns seconds since 1970.
    pub(crate) fn new(wall: Box<dyn Fn() -> i64 + Send + Sync>) -> Self {
        Self { wall, seconds: AtomicI64::new(UNKNOWN), latest: AtomicI64::new(UNKNOWN), comparable: true }
    }

    /// Creates the skew of the system's clock. `scale` is the number of seconds of the server per second of ours.
    pub(crate) fn from_system_clock(scale: f64) -> Self {
        let skew = Self::new(Box::new(|| jiff::Timestamp::now().as_second()));
        Self { comparable: (scale - 1.0).abs() < 1e-6, ..skew }
    }

    /// Observes the `Date` of a response that was just received.
    pub(crate) fn observe(&self, headers: &HeaderMap) {
        let Some(date) = date_seconds(headers) else { return };
        self.latest.fetch_max(date, Ordering::Relaxed);
        if self.comparable {
            self.seconds.store(date - (self.wall)(), Ordering::Relaxed);
        }
    }

    /// Returns whether a response shows that `signed`, the value of [`now`](Self::now) in its request, was wrong. The current
    /// value does not count: other responses may have corrected it since.
    pub(crate) fn was_wrong(&self, signed: i64, headers: &HeaderMap) -> bool {
        self.comparable && date_seconds(headers).is_some_and(|date| correction(date - signed) != 0)
    }

    /// Returns the server's time minus ours, in seconds; `None` before the first response.
    pub(crate) fn seconds(&self) -> Option<i64> {
        Some(self.seconds.load(Ordering::Relaxed)).filter(|seconds| *seconds != UNKNOWN)
    }

    /// Returns the latest time that the server has reported; `None` before the first response.
    pub(crate) fn server_time(&self) -> Option<jiff::Timestamp> {
        let latest = Some(self.latest.load(Ordering::Relaxed)).filter(|seconds| *seconds != UNKNOWN)?;
        jiff::Timestamp::from_second(latest).ok()
    }

    /// Returns whether our clock is so wrong that it should be set.
    pub(crate) fn is_wrong(&self) -> bool {
        self.seconds().is_some_and(|seconds| seconds.abs() > MAX_BEHIND)
    }

    /// Returns the time for a proof, in seconds since 1970: ours, or the server's if ours would be rejected.
    pub(crate) fn now(&self) -> i64 {
        (self.wall)() + correction(self.seconds.load(Ordering::Relaxed))
    }
}

/// Parses the `Date` of a response, in seconds since 1970.
fn date_seconds(headers: &HeaderMap) -> Option<i64> {
    #[allow(clippy::cast_possible_truncation)] // Whole seconds.
    date(headers).map(|date| date as i64)
}

/// Returns the seconds to add to our clock so that Okta accepts it.
fn correction(seconds: i64) -> i64 {
    if seconds == UNKNOWN || (-MAX_AHEAD..=MAX_BEHIND).contains(&seconds) { 0 } else { seconds }
}

impl fmt::Debug for Skew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Skew").field(&self.seconds()).finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const NOON: i64 = 1_699_963_200;

    fn at(time: &str) -> HeaderMap {
        HeaderMap::from_iter([(http::header::DATE, format!("Tue, 14 Nov 2023 {time} GMT").parse().unwrap())])
    }

    #[test]
    fn a_clock_that_is_nearly_right_is_believed() {
        let skew = Skew::new(Box::new(|| NOON));
        assert_eq!((skew.seconds(), skew.now()), (None, NOON));
        for (time, seconds) in [("12:00:00", 0), ("12:01:00", 60), ("11:59:55", -5)] {
            assert!(!skew.was_wrong(skew.now(), &at(time)));
            skew.observe(&at(time));
            assert_eq!((skew.seconds(), skew.now()), (Some(seconds), NOON));
            assert!(!skew.is_wrong());
        }
    }

    #[test]
    fn a_wrong_clock_is_corrected_by_the_servers() {
        let skew = Skew::new(Box::new(|| NOON));
        let one = at("13:00:00");
        assert!(skew.was_wrong(skew.now(), &one));
        skew.observe(&one);
        assert_eq!((skew.seconds(), skew.now()), (Some(3600), NOON + 3600));
        assert!(skew.is_wrong());
        assert!(skew.was_wrong(NOON, &one), "whatever the clock shows by now");
        assert!(!skew.was_wrong(skew.now(), &at("13:00:01")));
        let next = at("11:59:50");
        assert!(skew.was_wrong(skew.now(), &next));
        skew.observe(&next);
        assert_eq!(skew.now(), NOON - 10, "ten seconds ahead is the future already");
        assert!(!skew.is_wrong(), "but nothing to worry anybody with");
        skew.observe(&at("12:00:00"));
        assert_eq!(skew.now(), NOON, "the clock was set");
        skew.observe(&HeaderMap::new());
        assert_eq!(skew.now(), NOON);
        assert!(!skew.was_wrong(0, &HeaderMap::new()));
    }

    #[test]
    fn compressed_time_says_nothing_about_our_clock() {
        let skew = Skew::from_system_clock(10.0);
        assert!(!skew.was_wrong(skew.now(), &at("12:00:00")));
        skew.observe(&at("12:00:00"));
        assert_eq!((skew.seconds(), skew.server_time().unwrap().as_second()), (None, NOON));
        // A response that was delayed.
        skew.observe(&at("11:00:00"));
        assert_eq!(skew.server_time().unwrap().as_second(), NOON);
        let skew = Skew::from_system_clock(1.0);
        assert!(skew.was_wrong(skew.now(), &at("12:00:00")), "2023 is long ago");
    }
}
