//! ConductorOne's Okta connector: Okta's objects as Baton's.
//!
//! [`OktaSource`] is what a sync engine asks; `resources` holds one module per resource type with its mapping.

mod config;
mod connector;
mod email_domains;
mod errors;
mod profile;
mod resources;
mod scope;

pub use config::{Config, Requests, Rules};
pub use connector::OktaSource;
pub use email_domains::EmailDomains;
