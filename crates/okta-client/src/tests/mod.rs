//! Integration tests: the client against an in-memory server in virtual time, and recorded traffic of real orgs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod changes;
mod either;
mod failures;
pub(crate) mod keys;
mod models;
mod oauth;
mod pacing;
mod quota;
mod recorded;
mod requests;
mod secrets;
mod server;
mod shared;
mod windows;
