//! Event feeds.

use std::sync::Arc;

use baton_connector::{Code, EventRequest, EventSource, SourceErrorKind};
use baton_proto::c1::connector::v2::{ListEventFeedsResponse, ListEventsResponse};
use baton_proto::c1::connectorapi::baton::v1::task::ListEventsTask;

use crate::run::Service;
use crate::tasks::{Done, Failed, Handled};

/// The most events that may be asked for at once.
const LARGEST_PAGE: u32 = 1000;

pub(super) fn feeds(service: &Service) -> Handled {
    let list = source(service)?.feeds();
    Ok(Done::with(&ListEventFeedsResponse { list, annotations: Vec::new() }, Vec::new()))
}

pub(super) async fn list(service: &Service, task: ListEventsTask) -> Handled {
    let ListEventsTask { cursor, start_at, event_feed_id, page_size, .. } = task;
    let request = EventRequest { feed: event_feed_id, start_at, cursor, page_size: page_size.min(LARGEST_PAGE) };
    let page = source(service)?.events(&request).await.map_err(|error| {
        // The same request will be as wrong the next time.
        let is_wrong = matches!(error.kind, SourceErrorKind::Invalid | SourceErrorKind::NotFound);
        Failed { retryable: !is_wrong, ..Failed::from(error) }
    })?;
    for reason in &page.skipped {
        tracing::warn!(reason, "an event was left out");
    }
    let response = ListEventsResponse {
        events: page.events,
        cursor: page.cursor,
        has_more: page.has_more,
        annotations: Vec::new(),
    };
    Ok(Done::with(&response, Vec::new()))
}

fn source(service: &Service) -> Result<&Arc<dyn EventSource>, Failed> {
    let none = || Failed::for_good(Code::Unimplemented, "this connector has no event feeds");
    service.connector.events.as_ref().ok_or_else(none)
}
