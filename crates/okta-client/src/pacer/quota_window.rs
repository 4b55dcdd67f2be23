//! Tracks one quota window: its remaining calls, and how many of those other clients are expected to use.

use super::quota::Quota;

/// Seconds of the server's clock between the reported reset and the first call of the next window. `Reset` is truncated to
/// whole seconds, so the window may last that much longer.
const RESET_GRACE: f64 = 1.0;

/// Resets that differ by no more than this, in seconds, belong to one window, reported by different servers.
pub(super) const RESET_TOLERANCE: f64 = 1.0;

/// The length of a window, in seconds of the server's clock.
pub(super) const WINDOW_SECONDS: f64 = 60.0;

/// The weight, in seconds, of the previous window's rate of other clients in this one.
const PREVIOUS_RATE_SECONDS: f64 = 10.0;

/// The seconds for which other clients count as idle if the previous rate is unknown: a call or two in the first moment are
/// not the rate of a minute.
const UNKNOWN_RATE_SECONDS: f64 = 2.0;

/// Returns when the window after this one may be used.
pub(super) fn usable_after(quota: Quota) -> f64 {
    quota.reset + RESET_GRACE
}

/// Returns whether a window had ended when another one began, which was at most a minute before that one's end.
pub(super) fn is_before(quota: Quota, other: Quota) -> bool {
    other.reset >= quota.reset + WINDOW_SECONDS - RESET_TOLERANCE
}

/// An active window. Times are seconds of the server's clock.
#[derive(Debug)]
pub(super) struct QuotaWindow {
    /// The last report of it.
    pub(super) quota: Quota,
    /// Whether no response has reported it. It must be active, since the previous one has ended, and is assumed to be unused.
    pub(super) is_assumed: bool,
    /// The part of the limit that is not for us.
    reserve: u64,
    /// The largest number of calls expected from other clients.
    max_for_others: f64,
    /// Time of the first report, and the remaining calls in it; for the very first window its beginning and its limit.
    first_report: (f64, u64),
    /// Time of the last report.
    reported_at: f64,
    /// Time of the last response, whichever window it reported.
    last_response_at: f64,
    /// Calls of ours that may have been counted since the first report.
    own_calls: u64,
    /// Calls of other clients that were counted since, at least: calls used that cannot have been ours.
    others_calls: u64,
    /// Calls per second of other clients in the previous window, if known.
    previous_others_rate: Option<f64>,
}

impl QuotaWindow {
    /// Creates a window from its first report. `allowance` of its limit may be used, and `in_flight` calls are in flight.
    /// `previous_others_rate` is the rate of other clients in the previous window, if known.
    pub(super) fn new(
        quota: Quota,
        allowance: u64,
        in_flight: u64,
        previous_others_rate: Option<f64>,
        now: f64,
    ) -> Self {
        #[allow(clippy::cast_precision_loss)] // A quota is a small number.
        let max_for_others = (allowance / 2) as f64;
        let reserve = quota.limit.saturating_sub(allowance);
        let first_report = (now, quota.remaining);
        Self {
            quota,
            is_assumed: false,
            reserve,
            max_for_others,
            first_report,
            reported_at: now,
            last_response_at: now,
            own_calls: in_flight,
            others_calls: 0,
            previous_others_rate,
        }
    }

    /// Creates the window that the response to our very first call reports: all calls used but this one were not ours.
    pub(super) fn from_first_response(quota: Quota, allowance: u64, in_flight: u64, now: f64) -> Self {
        let began = (quota.reset - WINDOW_SECONDS).min(now);
        let mut window =
            Self { first_report: (began, quota.limit), ..Self::new(quota, allowance, in_flight + 1, None, now) };
        window.update(quota, now);
        window
    }

    /// Returns the assumed window after this one, which has ended.
    pub(super) fn next(&self, in_flight: u64, now: f64) -> Self {
        let quota = Quota { remaining: self.quota.limit, reset: now + WINDOW_SECONDS, ..self.quota };
        Self {
            quota,
            is_assumed: true,
            first_report: (now, quota.remaining),
            reported_at: now,
            last_response_at: now,
            own_calls: in_flight,
            others_calls: 0,
            previous_others_rate: Some(self.others_rate()),
            ..*self
        }
    }

    /// Returns whether a response reports this window.
    pub(super) fn matches(&self, reported: Quota) -> bool {
        !self.is_assumed
            && self.quota.limit == reported.limit
            && (self.quota.reset - reported.reset).abs() <= RESET_TOLERANCE
    }

    /// Returns whether a response may report this window, which was assumed: one that began before the previous one had ended
    /// is another.
    pub(super) fn may_match(&self, reported: Quota) -> bool {
        self.is_assumed
            && self.quota.limit == reported.limit
            && reported.reset >= self.quota.reset - RESET_GRACE - RESET_TOLERANCE
    }

    /// Updates the window with a further report.
    pub(super) fn update(&mut self, reported: Quota, now: f64) {
        self.quota.remaining = self.quota.remaining.min(reported.remaining);
        self.quota.reset = self.quota.reset.max(reported.reset);
        let used = self.first_report.1.saturating_sub(self.quota.remaining);
        self.others_calls = self.others_calls.max(used.saturating_sub(self.own_calls));
        self.reported_at = now;
        self.last_response_at = now;
    }

    /// Records a response that reports another window: its call was counted in this one as well, and other clients have gone
    /// on using it.
    pub(super) fn observe_other_window(&mut self, now: f64) {
        self.record_lost();
        self.last_response_at = now;
    }

    /// Records that a call of ours was sent.
    pub(super) fn record_sent(&mut self) {
        self.own_calls += 1;
    }

    /// Records that a call of ours got no response: it may have been counted.
    pub(super) fn record_lost(&mut self) {
        self.quota.remaining = self.quota.remaining.saturating_sub(1);
    }

    /// Returns when the next window may be used.
    pub(super) fn end(&self) -> f64 {
        usable_after(self.quota)
    }

    /// Returns how many calls per second other clients make: the calls used that were not ours over the time since the first
    /// report, averaged with the rate of the previous window.
    #[allow(clippy::cast_precision_loss)] // A quota is a small number.
    pub(super) fn others_rate(&self) -> f64 {
        let (before, seconds) = self
            .previous_others_rate
            .map_or((0.0, UNKNOWN_RATE_SECONDS), |rate| (rate * PREVIOUS_RATE_SECONDS, PREVIOUS_RATE_SECONDS));
        (self.others_calls as f64 + before) / ((self.reported_at - self.first_report.0).max(0.0) + seconds)
    }

    /// Returns the calls left for us, less those that other clients are expected to make until the end. Calls in flight are
    /// not subtracted.
    pub(super) fn available(&self, now: f64) -> u64 {
        self.own_remaining().saturating_sub(self.expected_from_others(self.quota.reset - now))
    }

    /// Returns the calls left for us if other clients make no more.
    fn own_remaining(&self) -> u64 {
        self.quota
            .remaining
            .saturating_sub(self.reserve + self.expected_from_others(self.last_response_at - self.reported_at))
    }

    /// Returns how many calls other clients are expected to make in `seconds`.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Between nothing and a quota.
    fn expected_from_others(&self, seconds: f64) -> u64 {
        (self.others_rate() * seconds.max(0.0)).min(self.max_for_others).ceil() as u64
    }

    /// Returns when more than `needed` calls are left, and whether that is only after the end of the window. The less time
    /// other clients have, the more is left for us.
    pub(super) fn next_available_at(&self, needed: u64, now: f64) -> (f64, bool) {
        let Some(spare) = self.own_remaining().checked_sub(needed + 1) else { return (self.end(), true) };
        #[allow(clippy::cast_precision_loss)] // A quota is a small number.
        let at = self.quota.reset - spare as f64 / self.others_rate();
        // A moment later, so that rounding does not matter.
        ((at + 0.01).max(now + 0.05).min(self.end()), false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A window of 100 calls, nine tenths ours, whose first report had 99 left at its beginning.
    fn window(previous_others_rate: f64) -> QuotaWindow {
        QuotaWindow::new(Quota { limit: 100, remaining: 99, reset: 60.0 }, 90, 0, Some(previous_others_rate), 0.0)
    }

    fn left(remaining: u64) -> Quota {
        Quota { limit: 100, remaining, reset: 60.0 }
    }

    impl Quota {
        fn until(self, reset: f64) -> Self {
            Self { reset, ..self }
        }
    }

    #[test]
    fn alone_all_of_our_share_is_ours() {
        let mut window = window(0.0);
        for call in 1..=50 {
            window.record_sent();
            window.update(left(99 - call), 0.1);
        }
        assert_eq!((window.others_rate(), window.available(1.0)), (0.0, 39));
    }

    #[test]
    fn what_others_will_want_is_left_to_them() {
        let mut window = window(0.0);
        // They make a call every two seconds.
        for second in 1..=10_u32 {
            window.update(left(99 - u64::from(second)), f64::from(second) * 2.0);
        }
        assert!((0.3..0.5).contains(&window.others_rate()), "{}", window.others_rate());
        assert_eq!(window.available(20.0), 79 - 14, "until the end");
        assert_eq!(window.available(59.9), 78, "the nearer that is, the less");
        assert!((window.next_available_at(65, 20.0).0 - 21.0).abs() < 1.0, "{:?}", window.next_available_at(65, 20.0));
        assert_eq!(window.next_available_at(79, 20.0), (61.0, true));
    }

    #[test]
    fn what_others_did_in_the_window_before_is_expected_in_this_one() {
        assert_eq!(window(0.5).available(0.0), 89 - 30);
        assert_eq!(window(9.0).available(0.0), 89 - 45, "but half of our share stays ours");
    }

    #[test]
    fn others_go_on_while_other_windows_are_reported() {
        let mut next = window(0.5).next(0, 61.0);
        assert_eq!((next.quota, next.available(61.0)), (Quota { limit: 100, remaining: 100, reset: 121.0 }, 90 - 30));
        for second in 0..=20_u32 {
            next.record_sent();
            next.observe_other_window(61.0 + f64::from(second));
        }
        assert_eq!(next.available(81.0), 90 - 21 - 30, "ours, and what others did and will do");
        assert!(
            next.may_match(left(80).until(121.0)) && !next.may_match(left(80).until(100.0)),
            "that one began before"
        );
    }

    #[test]
    fn calls_in_flight_are_not_taken_for_those_of_others() {
        let mut window = QuotaWindow::new(left(99), 90, 5, None, 0.0);
        window.update(left(94), 1.0);
        assert_eq!(window.others_rate(), 0.0);
        window.update(left(92), 1.0);
        assert!(window.others_rate() > 0.0);
    }

    #[test]
    fn the_first_report_shows_calls_of_others() {
        let first_report =
            |used: u64, seconds: f64| QuotaWindow::from_first_response(left(100 - used).until(60.0), 90, 0, seconds);
        assert_eq!(first_report(1, 30.0).available(30.0), 89, "the call was ours");
        // 21 calls of others in 40 seconds are half a call a second.
        assert_eq!(first_report(22, 40.0).available(40.0), 68 - 10, "until the end");
        assert_eq!(
            first_report(22, 0.0).available(0.0),
            68 - 45,
            "a burst need not go on: half of our share stays ours"
        );
        assert!(first_report(3, 0.5).available(0.5) > 40, "nor is a call or two a pace");
    }
}
