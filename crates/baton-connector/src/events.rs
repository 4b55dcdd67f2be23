//! The event side of a connector: what happened in the system, in order, page by page.

use baton_proto::c1::connector::v2::{Event, EventFeedMetadata};
use futures::future::BoxFuture;
use prost_types::Timestamp;

use crate::error::SourceError;

/// A connector that reports what happened.
pub trait EventSource: Send + Sync + 'static {
    /// The feeds of this connector.
    fn feeds(&self) -> Vec<EventFeedMetadata>;

    /// Reads on in a feed.
    fn events<'a>(&'a self, request: &'a EventRequest) -> BoxFuture<'a, Result<EventPage, SourceError>>;
}

/// Where to read on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EventRequest {
    /// The feed's id; empty for the only one.
    pub feed: String,
    /// Where to begin if there is no cursor.
    pub start_at: Option<Timestamp>,
    /// The cursor of the page before; empty at the beginning.
    pub cursor: String,
    /// How many events a page should have at most; 0 leaves it to the connector.
    pub page_size: u32,
}

/// Some events.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EventPage {
    /// The events, oldest first.
    pub events: Vec<Event>,
    /// Where the next page begins. Valid also when there is nothing more now: it is what the next reading begins with.
    pub cursor: String,
    /// Whether there is more already.
    pub has_more: bool,
    /// Why events of the system are not in here that should have been: one sentence each, with the event's id.
    pub skipped: Vec<String>,
}
