//! Shares an org with another client, in virtual time: its calls and ours count for the org, ours for our token as well,
//! and the two windows do not begin together.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::time::Instant;

use super::pacing::make_calls;
use super::quota::Nested;
use super::server::{EPOCH, Reply, Server};
use crate::Client;
use crate::endpoints::groups;

/// The window that a response reports.
#[derive(Debug, Clone, Copy, PartialEq)]
enum ReportedWindow {
    /// The scarcest one.
    Scarcest,
    /// That of our token, unless that of the org is exhausted.
    Token,
}

struct Org {
    quotas: Nested,
    reports: ReportedWindow,
    /// Calls of ours, and of the other client since ours began, that were refused.
    refused: [u32; 2],
    /// When the other client calls next.
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

    /// Counts a call of ours, and returns the response.
    fn call(&mut self, now: f64) -> Reply {
        self.others(now);
        let allowed = self.quotas.call(now);
        self.refused[0] += u32::from(!allowed);
        let reported = match self.reports {
            ReportedWindow::Scarcest => self.quotas.scarcest(),
            ReportedWindow::Token if !allowed && self.quotas.org.left() == 0 => &self.quotas.org,
            ReportedWindow::Token => &self.quotas.token,
        };
        if allowed {
            Reply::json(200, "[]").counted(reported)
        } else {
            Reply::json(429, "{}").quota(reported.limit, 0, reported.ends)
        }
    }
}

/// A bucket of which another client has used a third at random moments since some seconds before our first call.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    /// Calls a minute.
    limit: u64,
    /// How much of it is for our token.
    percent: u64,
    others_since: f64,
}

impl Default for Bucket {
    fn default() -> Self {
        Self { limit: 100, percent: 100, others_since: 300.0 }
    }
}

fn server(
    bucket: Bucket,
    reports: ReportedWindow,
    latency: std::ops::Range<u64>,
    seed: u64,
) -> (Server, Arc<Mutex<Org>>) {
    let random = StdRng::seed_from_u64(seed);
    let quotas = Nested::new(bucket.limit * bucket.percent / 100, bucket.limit);
    #[allow(clippy::cast_precision_loss)] // A quota is a small number.
    let pause = 60.0 / (bucket.limit / 3) as f64;
    let other_at = EPOCH - bucket.others_since;
    let org = Arc::new(Mutex::new(Org { quotas, reports, refused: [0, 0], other_at, pause, random }));
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

/// Makes a thousand calls; returns the calls per minute, and how many of ours and of the other client were refused until a
/// minute after that.
async fn run(percent: u64, reports: ReportedWindow, latency: std::ops::Range<u64>, seed: u64) -> (f64, [u32; 2]) {
    let (server, org) = server(Bucket { percent, ..Bucket::default() }, reports, latency, seed);
    let client = server.client(|_| {});
    let began = Instant::now();
    make_calls(&client, 1000, 16).await;
    let seconds = began.elapsed().as_secs_f64();
    let mut org = org.lock().unwrap();
    org.others(EPOCH + seconds + 60.0);
    (1000.0 / seconds * 60.0, org.refused)
}

/// Fetches `pages` pages, one after the other.
async fn read_pages(client: &Client, pages: u64) {
    let list = groups::members("00g1", 1000).unwrap();
    for _ in 0..pages {
        client.page(&list, None).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_refused_beside_another_client_and_nothing_of_it() {
    for seed in 0..8 {
        for latency in [20..60, 50..400, 500..3000] {
            // Of what the other client leaves of the org's quota or of our half of it, nine tenths are ours.
            for (percent, share) in [(100, 57.0), (50, 45.0)] {
                let (made, refused) = run(percent, ReportedWindow::Scarcest, latency.clone(), seed).await;
                let case = format!("{percent} percent, answers after {latency:?} ms, seed {seed}");
                assert_eq!(refused, [0, 0], "{case}");
                assert!(made > share / 1.1, "{case}: {made} a minute");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_unreported_window_is_respected_once_it_has_refused() {
    for seed in 0..8 {
        let (_, refused) = run(50, ReportedWindow::Token, 50..400, seed).await;
        assert_eq!(refused, [0, 0], "half of the quota and a third of it fit beside each other, seed {seed}");
        let (made, [refused, _]) = run(100, ReportedWindow::Token, 50..400, seed).await;
        assert!(made > 57.0 && refused < 30, "seed {seed}: {made} a minute made, {refused} refused");
    }
}

/// A list may have any number of pages, so it is unknown in advance that it will use most of the quota.
#[tokio::test(start_paused = true)]
async fn lists_of_unknown_length_leave_others_their_part() {
    for others_since in [0.5, 5.0, 30.0] {
        for (lists, pages, latency) in [(1, 500, 20), (1, 500, 200), (16, 30, 500)] {
            for seed in 0..8 {
                let bucket = Bucket { limit: 600, others_since, ..Bucket::default() };
                let (server, org) = server(bucket, ReportedWindow::Scarcest, latency..latency * 2, seed);
                let client = server.client(|_| {});
                let began = Instant::now();
                futures::future::join_all((0..lists).map(|_| read_pages(&client, pages))).await;
                let mut org = org.lock().unwrap();
                org.others(EPOCH + began.elapsed().as_secs_f64() + 60.0);
                let case = format!("{lists} lists, {latency} ms, others since {others_since} s, seed {seed}");
                assert_eq!(org.refused, [0, 0], "{case}");
            }
        }
    }
}
