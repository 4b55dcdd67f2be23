//! Whole syncs of made-up systems.

#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used)]

mod expansion;
mod external;
mod guard;
mod holders;
mod incremental;
mod partial;
mod partial_refetch;
mod recorded;
mod runs;
mod support;
mod systems;
mod types;
mod world;
