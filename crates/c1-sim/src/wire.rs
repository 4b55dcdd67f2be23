//! The server half of C1's service, made from the `.proto` files at build time; the messages are those of
//! `baton-proto`.

#![allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic, clippy::restriction)]

include!(concat!(env!("OUT_DIR"), "/c1.connectorapi.baton.v1.rs"));
