//! Owner of the database file of a [`Builder`], SQLite or a bulk loader, and the transitions between them.

use rusqlite::Connection;

use super::Builder;
use crate::bulk::{GrantLoader, Loaded, ObjectLoader, Packed, Places};
use crate::connection;
use crate::error::{At, Error};
use crate::schema::{ENTITLEMENTS, GRANTS, INDEXES, Index, RESOURCES};

/// Owner of the database file: SQLite or the bulk loader.
#[derive(Debug)]
pub(super) enum DbState {
    Sqlite(Connection, Packed),
    /// Resources and entitlements are being loaded; SQLite has the database closed.
    Objects(Box<ObjectLoader>),
    /// Grants are being loaded; SQLite has the database closed.
    Grants(Box<GrantLoader>),
    /// A transition failed.
    Lost,
}

/// Phase of the bulk load of tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LoadPhase {
    /// The tables are empty, and so are their indexes.
    Pending,
    /// They are being filled, or have been, with their indexes.
    Loading,
    /// Rows have come since for which there may be others of the same id: the indexes are dropped and will be built when those
    /// have been merged.
    Unindexed,
}

const LOST: Error = Error::OutOfOrder("an earlier step has failed");

impl Builder {
    /// The connection for what touches no table of resources, entitlements or grants: those may be packed.
    pub(super) fn metadata_connection(&self) -> Result<&Connection, Error> {
        match &self.state {
            DbState::Sqlite(connection, _) => Ok(connection),
            DbState::Objects(_) | DbState::Grants(_) | DbState::Lost => Err(Error::OutOfOrder("rows are being loaded")),
        }
    }

    /// Puts what is packed into its place.
    pub(super) fn unpack(&mut self) -> Result<(), Error> {
        match &mut self.state {
            DbState::Sqlite(_, packed) if !packed.is_empty() => packed.restore(),
            _ => Ok(()),
        }
    }

    /// Closes SQLite's connection; returns what is packed of the database, and what `last` finds in it.
    pub(super) fn commit_and_close<T>(
        &mut self,
        last: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<(Packed, T), Error> {
        self.finish_load()?;
        let DbState::Sqlite(connection, packed) = std::mem::replace(&mut self.state, DbState::Lost) else {
            return Err(LOST);
        };
        connection.execute_batch("COMMIT").at(&self.path)?;
        let found = last(&connection).at(&self.path)?;
        connection.close().map_err(|(_, error)| Error::database(&self.path, error))?;
        Ok((packed, found))
    }

    /// Begins to load resources and entitlements, those of the older database first.
    fn load_objects(&mut self) -> Result<(), Error> {
        let (packed, places) = self.commit_and_close(Places::find)?;
        let mut loader = ObjectLoader::open(&self.path, places, packed)?;
        if let Some((previous, keep)) = &self.previous {
            loader.carry_over(previous, keep)?;
        }
        self.state = DbState::Objects(Box::new(loader));
        self.objects = LoadPhase::Loading;
        Ok(())
    }

    /// Begins to load grants, those of the older database first, whose other rows are there by then.
    pub(super) fn load_grants(&mut self) -> Result<(), Error> {
        if self.previous.is_some() && self.objects == LoadPhase::Pending {
            self.load_objects()?;
        }
        let (packed, places) = self.commit_and_close(Places::find)?;
        let mut loader = GrantLoader::open(&self.path, places, packed)?;
        if let Some((previous, keep)) = &self.previous {
            loader.carry_over(previous, keep)?;
        }
        self.state = DbState::Grants(Box::new(loader));
        self.grants = LoadPhase::Loading;
        Ok(())
    }

    /// Prepares the builder for a resource or an entitlement.
    pub(super) fn prepare_objects(&mut self) -> Result<(), Error> {
        self.open_sync()?;
        match (self.objects, &self.state) {
            (LoadPhase::Pending, _) => return self.load_objects(),
            (LoadPhase::Loading, DbState::Objects(_)) => return Ok(()),
            (LoadPhase::Loading, _) => {
                self.finish_load()?;
                self.drop_indexes(object_indexes())?;
                self.objects = LoadPhase::Unindexed;
                if let Some(sync) = &mut self.sync {
                    sync.indexed = false;
                }
            }
            (LoadPhase::Unindexed, _) => self.finish_load()?,
        }
        self.unpack()
    }

    /// Finishes the current bulk load, if any, and reopens the database with SQLite.
    pub(super) fn finish_load(&mut self) -> Result<(), Error> {
        let ((loaded, packed), objects) = match std::mem::replace(&mut self.state, DbState::Lost) {
            DbState::Objects(loader) => (loader.finish()?, true),
            DbState::Grants(loader) => (loader.finish()?, false),
            state => {
                self.state = state;
                return Ok(());
            }
        };
        let connection = connection::reopen(&self.path)?;
        connection.execute_batch("BEGIN").at(&self.path)?;
        self.state = DbState::Sqlite(connection, packed);
        match (loaded, objects) {
            (Loaded::Whole, _) => Ok(()),
            (Loaded::WithoutIndexes, true) => {
                self.objects = LoadPhase::Unindexed;
                self.drop_indexes(object_indexes())
            }
            (Loaded::WithoutIndexes, false) => {
                self.grants = LoadPhase::Unindexed;
                self.drop_indexes(grant_indexes())
            }
        }
    }

    fn drop_indexes(&mut self, mut indexes: impl Iterator<Item = &'static Index>) -> Result<(), Error> {
        let connection = self.connection()?;
        indexes.try_for_each(|index| connection.execute_batch(&format!("DROP INDEX {}", index.name))).at(&self.path)
    }
}

/// The indexes of resources and entitlements.
pub(super) fn object_indexes() -> impl Iterator<Item = &'static Index> {
    INDEXES.iter().filter(|index| [RESOURCES.name, ENTITLEMENTS.name].contains(&index.table))
}

/// The indexes of grants.
pub(super) fn grant_indexes() -> impl Iterator<Item = &'static Index> {
    INDEXES.iter().filter(|index| index.table == GRANTS.name)
}
