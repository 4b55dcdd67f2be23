//! `entitlements`: what can be granted.

use std::io::Write;
use std::path::Path;

use baton_c1z::EntitlementFilter;
use baton_proto::c1::connector::v2::entitlement::PurposeValue;

use crate::filter::{check_type, find_resource};
use crate::listing::Listing;
use crate::names::{Names, word};
use crate::output::answer;
use crate::parts::Parts;
use crate::store::resource_ids_of;
use crate::table::{Column, TableStream};
use crate::{Error, Format, Options, Store};

const COLUMNS: &[Column] = &[
    Column::text("Entitlement"),
    Column::text("Name"),
    Column::text("Resource"),
    Column::text("Type"),
    Column::text("Purpose"),
];

/// Which entitlements are asked for; all by default.
#[derive(Debug, Clone, Default)]
pub struct EntitlementQuery {
    /// `-t`: only those on resources of this type.
    pub resource_type: Option<String>,
    /// `-r`: only those on the resource of this id. Without a type the id must be that of one resource only; `type:id`
    /// is understood too.
    pub resource: Option<String>,
}

/// Lists entitlements: `baton.v1.EntitlementListOutput`, or a table.
///
/// # Errors
/// The file cannot be read or does not hold what the query names, or the output cannot be written.
pub fn entitlements(
    path: &Path,
    query: &EntitlementQuery,
    options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    answer(path, options, out, |store, out| {
        let resource_type = query.resource_type.as_deref();
        let resource = query.resource.as_ref().map(|id| find_resource(store, resource_type, id)).transpose()?;
        if let Some(resource_type) = resource_type {
            check_type(store, resource_type)?;
        }
        let resource = resource.as_ref().map(|(resource_type, id)| (resource_type.as_str(), id.as_str()));
        let filter = EntitlementFilter { resource_type, resource };
        match options.format {
            Format::Console => table(store, filter, options.width, out),
            Format::Json => json(store, filter, out),
        }
    })
}

fn json(store: &Store, filter: EntitlementFilter<'_>, out: &mut dyn Write) -> Result<(), Error> {
    let mut parts = Parts::new(store)?;
    let mut listing = Listing::new(out, "entitlements");
    store.for_each_entitlement(filter, |entitlement| {
        let members = parts.entitlement_members(&entitlement)?;
        Ok(listing.push(&format!("{{{members}}}"))?)
    })?;
    Ok(listing.finish()?)
}

fn table(store: &Store, filter: EntitlementFilter<'_>, width: Option<u16>, out: &mut dyn Write) -> Result<(), Error> {
    let mut names = Names::new(store);
    let mut table = TableStream::new(out, COLUMNS, width);
    store.for_each_entitlement(filter, |entitlement| {
        let (resource_type, id) = resource_ids_of(&entitlement);
        let resource = names.resource(resource_type, id)?;
        let purpose = match entitlement.purpose() {
            PurposeValue::Unspecified => String::new(),
            known => word(known.as_str_name(), "PURPOSE_VALUE_"),
        };
        Ok(table.push([&*entitlement.id, &*entitlement.display_name, &*resource, resource_type, &*purpose])?)
    })?;
    Ok(table.finish("entitlement", "entitlements")?)
}
