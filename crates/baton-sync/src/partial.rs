//! Partial syncs: some resources that the operator named, with what belongs to them (`docs/spec/c1z-format.md` 16.1).
//!
//! The plan begins with one piece of work for each named resource. What the grants of a page are about, and is not named
//! itself, is read too, by work that is committed with that page: a file never holds a grant on something that it does
//! not show.

use std::collections::HashSet;

use baton_connector::{
    Gap, GapKind, GrantDraft, MissingPrincipal, Options, ResourceBid, ResourceRef, SyncSession, TypeSpec, Work,
};

use crate::error::SyncError;

/// What a partial sync is to contain.
#[derive(Debug)]
pub(crate) struct Partial {
    options: Options,
    /// The ids of the resource types of the sync.
    types: Vec<String>,
}

impl Partial {
    /// The partial sync that `options` ask for, if they do. `types` are the ids of its resource types.
    pub(crate) fn from_options(options: &Options, types: Vec<String>) -> Option<Self> {
        options.is_partial().then(|| Self { options: options.clone(), types })
    }

    /// The work with which it begins, and what cannot be read.
    pub(crate) fn start(&self, session: &dyn SyncSession) -> (Vec<Work>, Vec<Gap>) {
        let (mut works, mut gaps, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
        for target in self.options.resources.iter().filter(|target| seen.insert(&target.resource)) {
            let ResourceRef { resource_type, id } = &target.resource;
            match session.work_for_resource(target) {
                Some(work) => works.push(work),
                None => gaps.push(Gap {
                    kind: GapKind::Unmappable,
                    resource_type: resource_type.clone(),
                    id: id.clone(),
                    message: format!("{target} is left out: resources of this type cannot be read one by one"),
                }),
            }
        }
        (works, gaps)
    }

    /// The work that reads what `grants` are about: the resources on which they are, and those of their principals that
    /// may have been left out on purpose, because only then is it known whether the grant belongs into the file.
    pub(crate) fn named_by(&self, session: &dyn SyncSession, grants: &[GrantDraft]) -> Vec<Work> {
        let mut seen = HashSet::new();
        let mut works = Vec::new();
        let mut name = |resource_type: &str, id: &str| {
            let resource = ResourceRef::new(resource_type, id);
            if self.types.iter().any(|known| known == resource_type) && seen.insert(resource.clone()) {
                works.extend(session.work_for_resource(&ResourceBid { resource, parent: None }));
            }
        };
        for grant in grants {
            let (owner, principal) = (&grant.entitlement, &grant.principal);
            name(&owner.resource_type, &owner.resource);
            if grant.external.is_none()
                && session.schema().missing_principal(principal.resource_type) == MissingPrincipal::Drop
            {
                name(principal.resource_type, &principal.id);
            }
        }
        works
    }
}

/// Refuses resources whose type is not one of `known`.
pub(crate) fn check(options: &Options, known: &[TypeSpec]) -> Result<(), SyncError> {
    let is_known = |target: &&ResourceBid| known.iter().any(|known| known.id() == target.resource.resource_type);
    let Some(unknown) = options.resources.iter().find(|target| !is_known(target)) else {
        return Ok(());
    };
    let known: Vec<_> = known.iter().map(TypeSpec::id).collect();
    Err(SyncError::Invalid(format!(
        "cannot sync {unknown}: there is no resource type '{}'\nhint: this configuration has {}",
        unknown.resource.resource_type,
        known.join(", ")
    )))
}
