//! `resource-types`: the kinds of objects that the file holds.

use std::io::Write;
use std::path::Path;

use baton_proto::c1::connector::v2::ResourceType;
use baton_proto::c1::connector::v2::resource_type::Trait;

use crate::listing::Listing;
use crate::names::word;
use crate::output::answer;
use crate::parts::push_json;
use crate::table::{Column, TableStream};
use crate::{Error, Format, Options, Store};

const COLUMNS: &[Column] = &[Column::text("Id"), Column::text("Name"), Column::text("Traits")];

/// Lists the resource types: `baton.v1.ResourceTypeListOutput`, or a table.
///
/// # Errors
/// The file cannot be read, or the output not be written.
pub fn resource_types(path: &Path, options: &Options, out: &mut dyn Write) -> Result<(), Error> {
    answer(path, options, out, |store, out| match options.format {
        Format::Console => table(store, options.width, out),
        Format::Json => json(store, out),
    })
}

fn json(store: &Store, out: &mut dyn Write) -> Result<(), Error> {
    let mut listing = Listing::new(out, "resourceTypes");
    for resource_type in store.resource_types()? {
        let mut entry = String::from("{\"resourceType\":");
        push_json(&mut entry, &resource_type, &resource_type.id)?;
        entry.push('}');
        listing.push(&entry)?;
    }
    Ok(listing.finish()?)
}

fn table(store: &Store, width: Option<u16>, out: &mut dyn Write) -> Result<(), Error> {
    let mut table = TableStream::new(out, COLUMNS, width);
    for resource_type in store.resource_types()? {
        table.push([&*resource_type.id, &*resource_type.display_name, &*traits(&resource_type)])?;
    }
    Ok(table.finish("resource type", "resource types")?)
}

fn traits(resource_type: &ResourceType) -> String {
    let words: Vec<_> = resource_type.traits().map(|known: Trait| word(known.as_str_name(), "TRAIT_")).collect();
    words.join(", ")
}
