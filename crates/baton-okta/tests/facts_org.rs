//! The test org of `okta-sync.md` 14 through the built binary: every grant of the four types, those that expansion
//! makes included.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeSet;

use okta_sim::{Org, SimConfig};
use serde_json::{Value, json};
use support::Lab;

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

#[test]
fn small_pages_give_the_same_file() {
    let whole = Lab::start(SimConfig::new(Org::facts()));
    assert_eq!(whole.run(&[]).code, 0);
    let expected = whole.contents("sync.c1z");
    for page_cap in [1, 2] {
        let lab = Lab::start(SimConfig { page_cap: Some(page_cap), ..SimConfig::new(Org::facts()) });
        let outcome = lab.run(&[]);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        assert_eq!(lab.contents("sync.c1z"), expected, "pages of {page_cap}");
    }
}
