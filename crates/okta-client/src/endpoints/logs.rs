//! The System Log as a feed of changes.

use crate::models::LogEvent;
use crate::request::{ListRequest, Request, with_query};

/// The most events that one page holds.
pub const PAGE: u32 = 1000;

/// The events stored since `since` (ISO 8601), in the order of storage, which is the one in which none can be missed
/// (section 1.4 of the API notes). `filter` narrows them, for example `eventType sw "group."`; `limit` is at most
/// [`PAGE`]. To be read with [`Client::poll`](crate::Client::poll): the list has no end.
///
/// Okta keeps 90 days and refuses a `since` far beyond them.
#[must_use]
pub fn since(since: &str, filter: Option<&str>, limit: u32) -> ListRequest<LogEvent> {
    let template = "/api/v1/logs";
    let limit = limit.to_string();
    let mut query = vec![("since", since), ("limit", limit.as_str())];
    query.extend(filter.map(|filter| ("filter", filter)));
    ListRequest::array(Request::get(template, with_query(template, &query)))
}
