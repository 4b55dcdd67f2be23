//! The windows' promise, whatever happens: our share of a quota is never exceeded, and there is always a way on.
//!
//! The server is a model: windows of a minute that begin with the first call, other users of the same quota, requests
//! that arrive late, and answers that overtake each other or never come.

use proptest::prelude::*;

use crate::pacer::model::{Decision, Quota, Ticket, Window};

#[derive(Debug, Clone)]
enum Step {
    /// We would like to send.
    Send,
    /// The n-th request on its way arrives.
    Arrive(prop::sample::Index),
    /// The n-th answer on its way arrives.
    Answer(prop::sample::Index),
    /// The n-th answer on its way is lost.
    Lose(prop::sample::Index),
    /// Others call.
    Others(u64),
    /// Time passes.
    Pass(f64),
    /// The work ahead becomes known.
    Backlog(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        12 => Just(Step::Send),
        8 => index().prop_map(Step::Arrive),
        8 => index().prop_map(Step::Answer),
        1 => index().prop_map(Step::Lose),
        1 => (1..5_u64).prop_map(Step::Others),
        3 => (0.0..5.0).prop_map(Step::Pass),
        1 => (20.0..70.0).prop_map(Step::Pass),
        1 => (0..200_u64).prop_map(Step::Backlog),
    ]
}

struct Server {
    now: f64,
    limit: u64,
    ends: f64,
    used: u64,
    ours: u64,
    lost: u64,
}

impl Server {
    fn count(&mut self, ours: bool) -> (bool, Quota) {
        if self.now >= self.ends {
            *self = Self { ends: self.now + 60.0, used: 0, ours: 0, lost: 0, ..*self };
        }
        self.ours += u64::from(ours);
        let allowed = self.used < self.limit;
        self.used += u64::from(allowed);
        // Okta writes the end in whole seconds.
        (allowed, Quota { limit: self.limit, remaining: self.limit - self.used, reset: self.ends.floor() })
    }
}

struct Play {
    server: Server,
    window: Window,
    /// How far our idea of the server's time is behind.
    lag: f64,
    going: Vec<Ticket>,
    coming: Vec<(Ticket, bool, Quota)>,
}

impl Play {
    fn believed(&self) -> f64 {
        self.server.now - self.lag
    }

    fn send(&mut self) -> bool {
        match self.window.decide(self.believed(), 1) {
            Decision::Send(ticket) => {
                self.going.push(ticket);
                return true;
            }
            Decision::Wait { until, .. } => assert!(until > self.believed(), "a wait that is already over"),
            Decision::WaitForAnswer => {
                assert!(self.going.len() + self.coming.len() > 0, "waits for an answer that nothing will bring");
            }
        }
        false
    }

    fn arrive(&mut self, at: usize) {
        let ticket = self.going.swap_remove(at);
        let (allowed, quota) = self.server.count(true);
        self.coming.push((ticket, allowed, quota));
    }

    fn answer(&mut self, at: usize) {
        let (ticket, allowed, quota) = self.coming.swap_remove(at);
        let now = self.believed();
        if allowed {
            self.window.answered(ticket, Some(quota), true, now);
        } else {
            self.window.spent(ticket, quota, now);
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Send => {
                self.send();
            }
            Step::Arrive(index) if !self.going.is_empty() => self.arrive(index.index(self.going.len())),
            Step::Answer(index) if !self.coming.is_empty() => self.answer(index.index(self.coming.len())),
            Step::Lose(index) if !self.coming.is_empty() => {
                let (ticket, _, _) = self.coming.swap_remove(index.index(self.coming.len()));
                self.server.lost += 1;
                self.window.lost(ticket);
            }
            Step::Others(calls) => {
                for _ in 0..*calls {
                    self.server.count(false);
                }
            }
            Step::Pass(seconds) => self.server.now += seconds,
            Step::Backlog(calls) => self.window.set_backlog(*calls, *calls),
            Step::Arrive(_) | Step::Answer(_) | Step::Lose(_) => {}
        }
    }

    /// Everything on its way arrives, in some order.
    fn settle(&mut self) {
        while !self.going.is_empty() {
            self.arrive(0);
        }
        while !self.coming.is_empty() {
            self.answer(self.coming.len() / 2);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn our_share_is_never_exceeded_and_there_is_always_a_way_on(
        steps in prop::collection::vec(step(), 1..400),
        limit in 1..60_u64,
        share in 1..=100_u8,
        lag in 0.0..1.0_f64,
        begin in 0.0..1.0_f64,
    ) {
        let server = Server { now: 1e9 + begin, limit, ends: 0.0, used: 0, ours: 0, lost: 0 };
        let mut play = Play { server, window: Window::new(share), lag, going: Vec::new(), coming: Vec::new() };
        let allowance = (limit * u64::from(share) / 100).max(1);
        for step in &steps {
            play.step(step);
            // A call whose answer was lost in a window that was not known yet cannot be known to count.
            let most = allowance + play.server.lost;
            prop_assert!(play.server.ours <= most, "{} calls of ours where {most} are allowed", play.server.ours);
        }
        play.settle();
        play.server.now += 62.0;
        prop_assert!(play.send(), "a fresh window allows a call");
    }
}
