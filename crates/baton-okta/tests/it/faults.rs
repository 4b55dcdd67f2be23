//! Every kind of fault that `docs/spec/okta-sync.md` 11 lists, at every call of a sync, with what
//! `docs/spec/decisions.md` 2.4 to 2.6 makes of it: what passes is waited out, what is gone costs only itself, what
//! must end the sync ends it with an explanation.

use std::collections::BTreeSet;

use okta_sim::{Fault, FaultRule, Faults, Org, SimConfig};
use serde_json::Value;

use crate::support::{Lab, Outcome};

const ALL: [&str; 3] = ["--sync-custom-roles", "--sync-secrets", "--sync-devices"];

/// One call of each kind that a sync of everything makes.
const CALLS: [&str; 16] = [
    "/api/v1/org",
    "/api/v1/users",
    "/api/v1/groups",
    "/api/v1/groups/00g1eng/users",
    "/api/v1/groups/00g1eng/roles",
    "/api/v1/groups/00g1eng/apps",
    "/api/v1/apps",
    "/api/v1/apps/0oa1oidc/users",
    "/api/v1/iam/assignees/users",
    "/api/v1/users/00u1active/roles",
    "/api/v1/iam/roles",
    "/api/v1/iam/resource-sets",
    "/api/v1/iam/resource-sets/iamrs1/bindings",
    "/api/v1/iam/resource-sets/iamrs1/bindings/cr0vault/members",
    "/api/v1/api-tokens",
    "/api/v1/devices",
];

/// Calls that are made in place of some of those where a quota is spent.
const OTHER_WAYS: [&str; 3] =
    ["/api/v1/groups/00g1eng/skinny_users", "/api/v1/apps/0oa1oidc/skinny_users", "/api/v1/apps/0oa1oidc/groups"];

fn lab(faults: impl Into<Faults>) -> Lab {
    Lab::start(SimConfig { faults: faults.into(), ..SimConfig::new(Org::facts()) })
}

fn contents() -> [Value; 4] {
    let whole = lab(Faults::none());
    assert_eq!(whole.run(&ALL).code, 0);
    whole.contents("sync.c1z")
}

fn assert_fails(outcome: &Outcome, code: i32, words: &[&str]) {
    assert_eq!(outcome.code, code, "{}", outcome.stderr);
    for words in words {
        assert!(outcome.stderr.contains(words), "no {words:?} in {}", outcome.stderr);
    }
    assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
}

#[test]
fn what_passes_is_waited_out_at_every_call() {
    let expected = contents();
    for fault in [Fault::Status(500), Fault::Html(502), Fault::DropConnection, Fault::RateLimit] {
        // All at once: each call fails the first time.
        let faults = CALLS
            .iter()
            .chain(&OTHER_WAYS)
            .fold(Faults::none(), |faults, path| faults.and(FaultRule::on(*path, fault.clone()).first(1)));
        let lab = lab(faults);
        let outcome = lab.run(&ALL);
        assert_eq!(outcome.code, 0, "{fault:?}: {}", outcome.stderr);
        assert_eq!(lab.contents("sync.c1z"), expected, "{fault:?}");
        let summary = outcome.log("Sync complete.");
        // One more for each that failed: neither a loop nor a repetition that was not needed.
        let failed = lab.sim().stats().faults;
        assert!(failed >= CALLS.len() as u64, "{fault:?}: {summary}");
        assert_eq!(summary["retries"], failed, "{fault:?}: {summary}");
    }
}

#[test]
fn three_refusals_in_a_row_are_no_reason_to_give_up() {
    let expected = contents();
    for path in ["/api/v1/users", "/api/v1/devices"] {
        let lab = lab(FaultRule::on(path, Fault::RateLimit).first(3));
        let outcome = lab.run(&ALL);
        assert_eq!(outcome.code, 0, "{path}: {}", outcome.stderr);
        assert_eq!(lab.contents("sync.c1z"), expected, "{path}");
    }
}

#[test]
fn what_is_gone_costs_only_itself() {
    let whole = lab(Faults::none());
    assert_eq!(whole.run(&ALL).code, 0);
    let all = whole.grant_ids("sync.c1z");
    for (path, of, id, lost) in [
        ("/api/v1/groups/00g2push/users", "group", "00g2push", &["group:00g2push:member:user:00u7susp"][..]),
        ("/api/v1/groups/00g4empty/roles", "role", "00g4empty", &["role:READ_ONLY_ADMIN:assigned:group:00g4empty"]),
        ("/api/v1/groups/00g2push/apps", "app", "00g2push", &["app:0oa2saml:access:group:00g2push"]),
        ("/api/v1/apps/0oa4swa/users", "app", "0oa4swa", &["app:0oa4swa:access:user:00u5pwexp"]),
        ("/api/v1/users/00u1active/roles", "role", "00u1active", &["role:SUPER_ADMIN:assigned:user:00u1active"]),
        (
            "/api/v1/iam/resource-sets/iamrs1/bindings",
            "resourceset-binding",
            "iamrs1",
            &[
                "resource-set:iamrs1:bindings:custom-role:cr0audit",
                "resource-set:iamrs1:bindings:custom-role:cr0vault",
                "resourceset-binding:iamrs1:cr0audit:member:user:00u1active",
                "resourceset-binding:iamrs1:cr0vault:member:group:00g1eng",
                "resourceset-binding:iamrs1:cr0vault:member:user:00u9weird",
            ],
        ),
        (
            "/api/v1/iam/resource-sets/iamrs1/bindings/cr0audit/members",
            "resourceset-binding",
            "iamrs1:cr0audit",
            &["resourceset-binding:iamrs1:cr0audit:member:user:00u1active"],
        ),
    ] {
        for (fault, kind) in [(Fault::Code(404, "E0000007"), "gone"), (Fault::Code(403, "E0000006"), "forbidden")] {
            // Only what is about a group or a binding may be refused for that one alone.
            if kind == "forbidden" && (of == "app" && id != "00g2push" || id == "00u1active") {
                continue;
            }
            let lab = lab(FaultRule::on(path, fault));
            let outcome = lab.run(&ALL);
            assert_eq!(outcome.code, 0, "{path}: {}", outcome.stderr);
            let left = lab.grant_ids("sync.c1z");
            let lost_now: Vec<_> = all.difference(&left).map(String::as_str).collect();
            assert_eq!(lost_now, lost, "{path}");
            assert!(left.is_subset(&all), "{path}");
            let gaps = outcome.log("Sync complete.")["gaps"].clone();
            let told = gaps.as_array().unwrap().iter().any(|gap| {
                let ids: BTreeSet<_> =
                    gap["examples"].as_array().unwrap().iter().map(|example| example["id"].as_str()).collect();
                gap["kind"] == kind && gap["resource_type_id"] == of && ids.contains(&Some(id))
            });
            assert!(told, "{path} {kind}: {gaps}");
        }
    }
}

#[test]
fn refused_credentials_end_the_sync() {
    for path in ["/api/v1/org", "/api/v1/users", "/api/v1/devices", "/api/v1/groups/00g1eng/roles"] {
        let lab = lab(FaultRule::on(path, Fault::Code(401, "E0000011")));
        assert_fails(&lab.run(&ALL), 16, &[path, "E0000011", "--api-token"]);
        assert!(!lab.path("sync.c1z").exists());
    }
    assert_fails(
        &lab(FaultRule::on("/api/v1/org", Fault::Code(403, "E0000006"))).run(&ALL),
        7,
        &["/api/v1/org", "E0000006"],
    );
    // Not the code for "no permission": not about this group alone.
    let feature = FaultRule::on("/api/v1/groups/00g1eng/roles", Fault::Code(403, "E0000015"));
    assert_fails(&lab(feature).run(&ALL), 7, &["/api/v1/groups/00g1eng/roles", "E0000015"]);
}

#[test]
fn answers_that_are_none_end_the_sync() {
    for path in CALLS {
        let lab = lab(FaultRule::on(path, Fault::Html(200)));
        assert_fails(&lab.run(&ALL), 2, &[path, "not JSON", "captive portal"]);
        assert!(!lab.path("sync.c1z").exists(), "{path}");
    }
}

#[test]
fn links_that_lead_nowhere_end_the_sync() {
    for path in ["/api/v1/users", "/api/v1/iam/roles", "/api/v1/iam/resource-sets/iamrs1/bindings", "/api/v1/devices"] {
        for (fault, words) in
            [(Fault::LoopingLink, "leads to the page that it came with"), (Fault::StrayLink, "leads to another list")]
        {
            let config = SimConfig {
                faults: FaultRule::on(path, fault).into(),
                page_cap: Some(1),
                ..SimConfig::new(Org::facts())
            };
            let lab = Lab::start(config);
            assert_fails(&lab.run(&ALL), 2, &[path, words]);
            assert!(!lab.path("sync.c1z").exists(), "{path}");
        }
    }
}
