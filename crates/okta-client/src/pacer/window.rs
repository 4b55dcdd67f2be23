//! One bucket's quota as a state machine, without clock and without network: time is passed in, decisions come out.
//!
//! A call counts for the token and for the whole org (`docs/spec/okta-api.md` 2.1), each in a window of a minute that
//! begins with its own first call. An answer tells of one of the two: its limit, what is left and when it ends. Answers
//! overtake each other, and others use the org's quota. So: windows that end at different times are different ones, and
//! a call has to fit into all that are on; within one the smallest rest counts, calls in flight count as spent, and a
//! share of the limit stays untouched for everybody else. What others are seen to use is left to them on top of that
//! (`minute`).
//!
//! Where less is known, less is risked: before a bucket's first answer, and when a window is over until an answer tells of
//! the next, one call is out at a time; then, if the answer does not come, another one now and then.

use super::minute::{self, LENGTH, Minute, SAME};
use super::quota::Quota;

/// An end further ahead than this is absurd: windows last a minute.
const ABSURD: f64 = 600.0;

/// How long before the end of a window calls that are spread over it are all out, so that they count in it.
const EARLY: f64 = 4.0;

/// How long the first call of a window is waited for before another one is risked.
const PATIENCE: f64 = 5.0;

/// The longest pause between calls that are spread: what is known of a quota that others use as well soon gets old.
const PAUSE: f64 = 5.0;

/// The largest number of windows that are taken for on: those of the token and of the org, and one whose end was told in
/// two ways. A server that tells of more has ends that move on with every answer.
const MOST: usize = 3;

/// Of how many limits it is remembered what others did. A bucket has two, and more only while they are changed.
const REMEMBERED: usize = 8;

/// The quota of one bucket. Times are seconds of the server's clock.
#[derive(Debug)]
pub(crate) struct Window {
    share_percent: u64,
    /// The server answers, but says nothing about quotas.
    untold: bool,
    /// The windows that are on.
    on: Vec<Minute>,
    /// What others did in windows that are over, one for each limit.
    others: Vec<Others>,
    /// The last word on the limit that is ours.
    last: Option<Quota>,
    /// A window may be on of which no answer has told.
    unseen: bool,
    /// Counts the times at which a window ended, so that answers can be told from those to earlier calls.
    generation: u64,
    /// Calls admitted and not settled.
    in_flight: u64,
    /// Those of them that were admitted in the present generation.
    fresh: u64,
    /// Calls that are known to be wanted.
    backlog: u64,
    /// Those of them that only this bucket will do for.
    bound: u64,
    /// When the last call was admitted.
    sent_at: f64,
}

/// What others did in a window.
#[derive(Debug, Clone, Copy)]
struct Others {
    /// The limit of the window.
    limit: u64,
    /// When it ended.
    until: f64,
    /// Calls a second.
    pace: f64,
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
            untold: false,
            on: Vec::new(),
            others: Vec::new(),
            last: None,
            unseen: true,
            generation: 0,
            in_flight: 0,
            fresh: 0,
            backlog: 0,
            bound: 0,
            sent_at: 0.0,
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
        self.renew(now);
        match self.room(now) {
            Some(room) if room <= self.bound => match self.frees(self.bound, now) {
                Some((until, _)) => Decision::Wait { until, for_window: false },
                None => Decision::WaitForAnswer,
            },
            _ => self.decide(now, queued),
        }
    }

    /// Decides about the next call; `queued` calls, this one among them, are waiting.
    pub(crate) fn decide(&mut self, now: f64, queued: u64) -> Decision {
        self.renew(now);
        if let Some((until, for_window)) = self.frees(0, now) {
            return Decision::Wait { until, for_window };
        }
        // Answers correct our idea of the server's time, the first one perhaps by far.
        self.sent_at = self.sent_at.min(now);
        if let Some(wait) = self.trial(now) {
            return wait;
        }
        if let Some(until) = self.turn(now, queued).filter(|turn| now < *turn) {
            return Decision::Wait { until, for_window: false };
        }
        self.in_flight += 1;
        self.fresh += 1;
        self.backlog = self.backlog.saturating_sub(1);
        self.sent_at = now;
        self.on.iter_mut().for_each(Minute::sent);
        Decision::Send(Ticket { generation: self.generation })
    }

    /// What is to be waited for before a call may be risked in a window of which no answer has told yet, if there may be
    /// such a window. Calls of the window before may still be on their way, and then count in this one.
    fn trial(&self, now: f64) -> Option<Decision> {
        if !self.unseen || self.untold {
            return None;
        }
        let allowance = self.last.map_or(1, |last| self.allowance(last.limit));
        let next = self.sent_at + PATIENCE;
        match self.fresh {
            0 if self.last.is_none() || self.in_flight < allowance => None,
            1.. if self.fresh < allowance / 10 && self.in_flight < allowance => {
                (now < next).then_some(Decision::Wait { until: next, for_window: false })
            }
            _ => Some(Decision::WaitForAnswer),
        }
    }

    /// When it is the next call's turn, if calls are spread because more are wanted than the windows have left.
    fn turn(&self, now: f64, queued: u64) -> Option<f64> {
        let rest = self.on.iter().map(|window| window.rest(now)).min()?;
        if self.backlog.max(queued) <= rest {
            return None;
        }
        #[allow(clippy::cast_precision_loss)] // A quota is a small number.
        let gap = |window: &Minute| {
            (window.quota.reset - EARLY - self.sent_at).max(0.0) / (self.left(window, now) + 1) as f64
        };
        let widest = self.on.iter().map(gap).max_by(f64::total_cmp)?;
        Some(self.sent_at + widest.min(PAUSE))
    }

    /// Puts the next window in the place of each that is over, and forgets what was assumed a minute ago and was not told of
    /// since. A window that ends too far ahead can only be there if the server's clock was set back: it is forgotten.
    fn renew(&mut self, now: f64) {
        self.on.retain(|window| !window.is_assumed || now < window.end());
        let were_on = self.on.len();
        self.on.retain(|window| window.quota.reset <= now + ABSURD);
        let mut is_over = self.on.len() < were_on;
        for at in 0..self.on.len() {
            if now >= self.on[at].end() {
                is_over = true;
                self.remember_others(at);
                self.on[at] = self.on[at].next(self.in_flight, now);
            }
        }
        if is_over {
            self.unseen = true;
            self.generation += 1;
            self.fresh = 0;
        }
    }

    /// Keeps what others did. Nobody but us uses our token's window, whose limit may be the same as the org's: of two within
    /// a minute the busier one counts.
    fn remember_others(&mut self, at: usize) {
        let window = &self.on[at];
        let new = Others { limit: window.quota.limit, until: window.quota.reset, pace: window.pace_of_others() };
        match self.others.iter_mut().find(|old| old.limit == new.limit) {
            Some(old) if new.pace > old.pace || new.until > old.until + LENGTH - SAME => *old = new,
            Some(_) => {}
            None => {
                if self.others.len() >= REMEMBERED {
                    self.others.sort_by(|a, b| b.until.total_cmp(&a.until));
                    self.others.truncate(REMEMBERED - 1);
                }
                self.others.push(new);
            }
        }
    }

    /// How many calls a second others made in the last window of this limit.
    fn pace_of_others(&self, limit: u64) -> Option<f64> {
        self.others.iter().find(|others| others.limit == limit).map(|others| others.pace)
    }

    /// Takes a call back; says whether it was admitted in the present generation.
    #[allow(clippy::needless_pass_by_value)] // A ticket is used once.
    fn settle(&mut self, ticket: Ticket) -> bool {
        self.in_flight = self.in_flight.saturating_sub(1);
        let fresh = ticket.generation == self.generation;
        if fresh {
            self.fresh = self.fresh.saturating_sub(1);
        }
        fresh
    }

    /// An answer has come: with or without word of the quota, well or badly.
    pub(crate) fn answered(&mut self, ticket: Ticket, quota: Option<Quota>, success: bool, now: f64) {
        let fresh = self.settle(ticket);
        let Some(told) = quota else {
            self.untold |= success && self.last.is_none();
            return;
        };
        self.renew(now);
        // Late word of a window that is over; unless the call was sent after what we took for its end.
        let mut known = self.on.iter().filter(|window| !window.is_assumed);
        let is_over = now >= minute::end(told) || known.any(|window| minute::is_before(told, window.quota));
        if is_over && !(fresh && self.unseen) {
            return;
        }
        self.untold = false;
        self.unseen &= !fresh && self.last.is_some();
        self.learn(Quota { reset: plausible(told.reset, now), ..told }, now);
    }

    /// Takes in the word on a window that is on.
    fn learn(&mut self, told: Quota, now: f64) {
        let is_first_call = self.last.is_none();
        // The smaller of two limits at a time is ours, the other one that of the whole org.
        if self.last.is_none_or(|last| told.limit <= last.limit || told.reset >= last.reset + LENGTH) {
            self.last = Some(told);
        }
        let mut is_new = true;
        for window in &mut self.on {
            if window.is(told) {
                window.learn(told, now);
                is_new = false;
            } else {
                window.pass_over(now);
            }
        }
        if !is_new {
            return;
        }
        // It takes the place of what was assumed of it, or of one that was over when it began.
        let end_of = |at: &usize| self.on[*at].end();
        let assumed =
            || (0..self.on.len()).filter(|at| self.on[*at].may_be(told)).max_by(|a, b| end_of(a).total_cmp(&end_of(b)));
        let place = self.on.iter().position(|window| minute::is_before(window.quota, told)).or_else(assumed);
        let oldest =
            || (0..self.on.len()).filter(|_| self.on.len() >= MOST).min_by(|a, b| end_of(a).total_cmp(&end_of(b)));
        if let Some(at) = place.or_else(oldest) {
            self.remember_others(at);
            self.on.swap_remove(at);
        }
        let allowance = self.allowance(told.limit);
        self.on.push(match is_first_call {
            true => Minute::of_first_call(told, allowance, self.in_flight, now),
            false => Minute::new(told, allowance, self.in_flight, self.pace_of_others(told.limit), now),
        });
        self.unseen = false;
    }

    /// The answer was that the quota is spent.
    pub(crate) fn spent(&mut self, ticket: Ticket, quota: Quota, now: f64) {
        self.answered(ticket, Some(Quota { remaining: 0, ..quota }), false, now);
    }

    /// No answer will come. The server may have counted the call.
    pub(crate) fn lost(&mut self, ticket: Ticket) {
        self.settle(ticket);
        self.on.iter_mut().for_each(Minute::lost);
    }

    /// How many calls may still be made in the present windows, or in the next if none is on; `None` while no limit is
    /// known.
    pub(crate) fn room(&self, now: f64) -> Option<u64> {
        let on = self.on.iter().filter(|window| now < window.end());
        let left = on.map(|window| self.left(window, now)).min();
        left.or_else(|| self.last.map(|last| self.allowance(last.limit)))
    }

    /// What is left of a window for calls that are not in flight. Some of those are counted already, but nobody knows which.
    fn left(&self, window: &Minute, now: f64) -> u64 {
        window.rest(now).saturating_sub(self.in_flight)
    }

    /// When all windows have more than `few` calls left that have not now, and whether that takes the end of one.
    fn frees(&self, few: u64, now: f64) -> Option<(f64, bool)> {
        let scarce = self.on.iter().filter(|window| self.left(window, now) <= few);
        scarce.map(|window| window.frees(few + self.in_flight, now)).max_by(|one, other| one.0.total_cmp(&other.0))
    }

    /// The last word on the quota: our limit, and what was left in the window that has least.
    pub(crate) fn quota(&self) -> Option<Quota> {
        let last = self.last?;
        let told = self.on.iter().filter(|window| !window.is_assumed);
        let scarcest = told.map(|window| window.quota).min_by_key(|quota| quota.remaining).unwrap_or(last);
        Some(Quota { limit: last.limit, ..scarcest })
    }
}

/// The end of a window, or what is taken for it if it cannot be right.
fn plausible(reset: f64, now: f64) -> f64 {
    if reset > now + ABSURD { now + LENGTH } else { reset.max(now) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const END: f64 = 1060.0;

    #[test]
    fn limits_that_always_change_are_not_all_remembered() {
        let mut window = Window::new(90);
        for n in 0..100_u32 {
            let now = 1000.0 + f64::from(n) * 70.0;
            if let Decision::Send(ticket) = window.decide(now, 1) {
                window.answered(ticket, quota(100 + u64::from(n), 50, now + 60.0), true, now);
            }
        }
        assert_eq!(window.others.len(), REMEMBERED);
        assert!(window.others.iter().any(|others| others.limit > 190), "the latest are: {:?}", window.others);
    }

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

    /// A window of which our calls have left `remaining` of `limit`.
    fn known(share: u8, limit: u64, remaining: u64) -> Window {
        let mut window = Window::new(share);
        for left in (remaining..limit).rev() {
            let ticket = send(&mut window, 1000.0);
            window.answered(ticket, quota(limit, left, END), true, 1000.0);
        }
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
        assert_eq!(burst(&mut known(90, 100, 30), 1001.0).len(), 20, "we have used 70 of it");
        let mut others = Window::new(90);
        let first = send(&mut others, END - 30.0);
        others.answered(first, quota(100, 67, END), true, END - 30.0);
        assert_eq!(burst(&mut others, END - 30.0).len(), 27, "others have used 32, and will use as many again");
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
        assert_eq!(burst(&mut window, END + 1.0).len(), 1, "one, until an answer tells of the new window");
        assert!(
            matches!(window.decide(END + 2.0, 1), Decision::Wait { until, for_window: false } if until == END + 6.0)
        );
        let later = (1..100).map(|n| burst(&mut window, END + 1.0 + 5.0 * f64::from(n)).len()).sum::<usize>();
        assert_eq!(later, 9, "a tenth, if the answer does not come");
    }

    #[test]
    fn within_a_window_the_smallest_rest_counts() {
        let mut window = known(100, 100, 99);
        let (a, b) = (send(&mut window, 1001.0), send(&mut window, 1001.0));
        window.answered(b, quota(100, 5, END), true, 1002.0);
        window.answered(a, quota(100, 98, END), true, 1002.0);
        assert_eq!(burst(&mut window, END).len(), 5);
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
    fn the_windows_of_token_and_org_both_count() {
        let mut window = known(90, 50, 49);
        let ticket = send(&mut window, 1001.0);
        window.answered(ticket, quota(100, 14, END - 20.0), true, 1001.0);
        assert_eq!(window.quota(), quota(50, 14, END - 20.0), "our limit, and what is left where least is");
        assert_eq!(burst(&mut window, 1002.0).len(), 4, "the org has a tenth of its hundred to itself");
        assert!(matches!(window.decide(1003.0, 1), Decision::Wait { until, for_window: true } if until == END - 19.0));
        let next = send(&mut window, END - 19.0);
        window.answered(next, quota(50, 43, END), true, END - 19.0);
        assert_eq!(burst(&mut window, END - 19.0).len(), 34, "four are on their way, five are left alone");
    }

    #[test]
    fn a_limit_that_was_raised_is_used() {
        let mut window = known(100, 50, 49);
        for minute in 0..3_u32 {
            let now = END + 1.0 + 61.0 * f64::from(minute);
            let ticket = send(&mut window, now);
            window.answered(ticket, quota(80, 79, now + 60.0), true, now);
        }
        assert_eq!(window.room(END + 124.0), Some(79));
        assert_eq!(window.quota().map(|quota| quota.limit), Some(80));
    }

    #[test]
    fn ends_that_move_on_with_every_answer_hold_nothing_up() {
        let mut window = known(100, 100, 10);
        for answer in 1..=3_u32 {
            let ticket = send(&mut window, 1000.0);
            window.answered(ticket, quota(100, 90, END + 2.0 * f64::from(answer)), true, 1000.0);
        }
        assert!(window.room(1000.0).unwrap() > 80, "{window:?}");
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
        let mut window = Window::new(90);
        let first = send(&mut window, 1059.9);
        window.answered(first, quota(50, 50, END), true, 1059.9);
        let out = burst(&mut window, 1059.9);
        assert_eq!(out.len(), 45);
        assert!(burst(&mut window, END + 1.0).is_empty(), "all of our share may be on its way");
        window.answered(out.into_iter().next().unwrap(), quota(50, 49, END + 60.0), true, END + 1.0);
        assert_eq!(burst(&mut window, END + 1.0).len(), 0, "the answer to one tells that the others count as well");
    }
}
