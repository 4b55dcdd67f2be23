//! Making the file: the pages of the plan become the tables of a `.c1z`, in an order that depends on what was read and
//! not on when it arrived.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use baton_c1z::envelope::DEFAULT_LEVEL;
use baton_c1z::{Builder, GrantRow, NewSync, SyncType};
use baton_connector::{GapKind, Missing, Source};
use baton_proto::c1::connector::v2::ResourceType;
use tokio_util::sync::CancellationToken;

use crate::codec::{self, Object, WaitingGrant};
use crate::config::SyncConfig;
use crate::error::SyncError;
use crate::expand;
use crate::grant_blob::GrantEncoder;
use crate::guard;
use crate::observe::{Event, Observer};
use crate::plan::{Identity, PageColumn, Plan};
use crate::present::Present;
use crate::previous::Previous;
use crate::summary::{GapCount, TypeCount};

/// What sealing works on. It owns everything, because it runs on a thread that may block.
pub(crate) struct Sealing {
    pub plan: Plan,
    pub source: Arc<dyn Source>,
    pub identity: Identity,
    pub sync_type: SyncType,
    /// The types of this sync, in stored order.
    pub types: Vec<ResourceType>,
    /// The file that is replaced.
    pub previous: Previous,
    /// Where the new database is made.
    pub build: PathBuf,
    pub config: SyncConfig,
    pub observer: Arc<dyn Observer>,
    pub cancel: CancellationToken,
}

/// What sealing found and made.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub types: Vec<TypeCount>,
    pub gaps: Vec<GapCount>,
    pub file_bytes: u64,
}

impl Sealing {
    /// Makes the file and replaces the target.
    pub(crate) fn run(&self) -> Result<Sealed, SyncError> {
        let mut builder = Builder::create(&self.build)?;
        if let Some(previous) = &self.previous.db
            && !self.previous.keep.is_empty()
        {
            self.step("keeping the previous sync")?;
            builder.carry_over(previous, &self.previous.keep)?;
        }
        let sync_id = &self.identity.sync_id;
        builder.begin_sync(&NewSync {
            sync_id,
            sync_type: self.sync_type,
            started_at: self.identity.started_at,
            parent_sync_id: "",
        })?;
        let mut gaps = self.plan.gaps()?;
        self.step("writing resources")?;
        for resource_type in &self.types {
            builder.put_resource_type(resource_type)?;
        }
        let present = self.put_objects(&mut builder, &mut gaps)?;
        if !self.config.allow_shrink {
            let (source, before) = (self.source.as_ref(), &self.previous.before);
            guard::against_loss(source, &self.types, before, |id| present.count(id), &self.config.target)?;
        }
        self.step("writing grants")?;
        self.put_grants(&mut builder, &present, &mut gaps)?;
        drop(present);
        if self.config.strict {
            guard::completeness(&gaps, &self.config.target)?;
        }
        self.step("building indexes")?;
        builder.build_indexes()?;
        self.step("expanding grants")?;
        let expanded = expand::expand(&mut builder, sync_id)?;
        let stats = builder.end_sync(jiff::Timestamp::now(), &token(expanded > 0))?;
        builder.finish()?;
        self.step("compressing")?;
        let file_bytes = baton_c1z::envelope::seal(&self.build, &self.config.target, DEFAULT_LEVEL)?;
        Ok(Sealed { types: self.count(&stats), gaps, file_bytes })
    }

    /// Says what comes next; stops here if the sync was cancelled.
    fn step(&self, step: &'static str) -> Result<(), SyncError> {
        self.observer.event(&Event::Sealing { step });
        self.go_on()
    }

    fn go_on(&self) -> Result<(), SyncError> {
        if self.cancel.is_cancelled() {
            // The caller knows what is kept and fills it in.
            return Err(SyncError::Cancelled { kept: 0, work: self.build.clone() });
        }
        Ok(())
    }

    fn put_objects(&self, builder: &mut Builder, gaps: &mut Vec<GapCount>) -> Result<Present, SyncError> {
        let mut present = Present::new(&self.types);
        for (kind, _) in self.source.kinds() {
            self.go_on()?;
            self.plan.for_each_page(kind, PageColumn::Objects, |blob| {
                codec::for_each_object(blob, |object| match object {
                    Object::Resource { resource_type, id, .. } | Object::Entitlement { resource_type, id, .. }
                        if id.is_empty() =>
                    {
                        let message = "an object without an id cannot be stored";
                        GapCount::add(gaps, GapKind::Unmappable, resource_type, "", message);
                        Ok(())
                    }
                    Object::Resource { resource_type, id, parent, data } => {
                        if present.add(resource_type, id) {
                            builder.put_resource_row(resource_type, id, parent, data)?;
                        }
                        Ok(())
                    }
                    Object::Entitlement { resource_type, resource, id, data } => {
                        if present.has(resource_type, resource) {
                            builder.put_entitlement_row(resource_type, resource, id, data)?;
                        }
                        Ok(())
                    }
                })
            })?;
        }
        Ok(present)
    }

    fn put_grants(&self, builder: &mut Builder, present: &Present, gaps: &mut Vec<GapCount>) -> Result<(), SyncError> {
        let mut encoder = GrantEncoder::new();
        for (kind, _) in self.source.kinds() {
            self.plan.for_each_page(kind, PageColumn::Grants, |blob| {
                self.go_on()?;
                codec::for_each_grant(blob, |grant| {
                    if !self.wants(grant, present, gaps) {
                        return Ok(());
                    }
                    let encoded = encoder.encode(grant);
                    builder.put_grant(&GrantRow {
                        id: encoded.id,
                        entitlement_id: &grant.entitlement.id,
                        resource_type: &grant.entitlement.resource_type,
                        resource_id: &grant.entitlement.resource,
                        principal_type: grant.principal_type,
                        principal_id: grant.principal,
                        data: encoded.data,
                        expansion: grant.expandable,
                    })?;
                    Ok(())
                })
            })?;
        }
        Ok(())
    }

    /// Whether a grant belongs into the file. References into types that are not part of the sync are dropped
    /// silently, they were not asked for; other loose ends are counted.
    fn wants(&self, grant: &WaitingGrant<'_>, present: &Present, gaps: &mut Vec<GapCount>) -> bool {
        let owner = &grant.entitlement;
        if !present.syncs(&owner.resource_type) || !present.syncs(grant.principal_type) {
            return false;
        }
        if !present.has(&owner.resource_type, &owner.resource) {
            let message = format!("grants on {} are left out: it is not in this sync", owner.resource);
            GapCount::add(gaps, GapKind::Dangling, &owner.resource_type, &owner.id, &message);
            return false;
        }
        if present.has(grant.principal_type, grant.principal) {
            return true;
        }
        let policy = self.source.missing_principal(grant.principal_type);
        let (kind, verb) = match policy {
            Missing::Keep => (GapKind::Dangling, "kept, although"),
            Missing::Drop => (GapKind::LeftOut, "left out:"),
        };
        let message = format!("grants of {} to it are {verb} it is not in this sync", owner.id);
        GapCount::add(gaps, kind, grant.principal_type, grant.principal, &message);
        policy == Missing::Keep
    }

    fn count(&self, stats: &baton_c1z::Stats) -> Vec<TypeCount> {
        let of = |counts: &BTreeMap<String, i64>, id: &str| {
            counts.get(id).copied().and_then(|count| u64::try_from(count).ok()).unwrap_or(0)
        };
        let count = |resource_type: &ResourceType| TypeCount {
            id: resource_type.id.clone(),
            display_name: resource_type.display_name.clone(),
            resources: of(&stats.resources_by_resource_type, &resource_type.id),
            entitlements: of(&stats.entitlements_by_resource_type, &resource_type.id),
            grants: of(&stats.grants_by_resource_type, &resource_type.id),
        };
        self.types.iter().map(count).collect()
    }
}

/// The token of a finished sync, as readers expect it (`c1z-format.md` 14.3).
fn token(expanded: bool) -> String {
    let needs_expansion = if expanded { "\"needs_expansion\":true," } else { "" };
    format!("{{{needs_expansion}\"version\":1}}")
}
