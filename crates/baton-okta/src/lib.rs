//! ConductorOne's Okta connector: Okta's objects as Baton's.
//!
//! [`OktaSource`] is what a sync engine asks; `resources` holds one module per resource type with its mapping.

mod access;
mod changes;
mod cli;
mod config;
mod connector;
mod context;
mod demo;
mod describe;
mod doctor;
mod email_domains;
mod endpoint_choice;
mod errors;
mod estimate;
mod events;
mod flags;
mod ids;
mod lock;
mod plan;
mod profile;
mod provision;
mod quota_plan;
mod required_permissions;
mod resources;
mod scope;
mod session;
mod survey;
mod types;

pub use cli::OktaProgram;
pub use config::{Auth, Config, Requests, Rules};
pub use connector::OktaSource;
pub use email_domains::EmailDomains;
pub use events::OktaEvents;
pub use provision::OktaProvisioner;
