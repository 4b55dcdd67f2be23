//! The generated types. What they mean is said in the `.proto` files.
#![allow(missing_docs, unreachable_pub, deprecated, clippy::all, clippy::pedantic)]

include!(concat!(env!("OUT_DIR"), "/packages.rs"));
