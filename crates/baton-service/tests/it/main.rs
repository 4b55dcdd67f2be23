//! Service mode between a stand-in for C1 and a made-up system.

#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used)]

mod health;
mod interrupted;
mod outages;
mod session;
mod soak;
mod support;
