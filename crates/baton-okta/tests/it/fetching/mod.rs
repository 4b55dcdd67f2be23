//! A whole fetch of a simulated org without an engine: a plain loop over works and barriers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use baton_connector::{
    EncodedResource, Gap, GrantDraft, MissingPrincipal, Options, Source, SourceError, SyncSession, Work, WorkKind,
};
use baton_okta::{Config, OktaSource, Requests, Rules};
use baton_proto::Message;
use baton_proto::c1::connector::v2::{Entitlement, Resource};
use okta_client::OrgUrl;
use okta_sim::Sim;

/// Everything that a fetch found.
#[derive(Debug, Default)]
pub struct Synced {
    pub resources: Vec<Resource>,
    pub entitlements: Vec<Entitlement>,
    /// Grants as they would be stored.
    pub grants: Vec<GrantDraft>,
    pub gaps: Vec<Gap>,
    /// Pages fetched per kind of work.
    pub pages: BTreeMap<WorkKind, u64>,
}

/// A connector for a simulated org.
pub fn connector(sim: &Sim, rules: Rules, page_size: Option<u32>) -> Arc<OktaSource> {
    let requests = Requests { page_size, ..requests(sim) };
    Arc::new(OktaSource::new(Config { rules, requests, ..config(sim, sim.token()) }).unwrap())
}

/// A connector with another token.
pub fn connector_with(sim: &Sim, token: &str) -> Arc<OktaSource> {
    Arc::new(OktaSource::new(Config { requests: requests(sim), ..config(sim, token) }).unwrap())
}

fn config(sim: &Sim, token: &str) -> Config {
    Config::new(OrgUrl::parse(&sim.host()).unwrap(), token.into())
}

fn requests(sim: &Sim) -> Requests {
    Requests { extra_ca: Some(sim.ca_pem().to_owned()), ..Requests::default() }
}

/// Fetches everything that `options` ask for, the newest work first.
pub async fn fetch_all(source: &Arc<OktaSource>, options: &Options) -> Result<Synced, SourceError> {
    fetch_session(Arc::clone(source).open(options).as_ref()).await
}

/// Fetches everything that belongs to a session, the newest work first.
pub async fn fetch_session(session: &dyn SyncSession) -> Result<Synced, SourceError> {
    let mut synced = Synced::default();
    let mut known = BTreeSet::new();
    let mut blocked = Vec::new();
    let mut ready = session.initial_work();
    while !ready.is_empty() {
        while let Some(work) = ready.pop() {
            if !known.insert((work.kind, work.subject.clone())) {
                continue;
            }
            if work.blocked_on.is_some() {
                blocked.push(work);
            } else {
                fetch_work(session, &work, &mut synced, &mut ready).await?;
            }
        }
        release(session, std::mem::take(&mut blocked), &mut synced, &mut ready).await?;
    }
    drop_missing(session, &mut synced);
    Ok(synced)
}

async fn fetch_work(
    session: &dyn SyncSession,
    work: &Work,
    synced: &mut Synced,
    ready: &mut Vec<Work>,
) -> Result<(), SourceError> {
    let mut cursor = None;
    loop {
        let page = session.fetch(work, cursor.as_deref()).await?;
        *synced.pages.entry(work.kind).or_default() += 1;
        synced.resources.extend(page.resources);
        let decode = |encoded: EncodedResource| Resource::decode(encoded.data.as_slice()).unwrap();
        synced.resources.extend(page.encoded.into_iter().map(decode));
        synced.entitlements.extend(page.entitlements);
        synced.grants.extend(page.grants);
        synced.gaps.extend(page.gaps);
        ready.extend(page.opens);
        cursor = page.next;
        if cursor.is_none() {
            return Ok(());
        }
    }
}

/// Asks each barrier, when all other work is done, and fetches what it releases.
async fn release(
    session: &dyn SyncSession,
    blocked: Vec<Work>,
    synced: &mut Synced,
    ready: &mut Vec<Work>,
) -> Result<(), SourceError> {
    for barrier in session.schema().barriers {
        let behind: Vec<_> = blocked.iter().filter(|work| work.blocked_on == Some(barrier.name)).collect();
        let mut counts = BTreeMap::<WorkKind, u64>::new();
        for work in &behind {
            *counts.entry(work.kind).or_default() += 1;
        }
        let chosen = session.choose(barrier.name, &counts);
        for work in behind.into_iter().filter(|work| chosen.contains(&work.kind)) {
            fetch_work(session, work, synced, ready).await?;
        }
    }
    Ok(())
}

/// Drops grants to principals that were left out on purpose, as the engine does.
fn drop_missing(session: &dyn SyncSession, synced: &mut Synced) {
    let there: BTreeSet<(String, String)> = synced
        .resources
        .iter()
        .map(|resource| resource.id.clone().unwrap())
        .map(|id| (id.resource_type, id.resource))
        .collect();
    synced.grants.retain(|grant| {
        let principal = &grant.principal;
        let is_there = there.contains(&(principal.resource_type.to_owned(), principal.id.clone()));
        let owner = &grant.entitlement;
        let owner_is_there = there.contains(&(owner.resource_type.clone(), owner.resource.clone()));
        (owner_is_there || !grant.skip_if_absent)
            && (is_there || session.schema().missing_principal(principal.resource_type) == MissingPrincipal::Keep)
    });
}

impl Synced {
    /// Ids of the resources of a type, sorted.
    pub fn ids(&self, resource_type: &str) -> Vec<&str> {
        let ids = self.resources.iter().map(|resource| resource.id.as_ref().unwrap());
        let mut ids: Vec<_> =
            ids.filter(|id| id.resource_type == resource_type).map(|id| id.resource.as_str()).collect();
        ids.sort_unstable();
        // What two pages tell of is stored once.
        ids.dedup();
        ids
    }

    /// A resource.
    pub fn resource(&self, resource_type: &str, id: &str) -> &Resource {
        let is_it = |resource: &&Resource| {
            resource.id.as_ref().is_some_and(|it| it.resource_type == resource_type && it.resource == id)
        };
        self.resources.iter().find(is_it).unwrap_or_else(|| panic!("no {resource_type} {id}"))
    }

    /// Ids of the grants, sorted.
    pub fn grant_ids(&self) -> Vec<String> {
        let mut ids: Vec<_> = self.grants.iter().map(GrantDraft::id).collect();
        ids.sort_unstable();
        ids
    }

    /// A grant.
    pub fn grant(&self, id: &str) -> &GrantDraft {
        self.grants.iter().find(|grant| grant.id() == id).unwrap_or_else(|| panic!("no grant {id}"))
    }

    /// Ids of the entitlements, sorted.
    pub fn entitlement_ids(&self) -> Vec<&str> {
        let mut ids: Vec<_> = self.entitlements.iter().map(|entitlement| entitlement.id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}
