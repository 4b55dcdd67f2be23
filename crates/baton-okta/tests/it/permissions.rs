//! What a credential may not read: what must be there ends the sync, everything else is said to be not read, and is not in
//! the file as if it were empty.

use okta_sim::{Fault, FaultRule, Faults, Org, SimConfig};

use crate::support::{Lab, Outcome};

/// Everything that takes a switch.
const ALL: [&str; 3] = ["--sync-custom-roles", "--sync-secrets", "--sync-devices"];

/// A path, the types that cannot be read without it, the scope, a word for the role, and how to do without.
type Row = (&'static str, &'static [&'static str], &'static str, &'static str, &'static str);

const OPTIONAL: [Row; 5] = [
    (
        "/api/v1/iam/assignees/users",
        &["role", "custom-role"],
        "okta.roles.read",
        "Super Administrator",
        "--sync-resource-types",
    ),
    ("/api/v1/iam/roles", &["custom-role"], "okta.roles.read", "Super Administrator", "--sync-custom-roles"),
    (
        "/api/v1/iam/resource-sets",
        &["resource-set", "resourceset-binding"],
        "okta.roles.read",
        "Super Administrator",
        "--sync-custom-roles",
    ),
    ("/api/v1/api-tokens", &["api-token"], "okta.apiTokens.read", "Super Administrator", "--sync-secrets"),
    ("/api/v1/devices", &["device"], "okta.devices.read", "Read-Only Administrator", "--sync-devices"),
];

fn lab(faults: impl Into<Faults>) -> Lab {
    Lab::start(SimConfig { faults: faults.into(), ..SimConfig::new(Org::facts()) })
}

/// Ids of the resource types in the file.
fn types(lab: &Lab) -> Vec<String> {
    let types = lab.read("resource-types", "sync.c1z");
    let entries = types["resourceTypes"].as_array().unwrap();
    entries.iter().map(|entry| entry["resourceType"]["id"].as_str().unwrap().to_owned()).collect()
}

/// The gaps of whole types in the summary: type and explanation.
fn unread(outcome: &Outcome) -> Vec<(String, String)> {
    let summary = outcome.log("Sync complete.");
    let gaps = summary["gaps"].as_array().unwrap().iter().filter(|gap| gap["examples"][0]["id"] == "");
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    gaps.map(|gap| (text(&gap["resource_type_id"]), text(&gap["examples"][0]["message"]))).collect()
}

#[test]
fn a_type_that_may_not_be_read_is_not_in_the_file() {
    let whole = lab(Faults::none());
    assert_eq!(whole.run(&ALL).code, 0);
    let all_types = types(&whole);
    assert_eq!(all_types.len(), 9);
    let all_grants = whole.grant_ids("sync.c1z");
    for (path, of, scope, role, without) in OPTIONAL {
        for (fault, says, says_not) in [
            (Fault::Code(403, "E0000006"), role, "Grant the OAuth scope"),
            (Fault::InsufficientScope, "Grant the OAuth scope", "Administrator role"),
            (Fault::Code(401, "E0000015"), "does not have this feature", "Administrator role"),
        ] {
            let lab = lab(FaultRule::on(path, fault.clone()));
            let outcome = lab.run(&ALL);
            assert_eq!(outcome.code, 0, "{path}: {}", outcome.stderr);
            let mut told = unread(&outcome);
            told.sort_unstable();
            let mut expected = of.to_vec();
            expected.sort_unstable();
            assert_eq!(told.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), expected, "{path} {fault:?}");
            for (id, message) in &told {
                // Custom roles can also be left out when it is the standard ones that cannot be read.
                let without = if id == "custom-role" { "--sync-custom-roles" } else { without };
                for words in [path, says, without] {
                    assert!(message.contains(words), "no {words:?}: {message}");
                }
                assert!(!message.contains(says_not), "{message}");
                assert!(message.contains(scope) || fault == Fault::Code(401, "E0000015"), "{message}");
            }
            // All the rest is there, and nothing of the types.
            let rest = all_types.iter().filter(|id| !of.contains(&id.as_str())).cloned().collect::<Vec<_>>();
            assert_eq!(types(&lab), rest, "{path} {fault:?}");
            let concerns =
                |id: &String| of.iter().any(|of| id.starts_with(&format!("{of}:")) || id.contains(&format!(":{of}:")));
            let rest: Vec<_> = all_grants.iter().filter(|id| !concerns(id)).cloned().collect();
            assert_eq!(lab.grant_ids("sync.c1z").into_iter().collect::<Vec<_>>(), rest, "{path} {fault:?}");
        }
    }
}

#[test]
fn a_credential_that_is_refused_is_no_missing_role() {
    // Also of lists that a sync can do without: nothing can be read any more.
    for path in ["/api/v1/org", "/api/v1/users", "/api/v1/api-tokens", "/api/v1/iam/assignees/users"] {
        let lab = lab(FaultRule::on(path, Fault::Code(403, "E0000005")));
        let outcome = lab.run(&ALL);
        assert_eq!(outcome.code, 16, "{path}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("--api-token"), "{path}: {}", outcome.stderr);
        assert!(!outcome.stderr.contains("Administrator role"), "{path}: {}", outcome.stderr);
        assert!(!lab.path("sync.c1z").exists());
    }
}

#[test]
fn strict_takes_no_type_for_granted() {
    for (path, of, ..) in OPTIONAL {
        // The group that refuses its roles alone would end a strict sync.
        let faults = Faults::from(FaultRule::on(path, Fault::Code(403, "E0000006")));
        let lab = lab(faults);
        let outcome = lab.run(&["--strict", "--sync-custom-roles", "--sync-secrets", "--sync-devices"]);
        assert_eq!(outcome.code, 9, "{path}: {}", outcome.stderr);
        assert!(of.iter().all(|of| outcome.stderr.contains(&format!("{of}, forbidden"))), "{path}: {}", outcome.stderr);
        assert!(!lab.path("sync.c1z").exists());
    }
}

#[test]
fn users_groups_and_apps_must_be_readable() {
    for (path, scope) in [
        ("/api/v1/users", "okta.users.read"),
        ("/api/v1/groups", "okta.groups.read"),
        ("/api/v1/apps", "okta.apps.read"),
        ("/api/v1/apps/0oa4swa/users", "okta.apps.read"),
        ("/api/v1/users/00u1active/roles", "okta.roles.read"),
    ] {
        for (fault, words) in [
            (Fault::Code(403, "E0000006"), ["Administrator role", "--sync-resource-types"]),
            (Fault::InsufficientScope, ["Grant the OAuth scope", "--sync-resource-types"]),
        ] {
            let lab = lab(FaultRule::on(path, fault));
            let outcome = lab.run(&[]);
            assert_eq!(outcome.code, 7, "{path}: {}", outcome.stderr);
            for words in words.into_iter().chain([path, scope]) {
                assert!(outcome.stderr.contains(words), "{path}: no {words:?} in {}", outcome.stderr);
            }
            assert!(!lab.path("sync.c1z").exists());
        }
    }
}

#[test]
fn an_org_without_any_user_names_the_role_that_is_missing() {
    let lab = Lab::start(SimConfig::new(Org::empty()));
    let outcome = lab.run(&[]);
    assert_eq!(outcome.code, 9, "{}", outcome.stderr);
    for words in
        ["found no user at all", "the admin who made the API token", "Read-Only Administrator", "--allow-shrink"]
    {
        assert!(outcome.stderr.contains(words), "no {words:?} in {}", outcome.stderr);
    }
}

#[test]
fn the_owner_of_a_token_is_under_the_filter_too() {
    let lab = Lab::start(SimConfig::new(Org::facts()));
    let owner = |id: &str| {
        let all = lab.read("resources", "sync.c1z");
        let found = all["resources"].as_array().unwrap().iter().find(|entry| entry["resource"]["id"]["resource"] == id);
        let secret = found.unwrap()["resource"]["annotations"][0].clone();
        (secret["identityId"]["resource"].clone(), secret["createdById"]["resource"].clone())
    };
    assert_eq!(lab.run(&["--sync-secrets"]).code, 0);
    assert_eq!(owner("00Tok1"), ("00u1active".into(), "00u1active".into()));
    let outcome = lab.run(&["--sync-secrets", "--filter-email-domains", "partner.example", "--allow-shrink"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    // The token is there, its owner is not.
    assert_eq!(lab.resource_ids("sync.c1z", "user").into_iter().collect::<Vec<_>>(), ["00u10other"]);
    assert_eq!(lab.resource_ids("sync.c1z", "api-token").len(), 2);
    assert_eq!(owner("00Tok1"), (serde_json::Value::Null, serde_json::Value::Null));
    assert!(outcome.stderr.contains("API token 00Tok1 is stored without its owner"), "{}", outcome.stderr);
    // Whether the owner would pass, nobody has looked.
    let args = ["--sync-secrets", "--filter-email-domains", "partner.example", "--sync-resource-types", "api-token"];
    assert_eq!(lab.run(&args).code, 0);
    assert_eq!(owner("00Tok1").0, "00u1active");
}

/// The gaps of the summary of this kind: resource type, count, first id and message.
fn gaps(outcome: &Outcome, kind: &str) -> Vec<(String, u64, String, String)> {
    let summary = outcome.log("Sync complete.");
    let gaps = summary["gaps"].as_array().unwrap().iter().filter(|gap| gap["kind"] == kind);
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let example = |gap: &serde_json::Value| gap["examples"][0].clone();
    gaps.map(|gap| {
        let (of, count) = (text(&gap["resource_type_id"]), gap["count"].as_u64().unwrap());
        (of, count, text(&example(gap)["id"]), text(&example(gap)["message"]))
    })
    .collect()
}

#[test]
fn a_token_whose_owner_is_not_listed_keeps_the_owner_and_is_counted() {
    let lab = Lab::start(SimConfig::new(Org::facts()));
    let token = lab.sim().change_org(|org| org.add_token("agent token", "00uhidden"));
    let outcome = lab.run(&["--sync-secrets"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let all = lab.read("resources", "sync.c1z");
    let found = all["resources"].as_array().unwrap().iter().find(|entry| entry["resource"]["id"]["resource"] == *token);
    let secret = found.unwrap()["resource"]["annotations"][0].clone();
    assert_eq!(secret["identityId"]["resource"], "00uhidden");
    let dangling = gaps(&outcome, "dangling");
    let [(of, count, id, message)] = dangling.as_slice() else { panic!("{dangling:?}") };
    assert_eq!((of.as_str(), *count, id.as_str()), ("user", 1, "00uhidden"));
    assert!(message.contains(&token), "{message}");
    // Nobody has looked for the owner: not listed, or not asked for.
    let outcome = lab.run(&["--sync-secrets", "--sync-resource-types", "api-token"]);
    assert_eq!((outcome.code, gaps(&outcome, "dangling").len()), (0, 0), "{}", outcome.stderr);
    let named = format!("--sync-resources=bid:r:api-token/{token}");
    let outcome = lab.run(&["--sync-secrets", &named]);
    assert_eq!((outcome.code, gaps(&outcome, "dangling").len()), (0, 0), "{}", outcome.stderr);
}

#[test]
fn admin_roles_of_service_apps_are_reported_as_not_read() {
    let lab = Lab::start(SimConfig::new(Org::facts()));
    let outcome = lab.run(&[]);
    assert_eq!(gaps(&outcome, "left out"), [], "an org without service apps");
    let app = lab.sim().change_org(|org| org.add_service_app("Nightly export"));
    for (args, expected) in [
        (&[][..], Some("role")),
        (&["--sync-custom-roles", "--sync-resource-types=app,custom-role"], Some("custom-role")),
        (&["--sync-resource-types=app,user"], None),
        (&["--sync-resource-types=role,user"], None),
        (&["--skip-entitlements-and-grants"], None),
    ] {
        let outcome = lab.run(args);
        assert_eq!(outcome.code, 0, "{args:?}: {}", outcome.stderr);
        let left_out = gaps(&outcome, "left out");
        let told: Vec<_> = left_out.iter().map(|(of, count, id, _)| (of.as_str(), *count, id.as_str())).collect();
        assert_eq!(told, expected.map(|of| (of, 1, app.as_str())).into_iter().collect::<Vec<_>>(), "{args:?}");
        assert!(left_out.iter().all(|(.., message)| message.contains("Nightly export")), "{left_out:?}");
    }
}
