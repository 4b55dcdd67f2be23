//! The System Log as a feed of changes.

use url::form_urlencoded;

use crate::models::LogEvent;
use crate::request::{ListRequest, Request, with_query};

/// The largest number of events of a page.
pub const PAGE: u32 = 1000;

/// The events stored since `since` (ISO 8601), in the order of storage, the only one in which none is missed
/// (`docs/spec/okta-api.md` 1.4). `filter` narrows them, for example `eventType sw "group."`; `limit` is at most
/// [`PAGE`]. Read it with [`Client::poll`](crate::Client::poll): the list has no end.
///
/// Okta keeps 90 days and refuses a `since` far beyond them.
#[must_use]
pub fn since(since: &str, filter: Option<&str>, limit: u32) -> ListRequest<LogEvent> {
    events(&[("since", since)], filter, limit)
}

/// The events stored after a [`position`], and since `since`, which must not be later than the time at which that position
/// was reached: without it Okta goes back seven days only. The rest is as for [`since`].
#[must_use]
pub fn after_position(position: &str, since: &str, filter: Option<&str>, limit: u32) -> ListRequest<LogEvent> {
    events(&[("after", position), ("since", since)], filter, limit)
}

/// Returns the position in the log of a cursor of [`Client::poll`](crate::Client::poll) (`after`), without the parameters of
/// its request. It is valid for other filters and page sizes, too.
#[must_use]
pub fn position(cursor: &str) -> Option<String> {
    let (_, query) = cursor.split_once('?')?;
    let after = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "after");
    after.map(|(_, position)| position.into_owned()).filter(|position| !position.is_empty())
}

fn events(from: &[(&str, &str)], filter: Option<&str>, limit: u32) -> ListRequest<LogEvent> {
    let template = "/api/v1/logs";
    let limit = limit.to_string();
    let mut query = from.to_vec();
    query.push(("limit", limit.as_str()));
    query.extend(filter.map(|filter| ("filter", filter)));
    ListRequest::array(Request::get(template, with_query(template, &query)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_survives_its_way_into_a_request() {
        assert_eq!(
            after_position("1627500044869_1", "2026-01-02T03:04:05Z", Some("eventType eq \"x\""), 5)
                .request
                .path_and_query,
            "/api/v1/logs?after=1627500044869_1&since=2026-01-02T03%3A04%3A05Z&limit=5&filter=eventType+eq+%22x%22"
        );
        for odd in ["1627500044869_1", "a b&c=d+e%20f", "ü"] {
            let request = after_position(odd, "2026-01-02T03:04:05Z", None, 5).request;
            assert_eq!(position(&request.path_and_query).as_deref(), Some(odd));
        }
        for none in ["/api/v1/logs", "/api/v1/logs?since=x", "/api/v1/logs?after=&since=x"] {
            assert_eq!(position(none), None);
        }
    }
}
