//! What a connector is.
//!
//! A connector tells the sync engine three things: which resource types it has, with which [`Work`] a sync begins, and
//! how to do one piece of work ([`Source::fetch`]). Everything else (order, parallelism, progress that survives a kill,
//! the file) is the engine's. What it can change is a [`Provisioner`], what it can tell about what happened an
//! [`EventSource`]; a [`Connector`] holds the three. Nothing here knows any particular system.

mod bid;
pub mod build;
mod code;
mod connector;
mod events;
mod external;
mod identity;
pub mod ids;
mod metadata;
mod page;
pub mod provision;
mod reuse;
mod source;

pub use bid::{BidError, EntitlementBid, ResourceBid, ResourceRef};
pub use code::Code;
pub use connector::{Connector, Purpose};
pub use events::{EventPage, EventRequest, EventSource};
pub use external::ExternalMatch;
pub use identity::SystemId;
pub use metadata::Metadata;
pub use page::{EncodedResource, EntitlementRef, Gap, GapKind, GrantDraft, Page, Principal};
pub use provision::{Change, ChangeError, Provisioner};
pub use reuse::{Changed, Reuse, Which};
pub use source::{
    FetchError, FetchErrorKind, Gate, Lane, LaneTraffic, Missing, Options, Source, SourceError, Work, WorkKind,
};
