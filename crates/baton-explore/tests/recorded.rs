//! The JSON of a recorded file equals what the reference tool printed of it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{Read, Write};
use std::path::Path;

use baton_explore::{EntitlementQuery, Error, Format, GrantQuery, Options, ResourceQuery};
use baton_proto::baton::v1::{EntitlementListOutput, GrantListOutput, ResourceListOutput, ResourceTypeListOutput};
use baton_proto::c1::reader::v2::SyncRun;
use baton_proto::{Message, Name, json};
use flate2::read::GzDecoder;
use serde_json::Value;

const JSON: Options = Options { format: Format::Json, width: None, temp_dir: None, sync: None };

/// The sample files with what the reading program of the Go connector printed of them.
fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../baton-c1z/tests/data"))
}

/// What a command prints; it has to be the JSON of an `M` to the letter, order of keys included.
fn ours<M: Message + Name + Default>(command: impl FnOnce(&Path, &mut dyn Write) -> Result<(), Error>) -> Value {
    let mut out = Vec::new();
    command(&folder().join("sample-v1.c1z"), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let message: M = json::from_str(&text).unwrap();
    assert!(json::to_string(&message).unwrap() == text);
    serde_json::from_str(&text).unwrap()
}

/// The entries of a list as sorted texts; keys are sorted too, for the recorded ones are.
fn entries(list: &Value, name: &str) -> Vec<String> {
    let members = list.as_object().unwrap();
    assert_eq!(members.keys().collect::<Vec<_>>(), [name]);
    let mut entries: Vec<_> = members[name].as_array().unwrap().iter().map(|entry| sorted(entry).to_string()).collect();
    entries.sort_unstable();
    entries
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(entries) => entries.iter().map(sorted).collect(),
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
            members.sort_unstable_by(|a, b| a.0.cmp(&b.0));
            Value::Object(members.into_iter().collect())
        }
        other => other.clone(),
    }
}

fn compare(what: &str, name: &str, count: usize, ours: &Value) {
    let mut text = String::new();
    let recorded = std::fs::File::open(folder().join(format!("sample-v1.{what}.json.gz"))).unwrap();
    GzDecoder::new(recorded).read_to_string(&mut text).unwrap();
    let (ours, theirs) = (entries(ours, name), entries(&serde_json::from_str(&text).unwrap(), name));
    assert_eq!((ours.len(), theirs.len()), (count, count));
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(ours, theirs);
    }
}

#[test]
fn resource_types_agree() {
    compare(
        "resource-types",
        "resourceTypes",
        5,
        &ours::<ResourceTypeListOutput>(|path, out| baton_explore::resource_types(path, &JSON, out)),
    );
}

#[test]
fn resources_agree() {
    let all = ResourceQuery::default();
    compare(
        "resources",
        "resources",
        336,
        &ours::<ResourceListOutput>(|path, out| baton_explore::resources(path, &all, &JSON, out)),
    );
}

#[test]
fn entitlements_agree() {
    let all = EntitlementQuery::default();
    compare(
        "entitlements",
        "entitlements",
        36,
        &ours::<EntitlementListOutput>(|path, out| baton_explore::entitlements(path, &all, &JSON, out)),
    );
}

#[test]
fn grants_agree() {
    let all = GrantQuery::default();
    compare(
        "grants",
        "grants",
        1427,
        &ours::<GrantListOutput>(|path, out| baton_explore::grants(path, &all, &JSON, out)),
    );
}

#[test]
fn stats_count_what_the_file_holds() {
    let run = ours::<SyncRun>(|path, out| baton_explore::stats(path, &JSON, out));
    assert_eq!(run["id"], "3MVdDHW4351Z9BXvKZOv4qSxtlW");
    assert_eq!(run["startedAt"], "2026-11-23T13:12:27.780176746Z");
    assert_eq!(run["syncType"], "full");
    assert_eq!(run["stats"]["grantsByResourceType"]["group"], "841");
    assert_eq!(run["stats"]["resources"], "336");
}
