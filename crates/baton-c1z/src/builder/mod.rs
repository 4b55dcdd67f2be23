//! Making the database that is sealed into a file.

mod db_state;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use baton_proto::Message;
use baton_proto::c1::connector::v2::{Entitlement, Grant, Resource, ResourceType};
use jiff::Timestamp;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ToSql, params};

use self::db_state::{DbState, LoadPhase, grant_indexes, object_indexes};
use crate::bulk::Packed;
use crate::envelope::SealedFile;
use crate::error::{At, Error};
use crate::indexes::{self, Duplicates};
use crate::previous_file::PreviousFile;
use crate::schema::TABLES;
use crate::stats::{self, Stats, Tally};
use crate::sync_run::{NewSync, SyncType};
use crate::{carry_over, connection, envelope, expansion, time};

/// A grant as it is stored.
#[derive(Debug, Clone, Copy)]
pub struct GrantRow<'a> {
    /// `Grant.id`.
    pub id: &'a str,
    /// `Entitlement.id`.
    pub entitlement_id: &'a str,
    /// Type of the resource that the entitlement belongs to.
    pub resource_type: &'a str,
    /// Id of the resource that the entitlement belongs to.
    pub resource_id: &'a str,
    /// Type of the principal.
    pub principal_type: &'a str,
    /// Id of the principal.
    pub principal_id: &'a str,
    /// The encoded `Grant`, without a `GrantExpandable` annotation.
    pub data: &'a [u8],
    /// The encoded `GrantExpandable`. One that names no entitlement is left out.
    pub expansion: Option<&'a [u8]>,
}

/// Builds a database and makes a file of it: [`create`](Self::create), [`carry_over`](Self::carry_over) if syncs of an older
/// file are to stay, [`begin_sync`](Self::begin_sync), rows, [`build_indexes`](Self::build_indexes), what follows from other
/// rows, [`end_sync`](Self::end_sync), [`seal`](Self::seal).
///
/// The first resources and entitlements, nearly always all of them, are written as the module `bulk` says, and then the first
/// grants; any other call ends that. What comes later is written by SQLite, for which the database, until then packed for the
/// most part, has to be unpacked: so does every query.
///
/// Owned by one thread. When anything fails, the database is worthless and to be removed by the caller.
#[derive(Debug)]
pub struct Builder {
    state: DbState,
    path: PathBuf,
    sync: Option<OpenSync>,
    /// The older database and the syncs of it that stay.
    previous: Option<(Arc<PreviousFile>, Vec<String>)>,
    objects: LoadPhase,
    grants: LoadPhase,
}

#[derive(Debug)]
struct OpenSync {
    id: String,
    /// The time text of its rows.
    discovered_at: String,
    indexed: bool,
    /// Whether one of its grants came with an expansion.
    expands: bool,
    /// Its rows so far; `None` once some of them have been merged.
    tally: Option<Tally>,
    is_full: bool,
    /// The checks that it has passed.
    verified: Vec<String>,
}

const NO_SYNC: Error = Error::OutOfOrder("rows are added within a sync");

const INSERT_RESOURCE_TYPE: &str =
    "INSERT INTO v1_resource_types (external_id, data, sync_id, discovered_at) VALUES (?, ?, ?, ?)";
const INSERT_RESOURCE: &str =
    "INSERT INTO v1_resources (resource_type_id, external_id, parent_resource_type_id, parent_resource_id, data,
     sync_id, discovered_at) VALUES (?, ?, ?, ?, ?, ?, ?)";
const INSERT_ENTITLEMENT: &str =
    "INSERT INTO v1_entitlements (resource_type_id, resource_id, external_id, data, sync_id, discovered_at)
     VALUES (?, ?, ?, ?, ?, ?)";
const INSERT_GRANT: &str =
    "INSERT INTO v1_grants (resource_type_id, resource_id, entitlement_id, principal_resource_type_id,
     principal_resource_id, external_id, expansion, needs_expansion, data, sync_id, discovered_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
const UPSERT_GRANT: &str =
    "INSERT INTO v1_grants (resource_type_id, resource_id, entitlement_id, principal_resource_type_id,
     principal_resource_id, external_id, expansion, needs_expansion, data, sync_id, discovered_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (external_id, sync_id) DO UPDATE
     SET data = excluded.data, expansion = excluded.expansion, needs_expansion = excluded.needs_expansion";

impl Builder {
    /// A fresh database at `db`, with all tables and without indexes. What stood there is removed.
    ///
    /// # Errors
    /// The place cannot be written.
    pub fn create(db: &Path) -> Result<Self, Error> {
        let connection = connection::create(db)?;
        for table in TABLES {
            connection.execute_batch(&table.create()).at(db)?;
        }
        // Those of the other tables are built when the rows are there.
        for index in object_indexes().chain(grant_indexes()) {
            connection.execute_batch(&index.create()).at(db)?;
        }
        connection.execute_batch("BEGIN").at(db)?;
        Ok(Self {
            state: DbState::Sqlite(connection, Packed::new(db)),
            path: db.to_owned(),
            sync: None,
            previous: None,
            objects: LoadPhase::Pending,
            grants: LoadPhase::Pending,
        })
    }

    /// Copies the syncs `keep` with all their rows from an older file. Rows keep their order. Of the scratch space of connectors
    /// only what is noted of the syncs themselves comes over.
    ///
    /// # Errors
    /// [`Error::OutOfOrder`] once a sync has begun; the old database cannot be read; the new one cannot be written.
    pub fn carry_over(&mut self, previous: Arc<PreviousFile>, keep: &[String]) -> Result<(), Error> {
        if self.sync.is_some() {
            return Err(Error::OutOfOrder("older syncs are carried over before a new one begins"));
        }
        if self.previous.is_some() {
            return Err(Error::OutOfOrder("syncs are carried over from one database"));
        }
        // A database cannot be attached within a transaction.
        let connection = self.metadata_connection()?;
        connection.execute_batch("COMMIT").at(&self.path)?;
        carry_over::carry_over(connection, &previous, keep)?;
        connection.execute_batch("BEGIN").at(&self.path)?;
        self.previous = Some((previous, keep.to_vec()));
        Ok(())
    }

    /// Begins the sync that the following rows belong to.
    ///
    /// # Errors
    /// [`Error::OutOfOrder`] when another is open; the database cannot be written.
    pub fn begin_sync(&mut self, run: &NewSync<'_>) -> Result<(), Error> {
        if self.sync.is_some() {
            return Err(Error::OutOfOrder("a sync begins only after the one before has ended"));
        }
        self.finish_load()?;
        let started_at = time::to_text(run.started_at);
        self.insert(
            "INSERT INTO v1_sync_runs (sync_id, started_at, sync_token, sync_type, parent_sync_id, grants_backfilled)
             VALUES (?, ?, '', ?, ?, 1)",
            params![run.sync_id, started_at, run.sync_type.as_str(), run.parent_sync_id],
        )?;
        let tally = Some(Tally::default());
        self.sync = Some(OpenSync {
            id: run.sync_id.to_owned(),
            discovered_at: started_at,
            indexed: false,
            expands: false,
            tally,
            is_full: run.sync_type == SyncType::Full,
            verified: Vec::new(),
        });
        Ok(())
    }

    /// Adds a resource type.
    ///
    /// # Errors
    /// [`Error::OutOfOrder`] without an open sync; the database cannot be written. So do all `put_` functions.
    pub fn put_resource_type(&mut self, resource_type: &ResourceType) -> Result<(), Error> {
        self.finish_load()?;
        let sync = self.open_sync()?;
        let row = params![resource_type.id, resource_type.encode_to_vec(), sync.id, sync.discovered_at];
        self.insert(INSERT_RESOURCE_TYPE, row)?;
        self.tally(|tally| tally.resource_type(&resource_type.id));
        Ok(())
    }

    /// Adds a resource.
    ///
    /// # Errors
    /// As [`put_resource_type`](Self::put_resource_type).
    pub fn put_resource(&mut self, resource: &Resource) -> Result<(), Error> {
        let none = baton_proto::c1::connector::v2::ResourceId::default();
        let id = resource.id.as_ref().unwrap_or(&none);
        let parent = resource.parent_resource_id.as_ref().unwrap_or(&none);
        let parent = (parent.resource_type.as_str(), parent.resource.as_str());
        self.put_resource_row(&id.resource_type, &id.resource, parent, &resource.encode_to_vec())
    }

    /// Adds a resource that is encoded already. `parent` is type and id of its parent; without an id there is none.
    ///
    /// # Errors
    /// As [`put_resource_type`](Self::put_resource_type).
    pub fn put_resource_row(
        &mut self,
        resource_type: &str,
        id: &str,
        parent: (&str, &str),
        data: &[u8],
    ) -> Result<(), Error> {
        self.prepare_objects()?;
        let sync = self.sync.as_ref().ok_or(NO_SYNC)?;
        let external_id = resource_external_id(resource_type, id);
        let parent = (!parent.1.is_empty()).then_some(parent);
        let (parent_type, parent_id) = (parent.map(|parent| parent.0), parent.map(|parent| parent.1));
        if let DbState::Objects(loader) = &mut self.state {
            loader.push_resource(&[
                resource_type.into(),
                external_id.as_str().into(),
                parent_type.map_or(ValueRef::Null, ValueRef::from),
                parent_id.map_or(ValueRef::Null, ValueRef::from),
                ValueRef::Blob(data),
                sync.id.as_str().into(),
                sync.discovered_at.as_str().into(),
            ])?;
        } else {
            let row = params![resource_type, external_id, parent_type, parent_id, data, sync.id, sync.discovered_at];
            self.insert(INSERT_RESOURCE, row)?;
        }
        self.tally(|tally| tally.resource(resource_type));
        Ok(())
    }

    /// Adds an entitlement.
    ///
    /// # Errors
    /// As [`put_resource_type`](Self::put_resource_type).
    pub fn put_entitlement(&mut self, entitlement: &Entitlement) -> Result<(), Error> {
        let (resource_type, resource) = reference(entitlement.resource.as_ref());
        self.put_entitlement_row(resource_type, resource, &entitlement.id, &entitlement.encode_to_vec())
    }

    /// Adds an entitlement that is encoded already.
    ///
    /// # Errors
    /// As [`put_resource_type`](Self::put_resource_type).
    pub fn put_entitlement_row(
        &mut self,
        resource_type: &str,
        resource: &str,
        id: &str,
        data: &[u8],
    ) -> Result<(), Error> {
        self.prepare_objects()?;
        let sync = self.sync.as_ref().ok_or(NO_SYNC)?;
        if let DbState::Objects(loader) = &mut self.state {
            loader.push_entitlement(&[
                resource_type.into(),
                resource.into(),
                id.into(),
                ValueRef::Blob(data),
                sync.id.as_str().into(),
                sync.discovered_at.as_str().into(),
            ])?;
        } else {
            self.insert(INSERT_ENTITLEMENT, params![resource_type, resource, id, data, sync.id, sync.discovered_at])?;
        }
        self.tally(|tally| tally.entitlement(resource_type));
        Ok(())
    }

    /// Adds a grant. As long as grants follow on grants, a second one of the same id is merged by
    /// [`build_indexes`](Self::build_indexes); after, it is an error.
    ///
    /// # Errors
    /// As [`put_resource_type`](Self::put_resource_type).
    pub fn put_grant(&mut self, grant: &GrantRow<'_>) -> Result<(), Error> {
        self.open_sync()?;
        if self.grants == LoadPhase::Pending {
            self.load_grants()?;
        }
        self.write_grant(INSERT_GRANT, grant)?;
        self.tally(|tally| tally.grant(grant.resource_type));
        Ok(())
    }

    /// Adds a grant that is a whole message: its `GrantExpandable` is moved to where it belongs.
    ///
    /// # Errors
    /// As [`put_resource_type`](Self::put_resource_type).
    pub fn put_whole_grant(&mut self, grant: &Grant) -> Result<(), Error> {
        let data = grant.encode_to_vec();
        let split = expansion::split(&data).ok().flatten();
        let entitlement = grant.entitlement.as_ref();
        let (resource_type, resource_id) = reference(entitlement.and_then(|entitlement| entitlement.resource.as_ref()));
        let (principal_type, principal_id) = reference(grant.principal.as_ref());
        self.put_grant(&GrantRow {
            id: &grant.id,
            entitlement_id: entitlement.map_or("", |entitlement| &entitlement.id),
            resource_type,
            resource_id,
            principal_type,
            principal_id,
            data: split.as_ref().map_or(&data, |split| &split.grant),
            expansion: split.as_ref().and_then(|split| split.expansion.as_deref()),
        })
    }

    /// Adds a grant, or puts its data and expansion into the stored grant of that id (mode "replace" of
    /// `docs/spec/c1z-format.md` 4.5).
    ///
    /// # Errors
    /// [`Error::OutOfOrder`] before the indexes are built; the database cannot be written.
    pub fn upsert_grant(&mut self, grant: &GrantRow<'_>) -> Result<(), Error> {
        if !self.open_sync()?.indexed {
            return Err(Error::OutOfOrder("grants are replaced after the indexes have been built"));
        }
        self.write_grant(UPSERT_GRANT, grant)?;
        // It may have been there.
        if let Some(sync) = &mut self.sync {
            sync.tally = None;
        }
        Ok(())
    }

    /// Replaces the data of the grant in that row and keeps all else of it.
    ///
    /// # Errors
    /// As [`put_resource_type`](Self::put_resource_type).
    pub fn replace_grant_data(&mut self, row: i64, data: &[u8]) -> Result<(), Error> {
        self.finish_load()?;
        self.unpack()?;
        self.insert("UPDATE v1_grants SET data = ? WHERE id = ?", params![data, row])
    }

    /// Builds all indexes and merges rows of the same id: the first stays where it is, with the data of the last.
    ///
    /// # Errors
    /// The database or a temporary file cannot be written.
    pub fn build_indexes(&mut self) -> Result<Duplicates, Error> {
        if self.previous.is_some() && self.grants == LoadPhase::Pending {
            self.load_grants()?;
        }
        self.finish_load()?;
        if self.objects == LoadPhase::Unindexed || self.grants == LoadPhase::Unindexed {
            self.unpack()?;
        }
        let duplicates = indexes::build(self.metadata_connection()?, &self.path)?;
        if let Some(sync) = &mut self.sync {
            sync.indexed = true;
            sync.tally = sync.tally.take().filter(|_| duplicates.is_empty());
        }
        Ok(duplicates)
    }

    /// The database, for queries.
    ///
    /// # Errors
    /// [`Error::OutOfOrder`] while rows are being loaded: between the first of them and
    /// [`build_indexes`](Self::build_indexes). The database cannot be unpacked.
    pub fn connection(&mut self) -> Result<&Connection, Error> {
        self.unpack()?;
        self.metadata_connection()
    }

    /// Whether a grant of the open sync has an expansion.
    ///
    /// # Errors
    /// As [`connection`](Self::connection), and [`Error::OutOfOrder`] without an open sync.
    pub fn has_expansions(&mut self) -> Result<bool, Error> {
        let sync = self.open_sync()?;
        if sync.tally.is_some() {
            return Ok(sync.expands);
        }
        let id = sync.id.clone();
        let query = "SELECT EXISTS (SELECT 1 FROM v1_grants WHERE sync_id = ? AND expansion IS NOT NULL)";
        self.connection()?.query_row(query, [id], |row| row.get(0)).at(&self.path)
    }

    /// Notes which of the checks that the reference connector makes before it ends a sync the open one has passed, by their
    /// names there (connector-runtime facts, 6.7).
    ///
    /// # Errors
    /// [`Error::OutOfOrder`] without an open sync.
    pub fn mark_verified(&mut self, checks: &[&str]) -> Result<(), Error> {
        let sync = self.sync.as_mut().ok_or(NO_SYNC)?;
        sync.verified = checks.iter().map(|check| (*check).to_owned()).collect();
        Ok(())
    }

    /// Adds a row to the scratch space of connectors.
    pub(crate) fn put_session(&mut self, key: &str, value: &[u8]) -> Result<(), Error> {
        self.finish_load()?;
        let sync = self.open_sync()?;
        let insert = "INSERT INTO v1_connector_sessions (sync_id, key, value) VALUES (?, ?, ?)";
        self.insert(insert, params![sync.id, key, value])
    }

    /// Ends the open sync and says what it holds. Builds the indexes if that has not been done.
    ///
    /// A full sync is marked as one whose expansions are known completely (`supports_diff`), as the reference connector marks
    /// those of its syncs that come to expansion.
    ///
    /// # Errors
    /// [`Error::OutOfOrder`] without an open sync; the database cannot be written.
    pub fn end_sync(&mut self, ended_at: Timestamp, sync_token: &str) -> Result<Stats, Error> {
        if !self.open_sync()?.indexed {
            self.build_indexes()?;
        }
        let tally = self.sync.as_mut().and_then(|sync| sync.tally.take());
        if tally.is_none() {
            self.unpack()?;
        }
        let sync = self.open_sync()?;
        let mut stats = match tally {
            // Nothing here makes assets.
            Some(tally) => tally.into_stats(),
            None => stats::count(self.metadata_connection()?, &sync.id).at(&self.path)?,
        };
        stats.add_token(sync_token);
        let (generation, coverage, mode) = match sync.verified.as_slice() {
            [] => ("", String::new(), ""),
            checks => ("1", serde_json::Value::from(checks).to_string(), "connector"),
        };
        self.insert(
            "UPDATE v1_sync_runs SET ended_at = ?, sync_token = ?, stats = ?, supports_diff = ?,
             ingest_invariant_generation = ?, ingest_invariant_coverage = ?, ingest_invariant_mode = ?
             WHERE sync_id = ? AND ended_at IS NULL",
            params![
                time::to_text(ended_at),
                sync_token,
                stats.to_json(),
                sync.is_full,
                generation,
                coverage,
                mode,
                sync.id
            ],
        )?;
        self.sync = None;
        Ok(stats)
    }

    /// Finishes the database and packs it into the file `target`, as [`envelope::seal`] does. Builds missing
    /// indexes. The database itself is of no use any more.
    ///
    /// # Errors
    /// As [`finish`](Self::finish), and those of [`envelope::seal`].
    pub fn seal(mut self, target: &Path) -> Result<SealedFile, Error> {
        let packed = self.end()?;
        envelope::seal_with(&self.path, packed, target)
    }

    /// Commits and closes the database; nothing is left beside it. Builds missing indexes.
    ///
    /// # Errors
    /// [`Error::OutOfOrder`] while a sync is open; the database cannot be written.
    pub fn finish(mut self) -> Result<(), Error> {
        self.end()?.restore()
    }

    fn end(&mut self) -> Result<Packed, Error> {
        if self.sync.is_some() {
            return Err(Error::OutOfOrder("the database is finished after its sync has ended"));
        }
        self.build_indexes()?;
        self.commit_and_close(|_| Ok(())).map(|(packed, ())| packed)
    }

    fn tally(&mut self, count: impl FnOnce(&mut Tally)) {
        if let Some(tally) = self.sync.as_mut().and_then(|sync| sync.tally.as_mut()) {
            count(tally);
        }
    }

    fn open_sync(&self) -> Result<&OpenSync, Error> {
        self.sync.as_ref().ok_or(NO_SYNC)
    }

    fn write_grant(&mut self, statement: &str, grant: &GrantRow<'_>) -> Result<(), Error> {
        let expansion = grant.expansion.filter(|expansion| expansion::is_usable(expansion));
        if !matches!(self.state, DbState::Grants(_)) {
            self.unpack()?;
        }
        if let Some(sync) = &mut self.sync {
            sync.expands |= expansion.is_some();
        }
        let sync = self.sync.as_ref().ok_or(NO_SYNC)?;
        if let DbState::Grants(loader) = &mut self.state {
            let row = [
                grant.resource_type.into(),
                grant.resource_id.into(),
                grant.entitlement_id.into(),
                grant.principal_type.into(),
                grant.principal_id.into(),
                grant.id.into(),
                expansion.map_or(ValueRef::Null, ValueRef::Blob),
                ValueRef::Integer(expansion.is_some().into()),
                ValueRef::Blob(grant.data),
                sync.id.as_str().into(),
                sync.discovered_at.as_str().into(),
            ];
            return loader.push(&row, None);
        }
        let row = params![
            grant.resource_type,
            grant.resource_id,
            grant.entitlement_id,
            grant.principal_type,
            grant.principal_id,
            grant.id,
            expansion,
            expansion.is_some(),
            grant.data,
            sync.id,
            sync.discovered_at
        ];
        self.insert(statement, row)
    }

    fn insert(&self, statement: &str, row: &[&dyn ToSql]) -> Result<(), Error> {
        let connection = self.metadata_connection()?;
        let run = || connection.prepare_cached(statement)?.execute(row);
        run().at(&self.path).map(|_| ())
    }
}

/// The id under which a resource is stored.
pub(crate) fn resource_external_id(resource_type: &str, id: &str) -> String {
    [resource_type, id].join(":")
}

fn reference(resource: Option<&Resource>) -> (&str, &str) {
    resource
        .and_then(|resource| resource.id.as_ref())
        .map_or(("", ""), |id| (id.resource_type.as_str(), id.resource.as_str()))
}
