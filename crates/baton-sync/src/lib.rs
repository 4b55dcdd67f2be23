//! The sync engine.
//!
//! ```text
//! plan ──► fetch (many at once) ──► one writer (batched transactions) ──► seal (.c1z)
//!   ▲                                     │
//!   └── next pages, follow-up work ◄──────┘  committed together with the page that made them known
//! ```
//!
//! * `plan` keeps the work of a sync and the pages fetched so far in one SQLite file, the working database.
//! * `engine` fetches: all lanes of the source at once, each page handed to the one writer.
//! * `last` and `changes` say what of the last sync is still true: its pages are taken over instead of fetched.
//! * `writer` commits pages. After a kill at any moment the working database holds whole pages only, and the next
//!   run carries on behind the last of them.
//! * `seal` turns the pages into the tables of a `.c1z`, always in the same order whatever order they came in,
//!   expands grants (`expand`), and replaces the target atomically.
//!
//! Nothing here knows any particular system: everything specific comes through [`baton_connector::Source`].

mod changes;
mod codec;
mod config;
mod engine;
mod error;
mod expand;
mod external;
mod fetch;
mod grant_blob;
mod grant_writer;
mod guard;
mod identity;
mod invariants;
mod last;
mod observe;
mod open;
mod partial;
mod plan;
mod present;
mod previous;
mod run;
mod seal;
mod sided;
mod summary;
mod vanished;
mod workdir;
mod writer;

pub use config::{FullEvery, Incremental, SyncConfig};
pub use error::SyncError;
pub use external::{ExternalFile, parse_trait};
pub use observe::{Event, KindProgress, Observer, Silent, Snapshot};
pub use run::run;
pub use summary::{GapCount, KindReading, Reading, Summary, TypeCount};
