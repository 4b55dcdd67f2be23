//! The time by which the service waits. It can be made to pass faster, so that a test of an hour takes a second.

use std::time::Duration;

use tokio::time::Instant;

/// A clock. Clones show the same time.
#[derive(Debug, Clone)]
pub struct Clock {
    began: Instant,
    scale: f64,
}

impl Default for Clock {
    fn default() -> Self {
        Self::faster(1.0)
    }
}

impl Clock {
    /// A clock on which `scale` seconds pass in one of ours; 1 outside of tests. What is no positive number counts as 1.
    #[must_use]
    pub fn faster(scale: f64) -> Self {
        let scale = if scale.is_finite() && scale > 0.0 { scale } else { 1.0 };
        Self { began: Instant::now(), scale }
    }

    /// The time since the clock was made.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.began.elapsed().mul_f64(self.scale)
    }

    /// Waits.
    pub async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration.div_f64(self.scale)).await;
    }
}

/// Growing pauses between tries, each a random part of a doubling limit, so that many who wait do not come back at once.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    tries: u32,
}

impl Backoff {
    /// Pauses of about `first` at the beginning, and never longer than `longest`.
    pub(crate) fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, tries: 0 }
    }

    /// The next pause: between a half and the whole of its limit.
    pub(crate) fn next(&mut self) -> Duration {
        let limit = self.first.saturating_mul(1 << self.tries.min(20)).min(self.longest);
        self.tries = self.tries.saturating_add(1);
        limit.mul_f64(rand::random_range(0.5..=1.0))
    }

    /// Begins anew.
    pub(crate) fn reset(&mut self) {
        self.tries = 0;
    }
}

/// About `duration`: a tenth more or less.
pub(crate) fn jittered(duration: Duration) -> Duration {
    duration.mul_f64(rand::random_range(0.9..=1.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit_and_vary() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));
        for limit in [1, 2, 4, 8, 16, 30, 30, 30] {
            let (pause, limit) = (backoff.next(), Duration::from_secs(limit));
            assert!(pause <= limit && pause >= limit / 2, "{pause:?} of {limit:?}");
        }
        for _ in 0..100 {
            backoff.next();
        }
        assert!(backoff.next() <= Duration::from_secs(30), "however long it takes");
        backoff.reset();
        assert!(backoff.next() <= Duration::from_secs(1));
        let many: std::collections::HashSet<_> = (0..20).map(|_| jittered(Duration::from_secs(10))).collect();
        assert!(many.len() > 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_fast_clock_waits_shorter() {
        let clock = Clock::faster(100.0);
        let real = Instant::now();
        clock.sleep(Duration::from_secs(100)).await;
        assert!(real.elapsed() < Duration::from_secs(2));
        assert!(clock.now() >= Duration::from_secs(100));
    }
}
