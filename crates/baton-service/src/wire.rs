//! The client half of C1's service, made from the `.proto` files at build time.
//!
//! The messages are those of `baton-proto`; this crate adds the client and `c1-sim` the server, each with a build
//! script of a few lines. As a feature of `baton-proto` it would be one script, but everybody who builds a crate below
//! this one by itself would then compile all messages twice, with and without the feature.

#![allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic, clippy::restriction)]

include!(concat!(env!("OUT_DIR"), "/c1.connectorapi.baton.v1.rs"));
