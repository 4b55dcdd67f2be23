//! How much a sync holds, per resource type: the JSON text of `v1_sync_runs.stats` (`docs/spec/c1z-format.md` 4.7).

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::schema::GRANTS_BY_ENTITLEMENT;

/// Counts per resource type id.
type Counts = BTreeMap<String, i64>;

/// How much a sync holds. Members that are zero or empty are left out of the JSON.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stats {
    /// Resource types.
    #[serde(skip_serializing_if = "is_zero")]
    pub resource_types: i64,
    /// Resources of all types.
    #[serde(skip_serializing_if = "is_zero")]
    pub resources: i64,
    /// Entitlements on resources of all types.
    #[serde(skip_serializing_if = "is_zero")]
    pub entitlements: i64,
    /// Grants on resources of all types.
    #[serde(skip_serializing_if = "is_zero")]
    pub grants: i64,
    /// Resources by their type; every type of the sync is there, also those without resources.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub resources_by_resource_type: Counts,
    /// Grants by the type of the entitlement's resource.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub grants_by_resource_type: Counts,
    /// Entitlements by the type of their resource.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub entitlements_by_resource_type: Counts,
    /// Assets.
    #[serde(skip_serializing_if = "is_zero")]
    pub assets: i64,
    /// Milliseconds per step of the sync, if its token has them.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub step_durations_ms: Map<String, Value>,
    /// Calls of the connector, if the token has them.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub connector_call_stats: Map<String, Value>,
    /// Calls of the connector's scratch space, if the token has them.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub session_store_stats: Map<String, Value>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

/// The parts of a sync token that go into the statistics.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Token {
    step_durations_ms: Map<String, Value>,
    connector_call_stats: Map<String, Value>,
    session_store_stats: Map<String, Value>,
}

impl Stats {
    /// The text for the file.
    pub(crate) fn to_json(&self) -> String {
        // Maps with text keys and numbers always have a JSON form.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Adds the counts in the token of the sync; other texts are no tokens of a finished sync and are ignored.
    pub(crate) fn add_token(&mut self, token: &str) {
        let token: Token = serde_json::from_str(token).unwrap_or_default();
        self.step_durations_ms = token.step_durations_ms;
        self.connector_call_stats = token.connector_call_stats;
        self.session_store_stats = token.session_store_stats;
    }
}

/// The rows of a sync, counted as they are written.
#[derive(Debug, Default)]
pub(crate) struct Tally(Stats);

impl Tally {
    pub(crate) fn resource_type(&mut self, id: &str) {
        let known = self.0.resources_by_resource_type.entry(id.to_owned());
        if let Entry::Vacant(new) = known {
            new.insert(0);
            self.0.resource_types += 1;
        }
    }

    pub(crate) fn resource(&mut self, resource_type: &str) {
        self.0.resources += 1;
        one_more(&mut self.0.resources_by_resource_type, resource_type);
    }

    pub(crate) fn entitlement(&mut self, resource_type: &str) {
        self.0.entitlements += 1;
        one_more(&mut self.0.entitlements_by_resource_type, resource_type);
    }

    pub(crate) fn grant(&mut self, resource_type: &str) {
        self.0.grants += 1;
        one_more(&mut self.0.grants_by_resource_type, resource_type);
    }

    /// What [`count`] would find in a sync that has nothing but these rows, none of them twice.
    pub(crate) fn into_stats(self) -> Stats {
        self.0
    }
}

fn one_more(counts: &mut Counts, resource_type: &str) {
    match counts.get_mut(resource_type) {
        Some(count) => *count += 1,
        None => drop(counts.insert(resource_type.to_owned(), 1)),
    }
}

/// Counts the rows of a sync.
pub(crate) fn count(connection: &Connection, sync_id: &str) -> rusqlite::Result<Stats> {
    let mut resources = by_type(connection, sync_id, "SELECT external_id, 0 FROM v1_resource_types WHERE sync_id = ?")?;
    let resource_types = i64::try_from(resources.len()).unwrap_or(i64::MAX);
    let per_type = |table| format!("SELECT resource_type_id, count(*) FROM {table} WHERE sync_id = ? GROUP BY 1");
    resources.extend(by_type(connection, sync_id, &per_type("v1_resources"))?);
    let entitlements = by_type(connection, sync_id, &per_type("v1_entitlements"))?;
    let grants = grants(connection, sync_id)?;
    let assets =
        connection.query_row("SELECT count(*) FROM v1_assets WHERE sync_id = ?", [sync_id], |row| row.get(0))?;
    let sum = |counts: &Counts| counts.values().sum();
    Ok(Stats {
        resource_types,
        resources: sum(&resources),
        entitlements: sum(&entitlements),
        grants: sum(&grants),
        resources_by_resource_type: resources,
        grants_by_resource_type: grants,
        entitlements_by_resource_type: entitlements,
        assets,
        ..Stats::default()
    })
}

/// Counts grants per entitlement from an index alone and asks one row of each for the resource type: a tenth of the
/// pages that counting the rows themselves would read.
fn grants(connection: &Connection, sync_id: &str) -> rusqlite::Result<Counts> {
    by_type(
        connection,
        sync_id,
        &format!(
            "SELECT resource_type_id, sum(held) FROM v1_grants JOIN (
                 SELECT min(id) AS one, count(*) AS held FROM v1_grants INDEXED BY {GRANTS_BY_ENTITLEMENT}
                 WHERE sync_id = ? GROUP BY entitlement_id
             ) ON v1_grants.id = one GROUP BY 1"
        ),
    )
}

fn by_type(connection: &Connection, sync_id: &str, query: &str) -> rusqlite::Result<Counts> {
    connection.prepare(query)?.query_map([sync_id], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}
