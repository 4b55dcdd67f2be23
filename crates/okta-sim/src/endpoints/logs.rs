//! The System Log.
//!
//! Without `until`, ascending, a query polls: events come in the order of storage, and there always is a next link,
//! which leads to what is stored later. Every other query is bounded: events come in the order of publication, and the
//! links end. Only the newest 90 days are kept.

use serde_json::Value;

use super::{Answer, Call};
use crate::filter::{self, Condition};
use crate::org::log::Entry;
use crate::paging::{self, Cursor, Links};
use crate::query::Query;
use crate::refusal::Refusal;

const DAY: u64 = 24 * 60 * 60 * 1_000;
/// How long events are kept.
const KEPT: u64 = 90 * DAY;
/// Farther back nobody may ask.
const FARTHEST: u64 = 180 * DAY;
/// How far back a query goes that does not say.
const USUAL: u64 = 7 * DAY;
const LARGEST: usize = 1_000;
const USUAL_LIMIT: usize = 100;

/// What a query asks for. Instants are milliseconds since 1970.
struct Wanted {
    since: u64,
    until: u64,
    order: Order,
    limit: usize,
    condition: Option<Condition>,
    /// Keywords in lower case, all of which an event has to hold.
    words: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Polling,
    Ascending,
    Descending,
}

/// A page: the events, and the cursor of the next page, if there is one.
struct Page<'a> {
    events: Vec<&'a Value>,
    next: Option<String>,
}

pub(super) fn events(call: &Call<'_>) -> Result<Answer, Refusal> {
    call.org.system_log.read(|entries, now| {
        let wanted = Wanted::read(call, now)?;
        let cursor = match call.query.get("after") {
            Some(text) => Some(Cursor::parse(text).ok_or_else(Refusal::invalid_cursor)?.id),
            None => None,
        };
        let page = match wanted.order {
            Order::Polling => poll(entries, &wanted, cursor.as_deref(), now)?,
            Order::Ascending | Order::Descending => bounded(entries, &wanted, cursor.as_deref(), now)?,
        };
        let links = paging::links(call.path, &call.query, Some(wanted.limit), page.next.as_deref(), call.links);
        // Nothing new: the cursor stays as it is.
        let links = match (wanted.order, &page.next) {
            (Order::Polling, None) => Links { next: Some(links.own.clone()), ..links },
            _ => links,
        };
        Ok(Answer { links: Some(links), ..Answer::plain(text(&page.events)) })
    })
}

impl Wanted {
    fn read(call: &Call<'_>, now: u64) -> Result<Self, Refusal> {
        let query = &call.query;
        let until = instant(query, "until")?;
        // Also what happened this very millisecond.
        let upper = until.unwrap_or(now + 1);
        let since = instant(query, "since")?.unwrap_or_else(|| upper.saturating_sub(USUAL));
        if since > upper {
            return Err(Refusal::invalid_parameter("since", "must not be later than until"));
        }
        if since < now.saturating_sub(FARTHEST) {
            return Err(Refusal::invalid_filter("since", "events cannot be looked for that far back"));
        }
        let order = match (query.get("sortOrder"), until) {
            (None | Some("ASCENDING"), None) => Order::Polling,
            (None | Some("ASCENDING"), Some(_)) => Order::Ascending,
            (Some("DESCENDING"), _) => Order::Descending,
            (Some(_), _) => {
                return Err(Refusal::invalid_parameter("sortOrder", "must be ASCENDING or DESCENDING"));
            }
        };
        let limit = limit(query)?.min(call.sizes.cap.unwrap_or(LARGEST));
        Ok(Self { since, until: upper, order, limit, condition: filter::compile_log(query)?, words: words(query)? })
    }

    /// Whether an event that is in time is one of those asked for.
    fn takes(&self, entry: &Entry, now: u64) -> bool {
        entry.published >= now.saturating_sub(KEPT)
            && self.condition.as_ref().is_none_or(|it| filter::matches(it, &|path| attribute(&entry.value, path)))
            && self.words.iter().all(|word| holds(&entry.value, word))
    }
}

/// The events stored since, or after the cursor, which names how many events lie before it.
fn poll<'a>(entries: &'a [Entry], wanted: &Wanted, cursor: Option<&str>, now: u64) -> Result<Page<'a>, Refusal> {
    let from = match cursor {
        Some(text) => place(entries, text, 'p', |entry| entry.stored)?,
        None => entries.partition_point(|entry| entry.stored < wanted.since),
    };
    let mut events = Vec::new();
    let mut next = from;
    for (at, entry) in entries.iter().enumerate().skip(from) {
        if events.len() == wanted.limit {
            break;
        }
        if entry.stored >= wanted.since && wanted.takes(entry, now) {
            events.push(&entry.value);
            next = at + 1;
        }
    }
    if events.is_empty() && cursor.is_some() {
        return Ok(Page { events, next: None });
    }
    let stored = next.checked_sub(1).map_or(0, |before| entries[before].stored);
    Ok(Page { events, next: Some(format!("{stored}_{next}p")) })
}

/// The events published between two instants, after the one that the cursor names.
fn bounded<'a>(entries: &'a [Entry], wanted: &Wanted, cursor: Option<&str>, now: u64) -> Result<Page<'a>, Refusal> {
    let letter = if wanted.order == Order::Descending { 'd' } else { 'a' };
    let passed = match cursor {
        Some(text) => {
            let at = place(entries, text, letter, |entry| entry.published)?.checked_sub(1);
            at.map(|at| (entries[at].published, at))
        }
        None => None,
    };
    let in_time = |entry: &Entry| entry.published >= wanted.since && entry.published < wanted.until;
    let mut places: Vec<(u64, usize)> = (entries.iter().enumerate())
        .filter(|(_, entry)| in_time(entry) && wanted.takes(entry, now))
        .map(|(at, entry)| (entry.published, at))
        .collect();
    places.sort_unstable();
    if letter == 'd' {
        places.reverse();
    }
    let after = |place: &(u64, usize)| passed.is_none_or(|it| if letter == 'd' { *place < it } else { *place > it });
    let mut rest = places.into_iter().filter(after).peekable();
    let taken: Vec<(u64, usize)> = rest.by_ref().take(wanted.limit).collect();
    let more = rest.peek().is_some();
    let next = taken.last().filter(|_| more).map(|(published, at)| format!("{published}_{}{letter}", at + 1));
    Ok(Page { events: taken.into_iter().map(|(_, at)| &entries[at].value).collect(), next })
}

/// How many events lie before a cursor, of the form `INSTANT_COUNT` and the letter of its order; refused unless a page
/// of this log and order gave it out.
fn place(entries: &[Entry], cursor: &str, letter: char, instant: fn(&Entry) -> u64) -> Result<usize, Refusal> {
    let parts = cursor.strip_suffix(letter).and_then(|rest| rest.split_once('_'));
    let numbers = parts.and_then(|(at, count)| at.parse::<u64>().ok().zip(count.parse::<usize>().ok()));
    let known = numbers.filter(|&(at, count)| match count.checked_sub(1) {
        Some(before) => entries.get(before).is_some_and(|entry| instant(entry) == at),
        None => at == 0,
    });
    known.map(|(_, count)| count).ok_or_else(Refusal::invalid_cursor)
}

fn instant(query: &Query, name: &str) -> Result<Option<u64>, Refusal> {
    let Some(text) = query.get(name) else { return Ok(None) };
    let at = text.parse::<jiff::Timestamp>().map_err(|_| Refusal::invalid_date(text))?;
    Ok(Some(u64::try_from(at.as_millisecond()).unwrap_or_default()))
}

/// 0 is allowed here, and more than the most is refused instead of cut.
fn limit(query: &Query) -> Result<usize, Refusal> {
    let Some(text) = query.get("limit") else { return Ok(USUAL_LIMIT) };
    match text.parse::<usize>() {
        Ok(limit) if limit <= LARGEST => Ok(limit),
        _ => Err(Refusal::invalid_parameter("limit", "must be a number between 0 and 1000")),
    }
}

fn words(query: &Query) -> Result<Vec<String>, Refusal> {
    let words: Vec<&str> = query.get("q").unwrap_or_default().split_whitespace().collect();
    if words.len() > 10 {
        return Err(Refusal::invalid_parameter("q", "must hold at most 10 keywords"));
    }
    if words.iter().any(|word| word.chars().count() > 40) {
        return Err(Refusal::invalid_parameter("q", "a keyword must have at most 40 characters"));
    }
    Ok(words.into_iter().map(str::to_lowercase).collect())
}

/// Whether a text anywhere in a value holds a word.
fn holds(value: &Value, word: &str) -> bool {
    match value {
        Value::String(text) => text.to_lowercase().contains(word),
        Value::Array(items) => items.iter().any(|item| holds(item, word)),
        Value::Object(members) => members.values().any(|member| holds(member, word)),
        _ => false,
    }
}

/// The value at a dotted path; the values of all elements where the path crosses an array, as in `target.id`.
fn attribute(value: &Value, path: &str) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| attribute(item, path)).collect(),
        value => match path.split_once('.') {
            Some((first, rest)) => value.get(first).map(|value| attribute(value, rest)).unwrap_or_default(),
            None => value.get(path).cloned().unwrap_or_default(),
        },
    }
}

fn text(events: &[&Value]) -> String {
    serde_json::to_string(events).unwrap_or_default()
}
