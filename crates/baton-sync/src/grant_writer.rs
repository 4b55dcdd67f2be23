//! Writing the grants of the new file.

use baton_c1z::GrantRow;
use baton_connector::{GapKind, KindSpec, MissingPrincipal};

use crate::canonical_grants::CanonicalGrants;
use crate::codec::{self, WaitingGrant};
use crate::deleted_principals::DeletedPrincipals;
use crate::error::SyncError;
use crate::external::Matching;
use crate::grant_blob::GrantEncoder;
use crate::grant_sink::GrantSink;
use crate::plan::PageColumn;
use crate::resource_index::{GrantEndpoints, Owner, ResourceIndex};
use crate::sealing::Sealing;
use crate::summary::GapCount;

/// Goes through the grants of the plan.
pub(crate) struct GrantWriter<'a, 'b> {
    sealing: &'a Sealing,
    resource_index: &'a ResourceIndex,
    deleted_principals: &'a mut DeletedPrincipals<'b>,
    gaps: &'a mut Vec<GapCount>,
    out: GrantSink<'a>,
    encoder: GrantEncoder,
    /// Those that wait for the principals of another file.
    waiting: Matching,
    /// The grants alone, without their indexes: once they are too many nothing can make up for it.
    bytes: u64,
}

impl<'a, 'b> GrantWriter<'a, 'b> {
    pub(crate) fn new(
        sealing: &'a Sealing,
        resource_index: &'a ResourceIndex,
        deleted_principals: &'a mut DeletedPrincipals<'b>,
        gaps: &'a mut Vec<GapCount>,
        out: GrantSink<'a>,
    ) -> Self {
        let (encoder, waiting) = (GrantEncoder::new(), Matching::default());
        Self { sealing, resource_index, deleted_principals, gaps, out, encoder, waiting, bytes: 0 }
    }

    /// Writes the grants, but for those that wait for the principals of another file.
    pub(crate) fn write_all(mut self) -> Result<Matching, SyncError> {
        let sealing = self.sealing;
        for KindSpec { kind, .. } in sealing.session.schema().kinds {
            let equivalent =
                sealing.session.schema().equivalent_kinds.iter().find(|equivalent| equivalent.contains(kind));
            if equivalent.is_some_and(|equivalent| equivalent.first() != Some(kind)) {
                // Written with the first.
                continue;
            }
            let mut canonical_grants = equivalent.map(|_| CanonicalGrants::default());
            for kind in equivalent.copied().unwrap_or(&[*kind]) {
                sealing.plan.for_each_page(kind, PageColumn::Grants, |blob, reused| {
                    sealing.go_on()?;
                    sealing.refuse_beyond("at least ", self.bytes)?;
                    self.write_page(blob, reused, canonical_grants.as_mut())
                })?;
            }
            if let Some(canonical_grants) = canonical_grants {
                canonical_grants.put(&mut self.out)?;
            }
        }
        Ok(self.waiting)
    }

    /// Writes the grants of a page, or keeps them for later where a kind has equivalents.
    fn write_page(
        &mut self,
        blob: &[u8],
        reused: bool,
        mut canonical_grants: Option<&mut CanonicalGrants>,
    ) -> Result<(), SyncError> {
        // Most grants of a page are on one entitlement, whose resource is looked for once.
        let mut last = None;
        codec::for_each_batch(blob, |batch| {
            let there = self.resource_index.have(batch.iter().map(|grant| (grant.principal_type, grant.principal)));
            for (grant, principal) in batch.iter().zip(there) {
                let of = std::ptr::from_ref(grant.entitlement);
                let owner = match last {
                    Some((last_of, owner)) if last_of == of => owner,
                    _ => Owner::look_up(grant.entitlement, self.resource_index),
                };
                last = Some((of, owner));
                let endpoints = GrantEndpoints { owner, principal };
                let is_deleted = reused && self.deleted_principals.names(grant, endpoints, self.resource_index)?;
                if !is_deleted && self.wants(grant, endpoints) {
                    self.write(grant, canonical_grants.as_deref_mut())?;
                }
            }
            Ok(())
        })
    }

    fn write(
        &mut self,
        grant: &WaitingGrant<'_>,
        canonical_grants: Option<&mut CanonicalGrants>,
    ) -> Result<(), SyncError> {
        let encoded = self.encoder.encode(grant);
        self.bytes += (encoded.id.len() + encoded.data.len()) as u64;
        if let (Some(wish), Some(_)) = (grant.external, &self.sealing.external) {
            return self.waiting.wait(grant, encoded.data, wish);
        }
        if let Some(canonical_grants) = canonical_grants {
            canonical_grants.keep(grant, encoded);
            return Ok(());
        }
        self.out.put(&GrantRow {
            id: encoded.id,
            entitlement_id: &grant.entitlement.id,
            resource_type: &grant.entitlement.resource_type,
            resource_id: &grant.entitlement.resource,
            principal_type: grant.principal_type,
            principal_id: grant.principal,
            data: encoded.data,
            expansion: grant.expandable,
        })
    }

    /// Whether a grant belongs into the file. References into types that are not part of the sync are dropped
    /// silently, they were not asked for; other loose ends are counted.
    fn wants(&mut self, grant: &WaitingGrant<'_>, endpoints: GrantEndpoints) -> bool {
        let Self { sealing, resource_index, gaps, .. } = self;
        let owner = &grant.entitlement;
        if endpoints.owner == Owner::NotSynced
            || !(resource_index.syncs(grant.principal_type) || grant.external.is_some())
        {
            return false;
        }
        if endpoints.owner == Owner::Missing {
            if grant.skip_if_absent {
                return false;
            }
            let message = format!("grants on {} are left out: it is not in this sync", owner.resource);
            GapCount::add(gaps, GapKind::Unresolved, &owner.resource_type, &owner.id, &message);
            return false;
        }
        if endpoints.principal || (grant.external.is_some() && sealing.external.is_some()) {
            return true;
        }
        let policy = match grant.external {
            Some(_) => MissingPrincipal::Keep,
            None => sealing.session.schema().missing_principal(grant.principal_type),
        };
        if sealing.is_partial() && policy == MissingPrincipal::Keep {
            // Principals were not asked for.
            return true;
        }
        let (kind, verb) = match policy {
            MissingPrincipal::Keep => (GapKind::Dangling, "kept, although"),
            MissingPrincipal::Drop => (GapKind::LeftOut, "left out:"),
        };
        let message = format!("grants of {} to it are {verb} it is not in this sync", owner.id);
        GapCount::add(gaps, kind, grant.principal_type, grant.principal, &message);
        policy == MissingPrincipal::Keep
    }
}
