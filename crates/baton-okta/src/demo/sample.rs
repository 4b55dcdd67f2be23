//! A taste of what is in a file: everything that one interesting person has.

use std::path::Path;

use baton_c1z::{Error, GrantFilter, Reader};
use baton_connector::build;
use baton_proto::any;
use baton_proto::c1::connector::v2::{Grant, GrantMetadata, Resource, ResourceId};
use baton_runtime::Table;
use prost_types::value::Kind;

use crate::ids::{app, group, role, user};
use crate::resources::app_grants::VIA_GROUP;

/// The most lines about one type of resource.
const LINES: usize = 4;

/// What the first user with an admin role has, and through what.
pub(super) fn render(file: &Path) -> Result<String, Error> {
    let reader = Reader::open(file)?;
    let sync = reader.current()?.sync_id;
    let Some(person) = admin(&reader, &sync)? else {
        return Ok(String::new());
    };
    let mut table = Table::of_texts();
    for resource_type in [role::ID, app::ID, group::ID] {
        let mut rows = Vec::new();
        let filter = GrantFilter {
            resource_type: Some(resource_type),
            principal: Some((user::ID, &person.resource)),
            ..GrantFilter::default()
        };
        reader.for_each_grant(&sync, filter, |grant| -> Result<(), Error> {
            rows.push(row(&reader, &sync, &grant)?);
            Ok(())
        })?;
        let more = rows.len().saturating_sub(LINES);
        for [kind, name, through] in rows.into_iter().take(LINES) {
            table.row(&kind, &[name, through]);
        }
        if more > 0 {
            table.row("", &[format!("and {more} more")]);
        }
    }
    let name = display_name(&reader, &sync, &person)?;
    Ok(format!("What {} has\n{table}", terminal_text::line(&name)))
}

/// The first user with a role.
fn admin(reader: &Reader, sync: &str) -> Result<Option<ResourceId>, Error> {
    let mut found = None;
    let filter = GrantFilter { resource_type: Some(role::ID), ..GrantFilter::default() };
    reader.for_each_grant(sync, filter, |grant| -> Result<(), Error> {
        let principal = grant.principal.and_then(|principal| principal.id);
        found = found.take().or_else(|| principal.filter(|id| id.resource_type == user::ID));
        Ok(())
    })?;
    Ok(found)
}

/// Type and name of the resource that a grant is about, and through what the grant is held.
fn row(reader: &Reader, sync: &str, grant: &Grant) -> Result<[String; 3], Error> {
    let entitlement = grant.entitlement.clone().unwrap_or_default();
    let id = entitlement.resource.and_then(|resource| resource.id).unwrap_or_default();
    let kind = reader.resource_type(sync, &id.resource_type)?.map(|kind| kind.display_name).unwrap_or_default();
    let mut through = Vec::new();
    for source in grant.sources.iter().flat_map(|sources| sources.sources.keys()) {
        let resource = reader.entitlement(sync, source)?.and_then(|entitlement| entitlement.resource);
        if let Some(id) = resource.and_then(|resource| resource.id) {
            through.push(format!("through {}", display_name(reader, sync, &id)?));
        }
    }
    if let Some(group) = via_group(grant) {
        through.push(format!("through {}", display_name(reader, sync, &build::resource_id(group::ID, &group))?));
    }
    Ok([kind, display_name(reader, sync, &id)?, through.join(", ")])
}

/// The group through which an application is held.
fn via_group(grant: &Grant) -> Option<String> {
    let mut facts = any::find::<GrantMetadata>(&grant.annotations)?.metadata?.fields;
    match facts.remove(VIA_GROUP)?.kind? {
        Kind::StringValue(group) => Some(group),
        _ => None,
    }
}

fn display_name(reader: &Reader, sync: &str, id: &ResourceId) -> Result<String, Error> {
    let resource: Option<Resource> = reader.resource(sync, &id.resource_type, &id.resource)?;
    Ok(resource
        .map(|resource| resource.display_name)
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| id.resource.clone()))
}

#[cfg(test)]
mod tests {
    use prost_types::{Struct, Value};

    use super::*;

    #[test]
    fn the_group_of_an_application_is_in_the_metadata_of_the_grant() {
        let value = Value { kind: Some(Kind::StringValue("00g1eng".to_owned())) };
        let metadata = Some(Struct { fields: [("c1_okta_via_group".to_owned(), value)].into() });
        let annotations = vec![build::annotation(&GrantMetadata { metadata })];
        let grant = Grant { annotations, ..Grant::default() };
        assert_eq!(via_group(&grant).as_deref(), Some("00g1eng"));
        assert_eq!(via_group(&Grant::default()), None);
    }
}
