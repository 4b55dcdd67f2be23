//! Granting and revoking apps, by the scenarios of `docs/spec/okta-provisioning.md` 4.2.

use okta_sim::{Area, Fault, Rights, Token};

use crate::changing::{Changing, grant_arguments, on};

const PORTAL: &str = "app:0oa1oidc:access";
const STAGED: &str = "user:00u2staged";
/// Ada has Portal directly, and is in Engineering, which has it too.
const ADA_DIRECT: &str = "app:0oa1oidc:access:user:00u1active";
/// Sue has Payroll directly alone.
const SUE_DIRECT: &str = "app:0oa2saml:access:user:00u7susp";

fn scope(org: &Changing, app: &str, user: &str) -> Option<&'static str> {
    let users = org.org().users_of_app(app);
    let fact = users.into_iter().find(|fact| fact.user == user)?;
    Some(if fact.via_group.is_some() { "GROUP" } else { "USER" })
}

#[test]
fn a_user_gets_an_app_with_a_name_by_the_apps_template() {
    let org = Changing::facts();
    let told = org.grant(PORTAL, STAGED);
    told.is("granted").asked(&[
        "GET apps/0oa1oidc/users/00u2staged 404",
        "GET apps/0oa1oidc 200",
        "GET users/00u2staged 200",
        "POST apps/0oa1oidc/users 200",
        "GET apps/0oa1oidc/users/00u2staged 200",
    ]);
    assert_eq!(org.writes(), [r#"POST apps/0oa1oidc/users {"id":"00u2staged","scope":"USER"}"#]);
    assert_eq!(scope(&org, "0oa1oidc", "00u2staged"), Some("USER"));
    // The file does not know of the grant yet.
    org.grant(PORTAL, STAGED).is("already_exists");
    org.sync();
    org.revoke("app:0oa1oidc:access:user:00u2staged").is("revoked");
    assert_eq!(scope(&org, "0oa1oidc", "00u2staged"), None);
}

#[test]
fn who_has_an_app_through_a_group_has_it_already() {
    let org = Changing::facts();
    org.grant(PORTAL, "user:00u1active").is("already_exists");
    let told = org.grant(PORTAL, "user:00u3prov");
    told.is("already_exists").says(&["through group 00g1eng"]);
    assert!(org.writes().is_empty());
}

#[test]
fn an_app_is_taken_from_a_user() {
    let org = Changing::with(|org| org.remove_member("00g2push", "00u7susp").map(drop).unwrap());
    let told = org.revoke(SUE_DIRECT);
    told.is("revoked").asked(&[
        "GET apps/0oa2saml/users/00u7susp 200",
        "DELETE apps/0oa2saml/users/00u7susp 204",
        "GET apps/0oa2saml/users/00u7susp 404",
    ]);
    assert_eq!(told.words(), "");
    org.revoke(SUE_DIRECT).is("already_revoked");
}

#[test]
fn a_direct_app_is_taken_away_with_a_note_about_the_group_that_gives_it_too() {
    let org = Changing::facts();
    let told = org.revoke(SUE_DIRECT);
    assert_eq!(scope(&org, "0oa2saml", "00u7susp"), Some("GROUP"), "the group gives it as well");
    told.is("revoked").says(&["no longer has", "still has it through group Pushed (00g2push)"]);
    assert_eq!(org.writes(), ["DELETE apps/0oa2saml/users/00u7susp"]);
    // What is left comes through the group alone, which is another matter.
    org.revoke(SUE_DIRECT).failed("FailedPrecondition", "unchanged").says(&["through group Pushed", "not directly"]);
    // The same where the answer is lost, and where the groups cannot be read.
    for (method, path, fault) in [
        ("DELETE", "apps/{id}/users/{user}", Fault::Status(500).after_doing()),
        ("GET", "users/{id}/groups", Fault::Code(403, "E0000006")),
    ] {
        let org = Changing::facts();
        org.fail(on(method, path, fault));
        org.revoke(SUE_DIRECT).is("revoked").says(&["still has it through group", "00g2push"]);
        assert_eq!(scope(&org, "0oa2saml", "00u7susp"), Some("GROUP"));
    }
}

#[test]
fn access_through_groups_is_refused_naming_all_of_them() {
    let org = Changing::facts();
    // The file says so.
    let told = org.revoke("app:0oa1oidc:access:user:00u3prov");
    told.failed("FailedPrecondition", "unchanged").says(&["Engineering"]).asked(&[]);
    // The file is older than that.
    org.alter(|org| {
        org.unassign_user("0oa1oidc", "00u1active").unwrap();
        let group = org.add_group("Second");
        org.add_member(&group, "00u1active").unwrap();
        org.assign_group_to_app("0oa1oidc", &group).unwrap();
    });
    let told = org.revoke(ADA_DIRECT);
    told.failed("FailedPrecondition", "unchanged");
    told.says(&["Engineering (00g1eng)", "Second (00g", "hint: take the user out of the group"]);
    assert!(org.writes().is_empty());
}

#[test]
fn a_group_gets_an_app_and_loses_it() {
    let org = Changing::facts();
    let told = org.grant(PORTAL, "group:00g6denied");
    told.is("granted").asked(&[
        "GET apps/0oa1oidc/groups/00g6denied 404",
        "GET apps/0oa1oidc 200",
        "GET groups/00g6denied 200",
        "PUT apps/0oa1oidc/groups/00g6denied 200",
        "GET apps/0oa1oidc/groups/00g6denied 200",
    ]);
    org.grant(PORTAL, "group:00g6denied").is("already_exists");
    let told = org.revoke("app:0oa1oidc:access:group:00g1eng");
    told.is("revoked").asked(&[
        "GET apps/0oa1oidc/groups/00g1eng 200",
        "DELETE apps/0oa1oidc/groups/00g1eng 204",
        "GET apps/0oa1oidc/groups/00g1eng 404",
    ]);
    assert_eq!(org.writes(), ["PUT apps/0oa1oidc/groups/00g6denied {}", "DELETE apps/0oa1oidc/groups/00g1eng"]);
    assert_eq!(org.org().groups_of_app("0oa1oidc"), ["00g6denied"]);
    org.revoke("app:0oa1oidc:access:group:00g1eng").is("already_revoked");
}

#[test]
fn what_is_gone_is_told_apart_and_nothing_is_left_to_revoke() {
    let org = Changing::facts();
    org.alter(|org| org.remove_user("00u2staged")).unwrap();
    org.grant(PORTAL, STAGED).failed("NotFound", "unchanged").says(&["no user Sid Staged (00u2staged)"]);
    org.alter(|org| org.remove_user("00u7susp")).unwrap();
    org.revoke(SUE_DIRECT).is("already_revoked").says(&["no user Sue Suspended"]);
    org.alter(|org| org.remove_group("00g1eng")).unwrap();
    org.revoke("app:0oa1oidc:access:group:00g1eng").is("already_revoked").says(&["no group Engineering"]);
    org.grant("app:0oa2saml:access", "group:00g1eng").failed("NotFound", "unchanged").says(&["no group Engineering"]);
    assert!(org.writes().is_empty());
}

#[test]
fn a_user_who_is_deactivated_gets_no_app() {
    let org = Changing::facts();
    let told = org.grant(PORTAL, "user:00u8deprov");
    told.failed("FailedPrecondition", "unchanged").says(&["DEPROVISIONED", "hint: activate"]);
    assert!(org.writes().is_empty());
}

#[test]
fn only_users_and_groups_have_apps() {
    let org = Changing::facts();
    org.grant(PORTAL, "role:SUPER_ADMIN").failed("InvalidArgument", "unchanged").asked(&[]);
}

#[test]
fn an_assignment_that_somebody_else_has_just_made_is_there_already() {
    let org = Changing::facts();
    org.fail(on("POST", "apps/{id}/users", Fault::Code(409, "E0000062").after_doing()));
    org.grant(PORTAL, STAGED).is("already_exists");
    org.fail(on("DELETE", "apps/{id}/users/{user}", Fault::Code(404, "E0000007").after_doing()));
    org.alter(|org| org.remove_member("00g2push", "00u7susp")).unwrap();
    org.revoke(SUE_DIRECT).is("already_revoked");
}

#[test]
fn the_login_is_the_user_name_only_where_okta_wants_to_be_told() {
    let org = Changing::with(|org| org.set_demand_user_names(true));
    let told = org.grant(PORTAL, STAGED);
    told.is("granted");
    assert_eq!(
        org.writes(),
        [
            r#"POST apps/0oa1oidc/users {"id":"00u2staged","scope":"USER"}"#,
            r#"POST apps/0oa1oidc/users {"id":"00u2staged","scope":"USER","credentials":{"userName":"sid@acme.example"}}"#,
        ]
    );
}

#[test]
fn an_answer_without_content_is_no_failure() {
    let org = Changing::facts();
    org.fail(on("POST", "apps/{id}/users", Fault::Empty(200).after_doing()));
    org.grant(PORTAL, STAGED).is("granted");
    org.fail(on("PUT", "apps/{id}/groups/{group}", Fault::Empty(201).after_doing()));
    org.grant(PORTAL, "group:00g6denied").is("granted");
    assert_eq!(org.writes().len(), 2);
}

#[test]
fn what_okta_accepts_without_doing_it_is_not_told_as_done() {
    let org = Changing::facts();
    org.fail(on("DELETE", "apps/{id}/groups/{group}", Fault::Empty(204)));
    let told = org.revoke("app:0oa1oidc:access:group:00g1eng");
    told.failed("Unavailable", "unknown")
        .says(&["Okta accepted", "group Engineering (00g1eng) has app Portal (0oa1oidc)"]);
    assert_eq!(org.writes().len(), 1, "it is not sent twice");
}

#[test]
fn lost_answers_are_read_back() {
    for fault in [Fault::Status(500), Fault::DropConnection, Fault::Html(502)] {
        let org = Changing::facts();
        org.fail(on("POST", "apps/{id}/users", fault.clone().after_doing()));
        org.grant(PORTAL, STAGED).is("granted").says(&["the answer was lost"]);
        assert_eq!(org.writes().len(), 1, "{fault:?}");
        org.fail(on("PUT", "apps/{id}/groups/{group}", fault.clone().after_doing()));
        org.grant(PORTAL, "group:00g6denied").is("granted").says(&["the answer was lost"]);
        assert_eq!(org.writes().len(), 2, "{fault:?}");
        org.fail(on("DELETE", "apps/{id}/groups/{group}", fault.clone().after_doing()));
        org.revoke("app:0oa1oidc:access:group:00g1eng").is("revoked").says(&["the answer was lost"]);
        assert_eq!(org.writes().len(), 3, "{fault:?}");
    }
}

#[test]
fn failures_keep_their_codes() {
    let token = Token::new("00okta-sim-token").rights(Rights::super_admin().read_only_in(Area::Apps));
    let org = Changing::configured(|_| {}, |config| config.tokens = vec![token]);
    org.grant(PORTAL, STAGED).failed("PermissionDenied", "unchanged").says(&["Application Administrator"]);
    for (fault, code) in [
        (Fault::Code(401, "E0000011"), "Unauthenticated"),
        (Fault::Code(403, "E0000117"), "FailedPrecondition"),
        (Fault::Code(400, "E0000001"), "InvalidArgument"),
        (Fault::Status(500), "Unavailable"),
        (Fault::InsufficientScope, "PermissionDenied"),
    ] {
        let org = Changing::facts();
        org.fail(on("POST", "apps/{id}/users", fault));
        org.grant(PORTAL, STAGED).failed(code, "unchanged");
    }
}

#[test]
fn a_dry_run_tells_the_body() {
    let org = Changing::facts();
    let told = org.run(&[&["--dry-run"], &grant_arguments(PORTAL, STAGED)[..]].concat());
    told.is("planned");
    let last = told.result["requests"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        last,
        serde_json::json!({
            "method": "POST", "target": "/api/v1/apps/0oa1oidc/users",
            "body": {"id": "00u2staged", "scope": "USER"}, "outcome": "withheld",
        })
    );
    org.run(&["--dry-run", "--revoke-grant", ADA_DIRECT]).is("planned");
    assert!(org.writes().is_empty());
    let outcome = org.lab.run(&[&["--dry-run"], &grant_arguments(PORTAL, STAGED)[..]].concat());
    assert!(outcome.stdout.starts_with("dry run: "), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("POST /api/v1/apps/0oa1oidc/users"), "{}", outcome.stdout);
}
