//! How a connector runs: command line, configuration, logs, progress, one-shot operations.
//!
//! A connector implements [`Program`] (its name, its fields, how it is made) and hands it to [`run`]:
//!
//! ```text
//! arguments ─► flags ─┐
//! environment ────────┼─► settings ─► check ─► logs ─► task ─► exit code
//! configuration file ─┘                                 ├─ (none)    sync, or one change that flags ask for
//!                                                       ├─ stats …   baton-explore reads a file
//!                                                       └─ extras    of the connector's own
//! ```
//!
//! Every flag is declared once, as a [`Field`]; parser, help, completion, variables and file keys are made from it.
//! Nothing here knows any particular system.

mod cli;
mod commands;
mod config_file;
mod core_dumps;
pub mod describe;
mod env;
mod exposure;
mod failure;
mod field;
mod flags;
mod free_form;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod logs;
mod operation;
mod outcome;
mod program;
mod progress;
mod redact;
pub mod reference;
mod required;
mod session;
mod settings;
mod signals;
mod summary;
mod table;
mod telemetry;
mod value;
pub mod words;

pub use cli::run;
pub use failure::Failure;
pub use field::{Field, Kind, heading};
pub use program::{Extra, Group, Program, Running};
pub use session::Session;
pub use settings::Settings;
pub use table::Table;
