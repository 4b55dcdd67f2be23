//! What a pacer reports about the calls that were sent.

use std::time::Duration;

use crate::bucket::Bucket;

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
