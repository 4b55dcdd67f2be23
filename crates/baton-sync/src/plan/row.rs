//! Work and changes as rows.

use std::borrow::Cow;

use baton_connector::{Changed, Reuse, Source, Which, Work};
use rusqlite::{Connection, Row};

/// The columns that [`work_of`] reads, by name.
pub(crate) const WORK_COLUMNS: &str = "kind, subject, detail, pages_hint, held_by, reuse, version, settled";

const NEVER: u8 = 0;
const UNLESS_CHANGED: u8 = 1;
const SAME_VERSION: u8 = 2;
const BOTH: u8 = 3;

/// The columns `reuse`, `version` and `settled`. What depends on changes alone is settled until a change says otherwise.
pub(super) fn reuse(reuse: &Reuse) -> (u8, &str, bool) {
    match reuse {
        Reuse::Never => (NEVER, "", true),
        Reuse::UnlessChanged => (UNLESS_CHANGED, "", true),
        Reuse::SameVersion { version, settled, unless_changed } => {
            (if *unless_changed { BOTH } else { SAME_VERSION }, version, *settled)
        }
    }
}

/// The work in a row; the inner error is the name of a kind that the source does not know.
pub(crate) fn work_of(row: &Row<'_>, source: &dyn Source) -> rusqlite::Result<Result<Work, String>> {
    let kind: String = row.get("kind")?;
    let Some(kind) = source.kinds().iter().map(|(known, _)| *known).find(|known| *known == kind) else {
        return Ok(Err(kind));
    };
    let held_by: Option<String> = row.get("held_by")?;
    let reuse: u8 = row.get("reuse")?;
    Ok(Ok(Work {
        kind,
        subject: row.get("subject")?,
        detail: row.get("detail")?,
        pages_hint: row.get("pages_hint")?,
        held_by: held_by.and_then(|name| source.gates().iter().map(|gate| gate.name).find(|gate| *gate == name)),
        reuse: match reuse {
            UNLESS_CHANGED => Reuse::UnlessChanged,
            SAME_VERSION | BOTH => Reuse::SameVersion {
                version: row.get("version")?,
                settled: row.get("settled")?,
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
pub(super) fn which(which: &Which) -> (u8, Cow<'_, str>, &str) {
    match which {
        Which::All => (ALL, Cow::Borrowed(""), ""),
        Which::Subject(subject) => (SUBJECT, subject.into(), ""),
        Which::Part { subject, principal } => (PART, subject.into(), principal),
        Which::Detail(detail) => (DETAIL, detail.into(), ""),
        Which::Holder(id) => (HOLDER, id.into(), ""),
        Which::GrantedTo { by, principal, part } => {
            (GRANTED_TO, format!("{by} {principal}").into(), part.as_deref().unwrap_or_default())
        }
    }
}

/// All changes, without those about kinds that the source does not know.
pub(crate) fn changed(connection: &Connection, source: &dyn Source) -> rusqlite::Result<Vec<Changed>> {
    let mut statement = connection.prepare("SELECT kind, which, name, part, settled FROM changed")?;
    let rows = statement.query_map([], |row| changed_of(row, source))?;
    rows.filter_map(Result::transpose).collect()
}

fn changed_of(row: &Row<'_>, source: &dyn Source) -> rusqlite::Result<Option<Changed>> {
    let (kind, which, name, part): (String, u8, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
    let known = |kind: &str| source.kinds().iter().map(|(known, _)| *known).find(|known| *known == kind);
    let Some(kind) = known(&kind) else { return Ok(None) };
    let grantee = || {
        let (by, principal) = name.split_once(' ')?;
        let part = Some(part.clone()).filter(|part| !part.is_empty());
        Some(Which::GrantedTo { by: known(by)?, principal: principal.to_owned(), part })
    };
    let which = match which {
        GRANTED_TO => grantee().unwrap_or(Which::All),
        SUBJECT => Which::Subject(name),
        PART => Which::Part { subject: name, principal: part },
        DETAIL => Which::Detail(name),
        HOLDER => Which::Holder(name),
        _ => Which::All,
    };
    Ok(Some(Changed { kind, which, settled: row.get(4)? }))
}
