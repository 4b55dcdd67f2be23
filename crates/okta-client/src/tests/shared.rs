//! Beside another client of the org, in virtual time: its calls and ours count for the org, ours for our token as well, and
//! the two windows do not begin together.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::time::Instant;

use super::pacing::make_calls;
use super::quota::Nested;
use super::server::{EPOCH, Reply, Server};

/// Of what an answer tells.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Tells {
    /// Of the window that has least left.
    Scarcest,
    /// Of our token's alone, unless the org's has nothing left.
    Token,
}

struct Org {
    quotas: Nested,
    tells: Tells,
    /// Calls of ours, and of the other client since ours began, that were refused.
    refused: [u32; 2],
    /// When the other client calls next, and what for.
    other_at: f64,
    pause: f64,
    random: StdRng,
}

impl Org {
    /// Counts the calls of the other client so far.
    fn others(&mut self, now: f64) {
        while self.other_at <= now {
            let allowed = self.quotas.org.other(self.other_at);
            self.refused[1] += u32::from(!allowed && self.other_at > EPOCH);
            self.other_at += self.pause * self.random.random_range(0.0..2.0);
        }
    }

    /// Counts a call of ours, and answers it.
    fn call(&mut self, now: f64) -> Reply {
        self.others(now);
        let allowed = self.quotas.call(now);
        self.refused[0] += u32::from(!allowed);
        let told = match self.tells {
            Tells::Scarcest => self.quotas.scarcest(),
            Tells::Token if !allowed && self.quotas.org.left() == 0 => &self.quotas.org,
            Tells::Token => &self.quotas.token,
        };
        if allowed {
            Reply::json(200, "[]").counted(told)
        } else {
            Reply::json(429, "{}").quota(told.limit, 0, told.ends)
        }
    }
}

/// A bucket of 100 calls a minute, `percent` of it ours; another client uses a third of it at random moments.
fn server(percent: u64, tells: Tells, latency: std::ops::Range<u64>, seed: u64) -> (Server, Arc<Mutex<Org>>) {
    let random = StdRng::seed_from_u64(seed);
    let quotas = Nested::new(percent, 100);
    let org = Org { quotas, tells, refused: [0, 0], other_at: EPOCH - 300.0, pause: 60.0 / 33.0, random };
    let org = Arc::new(Mutex::new(org));
    let counts = Arc::clone(&org);
    let server = Server::new(move |seen| {
        let now = EPOCH + seen.at.as_secs_f64();
        let mut org = counts.lock().unwrap();
        let reply = org.call(now);
        let latency = Duration::from_millis(org.random.random_range(latency.clone()));
        reply.date(now).after(latency)
    });
    (server, org)
}

/// Makes a thousand calls; gives how many a minute, and how many of ours and of the other client were refused until a minute
/// after that.
async fn play(percent: u64, tells: Tells, latency: std::ops::Range<u64>, seed: u64) -> (f64, [u32; 2]) {
    let (server, org) = server(percent, tells, latency, seed);
    let client = server.client(|_| {});
    let began = Instant::now();
    make_calls(&client, 1000, 16).await;
    let seconds = began.elapsed().as_secs_f64();
    let mut org = org.lock().unwrap();
    org.others(EPOCH + seconds + 60.0);
    (1000.0 / seconds * 60.0, org.refused)
}

#[tokio::test(start_paused = true)]
async fn nothing_is_refused_beside_another_client_and_nothing_of_it() {
    for seed in 0..8 {
        for latency in [20..60, 50..400, 500..3000] {
            // Of what the other client leaves of the org's quota or of our half of it, nine tenths are ours.
            for (percent, share) in [(100, 57.0), (50, 45.0)] {
                let (made, refused) = play(percent, Tells::Scarcest, latency.clone(), seed).await;
                assert_eq!(refused, [0, 0], "{percent} percent, answers after {latency:?} ms, seed {seed}");
                assert!(
                    made > share / 1.1,
                    "{percent} percent, answers after {latency:?} ms, seed {seed}: {made} a minute"
                );
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_window_of_which_nothing_is_told_is_left_alone_once_it_has_refused() {
    for seed in 0..8 {
        let (_, refused) = play(50, Tells::Token, 50..400, seed).await;
        assert_eq!(refused, [0, 0], "half of the quota and a third of it fit beside each other, seed {seed}");
        let (made, [refused, _]) = play(100, Tells::Token, 50..400, seed).await;
        assert!(made > 57.0 && refused < 30, "seed {seed}: {made} a minute made, {refused} refused");
    }
}
