//! The only way out: every call passes here, and waits here until it may be sent.
//!
//! A call first needs its bucket's consent ([`window`]), then one of the slots that all buckets share ([`slots`]); in
//! this order, so that a call that waits for its bucket keeps nothing from the others. Calls of one bucket go out by
//! urgency ([`line`]), then in the order in which they came. A call that can be made in one of several buckets stands in
//! line for all of them and is made in the one that lets it through first.

mod clock;
mod gate;
mod line;
mod minute;
pub(crate) mod quota;
mod slots;
pub(crate) mod window;

pub(crate) use gate::{Pacer, Permit};
pub(crate) use line::Rank;
pub(crate) use quota::{Throttle, date, throttle};

/// The parts that the model test plays with.
#[cfg(test)]
pub(crate) mod model {
    pub(crate) use super::quota::Quota;
    pub(crate) use super::window::{Decision, Ticket, Window};
}

use std::time::Duration;

use crate::bucket::Bucket;

/// How hard Okta may be asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Pacing {
    /// What part of each quota may be used, in percent, 1 to 100. The rest is for the org's logins and other tools.
    pub share_percent: u8,
    /// The largest number of calls at once.
    pub max_in_flight: usize,
    /// How often a call is tried that fails or gets no answer. Answers of "too many requests" are not counted: they
    /// are waited out.
    pub max_attempts: u32,
    /// How many seconds of the server's clock pass in one of ours. 1, except in benches against a simulated org.
    pub time_scale: f64,
}

impl Pacing {
    /// The time scale, or 1 if it is none that time can have.
    pub(crate) fn valid_time_scale(&self) -> f64 {
        if self.time_scale.is_finite() && self.time_scale > 0.0 { self.time_scale } else { 1.0 }
    }
}

impl Default for Pacing {
    fn default() -> Self {
        Self { share_percent: 90, max_in_flight: 24, max_attempts: 8, time_scale: 1.0 }
    }
}

/// What has been asked in one bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct BucketTraffic {
    /// The bucket.
    pub bucket: Bucket,
    /// Calls sent, retries included.
    pub calls: u64,
    /// Calls that were sent again, for whatever reason.
    pub retries: u64,
    /// Answers of "too many requests".
    pub throttled: u64,
    /// How long calls were held back for pace, summed over calls.
    pub waited: Duration,
    /// The quota that applies to us, if known.
    pub limit: Option<u64>,
    /// What was left of it by the last word.
    pub remaining: Option<u64>,
    /// How long the bucket still waits for its next window, if it does.
    pub waiting: Option<Duration>,
}
