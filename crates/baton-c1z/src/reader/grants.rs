//! Grants.

use baton_proto::any;
use baton_proto::c1::connector::v2::{Entitlement, Grant, GrantExpandable, Resource, ResourceId};
use prost_types::Any;
use rusqlite::Row;

use super::Reader;
use super::query::Query;
use crate::error::{At, Error};
use crate::schema::GRANTS;

const COLUMNS: &str = "id, data, expansion, resource_type_id, resource_id, entitlement_id, principal_resource_type_id, \
                       principal_resource_id";

/// Which grants are wanted, and how; all by default.
#[derive(Debug, Clone, Copy, Default)]
pub struct GrantFilter<'a> {
    /// Only those on resources of this type.
    pub resource_type: Option<&'a str>,
    /// Only those on the resource of this type and id.
    pub resource: Option<(&'a str, &'a str)>,
    /// Only those of this entitlement.
    pub entitlement: Option<&'a str>,
    /// Only those held by the resource of this type and id.
    pub principal: Option<(&'a str, &'a str)>,
    /// Only those held by resources of one of these types; empty means of any.
    pub principal_types: &'a [&'a str],
    /// Whether `GrantExpandable`, which is stored apart, is put back as the last annotation.
    pub with_expandable: bool,
}

impl Reader {
    /// The grant of that id.
    ///
    /// # Errors
    /// As [`resource_types`](Self::resource_types).
    pub fn grant(&self, sync: &str, id: &str) -> Result<Option<Grant>, Error> {
        let query = Query::select(COLUMNS, GRANTS.name, &sync).and("external_id", &id).in_order();
        self.first(&query, |row| self.read_grant(row, false))
    }

    /// Hands the wanted grants of a sync to `each`, one at a time, until it fails.
    ///
    /// Each is what was stored. An entitlement or principal that the writer left out is made up from the columns, with
    /// its ids alone.
    ///
    /// # Errors
    /// As [`resource_types`](Self::resource_types), and those of `each`.
    pub fn for_each_grant<E: From<Error>>(
        &self,
        sync: &str,
        filter: GrantFilter<'_>,
        mut each: impl FnMut(Grant) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut query = Query::select(COLUMNS, GRANTS.name, &sync);
        if let Some(resource_type) = &filter.resource_type {
            query = query.and("resource_type_id", resource_type);
        }
        if let Some((resource_type, resource)) = &filter.resource {
            query = query.and("resource_type_id", resource_type).and("resource_id", resource);
        }
        if let Some(entitlement) = &filter.entitlement {
            query = query.and("entitlement_id", entitlement);
        }
        if let Some((principal_type, principal)) = &filter.principal {
            query = query.and("principal_resource_type_id", principal_type).and("principal_resource_id", principal);
        }
        query = query.and_one_of("principal_resource_type_id", filter.principal_types);
        self.for_each_row(&query.in_order(), |row| each(self.read_grant(row, filter.with_expandable)?))
    }

    fn read_grant(&self, row: &Row<'_>, with_expandable: bool) -> Result<Grant, Error> {
        let mut grant: Grant = self.message(GRANTS.name, row)?;
        let text = |column| row.get::<_, String>(column).at(&self.path);
        let stub = |resource_type, resource| {
            let id = ResourceId { resource_type, resource, ..ResourceId::default() };
            Some(Resource { id: Some(id), ..Resource::default() })
        };
        if grant.entitlement.is_none() {
            let resource = stub(text(3)?, text(4)?);
            grant.entitlement = Some(Entitlement { resource, id: text(5)?, ..Entitlement::default() });
        }
        if grant.principal.is_none() {
            grant.principal = stub(text(6)?, text(7)?);
        }
        if with_expandable && let Some(value) = row.get::<_, Option<Vec<u8>>>(2).at(&self.path)? {
            let type_url = any::pack(&GrantExpandable::default()).type_url;
            grant.annotations.push(Any { type_url, value });
        }
        Ok(grant)
    }
}
