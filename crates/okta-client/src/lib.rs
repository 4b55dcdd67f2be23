//! A paced, lenient client of the Okta Management API.
//!
//! - [`endpoints`] turns parameters into requests, without any network;
//! - [`models`] turns bodies into records, and survives whatever real orgs send;
//! - [`Client`] sends requests: paced per rate-limit bucket, retried within bounds, page after page, and cancellable
//!   at any moment.
//!
//! Nothing here knows what the records are read for.

mod answer;
mod auth;
mod bucket;
mod client;
pub mod endpoints;
mod error;
pub mod models;
mod org_url;
mod pacer;
mod pager;
mod request;
mod retry;
mod skew;
#[cfg(test)]
mod tests;
mod transport;

pub use auth::{Answered, ApiToken, Authenticator, Challenge, Outgoing};
pub use bucket::Bucket;
pub use client::{Client, Config, ListPage};
pub use error::{Error, ErrorKind, OktaError, Unreachable};
pub use org_url::{OrgUrl, OrgUrlError};
pub use pacer::{BucketTraffic, Pacing};
pub use request::{ListRequest, Request};
