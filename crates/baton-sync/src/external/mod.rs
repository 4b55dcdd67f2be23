//! The principals of another connector (`docs/spec/connector-runtime.md` 6.9).
//!
//! The other connector's file gives its users and groups, or what else is wanted, with their entitlements and grants;
//! they are copied into this sync and marked as not its own. Then the grants that were waiting for one of them are given
//! to those who match (`matching`). Rows go from file to file one by one: neither may be larger than memory allows.

mod copied;
mod matching;

use std::path::PathBuf;

use baton_c1z::envelope::{self, Limits};
use baton_c1z::{Builder, GrantFilter, Reader, ResourceFilter, SyncType};
use baton_connector::TypeSpec;
use baton_proto::c1::connector::v2::resource_type::Trait;
use baton_proto::c1::connector::v2::{BatonId, ResourceType};

use crate::error::SyncError;
use crate::resource_index::ResourceIndex;
use crate::workdir::WorkDir;
use copied::{Copied, mark};
pub(crate) use matching::Matching;

/// The file of another connector whose principals hold grants here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalFile {
    /// The `.c1z`.
    pub path: PathBuf,
    /// Only those who hold this entitlement there; all if `None`.
    pub entitlement: Option<String>,
    /// Only resources with one of these traits; empty means users and groups.
    pub traits: Vec<Trait>,
}

/// The trait that an operator named: `app` or `TRAIT_APP`, in whatever case.
#[must_use]
pub fn parse_trait(name: &str) -> Option<Trait> {
    let name = name.trim().to_ascii_uppercase();
    let full = if name.starts_with("TRAIT_") { name } else { format!("TRAIT_{name}") };
    Trait::from_str_name(&full).filter(|of| *of != Trait::Unspecified)
}

/// The other file, opened and found good.
#[derive(Debug)]
pub(crate) struct External {
    db: PathBuf,
    /// The sync in it that counts.
    sync: String,
    /// Its resource types that have a wanted trait.
    types: Vec<ResourceType>,
    /// Only those who hold this.
    entitlement: Option<String>,
}

/// Opens the file of the other connector, before anything is asked of this one's source.
pub(crate) async fn open(file: &ExternalFile, work_dir: &WorkDir) -> Result<External, SyncError> {
    let (file, db) = (file.clone(), work_dir.external());
    match tokio::task::spawn_blocking(move || open_now(&file, db)).await {
        Ok(result) => result,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

fn open_now(file: &ExternalFile, db: PathBuf) -> Result<External, SyncError> {
    let unusable = |what: String| {
        let hint = "name the file of a finished sync of the connector that knows the principals";
        SyncError::External(format!("the external file {} {what}\nhint: {hint}", file.path.display()))
    };
    envelope::decode(&file.path, &db, &Limits::from_env())
        .map_err(|error| unusable(format!("cannot be used: {error}")))?;
    let reader = Reader::open_db(&db).map_err(|error| unusable(format!("cannot be used: {error}")))?;
    let run = match reader.latest_finished(Some(SyncType::Full))? {
        Some(run) => Some(run),
        None => reader.latest_finished(Some(SyncType::ResourcesOnly))?,
    };
    let Some(run) = run else {
        return Err(unusable("holds no finished sync of everything".to_owned()));
    };
    let sync = run.sync_id;
    if let Some(entitlement) = &file.entitlement
        && reader.entitlement(&sync, entitlement)?.is_none()
    {
        return Err(unusable(format!("does not hold the entitlement {entitlement}")));
    }
    let usual = [Trait::User, Trait::Group];
    let wanted = if file.traits.is_empty() { &usual[..] } else { &file.traits };
    let is_wanted =
        |resource_type: &ResourceType| wanted.iter().any(|of| resource_type.traits.contains(&i32::from(*of)));
    let types: Vec<_> = reader.resource_types(&sync)?.into_iter().filter(is_wanted).collect();
    if types.is_empty() {
        let wanted: Vec<_> = wanted.iter().map(Trait::as_str_name).collect();
        return Err(unusable(format!("has no resource type with the trait {}", wanted.join(" or "))));
    }
    Ok(External { db, sync, types, entitlement: file.entitlement.clone() })
}

impl External {
    /// Ids and types of what it can give.
    pub(crate) fn types(&self) -> &[ResourceType] {
        &self.types
    }

    /// Copies types and resources into the open sync; `own` are the types that are there already. `present` learns of
    /// every resource that is copied.
    pub(crate) fn copy_resources(
        &self,
        builder: &mut Builder,
        own: &[&TypeSpec],
        resource_index: &mut ResourceIndex,
    ) -> Result<Copied<'_>, SyncError> {
        let reader = Reader::open_db(&self.db)?;
        let chosen = self.chosen(&reader)?;
        let types = self.types.iter().filter(|of| chosen.as_ref().is_none_or(|chosen| chosen.count(&of.id) > 0));
        let types: Vec<_> = types.collect();
        let mut resources = ResourceIndex::new(types.iter().copied());
        for resource_type in &types {
            let id = resource_type.id.as_str();
            resource_index.include(id);
            if !own.iter().any(|own| own.id() == id) {
                builder.put_resource_type(resource_type)?;
            }
            let filter = ResourceFilter { resource_type: Some(id), parent: None };
            reader.for_each_resource(&self.sync, filter, |mut resource| {
                let resource_id = resource.id.as_ref().map_or("", |id| id.resource.as_str());
                if chosen.as_ref().is_some_and(|chosen| !chosen.has(id, resource_id)) {
                    return Ok(());
                }
                resources.add(id, resource_id);
                resource_index.add(id, resource_id);
                mark(&mut resource.annotations, &BatonId::default());
                builder.put_resource(&resource).map_err(SyncError::from)
            })?;
        }
        Ok(Copied { sync: &self.sync, reader, types, resources, is_narrowed: chosen.is_some() })
    }

    /// Those who hold the entitlement that the operator named; `None` means all.
    fn chosen(&self, reader: &Reader) -> Result<Option<ResourceIndex>, SyncError> {
        let Some(entitlement) = &self.entitlement else {
            return Ok(None);
        };
        let mut chosen = ResourceIndex::new(&self.types);
        let filter = GrantFilter { entitlement: Some(entitlement), ..GrantFilter::default() };
        reader.for_each_grant(&self.sync, filter, |grant| {
            if let Some(id) = grant.principal.and_then(|principal| principal.id) {
                chosen.add(&id.resource_type, &id.resource);
            }
            Ok::<_, SyncError>(())
        })?;
        Ok(Some(chosen))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traits_are_named_in_short_or_in_full() {
        for (name, of) in [
            ("app", Some(Trait::App)),
            ("TRAIT_APP", Some(Trait::App)),
            (" trait_Managed_Device", Some(Trait::ManagedDevice)),
            ("User", Some(Trait::User)),
            ("unspecified", None),
            ("robot", None),
            ("", None),
        ] {
            assert_eq!(parse_trait(name), of, "{name}");
        }
    }
}
