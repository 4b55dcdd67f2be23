//! Syncs after the first one, checked against syncs of everything.

use std::time::Duration;

use serde_json::Value;

use crate::support::{Lab, Outcome};

/// Longer than Okta's lists may trail behind a change.
pub const SETTLED: Duration = Duration::from_mins(10);

/// Syncs and tells how many requests that took.
pub fn sync(lab: &Lab, arguments: &[&str]) -> (Outcome, u64) {
    let before = lab.sim().stats().requests;
    let outcome = lab.run(arguments);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let calls = lab.sim().stats().requests - before;
    (outcome, calls)
}

/// The objects of a file, in an order of their own.
pub fn objects(lab: &Lab, file: &str) -> Vec<String> {
    let lists = lab.contents(file);
    let entries =
        lists.iter().filter_map(Value::as_object).flat_map(|lists| lists.values()).filter_map(Value::as_array);
    let mut objects: Vec<String> = entries.flatten().map(ToString::to_string).collect();
    assert!(objects.len() > 500);
    objects.sort();
    objects
}

/// Syncs, checks the file against that of a sync of everything, and tells how many requests the first took.
pub fn checked(lab: &Lab, arguments: &[&str]) -> (Outcome, u64) {
    let done = sync(lab, arguments);
    sync(lab, &[arguments, &["--incremental=false", "-f", "full.c1z"]].concat());
    assert!(objects(lab, "sync.c1z") == objects(lab, "full.c1z"));
    done
}

/// Works of a kind that were taken over.
pub fn taken(outcome: &Outcome, kind: &str) -> u64 {
    outcome.log("Sync complete.")["incremental"]["taken_over"][kind].as_u64().unwrap_or(0)
}

/// Works of a kind that were read.
pub fn read(outcome: &Outcome, kind: &str) -> u64 {
    outcome.log("Sync complete.")["incremental"]["read"][kind].as_u64().unwrap_or(0)
}

/// Works of a kind that were taken over but for a part.
pub fn mended(outcome: &Outcome, kind: &str) -> u64 {
    outcome.log("Sync complete.")["incremental"]["mended"][kind].as_u64().unwrap_or(0)
}
