//! Limits the calls of one bucket: a state machine without clock and network. Time is passed in, decisions come out.
//!
//! A call counts for the token and for the whole org (`docs/spec/okta-api.md` 2.1), each in a window of a minute that
//! begins with its own first call. A response reports one of the two: its limit, the remaining calls and the reset.
//! Responses overtake each other, and other clients use the org's quota. So windows with different resets are distinct,
//! and a call has to fit into all active windows. Within a window the smallest reported remainder counts, calls in flight
//! count as used, and a share of the limit is reserved for other clients. The calls that other clients are expected to
//! make are subtracted as well (`quota_window`).
//!
//! While the quota is unknown, one call at a time is sent: before a bucket's first response, and after the end of a window
//! until a response reports the next one. If that response does not come, another call is sent every few seconds.

use super::quota::Quota;
use super::quota_window::{self, QuotaWindow, RESET_TOLERANCE, WINDOW_SECONDS};

/// Resets further ahead than this, in seconds, are not believed: windows last a minute.
const MAX_RESET_AHEAD: f64 = 600.0;

/// Seconds before the end of a window by which all calls spread over it are sent, so that they count in it.
const SPREAD_MARGIN: f64 = 4.0;

/// Seconds to wait for the response to the first call of a window before another call is sent.
const PROBE_INTERVAL: f64 = 5.0;

/// The longest pause between spread calls, in seconds: the reported remainder of a shared quota soon becomes stale.
const MAX_SPREAD_PAUSE: f64 = 5.0;

/// The largest number of active windows: those of the token and of the org, and one whose reset was reported in two ways.
/// A server that reports more than that moves its reset with every response.
const MAX_WINDOWS: usize = 3;

/// The largest number of limits whose rate of other clients is remembered. A bucket has two, and more only while they are
/// changed.
const MAX_OTHERS_RATES: usize = 8;

/// Decides when the calls of one bucket may be sent. Times are seconds of the server's clock.
#[derive(Debug)]
pub(crate) struct BucketLimiter {
    share_percent: u64,
    /// Whether the server responds without quota headers.
    reports_no_quota: bool,
    /// The active windows.
    windows: Vec<QuotaWindow>,
    /// The rates of other clients in past windows, one for each limit.
    others_rates: Vec<OthersRate>,
    /// The last report of the limit that applies to us.
    last: Option<Quota>,
    /// Whether a window may be active that no response has reported.
    may_have_unseen_window: bool,
    /// Counts window ends, to distinguish responses from those to earlier calls.
    generation: u64,
    /// Calls that were admitted and have not completed.
    in_flight: u64,
    /// Calls in flight that were admitted in the current generation.
    in_flight_now: u64,
    /// Calls that readers are known to need.
    backlog: u64,
    /// Calls of the backlog that no other bucket can serve.
    exclusive: u64,
    /// When the last call was admitted.
    sent_at: f64,
}

/// The rate of other clients in a past window.
#[derive(Debug, Clone, Copy)]
struct OthersRate {
    /// The limit of the window.
    limit: u64,
    /// When it ended.
    until: f64,
    /// Calls per second.
    rate: f64,
}

/// Whether a call may be sent now.
#[derive(Debug)]
pub(crate) enum Decision {
    /// Yes. The ticket must be returned.
    Send(Ticket),
    /// No: ask again at this time or after the next response.
    Wait {
        /// When.
        until: f64,
        /// Whether this waits for the end of the window, not only for the next call's turn.
        for_window: bool,
    },
    /// No: only a response can change that.
    WaitForResponse,
}

/// Proof that a call was admitted. It must be completed exactly once: by its response or as lost.
#[derive(Debug)]
pub(crate) struct Ticket {
    generation: u64,
}

impl BucketLimiter {
    /// Creates the limiter of a bucket with an unknown quota, of which `share_percent` may be used.
    pub(crate) fn new(share_percent: u8) -> Self {
        Self {
            share_percent: u64::from(share_percent.clamp(1, 100)),
            reports_no_quota: false,
            windows: Vec::new(),
            others_rates: Vec::new(),
            last: None,
            may_have_unseen_window: true,
            generation: 0,
            in_flight: 0,
            in_flight_now: 0,
            backlog: 0,
            exclusive: 0,
            sent_at: 0.0,
        }
    }

    /// Returns how much of `limit` may be used, at least one call.
    fn allowance(&self, limit: u64) -> u64 {
        (limit.saturating_mul(self.share_percent) / 100).max(1)
    }

    /// Sets how many calls are known to be needed, and how many of them no other bucket can serve.
    pub(crate) fn set_backlog(&mut self, calls: u64, exclusive: u64) {
        self.backlog = calls;
        self.exclusive = exclusive;
    }

    /// Decides about a call that another bucket can serve as well: it leaves the window to calls that have no alternative.
    pub(crate) fn decide_any_bucket(&mut self, now: f64, queued: u64) -> Decision {
        self.roll_over(now);
        match self.remaining_calls(now) {
            Some(remaining) if remaining <= self.exclusive => match self.next_available_at(self.exclusive, now) {
                Some((until, _)) => Decision::Wait { until, for_window: false },
                None => Decision::WaitForResponse,
            },
            _ => self.decide(now, queued),
        }
    }

    /// Decides about the next call; `queued` calls, this one among them, are waiting.
    pub(crate) fn decide(&mut self, now: f64, queued: u64) -> Decision {
        self.roll_over(now);
        if let Some((until, for_window)) = self.next_available_at(0, now) {
            return Decision::Wait { until, for_window };
        }
        // Responses correct our estimate of the server's time, the first one perhaps by far.
        self.sent_at = self.sent_at.min(now);
        if let Some(wait) = self.probe_wait(now) {
            return wait;
        }
        if let Some(until) = self.next_turn(now, queued).filter(|next_turn| now < *next_turn) {
            return Decision::Wait { until, for_window: false };
        }
        self.in_flight += 1;
        self.in_flight_now += 1;
        self.backlog = self.backlog.saturating_sub(1);
        self.sent_at = now;
        self.windows.iter_mut().for_each(QuotaWindow::record_sent);
        Decision::Send(Ticket { generation: self.generation })
    }

    /// Returns what a call has to wait for while a window may be active that no response has reported; `None` if it may be
    /// sent. Calls of the previous window may still be in flight, and then count in this one.
    fn probe_wait(&self, now: f64) -> Option<Decision> {
        if !self.may_have_unseen_window || self.reports_no_quota {
            return None;
        }
        let allowance = self.last.map_or(1, |last| self.allowance(last.limit));
        let next = self.sent_at + PROBE_INTERVAL;
        match self.in_flight_now {
            0 if self.last.is_none() || self.in_flight < allowance => None,
            1.. if self.in_flight_now < allowance / 10 && self.in_flight < allowance => {
                (now < next).then_some(Decision::Wait { until: next, for_window: false })
            }
            _ => Some(Decision::WaitForResponse),
        }
    }

    /// Returns the time of the next call if calls are spread because more are needed than the windows have left.
    fn next_turn(&self, now: f64, queued: u64) -> Option<f64> {
        let rest = self.windows.iter().map(|window| window.available(now)).min()?;
        if self.backlog.max(queued) <= rest {
            return None;
        }
        #[allow(clippy::cast_precision_loss)] // A quota is a small number.
        let gap = |window: &QuotaWindow| {
            (window.quota.reset - SPREAD_MARGIN - self.sent_at).max(0.0) / (self.remaining_in(window, now) + 1) as f64
        };
        let widest = self.windows.iter().map(gap).max_by(f64::total_cmp)?;
        Some(self.sent_at + widest.min(MAX_SPREAD_PAUSE))
    }

    /// Replaces each window that has ended by the next one, and drops windows that were assumed a minute ago and not
    /// reported since. A window that ends too far ahead exists only if the server's clock was set back: it is dropped.
    fn roll_over(&mut self, now: f64) {
        self.windows.retain(|window| !window.is_assumed || now < window.end());
        let were_on = self.windows.len();
        self.windows.retain(|window| window.quota.reset <= now + MAX_RESET_AHEAD);
        let mut is_over = self.windows.len() < were_on;
        for at in 0..self.windows.len() {
            if now >= self.windows[at].end() {
                is_over = true;
                self.remember_others_rate(at);
                self.windows[at] = self.windows[at].next(self.in_flight, now);
            }
        }
        if is_over {
            self.may_have_unseen_window = true;
            self.generation += 1;
            self.in_flight_now = 0;
        }
    }

    /// Remembers the rate of other clients in a window. Only we use our token's window, whose limit may be the same as the
    /// org's: of two windows within a minute the busier one counts.
    fn remember_others_rate(&mut self, at: usize) {
        let window = &self.windows[at];
        let new = OthersRate { limit: window.quota.limit, until: window.quota.reset, rate: window.others_rate() };
        match self.others_rates.iter_mut().find(|old| old.limit == new.limit) {
            Some(old) if new.rate > old.rate || new.until > old.until + WINDOW_SECONDS - RESET_TOLERANCE => *old = new,
            Some(_) => {}
            None => {
                if self.others_rates.len() >= MAX_OTHERS_RATES {
                    self.others_rates.sort_by(|a, b| b.until.total_cmp(&a.until));
                    self.others_rates.truncate(MAX_OTHERS_RATES - 1);
                }
                self.others_rates.push(new);
            }
        }
    }

    /// Returns how many calls per second other clients made in the last window of this limit.
    fn others_rate(&self, limit: u64) -> Option<f64> {
        self.others_rates.iter().find(|others| others.limit == limit).map(|others| others.rate)
    }

    /// Completes a call, and returns whether it was admitted in the current generation.
    #[allow(clippy::needless_pass_by_value)] // A ticket is used once.
    fn complete(&mut self, ticket: Ticket) -> bool {
        self.in_flight = self.in_flight.saturating_sub(1);
        let is_current = ticket.generation == self.generation;
        if is_current {
            self.in_flight_now = self.in_flight_now.saturating_sub(1);
        }
        is_current
    }

    /// Records a response, with or without quota headers, successful or not.
    pub(crate) fn record_response(&mut self, ticket: Ticket, quota: Option<Quota>, success: bool, now: f64) {
        let is_current = self.complete(ticket);
        let Some(reported) = quota else {
            self.reports_no_quota |= success && self.last.is_none();
            return;
        };
        self.roll_over(now);
        // A late report of a window that has ended, unless the call was sent after its assumed end.
        let mut known = self.windows.iter().filter(|window| !window.is_assumed);
        let is_over = now >= quota_window::usable_after(reported)
            || known.any(|window| quota_window::is_before(reported, window.quota));
        if is_over && !(is_current && self.may_have_unseen_window) {
            return;
        }
        self.reports_no_quota = false;
        self.may_have_unseen_window &= !is_current && self.last.is_some();
        self.update(Quota { reset: plausible_reset(reported.reset, now), ..reported }, now);
    }

    /// Updates the windows with the report of an active one.
    fn update(&mut self, reported: Quota, now: f64) {
        let is_first_call = self.last.is_none();
        // The smaller of two simultaneous limits is ours, the other one that of the whole org.
        if self.last.is_none_or(|last| reported.limit <= last.limit || reported.reset >= last.reset + WINDOW_SECONDS) {
            self.last = Some(reported);
        }
        let mut is_new = true;
        for window in &mut self.windows {
            if window.matches(reported) {
                window.update(reported, now);
                is_new = false;
            } else {
                window.observe_other_window(now);
            }
        }
        if !is_new {
            return;
        }
        // It replaces the window that was assumed in its place, or one that had ended when it began.
        let end_of = |at: &usize| self.windows[*at].end();
        let assumed = || {
            (0..self.windows.len())
                .filter(|at| self.windows[*at].may_match(reported))
                .max_by(|a, b| end_of(a).total_cmp(&end_of(b)))
        };
        let place =
            self.windows.iter().position(|window| quota_window::is_before(window.quota, reported)).or_else(assumed);
        let oldest = || {
            (0..self.windows.len())
                .filter(|_| self.windows.len() >= MAX_WINDOWS)
                .min_by(|a, b| end_of(a).total_cmp(&end_of(b)))
        };
        if let Some(at) = place.or_else(oldest) {
            self.remember_others_rate(at);
            self.windows.swap_remove(at);
        }
        let allowance = self.allowance(reported.limit);
        self.windows.push(match is_first_call {
            true => QuotaWindow::from_first_response(reported, allowance, self.in_flight, now),
            false => QuotaWindow::new(reported, allowance, self.in_flight, self.others_rate(reported.limit), now),
        });
        self.may_have_unseen_window = false;
    }

    /// Records a response that reports an exhausted quota.
    pub(crate) fn record_exhausted(&mut self, ticket: Ticket, quota: Quota, now: f64) {
        self.record_response(ticket, Some(Quota { remaining: 0, ..quota }), false, now);
    }

    /// Records that no response will come. The server may have counted the call.
    pub(crate) fn record_lost(&mut self, ticket: Ticket) {
        self.complete(ticket);
        self.windows.iter_mut().for_each(QuotaWindow::record_lost);
    }

    /// Returns how many calls may still be made in the active windows, or in the next one if none is active; `None` while no
    /// limit is known.
    pub(crate) fn remaining_calls(&self, now: f64) -> Option<u64> {
        let current = self.windows.iter().filter(|window| now < window.end());
        let left = current.map(|window| self.remaining_in(window, now)).min();
        left.or_else(|| self.last.map(|last| self.allowance(last.limit)))
    }

    /// Returns what a window has left for calls that are not in flight. The server may have counted some of those in flight
    /// already; which ones is unknown.
    fn remaining_in(&self, window: &QuotaWindow, now: f64) -> u64 {
        window.available(now).saturating_sub(self.in_flight)
    }

    /// Returns when all windows have more than `needed` calls left, and whether that takes the end of a window; `None` if they
    /// have now.
    fn next_available_at(&self, needed: u64, now: f64) -> Option<(f64, bool)> {
        let scarce = self.windows.iter().filter(|window| self.remaining_in(window, now) <= needed);
        scarce
            .map(|window| window.next_available_at(needed + self.in_flight, now))
            .max_by(|one, other| one.0.total_cmp(&other.0))
    }

    /// Returns the last reported quota: our limit, and the remaining calls of the scarcest window.
    pub(crate) fn quota(&self) -> Option<Quota> {
        let last = self.last?;
        let reported = self.windows.iter().filter(|window| !window.is_assumed);
        let scarcest = reported.map(|window| window.quota).min_by_key(|quota| quota.remaining).unwrap_or(last);
        Some(Quota { limit: last.limit, ..scarcest })
    }
}

/// Returns the reset of a window, replaced by an assumption if it cannot be right.
fn plausible_reset(reset: f64, now: f64) -> f64 {
    if reset > now + MAX_RESET_AHEAD { now + WINDOW_SECONDS } else { reset.max(now) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const END: f64 = 1060.0;

    #[test]
    fn limits_that_always_change_are_not_all_remembered() {
        let mut limiter = BucketLimiter::new(90);
        for n in 0..100_u32 {
            let now = 1000.0 + f64::from(n) * 70.0;
            if let Decision::Send(ticket) = limiter.decide(now, 1) {
                limiter.record_response(ticket, quota(100 + u64::from(n), 50, now + 60.0), true, now);
            }
        }
        assert_eq!(limiter.others_rates.len(), MAX_OTHERS_RATES);
        assert!(
            limiter.others_rates.iter().any(|others| others.limit > 190),
            "the latest are: {:?}",
            limiter.others_rates
        );
    }

    fn quota(limit: u64, remaining: u64, reset: f64) -> Option<Quota> {
        Some(Quota { limit, remaining, reset })
    }

    fn send(limiter: &mut BucketLimiter, now: f64) -> Ticket {
        match limiter.decide(now, 1) {
            Decision::Send(ticket) => ticket,
            other => panic!("expected a call at {now}, got {other:?}"),
        }
    }

    /// Returns the tickets of all calls that may be sent now.
    fn burst(limiter: &mut BucketLimiter, now: f64) -> Vec<Ticket> {
        std::iter::from_fn(|| match limiter.decide(now, 1) {
            Decision::Send(ticket) => Some(ticket),
            Decision::Wait { .. } | Decision::WaitForResponse => None,
        })
        .collect()
    }

    /// A limiter whose window our calls have used down to `remaining` of `limit`.
    fn known(share: u8, limit: u64, remaining: u64) -> BucketLimiter {
        let mut limiter = BucketLimiter::new(share);
        for left in (remaining..limit).rev() {
            let ticket = send(&mut limiter, 1000.0);
            limiter.record_response(ticket, quota(limit, left, END), true, 1000.0);
        }
        limiter
    }

    #[test]
    fn one_call_is_out_until_the_first_answer() {
        let mut limiter = BucketLimiter::new(90);
        let first = send(&mut limiter, 1000.0);
        assert!(matches!(limiter.decide(1000.0, 1), Decision::WaitForResponse));
        limiter.record_lost(first);
        let second = send(&mut limiter, 1001.0);
        limiter.record_response(second, None, false, 1001.0);
        assert_eq!(burst(&mut limiter, 1002.0).len(), 1, "a failure without quota teaches nothing");
    }

    #[test]
    fn a_server_without_quotas_is_not_held_back() {
        let mut limiter = BucketLimiter::new(90);
        let first = send(&mut limiter, 1000.0);
        limiter.record_response(first, None, true, 1000.0);
        assert_eq!(std::iter::repeat_with(|| send(&mut limiter, 1000.0)).take(500).count(), 500);
    }

    #[test]
    fn the_share_of_others_stays_untouched() {
        assert_eq!(burst(&mut known(50, 100, 99), 1001.0).len(), 49);
        assert_eq!(burst(&mut known(90, 100, 99), 1001.0).len(), 89);
        assert_eq!(burst(&mut known(100, 100, 99), 1001.0).len(), 99);
        assert_eq!(burst(&mut known(90, 100, 30), 1001.0).len(), 20, "we have used 70 of it");
        let mut others = BucketLimiter::new(90);
        let first = send(&mut others, END - 30.0);
        others.record_response(first, quota(100, 67, END), true, END - 30.0);
        assert_eq!(burst(&mut others, END - 30.0).len(), 27, "others have used 32, and will use as many again");
        assert_eq!(burst(&mut known(1, 10, 10), 1001.0).len(), 1, "a small share is still a call");
    }

    #[test]
    fn room_is_what_is_left_of_our_share_or_a_whole_window() {
        assert_eq!(BucketLimiter::new(90).remaining_calls(1000.0), None);
        let mut limiter = known(90, 100, 50);
        assert_eq!(limiter.remaining_calls(1001.0), Some(40));
        let _out = send(&mut limiter, 1001.0);
        assert_eq!((limiter.remaining_calls(1001.0), limiter.remaining_calls(END + 1.0)), (Some(39), Some(90)));
    }

    #[test]
    fn a_spent_window_is_waited_out_by_the_servers_clock() {
        let mut limiter = known(100, 100, 0);
        assert!(matches!(limiter.decide(1001.0, 1), Decision::Wait { until, for_window: true } if until == END + 1.0));
        assert!(matches!(limiter.decide(END + 0.9, 1), Decision::Wait { .. }));
        assert_eq!(burst(&mut limiter, END + 1.0).len(), 1, "one, until an answer tells of the new window");
        assert!(
            matches!(limiter.decide(END + 2.0, 1), Decision::Wait { until, for_window: false } if until == END + 6.0)
        );
        let later = (1..100).map(|n| burst(&mut limiter, END + 1.0 + 5.0 * f64::from(n)).len()).sum::<usize>();
        assert_eq!(later, 9, "a tenth, if the answer does not come");
    }

    #[test]
    fn within_a_window_the_smallest_rest_counts() {
        let mut limiter = known(100, 100, 99);
        let (a, b) = (send(&mut limiter, 1001.0), send(&mut limiter, 1001.0));
        limiter.record_response(b, quota(100, 5, END), true, 1002.0);
        limiter.record_response(a, quota(100, 98, END), true, 1002.0);
        assert_eq!(burst(&mut limiter, END).len(), 5);
    }

    #[test]
    fn a_late_report_of_an_old_window_changes_nothing() {
        let mut limiter = known(100, 100, 99);
        let late = send(&mut limiter, 1059.0);
        let new = send(&mut limiter, END + 1.0);
        limiter.record_response(new, quota(100, 99, END + 61.0), true, END + 2.0);
        limiter.record_response(late, quota(100, 3, END), true, END + 2.0);
        assert_eq!(limiter.quota(), quota(100, 99, END + 61.0));
    }

    #[test]
    fn a_later_end_is_a_new_window() {
        let mut limiter = known(100, 100, 0);
        let ticket = Ticket { generation: limiter.generation };
        limiter.record_response(ticket, quota(100, 80, END + 60.0), true, 1030.0);
        assert_eq!(burst(&mut limiter, 1030.0).len(), 80);
    }

    #[test]
    fn the_windows_of_token_and_org_both_count() {
        let mut limiter = known(90, 50, 49);
        let ticket = send(&mut limiter, 1001.0);
        limiter.record_response(ticket, quota(100, 14, END - 20.0), true, 1001.0);
        assert_eq!(limiter.quota(), quota(50, 14, END - 20.0), "our limit, and what is left where least is");
        assert_eq!(burst(&mut limiter, 1002.0).len(), 4, "the org has a tenth of its hundred to itself");
        assert!(matches!(limiter.decide(1003.0, 1), Decision::Wait { until, for_window: true } if until == END - 19.0));
        let next = send(&mut limiter, END - 19.0);
        limiter.record_response(next, quota(50, 43, END), true, END - 19.0);
        assert_eq!(burst(&mut limiter, END - 19.0).len(), 34, "four are on their way, five are left alone");
    }

    #[test]
    fn a_limit_that_was_raised_is_used() {
        let mut limiter = known(100, 50, 49);
        for minute in 0..3_u32 {
            let now = END + 1.0 + 61.0 * f64::from(minute);
            let ticket = send(&mut limiter, now);
            limiter.record_response(ticket, quota(80, 79, now + 60.0), true, now);
        }
        assert_eq!(limiter.remaining_calls(END + 124.0), Some(79));
        assert_eq!(limiter.quota().map(|quota| quota.limit), Some(80));
    }

    #[test]
    fn ends_that_move_on_with_every_answer_hold_nothing_up() {
        let mut limiter = known(100, 100, 10);
        for answer in 1..=3_u32 {
            let ticket = send(&mut limiter, 1000.0);
            limiter.record_response(ticket, quota(100, 90, END + 2.0 * f64::from(answer)), true, 1000.0);
        }
        assert!(limiter.remaining_calls(1000.0).unwrap() > 80, "{limiter:?}");
    }

    #[test]
    fn too_many_requests_closes_this_bucket_until_its_reset() {
        let mut limiter = known(100, 100, 50);
        let ticket = send(&mut limiter, 1001.0);
        limiter.record_exhausted(ticket, Quota { limit: 100, remaining: 0, reset: END }, 1001.0);
        assert!(matches!(limiter.decide(1002.0, 1), Decision::Wait { for_window: true, .. }));
    }

    #[test]
    fn a_reset_later_than_expected_is_respected() {
        let mut limiter = known(100, 10, 0);
        let early = send(&mut limiter, END + 1.0);
        limiter.record_exhausted(early, Quota { limit: 10, remaining: 0, reset: END }, END + 1.0);
        assert!(matches!(limiter.decide(END + 1.5, 1), Decision::Wait { until, .. } if until == END + 2.0));
        assert_eq!(burst(&mut limiter, END + 2.0).len(), 1);
    }

    #[test]
    fn absurd_ends_are_not_waited_for() {
        for reset in [0.0, 999.0, 1000.0, 9e12] {
            let mut limiter = BucketLimiter::new(100);
            let ticket = send(&mut limiter, 1000.0);
            limiter.record_response(ticket, quota(10, 0, reset), true, 1000.0);
            assert_eq!(burst(&mut limiter, 1061.0).len(), 1, "{reset}");
        }
        let mut set_back = known(100, 10, 0);
        assert_eq!(burst(&mut set_back, 5.0).len(), 1, "the server's clock was set back");
    }

    #[test]
    fn what_does_not_fit_into_the_window_is_spread_over_it() {
        let mut limiter = known(100, 100, 60);
        limiter.set_backlog(1000, 1000);
        let mut now = 1000.0;
        let mut sent = 0;
        while now < END {
            match limiter.decide(now, 1) {
                Decision::Send(ticket) => {
                    sent += 1;
                    limiter.record_response(ticket, quota(100, 60 - sent, END), true, now);
                }
                Decision::Wait { until, for_window } => {
                    assert!(until - now < 1.5 || for_window, "about a call a second, not {}", until - now);
                    now = until;
                }
                Decision::WaitForResponse => panic!("nothing is out"),
            }
        }
        assert_eq!(sent, 60, "and nothing is left over");
    }

    #[test]
    fn what_fits_is_sent_at_once() {
        let mut limiter = known(100, 100, 60);
        limiter.set_backlog(60, 60);
        assert_eq!(burst(&mut limiter, 1000.0).len(), 60);
    }

    #[test]
    fn calls_with_an_alternative_leave_the_window_to_those_without() {
        let mut limiter = known(100, 100, 60);
        limiter.set_backlog(60, 58);
        assert!(matches!(limiter.decide_any_bucket(1000.0, 0), Decision::Send(_)));
        limiter.set_backlog(60, 58);
        assert!(matches!(limiter.decide_any_bucket(1000.0, 0), Decision::Send(_)));
        limiter.set_backlog(60, 58);
        assert!(matches!(limiter.decide_any_bucket(1000.0, 0), Decision::Wait { .. }));
        assert!(matches!(limiter.decide(1000.0, 1), Decision::Send(_)));
    }

    #[test]
    fn calls_that_cross_into_the_next_window_are_counted_there() {
        let mut limiter = BucketLimiter::new(90);
        let first = send(&mut limiter, 1059.9);
        limiter.record_response(first, quota(50, 50, END), true, 1059.9);
        let out = burst(&mut limiter, 1059.9);
        assert_eq!(out.len(), 45);
        assert!(burst(&mut limiter, END + 1.0).is_empty(), "all of our share may be on its way");
        limiter.record_response(out.into_iter().next().unwrap(), quota(50, 49, END + 60.0), true, END + 1.0);
        assert_eq!(burst(&mut limiter, END + 1.0).len(), 0, "the answer to one tells that the others count as well");
    }
}
