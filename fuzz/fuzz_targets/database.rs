//! A database that claims to be one of a `.c1z`: brought up to date, and all that is in it read and written as JSON.
#![no_main]

use baton_c1z::{EntitlementFilter, Error, GrantFilter, Reader, ResourceFilter};
use baton_proto::json::{UnknownAny, append};
use baton_proto::{Message, Name};
use libfuzzer_sys::fuzz_target;

fn write<M: Message + Name>(message: &M) -> Result<(), Error> {
    let _ = append(&mut String::new(), message, UnknownAny::Drop);
    Ok(())
}

fn read(reader: &Reader) -> Result<(), Error> {
    reader.syncs()?;
    let sync = reader.sync_for_lists()?;
    reader.stats(&sync)?;
    reader.resource_types(&sync)?.iter().try_for_each(write)?;
    reader.for_each_resource(&sync, ResourceFilter::default(), |resource| write(&resource))?;
    reader.for_each_entitlement(&sync, EntitlementFilter::default(), |entitlement| write(&entitlement))?;
    let filter = GrantFilter { with_expandable: true, ..GrantFilter::default() };
    reader.for_each_grant(&sync, filter, |grant| write(&grant))
}

fuzz_target!(|data: &[u8]| {
    let (db, _) = fuzz::file(data);
    if let Err(error) = Reader::open_db(&db).and_then(|reader| read(&reader)) {
        assert!(!error.to_string().is_empty());
    }
});
