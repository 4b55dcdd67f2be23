//! A paced, lenient client of the Okta Management API.
//!
//! - [`endpoints`] builds requests from parameters, without any network;
//! - [`models`] parses bodies into records, and tolerates whatever real orgs send;
//! - [`Client`] sends requests: paced per rate-limit bucket, retried within bounds, page after page, and cancellable
//!   at any moment. A change is never sent twice unless it is certain that the first was not executed; what is known
//!   about a failed one is its [`Outcome`].
//!
//! The crate is independent of what the records are read for.

mod auth;
mod backlog;
mod body;
mod bucket;
mod call;
mod client;
pub mod code;
pub mod endpoints;
mod error;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod handle;
mod lock;
pub mod models;
mod oauth;
mod org_url;
mod outcome;
mod pacer;
mod pager;
mod request;
mod response;
mod retry;
mod sent;
mod skew;
#[cfg(test)]
mod tests;
mod transport;

pub use auth::{ApiToken, Authenticator, Challenge, Outgoing, ResponseHead};
pub use backlog::Backlog;
pub use body::Body;
pub use bucket::Bucket;
pub use client::{Config, ListPage};
pub use error::{Error, ErrorKind, OktaError, Unreachable};
pub use handle::Client;
pub use oauth::{OAuth, OAuthConfig, PrivateKey, TokenScheme};
pub use org_url::{OrgUrl, OrgUrlError};
pub use outcome::Outcome;
pub use pacer::{BucketTraffic, Pacing};
pub use request::{ListRequest, Request};
pub use response::Response;
pub use sent::{SentLog, SentRequest};
