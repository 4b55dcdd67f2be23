//! Making the file: the pages of the plan become the tables of a `.c1z`, in an order that depends on what was read and
//! not on when it arrived.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use baton_c1z::envelope::SealedFile;
use baton_c1z::{Builder, NewSync, SyncType};
use baton_connector::{GapKind, KindSpec, MissingPrincipal, TypeSpec};
use baton_proto::c1::connector::v2::{Resource, ResourceId, ResourceType};
use prost::Message;

use crate::codec::{self, Object};
use crate::deleted_principals::DeletedPrincipals;
use crate::error::SyncError;
use crate::expand::{self, Related};
use crate::grant_sink::GrantSink;
use crate::grant_writer::GrantWriter;
use crate::guard;
use crate::invariants::{self, ExclusionGroups};
use crate::observe::Event;
use crate::plan::PageColumn;
use crate::resource_index::ResourceIndex;
use crate::sealing::Sealing;
use crate::summary::{GapCount, TypeCount};

/// What sealing found and made.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub types: Vec<TypeCount>,
    pub gaps: Vec<GapCount>,
    pub file: SealedFile,
    /// Deleted principals that kept pages name, by type and id, those of earlier syncs included.
    pub deleted: Vec<(String, String)>,
}

impl Sealing {
    /// Makes the file and replaces the target. Older syncs stay in it if there is room.
    pub(crate) fn run(&self) -> Result<Sealed, SyncError> {
        let keep = self.previous.keep.as_slice();
        if keep.is_empty() || self.sync_type != SyncType::Full {
            return self.make(keep);
        }
        if self.previous.size_with(keep.len() + 1) <= self.config.largest_database {
            match self.make(keep) {
                Err(SyncError::TooLarge { .. }) => {}
                result => return result,
            }
        }
        let sealed = self.make(&[])?;
        let note = "the file holds this sync alone: with the one before it, it would be larger than readers accept";
        self.observer.event(&Event::Note(note.to_owned()));
        Ok(sealed)
    }

    fn make(&self, keep: &[String]) -> Result<Sealed, SyncError> {
        let is_target = |path: &Path| path == self.config.target;
        self.make_from(keep).map_err(|error| match error {
            SyncError::File(baton_c1z::Error::Damaged { path, reason }) if is_target(&path) => {
                SyncError::Replaced(baton_c1z::Error::Damaged { path, reason })
            }
            error => error,
        })
    }

    fn make_from(&self, keep: &[String]) -> Result<Sealed, SyncError> {
        invariants::all_is_read(&self.plan)?;
        let mut builder = Builder::create(&self.build)?;
        if let Some(file) = &self.previous.file
            && !keep.is_empty()
        {
            self.step("keeping the previous sync")?;
            builder.carry_over(Arc::clone(file), keep)?;
        }
        let sync_id = &self.identity.sync_id;
        let sync = NewSync {
            sync_id,
            sync_type: self.sync_type,
            started_at: self.identity.started_at,
            parent_sync_id: if self.is_partial() { &self.previous.last_full } else { "" },
        };
        builder.begin_sync(&sync)?;
        let mut gaps = self.plan.gaps()?;
        self.step("writing resources")?;
        let read: Vec<_> = self.types.iter().filter(|spec| was_read(spec.id(), &gaps)).collect();
        for spec in &read {
            builder.put_resource_type(&spec.resource_type)?;
        }
        // Grants of another connector's file may be passed on too: then all of them have to be there first.
        let early = self.expands() && self.external.is_none();
        let mut related = if early { Related::find(&self.plan)? } else { Related::default() };
        let mut groups = ExclusionGroups::default();
        let mut resource_index = self.put_objects(&mut builder, &read, &mut related, &mut groups, &mut gaps)?;
        let mut expansion_db = related.open_db(&self.expansion_db, &sync)?;
        if !self.config.allow_shrink && !self.is_partial() {
            guard::against_loss(&read, &self.previous.before, |id| resource_index.count(id), &self.config)?;
        }
        let copied = match &self.external {
            Some(external) => {
                self.step("copying external principals")?;
                Some(external.copy_resources(&mut builder, &read, &mut resource_index)?)
            }
            None => None,
        };
        self.step("writing grants")?;
        let mut deleted_principals =
            DeletedPrincipals::new(&self.deleted, self.previous.file.as_deref(), &self.previous.last_full);
        let out = GrantSink { builder: &mut builder, expansion_db: expansion_db.as_mut() };
        let waiting = GrantWriter::new(self, &resource_index, &mut deleted_principals, &mut gaps, out).write_all()?;
        let deleted = deleted_principals.found();
        if let Some(expansion_db) = expansion_db {
            self.step("expanding grants")?;
            expansion_db.expand_into(&mut builder, sync_id)?;
        }
        drop(resource_index);
        if let Some(copied) = copied.as_ref().filter(|_| !self.config.options.skip_entitlements_and_grants) {
            self.step("copying external grants")?;
            copied.copy_entitlements(&mut builder, &mut groups)?;
            copied.copy_grants(&mut builder, &mut gaps)?;
        }
        self.step("building indexes")?;
        builder.build_indexes()?;
        // Everything that can be as large as that is there now; what expansion adds is looked at below.
        self.check_size()?;
        if let Some(copied) = &copied {
            self.step("matching external principals")?;
            waiting.give(&mut builder, sync_id, copied, &mut gaps)?;
        }
        if self.config.strict {
            guard::completeness(&gaps, &self.config)?;
        }
        if self.expands() && !early {
            self.step("expanding grants")?;
            expand::expand(&mut builder, sync_id)?;
        }
        builder.mark_verified(&invariants::CHECKS)?;
        if let Some(system) = &self.system {
            builder.put_system(&guard::stored(system))?;
        }
        if let Some(reading) = &self.reading {
            builder.put_incremental(&reading.to_json())?;
        }
        let token = self.token(builder.has_expansions()?);
        let stats = builder.end_sync(jiff::Timestamp::now(), &token)?;
        self.check_size()?;
        self.step("compressing")?;
        let file = builder.seal(&self.config.target)?;
        let mut types = Self::count(self.types.iter().map(|spec| &spec.resource_type), &stats, &gaps);
        if let Some(external) = &self.external {
            let others: Vec<_> = external.types().iter().filter(|of| types.iter().all(|own| own.id != of.id)).collect();
            types.extend(Self::count(others, &stats, &gaps));
        }
        Ok(Sealed { types, gaps, file, deleted })
    }

    fn put_objects(
        &self,
        builder: &mut Builder,
        types: &[&TypeSpec],
        related: &mut Related,
        groups: &mut ExclusionGroups,
        gaps: &mut Vec<GapCount>,
    ) -> Result<ResourceIndex, SyncError> {
        let mut resource_index = ResourceIndex::new(types.iter().map(|spec| &spec.resource_type));
        let schema = self.session.schema();
        let references_others = |id: &str| schema.resource_type(id).is_some_and(|spec| spec.references_others);
        for KindSpec { kind, .. } in schema.kinds {
            self.go_on()?;
            self.plan.for_each_page(kind, PageColumn::Objects, |blob, _| {
                codec::for_each_object(blob, |object| match object {
                    Object::Resource { resource_type, id, .. } | Object::Entitlement { resource_type, id, .. }
                        if id.is_empty() =>
                    {
                        let message = "an object without an id cannot be stored";
                        GapCount::add(gaps, GapKind::Unmappable, resource_type, "", message);
                        Ok(())
                    }
                    Object::Resource { resource_type, id, parent, data } => {
                        if !resource_index.add(resource_type, id) {
                            return Ok(());
                        }
                        let stripped = match references_others(resource_type) {
                            true => Some(self.strip_dangling(data, &resource_index, gaps)?),
                            false => None,
                        };
                        let data = stripped.as_deref().unwrap_or(data);
                        Ok(builder.put_resource_row(resource_type, id, parent, data)?)
                    }
                    Object::Entitlement { resource_type, resource, id, data } => {
                        if resource_index.has(resource_type, resource) {
                            groups.add(resource_type, id, data)?;
                            builder.put_entitlement_row(resource_type, resource, id, data)?;
                            related.note(id, resource_type, resource);
                        }
                        Ok(())
                    }
                })
            })?;
        }
        Ok(resource_index)
    }

    /// The resource in `data` after the source has dealt with what points to resources that are not in the file. Only
    /// that counts as missing which was looked for: not types that are no part of the sync, and in a partial sync only
    /// what may have been left out on purpose.
    fn strip_dangling(
        &self,
        data: &[u8],
        resource_index: &ResourceIndex,
        gaps: &mut Vec<GapCount>,
    ) -> Result<Vec<u8>, SyncError> {
        let mut resource =
            Resource::decode(data).map_err(|_| SyncError::Damaged("a resource cannot be decoded".to_owned()))?;
        let is_there = |id: &ResourceId| {
            let was_looked_for = resource_index.syncs(&id.resource_type)
                && !(self.is_partial()
                    && self.session.schema().missing_principal(&id.resource_type) == MissingPrincipal::Keep);
            !was_looked_for || resource_index.has(&id.resource_type, &id.resource)
        };
        for gap in self.session.strip_dangling(&mut resource, &is_there) {
            GapCount::add(gaps, gap.kind, &gap.resource_type, &gap.id, &gap.message);
        }
        Ok(resource.encode_to_vec())
    }

    fn count<'a>(
        types: impl IntoIterator<Item = &'a ResourceType>,
        stats: &baton_c1z::Stats,
        gaps: &[GapCount],
    ) -> Vec<TypeCount> {
        let of = |counts: &BTreeMap<String, i64>, id: &str| {
            counts.get(id).copied().and_then(|count| u64::try_from(count).ok()).unwrap_or(0)
        };
        let count = |resource_type: &ResourceType| TypeCount {
            id: resource_type.id.clone(),
            display_name: resource_type.display_name.clone(),
            read: was_read(&resource_type.id, gaps),
            resources: of(&stats.resources_by_resource_type, &resource_type.id),
            entitlements: of(&stats.entitlements_by_resource_type, &resource_type.id),
            grants: of(&stats.grants_by_resource_type, &resource_type.id),
        };
        types.into_iter().map(count).collect()
    }

    /// The token of the finished sync, as readers expect it (`docs/spec/c1z-format.md` 14.3). They show it, so that
    /// nothing else goes into it.
    fn token(&self, needs_expansion: bool) -> String {
        let options = &self.config.options;
        let flags = [
            (needs_expansion, "needs_expansion"),
            (self.is_partial(), "should_fetch_related_resources"),
            (options.skip_entitlements_and_grants, "should_skip_entitlements_and_grants"),
            (options.skip_grants, "should_skip_grants"),
        ];
        let set: String = flags.iter().filter(|(set, _)| *set).map(|(_, flag)| format!("\"{flag}\":true,")).collect();
        format!("{{{set}\"version\":1}}")
    }
}

/// Whether the credential could read the resource type.
fn was_read(resource_type: &str, gaps: &[GapCount]) -> bool {
    !gaps.iter().any(|gap| gap.resource_type == resource_type && gap.is_whole_type())
}
