//! Which syncs a file holds, and which of them is meant when none is named.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{OptionalExtension, Row, params};

use super::Reader;
use crate::error::{At, Error};
use crate::schema::SYNC_RUNS;
use crate::stats::{self, Stats};
use crate::sync_run::{SyncRun, SyncType};
use crate::time;

/// An unfinished sync that began longer ago is not looked at any more.
const UNFINISHED_COUNTS_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

const COLUMNS: &str =
    "id, sync_id, started_at, ended_at, sync_type, parent_sync_id, linked_sync_id, sync_token FROM v1_sync_runs";

impl Reader {
    /// All syncs, in the order of their rows.
    ///
    /// # Errors
    /// The database cannot be read, or a time in it is none.
    pub fn syncs(&self) -> Result<Vec<SyncRun>, Error> {
        self.runs("ORDER BY id", &[])
    }

    /// The sync of that id.
    ///
    /// # Errors
    /// [`Error::UnknownSync`], and as [`syncs`](Self::syncs).
    pub fn sync(&self, id: &str) -> Result<SyncRun, Error> {
        let run = self.runs("WHERE sync_id = ?", params![id])?.pop();
        run.ok_or_else(|| Error::UnknownSync { path: self.path.clone(), sync_id: id.to_owned() })
    }

    /// The finished sync that ended last, of one type or of any.
    ///
    /// # Errors
    /// As [`syncs`](Self::syncs).
    pub fn latest_finished(&self, kind: Option<SyncType>) -> Result<Option<SyncRun>, Error> {
        let word = kind.map(SyncType::as_str);
        let which = "WHERE ended_at IS NOT NULL AND sync_type = coalesce(?, sync_type)
                     ORDER BY ended_at DESC, sync_id DESC LIMIT 1";
        Ok(self.runs(which, params![word])?.pop())
    }

    /// The sync that the reading commands show: the finished one, of whatever type, that ended last.
    ///
    /// # Errors
    /// [`Error::NoFinishedSync`], and as [`syncs`](Self::syncs).
    pub fn current(&self) -> Result<SyncRun, Error> {
        self.latest_finished(None)?.ok_or_else(|| Error::NoFinishedSync { path: self.path.clone() })
    }

    /// The id of the sync that lists are read from when none is named: the current one; without one the unfinished
    /// sync of the last seven days that began last; without that the empty id, which means all rows.
    ///
    /// # Errors
    /// As [`syncs`](Self::syncs).
    pub fn sync_for_lists(&self) -> Result<String, Error> {
        if let Some(run) = self.latest_finished(None)? {
            return Ok(run.sync_id);
        }
        let horizon = time::to_text(Timestamp::now().saturating_sub(UNFINISHED_COUNTS_FOR).unwrap_or(Timestamp::MIN));
        let which = "WHERE ended_at IS NULL AND started_at >= ? ORDER BY started_at DESC LIMIT 1";
        Ok(self.runs(which, params![horizon])?.pop().map(|run| run.sync_id).unwrap_or_default())
    }

    /// How much a sync holds: as its writer has noted, if it has noted any resource types, else counted now.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn stats(&self, sync: &str) -> Result<Stats, Error> {
        if let Some(noted) = self.noted_stats(sync)? {
            return Ok(noted);
        }
        let mut counted = stats::count(&self.connection, sync).at(&self.path)?;
        counted.add_token(&self.noted(sync)?.1);
        Ok(counted)
    }

    /// How much a sync holds, if its writer has noted that.
    pub(crate) fn noted_stats(&self, sync: &str) -> Result<Option<Stats>, Error> {
        let noted: Option<Stats> = self.noted(sync)?.0.and_then(|text| serde_json::from_str(&text).ok());
        Ok(noted.filter(|noted| noted.resource_types > 0))
    }

    /// Statistics and token of a sync, as they stand in the file.
    fn noted(&self, sync: &str) -> Result<(Option<String>, String), Error> {
        let query = "SELECT stats, sync_token FROM v1_sync_runs WHERE sync_id = ?";
        let noted = self.connection.query_row(query, [sync], |row| Ok((row.get(0)?, row.get(1)?))).optional();
        Ok(noted.at(&self.path)?.unwrap_or_default())
    }

    fn runs(&self, which: &str, values: &[&dyn rusqlite::ToSql]) -> Result<Vec<SyncRun>, Error> {
        let mut statement = self.connection.prepare(&format!("SELECT {COLUMNS} {which}")).at(&self.path)?;
        let mut rows = statement.query(values).at(&self.path)?;
        let mut runs = Vec::new();
        while let Some(row) = rows.next().at(&self.path)? {
            runs.push(self.run(row)?);
        }
        Ok(runs)
    }

    fn run(&self, row: &Row<'_>) -> Result<SyncRun, Error> {
        let text = |column| row.get::<_, String>(column).at(&self.path);
        let time = |text: &str| time::parse(text).map_err(|error| self.unreadable(SYNC_RUNS.name, row, &error));
        let ended_at: Option<String> = row.get(3).at(&self.path)?;
        Ok(SyncRun {
            sync_id: text(1)?,
            started_at: time(&text(2)?)?,
            ended_at: ended_at.map(|ended_at| time(&ended_at)).transpose()?,
            sync_type: text(4)?,
            parent_sync_id: text(5)?,
            linked_sync_id: text(6)?,
            sync_token: text(7)?,
        })
    }
}
