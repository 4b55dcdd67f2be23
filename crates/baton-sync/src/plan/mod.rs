//! The plan: what is to be fetched, how far each piece of work is, and the pages fetched so far.
//!
//! One SQLite file in WAL mode, written by one connection. Work and pages are in the same file because only then is a
//! transaction over both atomic: a page, the cursor behind it and the work that it made known become durable together
//! or not at all. WAL with `synchronous=NORMAL` survives a killed process at any point, and after a power cut at worst
//! the last transactions are missing, whole ones.

pub(crate) mod commit;
mod incremental_state;
pub(crate) mod keep;
mod meta;
mod row;

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use baton_connector::{Gap, GapKind, Invalidation, Schema, Work, WorkKind};
use rusqlite::Connection;
use rusqlite::config::DbConfig;

use crate::codec::IS_EXPANDABLE;
use crate::error::SyncError;
use crate::summary::GapCount;
use crate::workdir::{create_database, remove_database};

pub(crate) use incremental_state::IncrementalState;
pub(crate) use meta::{get, put};
pub(crate) use row::{WORK_COLUMNS, changed, parse_work};

/// Changes with every change of the tables below or of the pages' encoding: a plan of another version is not carried
/// on.
pub(crate) const VERSION: &str = "9";

/// Bytes of a database page. A page of Okta's is one blob of some ten thousand bytes.
const PAGE_SIZE: u32 = 16 << 10;

/// Pages in the write-ahead log before they are copied to their places: 64 MiB, so that those of most syncs never are.
const WAL_PAGES: u32 = 4000;

/// An unfinished sync older than this is not carried on (`docs/spec/c1z-format.md` 4.6).
const MAX_AGE: Duration = Duration::from_hours(7 * 24);

const SCHEMA: &str = "
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE work (
        id INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        subject TEXT NOT NULL,
        detail TEXT NOT NULL,
        pages_hint INTEGER NOT NULL,
        blocked_on TEXT,
        reuse INTEGER NOT NULL,
        version TEXT NOT NULL,
        settled INTEGER NOT NULL,
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
    CREATE TABLE opened (opener INTEGER NOT NULL, work INTEGER NOT NULL, PRIMARY KEY (opener, work)) WITHOUT ROWID;
    CREATE TABLE note (text TEXT NOT NULL);
    CREATE TABLE changed (
        kind TEXT NOT NULL,
        which INTEGER NOT NULL,
        name TEXT NOT NULL,
        part TEXT NOT NULL,
        settled INTEGER NOT NULL
    );
    CREATE TABLE gap (work INTEGER NOT NULL, kind TEXT NOT NULL, resource_type TEXT NOT NULL, id TEXT NOT NULL, message TEXT NOT NULL);
    CREATE INDEX gap_of_work ON gap (work);
";

/// Finds the few pages that hold grants that pass on what they grant.
fn expandable_index() -> String {
    format!("CREATE INDEX passing_page ON page (work, seq) WHERE {IS_EXPANDABLE}")
}

/// The work of gaps that no work has found.
const NO_WORK: i64 = -1;

/// How far a piece of work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum State {
    /// Blocked on a barrier.
    Blocked = 0,
    /// To be fetched, from its cursor on.
    Ready = 1,
    /// All pages are here.
    Done = 2,
    /// A barrier decided against it.
    Dropped = 3,
    /// All pages are here, reused from the last sync.
    Reused = 4,
    /// The same, except for a part that was fetched.
    Patched = 5,
}

impl State {
    fn parse(number: u8) -> Result<Self, SyncError> {
        [Self::Blocked, Self::Ready, Self::Done, Self::Dropped, Self::Reused, Self::Patched]
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
    /// Work that it made known first, with the ids it gets.
    pub opens: Vec<(u64, Work)>,
    /// All work that it made known, if the next sync may take the page over: then it makes that work known again.
    pub opened: Vec<u64>,
    pub gaps: Vec<Gap>,
    pub invalidations: Vec<Invalidation>,
    /// What stands for the moment up to which the changes are known.
    pub change_token: Option<String>,
    /// What the operator should know, if it is one of changes.
    pub notes: Vec<String>,
}

/// What a sync has to be like to be carried on by another run, and its identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Source, its configuration and the sync's options.
    pub fingerprint: String,
    /// The id of the system that is read; empty if it is not known.
    pub system: String,
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
    Unfinished(Plan, Box<(Identity, IncrementalState)>),
}

/// The open working database.
#[derive(Debug)]
pub(crate) struct Plan {
    connection: Connection,
    path: PathBuf,
}

impl Plan {
    /// Opens the unfinished sync in `path` if there is one of `system` that `fingerprint` may carry on.
    pub(crate) fn resume(path: &Path, fingerprint: &str, system: &str) -> Result<Resumed, SyncError> {
        if !path.exists() {
            return Ok(Resumed::Nothing);
        }
        let plan = Self::connect(path)?;
        let reason = match plan.identity() {
            Err(_) | Ok(None) => "its working data cannot be read",
            Ok(Some((identity, _))) if identity.fingerprint != fingerprint => "it was made with other options",
            Ok(Some((identity, _))) if differs(&identity.system, system) => "it was made of another system",
            Ok(Some((identity, _))) if is_older(identity.started_at, MAX_AGE) => "it is older than seven days",
            Ok(Some(found)) => return Ok(Resumed::Unfinished(plan, Box::new(found))),
        };
        drop(plan);
        remove_database(path);
        Ok(Resumed::Unusable(reason))
    }

    /// Makes a new working database with the first work in it, and what is known to be missing before anything is read.
    pub(crate) fn create(
        path: &Path,
        identity: &Identity,
        incremental: &IncrementalState,
        start: &[(u64, Work)],
        gaps: &[Gap],
    ) -> Result<Self, SyncError> {
        create_database(path)?;
        let mut plan = Self::connect(path)?;
        plan.within(|transaction| {
            transaction.execute_batch(SCHEMA)?;
            transaction.execute_batch(&expandable_index())?;
            let started_at = identity.started_at.to_string();
            let entries = [
                ("version", VERSION),
                ("fingerprint", &identity.fingerprint),
                ("system", &identity.system),
                ("sync_id", &identity.sync_id),
                ("started_at", &started_at),
            ];
            for (key, value) in entries {
                put(transaction, key, value)?;
            }
            incremental.put(transaction)?;
            commit::gaps(transaction, NO_WORK, gaps)?;
            commit::open(transaction, start)
        })?;
        Ok(plan)
    }

    fn connect(path: &Path) -> Result<Self, SyncError> {
        let open = || {
            let connection = Connection::open(path)?;
            connection.pragma_update(None, "page_size", PAGE_SIZE)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            connection.pragma_update(None, "cache_size", -4096)?;
            connection.pragma_update(None, "wal_autocheckpoint", WAL_PAGES)?;
            Ok(connection)
        };
        let connection = open().map_err(SyncError::plan(path))?;
        Ok(Self { connection, path: path.to_owned() })
    }

    fn identity(&self) -> rusqlite::Result<Option<(Identity, IncrementalState)>> {
        let meta = |key: &str| get(&self.connection, key);
        if meta("version")?.as_deref() != Some(VERSION) {
            return Ok(None);
        }
        let (fingerprint, system) = (meta("fingerprint")?, meta("system")?);
        let (sync_id, started_at) = (meta("sync_id")?, meta("started_at")?);
        let Some(incremental) = IncrementalState::get(&self.connection)? else { return Ok(None) };
        let read = || {
            let identity = Identity {
                fingerprint: fingerprint?,
                system: system?,
                sync_id: sync_id?,
                started_at: started_at?.parse().ok()?,
            };
            Some((identity, incremental))
        };
        Ok(read())
    }

    /// Makes the pages of the last sync readable under the name `last`.
    pub(crate) fn attach(&self, last: &Path) -> Result<(), SyncError> {
        let attached = self.connection.execute("ATTACH ? AS last", [last.to_string_lossy()]);
        attached.map(drop).map_err(SyncError::plan(last))
    }

    /// Closes the plan of a finished sync, which is not read again, without a final checkpoint.
    pub(crate) fn discard(self) {
        // Without it the plan is as useless, only slower to go.
        let _ = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
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
    pub(crate) fn works(&self, schema: &Schema) -> Result<Vec<Planned>, SyncError> {
        let mut works = Vec::new();
        let sql = format!("SELECT id, state, cursor, pages, objects, {WORK_COLUMNS} FROM work ORDER BY id");
        let mut statement = self.connection.prepare(&sql).map_err(SyncError::plan(&self.path))?;
        let mut rows = statement.query([]).map_err(SyncError::plan(&self.path))?;
        while let Some(row) = rows.next().map_err(SyncError::plan(&self.path))? {
            let read = || -> rusqlite::Result<_> {
                Ok((row.get(0)?, row.get::<_, u8>(1)?, row.get(2)?, row.get(3)?, row.get(4)?, parse_work(row, schema)?))
            };
            let (id, state, cursor, pages, objects, work) = read().map_err(SyncError::plan(&self.path))?;
            let work = work.map_err(|kind| SyncError::Damaged(format!("unknown work {kind}")))?;
            works.push(Planned { id, work, state: State::parse(state)?, cursor, pages, objects });
        }
        Ok(works)
    }

    /// The lists of which a page was made known that has not been read: kind and subject of each.
    pub(crate) fn unread(&self) -> Result<Vec<String>, SyncError> {
        let read = || {
            let sql = "SELECT trim(kind || ' ' || subject) FROM work WHERE state IN (?, ?) ORDER BY id";
            let mut statement = self.connection.prepare(sql)?;
            let states = [State::Blocked as u8, State::Ready as u8];
            statement.query_map(states, |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()
        };
        read().map_err(SyncError::plan(&self.path))
    }

    /// What the changes that were read so far name. Kinds that the source does not know are passed over.
    pub(crate) fn changed(&self, schema: &Schema) -> Result<Vec<Invalidation>, SyncError> {
        changed(&self.connection, schema).map_err(SyncError::plan(&self.path))
    }

    /// What the source had to say about the changes so far.
    pub(crate) fn notes(&self) -> Result<Vec<String>, SyncError> {
        let read = || {
            let mut statement = self.connection.prepare("SELECT text FROM note ORDER BY rowid")?;
            statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()
        };
        read().map_err(SyncError::plan(&self.path))
    }

    /// Calls `each` for every page of `kind`, by subject, then in the order of the pages: an order that does not
    /// depend on when each page arrived. The second argument says whether the page belongs to a work that was reused from
    /// the last sync.
    pub(crate) fn for_each_page(
        &self,
        kind: WorkKind,
        column: PageColumn,
        mut each: impl FnMut(&[u8], bool) -> Result<(), SyncError>,
    ) -> Result<(), SyncError> {
        let sql = format!(
            "SELECT page.{}, work.state IN ({}, {}) FROM work JOIN page ON page.work = work.id WHERE work.kind = ? ORDER BY work.subject, page.seq",
            column.name(),
            State::Reused as u8,
            State::Patched as u8
        );
        self.for_each_blob(&sql, [kind], |blob, row| each(blob, row.get(1).map_err(SyncError::plan(&self.path))?))
    }

    /// Calls `each` for the grants of every page that may hold grants that pass on what they grant.
    pub(crate) fn for_each_expandable_page(
        &self,
        mut each: impl FnMut(&[u8]) -> Result<(), SyncError>,
    ) -> Result<(), SyncError> {
        let sql = format!("SELECT grants FROM page WHERE {IS_EXPANDABLE} ORDER BY work, seq");
        self.for_each_blob(&sql, [], |blob, _| each(blob))
    }

    /// Calls `each` for every row of a query, whose first column is a part of a page.
    fn for_each_blob(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        mut each: impl FnMut(&[u8], &rusqlite::Row<'_>) -> Result<(), SyncError>,
    ) -> Result<(), SyncError> {
        let mut statement = self.connection.prepare(sql).map_err(SyncError::plan(&self.path))?;
        let mut rows = statement.query(values).map_err(SyncError::plan(&self.path))?;
        while let Some(row) = rows.next().map_err(SyncError::plan(&self.path))? {
            let value = row.get_ref(0).map_err(SyncError::plan(&self.path))?;
            let blob = value.as_blob().map_err(|_| SyncError::Damaged("a page is not a blob".to_owned()))?;
            each(blob, row)?;
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

/// Whether two ids of systems are known and differ.
pub(crate) fn differs(one: &str, other: &str) -> bool {
    !one.is_empty() && !other.is_empty() && one != other
}

fn is_older(started_at: jiff::Timestamp, age: Duration) -> bool {
    SystemTime::now().duration_since(SystemTime::from(started_at)).is_ok_and(|elapsed| elapsed > age)
}
