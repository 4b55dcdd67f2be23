//! Propagates grants along the graph of entitlements, in finished tables.

use std::collections::BTreeSet;

use baton_c1z::{Builder, GrantRow};
use baton_connector::{build, ids};
use baton_proto::c1::connector::v2::grant_sources::GrantSource;
use baton_proto::c1::connector::v2::{Entitlement, Grant, GrantExpandable, GrantImmutable, Resource};
use prost::Message;
use rusqlite::{OptionalExtension, params};

use super::graph::{Graph, Pass, Step};
use crate::error::SyncError;

/// Rows read at a time.
const CHUNK: u32 = 1000;

/// Expands the grants of the sync `sync_id`.
pub(crate) fn expand(builder: &mut Builder, sync_id: &str) -> Result<(), SyncError> {
    let graph = load(builder, sync_id)?;
    for step in graph.steps() {
        propagate(builder, sync_id, &step)?;
    }
    Ok(())
}

fn load(builder: &mut Builder, sync_id: &str) -> Result<Graph, SyncError> {
    let connection = builder.connection()?;
    let read = || {
        let mut graph = Graph::default();
        let mut statement = connection.prepare(
            "SELECT entitlement_id, principal_resource_type_id, principal_resource_id, expansion
             FROM v1_grants WHERE sync_id = ? AND expansion IS NOT NULL ORDER BY id",
        )?;
        let mut owner_of = connection.prepare(
            "SELECT resource_type_id, resource_id FROM v1_entitlements WHERE external_id = ? AND sync_id = ?",
        )?;
        let mut rows = statement.query([sync_id])?;
        while let Some(row) = rows.next()? {
            let destination: String = row.get(0)?;
            let principal: (String, String) = (row.get(1)?, row.get(2)?);
            let Ok(expandable) = GrantExpandable::decode(row.get_ref(3)?.as_blob()?) else {
                return Ok(Err(SyncError::Expansion(format!("the expansion of a grant on {destination} is damaged"))));
            };
            let pass = Pass {
                shallow: expandable.shallow,
                principal_types: expandable.resource_type_ids.iter().cloned().collect::<BTreeSet<_>>(),
            };
            for source in &expandable.entitlement_ids {
                let owner: Option<(String, String)> =
                    owner_of.query_row([source.as_str(), sync_id], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
                match owner {
                    None => {}
                    Some(owner) if owner == principal => graph.add(source, &destination, pass.clone()),
                    Some(owner) => {
                        return Ok(Err(SyncError::Expansion(format!(
                            "a grant on {destination} to {}:{} expands over {source}, which belongs to {}:{}",
                            principal.0, principal.1, owner.0, owner.1
                        ))));
                    }
                }
            }
        }
        Ok(Ok(graph))
    };
    read().map_err(SyncError::plan("the new file"))?
}

/// A grant on the source of a step.
struct Held {
    row: i64,
    principal: (String, String),
    direct: bool,
}

fn propagate(builder: &mut Builder, sync_id: &str, step: &Step) -> Result<(), SyncError> {
    let Some(owner) = owner(builder, sync_id, &step.destination)? else { return Ok(()) };
    let mut after = 0;
    loop {
        let blocked = holders(builder, sync_id, &step.source, after)?;
        let Some(last) = blocked.last() else { return Ok(()) };
        after = last.row;
        for blocked in &blocked {
            let filtered =
                !step.pass.principal_types.is_empty() && !step.pass.principal_types.contains(&blocked.principal.0);
            if filtered || (step.pass.shallow && !blocked.direct) {
                continue;
            }
            give(builder, sync_id, step, &owner, blocked)?;
        }
    }
}

/// The resource that an entitlement belongs to.
fn owner(builder: &mut Builder, sync_id: &str, entitlement: &str) -> Result<Option<(String, String)>, SyncError> {
    builder
        .connection()?
        .query_row(
            "SELECT resource_type_id, resource_id FROM v1_entitlements WHERE external_id = ? AND sync_id = ?",
            [entitlement, sync_id],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()
        .map_err(SyncError::plan("the new file"))
}

/// The next grants on `entitlement` behind the row `after`.
fn holders(builder: &mut Builder, sync_id: &str, entitlement: &str, after: i64) -> Result<Vec<Held>, SyncError> {
    let connection = builder.connection()?;
    let read = || -> rusqlite::Result<Vec<Held>> {
        let mut statement = connection.prepare_cached(
            "SELECT id, principal_resource_type_id, principal_resource_id, data FROM v1_grants
             WHERE entitlement_id = ? AND sync_id = ? AND id > ? ORDER BY id LIMIT ?",
        )?;
        let rows = statement.query_map(params![entitlement, sync_id, after, CHUNK], |row| {
            let sources = Grant::decode(row.get_ref(3)?.as_blob()?).ok().and_then(|grant| grant.sources);
            let direct =
                sources.is_none_or(|sources| sources.sources.is_empty() || sources.sources.contains_key(entitlement));
            Ok(Held { row: row.get(0)?, principal: (row.get(1)?, row.get(2)?), direct })
        })?;
        rows.collect()
    };
    read().map_err(SyncError::plan("the new file"))
}

/// Gives the destination to one holder of the source.
fn give(
    builder: &mut Builder,
    sync_id: &str,
    step: &Step,
    owner: &(String, String),
    blocked: &Held,
) -> Result<(), SyncError> {
    let existing: Option<(i64, Vec<u8>)> = builder
        .connection()?
        .prepare_cached(
            "SELECT id, data FROM v1_grants WHERE entitlement_id = ? AND principal_resource_type_id = ?
             AND principal_resource_id = ? AND sync_id = ?",
        )
        .and_then(|mut statement| {
            statement
                .query_row([&step.destination, &blocked.principal.0, &blocked.principal.1, sync_id], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .optional()
        })
        .map_err(SyncError::plan("the new file"))?;
    if let Some((row, data)) = existing {
        let mut grant = Grant::decode(data.as_slice())
            .map_err(|error| SyncError::Expansion(format!("a grant is damaged: {error}")))?;
        let sources = &mut grant.sources.get_or_insert_default().sources;
        if sources.is_empty() {
            sources.insert(step.destination.clone(), GrantSource { is_direct: true });
        }
        sources.entry(step.source.clone()).or_default().is_direct |= blocked.direct;
        builder.replace_grant_data(row, &grant.encode_to_vec())?;
        return Ok(());
    }
    let grant = expanded(step, owner, blocked);
    builder.put_grant(&GrantRow {
        id: &grant.id,
        entitlement_id: &step.destination,
        resource_type: &owner.0,
        resource_id: &owner.1,
        principal_type: &blocked.principal.0,
        principal_id: &blocked.principal.1,
        data: &grant.encode_to_vec(),
        expansion: None,
    })?;
    Ok(())
}

/// The grant that expansion makes.
fn expanded(step: &Step, owner: &(String, String), blocked: &Held) -> Grant {
    let stub = |resource_type: &str, id: &str| Resource {
        id: Some(build::resource_id(resource_type, id)),
        ..Resource::default()
    };
    let mut grant = Grant {
        entitlement: Some(Entitlement {
            id: step.destination.clone(),
            resource: Some(stub(&owner.0, &owner.1)),
            ..Entitlement::default()
        }),
        principal: Some(stub(&blocked.principal.0, &blocked.principal.1)),
        id: ids::grant(&step.destination, &blocked.principal.0, &blocked.principal.1),
        annotations: vec![build::annotation(&GrantImmutable::default())],
        ..Grant::default()
    };
    let sources = &mut grant.sources.get_or_insert_default().sources;
    sources.insert(step.source.clone(), GrantSource { is_direct: blocked.direct });
    grant
}
