//! The test org of `docs/spec/okta-sync.md` 14 through the built binary: every object, those that expansion makes
//! included, however the org cuts its lists into pages and however long its answers take.

use std::collections::BTreeSet;
use std::time::Duration;

use okta_sim::{Org, SimConfig};
use serde_json::{Value, json};

use crate::support::Lab;

/// Members of Everyone: all users but the deprovisioned one.
const EVERYONE: [&str; 9] = [
    "00u1active",
    "00u2staged",
    "00u3prov",
    "00u4recov",
    "00u5pwexp",
    "00u6locked",
    "00u7susp",
    "00u9weird",
    "00u10other",
];

fn expected() -> BTreeSet<String> {
    let mut grants: BTreeSet<String> = [
        "app:0oa1oidc:access:group:00g1eng",
        "app:0oa1oidc:access:user:00u1active",
        "app:0oa1oidc:access:user:00u3prov",
        "app:0oa1oidc:access:user:00u10other",
        "app:0oa2saml:access:group:00g2push",
        "app:0oa2saml:access:user:00u7susp",
        "app:0oa4swa:access:group:00g3every",
        "app:0oa4swa:access:user:00u5pwexp",
        "app:0oa5nomode:access:group:00g1eng",
        "group:00g1eng:member:user:00u1active",
        "group:00g1eng:member:user:00u3prov",
        "group:00g1eng:member:user:00u10other",
        "role:APP_ADMIN:assigned:group:00g1eng",
        "role:APP_ADMIN:assigned:user:00u1active",
        "role:APP_ADMIN:assigned:user:00u3prov",
        "role:APP_ADMIN:assigned:user:00u10other",
        "role:SUPER_ADMIN:assigned:group:00g5nostats",
        "role:SUPER_ADMIN:assigned:user:00u4recov",
        "role:SUPER_ADMIN:assigned:user:00u1active",
        "role:ORG_ADMIN:assigned:user:00u10other",
        "role:READ_ONLY_ADMIN:assigned:group:00g4empty",
    ]
    .map(str::to_owned)
    .into();
    grants.extend(EVERYONE.map(|user| format!("group:00g3every:member:user:{user}")));
    grants
}

/// Members of the three groups whose one member the facts do not name.
fn is_single_membership(id: &str) -> bool {
    ["00g2push", "00g5nostats", "00g6denied"].iter().any(|group| id.starts_with(&format!("group:{group}:member:user:")))
}

#[test]
fn every_grant_of_the_facts_is_in_the_file() {
    let lab = Lab::start(SimConfig::new(Org::facts()));
    let outcome = lab.run(&["--sync-inactive-apps", "--app-grant-sources=false"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let (single, grants): (BTreeSet<_>, BTreeSet<_>) =
        lab.grant_ids("sync.c1z").into_iter().partition(|id| is_single_membership(id));
    assert_eq!(single.len(), 3);
    assert_eq!(grants, expected());

    let all = lab.read("grants", "sync.c1z");
    let grant = |id: &str| -> Value {
        let found = all["grants"].as_array().unwrap().iter().find(|entry| entry["grant"]["id"] == id);
        found.unwrap()["grant"].clone()
    };
    let types = |grant: &Value| -> Vec<String> {
        let annotations = grant["annotations"].as_array().unwrap();
        annotations.iter().map(|any| any["@type"].as_str().unwrap().rsplit('.').next().unwrap().to_owned()).collect()
    };
    let expanded = grant("role:APP_ADMIN:assigned:user:00u3prov");
    assert_eq!(types(&expanded), ["GrantImmutable"]);
    assert_eq!(expanded["sources"], json!({"sources": {"group:00g1eng:member": {"isDirect": true}}}));
    let direct = grant("role:SUPER_ADMIN:assigned:user:00u1active");
    assert_eq!(types(&direct), ["V1Identifier"]);
    assert_eq!(direct["annotations"][0]["id"], "grant:role:SUPER_ADMIN:00u1active");
    assert_eq!(direct.get("sources"), None);
}

/// Everything that there is, in the form of the Go connector.
const EVERYTHING: [&str; 5] =
    ["--sync-custom-roles", "--sync-secrets", "--sync-devices", "--sync-inactive-apps", "--app-grant-sources=false"];

/// The grants of custom roles, resource sets and bindings. Workflows Administrator is the group's too, unlike with the Go
/// connector, which grants the group a role that is not there.
const CUSTOM: [&str; 14] = [
    "custom-role:WORKFLOWS_ADMIN:assigned:group:00g1eng",
    "custom-role:WORKFLOWS_ADMIN:assigned:user:00u1active",
    "custom-role:WORKFLOWS_ADMIN:assigned:user:00u3prov",
    "custom-role:WORKFLOWS_ADMIN:assigned:user:00u10other",
    "custom-role:cr0vault:assigned:group:00g1eng",
    "custom-role:cr0vault:assigned:user:00u1active",
    "custom-role:cr0vault:assigned:user:00u3prov",
    "custom-role:cr0vault:assigned:user:00u9weird",
    "custom-role:cr0vault:assigned:user:00u10other",
    "resource-set:iamrs1:bindings:custom-role:cr0audit",
    "resource-set:iamrs1:bindings:custom-role:cr0vault",
    "resourceset-binding:iamrs1:cr0audit:member:user:00u1active",
    "resourceset-binding:iamrs1:cr0vault:member:group:00g1eng",
    "resourceset-binding:iamrs1:cr0vault:member:user:00u9weird",
];

/// A file's entries of one kind ("resource", "entitlement", "grant") by what makes them known.
fn entries(lab: &Lab, kind: &str) -> Vec<Value> {
    let all = lab.read(&format!("{kind}s"), "sync.c1z");
    all[format!("{kind}s")].as_array().unwrap().iter().map(|entry| entry[kind].clone()).collect()
}

#[test]
fn every_object_of_all_types_is_in_the_file() {
    let lab = Lab::start(SimConfig::new(Org::facts()));
    let outcome = lab.run(&EVERYTHING);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let ids = |of: &str| lab.resource_ids("sync.c1z", of).into_iter().collect::<Vec<_>>();
    assert_eq!(ids("custom-role"), ["WORKFLOWS_ADMIN", "cr0audit", "cr0vault"]);
    assert_eq!(ids("resource-set"), ["iamrs1", "iamrs2"]);
    assert_eq!(ids("resourceset-binding"), ["iamrs1:cr0audit", "iamrs1:cr0vault"]);
    assert_eq!(ids("api-token"), ["00Tok1", "00Tok2"]);
    assert_eq!(ids("device"), ["guo1mac", "guo2win", "guo3bare", "guo4lin"]);
    assert_eq!((ids("user").len(), ids("group").len(), ids("app").len(), ids("role").len()), (10, 6, 5, 10));

    let entitlements: BTreeSet<_> =
        entries(&lab, "entitlement").iter().map(|entry| entry["id"].as_str().unwrap().to_owned()).collect();
    // Groups, apps and standard roles have one each; users, tokens and devices have none.
    assert_eq!(entitlements.len(), 6 + 5 + 10 + 3 + 2 + 2);
    for id in [
        "custom-role:WORKFLOWS_ADMIN:assigned",
        "custom-role:cr0audit:assigned",
        "custom-role:cr0vault:assigned",
        "resource-set:iamrs1:bindings",
        "resource-set:iamrs2:bindings",
        "resourceset-binding:iamrs1:cr0audit:member",
        "resourceset-binding:iamrs1:cr0vault:member",
    ] {
        assert!(entitlements.contains(id), "{id}");
    }

    let (single, grants): (BTreeSet<_>, BTreeSet<_>) =
        lab.grant_ids("sync.c1z").into_iter().partition(|id| is_single_membership(id));
    assert_eq!(single.len(), 3);
    let mut all = expected();
    all.extend(CUSTOM.map(str::to_owned));
    assert_eq!(grants, all);
}

#[test]
fn the_objects_of_the_types_with_a_switch() {
    let lab = Lab::start(SimConfig::new(Org::facts()));
    assert_eq!(lab.run(&EVERYTHING).code, 0);
    let (resources, grants) = (entries(&lab, "resource"), entries(&lab, "grant"));
    let resource = |of: &str, id: &str| {
        let is_it = |entry: &&Value| entry["id"] == json!({"resourceType": of, "resource": id});
        resources.iter().find(is_it).unwrap_or_else(|| panic!("no {of} {id}")).clone()
    };
    let annotation = |name: &str| json!({"@type": format!("type.googleapis.com/c1.connector.v2.{name}")});
    assert_eq!(
        resource("custom-role", "WORKFLOWS_ADMIN"),
        json!({
            "id": {"resourceType": "custom-role", "resource": "WORKFLOWS_ADMIN"},
            "displayName": "Workflows Administrator",
            "annotations": [
                {"@type": "type.googleapis.com/c1.connector.v2.V1Identifier", "id": "role:WORKFLOWS_ADMIN"},
                annotation("RoleTrait"),
            ],
            // As the list of custom roles has it, which knows more than an assignment.
            "profile": {"id": "WORKFLOWS_ADMIN", "label": "Workflows Administrator", "type": ""},
        })
    );
    assert_eq!(
        resource("resourceset-binding", "iamrs1:cr0vault"),
        json!({
            "id": {"resourceType": "resourceset-binding", "resource": "iamrs1:cr0vault"},
            "displayName": "Vaults",
            "annotations": [annotation("AppTrait")],
            "profile": {"id": "iamrs1:cr0vault", "label": "Vaults", "description": "All vaults"},
        })
    );
    let token = resource("api-token", "00Tok1");
    let owner = json!({"resourceType": "user", "resource": "00u1active"});
    let secret = &token["annotations"][0];
    assert_eq!(
        (&token["displayName"], &secret["identityId"], &secret["createdById"]),
        (&json!("ci token"), &owner, &owner)
    );
    assert_eq!(secret["expiresAt"], "2026-12-31T23:59:59Z");
    assert!(token["createdAt"].is_string());
    assert_eq!(secret["lastUsedAt"], "2026-12-01T23:59:59Z");
    let never_used = resource("api-token", "00Tok2");
    assert!(never_used["annotations"][0].get("lastUsedAt").is_none(), "{never_used}");
    let names = ["guo1mac", "guo2win", "guo3bare", "guo4lin"].map(|id| resource("device", id)["displayName"].clone());
    assert_eq!(names, ["Ada's Mac", "guo2win", "guo3bare", "tux"].map(|name| json!(name)));

    let v1 = |id: &str| {
        let grant = grants.iter().find(|entry| entry["id"] == id).unwrap_or_else(|| panic!("no {id}"));
        grant["annotations"][0]["id"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(v1("custom-role:cr0vault:assigned:user:00u9weird"), "grant:role:cr0vault:00u9weird");
    for role in ["cr0vault", "cr0audit"] {
        assert_eq!(v1(&format!("resource-set:iamrs1:bindings:custom-role:{role}")), "grant:membership:iamrs1:iamrs1");
    }
    for member in ["user:00u9weird", "group:00g1eng"] {
        assert_eq!(
            v1(&format!("resourceset-binding:iamrs1:cr0vault:member:{member}")),
            "grant:membership:iamrs1:cr0vault:iamrs1:cr0vault"
        );
    }
    let expanded = grants.iter().find(|entry| entry["id"] == "custom-role:WORKFLOWS_ADMIN:assigned:user:00u3prov");
    assert_eq!(expanded.unwrap()["sources"], json!({"sources": {"group:00g1eng:member": {"isDirect": true}}}));
}

#[test]
fn neither_pages_nor_links_nor_delays_change_the_file() {
    let whole = Lab::start(SimConfig::new(Org::facts()));
    assert_eq!(whole.run(&EVERYTHING).code, 0);
    let expected = whole.contents("sync.c1z");
    let config = || SimConfig::new(Org::facts());
    let jitter = Duration::from_millis(20);
    for (what, config) in [
        ("pages of 1, links in the body", SimConfig { page_cap: Some(1), ..config() }),
        ("pages of 1, links in the header", SimConfig { page_cap: Some(1), iam_link_headers: true, ..config() }),
        ("pages of 2, links in the body", SimConfig { page_cap: Some(2), ..config() }),
        ("pages of 2, links in the header", SimConfig { page_cap: Some(2), iam_link_headers: true, ..config() }),
        ("pages of 1000", SimConfig { page_cap: Some(1000), group_page_cap: 1000, ..config() }),
        ("delays", SimConfig { page_cap: Some(2), latency_jitter: jitter, seed: 7, ..config() }),
        ("other delays", SimConfig { page_cap: Some(2), latency_jitter: jitter, seed: 8, ..config() }),
    ] {
        let lab = Lab::start(config);
        let outcome = lab.run(&EVERYTHING);
        assert_eq!(outcome.code, 0, "{what}: {}", outcome.stderr);
        assert_eq!(lab.contents("sync.c1z"), expected, "{what}");
    }
}
