//! Sorted tables (`NNNNNN.sst`): an index of blocks of rows, and blocks that describe them.
//!
//! [`Table`] reads the formats Pebble v1 to v7, [`Writer`] writes v2, which every Pebble reads. The layout is described
//! in `docs/spec/c1z-format.md` 8.5 to 8.7.

pub(crate) mod data;
pub(crate) mod footer;
pub(crate) mod iter;
pub(crate) mod layout;
pub(crate) mod properties;
pub(crate) mod table;
#[cfg(test)]
mod tests;
pub(crate) mod writer;

pub use crate::block::physical::Compression;
pub use crate::checksum::ChecksumKind;
pub use footer::Format;
pub use iter::{Entry, Iter};
pub use layout::RangeDeletion;
pub use properties::Properties;
pub use table::Table;
pub use writer::{TableSummary, Writer, WriterOptions};
