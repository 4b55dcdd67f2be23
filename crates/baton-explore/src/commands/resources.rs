//! `resources`: users, groups, applications and whatever else the file holds.

use std::io::Write;
use std::path::Path;

use baton_c1z::ResourceFilter;
use baton_proto::c1::connector::v2::{Resource, ResourceId, status::ResourceStatus};

use crate::filter::check_type;
use crate::listing::Listing;
use crate::names::{Names, name_of, word};
use crate::output::answer;
use crate::parts::{Parts, push_json};
use crate::store::ids_of;
use crate::table::{Column, TableStream};
use crate::{Error, Format, Options, Store};

const COLUMNS: &[Column] =
    &[Column::text("Name"), Column::text("Type"), Column::text("Id"), Column::text("Status"), Column::text("Parent")];

/// Which resources are asked for; all by default.
#[derive(Debug, Clone, Default)]
pub struct ResourceQuery {
    /// `-t`: only those of this type.
    pub resource_type: Option<String>,
}

/// Lists resources: `baton.v1.ResourceListOutput`, or a table.
///
/// # Errors
/// The file cannot be read or does not hold the type, or the output cannot be written.
pub fn resources(path: &Path, query: &ResourceQuery, options: &Options, out: &mut dyn Write) -> Result<(), Error> {
    answer(path, options, out, |store, out| {
        let resource_type = query.resource_type.as_deref();
        if let Some(resource_type) = resource_type {
            check_type(store, resource_type)?;
        }
        let filter = ResourceFilter { resource_type, ..ResourceFilter::default() };
        match options.format {
            Format::Console => table(store, filter, options.width, out),
            Format::Json => json(store, filter, out),
        }
    })
}

fn json(store: &Store, filter: ResourceFilter<'_>, out: &mut dyn Write) -> Result<(), Error> {
    let mut parts = Parts::new(store)?;
    let mut listing = Listing::new(out, "resources");
    let mut entry = String::new();
    store.for_each_resource(filter, |resource| {
        let (resource_type, id) = ids_of(&resource);
        entry.clear();
        entry.push_str("{\"resource\":");
        push_json(&mut entry, &resource, id)?;
        entry.push_str(",\"resourceType\":");
        entry.push_str(&parts.resource_type(resource_type)?);
        if let Some(parent) = parent_of(&resource) {
            entry.push_str(",\"parent\":");
            entry.push_str(&parts.resource_of_id(parent)?);
        }
        entry.push('}');
        Ok(listing.push(&entry)?)
    })?;
    Ok(listing.finish()?)
}

fn table(store: &Store, filter: ResourceFilter<'_>, width: Option<u16>, out: &mut dyn Write) -> Result<(), Error> {
    let mut names = Names::new(store);
    let mut table = TableStream::new(out, COLUMNS, width);
    store.for_each_resource(filter, |resource| {
        let (resource_type, id) = ids_of(&resource);
        let parent = parent_of(&resource).map(|parent| names.resource(&parent.resource_type, &parent.resource));
        let parent = parent.transpose()?.unwrap_or_default();
        Ok(table.push([name_of(&resource), resource_type, id, &status(&resource), &parent])?)
    })?;
    Ok(table.finish("resource", "resources")?)
}

fn parent_of(resource: &Resource) -> Option<&ResourceId> {
    resource.parent_resource_id.as_ref().filter(|parent| !parent.resource.is_empty())
}

/// The status in the words of the source system if it has some, else in ours.
fn status(resource: &Resource) -> String {
    match &resource.status {
        Some(status) if !status.details.is_empty() => status.details.clone(),
        Some(status) if status.status() != ResourceStatus::Unspecified => {
            word(status.status().as_str_name(), "RESOURCE_STATUS_")
        }
        _ => String::new(),
    }
}
