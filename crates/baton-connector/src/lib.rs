//! What a connector is.
//!
//! A connector tells the sync engine three things: which resource types it has, with which [`Work`] a sync begins, and
//! how to do one piece of work ([`Source::fetch`]). Everything else (order, parallelism, progress that survives a kill,
//! the file) is the engine's. Nothing here knows any particular system.

pub mod build;
pub mod ids;
mod page;
mod source;

pub use page::{EntitlementRef, Gap, GapKind, GrantDraft, Page, Principal};
pub use source::{
    FetchError, FetchErrorKind, Gate, Lane, LaneTraffic, Missing, Options, Source, SourceError, Work, WorkKind,
};
