//! What happened: a user was used on each page, and nothing since.

use baton_connector::{EventPage, EventRequest, EventSource, SourceError, SourceErrorKind};
use baton_proto::c1::connector::v2::{Event, EventFeedMetadata, UsageEvent, event};
use futures::FutureExt;
use futures::future::{BoxFuture, ready};

/// The only feed. Its cursor is the number of the page; cursor `broken` cannot be read on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Feed {
    pub pages: u64,
}

impl EventSource for Feed {
    fn feeds(&self) -> Vec<EventFeedMetadata> {
        vec![EventFeedMetadata { id: "sample".to_owned(), supported_event_types: Vec::new() }]
    }

    fn events<'a>(&'a self, request: &'a EventRequest) -> BoxFuture<'a, Result<EventPage, SourceError>> {
        let page = if request.cursor.is_empty() { Some(0) } else { request.cursor.parse::<u64>().ok() };
        ready(match page {
            Some(page) => Ok(self.page(page, request)),
            None => {
                let message = format!("the cursor {} is too old", request.cursor);
                Err(SourceError { message, kind: SourceErrorKind::StaleCursor })
            }
        })
        .boxed()
    }
}

impl Feed {
    fn page(self, page: u64, request: &EventRequest) -> EventPage {
        let occurred_at = request.start_at;
        let usage = event::Event::UsageEvent(UsageEvent::default());
        let event = Event { id: format!("e{page}"), occurred_at, event: Some(usage), annotations: Vec::new() };
        EventPage {
            events: if page < self.pages { vec![event] } else { Vec::new() },
            cursor: (page + 1).min(self.pages).to_string(),
            has_more: page + 1 < self.pages,
            skipped: if page == 0 { vec!["event e-odd cannot be told".to_owned()] } else { Vec::new() },
        }
    }
}
