//! JSON texts of the objects that others refer to, remembered while they are of use: of a million grants most
//! name an entitlement or a principal that was just named.

use std::collections::HashMap;
use std::rc::Rc;

use baton_proto::c1::connector::v2::{Entitlement, Resource, ResourceId, ResourceType};
use baton_proto::json::{self, UnknownAny};
use baton_proto::{Message, Name};

use crate::cache::Cache;
use crate::store::{ids_of, resource_ids_of};
use crate::{Error, Store, names};

/// Bytes of JSON that are remembered of resources, and again of entitlements.
const REMEMBERED: usize = 64 << 20;

/// Appends a message as JSON. Annotations of unknown type are left out. `id` says in an error which object it was.
pub(crate) fn push_json<M: Message + Name>(text: &mut String, message: &M, id: &str) -> Result<(), Error> {
    json::append(text, message, UnknownAny::Drop)
        .map_err(|source| Error::Json { what: format!("the {} \"{id}\"", M::NAME.to_lowercase()), source })
}

/// The JSON of what is looked up in a file.
pub(crate) struct Parts<'s> {
    store: &'s Store,
    types: HashMap<String, Rc<str>>,
    resources: Cache<String, Rc<str>>,
    entitlements: Cache<String, Rc<str>>,
}

impl<'s> Parts<'s> {
    pub(crate) fn new(store: &'s Store) -> Result<Self, Error> {
        let mut types = HashMap::new();
        for resource_type in store.resource_types()? {
            let mut text = String::new();
            push_json(&mut text, &resource_type, &resource_type.id)?;
            types.insert(resource_type.id, text.into());
        }
        Ok(Self { store, types, resources: Cache::new(REMEMBERED), entitlements: Cache::new(REMEMBERED) })
    }

    /// The resource type of that id; one with a name that says so if the sync does not hold it.
    pub(crate) fn resource_type(&mut self, id: &str) -> Result<Rc<str>, Error> {
        if let Some(text) = self.types.get(id) {
            return Ok(text.clone());
        }
        let display_name = if id.is_empty() { String::new() } else { names::missing_resource_type(id) };
        let mut text = String::new();
        push_json(&mut text, &ResourceType { id: id.to_owned(), display_name, ..ResourceType::default() }, id)?;
        let text: Rc<str> = text.into();
        self.types.insert(id.to_owned(), text.clone());
        Ok(text)
    }

    /// The resource with the id of `mention`; one with a name that says so if the sync does not hold it.
    pub(crate) fn resource(&mut self, mention: &Resource) -> Result<Rc<str>, Error> {
        let (resource_type, id) = ids_of(mention);
        let key = format!("{resource_type}\0{id}");
        if let Some(text) = self.resources.get(&key) {
            return Ok(text);
        }
        let whole = self.store.resource(resource_type, id)?.unwrap_or_else(|| Resource {
            id: mention.id.clone(),
            display_name: if id.is_empty() { String::new() } else { names::missing_resource(resource_type, id) },
            ..Resource::default()
        });
        let mut text = String::new();
        push_json(&mut text, &whole, id)?;
        let text: Rc<str> = text.into();
        self.resources.put(key, text.clone(), text.len());
        Ok(text)
    }

    /// The resource that is mentioned by id.
    pub(crate) fn resource_of_id(&mut self, id: &ResourceId) -> Result<Rc<str>, Error> {
        self.resource(&Resource { id: Some(id.clone()), ..Resource::default() })
    }

    /// The members `entitlement`, `resource` and `resourceType` of an entitlement with its resource.
    pub(crate) fn entitlement_members(&mut self, entitlement: &Entitlement) -> Result<String, Error> {
        self.members(entitlement, entitlement)
    }

    /// [`Self::entitlement_members`] of the entitlement with the id of `mention`. If the sync does not hold it, it is one
    /// with a name that says so, beside the resource of the mention.
    pub(crate) fn members_of_mentioned(&mut self, mention: &Entitlement) -> Result<Rc<str>, Error> {
        if let Some(text) = self.entitlements.get(&mention.id) {
            return Ok(text);
        }
        let id = &mention.id;
        let text: Rc<str> = match self.store.entitlement(id)? {
            Some(whole) => self.entitlement_members(&whole)?.into(),
            None => {
                let display_name = if id.is_empty() { String::new() } else { names::missing_entitlement(id) };
                let missing = Entitlement { id: id.clone(), display_name, ..Entitlement::default() };
                self.members(&missing, mention)?.into()
            }
        };
        self.entitlements.put(id.clone(), text.clone(), text.len());
        Ok(text)
    }

    /// The members of `entitlement`, which is on the resource that `mention` names.
    fn members(&mut self, entitlement: &Entitlement, mention: &Entitlement) -> Result<String, Error> {
        let mut text = String::from("\"entitlement\":");
        push_json(&mut text, entitlement, &entitlement.id)?;
        let nothing = Resource::default();
        text.push_str(",\"resource\":");
        text.push_str(&self.resource(mention.resource.as_ref().unwrap_or(&nothing))?);
        text.push_str(",\"resourceType\":");
        text.push_str(&self.resource_type(resource_ids_of(mention).0)?);
        Ok(text)
    }
}
