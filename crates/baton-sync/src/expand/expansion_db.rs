//! A small database of the grants that take part in expansion, separate from all others until they are expanded.
//!
//! They are few: those on entitlements that are passed on, and on those that these pass on. Expanded in a small database of
//! their own they come last into the file, which is written from its beginning to its end and packed on the way.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use baton_c1z::{Builder, GrantRow, NewSync};
use baton_connector::EntitlementRef;
use baton_proto::c1::connector::v2::GrantExpandable;
use prost::Message;

use super::propagate::expand;
use crate::codec;
use crate::error::SyncError;
use crate::plan::Plan;

/// What grants pass on, and to what.
#[derive(Debug, Default)]
pub(crate) struct Related {
    /// For each grant that does, the entitlements that pass theirs on, and the one that is passed on to.
    passes: Vec<(Vec<String>, EntitlementRef)>,
    /// All of these entitlements, each with its resource once it is known to be in the file.
    entitlements: HashMap<String, Option<(String, String)>>,
}

impl Related {
    /// Looks for them in the pages of a plan.
    pub(crate) fn find(plan: &Plan) -> Result<Self, SyncError> {
        let mut related = Self::default();
        plan.for_each_expandable_page(|page| {
            codec::for_each_grant(page, |grant| {
                let Some(expandable) = grant.expandable else { return Ok(()) };
                let expandable = GrantExpandable::decode(expandable)
                    .map_err(|error| SyncError::Damaged(format!("an expandable cannot be decoded: {error}")))?;
                let destination = grant.entitlement;
                for id in expandable.entitlement_ids.iter().chain([&destination.id]) {
                    related.entitlements.entry(id.clone()).or_default();
                }
                related.passes.push((expandable.entitlement_ids, destination.clone()));
                Ok(())
            })
        })?;
        Ok(related)
    }

    /// Records an entitlement that is in the file.
    pub(crate) fn note(&mut self, id: &str, resource_type: &str, resource: &str) {
        if let Some(owner) = self.entitlements.get_mut(id) {
            *owner = Some((resource_type.to_owned(), resource.to_owned()));
        }
    }

    /// Creates the database `db` for their grants; `None` if nothing in the file passes anything on.
    pub(crate) fn open_db(self, db: &Path, sync: &NewSync<'_>) -> Result<Option<ExpansionDb>, SyncError> {
        let Self { passes, entitlements } = self;
        let is_there = |id: &String| entitlements.get(id).is_some_and(Option::is_some);
        let mut about = HashSet::new();
        for (sources, destination) in passes {
            let sources: Vec<_> = sources.into_iter().filter(is_there).collect();
            if !sources.is_empty() {
                about.extend(sources);
                about.insert(destination.id);
            }
        }
        if about.is_empty() {
            return Ok(None);
        }
        let mut builder = Builder::create(db)?;
        builder.begin_sync(sync)?;
        for id in &about {
            if let Some(Some((resource_type, resource))) = entitlements.get(id) {
                builder.put_entitlement_row(resource_type, resource, id, &[])?;
            }
        }
        Ok(Some(ExpansionDb { builder, db: db.to_owned(), about, last: (String::new(), false) }))
    }
}

/// The database of the grants that take part in expansion.
#[derive(Debug)]
pub(crate) struct ExpansionDb {
    builder: Builder,
    db: PathBuf,
    /// The entitlements that they are on.
    about: HashSet<String>,
    /// The entitlement that was asked for last, and whether it is one of them.
    last: (String, bool),
}

impl ExpansionDb {
    /// Whether grants on this entitlement belong here.
    pub(crate) fn concerns(&mut self, entitlement: &str) -> bool {
        if self.last.0 != entitlement {
            self.last = (entitlement.to_owned(), self.about.contains(entitlement));
        }
        self.last.1
    }

    /// Adds a grant.
    pub(crate) fn put(&mut self, grant: &GrantRow<'_>) -> Result<(), SyncError> {
        Ok(self.builder.put_grant(grant)?)
    }

    /// Expands the grants of the sync `sync_id` and puts all of them into the new file.
    pub(crate) fn expand_into(mut self, file: &mut Builder, sync_id: &str) -> Result<(), SyncError> {
        self.builder.build_indexes()?;
        expand(&mut self.builder, sync_id)?;
        let damaged = |error| SyncError::plan(&self.db)(error);
        let mut grants = self
            .builder
            .connection()?
            .prepare(
                "SELECT external_id, entitlement_id, resource_type_id, resource_id, principal_resource_type_id,
                 principal_resource_id, data, expansion FROM v1_grants ORDER BY id",
            )
            .map_err(damaged)?;
        let mut rows = grants.query([]).map_err(damaged)?;
        while let Some(row) = rows.next().map_err(damaged)? {
            let text = |column| row.get_ref(column).and_then(|value| Ok(value.as_str()?)).map_err(damaged);
            let blob = |column| row.get_ref(column).and_then(|value| Ok(value.as_blob_or_null()?)).map_err(damaged);
            file.put_grant(&GrantRow {
                id: text(0)?,
                entitlement_id: text(1)?,
                resource_type: text(2)?,
                resource_id: text(3)?,
                principal_type: text(4)?,
                principal_id: text(5)?,
                data: blob(6)?.unwrap_or_default(),
                expansion: blob(7)?,
            })?;
        }
        Ok(())
    }
}
