//! The summary as the fields of one log line.

use baton_sync::Summary;
use serde_json::{Map, Value, json};

/// The fields of the line `Sync complete.`.
pub(crate) fn fields(summary: &Summary) -> Map<String, Value> {
    let types = summary.types.iter().map(|count| {
        let counts = json!({"resources": count.resources, "entitlements": count.entitlements, "grants": count.grants});
        (count.id.clone(), if count.read { counts } else { json!({"not_read": true}) })
    });
    let traffic = summary.traffic.iter().filter(|lane| lane.calls > 0).map(|lane| {
        let counts = json!({
            "calls": lane.calls,
            "retries": lane.retries,
            "throttled": lane.throttled,
            "waited": lane.waited.as_secs_f64(),
        });
        (lane.queue.clone(), counts)
    });
    let gaps = summary.gaps.iter().map(|gap| {
        let examples = gap.examples.iter().map(|(id, message)| json!({"id": id, "message": message}));
        json!({
            "kind": gap.kind.as_str(),
            "kept": gap.kind.is_kept(),
            "resource_type_id": gap.resource_type,
            "count": gap.count,
            "examples": examples.collect::<Vec<_>>(),
        })
    });
    let incremental = summary.reading.as_ref().and_then(|reading| serde_json::from_str(&reading.to_json()).ok());
    let incremental = incremental.unwrap_or(Value::Null);
    let sum = |part: fn(&baton_connector::QueueTraffic) -> u64| summary.traffic.iter().map(part).sum::<u64>();
    let fields = [
        ("sync_id", json!(summary.sync_id)),
        ("sync_type", json!(summary.sync_type)),
        ("resumed", json!(summary.resumed)),
        ("types", Value::Object(types.collect())),
        ("requests", Value::Object(traffic.collect())),
        ("calls", json!(sum(|lane| lane.calls))),
        ("retries", json!(sum(|lane| lane.retries))),
        ("throttled", json!(sum(|lane| lane.throttled))),
        ("incremental", incremental),
        ("gaps", Value::Array(gaps.collect())),
        ("pages_fetched", json!(summary.pages_fetched)),
        ("pages_from_before", json!(summary.pages_from_before)),
        ("elapsed", json!(summary.elapsed.as_secs_f64())),
        ("file", json!(summary.file.display().to_string())),
        ("bytes", json!(summary.file_bytes)),
    ];
    fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::sample;

    #[test]
    fn everything_is_in_the_record() {
        let fields = Value::Object(fields(&sample::summary()));
        assert_eq!(
            fields,
            json!({
                "sync_id": "2lnjFJ0nHXSyrnTkdFiUOQRjmYk",
                "sync_type": "full",
                "resumed": true,
                "types": {
                    "user": {"resources": 1200, "entitlements": 0, "grants": 0},
                    "group": {"resources": 60, "entitlements": 60, "grants": 4021},
                    "device": {"not_read": true},
                },
                "requests": {"users": {"calls": 7, "retries": 1, "throttled": 1, "waited": 1.5}},
                "calls": 7,
                "retries": 1,
                "throttled": 1,
                "incremental": {
                    "since": "2lnjFH0nHXSyrnTkdFiUOQRjmYk",
                    "why_full": "",
                    "notes": [],
                    "read": {"group-members": 3, "user-roles": 1},
                    "taken_over": {"group-members": 1996, "app-users": 198},
                    "mended": {"app-users": 2},
                },
                "gaps": [{
                    "kind": "gone",
                    "kept": false,
                    "resource_type_id": "group",
                    "count": 3,
                    "examples": [{"id": "00g1", "message": "it was deleted while its members were read"}],
                }, {
                    "kind": "forbidden",
                    "kept": false,
                    "resource_type_id": "device",
                    "count": 1,
                    "examples": [{"id": "", "message": "the token may not read devices"}],
                }, {
                    "kind": "dangling",
                    "kept": true,
                    "resource_type_id": "user",
                    "count": 1,
                    "examples": [{
                        "id": "00u9",
                        "message": "grants of app:0oa1:access to it are kept, although it is not in this sync",
                    }],
                }],
                "pages_fetched": 6,
                "pages_from_before": 4,
                "elapsed": 3.21,
                "file": "sync.c1z",
                "bytes": 34816,
            })
        );
    }
}
