//! What the filters of the commands name: found in the file, or a clear error.

use crate::{Error, Store};

/// Makes sure that the resource type is in the file.
pub(crate) fn check_type(store: &Store, id: &str) -> Result<(), Error> {
    let types = store.resource_types()?;
    if types.iter().any(|known| known.id == id) {
        return Ok(());
    }
    let ids: Vec<_> = types.iter().map(|known| terminal_text::line(&known.id)).collect();
    let hint = if ids.is_empty() { "it has none at all".to_owned() } else { format!("it has {}", ids.join(", ")) };
    Err(Error::NotFound { what: "resource type", id: id.to_owned(), hint })
}

/// Makes sure that the entitlement is in the file.
pub(crate) fn check_entitlement(store: &Store, id: &str) -> Result<(), Error> {
    if store.entitlement(id)?.is_some() {
        return Ok(());
    }
    Err(Error::NotFound { what: "entitlement", id: id.to_owned(), hint: "`entitlements` lists them".to_owned() })
}

/// Type and id of the resource that is meant by an id: one of the given type, or, without a type, the only one of that
/// id. `type:id` is understood too.
pub(crate) fn find_resource(store: &Store, resource_type: Option<&str>, id: &str) -> Result<(String, String), Error> {
    if let Some(resource_type) = resource_type {
        check_type(store, resource_type)?;
    }
    let mut found = Vec::new();
    for known in store.resource_types()? {
        if resource_type.is_some_and(|wanted| wanted != known.id) {
            continue;
        }
        let behind_type = id.strip_prefix(&known.id).and_then(|rest| rest.strip_prefix(':'));
        for id in [Some(id), behind_type].into_iter().flatten() {
            if store.resource(&known.id, id)?.is_some() {
                found.push((known.id.clone(), id.to_owned()));
            }
        }
    }
    if found.len() > 1 {
        let types: Vec<_> = found.iter().map(|(resource_type, _)| terminal_text::line(resource_type)).collect();
        return Err(Error::Ambiguous(format!(
            "several resources have the id \"{id}\" (of the types {}): name the type too, with -t",
            types.join(", ")
        )));
    }
    found.pop().ok_or_else(|| {
        let hint = match resource_type {
            Some(resource_type) => format!("`resources -t {resource_type}` lists those of the type"),
            None => "`resources` lists them".to_owned(),
        };
        Error::NotFound { what: "resource", id: id.to_owned(), hint }
    })
}
