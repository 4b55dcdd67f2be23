//! The simulator from outside: over TLS, with an ordinary HTTP client.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

mod access;
mod admins;
mod app;
mod assignments;
mod changes;
mod client;
mod dpop;
mod facts;
mod faults;
mod generated;
mod groups;
mod histories;
mod lifecycle;
mod limits;
mod logs;
mod oauth;
mod openapi;
mod paging;
mod program;
mod python;
mod recorded;
mod rights;
mod search;
mod signed;
mod users;
