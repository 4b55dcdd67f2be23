//! The `.c1z` file of the v1 (SQLite) family: write, read, query, clean up.
//!
//! A file is a SQLite database in a zstd envelope. It holds syncs, and per sync the resource types, resources,
//! entitlements and grants of a connector.
//!
//! - [`Builder`] makes the database of a new file and the file: whole or not at all. [`PreviousFile`] is the file that it replaces.
//! - [`Reader`] opens a file and answers queries; it never changes it.
//! - [`retention`] says which older syncs stay when a new one is added.
//! - [`Error`] names the file, what is wrong with it and what to do next.

mod builder;
mod bulk;
mod carry_over;
mod connection;
mod db_header;
pub mod envelope;
mod error;
mod expansion;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod indexes;
pub mod ksuid;
mod metadata;
mod migrate;
mod previous_file;
mod reader;
pub mod retention;
mod schema;
mod stats;
mod sync_run;
pub mod time;

pub use builder::{Builder, GrantRow};
pub use error::Error;
pub use indexes::Duplicates;
pub use metadata::SystemId;
pub use previous_file::PreviousFile;
pub use reader::{EntitlementFilter, GrantFilter, Reader, ResourceFilter};
pub use stats::Stats;
pub use sync_run::{NewSync, SyncRun, SyncType};
