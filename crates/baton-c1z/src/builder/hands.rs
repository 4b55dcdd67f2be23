//! Who has the database of a [`Builder`] open, and how it changes hands.

use rusqlite::Connection;

use super::Builder;
use crate::bulk::{GrantLoader, Loaded, ObjectLoader, Packed, Places};
use crate::connection;
use crate::error::{At, Error};
use crate::schema::{ENTITLEMENTS, GRANTS, INDEXES, Index, RESOURCES};

/// Who has the database open.
#[derive(Debug)]
pub(super) enum Hands {
    Sqlite(Connection, Packed),
    /// Resources and entitlements are being loaded; SQLite has the database closed.
    Objects(Box<ObjectLoader>),
    /// Grants are being loaded; SQLite has the database closed.
    Grants(Box<GrantLoader>),
    /// Changing hands failed.
    Lost,
}

/// How far the loading of tables has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bulk {
    /// The tables are empty, and so are their indexes.
    ToCome,
    /// They are being filled, or have been, with their indexes.
    Begun,
    /// Rows have come since for which there may be others of the same id: the indexes are gone and will be built when those
    /// have been merged.
    Unindexed,
}

const LOST: Error = Error::OutOfOrder("an earlier step has failed");

impl Builder {
    /// The database for what touches no table of resources, entitlements or grants: those may be packed.
    pub(super) fn outside(&self) -> Result<&Connection, Error> {
        match &self.hands {
            Hands::Sqlite(connection, _) => Ok(connection),
            Hands::Objects(_) | Hands::Grants(_) | Hands::Lost => Err(Error::OutOfOrder("rows are being loaded")),
        }
    }

    /// Puts what is packed into its place.
    pub(super) fn unpack(&mut self) -> Result<(), Error> {
        match &mut self.hands {
            Hands::Sqlite(_, packed) if !packed.is_empty() => packed.restore(),
            _ => Ok(()),
        }
    }

    /// Takes the database out of SQLite's hands and learns what is packed of it, and what `last` finds in it.
    pub(super) fn commit_and_close<T>(
        &mut self,
        last: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<(Packed, T), Error> {
        self.settle()?;
        let Hands::Sqlite(connection, packed) = std::mem::replace(&mut self.hands, Hands::Lost) else {
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
        if let Some((older, keep)) = &self.older {
            loader.carry_over(older, keep)?;
        }
        self.hands = Hands::Objects(Box::new(loader));
        self.objects = Bulk::Begun;
        Ok(())
    }

    /// Begins to load grants, those of the older database first, whose other rows are there by then.
    pub(super) fn load_grants(&mut self) -> Result<(), Error> {
        if self.older.is_some() && self.objects == Bulk::ToCome {
            self.load_objects()?;
        }
        let (packed, places) = self.commit_and_close(Places::find)?;
        let mut loader = GrantLoader::open(&self.path, places, packed)?;
        if let Some((older, keep)) = &self.older {
            loader.carry_over(older, keep)?;
        }
        self.hands = Hands::Grants(Box::new(loader));
        self.grants = Bulk::Begun;
        Ok(())
    }

    /// Makes ready for a resource or an entitlement.
    pub(super) fn take_objects(&mut self) -> Result<(), Error> {
        self.open_sync()?;
        match (self.objects, &self.hands) {
            (Bulk::ToCome, _) => return self.load_objects(),
            (Bulk::Begun, Hands::Objects(_)) => return Ok(()),
            (Bulk::Begun, _) => {
                self.settle()?;
                self.drop_indexes(of_objects())?;
                self.objects = Bulk::Unindexed;
                if let Some(sync) = &mut self.sync {
                    sync.indexed = false;
                }
            }
            (Bulk::Unindexed, _) => self.settle()?,
        }
        self.unpack()
    }

    /// Ends the loading that is under way, if any, and gives the database back to SQLite.
    pub(super) fn settle(&mut self) -> Result<(), Error> {
        let ((loaded, packed), objects) = match std::mem::replace(&mut self.hands, Hands::Lost) {
            Hands::Objects(loader) => (loader.finish()?, true),
            Hands::Grants(loader) => (loader.finish()?, false),
            hands => {
                self.hands = hands;
                return Ok(());
            }
        };
        let connection = connection::reopen(&self.path)?;
        connection.execute_batch("BEGIN").at(&self.path)?;
        self.hands = Hands::Sqlite(connection, packed);
        match (loaded, objects) {
            (Loaded::Whole, _) => Ok(()),
            (Loaded::WithoutIndexes, true) => {
                self.objects = Bulk::Unindexed;
                self.drop_indexes(of_objects())
            }
            (Loaded::WithoutIndexes, false) => {
                self.grants = Bulk::Unindexed;
                self.drop_indexes(of_grants())
            }
        }
    }

    fn drop_indexes(&mut self, mut indexes: impl Iterator<Item = &'static Index>) -> Result<(), Error> {
        let connection = self.connection()?;
        indexes.try_for_each(|index| connection.execute_batch(&format!("DROP INDEX {}", index.name))).at(&self.path)
    }
}

/// The indexes of resources and entitlements.
pub(super) fn of_objects() -> impl Iterator<Item = &'static Index> {
    INDEXES.iter().filter(|index| [RESOURCES.name, ENTITLEMENTS.name].contains(&index.table))
}

/// The indexes of grants.
pub(super) fn of_grants() -> impl Iterator<Item = &'static Index> {
    INDEXES.iter().filter(|index| index.table == GRANTS.name)
}
