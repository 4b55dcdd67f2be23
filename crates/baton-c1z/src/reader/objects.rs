//! Resource types, resources and entitlements.

use baton_proto::Message;
use baton_proto::c1::connector::v2::{Entitlement, Resource, ResourceType};

use super::Reader;
use super::query::Query;
use crate::builder::resource_external_id;
use crate::error::Error;
use crate::schema::{ENTITLEMENTS, RESOURCE_TYPES, RESOURCES};

const COLUMNS: &str = "id, data";

/// Which resources are wanted; all by default.
#[derive(Debug, Clone, Copy, Default)]
pub struct ResourceFilter<'a> {
    /// Only those of this type.
    pub resource_type: Option<&'a str>,
    /// Only the children of the resource of this type and id.
    pub parent: Option<(&'a str, &'a str)>,
}

/// Which entitlements are wanted; all by default.
#[derive(Debug, Clone, Copy, Default)]
pub struct EntitlementFilter<'a> {
    /// Only those on resources of this type.
    pub resource_type: Option<&'a str>,
    /// Only those on the resource of this type and id.
    pub resource: Option<(&'a str, &'a str)>,
}

impl Reader {
    /// The resource types of a sync.
    ///
    /// # Errors
    /// The database cannot be read, or a row of it is damaged. So do all functions that give objects.
    pub fn resource_types(&self, sync: &str) -> Result<Vec<ResourceType>, Error> {
        let mut types = Vec::new();
        let query = Query::select(COLUMNS, RESOURCE_TYPES.name, &sync).in_order();
        self.for_each_row(&query, |row| {
            types.push(self.message(RESOURCE_TYPES.name, row)?);
            Ok::<_, Error>(())
        })?;
        Ok(types)
    }

    /// The resource type of that id.
    ///
    /// # Errors
    /// As [`resource_types`](Self::resource_types).
    pub fn resource_type(&self, sync: &str, id: &str) -> Result<Option<ResourceType>, Error> {
        self.by_id(RESOURCE_TYPES.name, sync, id)
    }

    /// The resource of that type and id.
    ///
    /// # Errors
    /// As [`resource_types`](Self::resource_types).
    pub fn resource(&self, sync: &str, resource_type: &str, id: &str) -> Result<Option<Resource>, Error> {
        self.by_id(RESOURCES.name, sync, &resource_external_id(resource_type, id))
    }

    /// The entitlement of that id.
    ///
    /// # Errors
    /// As [`resource_types`](Self::resource_types).
    pub fn entitlement(&self, sync: &str, id: &str) -> Result<Option<Entitlement>, Error> {
        self.by_id(ENTITLEMENTS.name, sync, id)
    }

    /// Hands the wanted resources of a sync to `each`, one at a time, until it fails.
    ///
    /// # Errors
    /// As [`resource_types`](Self::resource_types), and those of `each`.
    pub fn for_each_resource<E: From<Error>>(
        &self,
        sync: &str,
        filter: ResourceFilter<'_>,
        mut each: impl FnMut(Resource) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut query = Query::select(COLUMNS, RESOURCES.name, &sync);
        if let Some(resource_type) = &filter.resource_type {
            query = query.and("resource_type_id", resource_type);
        }
        if let Some((parent_type, parent)) = &filter.parent {
            query = query.and("parent_resource_type_id", parent_type).and("parent_resource_id", parent);
        }
        self.for_each_row(&query.in_order(), |row| each(self.message(RESOURCES.name, row)?))
    }

    /// Hands the wanted entitlements of a sync to `each`, one at a time, until it fails.
    ///
    /// # Errors
    /// As [`resource_types`](Self::resource_types), and those of `each`.
    pub fn for_each_entitlement<E: From<Error>>(
        &self,
        sync: &str,
        filter: EntitlementFilter<'_>,
        mut each: impl FnMut(Entitlement) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut query = Query::select(COLUMNS, ENTITLEMENTS.name, &sync);
        if let Some(resource_type) = &filter.resource_type {
            query = query.and("resource_type_id", resource_type);
        }
        if let Some((resource_type, resource)) = &filter.resource {
            query = query.and("resource_type_id", resource_type).and("resource_id", resource);
        }
        self.for_each_row(&query.in_order(), |row| each(self.message(ENTITLEMENTS.name, row)?))
    }

    fn by_id<M: Message + Default>(&self, table: &'static str, sync: &str, id: &str) -> Result<Option<M>, Error> {
        let query = Query::select(COLUMNS, table, &sync).and("external_id", &id).in_order();
        self.first(&query, |row| self.message(table, row))
    }
}
