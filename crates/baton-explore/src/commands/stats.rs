//! `stats`: when the sync ran and how much it brought.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;

use baton_c1z::{Stats, SyncRun, SystemId};
use baton_proto::c1::reader::v2::{self as reader, CallStat, SyncStats};
use prost_types::Timestamp;
use serde_json::{Map, Value};

use crate::output::answer;
use crate::parts::push_json;
use crate::table::{Column, TableStream, grouped};
use crate::{Error, Format, Options};

const COLUMNS: &[Column] = &[
    Column::text("Resource type"),
    Column::number("Resources"),
    Column::number("Entitlements"),
    Column::number("Grants"),
];

/// Shows a sync, the finished one that ended last if none is named: `c1.reader.v2.SyncRun`, or a table of counts.
///
/// # Errors
/// The file cannot be read or holds no finished sync, or the output cannot be written.
pub fn stats(path: &Path, options: &Options, out: &mut dyn Write) -> Result<(), Error> {
    answer(path, options, out, |store, out| {
        let (run, stats) = (store.sync_run()?, store.stats()?);
        match options.format {
            Format::Console => {
                heading(&run, store.system()?.as_ref(), out)?;
                table(&stats, options.width, out)
            }
            Format::Json => {
                let mut text = String::new();
                push_json(&mut text, &message(&run, &stats), &run.sync_id)?;
                Ok(out.write_all(text.as_bytes())?)
            }
        }
    })
}

fn heading(run: &SyncRun, system: Option<&SystemId>, out: &mut dyn Write) -> Result<(), Error> {
    let clock = "%Y-%m-%d %H:%M:%S";
    // The writer of the file chose these texts.
    if let Some(system) = system {
        writeln!(out, "System   {}", terminal_text::line(&system.to_string()))?;
    }
    writeln!(out, "Sync     {}", terminal_text::line(&run.sync_id))?;
    writeln!(out, "Type     {}", terminal_text::line(&run.sync_type))?;
    if !run.parent_sync_id.is_empty() {
        writeln!(out, "Based on {}", terminal_text::line(&run.parent_sync_id))?;
    }
    writeln!(out, "Started  {}", run.started_at.strftime(clock))?;
    if let Some(ended_at) = run.ended_at {
        let took = ended_at.duration_since(run.started_at).as_secs_f64();
        writeln!(out, "Ended    {} (after {took:.1} s)", ended_at.strftime(clock))?;
    } else {
        writeln!(out, "Ended    not yet")?;
    }
    Ok(writeln!(out)?)
}

fn table(stats: &Stats, width: Option<u16>, out: &mut dyn Write) -> Result<(), Error> {
    let columns =
        [&stats.resources_by_resource_type, &stats.entitlements_by_resource_type, &stats.grants_by_resource_type];
    let types: BTreeSet<_> = columns.iter().flat_map(|column| column.keys()).collect();
    let mut table = TableStream::new(out, COLUMNS, width);
    for id in types {
        let counts = columns.map(|column| count(column.get(id).copied().unwrap_or_default()));
        table.push(std::iter::once(id.as_str()).chain(counts.iter().map(String::as_str)))?;
    }
    let totals = [stats.resources, stats.entitlements, stats.grants].map(count);
    table.push(std::iter::once("All").chain(totals.iter().map(String::as_str)))?;
    Ok(table.finish_rows()?)
}

fn count(number: i64) -> String {
    grouped(u64::try_from(number).unwrap_or_default())
}

/// The sync in the form of the reader service.
fn message(run: &SyncRun, stats: &Stats) -> reader::SyncRun {
    reader::SyncRun {
        id: run.sync_id.clone(),
        started_at: Some(timestamp(run.started_at)),
        ended_at: run.ended_at.map(timestamp),
        sync_token: run.sync_token.clone(),
        sync_type: run.sync_type.clone(),
        parent_sync_id: run.parent_sync_id.clone(),
        stats: Some(SyncStats {
            resource_types: stats.resource_types,
            resources: stats.resources,
            entitlements: stats.entitlements,
            grants: stats.grants,
            resources_by_resource_type: stats.resources_by_resource_type.clone(),
            grants_by_resource_type: stats.grants_by_resource_type.clone(),
            entitlements_by_resource_type: stats.entitlements_by_resource_type.clone(),
            assets: stats.assets,
            step_durations_ms: numbers(&stats.step_durations_ms),
            connector_call_stats: calls(&stats.connector_call_stats),
            session_store_stats: calls(&stats.session_store_stats),
        }),
    }
}

fn timestamp(at: jiff::Timestamp) -> Timestamp {
    Timestamp { seconds: at.as_second(), nanos: at.subsec_nanosecond() }
}

fn numbers(noted: &Map<String, Value>) -> BTreeMap<String, i64> {
    noted.iter().filter_map(|(key, value)| Some((key.clone(), value.as_i64()?))).collect()
}

/// Call statistics as the writer noted them; members that we do not know are passed over.
fn calls(noted: &Map<String, Value>) -> BTreeMap<String, CallStat> {
    let call = |value: &Value| {
        let number = |key: &str| value.get(key).and_then(Value::as_i64).unwrap_or_default();
        CallStat {
            count: number("count"),
            total_ms: number("total_ms"),
            max_ms: number("max_ms"),
            errors: number("errors"),
            timeouts: number("timeouts"),
        }
    };
    noted.iter().map(|(key, value)| (key.clone(), call(value))).collect()
}
