//! Granting and revoking group membership, by the scenarios of `docs/spec/okta-provisioning.md` 4.1.

use okta_sim::{Area, Fault, Faults, Rights, Token};

use crate::changing::{Changing, grant_arguments, on};

const MEMBER: &str = "group:00g4empty:member";
const ADA: &str = "user:00u1active";
/// Ada in Engineering.
const ADA_IN: &str = "group:00g1eng:member:user:00u1active";

const LOOK: &str = "GET users/00u1active/groups 200";

fn is_member(org: &Changing, group: &str, user: &str) -> bool {
    org.org().members_of(group).iter().any(|member| member == user)
}

#[test]
fn a_user_joins_a_group() {
    let org = Changing::facts();
    let told = org.grant(MEMBER, ADA);
    told.is("granted").asked(&[LOOK, "GET groups/00g4empty 200", "PUT groups/00g4empty/users/00u1active 204", LOOK]);
    assert_eq!(org.writes(), ["PUT groups/00g4empty/users/00u1active"]);
    assert!(is_member(&org, "00g4empty", "00u1active"));
    assert!(told.result["notes"].is_null(), "{told:?}");
}

#[test]
fn a_member_is_told_to_be_one_already() {
    let org = Changing::facts();
    org.grant("group:00g1eng:member", ADA).is("already_exists");
    assert!(org.writes().is_empty());
}

#[test]
fn a_user_leaves_a_group() {
    let org = Changing::facts();
    let told = org.revoke(ADA_IN);
    told.is("revoked").asked(&[
        LOOK,
        "GET groups/00g1eng 200",
        "GET groups/rules?limit=200 200",
        "DELETE groups/00g1eng/users/00u1active 204",
        LOOK,
    ]);
    assert!(!is_member(&org, "00g1eng", "00u1active"));
    // Okta would answer the same; it is not asked again.
    org.revoke(ADA_IN).is("already_revoked");
    assert_eq!(org.writes().len(), 1);
}

#[test]
fn what_is_gone_is_told_apart() {
    let org = Changing::facts();
    org.alter(|org| org.remove_group("00g4empty")).unwrap();
    org.grant(MEMBER, ADA).failed("NotFound", "unchanged").says(&["no group Empty (00g4empty)"]);
    org.alter(|org| org.remove_user("00u3prov")).unwrap();
    let told = org.grant("group:00g1eng:member", "user:00u3prov");
    told.failed("NotFound", "unchanged").says(&["no user Pat Provisioned (00u3prov)"]);
    // What is gone has nothing any more.
    org.revoke("group:00g1eng:member:user:00u3prov")
        .is("already_revoked")
        .says(&["no user Pat Provisioned (00u3prov)"]);
    org.alter(|org| org.remove_group("00g1eng")).unwrap();
    org.revoke(ADA_IN).is("already_revoked").says(&["no group Engineering (00g1eng)"]);
    // With neither of them, nothing shows that this is the org of the file.
    let told = org.revoke("group:00g1eng:member:user:00u3prov");
    told.failed("NotFound", "unchanged").says(&["Pat Provisioned (00u3prov)", "Engineering (00g1eng)", "--domain"]);
    assert!(org.writes().is_empty());
}

#[test]
fn groups_that_are_filled_elsewhere_are_refused_before_the_attempt() {
    let org = Changing::facts();
    let told = org.grant("group:00g2push:member", ADA);
    told.failed("FailedPrecondition", "unchanged").says(&["Pushed (00g2push)", "APP_GROUP", "app 0oa2saml"]);
    let told = org.revoke("group:00g2push:member:user:00u7susp");
    told.failed("FailedPrecondition", "unchanged").says(&["APP_GROUP"]);
    let told = org.revoke("group:00g3every:member:user:00u1active");
    told.failed("FailedPrecondition", "unchanged").says(&["Everyone (00g3every)", "BUILT_IN"]);
    org.grant("group:00g3every:member", "user:00u8deprov").failed("FailedPrecondition", "unchanged");
    // What is so already needs no change.
    org.grant("group:00g3every:member", ADA).is("already_exists");
    assert!(org.writes().is_empty());
}

#[test]
fn a_member_of_a_group_that_a_rule_fills_is_taken_out_and_the_rule_is_named() {
    let org = Changing::with(|org| org.set_rule_managed("00g1eng", true).unwrap());
    let told = org.run(&["--dry-run", "--revoke-grant", ADA_IN]);
    told.is("planned").says(&["Fills Engineering", "exclusion list"]);
    assert!(org.writes().is_empty());
    let told = org.revoke(ADA_IN);
    told.is("revoked").says(&["Fills Engineering", "0pr", "exclusion list", "100 people"]).asked(&[
        LOOK,
        "GET groups/00g1eng 200",
        "GET groups/rules?limit=200 200",
        "DELETE groups/00g1eng/users/00u1active 204",
        LOOK,
        "GET groups/rules?limit=200 200",
    ]);
    assert!(!told.words().contains("puts the user back"), "{told:?}");
    assert!(!is_member(&org, "00g1eng", "00u1active"));
    org.revoke(ADA_IN).is("already_revoked");
    assert_eq!(org.writes().len(), 1);
    // Somebody who was added by hand is not excluded.
    org.alter(|org| org.set_rule_matching("00g1eng", false)).unwrap();
    let told = org.revoke("group:00g1eng:member:user:00u3prov");
    told.is("revoked").says(&["does not exclude user Pat Provisioned (00u3prov)", "puts the user back"]);
}

#[test]
fn what_okta_says_about_groups_that_rules_fill_is_passed_on() {
    let org = Changing::with(|org| org.set_rule_managed("00g1eng", true).unwrap());
    // Whether somebody may be added is Okta's to decide; its refusal does not say why.
    let told = org.grant("group:00g1eng:member", "user:00u7susp");
    told.failed("FailedPrecondition", "unchanged").says(&["E0000006", "Fills Engineering"]);
    let gone: Vec<String> = (0..100).map(|n| format!("00ugone{n}")).collect();
    let gone: Vec<&str> = gone.iter().map(String::as_str).collect();
    org.alter(|org| org.set_rule_exclusions("00g1eng", &gone)).unwrap();
    let told = org.revoke(ADA_IN);
    told.failed("InvalidArgument", "unchanged").says(&[
        "at most 100 items",
        "filled by the group rule",
        "Fills Engineering",
    ]);
    assert!(is_member(&org, "00g1eng", "00u1active"));
}

#[test]
fn who_has_an_address_only_is_told_where_the_ids_are() {
    let org = Changing::facts();
    let told = org.grant(MEMBER, "user:ada@acme.example");
    told.failed("NotFound", "unchanged").says(&["an id is needed, not an address", "`resources` lists ids"]).asked(&[]);
    org.grant(MEMBER, "user:00unobody").failed("NotFound", "unchanged").says(&["needs a new sync"]);
}

#[test]
fn only_users_are_members() {
    let org = Changing::facts();
    let told = org.grant(MEMBER, "group:00g1eng");
    told.failed("InvalidArgument", "unchanged").says(&["only users", "group Engineering (00g1eng)"]).asked(&[]);
}

#[test]
fn a_dry_run_reads_and_sends_nothing() {
    let org = Changing::facts();
    let told = org.run(&[&["--dry-run"], &grant_arguments(MEMBER, ADA)[..]].concat());
    told.is("planned").asked(&[LOOK, "GET groups/00g4empty 200", "PUT groups/00g4empty/users/00u1active withheld"]);
    let told = org.run(&["--dry-run", "--revoke-grant", ADA_IN]);
    told.is("planned");
    assert_eq!(told.requests().last().unwrap(), "DELETE groups/00g1eng/users/00u1active withheld");
    org.run(&[&["--dry-run"], &grant_arguments("group:00g1eng:member", ADA)[..]].concat()).is("already_exists");
    assert!(org.writes().is_empty());
}

#[test]
fn a_missing_right_says_which() {
    let token = Token::new("00okta-sim-token").rights(Rights::super_admin().read_only_in(Area::Groups));
    let org = Changing::configured(|_| {}, |config| config.tokens = vec![token]);
    let told = org.grant(MEMBER, ADA);
    told.failed("PermissionDenied", "unchanged").says(&["E0000006", "hint: give the Group Administrator role"]);
}

#[test]
fn too_many_requests_is_waited_out() {
    let org = Changing::facts();
    org.fail(on("PUT", "groups/{id}/users/{user}", Fault::RateLimit).first(2));
    let told = org.grant(MEMBER, ADA);
    told.is("granted");
    assert_eq!(org.writes().len(), 3);
    assert!(is_member(&org, "00g4empty", "00u1active"));
}

#[test]
fn a_failure_before_the_deed_is_read_back_before_it_is_sent_again() {
    let org = Changing::facts();
    org.fail(on("PUT", "groups/{id}/users/{user}", Fault::Status(500)).first(1));
    let told = org.grant(MEMBER, ADA);
    const PUT: &str = "PUT groups/00g4empty/users/00u1active";
    let group = "GET groups/00g4empty 200";
    let (lost, done) = (format!("{PUT} 500"), format!("{PUT} 204"));
    told.is("granted").asked(&[LOOK, group, &lost, LOOK, group, LOOK, group, &done, LOOK]);
}

#[test]
fn a_failure_without_end_says_what_is_known() {
    const NOTHING: &str = "read back, and nothing has been done";
    // Behind a gateway that gives up, or a connection that breaks, Okta may still be at work.
    const NOT_YET: &str = "read back, and has not been done yet; Okta may still carry it out";
    for (fault, state, words) in [
        (Fault::Status(500), "unchanged", NOTHING),
        (Fault::Html(502), "unknown", NOT_YET),
        (Fault::DropConnection, "unknown", NOT_YET),
    ] {
        let org = Changing::facts();
        org.fail(on("PUT", "groups/{id}/users/{user}", fault));
        let told = org.grant(MEMBER, ADA);
        told.failed("Unavailable", state).says(&[words]);
        assert_eq!(org.writes().len(), 3);
        assert!(!is_member(&org, "00g4empty", "00u1active"));
    }
}

#[test]
fn what_was_done_although_the_answer_was_lost_is_told_as_done() {
    let lost = [Fault::Status(500), Fault::Html(502), Fault::Empty(504), Fault::DropConnection, Fault::Html(200)];
    for fault in lost {
        let org = Changing::facts();
        org.fail(on("PUT", "groups/{id}/users/{user}", fault.clone().after_doing()));
        let told = org.grant(MEMBER, ADA);
        told.is("granted").says(&["the answer was lost", "has been done"]);
        assert_eq!(org.writes().len(), 1, "{fault:?}");
        org.fail(on("DELETE", "groups/{id}/users/{user}", fault.after_doing()));
        org.revoke(ADA_IN).is("revoked").says(&["the answer was lost"]);
        assert!(!is_member(&org, "00g1eng", "00u1active"));
    }
}

#[test]
fn a_lost_answer_that_cannot_be_read_back_leaves_the_state_unknown() {
    let org = Changing::facts();
    let lost = on("PUT", "groups/{id}/users/{user}", Fault::DropConnection.after_doing());
    let blind = on("GET", "users/{id}/groups", Fault::Code(403, "E0000006")).attempt(2);
    org.fail(Faults::from(lost).and(blind));
    let told = org.grant(MEMBER, ADA);
    told.failed("Unavailable", "unknown").says(&["cannot be told", "E0000006"]);
    assert!(told.stderr.contains("look before you repeat it"), "{}", told.stderr);
    assert_eq!(told.requests()[2], "PUT groups/00g4empty/users/00u1active lost");
}

#[test]
fn an_accepted_change_that_cannot_be_read_back_is_done_with_a_word_about_it() {
    let org = Changing::facts();
    org.fail(on("GET", "users/{id}/groups", Fault::Code(403, "E0000006")).attempt(2));
    org.grant(MEMBER, ADA).is("granted").says(&["could not be read back"]);
}

#[test]
fn a_page_that_is_no_answer_of_oktas_is_not_taken_for_not_found() {
    let org = Changing::facts();
    org.fail(on("GET", "users/{id}/groups", Fault::Html(404)));
    let told = org.revoke(ADA_IN);
    told.failed("NotFound", "unchanged").says(&["--domain"]);
    assert!(org.writes().is_empty());
}

#[test]
fn a_list_without_end_is_an_error_and_nothing_is_changed() {
    let org = Changing::configured(|_| {}, |config| config.page_cap = Some(1));
    for (fault, words) in [
        (Fault::CircularLink, "leads back to a page that was read before"),
        (Fault::EndlessLinks, "it has more than 1000 pages"),
    ] {
        org.fail(on("GET", "users/{id}/groups", fault));
        let told = org.revoke(ADA_IN);
        told.failed("Unknown", "unchanged").says(&["/api/v1/users/00u1active/groups", "does not end", words]);
    }
    org.fail(on("GET", "iam/resource-sets/{id}/bindings/{role}/members", Fault::CircularLink));
    let told = org.grant("resourceset-binding:iamrs1:cr0vault:member", "user:00u2staged");
    told.failed("Unknown", "unchanged").says(&["bindings/cr0vault/members", "does not end"]);
    assert!(org.writes().is_empty());
}
