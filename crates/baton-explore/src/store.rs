//! An open file and the one sync of it that is shown.

use std::path::Path;

use baton_c1z::envelope::Limits;
use baton_c1z::{EntitlementFilter, GrantFilter, Reader, ResourceFilter, Stats, SyncRun};
use baton_proto::c1::connector::v2::{Entitlement, Grant, Resource, ResourceType};

use crate::Error;

/// A `.c1z` file, opened for reading.
///
/// Lists come one object at a time, in the order in which they were written.
#[derive(Debug)]
pub struct Store {
    reader: Reader,
    sync: String,
}

impl Store {
    /// Opens the file at its latest finished sync of any type. Without one, an unfinished sync of the last seven days
    /// is shown, or rows that belong to no sync, as in the reference tool.
    ///
    /// # Errors
    /// The file cannot be opened, or there is nothing in it.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::open_in(path, None)
    }

    /// The same, unpacking the file in `temp_dir` instead of the system's temporary folder.
    ///
    /// # Errors
    /// As [`open`](Self::open); the folder cannot be written.
    pub fn open_in(path: &Path, temp_dir: Option<&Path>) -> Result<Self, Error> {
        let reader = match temp_dir {
            Some(temp_dir) => Reader::open_with(path, &Limits::from_env(), temp_dir)?,
            None => Reader::open(path)?,
        };
        let sync = reader.sync_for_lists()?;
        if sync.is_empty() && reader.resource_types(&sync)?.is_empty() {
            // Says that there is none.
            reader.current()?;
        }
        Ok(Self { reader, sync })
    }

    /// The finished sync that ended last.
    ///
    /// # Errors
    /// There is none, or the file cannot be read.
    pub fn finished_sync(&self) -> Result<SyncRun, Error> {
        Ok(self.reader.current()?)
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

/// Type and id of a resource, empty where they are not given.
pub(crate) fn ids_of(resource: &Resource) -> (&str, &str) {
    resource.id.as_ref().map_or(("", ""), |id| (&id.resource_type, &id.resource))
}

/// Type and id of the resource that an entitlement is on, empty where they are not given.
pub(crate) fn resource_ids_of(entitlement: &Entitlement) -> (&str, &str) {
    entitlement.resource.as_ref().map_or(("", ""), ids_of)
}
