//! `--sync-resources`: single resources of the test org (`docs/spec/okta-sync.md` 9 and 14), through the built binary.

use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;
use std::time::Duration;

use okta_sim::{Fault, FaultRule, Faults, Org, Shape, SimConfig};
use serde_json::Value;

use crate::support::{Lab, Outcome};

fn lab() -> Lab {
    Lab::start(SimConfig { log_requests: true, ..SimConfig::new(Org::facts()) })
}

/// What a file holds, by id.
#[derive(Debug, PartialEq, Eq)]
struct Held {
    resources: BTreeSet<String>,
    entitlements: BTreeSet<String>,
    grants: BTreeSet<String>,
}

fn set(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(ToString::to_string).collect()
}

fn held(lab: &Lab, file: &str) -> Held {
    let ids = |command: &str, read: fn(&Value) -> String| {
        let all = lab.read(command, file);
        all[command].as_array().into_iter().flatten().map(read).collect()
    };
    Held {
        resources: ids("resources", |entry| {
            let id = &entry["resource"]["id"];
            format!("{}:{}", id["resourceType"].as_str().unwrap(), id["resource"].as_str().unwrap())
        }),
        entitlements: ids("entitlements", |entry| entry["entitlement"]["id"].as_str().unwrap().to_owned()),
        grants: ids("grants", |entry| entry["grant"]["id"].as_str().unwrap().to_owned()),
    }
}

/// A sync of these resources, which must succeed, and the paths that it asked for.
fn sync(lab: &Lab, resources: &[&str], options: &[&str]) -> (Outcome, BTreeSet<String>) {
    let before = lab.sim().stats().log.len();
    let named: Vec<_> = resources.iter().map(|resource| format!("--sync-resources=bid:r:{resource}")).collect();
    let arguments: Vec<_> = named.iter().map(String::as_str).chain(options.iter().copied()).collect();
    let outcome = lab.run(&arguments);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let log = lab.sim().stats().log;
    let paths = log[before..].iter().map(|request| request.target.trim_start_matches("/api/v1/").to_owned());
    (outcome, paths.filter(|path| path != "org").collect())
}

#[test]
fn a_group_with_its_members_and_its_roles() {
    let lab = lab();
    let (outcome, asked) = sync(&lab, &["group/00g1eng"], &[]);
    assert_eq!(
        asked,
        set(&["groups/00g1eng?expand=stats", "groups/00g1eng/users?limit=1000", "groups/00g1eng/roles"]),
        "the role needs no request"
    );
    let held = held(&lab, "sync.c1z");
    assert_eq!(held.resources, set(&["group:00g1eng", "role:APP_ADMIN"]));
    assert_eq!(held.entitlements, set(&["group:00g1eng:member", "role:APP_ADMIN:assigned"]));
    // Nobody gets the role through the group here, and its applications are not grants on it.
    assert_eq!(
        held.grants,
        set(&[
            "group:00g1eng:member:user:00u1active",
            "group:00g1eng:member:user:00u3prov",
            "group:00g1eng:member:user:00u10other",
            "role:APP_ADMIN:assigned:group:00g1eng",
        ])
    );
    let stats = lab.read("stats", "sync.c1z");
    assert_eq!((stats["syncType"].as_str(), stats.get("parentSyncId")), (Some("partial"), None));
    let types = lab.read("resource-types", "sync.c1z");
    assert_eq!(types["resourceTypes"].as_array().unwrap().len(), 4);
    assert_eq!(outcome.log("Sync complete.")["sync_type"], "partial");
}

#[test]
fn everything_of_it_is_as_in_a_full_sync() {
    let lab = lab();
    let all = ["--sync-custom-roles", "--sync-secrets", "--sync-devices", "--sync-inactive-apps"];
    assert_eq!(lab.run(&all).code, 0);
    let full: Vec<Value> = lab.contents("sync.c1z").into();
    let full_id = lab.read("stats", "sync.c1z")["id"].clone();
    let every = [
        "user/00u1active",
        "group/00g1eng",
        "group/00g2push",
        "app/0oa1oidc",
        "role/SUPER_ADMIN",
        "role/ORG_ADMIN",
        "custom-role/cr0vault",
        "resource-set/iamrs1",
        r"resourceset-binding/iamrs1\:cr0vault",
        "api-token/00Tok1",
        "device/guo1mac",
    ];
    let (_, asked) = sync(&lab, &every, &all);
    let stats = lab.read("stats", "sync.c1z");
    assert_eq!((&stats["syncType"], &stats["parentSyncId"]), (&Value::from("partial"), &full_id));
    // Who holds roles is asked once for all of them.
    assert_eq!(asked.iter().filter(|path| path.starts_with("iam/assignees")).count(), 1);
    let held = held(&lab, "sync.c1z");
    let named = |id: &str| every.iter().any(|named| named.replace('\\', "") == id.replacen(':', "/", 1));
    let missing: Vec<_> = every
        .iter()
        .filter(|named| !held.resources.iter().any(|id| id.replacen(':', "/", 1) == named.replace('\\', "")))
        .collect();
    assert_eq!(missing, Vec::<&&str>::new());
    // What came up in grants and was not named.
    let others: BTreeSet<_> = held.resources.iter().filter(|id| !named(id)).cloned().collect();
    assert_eq!(others, set(&["role:APP_ADMIN", "custom-role:WORKFLOWS_ADMIN"]));
    let list = |all: &Value, key: &str| all[key].as_array().unwrap().clone();
    let partial: Vec<Value> = lab.contents("sync.c1z").into();
    for (kind, key) in [(1, "resources"), (2, "entitlements")] {
        let before = list(&full[kind], key);
        for object in list(&partial[kind], key) {
            assert!(before.contains(&object), "not as in the full sync: {object:#}");
        }
    }
    let before = list(&full[3], "grants");
    for grant in list(&partial[3], "grants") {
        let id = &grant["grant"]["id"];
        let twin = before.iter().find(|other| other["grant"]["id"] == *id).unwrap_or_else(|| panic!("{id} is new"));
        assert_eq!(grant["grant"]["annotations"], twin["grant"]["annotations"], "{id}");
    }
    assert!(
        held.grants.is_superset(&set(&[
            "role:SUPER_ADMIN:assigned:user:00u1active",
            "role:ORG_ADMIN:assigned:user:00u10other",
            "custom-role:cr0vault:assigned:user:00u9weird",
            "custom-role:cr0vault:assigned:group:00g1eng",
            "resource-set:iamrs1:bindings:custom-role:cr0vault",
            "resource-set:iamrs1:bindings:custom-role:cr0audit",
            "resourceset-binding:iamrs1:cr0vault:member:user:00u9weird",
            "resourceset-binding:iamrs1:cr0vault:member:group:00g1eng",
            "app:0oa1oidc:access:group:00g1eng",
            "app:0oa1oidc:access:user:00u3prov",
        ])),
        "{held:?}"
    );
    // Of the roles of users, only those that were named.
    assert!(!held.grants.contains("custom-role:WORKFLOWS_ADMIN:assigned:user:00u10other"), "{held:?}");
}

#[test]
fn a_role_asks_only_who_holds_it() {
    let lab = lab();
    let (_, asked) = sync(&lab, &["role/SUPER_ADMIN"], &[]);
    assert!(asked.iter().all(|path| path.starts_with("iam/assignees") || path.ends_with("/roles")), "{asked:?}");
    let held = held(&lab, "sync.c1z");
    assert_eq!(held.resources, set(&["role:SUPER_ADMIN"]));
    assert_eq!(held.grants, set(&["role:SUPER_ADMIN:assigned:user:00u1active"]));
}

#[test]
fn what_is_not_there_is_skipped_and_told() {
    let lab = lab();
    let named = [
        "user/00u99",
        "group/00g99",
        "app/0oa99",
        "role/NO_SUCH_ADMIN",
        "custom-role/cr099",
        "resource-set/iamrs99",
        r"resourceset-binding/iamrs1\:cr099",
        r"resourceset-binding/iamrs99\:cr0vault",
        "resourceset-binding/iamrs1",
        "api-token/00Tok99",
        "device/guo99",
        "group/00g4empty",
        // Okta takes a label for an id, and would take a login.
        "resource-set/Vaults",
    ];
    let (outcome, _) = sync(&lab, &named, &["--sync-custom-roles", "--sync-secrets"]);
    let held = held(&lab, "sync.c1z");
    assert_eq!(held.resources, set(&["group:00g4empty", "role:READ_ONLY_ADMIN"]));
    let gaps = outcome.log("Sync complete.")["gaps"].clone();
    let told: BTreeSet<_> = gaps
        .as_array()
        .unwrap()
        .iter()
        .filter(|gap| gap["kind"] == "gone")
        .flat_map(|gap| gap["examples"].as_array().unwrap().clone())
        .map(|example| example["id"].as_str().unwrap().to_owned())
        .collect();
    let expected = [
        "00u99",
        "00g99",
        "0oa99",
        "NO_SUCH_ADMIN",
        "cr099",
        "iamrs99",
        "iamrs1:cr099",
        "iamrs99:cr0vault",
        "iamrs1",
        "00Tok99",
        "guo99",
        "Vaults",
    ];
    assert_eq!(told, set(&expected), "{gaps:#}");
    // With --strict that is a failure, and the file of before stays.
    let before = fs::read(lab.path("sync.c1z")).unwrap();
    let outcome = lab.run(&["--sync-resources=bid:r:group/00g99", "--strict"]);
    assert_eq!(outcome.code, 9, "{}", outcome.stderr);
    assert_eq!(fs::read(lab.path("sync.c1z")).unwrap(), before);
}

#[test]
fn mistakes_are_refused_before_anything_is_asked() {
    let lab = lab();
    for (arguments, told) in [
        (&["--sync-resources=00g1eng"][..], "not a Baton id"),
        (&["--sync-resources=bid:r:resourceset-binding/a:b"], "a colon within an id is written \\:"),
        (&["--sync-resources=bid:r:robot/r2"], "there is no resource type 'robot'"),
        (&["--sync-resources=bid:r:custom-role/cr0vault"], "--sync-custom-roles (BATON_SYNC_CUSTOM_ROLES) only"),
        (&["--sync-resources=bid:r:api-token/00Tok1"], "--sync-secrets"),
        (&["--skip-grants"], "works only together with --sync-resources"),
    ] {
        let outcome = lab.run(arguments);
        assert_eq!(outcome.code, 2, "{arguments:?}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(told), "{arguments:?}: {}", outcome.stderr);
    }
    assert_eq!(lab.sim().stats().requests, 0);
    assert!(!lab.path("sync.c1z").exists());
}

#[test]
fn options_hold_for_single_resources_too() {
    let lab = lab();
    // The group is not wanted, neither as itself nor as holder of something.
    let (outcome, _) = sync(&lab, &["group/00g2push", "app/0oa2saml"], &["--skip-app-groups"]);
    let first = held(&lab, "sync.c1z");
    assert_eq!(first.resources, set(&["app:0oa2saml"]));
    assert_eq!(first.grants, set(&["app:0oa2saml:access:user:00u7susp"]));
    assert!(outcome.stderr.contains("00g2push is imported by an app"), "{}", outcome.stderr);

    // The user is judged by the own profile, so it has to be looked at.
    let (_, asked) = sync(&lab, &["group/00g1eng", "user/00u10other"], &["--filter-email-domains=acme.example"]);
    let second = held(&lab, "sync.c1z");
    assert!(asked.contains("users/00u1active"), "{asked:?}");
    assert_eq!(
        second.grants,
        set(&[
            "group:00g1eng:member:user:00u1active",
            "group:00g1eng:member:user:00u3prov",
            "role:APP_ADMIN:assigned:group:00g1eng",
        ])
    );
    assert!(!second.resources.contains("user:00u10other"), "{second:?}");

    // A token keeps an owner who passes, and loses one who does not.
    for (domain, has_owner) in [("acme.example", true), ("partner.example", false)] {
        let filter = format!("--filter-email-domains={domain}");
        sync(&lab, &["api-token/00Tok1"], &["--sync-secrets", &filter]);
        let tokens = lab.read("resources", "sync.c1z");
        let token = tokens["resources"]
            .as_array()
            .unwrap()
            .iter()
            .find(|entry| entry["resource"]["id"]["resource"] == "00Tok1");
        assert_eq!(token.unwrap().to_string().contains("00u1active"), has_owner, "{domain}");
    }

    sync(&lab, &["app/0oa3book"], &[]);
    assert_eq!(held(&lab, "sync.c1z").resources, set(&[]));
    sync(&lab, &["app/0oa3book"], &["--sync-inactive-apps"]);
    assert_eq!(held(&lab, "sync.c1z").resources, set(&["app:0oa3book"]));
}

#[test]
fn grants_and_entitlements_can_be_left_out() {
    let lab = lab();
    let (_, asked) = sync(&lab, &["group/00g1eng"], &["--skip-grants"]);
    assert_eq!(asked, set(&["groups/00g1eng?expand=stats"]));
    let some = held(&lab, "sync.c1z");
    assert_eq!((some.entitlements.len(), some.grants.len()), (1, 0));
    let (_, asked) = sync(&lab, &["group/00g1eng", "role/SUPER_ADMIN"], &["--skip-entitlements-and-grants"]);
    assert_eq!(asked, set(&["groups/00g1eng?expand=stats"]));
    let none = held(&lab, "sync.c1z");
    assert_eq!((none.resources.len(), none.entitlements.len(), none.grants.len()), (2, 0, 0));
    assert_eq!(lab.read("stats", "sync.c1z")["syncType"], "partial");
}

#[test]
fn the_last_full_sync_stays_in_the_file_whatever_is_kept_besides() {
    let lab = lab();
    assert_eq!(lab.run(&[]).code, 0);
    let full = lab.read("stats", "sync.c1z")["id"].as_str().unwrap().to_owned();
    for _ in 0..3 {
        let mut command = lab.command(&["--sync-resources=bid:r:group/00g1eng"]);
        let outcome = Outcome::of(command.env("BATON_KEEP_SYNC_COUNT", "1").output().unwrap());
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        assert_eq!(lab.read("stats", "sync.c1z")["parentSyncId"], full.as_str());
    }
    let reader = baton_c1z::Reader::open(&lab.path("sync.c1z")).unwrap();
    let runs = reader.syncs().unwrap();
    assert_eq!(
        runs.iter().map(|run| run.sync_type.as_str()).collect::<Vec<_>>(),
        ["full", "partial", "partial", "partial"]
    );
    assert_eq!(runs[0].sync_id, full);
}

#[test]
fn a_named_resource_that_may_not_be_read_is_a_failure() {
    let lab = lab();
    lab.sim().set_faults(Faults::default().and(FaultRule::on("/api/v1/groups/{id}", Fault::Code(403, "E0000006"))));
    let outcome = lab.run(&["--sync-resources=bid:r:group/00g1eng"]);
    assert_eq!(outcome.code, 7, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("00g1eng"), "{}", outcome.stderr);
    assert!(!lab.path("sync.c1z").exists());
}

#[test]
fn killed_and_carried_on() {
    let shape = Shape::new(400, 60, 20).seed(7);
    let latency = Duration::from_millis(3);
    let lab = Lab::start(SimConfig { latency, log_requests: true, ..SimConfig::new(Org::generate(&shape)) });
    let mut groups = Vec::new();
    assert_eq!(lab.run(&["--sync-resource-types=group"]).code, 0);
    groups.extend(lab.resource_ids("sync.c1z", "group"));
    let named: Vec<_> = groups.iter().map(|id| format!("bid:r:group/{id}")).collect();
    let named = format!("--sync-resources={}", named.join(","));
    assert_eq!(lab.run(&["--file=whole.c1z", &named]).code, 0);
    let whole = held(&lab, "whole.c1z");
    let mut killed = 0;
    for after in [40, 90, 140, 190, 240] {
        let file = format!("--file=killed-{after}.c1z");
        let mut child = lab.command(&[&file, &named]).stderr(Stdio::null()).spawn().unwrap();
        let before = lab.sim().stats().log.len();
        // The moment is a number of requests, so that it is one in the middle on any machine.
        while lab.sim().stats().log.len() < before + after / 4 && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        killed += u32::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
        let outcome = lab.run(&[&file, &named]);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        assert_eq!(held(&lab, &format!("killed-{after}.c1z")), whole, "after {after}");
    }
    assert!(killed >= 3, "{killed}");
}
