//! Deleting users and groups (`docs/spec/okta-provisioning.md` 6).

use okta_sim::{Fault, Faults};

use crate::changing::{Changing, Told, on};

const ADA: &str = "00u1active";
const ONE: &str = "users/00u1active";
const DEACTIVATE: &str = "POST users/00u1active/lifecycle/deactivate?sendEmail=false";
const DELETE: &str = "DELETE users/00u1active";
const READ: &str = "GET users/00u1active";

fn delete(org: &Changing, kind: &str, id: &str) -> Told {
    org.run(&["--delete-resource-type", kind, "--delete-resource", id])
}

fn status(org: &Changing, user: &str) -> Option<String> {
    org.org().status_of(user)
}

#[test]
fn a_user_is_deactivated_then_deleted_whatever_the_status() {
    let org = Changing::unsynced(|_| {});
    for (user, sent) in [
        (ADA, 2),
        ("00u2staged", 2),
        ("00u3prov", 2),
        ("00u4recov", 2),
        ("00u5pwexp", 2),
        ("00u6locked", 2),
        ("00u7susp", 2),
        ("00u8deprov", 1),
        ("00u9weird", 2),
    ] {
        let before = org.writes().len();
        delete(&org, "user", user).is("deleted");
        assert_eq!(status(&org, user), None);
        assert_eq!(org.writes().len() - before, sent, "{user}");
        // A repeat changes nothing, and says so.
        let told = delete(&org, "user", user);
        told.is("already_deleted").says(&["there is no user", user, "check the id"]);
        assert_eq!(org.writes().len() - before, sent, "{user}");
    }
    let writes = org.writes();
    assert_eq!(writes[..2], [DEACTIVATE, DELETE]);
}

#[test]
fn the_state_is_read_before_and_after_each_step() {
    let org = Changing::unsynced(|_| {});
    delete(&org, "user", ADA).is("deleted").asked(&[
        &format!("{READ} 200"),
        &format!("{DEACTIVATE} 200"),
        &format!("{READ} 200"),
        &format!("{DELETE} 204"),
        &format!("{READ} 404"),
    ]);
}

#[test]
fn nobody_is_deleted_by_another_name() {
    let org = Changing::unsynced(|_| {});
    let login = org.org().profile_of(ADA).unwrap()["login"].as_str().unwrap().to_owned();
    let short = login.split('@').next().unwrap().to_owned();
    let looked_up = delete(&org, "user", &short);
    looked_up.failed("InvalidArgument", "unchanged").says(&[ADA, "name the user by id"]);
    assert_eq!(looked_up.requests().len(), 1);
    for id in ["me", &login, "../groups/00g1eng", "00u1active/lifecycle/deactivate", "00u1active?x=1"] {
        delete(&org, "user", id).failed("InvalidArgument", "unchanged").asked(&[]);
    }
    for id in ["../users/00u1active", "rules"] {
        delete(&org, "group", id).failed("InvalidArgument", "unchanged").asked(&[]);
    }
    assert!(org.writes().is_empty() && status(&org, ADA).as_deref() == Some("ACTIVE"));
}

#[test]
fn a_slow_deactivation_is_waited_for() {
    let org = Changing::unsynced(|org| org.set_slow_deactivation(2));
    delete(&org, "user", ADA).is("deleted");
    assert_eq!((status(&org, ADA), org.writes()), (None, vec![DEACTIVATE.to_owned(), DELETE.to_owned()]));
}

#[test]
fn a_deactivation_that_takes_too_long_can_be_repeated() {
    let org = Changing::unsynced(|org| org.set_slow_deactivation(8));
    let told = delete(&org, "user", ADA);
    told.failed("Unavailable", "unknown").says(&["no effect so far", "repeat"]);
    assert_eq!(org.writes(), [DEACTIVATE]);
    delete(&org, "user", ADA).is("deleted");
    assert_eq!(status(&org, ADA), None);
}

#[test]
fn a_deletion_without_effect_is_sent_once_more() {
    let org = Changing::unsynced(|_| {});
    org.fail(on("DELETE", ONE, Fault::Empty(204)).first(1));
    delete(&org, "user", ADA).is("deleted");
    assert_eq!((status(&org, ADA), org.writes()), (None, vec![DEACTIVATE.into(), DELETE.into(), DELETE.into()]));

    let org = Changing::unsynced(|_| {});
    org.fail(on("DELETE", ONE, Fault::Empty(204)));
    delete(&org, "user", ADA).failed("Unavailable", "unknown");
    assert_eq!((status(&org, ADA).as_deref(), org.writes().len()), (Some("DEPROVISIONED"), 3));
    // And a repeat goes on from there.
    org.fail(Faults::none());
    delete(&org, "user", ADA).is("deleted");
    assert_eq!(org.writes().len(), 4);
}

#[test]
fn a_lost_answer_is_read_back() {
    for path in [&format!("{ONE}/lifecycle/deactivate"), ONE] {
        let method = if path == ONE { "DELETE" } else { "POST" };
        for fault in [Fault::DropConnection, Fault::Status(500), Fault::Html(502)] {
            for done in [true, false] {
                let org = Changing::unsynced(|_| {});
                let fault = if done { fault.clone().after_doing() } else { fault.clone() };
                org.fail(on(method, path, fault).first(1));
                delete(&org, "user", ADA).is("deleted");
                assert_eq!(status(&org, ADA), None);
                assert_eq!(org.writes().len(), if done { 2 } else { 3 }, "{path} {done}");
            }
        }
    }
}

#[test]
fn a_failure_halfway_says_so_and_a_repeat_goes_on() {
    for (fault, code) in [
        (Fault::Code(403, "E0000006"), "PermissionDenied"),
        (Fault::Status(500), "Unavailable"),
        (Fault::Code(400, "E0000001"), "InvalidArgument"),
    ] {
        let org = Changing::unsynced(|_| {});
        org.fail(on("DELETE", ONE, fault));
        delete(&org, "user", ADA).failed(code, "partial").says(&["deleting user 00u1active failed"]);
        assert_eq!(status(&org, ADA).as_deref(), Some("DEPROVISIONED"));
        org.fail(Faults::none());
        delete(&org, "user", ADA).is("deleted");
        assert_eq!((status(&org, ADA), org.writes().last().unwrap().as_str()), (None, DELETE));
    }
}

#[test]
fn a_refused_deactivation_changes_nothing() {
    let org = Changing::unsynced(|_| {});
    let path = format!("{ONE}/lifecycle/deactivate");
    org.fail(on("POST", &path, Fault::Code(403, "E0000006")));
    delete(&org, "user", ADA).failed("PermissionDenied", "unchanged").says(&["E0000006", "hint: "]);
    // "Not found" for somebody who is there is no success.
    org.fail(on("POST", &path, Fault::Code(404, "E0000007")));
    delete(&org, "user", ADA).failed("Aborted", "unchanged").says(&["user 00u1active is there, with status ACTIVE"]);
    org.fail(on("POST", &path, Fault::Status(500)));
    delete(&org, "user", ADA).failed("Unavailable", "unchanged").says(&["nothing has been done"]);
    assert_eq!(status(&org, ADA).as_deref(), Some("ACTIVE"));
}

#[test]
fn what_cannot_be_read_back_is_unknown() {
    let org = Changing::unsynced(|_| {});
    let path = format!("{ONE}/lifecycle/deactivate");
    let lost = on("POST", &path, Fault::DropConnection.after_doing());
    // Okta is gone after the first read.
    let rules =
        (2..40).fold(Faults::from(lost), |all, n| all.and(on("GET", ONE, Fault::Code(403, "E0000006")).attempt(n)));
    org.fail(rules);
    delete(&org, "user", ADA).failed("Unavailable", "unknown").says(&["could not be read back"]);
    assert_eq!(status(&org, ADA).as_deref(), Some("DEPROVISIONED"));
}

#[test]
fn too_many_requests_are_waited_out() {
    let org = Changing::unsynced(|_| {});
    let deactivation = on("POST", &format!("{ONE}/lifecycle/deactivate"), Fault::RateLimit).first(1);
    org.fail(Faults::from(deactivation).and(on("DELETE", ONE, Fault::RateLimit).first(1)));
    delete(&org, "user", ADA).is("deleted");
    assert_eq!(status(&org, ADA), None);
}

#[test]
fn a_read_that_fails_ends_it_before_any_change() {
    let org = Changing::unsynced(|_| {});
    for (fault, code) in [
        (Fault::Code(403, "E0000006"), "PermissionDenied"),
        (Fault::Code(401, "E0000011"), "Unauthenticated"),
        // A 404 that is not Okta's does not say that the user is gone.
        (Fault::Html(404), "NotFound"),
    ] {
        org.fail(on("GET", ONE, fault));
        delete(&org, "user", ADA).failed(code, "unchanged");
    }
    assert!(org.writes().is_empty());
}

#[test]
fn a_dry_run_shows_both_steps_and_sends_none() {
    let org = Changing::unsynced(|_| {});
    let arguments = ["--delete-resource-type", "user", "--delete-resource", ADA, "--dry-run"];
    org.run(&arguments).is("planned").asked(&[
        &format!("{READ} 200"),
        &format!("{DEACTIVATE} withheld"),
        &format!("{DELETE} withheld"),
    ]);
    assert!(org.writes().is_empty());
    let gone = ["--delete-resource-type", "user", "--delete-resource", "00uNobody", "--dry-run"];
    org.run(&gone).is("already_deleted");
    let group = ["--delete-resource-type", "group", "--delete-resource", "00g4empty", "--dry-run"];
    org.run(&group).is("planned").asked(&["GET groups/00g4empty 200", "DELETE groups/00g4empty withheld"]);
}

#[test]
fn a_group_is_deleted_once() {
    let org = Changing::unsynced(|_| {});
    let told = delete(&org, "group", "00g1eng");
    told.is("deleted").asked(&["GET groups/00g1eng 200", "DELETE groups/00g1eng 204", "GET groups/00g1eng 404"]);
    assert_eq!(org.org().group_type_of("00g1eng"), None);
    delete(&org, "group", "00g1eng").is("already_deleted").says(&["there is no group 00g1eng"]);
    assert_eq!(org.writes(), ["DELETE groups/00g1eng"]);
}

#[test]
fn groups_that_okta_keeps_are_refused_before_a_request() {
    let org = Changing::unsynced(|_| {});
    delete(&org, "group", "00g3every").failed("FailedPrecondition", "unchanged").says(&["built in (BUILT_IN)"]);
    assert!(org.writes().is_empty());
    org.fail(on("DELETE", "groups/00g4empty", Fault::Code(403, "E0000006")));
    delete(&org, "group", "00g4empty").failed("PermissionDenied", "unchanged").says(&["Group Administrator"]);
    assert!(org.org().group_type_of("00g4empty").is_some());
}

#[test]
fn a_lost_answer_to_the_deletion_of_a_group_is_read_back() {
    for done in [true, false] {
        let org = Changing::unsynced(|_| {});
        let fault = if done { Fault::DropConnection.after_doing() } else { Fault::Status(503) };
        org.fail(on("DELETE", "groups/00g4empty", fault).first(1));
        delete(&org, "group", "00g4empty").is("deleted");
        assert_eq!((org.org().group_type_of("00g4empty"), org.writes().len()), (None, if done { 1 } else { 2 }));
    }
}

#[test]
fn other_types_cannot_be_deleted() {
    let org = Changing::unsynced(|_| {});
    let told = delete(&org, "app", "0oa1oidc");
    told.failed("Unimplemented", "unchanged").says(&["resource type app does not have resource Delete() configured"]);
    // And nothing gives a user new credentials.
    let told = org.run(&["--rotate-credentials", ADA, "--rotate-credentials-type", "user"]);
    told.failed("Unimplemented", "unchanged").says(&["does not have credential manager configured"]);
    assert!(org.writes().is_empty());
}
