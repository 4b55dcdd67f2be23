//! The table "What a credential can do" of docs/setup.md, row by row: each kind of credential, as an API token and as a
//! service app, sees and changes what its column says, and is told what it may not see.

use std::collections::BTreeSet;

use okta_sim::{Fault, FaultRule, Org, Rights, SimConfig, Token};

use crate::changing::Told;
use crate::support::{Lab, Outcome, ServiceApp};

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

/// A row about changes: what is to be done, and which of [`CREDENTIALS`] may.
struct Change {
    row: &'static str,
    arguments: &'static [&'static str],
    may: [bool; 3],
}

const NEW: &str =
    r#"{"first_name":"Nia","last_name":"New","email":"nia@acme.example","send_activation_email":"false"}"#;

/// Of accounts the table promises the second less than Okta lets a group administrator do.
const CHANGES: [Change; 6] = [
    Change {
        row: "grant group membership",
        arguments: &[
            "--grant-entitlement",
            "group:00g1eng:member",
            "--grant-principal",
            "00u7susp",
            "--grant-principal-type",
            "user",
        ],
        may: [false, true, true],
    },
    Change {
        row: "revoke group membership",
        arguments: &["--revoke-grant", "group:00g1eng:member:user:00u3prov"],
        may: [false, true, true],
    },
    Change {
        row: "grant application assignments",
        arguments: &[
            "--grant-entitlement",
            "app:0oa2saml:access",
            "--grant-principal",
            "00u1active",
            "--grant-principal-type",
            "user",
        ],
        may: [false, true, true],
    },
    Change {
        row: "delete groups",
        arguments: &["--delete-resource", "00g1eng", "--delete-resource-type", "group"],
        may: [false, true, true],
    },
    Change {
        row: "grant administrator roles",
        arguments: &[
            "--grant-entitlement",
            "role:HELP_DESK_ADMIN:assigned",
            "--grant-principal",
            "00u1active",
            "--grant-principal-type",
            "user",
        ],
        may: [false, false, true],
    },
    Change { row: "create accounts", arguments: &["--create-account-profile", NEW], may: [false, true, true] },
];

#[test]
fn each_credential_changes_what_its_column_says() {
    // Changes look up what they are about in a file.
    let whole = Lab::start(SimConfig::new(Org::facts()));
    assert_eq!(whole.run(&[]).code, 0);
    for Change { row, arguments, may } in CHANGES {
        for (Credential { name, rights, .. }, may) in CREDENTIALS.iter().zip(may) {
            for (lab, is_app) in labs(*rights) {
                std::fs::copy(whole.path("sync.c1z"), lab.path("sync.c1z")).unwrap();
                let before = lab.sim().with_org(|org| format!("{:?}", org.expected(false)));
                let outcome = run(&lab, is_app, arguments);
                let is_app = if is_app { "app" } else { "token" };
                if may {
                    assert_eq!(outcome.code, 0, "{row}, {name}, {is_app}: {}", outcome.stderr);
                    continue;
                }
                assert_eq!(outcome.code, 7, "{row}, {name}, {is_app}: {}", outcome.stderr);
                assert!(outcome.stderr.contains("E0000006"), "{row}, {name}, {is_app}: {}", outcome.stderr);
                assert_eq!(lab.sim().with_org(|org| format!("{:?}", org.expected(false))), before, "{row}, {name}");
            }
        }
    }
}

#[test]
fn a_change_takes_its_manage_scope() {
    let change = CHANGES[0].arguments;
    let read = ["okta.users.read", "okta.groups.read", "okta.apps.read", "okta.roles.read"];
    let whole = Lab::start(SimConfig::new(Org::facts()));
    assert_eq!(whole.run(&[]).code, 0);
    for (more, code) in [(&[][..], 7), (&["okta.users.manage"], 7), (&["okta.groups.manage"], 0)] {
        let lab = ServiceApp::with_scopes(true, &[&read[..], more].concat()).lab(SimConfig::new(Org::facts()));
        std::fs::copy(whole.path("sync.c1z"), lab.path("sync.c1z")).unwrap();
        let outcome = lab.run_as_app(change);
        assert_eq!(outcome.code, code, "{more:?}: {}", outcome.stderr);
        if code != 0 {
            assert!(outcome.stderr.contains("okta.groups.manage"), "{}", outcome.stderr);
        }
    }
}

/// A service app with these scopes and every right, and the file of a sync of its org.
fn app_with(scopes: &[&str]) -> Lab {
    let whole = Lab::start(SimConfig::new(Org::facts()));
    assert_eq!(whole.run(&ALL).code, 0);
    let lab =
        ServiceApp::with_scopes(true, scopes).lab(SimConfig { record_writes: true, ..SimConfig::new(Org::facts()) });
    std::fs::copy(whole.path("sync.c1z"), lab.path("sync.c1z")).unwrap();
    lab
}

/// Changes, and which scopes they take: the first to change something, the others to look at what it is about.
const TAKES: [(&[&str], &[&str]); 12] = [
    (CHANGES[0].arguments, &["okta.groups.manage", "okta.users.read"]),
    (CHANGES[1].arguments, &["okta.groups.manage", "okta.users.read"]),
    (CHANGES[2].arguments, &["okta.apps.manage", "okta.users.read"]),
    (&["--revoke-grant", "app:0oa1oidc:access:group:00g1eng"], &["okta.apps.manage", "okta.groups.read"]),
    (CHANGES[3].arguments, &["okta.groups.manage"]),
    (CHANGES[4].arguments, &["okta.roles.manage", "okta.users.read"]),
    (&["--revoke-grant", "role:READ_ONLY_ADMIN:assigned:group:00g4empty"], &["okta.roles.manage", "okta.groups.read"]),
    (
        &["--sync-custom-roles", "--revoke-grant", "resourceset-binding:iamrs1:cr0vault:member:user:00u9weird"],
        &["okta.roles.manage", "okta.users.read"],
    ),
    (CHANGES[5].arguments, &["okta.users.manage"]),
    (&["--delete-resource", "00u7susp", "--delete-resource-type", "user"], &["okta.users.manage"]),
    (
        &["--invoke-action", "disable_user", "--invoke-action-args", r#"{"user_id":"00u1active"}"#],
        &["okta.users.manage"],
    ),
    (
        &[
            "--invoke-action",
            "modify_group",
            "--invoke-action-resource-type",
            "group",
            "--invoke-action-args",
            r#"{"group_id":"00g1eng","name":"Engines"}"#,
        ],
        &["okta.groups.manage"],
    ),
];

#[test]
fn a_change_asks_for_the_scopes_that_it_takes_and_no_others() {
    for (change, scopes) in TAKES {
        let lab = app_with(scopes);
        let outcome = lab.run_as_app(&[&["-o", "json"], change].concat());
        assert_eq!(outcome.code, 0, "{change:?}: {}", outcome.stderr);
        assert!(!outcome.stdout.contains("could not be looked at"), "{change:?}: {}", outcome.stdout);
        let stats = lab.sim().stats();
        // Had it asked for more, Okta would have refused the token.
        assert_eq!((stats.tokens_issued, stats.oauth_errors.get("invalid_scope")), (1, None), "{change:?}");
        // Had it asked for less, it would have got along with less.
        if let [manage, _, ..] = scopes {
            let lab = app_with(&[*manage]);
            lab.run_as_app(change);
            assert!(lab.sim().stats().oauth_errors.contains_key("invalid_scope"), "{change:?}");
        }
    }
}

#[test]
fn the_scope_to_change_something_is_enough_to_change_it() {
    for (change, scopes) in TAKES {
        let lab = app_with(&scopes[..1]);
        let outcome = lab.run_as_app(change);
        assert_eq!(outcome.code, 0, "{change:?}: {}", outcome.stderr);
        assert!(!lab.sim().writes().is_empty(), "{change:?}: {}", outcome.stdout);
    }
}

#[test]
fn the_scope_to_be_granted_is_the_one_that_is_missing() {
    for (change, scopes) in TAKES {
        // Without any scope there is no access token.
        let [_, seen @ ..] = scopes else { continue };
        if seen.is_empty() {
            continue;
        }
        let lab = app_with(seen);
        let told = Told::of(lab.run_as_app(&[&["-o", "json"], change].concat()));
        assert_eq!(told.code, 7, "{change:?}: {told:#?}");
        let error = told.words();
        let missing = error.split("the scope needed is ").nth(1).unwrap_or_else(|| panic!("{error}"));
        let missing = missing.split([';', ' ', '(', '\n']).next().unwrap();
        assert!(error.contains(&format!("\nhint: grant the OAuth scope {missing} ")), "{error}");
        assert_eq!(error.matches("rant the ").count(), 1, "it is said once: {error}");
    }
}

#[test]
fn who_signs_in_as_a_service_app_is_not_sent_to_api_tokens() {
    let assert_silent = |outcome: &Outcome| {
        assert_eq!(outcome.code, 16, "{}", outcome.stderr);
        for words in ["api-token", "API token"] {
            assert!(!outcome.stderr.contains(words), "{words}: {}", outcome.stderr);
        }
    };
    let lab = app_with(&["okta.users.read", "okta.users.manage"]);
    for arguments in [&["--okta-client-id", "0oaother"][..], &["--okta-private-key-id", "other"]] {
        for change in [CHANGES[5].arguments, &[]] {
            assert_silent(&lab.run_as_app(&[arguments, change].concat()));
        }
    }
    // Nor where the API does not take what it has been given.
    lab.sim().set_faults(FaultRule::on("/api/v1/users/{id}", Fault::Code(401, "E0000011")).into());
    assert_silent(&lab.run_as_app(CHANGES[5].arguments));
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
