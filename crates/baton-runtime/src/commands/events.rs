//! The event feed: what happened in the system, one JSON object a line on stdout, page by page.

use std::io::{self, Write};
use std::sync::Arc;

use baton_connector::{Code, EventPage, EventRequest, EventSource, Purpose};
use baton_proto::json as protobuf;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::logs::Level;
use crate::session::Session;
use crate::settings::Settings;

/// How many events are asked for at once (`docs/spec/connector-runtime.md` 1.7).
const PAGE_SIZE: u32 = 100;

/// How far back the feed begins if nobody says.
const USUAL_SPAN: SignedDuration = SignedDuration::from_hours(24);

/// The name of the only feed of connectors that have one.
const OLD_NAME: &str = "baton_feed_event";

/// Prints the feed up to its present end, and tells the cursor behind the last event that was printed.
pub(crate) async fn run(session: &Session) -> Result<(), Failure> {
    let mut request = request(&session.settings)?;
    let source = source(session, &mut request)?;
    let result = print(session, source.as_ref(), &mut request).await;
    tell(session, &request.cursor);
    result
}

/// Prints pages until there are no more; `request` then says where to read on.
async fn print(session: &Session, source: &dyn EventSource, request: &mut EventRequest) -> Result<(), Failure> {
    loop {
        let page = tokio::select! {
            page = source.events(request) => page,
            () = session.cancel.cancelled() => return Err(Failure::with_code(Code::Cancelled.number(), "interrupted")),
        };
        let page = page.map_err(|error| Failure::with_code(error.kind.grpc_code(), error.message))?;
        for skipped in &page.skipped {
            session.logger.record(Level::Warn, skipped, Map::new());
        }
        if !write(session, &page)? {
            return Ok(());
        }
        let stuck = page.has_more && page.cursor == request.cursor;
        request.cursor = page.cursor;
        if stuck {
            return Err(Failure::with_code(
                Code::Internal.number(),
                "the event feed says that there is more but leads to the same place",
            ));
        }
        if !page.has_more {
            return Ok(());
        }
    }
}

/// Writes a page. `false`: the reader has gone away, as `head` does, and need not have seen it.
fn write(session: &Session, page: &EventPage) -> Result<bool, Failure> {
    let mut text = String::new();
    for event in &page.events {
        protobuf::append(&mut text, event, protobuf::UnknownAny::Drop)
            .map_err(|error| Failure::with_code(Code::Internal.number(), format!("event {}: {error}", event.id)))?;
        text.push('\n');
    }
    let mut out = io::stdout().lock();
    let text = session.logger.clean_text(&text);
    match out.write_all(terminal_text::json(&text).as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::new(format!("cannot write to stdout: {error}"))),
    }
}

/// Tells where the next run can go on.
fn tell(session: &Session, cursor: &str) {
    if cursor.is_empty() {
        return;
    }
    let fields: Map<String, Value> = [("cursor".to_owned(), cursor.into())].into_iter().collect();
    session.logger.record(Level::Info, "event feed: the next run can go on behind this cursor", fields);
    if session.people {
        session.say(&format!("go on with --event-feed-cursor {cursor}"));
    }
}

fn request(settings: &Settings) -> Result<EventRequest, Failure> {
    let cursor = settings.text("event-feed-cursor").to_owned();
    let start = match settings.text("event-feed-start-at") {
        "" if !cursor.is_empty() => None,
        "" => Some(Timestamp::now().saturating_sub(USUAL_SPAN).unwrap_or(Timestamp::MIN)),
        text => Some(text.parse::<Timestamp>().map_err(|error| {
            Failure::new(format!("--event-feed-start-at {text:?} is no time such as 2026-11-23T10:00:00Z: {error}"))
        })?),
    };
    let start_at =
        start.map(|start| prost_types::Timestamp { seconds: start.as_second(), nanos: start.subsec_nanosecond() });
    Ok(EventRequest { feed: settings.text("event-feed-id").to_owned(), start_at, cursor, page_size: PAGE_SIZE })
}

/// The connector's feeds, with the one that is asked for in the request.
fn source(session: &Session, request: &mut EventRequest) -> Result<Arc<dyn EventSource>, Failure> {
    let connector = session.connector(Purpose::Events, session.cancel.clone())?;
    let events = connector.events.ok_or_else(|| {
        let message = format!("{} has no event feed", session.program.name());
        Failure::with_code(Code::Unimplemented.number(), message)
    })?;
    let feeds: Vec<String> = events.feeds().into_iter().map(|feed| feed.id).collect();
    match feeds.as_slice() {
        _ if feeds.contains(&request.feed) => {}
        [only] if request.feed.is_empty() => request.feed.clone_from(only),
        _ if request.feed.is_empty() && feeds.iter().any(|feed| feed == OLD_NAME) => {
            OLD_NAME.clone_into(&mut request.feed);
        }
        _ => {
            let message = match request.feed.as_str() {
                "" => "there are several event feeds".to_owned(),
                feed => format!("event feed {feed} not found"),
            };
            let text = format!("{message}\nhint: --event-feed-id takes {}", feeds.join(" or "));
            return Err(Failure::with_code(Code::NotFound.number(), text));
        }
    }
    Ok(events)
}
