//! Estimates the server's clock.
//!
//! Resets are given by the server's clock, so waiting for one needs that clock and not ours. Each response carries it in
//! its `Date` header, truncated to whole seconds and delayed by the latency of the response: every single reading is too
//! early, by up to a second and a bit. The largest recent difference is the best estimate, and never ahead.

/// An estimate of the server's clock. All times are seconds: `local` since the client was created, `server` since 1970.
#[derive(Debug)]
pub(crate) struct ServerClock {
    /// How many seconds of the server pass in one of ours; 1 outside of benches.
    scale: f64,
    /// Our own clock's time at local zero, used until the first response.
    guess: f64,
    /// The largest difference in the current period, and when that began.
    present: Option<(f64, f64)>,
    /// The largest difference in the period before.
    before: Option<f64>,
}

/// Seconds for which a reading counts at least. Readings expire, in case a server was once ahead.
const PERIOD: f64 = 300.0;

impl ServerClock {
    /// Creates a clock that shows `wall` at local zero until the first observation.
    pub(crate) fn new(wall: f64, scale: f64) -> Self {
        Self { scale, guess: wall, present: None, before: None }
    }

    /// Observes the `Date` of a response received at `local`.
    pub(crate) fn observe(&mut self, date: f64, local: f64) {
        let difference = date - local * self.scale;
        match &mut self.present {
            Some((best, since)) if local - *since <= PERIOD => *best = best.max(difference),
            present => {
                self.before = present.map(|(best, _)| best);
                *present = Some((difference, local));
            }
        }
    }

    fn difference(&self) -> f64 {
        match (self.present, self.before) {
            (Some((present, _)), Some(before)) => present.max(before),
            (Some((present, _)), None) => present,
            (None, _) => self.guess,
        }
    }

    /// Returns the server's time at `local`.
    pub(crate) fn server(&self, local: f64) -> f64 {
        local * self.scale + self.difference()
    }

    /// Returns the local time at which the server's will be `server`.
    pub(crate) fn local(&self, server: f64) -> f64 {
        (server - self.difference()) / self.scale
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_the_local_clock_until_the_first_observation() {
        let mut clock = ServerClock::new(1000.0, 1.0);
        assert_eq!(clock.server(5.0), 1005.0);
        clock.observe(2000.0, 5.0);
        assert_eq!(clock.server(5.0), 2000.0);
    }

    #[test]
    fn keeps_the_reading_that_was_truncated_least() {
        // The server's time is 500.9 at local zero.
        let mut clock = ServerClock::new(0.0, 1.0);
        for local in [0.0, 0.3, 0.65, 1.05, 1.2, 7.95] {
            clock.observe((500.9_f64 + local).floor(), local);
            assert!(clock.server(local) <= 500.9 + local + 1e-9, "never ahead");
        }
        assert!(clock.server(8.0) > 508.9 - 0.11);
    }

    #[test]
    fn forgets_old_readings() {
        let mut clock = ServerClock::new(0.0, 1.0);
        clock.observe(10_000.0, 0.0);
        for minute in 1..=15 {
            let local = f64::from(minute) * 60.0;
            clock.observe(1000.0 + local, local);
        }
        assert_eq!(clock.server(900.0), 1900.0);
    }

    #[test]
    fn a_fast_server_is_waited_for_shorter() {
        let mut clock = ServerClock::new(0.0, 10.0);
        clock.observe(1000.0, 2.0);
        assert_eq!(clock.server(3.0), 1010.0);
        assert_eq!(clock.local(1060.0), 8.0);
    }
}
