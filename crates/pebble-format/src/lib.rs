//! Reads and writes the files of a [Pebble] database, the storage engine of CockroachDB.
//!
//! Tables are read and written by [`sst`].
//!
//! # Untrusted files
//!
//! Every length, offset and count is checked before it is used, rows out of order are errors, and [`Limits`] bounds what a
//! file may make the reader allocate and do. No input makes the crate panic.
//!
//! The formats are described in `docs/spec/c1z-format.md` 7 and 8.
//!
//! [Pebble]: https://github.com/cockroachdb/pebble

pub(crate) mod block;
pub(crate) mod checksum;
pub(crate) mod error;
pub(crate) mod input;
pub mod key;
pub(crate) mod limits;
pub mod options;
pub mod sst;

pub use error::{Error, Result};
pub use limits::Limits;
