//! One bucket's quota as a state machine, without clock and without network: time is passed in, decisions come out.
//!
//! Okta counts calls in windows of a minute that begin with a bucket's own first call. Every answer tells the window's
//! limit, what is left and when it ends; answers overtake each other, and others use the same quota. So: within one
//! window the smallest rest counts, a later end is a new window, calls in flight count as spent, and a share of the
//! limit stays untouched for everybody else.
//!
//! Where less is known, less is risked: before a bucket's first answer one call is out at a time, and in a new window
//! that no answer has told of yet a tenth of our share.

use super::quota::Quota;

/// How long after the announced end of a window the next may be used, in seconds of the server's clock. `Reset` is cut
/// to whole seconds, so the window may last that much longer.
const GRACE: f64 = 1.0;

/// Ends of windows that differ by no more than this are one window, written down by different servers.
const SAME: f64 = 1.0;

/// An end further ahead than this is absurd (windows last a minute) ...
const ABSURD: f64 = 600.0;

/// ... and is taken for this much ahead.
const MINUTE: f64 = 60.0;

/// How long before the end of a window calls that are spread over it are all out, so that they count in it.
const EARLY: f64 = 4.0;

/// The quota of one bucket. Times are seconds of the server's clock.
#[derive(Debug)]
pub(crate) struct Window {
    share_percent: u64,
    phase: Phase,
    /// Counts the windows, so that an answer can be told from one of an earlier window.
    generation: u64,
    /// Calls admitted and not settled.
    in_flight: u64,
    /// Those of them that were admitted in the present generation.
    fresh: u64,
    /// Calls that are known to be wanted.
    backlog: u64,
    /// Those of them that only this bucket will do for.
    bound: u64,
    /// Before this time no call is sent, if calls are being spread.
    next_at: f64,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// No answer yet.
    Unknown,
    /// The server answers, but says nothing about quotas.
    Untold,
    /// The window of the last answers is on.
    Known(Quota),
    /// It is over, and the next is not known yet.
    Over(Quota),
}

/// Whether a call may be sent now.
#[derive(Debug)]
pub(crate) enum Decision {
    /// Yes; the ticket is to be given back.
    Send(Ticket),
    /// No: at this time or after the next answer, ask again.
    Wait {
        /// When.
        until: f64,
        /// Whether it is the end of the window that is waited for, and not only the next call's turn.
        for_window: bool,
    },
    /// No: only an answer can change that.
    WaitForAnswer,
}

/// That a call was admitted. It must be settled exactly once: by its answer or as lost.
#[derive(Debug)]
pub(crate) struct Ticket {
    generation: u64,
}

impl Window {
    /// The quota of a bucket of which nothing is known, and of which `share_percent` may be used.
    pub(crate) fn new(share_percent: u8) -> Self {
        Self {
            share_percent: u64::from(share_percent.clamp(1, 100)),
            phase: Phase::Unknown,
            generation: 0,
            in_flight: 0,
            fresh: 0,
            backlog: 0,
            bound: 0,
            next_at: 0.0,
        }
    }

    /// What may be used of `limit`: never nothing.
    fn allowance(&self, limit: u64) -> u64 {
        (limit.saturating_mul(self.share_percent) / 100).max(1)
    }

    /// Says how many calls are known to be wanted, and how many of them only this bucket will do for.
    pub(crate) fn set_backlog(&mut self, calls: u64, bound: u64) {
        self.backlog = calls;
        self.bound = bound;
    }

    /// Decides about a call for which another bucket will do as well: what others need of this window is left to them.
    pub(crate) fn decide_for_either(&mut self, now: f64, queued: u64) -> Decision {
        match (self.phase, self.room(now)) {
            (Phase::Known(quota), Some(room)) if room <= self.bound && now < quota.reset + GRACE => {
                Decision::Wait { until: quota.reset + GRACE, for_window: false }
            }
            (Phase::Over(_), Some(room)) if room <= self.bound => Decision::WaitForAnswer,
            _ => self.decide(now, queued),
        }
    }

    /// Decides about the next call; `queued` calls, this one among them, are waiting.
    pub(crate) fn decide(&mut self, now: f64, queued: u64) -> Decision {
        if let Phase::Known(quota) = self.phase
            && (now >= quota.reset + GRACE || quota.reset > now + ABSURD)
        {
            // The second can only be if the server's clock was set back.
            self.begin(Phase::Over(quota));
        }
        match self.phase {
            Phase::Untold => self.send(),
            Phase::Unknown if self.fresh == 0 => self.send(),
            Phase::Over(quota) if self.may_try(quota.limit) => self.send(),
            Phase::Unknown | Phase::Over(_) => Decision::WaitForAnswer,
            Phase::Known(quota) => self.decide_in(quota, now, queued),
        }
    }

    /// Whether a call may be risked in a window of which no answer has told yet. Calls of the window before may still
    /// be on their way, and then count in this one.
    fn may_try(&self, limit: u64) -> bool {
        let allowance = self.allowance(limit);
        self.fresh < (allowance / 10).max(1) && self.in_flight < allowance
    }

    /// Decides within a window that is known.
    fn decide_in(&mut self, quota: Quota, now: f64, queued: u64) -> Decision {
        let end = quota.reset + GRACE;
        let rest = self.rest(quota);
        // Some calls in flight are counted in the rest already, but nobody knows which.
        let left = rest.saturating_sub(self.in_flight);
        if left == 0 {
            return Decision::Wait { until: end, for_window: true };
        }
        if self.backlog.max(queued) > rest {
            if now < self.next_at {
                return Decision::Wait { until: self.next_at.min(end), for_window: false };
            }
            #[allow(clippy::cast_precision_loss)] // A quota is a small number.
            let gap = (quota.reset - EARLY - now).max(0.0) / left as f64;
            self.next_at = now + gap;
        }
        self.send()
    }

    fn send(&mut self) -> Decision {
        self.in_flight += 1;
        self.fresh += 1;
        self.backlog = self.backlog.saturating_sub(1);
        Decision::Send(Ticket { generation: self.generation })
    }

    /// A new window.
    fn begin(&mut self, phase: Phase) {
        self.phase = phase;
        self.generation += 1;
        self.fresh = 0;
        self.next_at = 0.0;
    }

    /// Takes a call back; says whether it was admitted in the present generation.
    fn settle(&mut self, ticket: &Ticket) -> bool {
        self.in_flight = self.in_flight.saturating_sub(1);
        let fresh = ticket.generation == self.generation;
        if fresh {
            self.fresh = self.fresh.saturating_sub(1);
        }
        fresh
    }

    /// An answer has come: with or without word of the quota, well or badly.
    #[allow(clippy::needless_pass_by_value)] // A ticket is used once.
    pub(crate) fn answered(&mut self, ticket: Ticket, quota: Option<Quota>, success: bool, now: f64) {
        let fresh = self.settle(&ticket);
        let Some(quota) = quota else {
            if success && matches!(self.phase, Phase::Unknown) {
                self.phase = Phase::Untold;
            }
            return;
        };
        let told = Quota { reset: plausible(quota.reset, now), ..quota };
        match self.phase {
            Phase::Unknown | Phase::Untold => self.begin(Phase::Known(told)),
            Phase::Known(known) if told.reset > known.reset + SAME => self.begin(Phase::Known(told)),
            Phase::Known(known) if told.reset >= known.reset - SAME => {
                let remaining = known.remaining.min(told.remaining);
                let reset = known.reset.max(told.reset);
                self.phase = Phase::Known(Quota { limit: told.limit, remaining, reset });
            }
            Phase::Over(past) if told.reset > past.reset + SAME => self.begin(Phase::Known(told)),
            // We took the window for over and sent this call after it, but the server still counts in it.
            Phase::Over(_) if fresh => self.begin(Phase::Known(told)),
            // Late word of a window that is over.
            Phase::Known(_) | Phase::Over(_) => {}
        }
    }

    /// The answer was that the quota is spent.
    pub(crate) fn spent(&mut self, ticket: Ticket, quota: Quota, now: f64) {
        self.answered(ticket, Some(Quota { remaining: 0, ..quota }), false, now);
    }

    /// No answer will come. The server may have counted the call.
    #[allow(clippy::needless_pass_by_value)] // A ticket is used once.
    pub(crate) fn lost(&mut self, ticket: Ticket) {
        self.settle(&ticket);
        if let Phase::Known(quota) = &mut self.phase {
            quota.remaining = quota.remaining.saturating_sub(1);
        }
    }

    /// How many calls may still be made in the present window, or in the next if none is on; `None` while no limit is
    /// known.
    pub(crate) fn room(&self, now: f64) -> Option<u64> {
        match self.phase {
            Phase::Unknown | Phase::Untold => None,
            Phase::Known(quota) if now < quota.reset + GRACE => Some(self.rest(quota).saturating_sub(self.in_flight)),
            Phase::Known(quota) | Phase::Over(quota) => Some(self.allowance(quota.limit)),
        }
    }

    /// What of the window is left for us.
    fn rest(&self, quota: Quota) -> u64 {
        let reserve = quota.limit - self.allowance(quota.limit).min(quota.limit);
        quota.remaining.saturating_sub(reserve)
    }

    /// The last word on the quota.
    pub(crate) fn quota(&self) -> Option<Quota> {
        match self.phase {
            Phase::Known(quota) | Phase::Over(quota) => Some(quota),
            Phase::Unknown | Phase::Untold => None,
        }
    }
}

/// The end of a window, or what is taken for it if it cannot be right.
fn plausible(reset: f64, now: f64) -> f64 {
    if reset > now + ABSURD { now + MINUTE } else { reset.max(now) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const END: f64 = 1060.0;

    fn quota(limit: u64, remaining: u64, reset: f64) -> Option<Quota> {
        Some(Quota { limit, remaining, reset })
    }

    fn send(window: &mut Window, now: f64) -> Ticket {
        match window.decide(now, 1) {
            Decision::Send(ticket) => ticket,
            other => panic!("expected a call at {now}, got {other:?}"),
        }
    }

    /// How many calls go out now.
    fn burst(window: &mut Window, now: f64) -> Vec<Ticket> {
        std::iter::from_fn(|| match window.decide(now, 1) {
            Decision::Send(ticket) => Some(ticket),
            Decision::Wait { .. } | Decision::WaitForAnswer => None,
        })
        .collect()
    }

    /// A window whose first answer left `remaining` of `limit`.
    fn known(share: u8, limit: u64, remaining: u64) -> Window {
        let mut window = Window::new(share);
        let ticket = send(&mut window, 1000.0);
        window.answered(ticket, quota(limit, remaining, END), true, 1000.0);
        window
    }

    #[test]
    fn one_call_is_out_until_the_first_answer() {
        let mut window = Window::new(90);
        let first = send(&mut window, 1000.0);
        assert!(matches!(window.decide(1000.0, 1), Decision::WaitForAnswer));
        window.lost(first);
        let second = send(&mut window, 1001.0);
        window.answered(second, None, false, 1001.0);
        assert_eq!(burst(&mut window, 1002.0).len(), 1, "a failure without quota teaches nothing");
    }

    #[test]
    fn a_server_without_quotas_is_not_held_back() {
        let mut window = Window::new(90);
        let first = send(&mut window, 1000.0);
        window.answered(first, None, true, 1000.0);
        assert_eq!(std::iter::repeat_with(|| send(&mut window, 1000.0)).take(500).count(), 500);
    }

    #[test]
    fn the_share_of_others_stays_untouched() {
        assert_eq!(burst(&mut known(50, 100, 99), 1001.0).len(), 49);
        assert_eq!(burst(&mut known(90, 100, 99), 1001.0).len(), 89);
        assert_eq!(burst(&mut known(100, 100, 99), 1001.0).len(), 99);
        assert_eq!(burst(&mut known(90, 100, 30), 1001.0).len(), 20, "others have used 69 of it");
        assert_eq!(burst(&mut known(1, 10, 10), 1001.0).len(), 1, "a small share is still a call");
    }

    #[test]
    fn room_is_what_is_left_of_our_share_or_a_whole_window() {
        assert_eq!(Window::new(90).room(1000.0), None);
        let mut window = known(90, 100, 50);
        assert_eq!(window.room(1001.0), Some(40));
        let _out = send(&mut window, 1001.0);
        assert_eq!((window.room(1001.0), window.room(END + 1.0)), (Some(39), Some(90)));
    }

    #[test]
    fn a_spent_window_is_waited_out_by_the_servers_clock() {
        let mut window = known(100, 100, 0);
        assert!(matches!(window.decide(1001.0, 1), Decision::Wait { until, for_window: true } if until == END + 1.0));
        assert!(matches!(window.decide(END + 0.9, 1), Decision::Wait { .. }));
        assert_eq!(burst(&mut window, END + 1.0).len(), 10, "a tenth, until an answer tells of the new window");
    }

    #[test]
    fn within_a_window_the_smallest_rest_counts() {
        let mut window = known(100, 100, 99);
        let (a, b) = (send(&mut window, 1001.0), send(&mut window, 1001.0));
        window.answered(b, quota(100, 5, END), true, 1002.0);
        window.answered(a, quota(100, 98, END), true, 1002.0);
        assert_eq!(burst(&mut window, 1003.0).len(), 5);
    }

    #[test]
    fn late_word_of_an_old_window_changes_nothing() {
        let mut window = known(100, 100, 99);
        let late = send(&mut window, 1059.0);
        let new = send(&mut window, END + 1.0);
        window.answered(new, quota(100, 99, END + 61.0), true, END + 2.0);
        window.answered(late, quota(100, 3, END), true, END + 2.0);
        assert_eq!(window.quota(), quota(100, 99, END + 61.0));
    }

    #[test]
    fn a_later_end_is_a_new_window() {
        let mut window = known(100, 100, 0);
        let ticket = Ticket { generation: window.generation };
        window.answered(ticket, quota(100, 80, END + 60.0), true, 1030.0);
        assert_eq!(burst(&mut window, 1030.0).len(), 80);
    }

    #[test]
    fn too_many_requests_closes_this_bucket_until_its_reset() {
        let mut window = known(100, 100, 50);
        let ticket = send(&mut window, 1001.0);
        window.spent(ticket, Quota { limit: 100, remaining: 0, reset: END }, 1001.0);
        assert!(matches!(window.decide(1002.0, 1), Decision::Wait { for_window: true, .. }));
    }

    #[test]
    fn a_window_that_ends_later_than_we_thought_is_believed() {
        let mut window = known(100, 10, 0);
        let early = send(&mut window, END + 1.0);
        window.spent(early, Quota { limit: 10, remaining: 0, reset: END }, END + 1.0);
        assert!(matches!(window.decide(END + 1.5, 1), Decision::Wait { until, .. } if until == END + 2.0));
        assert_eq!(burst(&mut window, END + 2.0).len(), 1);
    }

    #[test]
    fn absurd_ends_are_not_waited_for() {
        for reset in [0.0, 999.0, 1000.0, 9e12] {
            let mut window = Window::new(100);
            let ticket = send(&mut window, 1000.0);
            window.answered(ticket, quota(10, 0, reset), true, 1000.0);
            assert_eq!(burst(&mut window, 1061.0).len(), 1, "{reset}");
        }
        let mut set_back = known(100, 10, 0);
        assert_eq!(burst(&mut set_back, 5.0).len(), 1, "the server's clock was set back");
    }

    #[test]
    fn what_does_not_fit_into_the_window_is_spread_over_it() {
        let mut window = known(100, 100, 60);
        window.set_backlog(1000, 1000);
        let mut now = 1000.0;
        let mut sent = 0;
        while now < END {
            match window.decide(now, 1) {
                Decision::Send(ticket) => {
                    sent += 1;
                    window.answered(ticket, quota(100, 60 - sent, END), true, now);
                }
                Decision::Wait { until, for_window } => {
                    assert!(until - now < 1.5 || for_window, "about a call a second, not {}", until - now);
                    now = until;
                }
                Decision::WaitForAnswer => panic!("nothing is out"),
            }
        }
        assert_eq!(sent, 60, "and nothing is left over");
    }

    #[test]
    fn what_fits_is_sent_at_once() {
        let mut window = known(100, 100, 60);
        window.set_backlog(60, 60);
        assert_eq!(burst(&mut window, 1000.0).len(), 60);
    }

    #[test]
    fn who_could_go_elsewhere_leaves_the_window_to_those_who_cannot() {
        let mut window = known(100, 100, 60);
        window.set_backlog(60, 58);
        assert!(matches!(window.decide_for_either(1000.0, 0), Decision::Send(_)));
        window.set_backlog(60, 58);
        assert!(matches!(window.decide_for_either(1000.0, 0), Decision::Send(_)));
        window.set_backlog(60, 58);
        assert!(matches!(window.decide_for_either(1000.0, 0), Decision::Wait { .. }));
        assert!(matches!(window.decide(1000.0, 1), Decision::Send(_)));
    }

    #[test]
    fn calls_that_cross_into_the_next_window_are_counted_there() {
        let mut window = known(90, 50, 50);
        let out = burst(&mut window, 1059.9);
        assert_eq!(out.len(), 45);
        assert!(matches!(window.decide(END + 1.0, 1), Decision::WaitForAnswer), "all of our share may be on its way");
    }
}
