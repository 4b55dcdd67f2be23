//! What is written into the plan while a sync runs, each in the transaction that the writer has open.

use baton_connector::{Gap, Invalidation, Work, WorkKind};
use rusqlite::{Transaction, params};

use super::{FetchedPage, NO_WORK, State, put, row};

/// Writes a page, moves its work on, and opens the work that it made known.
pub(crate) fn page(transaction: &Transaction<'_>, page: &FetchedPage) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("INSERT INTO page (work, seq, objects, grants) VALUES (?, ?, ?, ?)")?
        .execute(params![page.work, page.seq, page.objects, page.grants])?;
    let state = if page.next.is_some() { State::Ready } else { State::Done };
    transaction
        .prepare_cached("UPDATE work SET cursor = ?, state = ?, pages = pages + 1, objects = objects + ? WHERE id = ?")?
        .execute(params![page.next, state as u8, page.count, page.work])?;
    open(transaction, &page.opens)?;
    opened(transaction, page.work, &page.opened)?;
    changed(transaction, &page.invalidations)?;
    for note in &page.notes {
        transaction.prepare_cached("INSERT INTO note (text) VALUES (?)")?.execute([note])?;
    }
    if let Some(mark) = &page.change_token {
        put(transaction, "mark", mark)?;
    }
    let work = i64::try_from(page.work).unwrap_or(NO_WORK);
    gaps(transaction, work, &page.gaps)
}

/// A piece of work whose pages are copied from the attached snapshot of the last sync.
#[derive(Debug)]
pub(crate) struct ReusedWork {
    pub work: u64,
    /// Its id there.
    pub kept: u64,
    /// Work that its pages made known, as far as it is new.
    pub opens: Vec<(u64, Work)>,
    /// All work that its pages made known.
    pub opened: Vec<u64>,
}

/// Copies the pages of a reused piece of work.
pub(crate) fn reuse(transaction: &Transaction<'_>, reused: &ReusedWork) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO page (work, seq, objects, grants) SELECT ?, seq, objects, grants FROM last.page WHERE work = ?",
        )?
        .execute([reused.work, reused.kept])?;
    transaction
        .prepare_cached(
            "UPDATE work SET state = ?1, (pages, objects) = (SELECT pages, objects FROM last.work WHERE id = ?2) WHERE id = ?3",
        )?
        .execute(params![State::Reused as u8, reused.kept, reused.work])?;
    transaction
        .prepare_cached(
            "INSERT INTO gap (work, kind, resource_type, id, message)
             SELECT ?, kind, resource_type, id, message FROM last.gap WHERE work = ?",
        )?
        .execute([reused.work, reused.kept])?;
    open(transaction, &reused.opens)?;
    opened(transaction, reused.work, &reused.opened)
}

/// A piece of work that is reused except for a part of its grants.
#[derive(Debug)]
pub(crate) struct PatchedWork {
    pub reused: ReusedWork,
    /// The pages that are not as they were there.
    pub trimmed: Vec<Trimmed>,
    /// What was read of that part, as grants of a page.
    pub fresh: Option<Vec<u8>>,
    /// Resources and grants of the whole work.
    pub objects: u64,
}

/// A page without the grants of some principals.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Trimmed {
    pub seq: u64,
    /// The grants that are left, encoded by [`crate::codec`].
    pub grants: Vec<u8>,
    /// How many these are.
    pub left: u64,
    /// How many were deleted.
    pub deleted: u64,
}

/// Copies the pages of a reused piece of work and patches them. What was fetched becomes a page behind the others. The page
/// count of the work stays the number of pages that it takes to read it.
pub(crate) fn patch(transaction: &Transaction<'_>, patch: &PatchedWork) -> rusqlite::Result<()> {
    let work = patch.reused.work;
    reuse(transaction, &patch.reused)?;
    for Trimmed { seq, grants, left, .. } in &patch.trimmed {
        transaction
            .prepare_cached("UPDATE page SET grants = ? WHERE work = ? AND seq = ?")?
            .execute(params![grants, work, seq])?;
        if *left == 0 {
            transaction
                .prepare_cached("DELETE FROM page WHERE work = ? AND seq = ? AND length(objects) = 0")?
                .execute([work, *seq])?;
        }
    }
    if let Some(fresh) = &patch.fresh {
        transaction
            .prepare_cached(
                "INSERT INTO page (work, seq, objects, grants)
                 SELECT ?1, coalesce(max(seq) + 1, 0), x'', ?2 FROM page WHERE work = ?1",
            )?
            .execute(params![work, fresh])?;
    }
    transaction.prepare_cached("UPDATE work SET state = ?, objects = ? WHERE id = ?")?.execute(params![
        State::Patched as u8,
        patch.objects,
        work
    ])?;
    Ok(())
}

/// Stores what has changed.
fn changed(transaction: &Transaction<'_>, changes: &[Invalidation]) -> rusqlite::Result<()> {
    let mut insert =
        transaction.prepare_cached("INSERT INTO changed (kind, which, name, part, settled) VALUES (?, ?, ?, ?, ?)")?;
    for changed in changes {
        let (which, name, part) = row::selector(&changed.selector);
        insert.execute(params![changed.kind, which, name, part, changed.past_consistency_lag])?;
    }
    Ok(())
}

/// Stores what is missing.
pub(super) fn gaps(transaction: &Transaction<'_>, work: i64, gaps: &[Gap]) -> rusqlite::Result<()> {
    let mut insert = transaction
        .prepare_cached("INSERT INTO gap (work, kind, resource_type, id, message) VALUES (?, ?, ?, ?, ?)")?;
    for gap in gaps {
        insert.execute(params![work, gap.kind.as_str(), gap.resource_type, gap.id, gap.message])?;
    }
    Ok(())
}

/// Begins a piece of work again: its pages are forgotten, the work that they opened stays.
pub(crate) fn restart(transaction: &Transaction<'_>, work: u64) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM page WHERE work = ?", [work])?;
    transaction.execute("DELETE FROM gap WHERE work = ?", [work])?;
    let sql = "UPDATE work SET cursor = NULL, pages = 0, objects = 0 WHERE id = ?";
    transaction.execute(sql, [work]).map(|_| ())
}

/// Opens a barrier: blocked work of `release` becomes ready, other work that it blocked is dropped.
pub(crate) fn open_barrier(transaction: &Transaction<'_>, barrier: &str, release: &[WorkKind]) -> rusqlite::Result<()> {
    for kind in release {
        transaction.execute(
            "UPDATE work SET state = ? WHERE blocked_on = ? AND kind = ? AND state = ?",
            params![State::Ready as u8, barrier, kind, State::Blocked as u8],
        )?;
    }
    transaction.execute(
        "UPDATE work SET state = ? WHERE blocked_on = ? AND state = ?",
        params![State::Dropped as u8, barrier, State::Blocked as u8],
    )?;
    Ok(())
}

/// Puts new work into the plan.
pub(super) fn open(transaction: &Transaction<'_>, works: &[(u64, Work)]) -> rusqlite::Result<()> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO work (id, kind, subject, detail, pages_hint, blocked_on, reuse, version, settled, state)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    for (id, work) in works {
        let state = if work.blocked_on.is_some() { State::Blocked } else { State::Ready };
        let (reuse, version, settled) = row::reuse(&work.reuse);
        insert.execute(params![
            id,
            work.kind,
            work.subject,
            work.detail.as_str(),
            work.pages_hint,
            work.blocked_on,
            reuse,
            version,
            settled,
            state as u8
        ])?;
    }
    Ok(())
}

fn opened(transaction: &Transaction<'_>, opener: u64, works: &[u64]) -> rusqlite::Result<()> {
    let mut insert = transaction.prepare_cached("INSERT OR IGNORE INTO opened (opener, work) VALUES (?, ?)")?;
    for work in works {
        insert.execute([opener, *work])?;
    }
    Ok(())
}
