//! `grants`: who has what.

use std::io::Write;
use std::path::Path;

use baton_c1z::GrantFilter;
use baton_proto::c1::connector::v2::{Entitlement, Resource};

use crate::filter::{check_entitlement, check_type, find_resource};
use crate::listing::Listing;
use crate::names::Names;
use crate::output::answer;
use crate::parts::{Parts, push_json};
use crate::store::ids_of;
use crate::table::{Column, TableStream};
use crate::{Error, Format, Options, Store};

const COLUMNS: &[Column] = &[
    Column::text("Principal"),
    Column::text("Type"),
    Column::text("Id"),
    Column::text("Entitlement"),
    Column::text("Resource"),
];

/// Which grants are asked for; all by default. Several conditions must all hold.
#[derive(Debug, Clone, Default)]
pub struct GrantQuery {
    /// `-t`: only those on resources of this type.
    pub resource_type: Option<String>,
    /// `-r`: only those on the resource of this id. Without a type the id must be that of one resource only; `type:id`
    /// is understood too.
    pub resource: Option<String>,
    /// `-e`: only those of the entitlement of this id.
    pub entitlement: Option<String>,
}

/// Lists grants: `baton.v1.GrantListOutput`, or a table.
///
/// What a grant names is looked up. What the sync does not hold is shown with a name that says so.
///
/// # Errors
/// The file cannot be read or does not hold what the query names, or the output cannot be written.
pub fn grants(path: &Path, query: &GrantQuery, options: &Options, out: &mut dyn Write) -> Result<(), Error> {
    answer(path, options, out, |store, out| {
        let resource_type = query.resource_type.as_deref();
        let resource = query.resource.as_ref().map(|id| find_resource(store, resource_type, id)).transpose()?;
        if let Some(resource_type) = resource_type {
            check_type(store, resource_type)?;
        }
        let entitlement = query.entitlement.as_deref();
        if let Some(entitlement) = entitlement {
            check_entitlement(store, entitlement)?;
        }
        let resource = resource.as_ref().map(|(resource_type, id)| (resource_type.as_str(), id.as_str()));
        let filter = GrantFilter { resource_type, resource, entitlement, ..GrantFilter::default() };
        match options.format {
            Format::Console => table(store, filter, options.width, out),
            Format::Json => json(store, filter, out),
        }
    })
}

fn json(store: &Store, filter: GrantFilter<'_>, out: &mut dyn Write) -> Result<(), Error> {
    let (no_entitlement, nobody) = (Entitlement::default(), Resource::default());
    let mut parts = Parts::new(store)?;
    let mut listing = Listing::new(out, "grants");
    let mut entry = String::new();
    store.for_each_grant(filter, |grant| {
        entry.clear();
        entry.push_str("{\"grant\":");
        push_json(&mut entry, &grant, &grant.id)?;
        entry.push(',');
        entry.push_str(&parts.members_of_mentioned(grant.entitlement.as_ref().unwrap_or(&no_entitlement))?);
        entry.push_str(",\"principal\":");
        entry.push_str(&parts.resource(grant.principal.as_ref().unwrap_or(&nobody))?);
        entry.push('}');
        Ok(listing.push(&entry)?)
    })?;
    Ok(listing.finish()?)
}

fn table(store: &Store, filter: GrantFilter<'_>, width: Option<u16>, out: &mut dyn Write) -> Result<(), Error> {
    let (no_entitlement, nobody) = (Entitlement::default(), Resource::default());
    let mut names = Names::new(store);
    let mut table = TableStream::new(out, COLUMNS, width);
    store.for_each_grant(filter, |grant| {
        let entitlement = grant.entitlement.as_ref().unwrap_or(&no_entitlement);
        let (principal_type, principal) = ids_of(grant.principal.as_ref().unwrap_or(&nobody));
        let name = names.resource(principal_type, principal)?;
        let resource = names.resource_of_entitlement(entitlement)?;
        Ok(table.push([&*name, principal_type, principal, &*entitlement.id, &*resource])?)
    })?;
    Ok(table.finish("grant", "grants")?)
}
