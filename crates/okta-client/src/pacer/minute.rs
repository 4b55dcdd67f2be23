//! One window: what is left of it, and how much of that others will want.

use super::quota::Quota;

/// How long after the announced end of a window the next may be used, in seconds of the server's clock. `Reset` is cut
/// to whole seconds, so the window may last that much longer.
const GRACE: f64 = 1.0;

/// Ends of windows that differ by no more than this are one window, written down by different servers.
pub(super) const SAME: f64 = 1.0;

/// How long a window lasts, in seconds of the server's clock.
pub(super) const LENGTH: f64 = 60.0;

/// For how many seconds the pace of others in the window before counts as if it had been seen in this one.
const MEMORY: f64 = 10.0;

/// For how many seconds others count as idle when nothing is known of a window before: a call or two in the first moment are
/// not the pace of a minute.
const DOUBT: f64 = 2.0;

/// When the window after this one may be used.
pub(super) fn end(quota: Quota) -> f64 {
    quota.reset + GRACE
}

/// Whether a window was over when another one began, which was a minute before its end at the earliest.
pub(super) fn is_before(quota: Quota, other: Quota) -> bool {
    other.reset >= quota.reset + LENGTH - SAME
}

/// A window that is on. Times are seconds of the server's clock.
#[derive(Debug)]
pub(super) struct Minute {
    /// The last word on it.
    pub(super) quota: Quota,
    /// No answer has told of it: it has to be on, since the one before is over, and is taken for untouched.
    pub(super) is_assumed: bool,
    /// What is to be left alone: the part of the limit that is not for us.
    reserve: u64,
    /// The most that is expected of others.
    most_of_others: f64,
    /// When the first word of it came and what was left then; of the very first window, when it began, and all of it.
    first: (f64, u64),
    /// When the last word came.
    seen_at: f64,
    /// When the last answer came, of whichever window it told.
    passed_at: f64,
    /// Calls of ours that may have been counted since the first word.
    ours: u64,
    /// Calls of others that were counted since, at least: what is gone and cannot have been ours.
    theirs: u64,
    /// Calls of others a second in the window before, if they are known.
    pace_before: Option<f64>,
}

impl Minute {
    /// The first word of a window, of whose limit we may use `allowance`, with `in_flight` calls on their way.
    /// `pace_before` is how many calls a second others made in the one before, if that is known.
    pub(super) fn new(quota: Quota, allowance: u64, in_flight: u64, pace_before: Option<f64>, now: f64) -> Self {
        #[allow(clippy::cast_precision_loss)] // A quota is a small number.
        let most_of_others = (allowance / 2) as f64;
        let reserve = quota.limit.saturating_sub(allowance);
        let first = (now, quota.remaining);
        Self {
            quota,
            is_assumed: false,
            reserve,
            most_of_others,
            first,
            seen_at: now,
            passed_at: now,
            ours: in_flight,
            theirs: 0,
            pace_before,
        }
    }

    /// The window that the answer to our very first call tells of: whatever is gone of it but this call was not ours.
    pub(super) fn of_first_call(quota: Quota, allowance: u64, in_flight: u64, now: f64) -> Self {
        let began = (quota.reset - LENGTH).min(now);
        let mut window = Self { first: (began, quota.limit), ..Self::new(quota, allowance, in_flight + 1, None, now) };
        window.learn(quota, now);
        window
    }

    /// The window after this one, which is over, as long as nothing is told of it.
    pub(super) fn next(&self, in_flight: u64, now: f64) -> Self {
        let quota = Quota { remaining: self.quota.limit, reset: now + LENGTH, ..self.quota };
        Self {
            quota,
            is_assumed: true,
            first: (now, quota.remaining),
            seen_at: now,
            passed_at: now,
            ours: in_flight,
            theirs: 0,
            pace_before: Some(self.pace_of_others()),
            ..*self
        }
    }

    /// Whether this is the window that the answer tells of.
    pub(super) fn is(&self, told: Quota) -> bool {
        !self.is_assumed && self.quota.limit == told.limit && (self.quota.reset - told.reset).abs() <= SAME
    }

    /// Whether this was assumed and turns out to be the window that the answer tells of, which did not begin before the one
    /// before it had ended.
    pub(super) fn may_be(&self, told: Quota) -> bool {
        self.is_assumed && self.quota.limit == told.limit && told.reset >= self.quota.reset - GRACE - SAME
    }

    /// Takes in a further word.
    pub(super) fn learn(&mut self, told: Quota, now: f64) {
        self.quota.remaining = self.quota.remaining.min(told.remaining);
        self.quota.reset = self.quota.reset.max(told.reset);
        let gone = self.first.1.saturating_sub(self.quota.remaining);
        self.theirs = self.theirs.max(gone.saturating_sub(self.ours));
        self.seen_at = now;
        self.passed_at = now;
    }

    /// An answer tells of another window: its call was counted in this one as well, and others have gone on using it.
    pub(super) fn pass_over(&mut self, now: f64) {
        self.lost();
        self.passed_at = now;
    }

    /// A call of ours is on its way.
    pub(super) fn sent(&mut self) {
        self.ours += 1;
    }

    /// A call of ours got no answer: it may have been counted.
    pub(super) fn lost(&mut self) {
        self.quota.remaining = self.quota.remaining.saturating_sub(1);
    }

    /// When the next window may be used.
    pub(super) fn end(&self) -> f64 {
        end(self.quota)
    }

    /// How many calls others make a second: what is gone of the window and was not ours, over the time since the first word
    /// of it, and what is remembered of the window before.
    #[allow(clippy::cast_precision_loss)] // A quota is a small number.
    pub(super) fn pace_of_others(&self) -> f64 {
        let (before, seconds) = self.pace_before.map_or((0.0, DOUBT), |pace| (pace * MEMORY, MEMORY));
        (self.theirs as f64 + before) / ((self.seen_at - self.first.0).max(0.0) + seconds)
    }

    /// What is left for us, calls in flight not counted: what others will want until the end is theirs.
    pub(super) fn rest(&self, now: f64) -> u64 {
        self.mine().saturating_sub(self.of_others(self.quota.reset - now))
    }

    /// What is left for us if others want nothing more.
    fn mine(&self) -> u64 {
        self.quota.remaining.saturating_sub(self.reserve + self.of_others(self.passed_at - self.seen_at))
    }

    /// How many calls others make in so many seconds.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Between nothing and a quota.
    fn of_others(&self, seconds: f64) -> u64 {
        (self.pace_of_others() * seconds.max(0.0)).min(self.most_of_others).ceil() as u64
    }

    /// From when on more than `few` calls are left: the less time is left to others, the more is left to us. Whether that is
    /// only when the window is over, too.
    pub(super) fn frees(&self, few: u64, now: f64) -> (f64, bool) {
        let Some(spare) = self.mine().checked_sub(few + 1) else { return (self.end(), true) };
        #[allow(clippy::cast_precision_loss)] // A quota is a small number.
        let at = self.quota.reset - spare as f64 / self.pace_of_others();
        // A moment later, so that what is rounded does not matter.
        ((at + 0.01).max(now + 0.05).min(self.end()), false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A window of 100 a minute, nine tenths ours, of which the first word left 99 at its beginning.
    fn window(pace_before: f64) -> Minute {
        Minute::new(Quota { limit: 100, remaining: 99, reset: 60.0 }, 90, 0, Some(pace_before), 0.0)
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
            window.sent();
            window.learn(left(99 - call), 0.1);
        }
        assert_eq!((window.pace_of_others(), window.rest(1.0)), (0.0, 39));
    }

    #[test]
    fn what_others_will_want_is_left_to_them() {
        let mut window = window(0.0);
        // They make a call every two seconds.
        for second in 1..=10_u32 {
            window.learn(left(99 - u64::from(second)), f64::from(second) * 2.0);
        }
        assert!((0.3..0.5).contains(&window.pace_of_others()), "{}", window.pace_of_others());
        assert_eq!(window.rest(20.0), 79 - 14, "until the end");
        assert_eq!(window.rest(59.9), 78, "the nearer that is, the less");
        assert!((window.frees(65, 20.0).0 - 21.0).abs() < 1.0, "{:?}", window.frees(65, 20.0));
        assert_eq!(window.frees(79, 20.0), (61.0, true));
    }

    #[test]
    fn what_others_did_in_the_window_before_is_expected_in_this_one() {
        assert_eq!(window(0.5).rest(0.0), 89 - 30);
        assert_eq!(window(9.0).rest(0.0), 89 - 45, "but half of our share stays ours");
    }

    #[test]
    fn others_go_on_while_other_windows_are_told_of() {
        let mut next = window(0.5).next(0, 61.0);
        assert_eq!((next.quota, next.rest(61.0)), (Quota { limit: 100, remaining: 100, reset: 121.0 }, 90 - 30));
        for second in 0..=20_u32 {
            next.sent();
            next.pass_over(61.0 + f64::from(second));
        }
        assert_eq!(next.rest(81.0), 90 - 21 - 30, "ours, and what others did and will do");
        assert!(next.may_be(left(80).until(121.0)) && !next.may_be(left(80).until(100.0)), "that one began before");
    }

    #[test]
    fn calls_in_flight_are_not_taken_for_those_of_others() {
        let mut window = Minute::new(left(99), 90, 5, None, 0.0);
        window.learn(left(94), 1.0);
        assert_eq!(window.pace_of_others(), 0.0);
        window.learn(left(92), 1.0);
        assert!(window.pace_of_others() > 0.0);
    }

    #[test]
    fn the_first_word_tells_of_others_already() {
        let first = |used: u64, seconds: f64| Minute::of_first_call(left(100 - used).until(60.0), 90, 0, seconds);
        assert_eq!(first(1, 30.0).rest(30.0), 89, "the call was ours");
        // 21 calls of others in 40 seconds are half a call a second.
        assert_eq!(first(22, 40.0).rest(40.0), 68 - 10, "until the end");
        assert_eq!(first(22, 0.0).rest(0.0), 68 - 45, "a burst need not go on: half of our share stays ours");
        assert!(first(3, 0.5).rest(0.5) > 40, "nor is a call or two a pace");
    }
}
