//! Changes whose preparing reads Okta refuses (403): what is safe to send is sent, its answer is believed, and the result
//! names the reads. What depends on the read is not done.

use okta_sim::{Fault, Faults, Principal};
use serde_json::json;

use crate::changing::{Changing, Told, grant_arguments, on};

/// A change, a read that is refused, and what comes of it.
struct Row {
    name: &'static str,
    arguments: Vec<String>,
    /// The path of the read, a template without `/api/v1/`.
    refused: &'static str,
    outcome: Outcome,
}

/// What comes of a change.
enum Outcome {
    /// This word, after this request has changed the org.
    Sent(&'static str, &'static str),
    /// This word, after Okta has answered that it is so already.
    Already(&'static str),
    /// Nothing: it depends on the read.
    Refused,
    /// Okta's refusal of the change, with this code.
    Failed(&'static str),
}

use Outcome::{Already, Failed, Refused, Sent};

fn row(name: &'static str, arguments: &[&str], refused: &'static str, outcome: Outcome) -> Row {
    Row { name, arguments: arguments.iter().map(ToString::to_string).collect(), refused, outcome }
}

fn grant(name: &'static str, of: &str, to: &str, refused: &'static str, outcome: Outcome) -> Row {
    row(name, &grant_arguments(of, to), refused, outcome)
}

fn revoke(name: &'static str, grant: &str, refused: &'static str, outcome: Outcome) -> Row {
    row(name, &["--revoke-grant", grant], refused, outcome)
}

fn invoke(action: &'static str, of: &str, args: &serde_json::Value, refused: &'static str, outcome: Outcome) -> Row {
    let args = args.to_string();
    let mut arguments = vec!["--invoke-action", action, "--invoke-action-args", &args];
    if !of.is_empty() {
        arguments.extend(["--invoke-action-resource-type", of]);
    }
    row(action, &arguments, refused, outcome)
}

fn account(name: &'static str, email: &str, outcome: Outcome) -> Row {
    let profile = json!({"first_name": "Nia", "last_name": "New", "email": email}).to_string();
    row(name, &["--create-account-profile", &profile], "users/{id}", outcome)
}

const STAGED: &str = "user:00u2staged";
const SUE: &str = "user:00u7susp";
const PORTAL: &str = "app:0oa1oidc:access";
const VAULT: &str = "resourceset-binding:iamrs1:cr0vault:member";
const AUDIT: &str = "resourceset-binding:iamrs1:cr0audit:member";
const BINDING: &str = "iam/resource-sets/{id}/bindings/{role}";
const MEMBERS: &str = "iam/resource-sets/{id}/bindings/{role}/members";
const DENIED: &str = "group:00g6denied";

fn rows() -> Vec<Row> {
    let member = "group:00g4empty:member";
    let joined = "PUT groups/00g4empty/users/00u1active";
    let ada_in = "group:00g1eng:member:user:00u1active";
    let left = "DELETE groups/00g1eng/users/00u1active";
    let ada = json!({"resource_type_id": "user", "resource_id": "00u1active"});
    let title = json!({"user_id": ada, "title": "Director"});
    let described = json!({"group_id": "00g1eng", "description": "x"});
    vec![
        grant("member-groups", member, "user:00u1active", "users/{id}/groups", Sent("granted", joined)),
        grant("member-group", member, "user:00u1active", "groups/{id}", Sent("granted", joined)),
        // Okta answers the same whether or not the user was there.
        grant(
            "member-already",
            "group:00g1eng:member",
            "user:00u1active",
            "users/{id}/groups",
            Sent("granted", "PUT groups/00g1eng/users/00u1active"),
        ),
        revoke("member-groups", ada_in, "users/{id}/groups", Sent("revoked", left)),
        revoke("member-group", ada_in, "groups/{id}", Sent("revoked", left)),
        revoke("member-rules", ada_in, "groups/rules", Sent("revoked", left)),
        grant("app-user", PORTAL, STAGED, "apps/{id}/users/{user}", Sent("granted", "POST apps/0oa1oidc/users")),
        grant("app-app", PORTAL, STAGED, "apps/{id}", Sent("granted", "POST apps/0oa1oidc/users")),
        grant("app-who", PORTAL, STAGED, "users/{id}", Sent("granted", "POST apps/0oa1oidc/users")),
        grant("app-already", PORTAL, "user:00u1active", "apps/{id}/users/{user}", Already("already_exists")),
        grant("app-deactivated", PORTAL, "user:00u8deprov", "users/{id}", Failed("FailedPrecondition")),
        revoke(
            "app-user",
            "app:0oa4swa:access:user:00u5pwexp",
            "apps/{id}/users/{user}",
            Sent("revoked", "DELETE apps/0oa4swa/users/00u5pwexp"),
        ),
        grant(
            "app-group",
            PORTAL,
            DENIED,
            "apps/{id}/groups/{group}",
            Sent("granted", "PUT apps/0oa1oidc/groups/00g6denied"),
        ),
        grant("app-group-app", PORTAL, DENIED, "apps/{id}", Sent("granted", "PUT apps/0oa1oidc/groups/00g6denied")),
        grant("app-group-who", PORTAL, DENIED, "groups/{id}", Sent("granted", "PUT apps/0oa1oidc/groups/00g6denied")),
        revoke(
            "app-group",
            "app:0oa1oidc:access:group:00g1eng",
            "apps/{id}/groups/{group}",
            Sent("revoked", "DELETE apps/0oa1oidc/groups/00g1eng"),
        ),
        grant(
            "role-user",
            "role:READ_ONLY_ADMIN:assigned",
            STAGED,
            "users/{id}/roles",
            Sent("granted", "POST users/00u2staged/roles"),
        ),
        grant(
            "role-already",
            "role:SUPER_ADMIN:assigned",
            "user:00u1active",
            "users/{id}/roles",
            Already("already_exists"),
        ),
        grant(
            "role-group",
            "role:HELP_DESK_ADMIN:assigned",
            "group:00g4empty",
            "groups/{id}/roles",
            Sent("granted", "POST groups/00g4empty/roles"),
        ),
        grant(
            "role-group-type",
            "role:HELP_DESK_ADMIN:assigned",
            "group:00g4empty",
            "groups/{id}",
            Sent("granted", "POST groups/00g4empty/roles"),
        ),
        grant(
            "role-built-in",
            "role:HELP_DESK_ADMIN:assigned",
            "group:00g3every",
            "groups/{id}",
            Failed("FailedPrecondition"),
        ),
        revoke("role-user", "role:ORG_ADMIN:assigned:user:00u10other", "users/{id}/roles", Refused),
        revoke(
            "role-targets",
            "role:HELP_DESK_ADMIN:assigned:user:00u2staged",
            "users/{id}/roles/{assignment}/targets/groups",
            Sent("revoked", "DELETE users/00u2staged/roles/JBCUYUC7IRCVGS27IFCE2SKO"),
        ),
        revoke("custom-role", "custom-role:cr0vault:assigned:user:00u9weird", "users/{id}/roles", Refused),
        revoke(
            "custom-role-members",
            "custom-role:cr0vault:assigned:user:00u9weird",
            MEMBERS,
            Sent("revoked", "DELETE users/00u9weird/roles/"),
        ),
        grant(
            "binding",
            VAULT,
            STAGED,
            BINDING,
            Sent("granted", "PATCH iam/resource-sets/iamrs1/bindings/cr0vault/members"),
        ),
        grant(
            "binding-members",
            VAULT,
            STAGED,
            MEMBERS,
            Sent("granted", "PATCH iam/resource-sets/iamrs1/bindings/cr0vault/members"),
        ),
        // The only one who audited is gone, and the binding with her.
        grant("binding-ended", AUDIT, STAGED, BINDING, Sent("granted", "POST iam/resource-sets/iamrs1/bindings")),
        revoke("binding", "resourceset-binding:iamrs1:cr0vault:member:user:00u9weird", MEMBERS, Refused),
        revoke(
            "resource-set",
            "resource-set:iamrs1:bindings:custom-role:cr0vault",
            BINDING,
            Sent("revoked", "DELETE iam/resource-sets/iamrs1/bindings/cr0vault"),
        ),
        account("acct-lookup", "nia@acme.example", Sent("created", "POST users")),
        account("acct-duplicate-lookup", "ada@acme.example", Already("already_exists")),
        row(
            "delete-group",
            &["--delete-resource", "00g6denied", "--delete-resource-type", "group"],
            "groups/{id}",
            Sent("deleted", "DELETE groups/00g6denied"),
        ),
        row(
            "delete-built-in",
            &["--delete-resource", "00g3every", "--delete-resource-type", "group"],
            "groups/{id}",
            Failed("PermissionDenied"),
        ),
        row("delete-user", &["--delete-resource", "00u7susp", "--delete-resource-type", "user"], "users/{id}", Refused),
        invoke("enable_user", "", &json!({"user_id": "00u7susp"}), "users/{id}", Refused),
        invoke(
            "disable_user",
            "",
            &json!({"user_id": "00u1active"}),
            "users/{id}",
            Sent("complete", "POST users/00u1active/lifecycle/suspend"),
        ),
        // What is no id of a user may be another name of one: who it is has to be read.
        invoke("disable_user", "", &json!({"user_id": "ada"}), "users/{id}", Refused),
        invoke(
            "deactivate_user",
            "user",
            &json!({ "user_id": ada }),
            "users/{id}",
            Sent("complete", "POST users/00u1active/lifecycle/deactivate?sendEmail=false"),
        ),
        invoke("update_profile", "user", &title, "users/{id}", Sent("complete", "POST users/00u1active")),
        // The whole profile is replaced.
        invoke("modify_group", "group", &described, "groups/{id}", Refused),
        invoke("create", "group", &json!({"name": "Night shift"}), "groups", Sent("complete", "POST groups")),
        invoke("create", "group", &json!({"name": "Engineering"}), "groups", Failed("AlreadyExists")),
    ]
}

#[test]
fn a_refused_read_stops_only_what_depends_on_it() {
    for Row { name, arguments, refused, outcome } in rows() {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let org = Changing::with(|org| drop(org.grant_role(Principal::User("00u2staged"), "HELP_DESK_ADMIN").unwrap()));
        if name == "binding-ended" {
            org.alter(|org| org.remove_user("00u1active")).unwrap();
        }
        org.fail(on("GET", refused, Fault::Code(403, "E0000006")));
        let told = org.run(&arguments);
        let context = format!("{name}, {refused}: {told:#?}\n{:#?}", org.writes());
        let looked = || assert!(told.words().contains("what could not be looked at before: GET /api/v1/"), "{context}");
        match outcome {
            Sent(word, request) => {
                assert_eq!((told.outcome(), told.code), (word, 0), "{context}");
                assert!(org.writes().last().is_some_and(|write| write.starts_with(request)), "{context}");
                looked();
            }
            Already(word) => {
                assert_eq!((told.outcome(), told.code), (word, 0), "{context}");
                looked();
            }
            Refused => {
                assert_eq!((told.outcome(), told.code), ("failed", 7), "{context}");
                assert_eq!(told.result["state"], "unchanged", "{context}");
                assert!(org.writes().is_empty(), "{context}");
            }
            Failed(code) => {
                let found = (told.result["code"].as_str(), told.result["state"].as_str());
                assert_eq!(found, (Some(code), Some("unchanged")), "{context}");
            }
        }
    }
}

#[test]
fn a_dry_run_names_what_it_could_not_look_at() {
    let org = Changing::facts();
    org.fail(on("GET", "users/{id}/groups", Fault::Code(403, "E0000006")));
    let arguments = grant_arguments("group:00g4empty:member", SUE);
    let told = org.run(&[&["--dry-run"], &arguments[..]].concat());
    told.is("planned").says(&["what could not be looked at before: GET /api/v1/users/00u7susp/groups (403 E0000006)"]);
    assert_eq!(told.requests().last().unwrap(), "PUT groups/00g4empty/users/00u7susp withheld");
    assert!(org.writes().is_empty());
}

#[test]
fn what_was_sent_unseen_and_not_answered_is_unknown_and_not_sent_again() {
    for fault in [Fault::Status(500), Fault::DropConnection.after_doing()] {
        let org = Changing::facts();
        let refused = on("GET", "users/{id}/groups", Fault::Code(403, "E0000006"));
        org.fail(Faults::from(refused).and(on("PUT", "groups/{id}/users/{user}", fault)));
        let told: Told = org.grant("group:00g4empty:member", SUE);
        told.failed("Unavailable", "unknown").says(&["could not be read back"]);
        assert_eq!(org.writes().len(), 1);
    }
}

#[test]
fn what_okta_does_not_have_is_not_sent() {
    // An org without the feature is no missing right.
    let org = Changing::facts();
    org.fail(on("GET", BINDING, Fault::Code(401, "E0000015")));
    org.grant(VAULT, STAGED).failed("PermissionDenied", "unchanged");
    assert!(org.writes().is_empty());
}
