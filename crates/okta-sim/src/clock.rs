//! The simulator's time: real or set, as fast as real time or faster.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use crate::render::json::civil;

/// When the simulated server lives and how fast its time passes.
///
/// With scale 10 a window of 60 seconds passes in 6. `Date` and `X-Rate-Limit-Reset` follow this clock; a client has to
/// divide the waits that it computes from them by the scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clock {
    start: Option<SystemTime>,
    scale: f64,
}

impl Clock {
    /// The machine's own time.
    #[must_use]
    pub const fn real() -> Self {
        Self { start: None, scale: 1.0 }
    }

    /// The machine's time at the start, then this many times as fast. A scale that is not a positive number counts as 1.
    #[must_use]
    pub fn scaled(scale: f64) -> Self {
        Self { start: None, scale: if scale.is_finite() && scale > 0.0 { scale } else { 1.0 } }
    }

    /// The same pace, but starting at this instant.
    #[must_use]
    pub const fn starting_at(mut self, start: SystemTime) -> Self {
        self.start = Some(start);
        self
    }

    pub(crate) fn started(self) -> RunningClock {
        RunningClock {
            start: self.start.unwrap_or_else(SystemTime::now),
            begun: Instant::now(),
            scale: self.scale,
            ahead: Arc::default(),
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::real()
    }
}

/// A clock that runs. Clones are the same clock.
#[derive(Debug, Clone)]
pub(crate) struct RunningClock {
    start: SystemTime,
    begun: Instant,
    scale: f64,
    /// How far it was set ahead, in milliseconds.
    ahead: Arc<AtomicU64>,
}

impl RunningClock {
    /// Time since 1970 by the simulated server's clock.
    pub(crate) fn now(&self) -> Duration {
        let start = self.start.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        start + self.begun.elapsed().mul_f64(self.scale) + Duration::from_millis(self.ahead.load(Ordering::Relaxed))
    }

    /// Sets the clock ahead.
    pub(crate) fn advance(&self, by: Duration) {
        self.ahead.fetch_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Time since 1970 as the callers' own clocks show it, which know nothing of the scale. What callers sign holds
    /// instants of theirs.
    pub(crate) fn callers_now(&self) -> Duration {
        let start = self.start.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        start + self.begun.elapsed() + Duration::from_millis(self.ahead.load(Ordering::Relaxed))
    }
}

/// An instant in the form of the HTTP `Date` header.
pub(crate) fn http_date(since_1970: Duration) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let seconds = since_1970.as_secs();
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days as i64);
    let (weekday, month) = (DAYS[(days % 7) as usize], MONTHS[month as usize - 1]);
    format!("{weekday}, {day:02} {month} {year:04} {:02}:{:02}:{:02} GMT", second / 3600, second / 60 % 60, second % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_http() {
        assert_eq!(http_date(Duration::from_secs(784_111_777)), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(http_date(Duration::ZERO), "Thu, 01 Jan 1970 00:00:00 GMT");
    }

    #[test]
    fn a_scale_must_be_a_positive_number() {
        assert_eq!(Clock::scaled(-1.0), Clock::real());
        assert_eq!(Clock::scaled(f64::NAN), Clock::real());
        assert_ne!(Clock::scaled(10.0), Clock::real());
    }

    #[test]
    fn a_set_clock_starts_where_it_was_set() {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let clock = Clock::scaled(2.0).starting_at(start).started();
        assert!(clock.now() >= Duration::from_secs(1_000_000));
    }
}
