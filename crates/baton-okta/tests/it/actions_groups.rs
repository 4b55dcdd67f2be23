//! The actions on groups (`docs/spec/okta-provisioning.md` 7.5).

use std::sync::Arc;
use std::time::Duration;

use okta_client::{ApiToken, Client, Config, OrgUrl, endpoints};
use okta_sim::{Fault, Org, SimConfig};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::changing::{Changing, Told, on};
use crate::support::Lab;

fn call(org: &Changing, action: &str, args: &Value) -> Told {
    org.run(&arguments(action, &args.to_string()))
}

fn arguments<'a>(action: &'a str, args: &'a str) -> [&'a str; 6] {
    ["--invoke-action", action, "--invoke-action-resource-type", "group", "--invoke-action-args", args]
}

/// The id of the group in a result.
fn made(told: &Told) -> String {
    let resource = &told.result["response"]["resource"];
    assert_eq!(resource["resourceId"]["resourceTypeId"], "group");
    resource["resourceId"]["resourceId"].as_str().unwrap().to_owned()
}

fn users(ids: &[&str]) -> Value {
    ids.iter().map(|id| json!({"resource_type_id": "user", "resource_id": id})).collect()
}

#[test]
fn a_group_is_made_with_its_first_members() {
    let org = Changing::unsynced(|_| {});
    let told = call(
        &org,
        "create",
        &json!({"name": "Engines", "description": "Builds them", "userMembers": users(&["00u1active", "00u2staged"])}),
    );
    let id = made(told.is("complete"));
    let body = json!({"profile": {"name": "Engines", "description": "Builds them"}});
    let writes = org.lab.sim().writes();
    assert_eq!((writes[0].line().as_str(), &writes[0].body), ("POST /api/v1/groups", &body));
    assert_eq!(
        org.writes()[1..],
        [format!("PUT groups/{id}/users/00u1active"), format!("PUT groups/{id}/users/00u2staged")]
    );
    assert_eq!(org.org().members_of(&id), ["00u1active", "00u2staged"]);
    assert_eq!(told.result["response"]["success"], true);
    assert_eq!(told.result["response"]["resource"]["displayName"], "Engines");
    let told = call(&org, "create", &json!({"name": "Alone"}));
    let id = made(told.is("complete"));
    assert_eq!(org.org().group_profile_of(&id).unwrap()["description"], "");
}

#[test]
fn a_name_that_is_taken_is_told_with_the_group_that_has_it() {
    let org = Changing::unsynced(|_| {});
    let told = call(&org, "create", &json!({"name": "Engineering"}));
    told.failed("AlreadyExists", "unchanged").says(&["00g1eng", "exists already"]);
    assert!(org.writes().is_empty());
    // Also when the index of Okta's search does not know it yet.
    org.fail(on("GET", "groups", Fault::Empty(200)));
    let told = call(&org, "create", &json!({"name": "Engineering"}));
    assert_eq!(told.outcome(), "failed");
    let renamed = call(&org, "modify_group", &json!({"group_id": "00g4empty", "name": "Engineering"}));
    renamed.failed("AlreadyExists", "unchanged").says(&["already exists"]);
}

#[test]
fn a_member_who_cannot_be_added_is_told_and_keeps_nobody_out() {
    let org = Changing::unsynced(|_| {});
    let told = call(
        &org,
        "create",
        &json!({"name": "Engines", "userMembers": users(&["00u1active", "00uNobody", "00u2staged"])}),
    );
    let id = {
        let org = org.org();
        org.group_ids().find(|id| org.group_profile_of(id).unwrap()["name"] == "Engines").unwrap()
    };
    told.failed("NotFound", "partial").says(&[&id, "failed to add member 00uNobody", "with 00u1active, 00u2staged"]);
    assert_eq!(org.org().members_of(&id), ["00u1active", "00u2staged"]);
    let told = call(
        &org,
        "create",
        &json!({"name": "Wrong", "userMembers": [{"resource_type_id": "group", "resource_id": "00g1eng"}]}),
    );
    told.failed("InvalidArgument", "unchanged").says(&["userMembers"]).asked(&[]);
}

#[test]
fn a_lost_answer_makes_no_second_group() {
    for (fault, writes) in
        [(Fault::DropConnection.after_doing(), 1), (Fault::Status(500).after_doing(), 1), (Fault::Status(500), 2)]
    {
        let org = Changing::unsynced(|_| {});
        org.fail(on("POST", "groups", fault.clone()).first(1));
        let before = org.org().group_count();
        let told = call(&org, "create", &json!({"name": "Engines", "userMembers": users(&["00u1active"])}));
        let id = made(told.is("complete"));
        assert_eq!((org.org().group_count(), org.org().members_of(&id).len()), (before + 1, 1), "{fault:?}");
        assert_eq!(org.writes().iter().filter(|line| line.starts_with("POST")).count(), writes, "{fault:?}");
    }
}

/// An org whose search shows changes so much later.
fn with_lag(lag: Duration) -> Changing {
    let config = SimConfig { record_writes: true, search_lag: lag, ..SimConfig::new(Org::facts()) };
    Changing { lab: Lab::start(config) }
}

#[test]
fn a_new_group_is_known_by_the_answer_however_late_the_search_shows_it() {
    let org = with_lag(Duration::from_secs(3_600));
    let told = call(&org, "create", &json!({"name": "Engines", "userMembers": users(&["00u1active", "00u2staged"])}));
    let id = made(told.is("complete"));
    assert_eq!(told.requests()[1..3], ["POST groups 200".to_owned(), format!("GET groups/{id} 200")]);
    assert_eq!(org.org().members_of(&id), ["00u1active", "00u2staged"]);
    // The name is taken, and nobody can be shown who has it.
    let told = call(&org, "create", &json!({"name": "Engines"}));
    told.failed("AlreadyExists", "unchanged").says(&["exists already"]);
}

#[test]
fn a_new_group_that_cannot_be_read_back_is_there_all_the_same() {
    for fault in [Fault::Code(403, "E0000006"), Fault::Code(404, "E0000007")] {
        let org = Changing::unsynced(|_| {});
        org.fail(on("GET", "groups/{id}", fault.clone()).first(1));
        let told = call(&org, "create", &json!({"name": "Engines", "userMembers": users(&["00u1active"])}));
        let id = made(told.is("complete"));
        assert_eq!(told.result["response"]["resource"]["displayName"], "Engines");
        assert_ne!(told.words(), "", "{fault:?}");
        assert_eq!(org.org().members_of(&id), ["00u1active"]);
    }
}

#[test]
fn a_group_whose_answer_was_lost_is_found_when_the_search_shows_it() {
    let lost = || on("POST", "groups", Fault::Status(500).after_doing()).first(1);
    let args = json!({"name": "Engines", "userMembers": users(&["00u1active"])});
    let org = with_lag(Duration::from_secs(2));
    org.fail(lost());
    let id = made(call(&org, "create", &args).is("complete"));
    assert_eq!(org.org().members_of(&id), ["00u1active"]);
    let org = with_lag(Duration::from_secs(3_600));
    let before = org.org().group_count();
    org.fail(lost());
    let told = call(&org, "create", &args);
    told.failed("Unavailable", "unknown").says(&["was lost", "does not show", "hint: look for it"]);
    assert_eq!(org.org().group_count(), before + 1);
}

#[test]
fn the_name_is_checked() {
    let org = Changing::unsynced(|_| {});
    let long = "x".repeat(256);
    for name in [json!(null), json!(""), json!(" "), json!(7), json!(long)] {
        call(&org, "create", &json!({ "name": name }))
            .failed("InvalidArgument", "unchanged")
            .says(&["name"])
            .asked(&[]);
    }
    for args in [
        json!({"group_id": "00g1eng", "name": ""}),
        json!({"group_id": "00g1eng"}),
        json!({"group_id": "", "name": "x"}),
    ] {
        call(&org, "modify_group", &args).failed("InvalidArgument", "unchanged").asked(&[]);
    }
    for id in ["../users/00u1active", "rules", "a b"] {
        let args = json!({"group_id": id, "name": "x"});
        call(&org, "modify_group", &args).failed("InvalidArgument", "unchanged").asked(&[]);
    }
}

#[test]
fn the_length_of_a_name_is_counted_in_characters() {
    let org = Changing::unsynced(|_| {});
    let name = "部".repeat(255);
    let id = made(call(&org, "create", &json!({ "name": name })).is("complete"));
    assert_eq!(org.org().group_profile_of(&id).unwrap()["name"], name.as_str());
    let renamed = json!({"group_id": id, "name": "課".repeat(100)});
    call(&org, "modify_group", &renamed).is("complete");
    for args in [json!({"name": "部".repeat(256)}), json!({"group_id": id, "name": "部".repeat(256)})] {
        let action = if args.get("group_id").is_some() { "modify_group" } else { "create" };
        call(&org, action, &args)
            .failed("InvalidArgument", "unchanged")
            .says(&["name", "at most 255 characters"])
            .asked(&[]);
    }
}

#[test]
fn a_change_keeps_what_the_org_has_added() {
    let org = Changing::unsynced(|org| org.define_property("costCenter"));
    replace(&org, "00g1eng", &json!({"name": "Engineering", "description": null, "costCenter": "E-7"}));
    let told = call(&org, "modify_group", &json!({"group_id": "00g1eng", "description": "Builds engines"}));
    told.is("complete").asked(&["GET groups/00g1eng 200", "PUT groups/00g1eng 200", "GET groups/00g1eng 200"]);
    assert_eq!(made(&told), "00g1eng");
    let now = org.org().group_profile_of("00g1eng").unwrap();
    assert_eq!(now, json!({"name": "Engineering", "description": "Builds engines", "costCenter": "E-7"}));
    // Cleared, renamed.
    call(&org, "modify_group", &json!({"group_id": "00g1eng", "description": "", "name": "Engines"})).is("complete");
    let now = org.org().group_profile_of("00g1eng").unwrap();
    assert_eq!((&now["name"], now["description"].as_str().unwrap_or_default()), (&json!("Engines"), ""));
    assert_eq!(now["costCenter"], "E-7");
}

/// Gives a group this profile, as an admin would.
fn replace(org: &Changing, group: &str, profile: &Value) {
    let sim = org.lab.sim();
    let (url, token) = (OrgUrl::parse(&sim.host()).unwrap(), SecretString::from(sim.token().to_owned()));
    let config =
        Config { extra_ca: Some(sim.ca_pem().to_owned()), ..Config::new(url, Arc::new(ApiToken::new(token).unwrap())) };
    let request = endpoints::groups::replace(group, profile.as_object().unwrap()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { Client::new(config).unwrap().send(&request).await }).unwrap();
}

#[test]
fn a_change_of_nothing_sends_nothing() {
    let org = Changing::unsynced(|_| {});
    for args in [
        json!({"group_id": "00g1eng", "name": "Engineering", "description": "Builds things"}),
        json!({"group_id": "00g4empty", "description": ""}),
        // Not even for a group that could not be changed.
        json!({"group_id": "00g3every", "name": "Everyone"}),
    ] {
        let told = call(&org, "modify_group", &args);
        told.is("complete").says(&["nothing was sent"]);
        assert_eq!((told.requests().len(), &told.result["response"]["success"]), (1, &json!(true)));
    }
    assert!(org.writes().is_empty());
}

#[test]
fn groups_of_others_are_refused_before_a_request() {
    let org = Changing::unsynced(|_| {});
    for (id, words) in [("00g3every", "built in (BUILT_IN)"), ("00g2push", "(APP_GROUP)")] {
        let told = call(&org, "modify_group", &json!({"group_id": id, "name": "x"}));
        told.failed("FailedPrecondition", "unchanged").says(&[words]);
    }
    let told = call(&org, "modify_group", &json!({"group_id": "00gNone", "name": "x"}));
    told.failed("NotFound", "unchanged").says(&["group 00gNone not found"]);
    assert!(org.writes().is_empty());
}

#[test]
fn failures_are_told_and_lost_answers_read_back() {
    let org = Changing::unsynced(|_| {});
    let args = json!({"group_id": "00g1eng", "name": "Engines"});
    for (fault, code) in [(Fault::Code(403, "E0000006"), "PermissionDenied"), (Fault::Status(500), "Unavailable")] {
        org.fail(on("PUT", "groups/00g1eng", fault));
        call(&org, "modify_group", &args).failed(code, "unchanged");
    }
    let count = org.writes().len();
    org.fail(on("PUT", "groups/00g1eng", Fault::DropConnection.after_doing()));
    call(&org, "modify_group", &args).is("complete").says(&["the answer was lost"]);
    assert_eq!(
        (org.writes().len() - count, &org.org().group_profile_of("00g1eng").unwrap()["name"]),
        (1, &json!("Engines"))
    );
    for (fault, code) in
        [(Fault::Code(403, "E0000006"), "PermissionDenied"), (Fault::Code(401, "E0000011"), "Unauthenticated")]
    {
        org.fail(on("POST", "groups", fault));
        call(&org, "create", &json!({"name": "Mills"})).failed(code, "unchanged");
    }
    org.fail(on("POST", "groups", Fault::RateLimit).first(1));
    call(&org, "create", &json!({"name": "Mills"})).is("complete");
}

#[test]
fn a_dry_run_shows_what_would_be_sent() {
    let org = Changing::unsynced(|_| {});
    let args = json!({"name": "Engines", "userMembers": users(&["00u1active"])}).to_string();
    let told = org.run(&[&arguments("create", &args)[..], &["--dry-run"]].concat());
    told.is("planned");
    assert_eq!(told.requests()[1..], ["POST groups withheld", "PUT groups/{new}/users/00u1active withheld"]);
    let args = json!({"group_id": "00g1eng", "name": "Engines"}).to_string();
    let told = org.run(&[&arguments("modify_group", &args)[..], &["--dry-run"]].concat());
    told.is("planned").asked(&["GET groups/00g1eng 200", "PUT groups/00g1eng withheld"]);
    let body = json!({"profile": {"name": "Engines", "description": "Builds things"}});
    assert_eq!(told.result["requests"][1]["body"], body);
    assert!(org.writes().is_empty());
}
