//! The Baton wire messages and their JSON form.
//!
//! The types are generated at build time from the `.proto` files of this crate; their names,
//! numbers and declaration order are those of the published contract. Maps are ordered, so the
//! binary form of a message is deterministic.
//!
//! - [`c1`] holds the connector contract, the readers, the stored records and service mode,
//! - [`baton`] what the reading commands print,
//! - [`any`] packs and unpacks `google.protobuf.Any`,
//! - [`wire`] writes fields without building their messages,
//! - [`go`] holds conventions of Go's standard library,
//! - [`json`] writes and reads protobuf JSON, with `Any` expanded,
//! - [`descriptors`] describes it all at run time.

pub mod any;
mod generated;
pub mod go;
pub mod json;
pub mod wire;

use std::sync::LazyLock;

pub use generated::{baton, c1, google, validate};
pub use prost::{Message, Name};
use prost_reflect::DescriptorPool;

/// The descriptor set of every package of this crate and of what they import, in binary.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// Descriptors of every message, enum and service of this crate, with their custom options.
#[allow(clippy::expect_used)]
pub fn descriptors() -> &'static DescriptorPool {
    static POOL: LazyLock<DescriptorPool> =
        LazyLock::new(|| DescriptorPool::decode(DESCRIPTOR_SET).expect("the build script wrote a valid set"));
    &POOL
}
