//! Granting and revoking standard admin roles, by the scenarios of `docs/spec/okta-provisioning.md` 4.3.

use okta_sim::{Area, Fault, Principal, Rights, Token};

use crate::changing::{Changing, grant_arguments, on};

const READ_ONLY: &str = "role:READ_ONLY_ADMIN:assigned";
const HELP_DESK: &str = "role:HELP_DESK_ADMIN:assigned";
const STAGED: &str = "user:00u2staged";
const ADA: &str = "user:00u1active";
/// The id of every assignment of the role.
const HELP_DESK_ID: &str = "JBCUYUC7IRCVGS27IFCE2SKO";

fn roles(org: &Changing, principal: Principal<'_>) -> Vec<String> {
    org.org().roles_held_by(principal).into_iter().map(|fact| fact.role_type).collect()
}

#[test]
fn a_user_gets_a_role_and_loses_it() {
    let org = Changing::facts();
    let told = org.grant(READ_ONLY, STAGED);
    told.is("granted").asked(&[
        "GET users/00u2staged/roles 200",
        "POST users/00u2staged/roles 201",
        "GET users/00u2staged/roles 200",
    ]);
    assert_eq!(org.writes(), [r#"POST users/00u2staged/roles {"type":"READ_ONLY_ADMIN"}"#]);
    org.grant(READ_ONLY, STAGED).is("already_exists");
    org.sync();
    let told = org.revoke("role:READ_ONLY_ADMIN:assigned:user:00u2staged");
    told.is("revoked");
    assert_eq!(org.writes().len(), 2);
    assert!(org.writes()[1].starts_with("DELETE users/00u2staged/roles/ra1"), "{:?}", org.writes());
    assert!(roles(&org, Principal::User("00u2staged")).is_empty());
    org.revoke("role:READ_ONLY_ADMIN:assigned:user:00u2staged").is("already_revoked");
}

#[test]
fn a_group_gets_a_role_and_loses_it() {
    let org = Changing::facts();
    let told = org.grant(HELP_DESK, "group:00g4empty");
    told.is("granted");
    assert_eq!(org.writes(), [r#"POST groups/00g4empty/roles {"type":"HELP_DESK_ADMIN"}"#]);
    assert_eq!(roles(&org, Principal::Group("00g4empty")), ["READ_ONLY_ADMIN", "HELP_DESK_ADMIN"]);
    let told = org.revoke("role:READ_ONLY_ADMIN:assigned:group:00g4empty");
    told.is("revoked");
    assert_eq!(roles(&org, Principal::Group("00g4empty")), ["HELP_DESK_ADMIN"]);
}

#[test]
fn assignments_are_told_apart_by_their_holders() {
    // Both assignments have the same id.
    let org = Changing::with(|org| {
        org.grant_role(Principal::User("00u2staged"), "HELP_DESK_ADMIN").unwrap();
        org.grant_role(Principal::Group("00g4empty"), "HELP_DESK_ADMIN").unwrap();
    });
    org.revoke("role:HELP_DESK_ADMIN:assigned:user:00u2staged").is("revoked");
    assert_eq!(org.writes(), [format!("DELETE users/00u2staged/roles/{HELP_DESK_ID}")]);
    assert!(roles(&org, Principal::Group("00g4empty")).contains(&"HELP_DESK_ADMIN".to_owned()));
}

#[test]
fn a_role_through_a_group_is_there_already_and_cannot_be_taken_by_itself() {
    let org = Changing::facts();
    org.grant("role:APP_ADMIN:assigned", ADA).is("already_exists").says(&["through group 00g1eng"]);
    // The file marks what comes through groups.
    let told = org.revoke("role:APP_ADMIN:assigned:user:00u1active");
    told.failed("FailedPrecondition", "unchanged").says(&["Engineering"]).asked(&[]);
    assert!(org.writes().is_empty());
}

#[test]
fn a_role_that_now_comes_through_a_group_is_refused_naming_it() {
    let org = Changing::with(|org| drop(org.grant_role(Principal::User("00u2staged"), "REPORT_ADMIN").unwrap()));
    org.alter(|org| {
        let held = org.grant_role(Principal::User("00u2staged"), "REPORT_ADMIN").unwrap();
        org.revoke_role(Principal::User("00u2staged"), &held).unwrap();
        org.grant_role(Principal::Group("00g4empty"), "REPORT_ADMIN").unwrap();
        org.add_member("00g4empty", "00u2staged").unwrap();
    });
    let told = org.revoke("role:REPORT_ADMIN:assigned:user:00u2staged");
    told.failed("FailedPrecondition", "unchanged").says(&["through group 00g4empty", "hint: take the user out"]);
    assert!(org.writes().is_empty());
}

#[test]
fn losing_the_direct_role_alone_is_told_as_half_the_truth() {
    let org = Changing::with(|org| drop(org.grant_role(Principal::User("00u2staged"), "REPORT_ADMIN").unwrap()));
    org.alter(|org| {
        org.grant_role(Principal::Group("00g4empty"), "REPORT_ADMIN").unwrap();
        org.add_member("00g4empty", "00u2staged").unwrap();
    });
    let told = org.revoke("role:REPORT_ADMIN:assigned:user:00u2staged");
    told.failed("FailedPrecondition", "partial").says(&["has been taken away", "still has it through group 00g4empty"]);
}

#[test]
fn a_role_limited_to_targets_is_not_widened_but_can_be_taken_away() {
    const REVOKE: &str = "role:HELP_DESK_ADMIN:assigned:user:00u2staged";
    let org = Changing::with(|org| drop(org.grant_role(Principal::User("00u2staged"), "HELP_DESK_ADMIN").unwrap()));
    org.alter(|org| {
        org.limit_role(Principal::User("00u2staged"), "HELP_DESK_ADMIN", &["00g1eng", "00g4empty"]).unwrap();
    });
    let told = org.grant(HELP_DESK, STAGED);
    told.failed("FailedPrecondition", "unchanged").says(&["limited to the groups 00g1eng, 00g4empty"]);
    let told = org.run(&["--dry-run", "--revoke-grant", REVOKE]);
    told.is("planned").says(&["limited to the groups 00g1eng, 00g4empty"]);
    assert!(org.writes().is_empty());
    let told = org.revoke(REVOKE);
    told.is("revoked").says(&["limited to the groups 00g1eng, 00g4empty", "a later grant is for the whole org"]);
    assert!(roles(&org, Principal::User("00u2staged")).is_empty());
    assert_eq!(org.writes(), [format!("DELETE users/00u2staged/roles/{HELP_DESK_ID}")]);
    // Nothing is said about limits where nothing was taken away.
    let told = org.revoke(REVOKE);
    assert!(!told.is("already_revoked").words().contains("limited"), "{told:?}");
}

#[test]
fn a_role_of_a_group_limited_to_apps_can_be_taken_away() {
    let org = Changing::with(|org| org.limit_role(Principal::Group("00g1eng"), "APP_ADMIN", &["0oa1oidc"]).unwrap());
    let told = org.revoke("role:APP_ADMIN:assigned:group:00g1eng");
    told.is("revoked").says(&["limited to the apps"]);
    assert!(!roles(&org, Principal::Group("00g1eng")).contains(&"APP_ADMIN".to_owned()));
}

#[test]
fn a_limited_role_of_a_group_is_not_the_role_for_the_whole_org() {
    let org = Changing::with(|org| org.limit_role(Principal::Group("00g1eng"), "APP_ADMIN", &["0oa1oidc"]).unwrap());
    org.grant("role:APP_ADMIN:assigned", ADA).is("granted");
    assert_eq!(org.writes(), [r#"POST users/00u1active/roles {"type":"APP_ADMIN"}"#]);
}

#[test]
fn groups_that_can_hold_no_role_are_refused_with_the_reason() {
    let org = Changing::with(|org| org.set_rule_managed("00g1eng", true).unwrap());
    let told = org.grant(HELP_DESK, "group:00g3every");
    told.failed("FailedPrecondition", "unchanged").says(&["BUILT_IN"]);
    assert!(org.writes().is_empty());
    let told = org.grant("role:USER_ADMIN:assigned", "group:00g1eng");
    told.failed("FailedPrecondition", "unchanged").says(&["E0000192", "hint: take the group out of the group rules"]);
}

#[test]
fn what_is_gone_is_told() {
    let org = Changing::facts();
    org.alter(|org| {
        org.remove_user("00u2staged").unwrap();
        org.remove_user("00u10other").unwrap();
    });
    org.grant(READ_ONLY, STAGED).failed("NotFound", "unchanged").says(&["no user Sid Staged"]);
    // Every org has the role, so that nothing shows that this is the org of the file.
    let told = org.revoke("role:ORG_ADMIN:assigned:user:00u10other");
    told.failed("NotFound", "unchanged").says(&["user Oli Other (00u10other) was not found", "--domain"]);
}

#[test]
fn an_inactive_assignment_is_no_role() {
    let org = Changing::facts();
    // Okta says that it is there, and it still is not active.
    let told = org.grant("role:REPORT_ADMIN:assigned", "user:00u9weird");
    told.failed("AlreadyExists", "unchanged").says(&["E0000090"]);
}

#[test]
fn a_standard_role_that_okta_builds_like_a_custom_one_needs_no_resource_set() {
    let org = Changing::facts();
    org.grant("custom-role:WORKFLOWS_ADMIN:assigned", STAGED).is("granted");
    assert_eq!(org.writes(), [r#"POST users/00u2staged/roles {"type":"WORKFLOWS_ADMIN"}"#]);
    org.revoke("custom-role:WORKFLOWS_ADMIN:assigned:group:00g1eng").is("revoked");
    assert!(!roles(&org, Principal::Group("00g1eng")).contains(&"WORKFLOWS_ADMIN".to_owned()));
}

#[test]
fn failures_keep_their_codes_and_lost_answers_are_read_back() {
    let token = Token::new("00okta-sim-token").rights(Rights::super_admin().read_only_in(Area::Roles));
    let org = Changing::configured(|_| {}, |config| config.tokens = vec![token]);
    org.grant(READ_ONLY, STAGED).failed("PermissionDenied", "unchanged").says(&["Super Administrator"]);

    let org = Changing::facts();
    org.fail(on("POST", "users/{id}/roles", Fault::RateLimit).first(1));
    org.grant(READ_ONLY, STAGED).is("granted");
    assert_eq!(org.writes().len(), 2);

    let org = Changing::facts();
    org.fail(on("POST", "users/{id}/roles", Fault::DropConnection.after_doing()));
    org.grant(READ_ONLY, STAGED).is("granted").says(&["the answer was lost"]);
    assert_eq!(org.writes().len(), 1);
    org.fail(on("DELETE", "groups/{id}/roles/{assignment}", Fault::Status(500).after_doing()));
    org.revoke("role:READ_ONLY_ADMIN:assigned:group:00g4empty").is("revoked").says(&["the answer was lost"]);

    let org = Changing::facts();
    org.fail(on("POST", "users/{id}/roles", Fault::Status(500)));
    org.grant(READ_ONLY, STAGED).failed("Unavailable", "unchanged");
    assert!(roles(&org, Principal::User("00u2staged")).is_empty());
}

#[test]
fn a_dry_run_sends_nothing() {
    let org = Changing::facts();
    org.run(&[&["--dry-run"], &grant_arguments(READ_ONLY, STAGED)[..]].concat())
        .is("planned")
        .asked(&["GET users/00u2staged/roles 200", "POST users/00u2staged/roles withheld"]);
    org.run(&["--dry-run", "--revoke-grant", "role:READ_ONLY_ADMIN:assigned:group:00g4empty"]).is("planned");
    assert!(org.writes().is_empty());
}
