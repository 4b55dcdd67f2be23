//! What has been copied from the file of another connector.

use baton_c1z::{Builder, EntitlementFilter, GrantFilter, Reader};
use baton_connector::{GapKind, build};
use baton_proto::c1::connector::v2::{EntitlementImmutable, Grant, GrantImmutable, ResourceId, ResourceType};
use baton_proto::{Message, Name, any};

use crate::error::SyncError;
use crate::invariants::ExclusionGroups;
use crate::resource_index::ResourceIndex;
use crate::summary::GapCount;

/// What has been copied from the other file.
#[derive(Debug)]
pub(crate) struct Copied<'a> {
    pub(super) sync: &'a str,
    pub(super) reader: Reader,
    pub(super) types: Vec<&'a ResourceType>,
    pub(super) resources: ResourceIndex,
    /// Whether only those were copied who hold a certain entitlement.
    pub(super) is_narrowed: bool,
}

impl Copied<'_> {
    /// Copies the entitlements on the copied resources, and adds them to `groups`.
    pub(crate) fn copy_entitlements(
        &self,
        builder: &mut Builder,
        groups: &mut ExclusionGroups,
    ) -> Result<(), SyncError> {
        for resource_type in &self.types {
            let filter = EntitlementFilter { resource_type: Some(&resource_type.id), resource: None };
            self.reader.for_each_entitlement(self.sync, filter, |mut entitlement| {
                if !self.has(entitlement.resource.as_ref().and_then(|resource| resource.id.as_ref())) {
                    return Ok(());
                }
                mark(&mut entitlement.annotations, &EntitlementImmutable::default());
                groups.add(&resource_type.id, &entitlement.id, &entitlement.encode_to_vec())?;
                builder.put_entitlement(&entitlement).map_err(SyncError::from)
            })?;
        }
        Ok(())
    }

    /// Copies the grants on the copied resources to principals that are copied too, and counts the others.
    pub(crate) fn copy_grants(&self, builder: &mut Builder, gaps: &mut Vec<GapCount>) -> Result<(), SyncError> {
        for resource_type in &self.types {
            let filter = GrantFilter { resource_type: Some(&resource_type.id), ..GrantFilter::default() };
            self.reader.for_each_grant(self.sync, filter, |mut grant| {
                let owner = grant.entitlement.as_ref().and_then(|entitlement| entitlement.resource.as_ref());
                let principal = grant.principal.as_ref();
                let [owner, principal] =
                    [owner, principal].map(|resource| resource.and_then(|resource| resource.id.as_ref()));
                if !self.has(owner) {
                    return Ok(());
                }
                if !self.has(principal) {
                    self.count_skipped(&grant, principal, gaps);
                    return Ok(());
                }
                mark(&mut grant.annotations, &GrantImmutable::default());
                builder.put_whole_grant(&grant).map_err(SyncError::from)
            })?;
        }
        Ok(())
    }

    /// Counts a grant whose principal is not copied: because the operator narrowed the choice, or because the other file
    /// does not hold it.
    fn count_skipped(&self, grant: &Grant, principal: Option<&ResourceId>, gaps: &mut Vec<GapCount>) {
        let (resource_type, id) = principal.map_or(("", ""), |id| (&id.resource_type, &id.resource));
        let is_unwanted = self.is_narrowed || !self.types.iter().any(|of| of.id == resource_type);
        let (kind, why) = match is_unwanted {
            true => (GapKind::LeftOut, "it is not among the principals that are copied from the external file"),
            false => (GapKind::Unresolved, "the external file does not hold it"),
        };
        let entitlement = grant.entitlement.as_ref().map_or("", |entitlement| &entitlement.id);
        let message = format!("grants of {entitlement} to it are left out: {why}");
        GapCount::add(gaps, kind, resource_type, id, &message);
    }

    pub(super) fn has(&self, id: Option<&ResourceId>) -> bool {
        id.is_some_and(|id| self.resources.has(&id.resource_type, &id.resource))
    }
}

/// Adds a mark unless it is there.
pub(super) fn mark<M: Message + Name>(annotations: &mut Vec<prost_types::Any>, mark: &M) {
    if !annotations.iter().any(any::is::<M>) {
        annotations.push(build::annotation(mark));
    }
}
