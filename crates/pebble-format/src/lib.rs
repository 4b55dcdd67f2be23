//! Reads and writes the files of a [Pebble] database, the storage engine of CockroachDB.
//!
//! [`Database`] opens a directory, or anything else that implements [`Files`], and presents its tables and logs as one
//! sorted map. [`DatabaseWriter`] writes a new database of sorted keys. The parts are public too: tables ([`sst`]),
//! manifests ([`manifest`]), the records of logs and manifests ([`record`], [`batch`]), settings ([`options`]).
//!
//! ```
//! use pebble_format::{Database, DatabaseOptions, DatabaseWriter, Limits, MemoryFiles};
//!
//! let mut writer = DatabaseWriter::new(MemoryFiles::new(), DatabaseOptions::default());
//! writer.put(b"apple", b"red")?;
//! writer.put(b"pear", b"green")?;
//! let files = writer.finish()?;
//!
//! let database = Database::open(&files, Limits::default())?;
//! assert_eq!(database.get(b"pear")?.as_deref(), Some(&b"green"[..]));
//! assert_eq!(database.iter().count(), 2);
//! # Ok::<(), pebble_format::Error>(())
//! ```
//!
//! # What is supported
//!
//! | part | read | written |
//! |---|---|---|
//! | directory formats | 13 to 24 | 24 |
//! | table formats | Pebble v1 to v7, rows and columns | Pebble v2 |
//! | compression of blocks | none, Snappy, zstd | none, Snappy |
//! | logs | all framings; a torn end is reported | – |
//! | entries | SET, DEL, SINGLEDEL, DELSIZED, RANGEDEL, SETWITHDEL | SET; all but RANGEDEL in single tables |
//!
//! The comparer is `leveldb.BytewiseComparator`. Range keys, MERGE, value blocks, blob files, synthetic prefixes and
//! suffixes, and MinLZ are reported as [`Error::Unsupported`].
//!
//! # Untrusted files
//!
//! Every length, offset and count is checked before it is used, rows out of order are errors, and [`Limits`] bounds what a
//! file may make the reader allocate and do. No input makes the crate panic.
//!
//! The formats are described in `docs/spec/c1z-format.md` 7 and 8.
//!
//! [Pebble]: https://github.com/cockroachdb/pebble

pub mod batch;
pub(crate) mod block;
pub(crate) mod checksum;
pub(crate) mod database;
pub(crate) mod error;
pub(crate) mod files;
pub(crate) mod input;
pub mod key;
pub(crate) mod limits;
pub mod manifest;
pub(crate) mod names;
pub mod options;
pub mod record;
pub mod sst;

pub use database::logs::LogEnd;
pub use database::reader::Database;
pub use database::scan::Scan;
pub use database::writer::{DatabaseOptions, DatabaseWriter};
pub use error::{Error, Result};
pub use files::{Directory, Files, MemoryFiles, Sink};
pub use limits::Limits;
pub use names::newest_marker;
