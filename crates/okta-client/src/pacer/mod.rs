//! Paces calls: every call waits here until it may be sent.
//!
//! A call is first admitted by its bucket ([`bucket_limiter`]), then takes one of the permits that all buckets share
//! ([`concurrency`]); in this order, so that a call that waits for its bucket takes no permit from the others. Calls of one
//! bucket are sent by priority, then in order of arrival ([`wait_queue`]). A call that several buckets can serve waits in
//! the queue of each, and is sent in the bucket that admits it first.

mod admission;
pub(crate) mod bucket_limiter;
mod clock;
mod concurrency;
pub(crate) mod quota;
mod quota_window;
mod wait_queue;

pub(crate) use admission::{Pacer, Permit};
pub(crate) use quota::{Throttle, date, throttle};
pub(crate) use wait_queue::Priority;

/// The types that the model test drives.
#[cfg(test)]
pub(crate) mod model {
    pub(crate) use super::bucket_limiter::{BucketLimiter, Decision, Ticket};
    pub(crate) use super::quota::Quota;
}

use std::time::Duration;

use crate::bucket::Bucket;

/// Limits on the calls that are sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Pacing {
    /// The share of each quota that may be used, in percent, 1 to 100. The rest is for the org's logins and other tools.
    pub share_percent: u8,
    /// The largest number of calls in flight.
    pub max_in_flight: usize,
    /// The largest number of attempts of a call that fails or gets no response. Responses of "too many requests" do not
    /// count: they are waited out.
    pub max_attempts: u32,
    /// Seconds of the server's clock per second of ours. 1, except in benches against a simulated org.
    pub time_scale: f64,
}

impl Pacing {
    /// Returns the time scale, or 1 if it is not a positive number.
    pub(crate) fn valid_time_scale(&self) -> f64 {
        if self.time_scale.is_finite() && self.time_scale > 0.0 { self.time_scale } else { 1.0 }
    }
}

impl Default for Pacing {
    fn default() -> Self {
        Self { share_percent: 90, max_in_flight: 24, max_attempts: 8, time_scale: 1.0 }
    }
}

/// The traffic of one bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct BucketTraffic {
    /// The bucket.
    pub bucket: Bucket,
    /// Calls sent, retries included.
    pub calls: u64,
    /// Calls that were retried, for whatever reason.
    pub retries: u64,
    /// Responses of "too many requests".
    pub throttled: u64,
    /// The time that calls waited for the pacer, summed over calls.
    pub waited: Duration,
    /// The quota that applies to us, if known.
    pub limit: Option<u64>,
    /// Remaining calls by the last report.
    pub remaining: Option<u64>,
    /// The time until the bucket's next window, if it waits for one.
    pub waiting: Option<Duration>,
}
