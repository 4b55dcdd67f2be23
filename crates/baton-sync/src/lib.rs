//! The sync engine.
//!
//! ```text
//! plan ──► fetch (many at once) ──► one writer (batched transactions) ──► seal (.c1z)
//!   ▲                                     │
//!   └── next pages, follow-up work ◄──────┘  committed together with the page that made them known
//! ```
//!
//! * `plan` keeps the work of a sync and the pages fetched so far in one SQLite file, the working database.
//! * `engine` fetches: all queues of the source at once, each page handed to the one writer.
//! * `base_snapshot` and `changes` find what has not changed since the last sync: its pages are reused instead of fetched.
//! * `writer` commits pages. After a kill at any moment the working database holds whole pages only, and the next
//!   run carries on behind the last of them.
//! * `seal` turns the pages into the tables of a `.c1z`, always in the same order whatever order they came in,
//!   expands grants (`expand`), and replaces the target atomically.
//!
//! Nothing here knows any particular system: everything specific comes through [`baton_connector::Source`].

mod base_snapshot;
mod canonical_grants;
mod changes;
mod codec;
mod config;
mod deleted_principals;
mod engine;
mod error;
mod expand;
mod external;
mod fetch;
mod grant_blob;
mod grant_sink;
mod grant_writer;
mod guard;
mod identity;
mod invariants;
mod observe;
mod open;
mod partial;
mod partial_refetch;
mod plan;
mod previous;
mod resource_index;
mod run;
mod seal;
mod sealing;
mod summary;
mod workdir;
mod writer;

pub use config::{FullEvery, Incremental, SyncConfig};
pub use error::SyncError;
pub use external::{ExternalFile, parse_trait};
pub use observe::{Event, KindProgress, Observer, Silent, Snapshot};
pub use run::run;
pub use summary::{GapCount, KindReading, Reading, Summary, TypeCount};
