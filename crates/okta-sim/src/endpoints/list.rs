//! Cutting lists into pages.

use serde_json::Value;

use super::{Answer, Call};
use crate::org::document::Document;
use crate::org::table::Table;
use crate::paging::{self, Cursor};
use crate::refusal::Refusal;

/// One page of a list of `len` entries.
pub(super) struct Page<'a> {
    /// The entry to start with.
    pub(super) start: usize,
    pub(super) len: usize,
    pub(super) limit: usize,
    /// About how long an entry is as text.
    pub(super) bytes: usize,
    /// The text that an entry's cursor names it by.
    pub(super) id: &'a dyn Fn(usize) -> String,
}

/// The entries of a page as a JSON array, and the id of the last one when more follow.
pub(super) fn cut(
    page: &Page<'_>,
    keep: impl Fn(usize) -> bool,
    mut render: impl FnMut(usize, &mut String),
) -> (String, Option<String>) {
    let mut body = String::with_capacity(page.limit.min(page.len.saturating_sub(page.start)) * page.bytes + 2);
    body.push('[');
    let mut last = None;
    for (taken, at) in (page.start..page.len).filter(|&at| keep(at)).enumerate() {
        if taken == page.limit {
            body.push(']');
            return (body, last.map(page.id));
        }
        if taken > 0 {
            body.push(',');
        }
        render(at, &mut body);
        last = Some(at);
    }
    body.push(']');
    (body, None)
}

/// A page with its links in the `Link` headers.
pub(super) fn with_headers(
    call: &Call<'_>,
    page: &Page<'_>,
    keep: impl Fn(usize) -> bool,
    render: impl FnMut(usize, &mut String),
) -> Answer {
    let (body, last) = cut(page, keep, render);
    let links = paging::links(call.path, &call.query, Some(page.limit), last.as_deref(), call.links);
    Answer { body, links: Some(links), admin_links: false }
}

/// The row after which a page starts; `None` for a first page.
pub(super) fn after(call: &Call<'_>, table: &Table, bad: fn() -> Refusal) -> Result<Option<u32>, Refusal> {
    let Some(text) = call.query.get("after") else { return Ok(None) };
    let row = Cursor::parse(text).and_then(|cursor| table.place(&cursor.id));
    row.map(Some).ok_or_else(bad)
}

/// The place of the first entry after `row` in a list of rows in ascending order.
pub(super) fn start<T>(entries: &[T], row: Option<u32>, key: impl Fn(&T) -> u32) -> usize {
    row.map_or(0, |row| entries.partition_point(|entry| key(entry) <= row))
}

/// The place of the first entry after the cursor in a list of documents.
pub(super) fn document_start(call: &Call<'_>, documents: &[Document], bad: fn() -> Refusal) -> Result<usize, Refusal> {
    let Some(text) = call.query.get("after") else { return Ok(0) };
    let place = Cursor::parse(text).and_then(|cursor| documents.iter().position(|known| *known.id == *cursor.id));
    place.map(|at| at + 1).ok_or_else(bad)
}

/// What a list shows of a row: nothing, or its document, which is `None` when the seed describes it. Searches look into
/// an index, which may lag behind.
pub(super) fn shown<'a>(call: &Call<'_>, table: &'a Table, n: u32) -> Option<Option<&'a Document>> {
    match call.query.get("search") {
        Some(_) => table.indexed(n),
        None => table.holds(n).then(|| table.document(n)),
    }
}

/// The attribute of an object that a dotted path names; null when there is none.
pub(super) fn attribute(mut value: Value, path: &str) -> Value {
    for name in path.split('.') {
        value = value.get_mut(name).map(Value::take).unwrap_or_default();
    }
    value
}

/// Whether a text starts with what is looked for, without regard to case.
pub(super) fn starts_with(value: &Value, folded: &str) -> bool {
    value.as_str().is_some_and(|text| text.to_lowercase().starts_with(folded))
}
