//! Entry points of the fuzz targets in addition to the public interface: parsers of server output and of operator input.

use std::fmt::Debug;

use http::{HeaderMap, StatusCode};
use tokio::time::Instant;

use crate::error::Error;
use crate::models::{List, NotJson, Record};
use crate::oauth::{check_key_text, check_token_answer};
use crate::org_url::OrgUrl;
use crate::pacer::{Throttle, bucket_limiter, throttle};
use crate::pager;
use crate::request::Request;
use crate::response;
use crate::skew::Skew;

/// The results of the two readers of lists, each list as its `Debug` text.
#[derive(Debug)]
pub struct Readings {
    /// `None` where the quick reader falls back to the strict one.
    pub quick: Option<Result<String, NotJson>>,
    /// The result of `serde_json`.
    pub strict: Result<String, NotJson>,
}

/// Reads a page of at most `max` records with both readers.
#[must_use]
pub fn read_page<T: Record + Debug>(body: &[u8], key: Option<&str>, max: usize) -> Readings {
    let text = |list: Result<List<T>, NotJson>| list.map(|list| format!("{list:?}"));
    Readings {
        quick: crate::models::page::quick_list_from_json(body, key, max).map(text),
        strict: text(crate::models::page::strict_list_from_json(body, key, max)),
    }
}

/// Returns the cursor of the page after the one requested with `page_path` (path and query).
///
/// # Errors
/// The links of the response lead elsewhere.
pub fn next_cursor(
    org: &OrgUrl,
    first: &Request,
    page_path: &str,
    headers: &HeaderMap,
    in_body: Option<&str>,
) -> Result<Option<String>, Error> {
    pager::next_cursor(org, first, page_path, headers, in_body)
}

/// Returns `page_path` with half of its limit.
#[must_use]
pub fn halved(page_path: &str) -> String {
    pager::with_limit(page_path, |limit| limit / 2)
}

/// Returns the error of a response without success.
#[must_use]
pub fn refusal(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Error {
    response::refusal(status, headers, body)
}

/// Parses a response of the token endpoint.
///
/// # Errors
/// There is no usable token in it.
pub fn token_answer(body: &[u8]) -> Result<(), Error> {
    check_token_answer(body, Instant::now())
}

/// Parses a private key in a text; `None` if the text is treated as the name of a file.
///
/// # Errors
/// There is no usable key in it.
#[must_use]
pub fn key_text(text: &str) -> Option<Result<(), Error>> {
    check_key_text(text)
}

/// Returns the time for proofs, in seconds since 1970, by a clock that shows `wall`, after a response with these headers.
#[must_use]
pub fn corrected_time(wall: i64, headers: &HeaderMap) -> i64 {
    let skew = Skew::new(Box::new(move || wall));
    skew.observe(headers);
    if skew.was_wrong(wall, headers) { skew.now() } else { wall }
}

/// A bucket whose server responds with arbitrary headers.
#[derive(Debug)]
pub struct QuotaSimulation {
    limiter: bucket_limiter::BucketLimiter,
    now: f64,
}

/// The result of a call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CallResult {
    /// It was sent, and its response recorded.
    Sent,
    /// It has to wait for this many seconds.
    Wait(f64),
    /// It has to wait for the response to another call.
    WaitForResponse,
}

impl QuotaSimulation {
    /// Creates a bucket with an unknown quota at `now`, in seconds of the server's clock.
    #[must_use]
    pub fn new(share_percent: u8, now: f64) -> Self {
        Self { limiter: bucket_limiter::BucketLimiter::new(share_percent), now }
    }

    /// Advances the clock by `seconds`, then makes a call that gets this response; `None` for a response that never comes.
    pub fn call(&mut self, seconds: f64, response: Option<(StatusCode, &HeaderMap)>) -> CallResult {
        self.now += seconds;
        let ticket = match self.limiter.decide(self.now, 1) {
            bucket_limiter::Decision::Send(ticket) => ticket,
            bucket_limiter::Decision::Wait { until, .. } => return CallResult::Wait(until - self.now),
            bucket_limiter::Decision::WaitForResponse => return CallResult::WaitForResponse,
        };
        match response {
            None => self.limiter.record_lost(ticket),
            Some((status, headers)) => match throttle(status, headers) {
                Some(Throttle::QuotaExhausted(quota)) => self.limiter.record_exhausted(ticket, quota, self.now),
                _ => {
                    let quota = crate::pacer::quota::quota(headers);
                    self.limiter.record_response(ticket, quota, status.is_success(), self.now);
                }
            },
        }
        CallResult::Sent
    }
}
