//! The event feed: Okta's System Log as Baton's events (`docs/spec/okta-sync.md` 10, `docs/spec/decisions.md` 2.13).
//!
//! The log is polled, never searched between two times: that gives every event in the order in which it was stored, also
//! one that arrives late, and a place from which to read on. One call reads one page, and nothing else is kept.
//!
//! - `catalog.rs` says which of Okta's event types are told and what they mean,
//! - `map.rs` makes one event of Baton's out of one of Okta's,
//! - `roles.rs` finds the role that a label means,
//! - `cursor.rs` is where a reader stands.
//!
//! An event tells what happened, whoever it happened to: the e-mail domains, the option to skip groups of apps and that
//! about inactive apps do not matter here, because the log tells neither addresses nor types nor states. Custom roles,
//! resource sets, API tokens and devices are told of if they are synced.

mod catalog;
mod cursor;
mod map;
mod roles;

use baton_connector::{EventPage, EventRequest, EventSource, SourceError, SourceErrorKind};
use baton_proto::c1::connector::v2::{EventFeedMetadata, EventType};
use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use okta_client::endpoints::logs;
use okta_client::models::{LogEvent, Time};
use okta_client::{Client, ListPage};

use crate::access::Credential;
use crate::config::Rules;
use crate::errors;
use crate::required_permissions::{self, ADMINS_PAGE, ROLES_PAGE, RequiredPermission, SCOPES_PAGE};
use cursor::{Cursor, written};
use map::{Mapped, map};

/// The id of the only feed.
const FEED: &str = "baton_feed_event";

/// What the feed does, in error texts.
const DOING: &str = "reading the System Log";

/// What happened in an Okta org.
pub struct OktaEvents {
    client: Client,
    access: Credential,
    rules: Rules,
}

impl std::fmt::Debug for OktaEvents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OktaEvents").field("client", &self.client).finish_non_exhaustive()
    }
}

impl EventSource for OktaEvents {
    fn feeds(&self) -> Vec<EventFeedMetadata> {
        vec![EventFeedMetadata { id: FEED.to_owned(), supported_event_types: vec![EventType::Unspecified.into()] }]
    }

    fn events<'a>(&'a self, request: &'a EventRequest) -> BoxFuture<'a, Result<EventPage, SourceError>> {
        self.page(request).boxed()
    }
}

impl OktaEvents {
    /// Over a client that signs in by `access`. Nothing is asked yet.
    pub(crate) fn new(client: Client, access: Credential, rules: Rules) -> Self {
        Self { client, access, rules }
    }

    async fn page(&self, request: &EventRequest) -> Result<EventPage, SourceError> {
        let (mut cursor, lost) = self.position(request)?;
        if let Credential::ServiceApp(oauth) = &self.access {
            oauth.add_scopes(&[required_permissions::LOGS]);
        }
        let answer = self.read(&cursor, limit(request.page_size)).await?;
        let count = answer.items.len() + answer.unreadable.len();
        let place = answer.next.as_deref().and_then(logs::position);
        if count > 0 && (place.is_none() || place == cursor.place) {
            return Err(SourceError {
                message: format!("{DOING} failed: Okta gave events, but no link to those behind them"),
                kind: SourceErrorKind::Unreadable,
            });
        }
        cursor.place = place.or(cursor.place);
        if let Some(read) = self.read_up_to(&answer) {
            cursor.advance(read);
        }
        let mut page = self.told(&answer);
        page.skipped.splice(0..0, lost);
        page.cursor = cursor.text(self.client.org());
        // A page with events may be followed by others; the empty one is the end for now.
        page.has_more = count > 0;
        Ok(page)
    }

    /// Where to read on, and what is to be said about events that are gone.
    fn position(&self, request: &EventRequest) -> Result<(Cursor, Option<String>), SourceError> {
        if !matches!(request.feed.as_str(), "" | FEED) {
            let message = format!("event feed {} not found\nhint: this connector has one feed, {FEED}", request.feed);
            return Err(SourceError { message, kind: SourceErrorKind::NotFound });
        }
        let now = self.now();
        let mut cursor = if request.cursor.is_empty() {
            Cursor::begin(request.start_at.as_ref().map(|start| start.seconds), now)
        } else {
            Cursor::parse(&request.cursor, self.client.org(), now).map_err(|why| SourceError {
                message: format!(
                    "the event feed cannot be read on from the cursor {:?}: {why}\n\
                     hint: begin anew with --event-feed-start-at and without --event-feed-cursor",
                    request.cursor
                ),
                kind: SourceErrorKind::Invalid,
            })?
        };
        let lost = cursor.catch_up(now).map(|from| {
            format!(
                "Okta keeps events for 90 days: what happened between {} and {} and has not been read is lost",
                written(from),
                written(cursor.since)
            )
        });
        Ok((cursor, lost))
    }

    async fn read(&self, cursor: &Cursor, limit: u32) -> Result<ListPage<LogEvent>, SourceError> {
        let filter = catalog::filter(&self.rules);
        let since = written(cursor.since);
        let list = match &cursor.place {
            Some(place) => logs::after_position(place, &since, Some(&filter), limit),
            None => logs::since(&since, Some(&filter), limit),
        };
        self.client.poll(&list, None).await.map_err(|error| failed(&error, cursor))
    }

    /// The events of a page that are told, in their order, and why others are not.
    fn told(&self, answer: &ListPage<LogEvent>) -> EventPage {
        let mut page = EventPage::default();
        for event in &answer.items {
            match map(event, &self.rules) {
                Mapped::Told(event) => page.events.push(*event),
                Mapped::LeftOut => {}
                Mapped::Skipped(why) => page.skipped.push(why),
            }
        }
        page.skipped.extend(answer.unreadable.iter().map(|record| {
            format!("event {} cannot be read: {}", record.id.as_deref().unwrap_or("without an id"), record.reason)
        }));
        page
    }

    /// A time before which everything stored has been read, in seconds since 1970: an event is stored after it happened,
    /// and those behind it later still; and behind the last event there is nothing before now.
    fn read_up_to(&self, answer: &ListPage<LogEvent>) -> Option<i64> {
        if answer.items.is_empty() && answer.unreadable.is_empty() {
            return self.client.server_time().map(Timestamp::as_second);
        }
        let times = answer.items.iter().filter_map(|event| event.published.as_ref().and_then(Time::parse));
        times.map(Timestamp::as_second).min()
    }

    /// The time by Okta's clock, or by ours before the first answer, in seconds since 1970.
    fn now(&self) -> i64 {
        self.client.server_time().unwrap_or_else(Timestamp::now).as_second()
    }
}

/// The page size that Okta is asked for.
fn limit(wanted: u32) -> u32 {
    if (1..=logs::PAGE).contains(&wanted) { wanted } else { logs::PAGE }
}

/// The failure of a request, with what to do about it.
fn failed(error: &okta_client::Error, cursor: &Cursor) -> SourceError {
    let SourceError { message, kind } = errors::fatal(required_permissions::LOGS, DOING, error);
    let step = match kind {
        SourceErrorKind::StaleCursor => Some(format!(
            "Okta does not know this place in its log (any more). Begin anew with --event-feed-start-at {} and without \
             --event-feed-cursor: everything before has been read, and some of what comes then may have been, too",
            written(cursor.since)
        )),
        SourceErrorKind::Forbidden => Some(after_refusal()),
        _ => None,
    };
    SourceError { message: step.into_iter().fold(message, |message, step| format!("{message}. {step}")), kind }
}

/// What it takes to see the log; whether it is the scope or the role that is missing, Okta's own words say.
fn after_refusal() -> String {
    let RequiredPermission { scope, role, .. } = RequiredPermission::for_logs();
    format!(
        "Give {role} to the admin who made the API token ({ADMINS_PAGE}), or to the OAuth service app itself \
         ({ROLES_PAGE}), which also needs the OAuth scope {scope} ({SCOPES_PAGE})"
    )
}

#[cfg(test)]
mod tests;
