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

/// A piece of work whose pages are taken over from the attached database of the last sync.
#[derive(Debug)]
pub(crate) struct Take {
    pub work: u64,
    /// Its id there.
    pub kept: u64,
    /// Work that its pages made known, as far as it is new.
    pub opens: Vec<(u64, Work)>,
    /// All work that its pages made known.
    pub opened: Vec<u64>,
}

/// Takes a piece of work over.
pub(crate) fn take(transaction: &Transaction<'_>, take: &Take) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO page (work, seq, objects, grants) SELECT ?, seq, objects, grants FROM last.page WHERE work = ?",
        )?
        .execute([take.work, take.kept])?;
    transaction
        .prepare_cached(
            "UPDATE work SET state = ?1, (pages, objects) = (SELECT pages, objects FROM last.work WHERE id = ?2) WHERE id = ?3",
        )?
        .execute(params![State::Taken as u8, take.kept, take.work])?;
    transaction
        .prepare_cached(
            "INSERT INTO gap (work, kind, resource_type, id, message)
             SELECT ?, kind, resource_type, id, message FROM last.gap WHERE work = ?",
        )?
        .execute([take.work, take.kept])?;
    open(transaction, &take.opens)?;
    opened(transaction, take.work, &take.opened)
}

/// A piece of work that is taken over but for a part of its grants.
#[derive(Debug)]
pub(crate) struct Mend {
    pub take: Take,
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
    /// How many have gone.
    pub gone: u64,
}

/// Takes a piece of work over and mends it. What was read becomes a page behind the others. The work is still told to have as
/// many pages as it takes to read it.
pub(crate) fn mend(transaction: &Transaction<'_>, mend: &Mend) -> rusqlite::Result<()> {
    let work = mend.take.work;
    take(transaction, &mend.take)?;
    for Trimmed { seq, grants, left, .. } in &mend.trimmed {
        transaction
            .prepare_cached("UPDATE page SET grants = ? WHERE work = ? AND seq = ?")?
            .execute(params![grants, work, seq])?;
        if *left == 0 {
            transaction
                .prepare_cached("DELETE FROM page WHERE work = ? AND seq = ? AND length(objects) = 0")?
                .execute([work, *seq])?;
        }
    }
    if let Some(fresh) = &mend.fresh {
        transaction
            .prepare_cached(
                "INSERT INTO page (work, seq, objects, grants)
                 SELECT ?1, coalesce(max(seq) + 1, 0), x'', ?2 FROM page WHERE work = ?1",
            )?
            .execute(params![work, fresh])?;
    }
    transaction.prepare_cached("UPDATE work SET state = ?, objects = ? WHERE id = ?")?.execute(params![
        State::Mended as u8,
        mend.objects,
        work
    ])?;
    Ok(())
}

/// Notes what has changed.
fn changed(transaction: &Transaction<'_>, changes: &[Invalidation]) -> rusqlite::Result<()> {
    let mut insert =
        transaction.prepare_cached("INSERT INTO changed (kind, which, name, part, settled) VALUES (?, ?, ?, ?, ?)")?;
    for changed in changes {
        let (which, name, part) = row::selector(&changed.selector);
        insert.execute(params![changed.kind, which, name, part, changed.past_consistency_lag])?;
    }
    Ok(())
}

/// Notes what is missing.
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

/// Opens a gate: held work of `release` becomes ready, other work that it held is dropped.
pub(crate) fn open_gate(transaction: &Transaction<'_>, gate: &str, release: &[WorkKind]) -> rusqlite::Result<()> {
    for kind in release {
        transaction.execute(
            "UPDATE work SET state = ? WHERE blocked_on = ? AND kind = ? AND state = ?",
            params![State::Ready as u8, gate, kind, State::Held as u8],
        )?;
    }
    transaction.execute(
        "UPDATE work SET state = ? WHERE blocked_on = ? AND state = ?",
        params![State::Dropped as u8, gate, State::Held as u8],
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
        let state = if work.blocked_on.is_some() { State::Held } else { State::Ready };
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
