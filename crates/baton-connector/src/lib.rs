//! What a connector is.
//!
//! A [`Source`] describes what can be synced and opens a [`SyncSession`] for each sync. The session returns the [`Work`] with
//! which the sync begins and fetches it page by page. Everything else (order, parallelism, progress that survives a kill,
//! the file) is the engine's. A [`Provisioner`] makes changes, an [`EventSource`] reads what happened; a [`Connector`] holds
//! the three. Nothing here knows any particular system.

mod bid;
pub mod build;
mod code;
mod connector;
mod detail;
mod error;
mod events;
mod external;
mod gap;
pub mod ids;
mod kind;
mod metadata;
mod options;
mod page;
pub mod provision;
mod reuse;
mod schema;
mod session;
mod short_hash;
mod source;
mod system;
mod work;

pub use bid::{BidError, EntitlementBid, ResourceBid, ResourceRef};
pub use code::Code;
pub use connector::{Connector, Purpose};
pub use detail::Detail;
pub use error::{SourceError, SourceErrorKind};
pub use events::{EventPage, EventRequest, EventSource};
pub use external::ExternalMatch;
pub use gap::{Gap, GapKind};
pub use kind::{QueueId, WorkKind};
pub use metadata::Metadata;
pub use options::Options;
pub use page::{EncodedResource, EntitlementRef, GrantDraft, Page, Principal};
pub use provision::{Change, ChangeError, Provisioner};
pub use reuse::{Invalidation, Reuse, Selector};
pub use schema::{KindSpec, MissingPrincipal, Schema, TypeSpec};
pub use session::{QueueTraffic, SyncSession};
pub use short_hash::short_hash;
pub use source::Source;
pub use system::SystemId;
pub use work::{Barrier, Work};
