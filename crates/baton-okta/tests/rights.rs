//! The table "What a credential can do" of docs/setup.md, row by row: each kind of credential, as an API token and as a
//! service app, sees and changes what its column says, and is told what it may not see.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeSet;

use okta_sim::{Org, Rights, SimConfig, Token};
use support::{Lab, Outcome, ServiceApp};

/// Everything that can be read.
const ALL: [&str; 2] = ["--sync-custom-roles", "--sync-secrets"];

/// A column of the table.
struct Credential {
    name: &'static str,
    rights: fn() -> Rights,
    /// The types that are in the file besides users, groups and applications.
    sees: &'static [&'static str],
}

const ROLES: [&str; 4] = ["custom-role", "resource-set", "resourceset-binding", "role"];

const CREDENTIALS: [Credential; 3] = [
    Credential { name: "custom read-only", rights: Rights::custom_read_only, sees: &ROLES },
    Credential {
        name: "read-only + app admin + group admin",
        rights: Rights::read_only_app_and_group_admin,
        sees: &[],
    },
    Credential {
        name: "super admin",
        rights: Rights::super_admin,
        sees: &["api-token", "custom-role", "resource-set", "resourceset-binding", "role"],
    },
];

/// An org with such a token and such an app, and how to sync it as either.
fn labs(rights: fn() -> Rights) -> [(Lab, bool); 2] {
    let token = Token::new("00t0k3n").rights(rights());
    let by_token = Lab::start(SimConfig { tokens: vec![token], ..SimConfig::new(Org::facts()) });
    let by_app = ServiceApp::new(true).rights(rights()).lab(SimConfig::new(Org::facts()));
    [(by_token, false), (by_app, true)]
}

fn run(lab: &Lab, is_app: bool, arguments: &[&str]) -> Outcome {
    if is_app { lab.run_as_app(arguments) } else { lab.run(arguments) }
}

fn types(lab: &Lab) -> BTreeSet<String> {
    let types = lab.read("resource-types", "sync.c1z");
    let entries = types["resourceTypes"].as_array().unwrap();
    entries.iter().map(|entry| entry["resourceType"]["id"].as_str().unwrap().to_owned()).collect()
}

fn grants(lab: &Lab, of: &str) -> BTreeSet<String> {
    lab.grant_ids("sync.c1z").into_iter().filter(|id| id.starts_with(&format!("{of}:"))).collect()
}

#[test]
fn each_credential_reviews_what_its_column_says() {
    let whole = Lab::start(SimConfig::new(Org::facts()));
    assert_eq!(whole.run(&ALL).code, 0);
    for Credential { name, rights, sees } in CREDENTIALS {
        for (lab, is_app) in labs(rights) {
            let outcome = run(&lab, is_app, &ALL);
            assert_eq!(outcome.code, 0, "{name}: {}", outcome.stderr);
            let expected: BTreeSet<_> = ["user", "group", "app"].iter().chain(sees).map(ToString::to_string).collect();
            assert_eq!(types(&lab), expected, "{name}");
            // Memberships and assignments are all there, and so is what is seen beyond.
            for of in &expected {
                assert_eq!(grants(&lab, of), grants(&whole, of), "{name}: {of}");
            }
            // The rest is said to be not read, with what would help.
            let summary = outcome.log("Sync complete.");
            for unseen in ROLES.iter().chain(&["api-token"]).filter(|of| !sees.contains(of)) {
                assert_eq!(summary["types"][unseen]["not_read"], true, "{name}: {unseen}");
                let gaps = summary["gaps"].as_array().unwrap().iter();
                let mut about = gaps.filter(|gap| gap["resource_type_id"] == *unseen && gap["kind"] == "forbidden");
                let gap = about.next().unwrap_or_else(|| panic!("{name}: no gap about {unseen}")).to_string();
                assert!(gap.contains("E0000006") && gap.contains("Super Administrator"), "{name}: {gap}");
            }
            // Nobody is left in doubt who wants to be sure.
            let strict = run(&lab, is_app, &[&ALL[..], &["--strict"]].concat());
            assert_eq!(strict.code, 9, "{name}: {}", strict.stderr);
        }
    }
}

#[test]
fn a_credential_that_sees_what_is_asked_for_is_enough() {
    for Credential { name, rights, .. } in CREDENTIALS {
        for (lab, is_app) in labs(rights) {
            let outcome = run(&lab, is_app, &["--sync-resource-types", "user,group,app"]);
            assert_eq!(outcome.code, 0, "{name}: {}", outcome.stderr);
            assert_eq!(outcome.log("Sync complete.")["gaps"], serde_json::json!([]), "{name}");
        }
    }
}

#[test]
fn without_a_role_there_is_no_sync() {
    for (lab, is_app) in labs(Rights::none) {
        // A good file from before.
        std::fs::write(lab.path("before.c1z"), {
            let good = Lab::start(SimConfig::new(Org::facts()));
            assert_eq!(good.run(&[]).code, 0);
            std::fs::read(good.path("sync.c1z")).unwrap()
        })
        .unwrap();
        std::fs::copy(lab.path("before.c1z"), lab.path("sync.c1z")).unwrap();
        let outcome = run(&lab, is_app, &[]);
        assert_eq!(outcome.code, 7, "{}", outcome.stderr);
        assert!(outcome.stderr.contains("Read-Only Administrator"), "{}", outcome.stderr);
        if is_app {
            // The trap: the list of users is answered with success, and nobody is in it.
            let outcome = run(&lab, is_app, &["--sync-resource-types", "user"]);
            assert_eq!(outcome.code, 9, "{}", outcome.stderr);
            for words in ["found no user at all", "service app needs one of its own", "Admin roles"] {
                assert!(outcome.stderr.contains(words), "no {words:?} in {}", outcome.stderr);
            }
        }
        assert_eq!(std::fs::read(lab.path("sync.c1z")).unwrap(), std::fs::read(lab.path("before.c1z")).unwrap());
    }
}
