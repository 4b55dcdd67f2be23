//! The plan: what is to be fetched, how far each piece of work is, and the pages fetched so far.
//!
//! One SQLite file in WAL mode, written by one connection. Work and pages are in the same file because only then is a
//! transaction over both atomic: a page, the cursor behind it and the work that it made known become durable together
//! or not at all. WAL with `synchronous=NORMAL` survives a killed process at any point, and after a power cut at worst
//! the last transactions are missing, whole ones.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use baton_connector::{Gap, GapKind, Source, Work, WorkKind};
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::SyncError;
use crate::summary::GapCount;
use crate::workdir::remove_database;

/// Changes with every change of the tables below or of the pages' encoding: a plan of another version is not carried
/// on.
const VERSION: &str = "2";

/// An unfinished sync older than this is not carried on (`c1z-format.md` 4.6).
const MAX_AGE: Duration = Duration::from_hours(7 * 24);

const SCHEMA: &str = "
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE work (
        id INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        subject TEXT NOT NULL,
        detail TEXT NOT NULL,
        pages_hint INTEGER NOT NULL,
        held_by TEXT,
        state INTEGER NOT NULL,
        cursor TEXT,
        pages INTEGER NOT NULL DEFAULT 0,
        objects INTEGER NOT NULL DEFAULT 0
    );
    CREATE UNIQUE INDEX work_identity ON work (kind, subject);
    CREATE TABLE page (
        work INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        objects BLOB NOT NULL,
        grants BLOB NOT NULL,
        PRIMARY KEY (work, seq)
    );
    CREATE TABLE gap (work INTEGER NOT NULL, kind TEXT NOT NULL, resource_type TEXT NOT NULL, id TEXT NOT NULL, message TEXT NOT NULL);
";

/// The work of gaps that no work has found.
const NO_WORK: i64 = -1;

/// How far a piece of work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum State {
    /// Waits for a gate.
    Held = 0,
    /// To be fetched, from its cursor on.
    Ready = 1,
    /// All pages are here.
    Done = 2,
    /// A gate decided against it.
    Dropped = 3,
}

impl State {
    fn parse(number: u8) -> Result<Self, SyncError> {
        [Self::Held, Self::Ready, Self::Done, Self::Dropped]
            .into_iter()
            .find(|state| *state as u8 == number)
            .ok_or_else(|| SyncError::Damaged(format!("work in the unknown state {number}")))
    }
}

/// A piece of work with its place in the plan.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    pub id: u64,
    pub work: Work,
    pub state: State,
    pub cursor: Option<String>,
    pub pages: u64,
    pub objects: u64,
}

/// The fetched page of a piece of work, ready to be committed.
#[derive(Debug)]
pub(crate) struct FetchedPage {
    pub work: u64,
    /// Number of the page in its work, from 0.
    pub seq: u64,
    /// Encoded by [`crate::codec`].
    pub objects: Vec<u8>,
    /// Encoded by [`crate::codec`].
    pub grants: Vec<u8>,
    /// Resources and grants in it.
    pub count: u64,
    pub next: Option<String>,
    /// Work that it made known, with the ids it gets.
    pub opens: Vec<(u64, Work)>,
    pub gaps: Vec<Gap>,
}

/// What a sync has to be like to be carried on by another run, and its identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Source, its configuration and the sync's options.
    pub fingerprint: String,
    pub sync_id: String,
    /// When it began.
    pub started_at: jiff::Timestamp,
}

/// What was found where a working database may be.
#[derive(Debug)]
pub(crate) enum Resumed {
    /// None.
    Nothing,
    /// One that must not be carried on, and why; it has been removed.
    Unusable(&'static str),
    /// An unfinished sync to be carried on.
    Unfinished(Plan, Identity),
}

/// The open working database.
#[derive(Debug)]
pub(crate) struct Plan {
    connection: Connection,
    path: PathBuf,
}

impl Plan {
    /// Opens the unfinished sync in `path` if there is one that `fingerprint` may carry on.
    pub(crate) fn resume(path: &Path, fingerprint: &str) -> Result<Resumed, SyncError> {
        if !path.exists() {
            return Ok(Resumed::Nothing);
        }
        let plan = Self::connect(path)?;
        let reason = match plan.identity() {
            Err(_) | Ok(None) => "its working data cannot be read",
            Ok(Some(identity)) if identity.fingerprint != fingerprint => "it was made with other options",
            Ok(Some(identity)) if is_older(identity.started_at, MAX_AGE) => "it is older than seven days",
            Ok(Some(identity)) => return Ok(Resumed::Unfinished(plan, identity)),
        };
        drop(plan);
        remove_database(path);
        Ok(Resumed::Unusable(reason))
    }

    /// Makes a new working database with the first work in it, and what is known to be missing before anything is read.
    pub(crate) fn create(
        path: &Path,
        identity: &Identity,
        start: &[(u64, Work)],
        gaps: &[Gap],
    ) -> Result<Self, SyncError> {
        remove_database(path);
        let mut plan = Self::connect(path)?;
        plan.within(|transaction| {
            transaction.execute_batch(SCHEMA)?;
            let started_at = identity.started_at.to_string();
            let entries = [
                ("version", VERSION),
                ("fingerprint", &identity.fingerprint),
                ("sync_id", &identity.sync_id),
                ("started_at", &started_at),
            ];
            for (key, value) in entries {
                transaction.execute("INSERT INTO meta (key, value) VALUES (?, ?)", [key, value])?;
            }
            put_gaps(transaction, NO_WORK, gaps)?;
            open_work(transaction, start)
        })?;
        Ok(plan)
    }

    fn connect(path: &Path) -> Result<Self, SyncError> {
        let open = || {
            let connection = Connection::open(path)?;
            // A page of Okta's is one blob of some ten thousand bytes.
            connection.pragma_update(None, "page_size", 16 << 10)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            connection.pragma_update(None, "cache_size", -4096)?;
            connection.pragma_update(None, "wal_autocheckpoint", 1000)?;
            Ok(connection)
        };
        let connection = open().map_err(SyncError::plan(path))?;
        Ok(Self { connection, path: path.to_owned() })
    }

    fn identity(&self) -> rusqlite::Result<Option<Identity>> {
        let read = |key: &str| {
            self.connection
                .query_row("SELECT value FROM meta WHERE key = ?", [key], |row| row.get::<_, String>(0))
                .optional()
        };
        if read("version")?.as_deref() != Some(VERSION) {
            return Ok(None);
        }
        let (fingerprint, sync_id, started_at) = (read("fingerprint")?, read("sync_id")?, read("started_at")?);
        Ok(fingerprint
            .zip(sync_id)
            .zip(started_at.and_then(|text| text.parse().ok()))
            .map(|((fingerprint, sync_id), started_at)| Identity { fingerprint, sync_id, started_at }))
    }

    /// Runs `body` in one transaction.
    pub(crate) fn within<T>(
        &mut self,
        body: impl FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, SyncError> {
        let run = || {
            let transaction = self.connection.transaction()?;
            let value = body(&transaction)?;
            transaction.commit()?;
            Ok(value)
        };
        run().map_err(SyncError::plan(&self.path))
    }

    /// All work, in the order in which it was made known. Work of kinds that the source does not know is damage: the
    /// fingerprint should have kept it away.
    pub(crate) fn works(&self, source: &dyn Source) -> Result<Vec<Planned>, SyncError> {
        let kinds = source.kinds();
        let gates = source.gates();
        let kind_of = |text: &str| kinds.iter().map(|(kind, _)| *kind).find(|kind| *kind == text);
        let gate_of = |text: &str| gates.iter().map(|gate| gate.name).find(|gate| *gate == text);
        let mut works = Vec::new();
        let sql = "SELECT id, kind, subject, detail, pages_hint, held_by, state, cursor, pages, objects FROM work ORDER BY id";
        let mut statement = self.connection.prepare(sql).map_err(SyncError::plan(&self.path))?;
        let mut rows = statement.query([]).map_err(SyncError::plan(&self.path))?;
        while let Some(row) = rows.next().map_err(SyncError::plan(&self.path))? {
            let read = || -> rusqlite::Result<_> {
                Ok((row.get::<_, String>(1)?, row.get::<_, Option<String>>(5)?, row.get::<_, u8>(6)?))
            };
            let (kind, held_by, state) = read().map_err(SyncError::plan(&self.path))?;
            let kind: WorkKind = kind_of(&kind).ok_or_else(|| SyncError::Damaged(format!("unknown work {kind}")))?;
            let read = || -> rusqlite::Result<_> {
                let work = Work {
                    kind,
                    subject: row.get(2)?,
                    detail: row.get(3)?,
                    pages_hint: row.get(4)?,
                    held_by: held_by.as_deref().and_then(gate_of),
                };
                Ok((row.get(0)?, work, row.get(7)?, row.get(8)?, row.get(9)?))
            };
            let (id, work, cursor, pages, objects) = read().map_err(SyncError::plan(&self.path))?;
            works.push(Planned { id, work, state: State::parse(state)?, cursor, pages, objects });
        }
        Ok(works)
    }

    /// Calls `each` for every page of `kind`, by subject, then in the order of the pages: an order that does not
    /// depend on when each page arrived.
    pub(crate) fn for_each_page(
        &self,
        kind: WorkKind,
        column: PageColumn,
        mut each: impl FnMut(&[u8]) -> Result<(), SyncError>,
    ) -> Result<(), SyncError> {
        let sql = format!(
            "SELECT page.{} FROM work JOIN page ON page.work = work.id WHERE work.kind = ? ORDER BY work.subject, page.seq",
            column.name()
        );
        let mut statement = self.connection.prepare(&sql).map_err(SyncError::plan(&self.path))?;
        let mut rows = statement.query([kind]).map_err(SyncError::plan(&self.path))?;
        while let Some(row) = rows.next().map_err(SyncError::plan(&self.path))? {
            let value = row.get_ref(0).map_err(SyncError::plan(&self.path))?;
            let blob = value.as_blob().map_err(|_| SyncError::Damaged("a page is not a blob".to_owned()))?;
            each(blob)?;
        }
        Ok(())
    }

    /// Everything that is missing, counted, with a few examples each.
    pub(crate) fn gaps(&self) -> Result<Vec<GapCount>, SyncError> {
        let read = || {
            let mut counts = Vec::new();
            let sql = "SELECT kind, resource_type, id, message FROM gap ORDER BY kind, resource_type, id";
            let mut statement = self.connection.prepare(sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let (kind, resource_type): (String, String) = (row.get(0)?, row.get(1)?);
                let (id, message): (String, String) = (row.get(2)?, row.get(3)?);
                if let Some(kind) = GapKind::parse(&kind) {
                    GapCount::add(&mut counts, kind, &resource_type, &id, &message);
                }
            }
            Ok(counts)
        };
        read().map_err(SyncError::plan(&self.path))
    }
}

/// Which part of a page is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PageColumn {
    Objects,
    Grants,
}

impl PageColumn {
    fn name(self) -> &'static str {
        match self {
            Self::Objects => "objects",
            Self::Grants => "grants",
        }
    }
}

/// Writes a page, moves its work on, and opens the work that it made known.
pub(crate) fn commit_page(transaction: &rusqlite::Transaction<'_>, page: &FetchedPage) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("INSERT INTO page (work, seq, objects, grants) VALUES (?, ?, ?, ?)")?
        .execute(params![page.work, page.seq, page.objects, page.grants])?;
    let state = if page.next.is_some() { State::Ready } else { State::Done };
    transaction
        .prepare_cached("UPDATE work SET cursor = ?, state = ?, pages = pages + 1, objects = objects + ? WHERE id = ?")?
        .execute(params![page.next, state as u8, page.count, page.work])?;
    open_work(transaction, &page.opens)?;
    let work = i64::try_from(page.work).unwrap_or(NO_WORK);
    put_gaps(transaction, work, &page.gaps)
}

fn put_gaps(transaction: &rusqlite::Transaction<'_>, work: i64, gaps: &[Gap]) -> rusqlite::Result<()> {
    let mut insert = transaction
        .prepare_cached("INSERT INTO gap (work, kind, resource_type, id, message) VALUES (?, ?, ?, ?, ?)")?;
    for gap in gaps {
        insert.execute(params![work, gap.kind.as_str(), gap.resource_type, gap.id, gap.message])?;
    }
    Ok(())
}

/// Begins a piece of work again: its pages are forgotten, the work that they opened stays.
pub(crate) fn restart_work(transaction: &rusqlite::Transaction<'_>, work: u64) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM page WHERE work = ?", [work])?;
    transaction.execute("DELETE FROM gap WHERE work = ?", [work])?;
    let sql = "UPDATE work SET cursor = NULL, pages = 0, objects = 0 WHERE id = ?";
    transaction.execute(sql, [work]).map(|_| ())
}

/// Opens a gate: held work of `release` becomes ready, other work that it held is dropped.
pub(crate) fn open_gate(
    transaction: &rusqlite::Transaction<'_>,
    gate: &str,
    release: &[WorkKind],
) -> rusqlite::Result<()> {
    for kind in release {
        transaction.execute(
            "UPDATE work SET state = ? WHERE held_by = ? AND kind = ? AND state = ?",
            params![State::Ready as u8, gate, kind, State::Held as u8],
        )?;
    }
    transaction.execute(
        "UPDATE work SET state = ? WHERE held_by = ? AND state = ?",
        params![State::Dropped as u8, gate, State::Held as u8],
    )?;
    Ok(())
}

fn open_work(transaction: &rusqlite::Transaction<'_>, works: &[(u64, Work)]) -> rusqlite::Result<()> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO work (id, kind, subject, detail, pages_hint, held_by, state) VALUES (?, ?, ?, ?, ?, ?, ?)",
    )?;
    for (id, work) in works {
        let state = if work.held_by.is_some() { State::Held } else { State::Ready };
        insert.execute(params![
            id,
            work.kind,
            work.subject,
            work.detail,
            work.pages_hint,
            work.held_by,
            state as u8
        ])?;
    }
    Ok(())
}

fn is_older(started_at: jiff::Timestamp, age: Duration) -> bool {
    SystemTime::now().duration_since(SystemTime::from(started_at)).is_ok_and(|elapsed| elapsed > age)
}
