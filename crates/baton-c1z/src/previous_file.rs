//! The file that a new one replaces, and whose syncs may stay.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use crate::bulk::{Outline, Packed, SoundCheck};
use crate::envelope::{self, Limits};
use crate::error::Error;
use crate::reader::Reader;
use crate::schema::{ENTITLEMENTS, GRANTS, INDEXES, RESOURCES, TABLES};
use crate::stats::Stats;
use crate::sync_run::{SyncRun, SyncType};
use crate::{connection, migrate};

/// The database of the previous file, migrated to the current schema. A file that we have written is unpacked on demand:
/// which syncs it holds, and the rows that are copied, one part after the other. Others are unpacked as a whole.
#[derive(Debug)]
pub struct PreviousFile {
    db: PathBuf,
    /// The file that it came from.
    file: PathBuf,
    packed: Mutex<Packed>,
    /// Whether all of it is known to be sound.
    sound: AtomicBool,
}

impl PreviousFile {
    /// The database of the file `c1z`, made at `db`.
    ///
    /// # Errors
    /// As [`Reader::open`].
    pub fn open(c1z: &Path, db: &Path, limits: &Limits) -> Result<Self, Error> {
        match envelope::decode_in_parts(c1z, db, limits)? {
            Some(mut packed) => {
                if restore_outline(db, &mut packed).is_some() {
                    let (packed, sound) = (Mutex::new(packed), AtomicBool::new(false));
                    return Ok(Self { db: db.to_owned(), file: c1z.to_owned(), packed, sound });
                }
                packed.restore()?;
            }
            None => envelope::decode(c1z, db, limits)?,
        }
        Self::from_decoded(db, c1z)
    }

    /// A database that [`envelope::decode`] made, brought up to date where it stands.
    ///
    /// # Errors
    /// As [`Reader::open_db`].
    pub fn from_db(db: &Path) -> Result<Self, Error> {
        Self::from_decoded(db, db)
    }

    fn from_decoded(db: &Path, file: &Path) -> Result<Self, Error> {
        migrate::migrate(db, file)?;
        Ok(Self { file: file.to_owned(), ..Self::unpacked(db) })
    }

    /// A database that is sound and up to date, or only to be looked at.
    pub(crate) fn unpacked(db: &Path) -> Self {
        let (packed, sound) = (Mutex::new(Packed::new(db)), AtomicBool::new(true));
        Self { db: db.to_owned(), file: db.to_owned(), packed, sound }
    }

    /// As [`Reader::syncs`].
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn syncs(&self) -> Result<Vec<SyncRun>, Error> {
        self.outline()?.syncs()
    }

    /// As [`Reader::latest_finished`].
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn latest_finished(&self, kind: Option<SyncType>) -> Result<Option<SyncRun>, Error> {
        self.outline()?.latest_finished(kind)
    }

    /// As [`Reader::stats`].
    ///
    /// # Errors
    /// The database cannot be read or unpacked.
    pub fn stats(&self, sync: &str) -> Result<Stats, Error> {
        match self.outline()?.noted_stats(sync)? {
            Some(noted) => Ok(noted),
            None => self.reader()?.stats(sync),
        }
    }

    /// A reader of everything in it, for which all is unpacked.
    ///
    /// # Errors
    /// The database cannot be read or unpacked.
    pub fn reader(&self) -> Result<Reader, Error> {
        self.restore()?;
        self.outline()
    }

    /// Looks whether anything of the file is damaged, which is otherwise found out when it is asked for.
    ///
    /// # Errors
    /// Something is.
    pub fn verify(&self) -> Result<(), Error> {
        self.packed().verify()
    }

    /// Path of the database.
    #[must_use]
    pub fn db(&self) -> &Path {
        &self.db
    }

    /// A reader of what is not in the tables of resources, entitlements and grants.
    pub(crate) fn outline(&self) -> Result<Reader, Error> {
        Ok(Reader::from_connection(self.connection()?, &self.db))
    }

    /// The database, for what is not in the tables of resources, entitlements and grants.
    pub(crate) fn connection(&self) -> Result<Connection, Error> {
        connection::open_read_only(&self.db, &self.db)
    }

    /// Unpacks all that is packed, and looks whether SQLite can be let near it.
    ///
    /// # Errors
    /// It cannot be read or written, or is not sound.
    pub(crate) fn restore(&self) -> Result<(), Error> {
        self.packed().restore()?;
        if !self.sound.load(Ordering::Relaxed) {
            SoundCheck::run(&self.db, &self.file)?;
            self.sound.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// What is packed.
    pub(crate) fn packed(&self) -> MutexGuard<'_, Packed> {
        self.packed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Unpacks what SQLite looks at as long as nobody asks for resources, entitlements or grants; `None` if more than that would be
/// looked at, because the database is not up to date, or if it is out of the ordinary.
fn restore_outline(db: &Path, packed: &mut Packed) -> Option<()> {
    let mut outline = Outline::open(db, packed)?;
    outline.restore(1)?;
    let connection = connection::open_read_only(db, db).ok()?;
    let trees = connection
        .prepare("SELECT name, tbl_name, rootpage FROM sqlite_schema WHERE rootpage > 0")
        .and_then(|mut trees| {
            let trees = trees.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            trees.collect::<rusqlite::Result<Vec<(String, String, u32)>>>()
        })
        .ok()?;
    let is_there = |name: &str| trees.iter().any(|(known, ..)| known == name);
    if !TABLES.iter().all(|table| table.is_complete(&connection)) || !INDEXES.iter().all(|index| is_there(index.name)) {
        return None;
    }
    let large = [RESOURCES.name, ENTITLEMENTS.name, GRANTS.name];
    trees
        .iter()
        .filter(|(_, table, _)| !large.contains(&table.as_str()))
        .try_for_each(|(.., root)| outline.restore(*root))?;
    let is_old = "SELECT EXISTS (SELECT 1 FROM v1_sync_runs WHERE grants_backfilled = 0)";
    let is_old: bool = connection.query_row(is_old, [], |row| row.get(0)).ok()?;
    (!is_old).then_some(())
}
