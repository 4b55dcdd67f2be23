//! Reading a `.c1z` file. The file itself is never changed: its database is unpacked to a private place, migrated there
//! and opened read-only.

mod grants;
mod objects;
mod query;
mod syncs;

use std::path::{Path, PathBuf};

use baton_proto::Message;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use tempfile::TempDir;

pub use grants::GrantFilter;
pub use objects::{EntitlementFilter, ResourceFilter};

use self::query::Query;
use crate::envelope::{self, Limits};
use crate::error::{At, Doing, Error};
use crate::{connection, migrate};

/// An open file.
///
/// Everything is asked of one sync, named by its id; the empty id means the rows of all syncs, as in files that hold
/// rows without saying of which sync (`docs/spec/c1z-format.md` 4.6). [`Reader::sync_for_lists`] chooses one as the
/// reference tool does. Lists come in the order in which the rows were written, one object at a time.
#[derive(Debug)]
pub struct Reader {
    pub(crate) connection: Connection,
    /// The name under which errors speak of the file.
    pub(crate) path: PathBuf,
    /// Goes after the connection.
    _dir: Option<TempDir>,
}

impl Reader {
    /// Opens the file `path` with the limits of the environment and the system's place for temporary files.
    ///
    /// # Errors
    /// All of [`envelope::decode`]; [`Error::Damaged`] when no database is inside; [`Error::Database`] when it is none
    /// of a `.c1z`.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::open_with(path, &Limits::from_env(), &std::env::temp_dir())
    }

    /// Opens the file `path`, unpacking it into a new directory in `temp_dir`.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(path: &Path, limits: &Limits, temp_dir: &Path) -> Result<Self, Error> {
        let dir = private_fs::temp_folder("c1z-", temp_dir).doing("unpack into", temp_dir)?;
        let db = dir.path().join("db");
        envelope::decode(path, &db, limits)?;
        migrate::migrate(&db, path)?;
        let connection = connection::open_read_only(&db, path)?;
        // Where an open file can do without its name, the names go now: then nothing is left of a killed program.
        let dir = if cfg!(unix) { None } else { Some(dir) };
        Ok(Self { connection, path: path.to_owned(), _dir: dir })
    }

    /// Opens a database that [`envelope::decode`] made, migrating it where it stands.
    ///
    /// # Errors
    /// As [`open`](Self::open), but for those of the envelope.
    pub fn open_db(db: &Path) -> Result<Self, Error> {
        migrate::migrate(db, db)?;
        Ok(Self::from_connection(connection::open_read_only(db, db)?, db))
    }

    /// A reader of an open database, of which errors speak as `path`.
    pub(crate) fn from_connection(connection: Connection, path: &Path) -> Self {
        Self { connection, path: path.to_owned(), _dir: None }
    }

    /// Runs `each` on every row of a query, until it fails.
    fn for_each_row<E: From<Error>>(
        &self,
        query: &Query<'_>,
        mut each: impl FnMut(&Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut statement = self.connection.prepare_cached(query.sql()).at(&self.path)?;
        let mut rows = statement.query(query.values()).at(&self.path)?;
        while let Some(row) = rows.next().at(&self.path)? {
            each(row)?;
        }
        Ok(())
    }

    /// The first row of a query as `read` makes it.
    fn first<T>(
        &self,
        query: &Query<'_>,
        mut read: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let mut statement = self.connection.prepare_cached(query.sql()).at(&self.path)?;
        let mut rows = statement.query(query.values()).at(&self.path)?;
        rows.next().at(&self.path)?.map(&mut read).transpose()
    }

    /// The message in the columns `id` and `data`, with which every query of objects begins.
    fn message<M: Message + Default>(&self, table: &'static str, row: &Row<'_>) -> Result<M, Error> {
        let bytes = match row.get_ref(1).at(&self.path)? {
            ValueRef::Blob(bytes) => bytes,
            other => return Err(self.unreadable(table, row, &format!("its data are of type {}", other.data_type()))),
        };
        M::decode(bytes).map_err(|error| self.unreadable(table, row, &error))
    }

    fn unreadable(&self, table: &'static str, row: &Row<'_>, reason: &dyn ToString) -> Error {
        let row = row.get(0).unwrap_or_default();
        Error::Row { path: self.path.clone(), table, row, reason: reason.to_string() }
    }
}
