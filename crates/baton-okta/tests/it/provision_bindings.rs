//! Granting and revoking custom roles, resource sets and bindings, by the scenarios of
//! `docs/spec/okta-provisioning.md` 4.4 to 4.6.

use std::process::Stdio;
use std::time::Duration;

use okta_sim::{Fault, Principal};

use crate::changing::{Changing, Told, grant_arguments, on, until};
use crate::support::Outcome;

const VAULT: &str = "resourceset-binding:iamrs1:cr0vault:member";
const STAGED: &str = "user:00u2staged";
const WEIRD_IN_VAULT: &str = "resourceset-binding:iamrs1:cr0vault:member:user:00u9weird";
/// The only one who audits.
const ADA_AUDITS: &str = "resourceset-binding:iamrs1:cr0audit:member:user:00u1active";

const BINDING: &str = "GET iam/resource-sets/iamrs1/bindings/cr0vault 200";
const MEMBERS: &str = "GET iam/resource-sets/iamrs1/bindings/cr0vault/members 200";

fn members(org: &Changing, role: &str) -> Option<Vec<String>> {
    org.org().binding_members("iamrs1", role)
}

#[test]
fn a_member_is_added_to_a_binding_that_exists() {
    let org = Changing::facts();
    let told = org.grant(VAULT, STAGED);
    told.is("granted").asked(&[
        BINDING,
        MEMBERS,
        "PATCH iam/resource-sets/iamrs1/bindings/cr0vault/members 200",
        BINDING,
        MEMBERS,
    ]);
    let member = format!("https://{}/users/00u2staged", org.lab.sim().host());
    let body = format!(r#"{{"additions":["{member}"]}}"#);
    assert_eq!(org.writes(), [format!("PATCH iam/resource-sets/iamrs1/bindings/cr0vault/members {body}")]);
    assert!(members(&org, "cr0vault").unwrap().contains(&"/api/v1/users/00u2staged".to_owned()));
    org.grant(VAULT, STAGED).is("already_exists");
    org.grant(VAULT, "group:00g4empty").is("granted");
    assert!(members(&org, "cr0vault").unwrap().contains(&"/api/v1/groups/00g4empty".to_owned()));
}

#[test]
fn a_binding_that_has_ended_is_made_again() {
    let org = Changing::facts();
    org.revoke(ADA_AUDITS).is("revoked");
    assert_eq!(members(&org, "cr0audit"), None);
    let told = org.grant("resourceset-binding:iamrs1:cr0audit:member", STAGED);
    told.is("granted");
    assert!(told.requests().contains(&"POST iam/resource-sets/iamrs1/bindings 200".to_owned()), "{told:?}");
    assert_eq!(members(&org, "cr0audit").unwrap(), ["/api/v1/users/00u2staged"]);
    org.revoke(ADA_AUDITS).is("already_revoked");
}

#[test]
fn a_member_is_taken_out_wherever_it_stands_in_the_list() {
    // One member a page.
    let org = Changing::configured(|_| {}, |config| config.page_cap = Some(1));
    let told = org.revoke("resourceset-binding:iamrs1:cr0vault:member:group:00g1eng");
    told.is("revoked");
    let told = org.revoke(WEIRD_IN_VAULT);
    told.is("revoked");
    assert_eq!(members(&org, "cr0vault").unwrap(), ["/oauth2/v1/clients/0oa1oidc"]);
    org.revoke(WEIRD_IN_VAULT).is("already_revoked");
    assert_eq!(org.writes().len(), 2);
}

#[test]
fn the_last_member_goes_also_where_okta_keeps_the_last_one() {
    let org = Changing::with(|org| org.set_keep_last_member(true));
    let told = org.revoke(ADA_AUDITS);
    told.is("revoked");
    assert_eq!(
        org.writes(),
        [
            "DELETE iam/resource-sets/iamrs1/bindings/cr0audit/members/irb00000000014s1m1d7",
            "DELETE iam/resource-sets/iamrs1/bindings/cr0audit",
        ]
    );
    assert_eq!(members(&org, "cr0audit"), None);
}

#[test]
fn a_binding_whose_last_member_is_to_go_stays_for_somebody_who_is_added_meanwhile() {
    for (set, grant) in [("iamrs1", ADA_AUDITS), ("iamrs2", "custom-role:cr0audit:assigned:user:00u10other")] {
        let org = Changing::with(|org| {
            org.set_keep_last_member(true);
            org.bind_role(Principal::User("00u10other"), "cr0audit", "iamrs2").unwrap();
        });
        let full = Fault::RateLimitFor(Duration::from_secs(5));
        org.fail(on("DELETE", "iam/resource-sets/{id}/bindings/{role}", full).first(1));
        let mut command = org.command(&["--revoke-grant", grant]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // The deletion of the binding has to wait for its turn.
        until(|| org.writes().len() == 2);
        org.alter(|org| org.bind_role(Principal::User("00u2staged"), "cr0audit", set)).unwrap();
        let told = Told::of(Outcome::of(child.wait_with_output().unwrap()));
        told.is("revoked").says(&["the binding stays: user 00u2staged came to it"]);
        assert_eq!(org.org().binding_members(set, "cr0audit").unwrap(), ["/api/v1/users/00u2staged"], "{grant}");
        let writes = org.writes();
        let binding = format!("DELETE iam/resource-sets/{set}/bindings/cr0audit");
        assert_eq!((writes.len(), &writes[1]), (3, &binding));
        assert!(writes[0] == writes[2] && writes[0].starts_with(&format!("{binding}/members/")), "{writes:?}");
    }
}

#[test]
fn a_refusal_is_not_taken_for_that_of_a_last_member_where_there_are_others() {
    let org = Changing::facts();
    let path = "iam/resource-sets/{id}/bindings/{role}/members/{member}";
    org.fail(on("DELETE", path, Fault::Code(400, "E0000001")));
    org.revoke(WEIRD_IN_VAULT).failed("InvalidArgument", "unchanged");
    assert_eq!((org.writes().len(), members(&org, "cr0vault").unwrap().len()), (1, 3));
}

#[test]
fn what_is_missing_is_named() {
    let org = Changing::facts();
    org.alter(|org| org.remove_user("00u2staged")).unwrap();
    org.grant(VAULT, STAGED).failed("NotFound", "unchanged").says(&["no user Sid Staged (00u2staged)"]);
    org.grant(VAULT, "role:SUPER_ADMIN").failed("InvalidArgument", "unchanged").says(&["only users and groups"]);
}

#[test]
fn a_group_that_can_hold_no_role_is_refused_with_the_reason() {
    let org = Changing::facts();
    let told = org.grant(VAULT, "group:00g3every");
    told.failed("FailedPrecondition", "unchanged").says(&["E0000211", "hint: use a group that is not one of"]);
}

#[test]
fn granting_a_resource_set_is_refused_and_says_what_to_grant() {
    let org = Changing::facts();
    let told = org.grant("resource-set:iamrs1:bindings", "custom-role:cr0vault");
    told.failed("Unimplemented", "unchanged").says(&["grant resourceset-binding:iamrs1:cr0vault:member"]).asked(&[]);
    org.grant("resource-set:iamrs1:bindings", STAGED).failed("Unimplemented", "unchanged").asked(&[]);
}

#[test]
fn revoking_a_resource_set_ends_the_binding_of_that_role_alone() {
    let org = Changing::facts();
    let told = org.revoke("resource-set:iamrs1:bindings:custom-role:cr0vault");
    told.is("revoked").says(&["members that held custom role Vault Keeper (cr0vault) there: 3"]);
    assert_eq!(org.writes(), ["DELETE iam/resource-sets/iamrs1/bindings/cr0vault"]);
    assert_eq!(members(&org, "cr0vault"), None);
    assert_eq!(members(&org, "cr0audit").unwrap().len(), 1);
    org.revoke("resource-set:iamrs1:bindings:custom-role:cr0vault").is("already_revoked");
}

#[test]
fn a_custom_role_is_granted_through_its_bindings() {
    let org = Changing::facts();
    let told = org.grant("custom-role:cr0vault:assigned", STAGED);
    told.failed("Unimplemented", "unchanged")
        .says(&["only on a resource set", "resourceset-binding:iamrs1:cr0vault:member"]);
    let told = org.grant("custom-role:cr0vault:assigned", "user:00u9weird");
    told.is("already_exists").says(&["on resource set iamrs1"]);
    org.grant("custom-role:cr0vault:assigned", "user:00u1active").is("already_exists").says(&["through group 00g1eng"]);
    assert!(org.writes().is_empty());
}

#[test]
fn a_custom_role_held_on_one_set_is_taken_away_there() {
    let org = Changing::facts();
    let told = org.revoke("custom-role:cr0vault:assigned:user:00u9weird");
    told.is("revoked");
    assert_eq!(org.writes(), ["DELETE iam/resource-sets/iamrs1/bindings/cr0vault/members/irb00000000004s1m1d7"]);
    assert!(!members(&org, "cr0vault").unwrap().contains(&"/api/v1/users/00u9weird".to_owned()));
    org.revoke("custom-role:cr0vault:assigned:user:00u9weird").is("already_revoked");
    org.revoke("custom-role:cr0vault:assigned:group:00g1eng").is("revoked");
}

#[test]
fn a_custom_role_held_on_several_sets_is_refused_naming_the_bindings() {
    let org = Changing::with(|org| drop(org.bind_role(Principal::User("00u9weird"), "cr0vault", "iamrs2").unwrap()));
    let told = org.revoke("custom-role:cr0vault:assigned:user:00u9weird");
    told.failed("FailedPrecondition", "unchanged").says(&[
        "2 resource sets",
        "resourceset-binding:iamrs1:cr0vault:member:user:00u9weird",
        "resourceset-binding:iamrs2:cr0vault:member:user:00u9weird",
    ]);
    assert!(org.writes().is_empty());
}

#[test]
fn lost_answers_are_read_back() {
    for fault in [Fault::Status(500), Fault::DropConnection] {
        let org = Changing::facts();
        org.fail(on("PATCH", "iam/resource-sets/{id}/bindings/{role}/members", fault.clone().after_doing()));
        org.grant(VAULT, STAGED).is("granted").says(&["the answer was lost"]);
        org.fail(on("DELETE", "iam/resource-sets/{id}/bindings/{role}/members/{member}", fault.clone().after_doing()));
        org.revoke(WEIRD_IN_VAULT).is("revoked").says(&["the answer was lost"]);
        org.fail(on("DELETE", "iam/resource-sets/{id}/bindings/{role}", fault.clone().after_doing()));
        org.revoke("resource-set:iamrs1:bindings:custom-role:cr0vault").is("revoked").says(&["the answer was lost"]);
        assert_eq!(org.writes().len(), 3);
    }
}

#[test]
fn a_dry_run_sends_nothing() {
    let org = Changing::facts();
    let told = org.run(&[&["--dry-run"], &grant_arguments(VAULT, STAGED)[..]].concat());
    told.is("planned");
    for grant in [WEIRD_IN_VAULT, "resource-set:iamrs1:bindings:custom-role:cr0vault"] {
        org.run(&["--dry-run", "--revoke-grant", grant]).is("planned");
    }
    assert!(org.writes().is_empty());
}

#[test]
fn without_the_switch_these_types_do_not_exist() {
    let org = Changing::facts();
    let arguments = [&["-o", "json"], &grant_arguments(VAULT, STAGED)[..]].concat();
    let told = Told::of(Outcome::of(org.lab.command(&arguments).output().unwrap()));
    told.failed("Unimplemented", "unchanged").asked(&[]);
    told.says(&["resource type resourceset-binding does not have provisioner configured", "--sync-custom-roles"]);
}
