//! Reading `.c1z` files for people: the commands `stats`, `resource-types`, `resources`, `entitlements` and `grants`
//! as functions of a path, what is asked for, and a writer.
//!
//! With [`Format::Json`] they print what the `baton` tool prints; with [`Format::Console`] tables for people. Both are
//! written while the rows are read: a file with millions of grants needs no more memory than a small one. Nothing but
//! the answer goes to the writer, and a reader of it who goes away early is no error.
//!
//! A command is a module in `commands`; what they share is the [`Store`], and on the way out the texts of looked-up
//! objects, JSON lists and tables.

mod cache;
mod commands;
mod error;
mod filter;
mod listing;
mod names;
mod output;
mod parts;
mod store;
mod table;

pub use commands::entitlements::{EntitlementQuery, entitlements};
pub use commands::grants::{GrantQuery, grants};
pub use commands::resource_types::resource_types;
pub use commands::resources::{ResourceQuery, resources};
pub use commands::stats::stats;
pub use error::Error;
pub use output::{Format, Options};
pub use store::Store;
pub use table::terminal_width;
