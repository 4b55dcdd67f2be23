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
mod pacing;
pub(crate) mod quota;
mod quota_window;
mod traffic;
mod wait_queue;

pub(crate) use admission::{Pacer, Permit};
pub use pacing::Pacing;
pub(crate) use quota::{Throttle, date, throttle};
pub use traffic::BucketTraffic;
pub(crate) use wait_queue::Priority;

/// The types that the model test drives.
#[cfg(test)]
pub(crate) mod model {
    pub(crate) use super::bucket_limiter::{BucketLimiter, Decision, Ticket};
    pub(crate) use super::quota::Quota;
}
