//! Work and changes as rows.

use std::borrow::Cow;

use baton_connector::{Detail, Invalidation, Reuse, Schema, Selector, Work};
use rusqlite::{Connection, Row};

/// The columns that [`parse_work`] reads, by name.
pub(crate) const WORK_COLUMNS: &str = "kind, subject, detail, pages_hint, blocked_on, reuse, version, settled";

const NEVER: u8 = 0;
const UNLESS_CHANGED: u8 = 1;
const SAME_VERSION: u8 = 2;
const BOTH: u8 = 3;

/// The columns `reuse`, `version` and `settled`. What depends on changes alone is settled until a change says otherwise.
pub(super) fn reuse(reuse: &Reuse) -> (u8, &str, bool) {
    match reuse {
        Reuse::Never => (NEVER, "", true),
        Reuse::UnlessChanged => (UNLESS_CHANGED, "", true),
        Reuse::SameVersion { version, past_consistency_lag, unless_changed } => {
            (if *unless_changed { BOTH } else { SAME_VERSION }, version, *past_consistency_lag)
        }
    }
}

/// The work in a row; the inner error is the name of a kind that the source does not know.
pub(crate) fn parse_work(row: &Row<'_>, schema: &Schema) -> rusqlite::Result<Result<Work, String>> {
    let kind: String = row.get("kind")?;
    let Some(kind) = schema.kind(&kind).map(|spec| spec.kind) else {
        return Ok(Err(kind));
    };
    let blocked_on: Option<String> = row.get("blocked_on")?;
    let reuse: u8 = row.get("reuse")?;
    Ok(Ok(Work {
        kind,
        subject: row.get("subject")?,
        detail: Detail::from_stored(row.get::<_, String>("detail")?),
        pages_hint: row.get("pages_hint")?,
        blocked_on: blocked_on
            .and_then(|name| schema.barriers.iter().map(|barrier| barrier.name).find(|known| *known == name)),
        reuse: match reuse {
            UNLESS_CHANGED => Reuse::UnlessChanged,
            SAME_VERSION | BOTH => Reuse::SameVersion {
                version: row.get("version")?,
                past_consistency_lag: row.get("settled")?,
                unless_changed: reuse == BOTH,
            },
            _ => Reuse::Never,
        },
    }))
}

pub(super) const ALL: u8 = 0;
pub(super) const SUBJECT: u8 = 1;
pub(super) const DETAIL: u8 = 2;
const HOLDER: u8 = 3;
const GRANTED_TO: u8 = 4;
pub(super) const PART: u8 = 5;

/// The columns `which`, `name` and `part` of a change.
pub(super) fn selector(selector: &Selector) -> (u8, Cow<'_, str>, &str) {
    match selector {
        Selector::All => (ALL, Cow::Borrowed(""), ""),
        Selector::Subject(subject) => (SUBJECT, subject.into(), ""),
        Selector::Part { subject, principal } => (PART, subject.into(), principal),
        Selector::Detail(detail) => (DETAIL, detail.as_str().into(), ""),
        Selector::Holder(id) => (HOLDER, id.into(), ""),
        Selector::GrantedTo { by, principal, part } => {
            (GRANTED_TO, format!("{by} {principal}").into(), part.as_deref().unwrap_or_default())
        }
    }
}

/// All changes, without those about kinds that the source does not know.
pub(crate) fn changed(connection: &Connection, schema: &Schema) -> rusqlite::Result<Vec<Invalidation>> {
    let mut statement = connection.prepare("SELECT kind, which, name, part, settled FROM changed")?;
    let rows = statement.query_map([], |row| changed_of(row, schema))?;
    rows.filter_map(Result::transpose).collect()
}

fn changed_of(row: &Row<'_>, schema: &Schema) -> rusqlite::Result<Option<Invalidation>> {
    let (kind, which, name, part): (String, u8, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
    let known = |kind: &str| schema.kind(kind).map(|spec| spec.kind);
    let Some(kind) = known(&kind) else { return Ok(None) };
    let grantee = || {
        let (by, principal) = name.split_once(' ')?;
        let part = Some(part.clone()).filter(|part| !part.is_empty());
        Some(Selector::GrantedTo { by: known(by)?, principal: principal.to_owned(), part })
    };
    let selector = match which {
        GRANTED_TO => grantee().unwrap_or(Selector::All),
        SUBJECT => Selector::Subject(name),
        PART => Selector::Part { subject: name, principal: part },
        DETAIL => Selector::Detail(Detail::from_stored(name)),
        HOLDER => Selector::Holder(name),
        _ => Selector::All,
    };
    Ok(Some(Invalidation { kind, selector, past_consistency_lag: row.get(4)? }))
}
