//! An open file and the one sync of it that is shown.

use std::path::Path;

use baton_c1z::envelope::Limits;
use baton_c1z::{EntitlementFilter, GrantFilter, Reader, ResourceFilter, Stats, SyncRun, SystemId};
use baton_proto::c1::connector::v2::{Entitlement, Grant, Resource, ResourceType};

use crate::Error;

/// A `.c1z` file, opened for reading.
///
/// Lists come one object at a time, in the order in which they were written.
#[derive(Debug)]
pub struct Store {
    reader: Reader,
    sync: String,
    /// Somebody asked for this sync by its id.
    is_named: bool,
}

impl Store {
    /// Opens the file at its latest finished sync of any type. Without one, an unfinished sync of the last seven days
    /// is shown, or rows that belong to no sync, as in the reference tool.
    ///
    /// # Errors
    /// The file cannot be opened, or there is nothing in it.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::open_at(path, None, None)
    }

    /// The same, unpacking the file in `temp_dir` instead of the system's temporary folder, and at the sync of that id
    /// instead of the latest, whether it is finished or not.
    ///
    /// # Errors
    /// As [`open`](Self::open); the folder cannot be written, or the file does not hold that sync.
    pub fn open_at(path: &Path, temp_dir: Option<&Path>, sync: Option<&str>) -> Result<Self, Error> {
        let reader = match temp_dir {
            Some(temp_dir) => Reader::open_with(path, &Limits::from_env(), temp_dir)?,
            None => Reader::open(path)?,
        };
        if let Some(id) = sync {
            let sync = named(&reader, id)?;
            return Ok(Self { reader, sync, is_named: true });
        }
        let sync = reader.sync_for_lists()?;
        if sync.is_empty() && reader.resource_types(&sync)?.is_empty() {
            // Says that there is none.
            reader.current()?;
        }
        Ok(Self { reader, sync, is_named: false })
    }

    /// The sync that was named; else the finished one that ended last.
    ///
    /// # Errors
    /// There is none, or the file cannot be read.
    pub fn sync_run(&self) -> Result<SyncRun, Error> {
        Ok(if self.is_named { self.reader.sync(&self.sync)? } else { self.reader.current()? })
    }

    /// The system that the sync has read, if its writer has noted it.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn system(&self) -> Result<Option<SystemId>, Error> {
        Ok(self.reader.system(&self.sync)?)
    }

    /// How much the sync holds.
    ///
    /// # Errors
    /// The file cannot be read. So do all functions below.
    pub fn stats(&self) -> Result<Stats, Error> {
        Ok(self.reader.stats(&self.sync)?)
    }

    /// The resource types.
    ///
    /// # Errors
    /// As [`stats`](Self::stats).
    pub fn resource_types(&self) -> Result<Vec<ResourceType>, Error> {
        Ok(self.reader.resource_types(&self.sync)?)
    }

    /// One resource.
    ///
    /// # Errors
    /// As [`stats`](Self::stats).
    pub fn resource(&self, resource_type: &str, id: &str) -> Result<Option<Resource>, Error> {
        Ok(self.reader.resource(&self.sync, resource_type, id)?)
    }

    /// One entitlement.
    ///
    /// # Errors
    /// As [`stats`](Self::stats).
    pub fn entitlement(&self, id: &str) -> Result<Option<Entitlement>, Error> {
        Ok(self.reader.entitlement(&self.sync, id)?)
    }

    /// Hands over the wanted resources until `each` fails.
    ///
    /// # Errors
    /// As [`stats`](Self::stats), and those of `each`.
    pub fn for_each_resource(
        &self,
        filter: ResourceFilter<'_>,
        each: impl FnMut(Resource) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.reader.for_each_resource(&self.sync, filter, each)
    }

    /// Hands over the wanted entitlements until `each` fails.
    ///
    /// # Errors
    /// As [`stats`](Self::stats), and those of `each`.
    pub fn for_each_entitlement(
        &self,
        filter: EntitlementFilter<'_>,
        each: impl FnMut(Entitlement) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.reader.for_each_entitlement(&self.sync, filter, each)
    }

    /// Hands over the wanted grants until `each` fails. Entitlement and principal of each may be mere ids.
    ///
    /// # Errors
    /// As [`stats`](Self::stats), and those of `each`.
    pub fn for_each_grant(
        &self,
        filter: GrantFilter<'_>,
        each: impl FnMut(Grant) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.reader.for_each_grant(&self.sync, filter, each)
    }
}

/// The id of a sync, if the file holds it.
fn named(reader: &Reader, id: &str) -> Result<String, Error> {
    let syncs = reader.syncs()?;
    if syncs.iter().any(|run| run.sync_id == id) {
        return Ok(id.to_owned());
    }
    let known = syncs.iter().map(|run| {
        let ended = run.ended_at.map_or_else(
            || "unfinished".to_owned(),
            |ended_at| format!("ended {}", ended_at.strftime("%Y-%m-%d %H:%M:%S")),
        );
        terminal_text::line(&format!("{} ({}, {ended})", run.sync_id, run.sync_type)).into_owned()
    });
    let known: Vec<_> = known.collect();
    let hint = if known.is_empty() { "it has none at all".to_owned() } else { format!("it has {}", known.join(", ")) };
    Err(Error::NotFound { what: "sync", id: id.to_owned(), hint })
}

/// Type and id of a resource, empty where they are not given.
pub(crate) fn ids_of(resource: &Resource) -> (&str, &str) {
    resource.id.as_ref().map_or(("", ""), |id| (&id.resource_type, &id.resource))
}

/// Type and id of the resource that an entitlement is on, empty where they are not given.
pub(crate) fn resource_ids_of(entitlement: &Entitlement) -> (&str, &str) {
    entitlement.resource.as_ref().map_or(("", ""), ids_of)
}
