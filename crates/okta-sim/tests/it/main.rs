//! The simulator from outside: over TLS, with an ordinary HTTP client.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

mod access;
mod client;
mod facts;
mod faults;
mod generated;
mod limits;
mod openapi;
mod paging;
mod program;
mod python;
mod recorded;
mod search;
