//! The client against the simulated org, over real TLS.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod changes_over_tls;
mod over_tls;
mod sign_in;
