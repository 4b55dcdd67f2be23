//! The time at this C1, which may pass faster than ours and may be ahead of it.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

/// A clock.
#[derive(Debug)]
pub(crate) struct Clock {
    began: Instant,
    epoch: f64,
    scale: f64,
}

impl Clock {
    /// A clock on which `scale` seconds pass in one of ours, and whose wall clock is `ahead` seconds ahead.
    pub(crate) fn new(scale: f64, ahead: f64) -> Self {
        let epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64() + ahead;
        Self { began: Instant::now(), epoch, scale }
    }

    /// For what has to be measured, in seconds since the start.
    pub(crate) fn seconds(&self) -> f64 {
        self.began.elapsed().as_secs_f64() * self.scale
    }

    /// Seconds since 1970. They are not scaled: those who sign in go by their own wall clock.
    pub(crate) fn wall(&self) -> f64 {
        self.epoch + self.began.elapsed().as_secs_f64()
    }

    /// The wall clock as the `Date` header shows it.
    pub(crate) fn date(&self) -> String {
        #[expect(clippy::cast_possible_truncation, reason = "whole seconds since 1970")]
        let now = Timestamp::from_second(self.wall() as i64).unwrap_or_default();
        DateTimePrinter::new().timestamp_to_rfc9110_string(&now).unwrap_or_default()
    }
}
