//! Invariants of the limiter: our share of a quota is never exceeded, and there is always progress.
//!
//! The server is a model: windows of a minute that begin with the first call, one of our token and one of the org that
//! other clients use too, requests that arrive late, and responses that overtake each other or are lost.

use proptest::prelude::*;

use super::quota::{Count, Nested};
use crate::pacer::model::{BucketLimiter, Decision, Quota, Ticket};

#[derive(Debug, Clone)]
enum Step {
    /// We try to send.
    Send,
    /// The n-th request in flight arrives.
    Arrive(prop::sample::Index),
    /// The n-th response in flight arrives.
    Answer(prop::sample::Index),
    /// The n-th response in flight is lost.
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
    quotas: Nested,
}

impl Server {
    fn call(&mut self) -> (bool, Quota) {
        let allowed = self.quotas.call(self.now);
        let reported = self.quotas.scarcest();
        // Okta writes the end in whole seconds.
        (allowed, Quota { limit: reported.limit, remaining: reported.left(), reset: reported.ends.floor() })
    }
}

struct Simulation {
    server: Server,
    limiter: BucketLimiter,
    /// How far our estimate of the server's time is behind.
    lag: f64,
    requests: Vec<Ticket>,
    responses: Vec<(Ticket, bool, Quota)>,
}

impl Simulation {
    fn new(share: u8, token: u64, org: u64, lag: f64, begin: f64) -> Self {
        let server = Server { now: 1e9 + begin, quotas: Nested::new(token, org) };
        Self { server, limiter: BucketLimiter::new(share), lag, requests: Vec::new(), responses: Vec::new() }
    }

    fn believed(&self) -> f64 {
        self.server.now - self.lag
    }

    fn send(&mut self) -> bool {
        match self.limiter.decide(self.believed(), 1) {
            Decision::Send(ticket) => {
                self.requests.push(ticket);
                return true;
            }
            Decision::Wait { until, .. } => assert!(until > self.believed(), "a wait that is already over"),
            Decision::WaitForResponse => {
                assert!(self.requests.len() + self.responses.len() > 0, "waits for an answer that nothing will bring");
            }
        }
        false
    }

    fn arrive(&mut self, at: usize) {
        let ticket = self.requests.swap_remove(at);
        let (allowed, quota) = self.server.call();
        self.responses.push((ticket, allowed, quota));
    }

    fn answer(&mut self, at: usize) {
        let (ticket, allowed, quota) = self.responses.swap_remove(at);
        let now = self.believed();
        if allowed {
            self.limiter.record_response(ticket, Some(quota), true, now);
        } else {
            self.limiter.record_exhausted(ticket, quota, now);
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Send => {
                self.send();
            }
            Step::Arrive(index) if !self.requests.is_empty() => self.arrive(index.index(self.requests.len())),
            Step::Answer(index) if !self.responses.is_empty() => self.answer(index.index(self.responses.len())),
            Step::Lose(index) if !self.responses.is_empty() => {
                let (ticket, _, _) = self.responses.swap_remove(index.index(self.responses.len()));
                self.server.quotas.token.lost += 1;
                self.server.quotas.org.lost += 1;
                self.limiter.record_lost(ticket);
            }
            Step::Others(calls) => {
                for _ in 0..*calls {
                    self.server.quotas.org.other(self.server.now);
                }
            }
            Step::Pass(seconds) => self.server.now += seconds,
            Step::Backlog(calls) => self.limiter.set_backlog(*calls, *calls),
            Step::Arrive(_) | Step::Answer(_) | Step::Lose(_) => {}
        }
    }

    /// Everything in flight arrives, in some order.
    fn settle(&mut self) {
        while !self.requests.is_empty() {
            self.arrive(0);
        }
        while !self.responses.is_empty() {
            self.answer(self.responses.len() / 2);
        }
    }

    /// Returns whether a call may be sent when nothing is in flight and a minute has passed.
    fn can_continue(mut self) -> bool {
        self.settle();
        self.server.now += 62.0;
        self.send()
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
        let mut simulation = Simulation::new(share, u64::MAX, limit, lag, begin);
        for step in &steps {
            simulation.step(step);
            let org = &simulation.server.quotas.org;
            // A call whose response was lost in an unknown window cannot be known to count.
            let most = (limit * u64::from(share) / 100).max(1) + org.lost;
            prop_assert!(org.ours <= most, "{} calls of ours where {most} are allowed", org.ours);
        }
        prop_assert!(simulation.can_continue(), "a fresh window allows a call");
    }

    #[test]
    fn of_two_windows_neither_is_exceeded_by_more_than_is_tried(
        steps in prop::collection::vec(step(), 1..400),
        limit in 1..60_u64,
        others_share in 0..60_u64,
        share in 1..=100_u8,
        lag in 0.0..1.0_f64,
        begin in 0.0..1.0_f64,
    ) {
        let mut simulation = Simulation::new(share, limit, limit + others_share, lag, begin);
        let allowance = |count: &Count| (count.limit * u64::from(share) / 100).max(1);
        for step in &steps {
            simulation.step(step);
            let Nested { token, org } = &simulation.server.quotas;
            // The window that has more left is not reported. When the other one ends, as it does twice at most in a
            // minute, a tenth is tried, which counts in both.
            let tried = 2 * (allowance(org) / 10).max(1);
            for count in [token, org] {
                let most = allowance(count) + count.lost + tried;
                prop_assert!(count.ours <= most, "{} calls of ours where {most} are allowed", count.ours);
            }
        }
        prop_assert!(simulation.can_continue(), "fresh windows allow a call");
    }
}
