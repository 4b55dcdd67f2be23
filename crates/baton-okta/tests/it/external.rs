//! `--external-resource-c1z`: the principals of another file, here one that the binary made itself.

use std::fs;

use okta_sim::{Org, SimConfig};
use serde_json::Value;

use crate::support::Lab;

fn annotations(object: &Value) -> Vec<String> {
    let all = object["annotations"].as_array().into_iter().flatten();
    all.map(|any| any["@type"].as_str().unwrap().rsplit('.').next().unwrap().to_owned()).collect()
}

fn find<'a>(all: &'a Value, list: &str, one: &str, is: impl Fn(&Value) -> bool) -> &'a Value {
    let entries = all[list].as_array().unwrap();
    &entries.iter().find(|entry| is(&entry[one])).unwrap_or_else(|| panic!("not in {all:#}"))[one]
}

#[test]
fn users_and_groups_of_another_file_are_copied_and_marked() {
    let lab = Lab::start(SimConfig::new(Org::facts()));
    assert_eq!(lab.run(&["--file=other.c1z"]).code, 0);
    // Only applications of our own; users and groups, and who is in which, come from the other file.
    let outcome = lab.run(&["--sync-resource-types=app", "--external-resource-c1z=other.c1z"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    for of in ["user", "group"] {
        assert_eq!(lab.resource_ids("sync.c1z", of), lab.resource_ids("other.c1z", of), "{of}");
    }
    assert!(lab.resource_ids("sync.c1z", "role").is_empty());
    let resources = lab.read("resources", "sync.c1z");
    let of = |id: &str| annotations(find(&resources, "resources", "resource", |one| one["id"]["resource"] == id));
    assert_eq!(of("00u1active"), ["V1Identifier", "RawId", "UserTrait", "BatonID"]);
    assert!(!of("0oa1oidc").contains(&"BatonID".to_owned()));
    let entitlements = lab.read("entitlements", "sync.c1z");
    let member = find(&entitlements, "entitlements", "entitlement", |one| one["id"] == "group:00g1eng:member");
    assert!(annotations(member).contains(&"EntitlementImmutable".to_owned()));
    let grants = lab.read("grants", "sync.c1z");
    let grant = find(&grants, "grants", "grant", |one| one["id"] == "group:00g1eng:member:user:00u3prov");
    assert_eq!(annotations(grant), ["V1Identifier", "GrantImmutable"]);
    assert_eq!(lab.read("stats", "sync.c1z")["syncType"], "full");
}

#[test]
fn the_choice_can_be_narrowed() {
    let lab = Lab::start(SimConfig::new(Org::facts()));
    assert_eq!(lab.run(&["--file=other.c1z"]).code, 0);
    let other = "--external-resource-c1z=other.c1z";
    let members = "--external-resource-entitlement-id-filter=group:00g1eng:member";
    assert_eq!(lab.run(&["--sync-resource-types=app", other, members]).code, 0);
    let users: Vec<_> = lab.resource_ids("sync.c1z", "user").into_iter().collect();
    assert_eq!(users, ["00u10other", "00u1active", "00u3prov"]);
    assert!(lab.resource_ids("sync.c1z", "group").is_empty());

    let outcome = lab.run(&["--sync-resource-types=app", other, "--external-resource-traits=Role,TRAIT_GROUP"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(lab.resource_ids("sync.c1z", "user").is_empty());
    assert_eq!(lab.resource_ids("sync.c1z", "group"), lab.resource_ids("other.c1z", "group"));
    assert_eq!(lab.resource_ids("sync.c1z", "role").len(), 10);
}

#[test]
fn grants_of_what_is_not_copied_are_counted() {
    let lab = Lab::start(SimConfig::new(Org::facts()));
    assert_eq!(lab.run(&["--file=other.c1z"]).code, 0);
    let all = lab.grant_ids("other.c1z");
    let of_groups = all.iter().filter(|id| id.starts_with("app:") && id.contains(":access:group:")).count();
    assert!(of_groups > 0);
    let args =
        ["--sync-resource-types=role", "--external-resource-c1z=other.c1z", "--external-resource-traits=user,app"];
    let outcome = lab.run(&args);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(!lab.grant_ids("sync.c1z").iter().any(|id| id.contains(":group:")));
    let summary = outcome.log("Sync complete.");
    let gaps = summary["gaps"].as_array().unwrap();
    let gap = gaps.iter().find(|gap| gap["resource_type_id"] == "group").unwrap_or_else(|| panic!("{gaps:#?}"));
    assert_eq!((&gap["kind"], &gap["count"]), (&"left out".into(), &of_groups.into()));
    assert!(gap["examples"][0]["message"].as_str().unwrap().contains("app:0oa1oidc:access"), "{gap}");
}

#[test]
fn what_cannot_be_used_is_refused_before_anything_is_asked() {
    let lab = Lab::start(SimConfig::new(Org::facts()));
    fs::write(lab.path("garbage.c1z"), "dear diary").unwrap();
    fs::write(lab.path("pebble.c1z"), b"C1Z3\0manifest").unwrap();
    for (arguments, told) in [
        (&["--external-resource-c1z=missing.c1z"][..], "missing.c1z"),
        (&["--external-resource-c1z=garbage.c1z"], "garbage.c1z"),
        (&["--external-resource-c1z=pebble.c1z"], "pebble.c1z"),
        (&["--external-resource-c1z=garbage.c1z", "--external-resource-traits=robot"], "no trait \"robot\""),
        (&["--external-resource-traits=user"], "works only together with --external-resource-c1z"),
        (&["--external-resource-entitlement-id-filter=x"], "works only together with --external-resource-c1z"),
    ] {
        let outcome = lab.run(arguments);
        assert_eq!(outcome.code, 2, "{arguments:?}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(told), "{arguments:?}: {}", outcome.stderr);
        assert!(!lab.path("sync.c1z").exists() && !lab.path("sync.c1z.work").exists());
    }
    assert_eq!(lab.sim().stats().requests, 0);
}
