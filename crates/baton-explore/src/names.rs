//! Names by which people know objects, and those of objects that the sync does not hold, which are those of the `baton`
//! tool.

use std::rc::Rc;

use baton_proto::c1::connector::v2::{Entitlement, Resource};

use crate::cache::Cache;
use crate::store::{ids_of, resource_ids_of};
use crate::{Error, Store};

/// Names that are remembered of resources, and again of entitlements.
const REMEMBERED: usize = 200_000;

/// The names of what is looked up in a file.
pub(crate) struct Names<'s> {
    store: &'s Store,
    resources: Cache<String, Rc<str>>,
    /// The name of the resource that an entitlement is on.
    entitlements: Cache<String, Rc<str>>,
}

impl<'s> Names<'s> {
    pub(crate) fn new(store: &'s Store) -> Self {
        Self { store, resources: Cache::new(REMEMBERED), entitlements: Cache::new(REMEMBERED) }
    }

    /// The name of the resource with that type and id; its id if it has no name.
    pub(crate) fn resource(&mut self, resource_type: &str, id: &str) -> Result<Rc<str>, Error> {
        let key = format!("{resource_type}\0{id}");
        if let Some(name) = self.resources.get(&key) {
            return Ok(name);
        }
        let whole = self.store.resource(resource_type, id)?;
        let name: Rc<str> = match &whole {
            Some(whole) => name_of(whole).into(),
            None if id.is_empty() => "".into(),
            None => missing_resource(resource_type, id).into(),
        };
        self.resources.put(key, name.clone(), 1);
        Ok(name)
    }

    /// The name of the resource that the mentioned entitlement is on.
    pub(crate) fn resource_of_entitlement(&mut self, mention: &Entitlement) -> Result<Rc<str>, Error> {
        if let Some(name) = self.entitlements.get(&mention.id) {
            return Ok(name);
        }
        let whole = self.store.entitlement(&mention.id)?;
        let (resource_type, id) = resource_ids_of(whole.as_ref().unwrap_or(mention));
        let name = self.resource(resource_type, id)?;
        self.entitlements.put(mention.id.clone(), name.clone(), 1);
        Ok(name)
    }
}

/// The name of a resource, or its id if it has none.
pub(crate) fn name_of(resource: &Resource) -> &str {
    if resource.display_name.is_empty() { ids_of(resource).1 } else { &resource.display_name }
}

/// The name of a resource that the sync does not hold.
pub(crate) fn missing_resource(resource_type: &str, id: &str) -> String {
    format!("MISSING RESOURCE ({resource_type}:{id})")
}

/// The name of a resource type that the sync does not hold.
pub(crate) fn missing_resource_type(id: &str) -> String {
    format!("MISSING RESOURCE TYPE ({id})")
}

/// The name of an entitlement that the sync does not hold.
pub(crate) fn missing_entitlement(id: &str) -> String {
    format!("MISSING ENTITLEMENT ({id})")
}

/// An enum value as a word: `TRAIT_LICENSE_PROFILE` without `TRAIT_` is "license profile".
pub(crate) fn word(value: &str, prefix: &str) -> String {
    value.strip_prefix(prefix).unwrap_or(value).replace('_', " ").to_lowercase()
}
