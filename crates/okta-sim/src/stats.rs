//! What the simulator has counted.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::route::Bucket;

/// Counters since the start. Every request of the API counts, whatever its answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// Requests per method and path template, such as `GET /api/v1/groups/{id}/users`.
    pub by_path: BTreeMap<String, u64>,
    /// Requests per rate-limit bucket; see [`Bucket::name`](crate::Bucket::name).
    pub by_bucket: BTreeMap<String, u64>,
    /// Answers per status. A connection dropped on purpose counts as 0.
    pub by_status: BTreeMap<u16, u64>,
    /// All requests.
    pub requests: u64,
    /// 429 answers because a quota was used up.
    pub throttled_rate: u64,
    /// 429 answers because too many calls ran at once.
    pub throttled_concurrency: u64,
    /// Access tokens that were given out.
    pub tokens_issued: u64,
    /// Refusals in the form of OAuth, at the token endpoint and at the API, per error, such as `use_dpop_nonce`.
    pub oauth_errors: BTreeMap<String, u64>,
    /// Faults that were served.
    pub faults: u64,
    /// Calls that run now.
    pub in_flight: u64,
    /// The most calls that ever ran at once.
    pub max_in_flight: u64,
    /// Bytes of all bodies, as they went out.
    pub body_bytes: u64,
    /// Connections accepted.
    pub connections: u64,
    /// Each request, in the order of the answers; empty unless it was asked for.
    pub log: Vec<LoggedRequest>,
}

impl Stats {
    /// How often a path template was read, such as `/api/v1/groups/{id}/users`; changes are in `by_path`.
    #[must_use]
    pub fn calls(&self, template: &str) -> u64 {
        self.by_path.get(&format!("GET {template}")).copied().unwrap_or_default()
    }
}

/// A request that was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoggedRequest {
    /// The method.
    pub method: String,
    /// Path and query as they were sent.
    pub target: String,
    /// The status of the answer; 0 for a connection dropped on purpose.
    pub status: u16,
}

/// Which limit a 429 comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Throttle {
    Rate,
    Concurrency,
}

/// The counters of a running simulator.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    stats: Mutex<Stats>,
    keep_log: bool,
}

/// How a request ended.
pub(crate) struct Outcome<'a> {
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    /// Path template and bucket; none for a path that leads nowhere.
    pub(crate) place: Option<(&'static str, Bucket)>,
    pub(crate) status: u16,
    pub(crate) bytes: usize,
    pub(crate) throttle: Option<Throttle>,
    pub(crate) fault: bool,
    /// The error of a refusal in the form of OAuth.
    pub(crate) oauth_error: Option<&'static str>,
}

impl Counters {
    pub(crate) fn new(keep_log: bool) -> Self {
        Self { stats: Mutex::default(), keep_log }
    }

    fn with<T>(&self, change: impl FnOnce(&mut Stats) -> T) -> T {
        change(&mut self.stats.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn snapshot(&self) -> Stats {
        self.with(|stats| stats.clone())
    }

    pub(crate) fn connected(&self) {
        self.with(|stats| stats.connections += 1);
    }

    /// Counts a call that begins; the number of calls that run, this one included.
    pub(crate) fn begin(&self) -> InFlight<'_> {
        let running = self.with(|stats| {
            stats.in_flight += 1;
            stats.max_in_flight = stats.max_in_flight.max(stats.in_flight);
            stats.in_flight
        });
        InFlight { counters: self, running }
    }

    pub(crate) fn token_issued(&self) {
        self.with(|stats| stats.tokens_issued += 1);
    }

    pub(crate) fn finished(&self, outcome: &Outcome<'_>) {
        self.with(|stats| {
            stats.requests += 1;
            let template = outcome.place.map_or("(unknown path)", |(template, _)| template);
            *stats.by_path.entry(format!("{} {template}", outcome.method)).or_default() += 1;
            if let Some((_, bucket)) = outcome.place {
                *stats.by_bucket.entry(bucket.name().to_owned()).or_default() += 1;
            }
            *stats.by_status.entry(outcome.status).or_default() += 1;
            stats.body_bytes += outcome.bytes as u64;
            if let Some(error) = outcome.oauth_error {
                *stats.oauth_errors.entry(error.to_owned()).or_default() += 1;
            }
            stats.faults += u64::from(outcome.fault);
            stats.throttled_rate += u64::from(outcome.throttle == Some(Throttle::Rate));
            stats.throttled_concurrency += u64::from(outcome.throttle == Some(Throttle::Concurrency));
            if self.keep_log {
                stats.log.push(LoggedRequest {
                    method: outcome.method.to_owned(),
                    target: outcome.target.to_owned(),
                    status: outcome.status,
                });
            }
        });
    }
}

/// A call that runs; it ends when this is dropped, also when the caller goes away.
pub(crate) struct InFlight<'a> {
    counters: &'a Counters,
    pub(crate) running: u64,
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.counters.with(|stats| stats.in_flight -= 1);
    }
}
