//! The snapshot of the last sync (`last.db`): the pages that this sync can reuse, and whether it may.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use baton_connector::{Invalidation, Schema, Work, WorkKind};
use rusqlite::{Connection, OpenFlags};

use crate::codec::{self, WaitingGrant};
use crate::config::FullEvery;
use crate::error::SyncError;
use crate::identity::PROGRAM;
use crate::plan::commit::Trimmed;
use crate::plan::{Identity, IncrementalState, State, VERSION, WORK_COLUMNS, changed, differs, get, parse_work};

/// The snapshot of the last full sync.
#[derive(Debug)]
pub(crate) struct BaseSnapshot {
    path: PathBuf,
    pub sync_id: String,
    pub incremental: IncrementalState,
    /// Deleted principals, by type and id.
    pub deleted: Vec<(String, String)>,
    /// Parts of cached works that may have been read before a change was consistent.
    pub early: Vec<Invalidation>,
    works: HashMap<WorkKind, HashMap<String, CachedWork>>,
    /// The work that the pages of a cached work open.
    opened: HashMap<u64, Vec<Work>>,
}

/// A piece of work whose pages are in the snapshot.
#[derive(Debug)]
pub(crate) struct CachedWork {
    pub id: u64,
    pub work: Work,
    /// How many pages it takes to read it.
    pub pages: u64,
    pub objects: u64,
}

/// Reason for a full sync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// There is no snapshot. Nothing is reported.
    First,
    /// An expected reason.
    Expected(String),
    /// The snapshot was lost, which is reported to the operator.
    Lost(String),
}

impl BaseSnapshot {
    /// Opens what is kept in `path`, if it belongs to the sync `last_full`, the newest finished full one of the file, and
    /// was made like the sync `identity`: under the same fingerprint, and of the same system.
    pub(crate) fn open(path: &Path, identity: &Identity, last_full: &str, schema: &Schema) -> Result<Self, Unusable> {
        if last_full.is_empty() {
            return Err(Unusable::First);
        }
        if !path.exists() {
            let why = "nothing was kept of the last sync, or it was lost";
            return Err(Unusable::Lost(why.to_owned()));
        }
        let read = || -> rusqlite::Result<Option<Result<Self, &'static str>>> {
            let connection = open(path)?;
            let meta = |key: &str| get(&connection, key);
            if meta("version")?.as_deref() != Some(VERSION) || meta("program")?.as_deref() != Some(PROGRAM) {
                return Ok(Some(Err("the last sync was made by another version of this program")));
            }
            let (Some(kept_under), Some(sync_id)) = (meta("fingerprint")?, meta("sync_id")?) else { return Ok(None) };
            let Some(system) = meta("system")? else { return Ok(None) };
            if sync_id != last_full {
                return Ok(Some(Err("the last full sync in the file is not the one that was kept")));
            }
            if differs(&system, &identity.system) {
                return Ok(Some(Err("the last sync was made of another system")));
            }
            if kept_under != identity.fingerprint {
                return Ok(Some(Err("the last sync was made with other options or another credential")));
            }
            let Some(incremental) = IncrementalState::get(&connection)?.filter(IncrementalState::is_reusable) else {
                return Ok(None);
            };
            let (works, opened) = works(&connection, schema)?;
            let (deleted, early) = (deleted(&connection)?, changed(&connection, schema)?);
            Ok(Some(Ok(Self { path: path.to_owned(), sync_id, incremental, deleted, early, works, opened })))
        };
        match read() {
            Ok(Some(Ok(last))) => Ok(last),
            Ok(Some(Err(why))) => Err(Unusable::Expected(why.to_owned())),
            Ok(None) | Err(_) => Err(Unusable::Lost("what was kept of the last sync cannot be read".to_owned())),
        }
    }

    /// Returns the reason for a full sync if one is due.
    pub(crate) fn is_due(&self, every: FullEvery, now: jiff::Timestamp) -> Option<String> {
        let hours = now.duration_since(self.incremental.full_at).as_hours();
        let days = every.days.filter(|days| hours >= i64::from(*days) * 24);
        let syncs = every.syncs.filter(|syncs| self.incremental.syncs + 1 >= u64::from(*syncs));
        match (days, syncs) {
            (Some(days), _) => Some(format!("everything was read {days} days ago or earlier")),
            (None, Some(_)) => Some(format!("everything was read {} syncs ago", self.incremental.syncs + 1)),
            (None, None) => None,
        }
    }

    /// Path of the database.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the cached work that equals this one in everything but its version.
    pub(crate) fn find(&self, work: &Work) -> Option<&CachedWork> {
        let kept = self.works.get(work.kind)?.get(&work.subject)?;
        (kept.work.detail == work.detail).then_some(kept)
    }

    /// The work that the pages of a cached work open.
    pub(crate) fn opened(&self, kept: u64) -> &[Work] {
        self.opened.get(&kept).map_or(&[], Vec::as_slice)
    }

    /// How many pages it takes to read the cached work of `kind` about `subject`; none if there is no such work.
    pub(crate) fn pages(&self, kind: WorkKind, subject: &str) -> u64 {
        self.works.get(kind).and_then(|works| works.get(subject)).map_or(0, |kept| kept.pages)
    }

    /// Calls `found` with the work's subject and each grant of the cached works of `kind`.
    pub(crate) fn for_each_grant(
        &self,
        kind: WorkKind,
        mut found: impl FnMut(&str, &WaitingGrant<'_>),
    ) -> Result<(), SyncError> {
        let failed = |error| SyncError::plan(&self.path)(error);
        let connection = open(&self.path).map_err(failed)?;
        let sql = "SELECT work.subject, page.grants FROM work JOIN page ON page.work = work.id WHERE work.kind = ?";
        let mut statement = connection.prepare(sql).map_err(failed)?;
        let mut rows = statement.query([kind]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let subject: String = row.get(0).map_err(failed)?;
            let grants: Vec<u8> = row.get(1).map_err(failed)?;
            codec::for_each_grant(&grants, |grant| {
                found(&subject, grant);
                Ok(())
            })?;
        }
        Ok(())
    }
}

/// Returns the pages of a `kept` work in the database in `path` that grant something to one of `principals`, without these
/// grants.
pub(crate) fn trimmed(path: &Path, kept: u64, principals: &[String]) -> Result<Vec<Trimmed>, SyncError> {
    let failed = |error| SyncError::plan(path)(error);
    let principals: HashSet<&str> = principals.iter().map(String::as_str).collect();
    let connection = open(path).map_err(failed)?;
    let sql = "SELECT seq, grants FROM page WHERE work = ? ORDER BY seq";
    let mut statement = connection.prepare(sql).map_err(failed)?;
    let mut rows = statement.query([kept]).map_err(failed)?;
    let mut trimmed = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let seq = row.get(0).map_err(failed)?;
        let whole: Vec<u8> = row.get(1).map_err(failed)?;
        let (grants, deleted, left) = codec::without(&whole, |grant| principals.contains(grant.principal))?;
        if deleted > 0 {
            trimmed.push(Trimmed { seq, grants, left, deleted });
        }
    }
    Ok(trimmed)
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
}

type Works = HashMap<WorkKind, HashMap<String, CachedWork>>;

fn works(connection: &Connection, schema: &Schema) -> rusqlite::Result<(Works, HashMap<u64, Vec<Work>>)> {
    let (mut works, mut all) = (Works::new(), HashMap::new());
    let sql = format!("SELECT id, state, pages, objects, {WORK_COLUMNS} FROM work");
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        // The fingerprint keeps unknown kinds away.
        let Ok(work) = parse_work(row, schema)? else { continue };
        let id: u64 = row.get(0)?;
        all.insert(id, work.clone());
        if row.get::<_, u8>(1)? == State::Done as u8 {
            let kept = CachedWork { id, pages: row.get(2)?, objects: row.get(3)?, work };
            works.entry(kept.work.kind).or_default().insert(kept.work.subject.clone(), kept);
        }
    }
    let mut opened = HashMap::<u64, Vec<Work>>::new();
    let mut statement = connection.prepare("SELECT opener, work FROM opened ORDER BY opener, work")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (opener, work): (u64, u64) = (row.get(0)?, row.get(1)?);
        opened.entry(opener).or_default().extend(all.get(&work).cloned());
    }
    Ok((works, opened))
}

fn deleted(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement = connection.prepare("SELECT resource_type, id FROM gone")?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}
