//! The form of each change: method, path, query, body; and the ids that are rejected.

use http::Method;
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use crate::endpoints::apps::AppUserSettings;
use crate::endpoints::bindings::{self, Holder};
use crate::endpoints::roles::Role;
use crate::endpoints::users::{Lifecycle, NewUser, SignIn};
use crate::endpoints::{apps, groups, roles, users};
use crate::error::{Error, ErrorKind};
use crate::org_url::OrgUrl;
use crate::{Bucket, Outcome, Request};

/// The request in one line, with what its body shows.
fn shown(request: Result<Request, Error>) -> String {
    let request = request.unwrap();
    match &request.body {
        Some(body) => format!("{request} {}", body.masked()),
        None => request.to_string(),
    }
}

fn map(value: Value) -> Map<String, Value> {
    let Value::Object(map) = value else { panic!("no object: {value}") };
    map
}

fn org() -> OrgUrl {
    OrgUrl::parse("acme.okta.com:8443").unwrap()
}

#[test]
fn groups_and_members() {
    assert_eq!(shown(groups::get("00g1")), "GET /api/v1/groups/00g1");
    assert_eq!(
        shown(groups::create("Ops \"A\"", "")),
        r#"POST /api/v1/groups {"profile":{"name":"Ops \"A\"","description":""}}"#
    );
    assert_eq!(
        shown(groups::replace("00g1", &map(json!({"name": "N", "costCenter": 7})))),
        r#"PUT /api/v1/groups/00g1 {"profile":{"name":"N","costCenter":7}}"#
    );
    assert_eq!(shown(groups::delete("00g1")), "DELETE /api/v1/groups/00g1");
    assert_eq!(shown(groups::add_member("00g1", "00u1")), "PUT /api/v1/groups/00g1/users/00u1");
    assert_eq!(shown(groups::remove_member("00g1", "00u1")), "DELETE /api/v1/groups/00g1/users/00u1");
    assert_eq!(groups::rules(200).request.to_string(), "GET /api/v1/groups/rules?limit=200");
    assert_eq!(groups::rules(200).request.bucket, Bucket::Groups);
}

#[test]
fn application_assignments() {
    assert_eq!(shown(apps::get("0oa1")), "GET /api/v1/apps/0oa1");
    assert_eq!(shown(apps::user("0oa1", "00u1")), "GET /api/v1/apps/0oa1/users/00u1");
    assert_eq!(shown(apps::group("0oa1", "00g1")), "GET /api/v1/apps/0oa1/groups/00g1");
    let plain = AppUserSettings::default();
    assert_eq!(
        shown(apps::assign_user("0oa1", "00u1", &plain)),
        r#"POST /api/v1/apps/0oa1/users {"id":"00u1","scope":"USER"}"#
    );
    let named = AppUserSettings { user_name: Some("ada".to_owned()), profile: map(json!({"role": "dev"})) };
    assert_eq!(
        shown(apps::assign_user("0oa1", "00u1", &named)),
        r#"POST /api/v1/apps/0oa1/users {"id":"00u1","scope":"USER","credentials":{"userName":"ada"},"profile":{"role":"dev"}}"#
    );
    assert_eq!(
        shown(apps::update_user("0oa1", "00u1", &named)),
        r#"POST /api/v1/apps/0oa1/users/00u1 {"credentials":{"userName":"ada"},"profile":{"role":"dev"}}"#
    );
    assert_eq!(shown(apps::unassign_user("0oa1", "00u1")), "DELETE /api/v1/apps/0oa1/users/00u1");
    assert_eq!(shown(apps::assign_group("0oa1", "00g1")), "PUT /api/v1/apps/0oa1/groups/00g1 {}");
    assert_eq!(shown(apps::unassign_group("0oa1", "00g1")), "DELETE /api/v1/apps/0oa1/groups/00g1");
}

#[test]
fn roles_and_bindings() {
    let help_desk = Role::Standard("HELP_DESK_ADMIN");
    assert_eq!(
        shown(roles::assign_to_user("00u1", help_desk)),
        r#"POST /api/v1/users/00u1/roles {"type":"HELP_DESK_ADMIN"}"#
    );
    assert_eq!(
        shown(roles::assign_to_group("00g1", Role::Custom { role: "cr01", resource_set: "iam1" })),
        r#"POST /api/v1/groups/00g1/roles {"type":"CUSTOM","role":"cr01","resource-set":"iam1"}"#
    );
    assert_eq!(shown(roles::unassign_from_user("00u1", "JBCUYUC7")), "DELETE /api/v1/users/00u1/roles/JBCUYUC7");
    assert_eq!(shown(roles::unassign_from_group("00g1", "ra11")), "DELETE /api/v1/groups/00g1/roles/ra11");

    assert_eq!(shown(bindings::get("iam1", "cr01")), "GET /api/v1/iam/resource-sets/iam1/bindings/cr01");
    assert_eq!(
        shown(bindings::create(&org(), "iam1", "cr01", &[Holder::User("00u1")])),
        r#"POST /api/v1/iam/resource-sets/iam1/bindings {"role":"cr01","members":["https://acme.okta.com:8443/api/v1/users/00u1"]}"#
    );
    assert_eq!(
        shown(bindings::add_members(&org(), "iam1", "cr01", &[Holder::Group("00g1")])),
        r#"PATCH /api/v1/iam/resource-sets/iam1/bindings/cr01/members {"additions":["https://acme.okta.com:8443/api/v1/groups/00g1"]}"#
    );
    assert_eq!(
        shown(bindings::remove_member("iam1", "cr01", "irb1")),
        "DELETE /api/v1/iam/resource-sets/iam1/bindings/cr01/members/irb1"
    );
    assert_eq!(shown(bindings::delete("iam1", "cr01")), "DELETE /api/v1/iam/resource-sets/iam1/bindings/cr01");
}

#[test]
fn a_new_user_in_every_combination() {
    let create = |sign_in: SignIn, activate: bool| {
        let request = users::create(&NewUser { profile: map(json!({"login": "a"})), sign_in, activate });
        shown(request).replace(r#" {"profile":{"login":"a"}"#, " …")
    };
    let password = |change_at_first_sign_in| {
        let value = SecretString::from("Secret;1");
        SignIn::Password { value, change_at_first_sign_in }
    };
    let hidden = r#","credentials":{"password":{"value":"[hidden]"}}}"#;
    let provider = r#","credentials":{"provider":{"type":"FEDERATION","name":"FEDERATION"}}}"#;
    assert_eq!(create(SignIn::NoPassword, true), "POST /api/v1/users …}");
    assert_eq!(create(SignIn::NoPassword, false), "POST /api/v1/users?activate=false …}");
    assert_eq!(create(password(false), true), format!("POST /api/v1/users …{hidden}"));
    assert_eq!(create(password(false), false), format!("POST /api/v1/users?activate=false …{hidden}"));
    assert_eq!(
        create(password(true), true),
        format!("POST /api/v1/users?activate=true&nextLogin=changePassword …{hidden}")
    );
    assert_eq!(create(SignIn::Federation, true), format!("POST /api/v1/users?provider=true …{provider}"));
    assert_eq!(
        create(SignIn::Federation, false),
        format!("POST /api/v1/users?activate=false&provider=true …{provider}")
    );
    let impossible = NewUser { profile: Map::new(), sign_in: password(true), activate: false };
    let error = users::create(&impossible).unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Invalid, Outcome::NotSent));
}

#[test]
fn what_happens_to_a_user() {
    let profile = map(json!({"title": "Dr", "nick": null}));
    assert_eq!(
        shown(users::update("00u1", &profile)),
        r#"POST /api/v1/users/00u1 {"profile":{"title":"Dr","nick":null}}"#
    );
    assert_eq!(
        shown(users::replace("00u1", &profile)),
        r#"PUT /api/v1/users/00u1 {"profile":{"title":"Dr","nick":null}}"#
    );
    let step = |step| shown(users::lifecycle("00u1", step)).replace("POST /api/v1/users/00u1/lifecycle/", "");
    assert_eq!(step(Lifecycle::Activate { send_email: false }), "activate?sendEmail=false");
    assert_eq!(step(Lifecycle::Activate { send_email: true }), "activate?sendEmail=true");
    assert_eq!(step(Lifecycle::Reactivate { send_email: false }), "reactivate?sendEmail=false");
    assert_eq!(step(Lifecycle::Deactivate { send_email: false }), "deactivate?sendEmail=false");
    assert_eq!(step(Lifecycle::Suspend), "suspend");
    assert_eq!(step(Lifecycle::Unsuspend), "unsuspend");
    assert_eq!(step(Lifecycle::Unlock), "unlock");
    assert_eq!(shown(users::delete("00u1", false)), "DELETE /api/v1/users/00u1");
    assert_eq!(shown(users::delete("00u1", true)), "DELETE /api/v1/users/00u1?sendEmail=true");
    assert_eq!(users::groups("00u1").unwrap().request.to_string(), "GET /api/v1/users/00u1/groups");
    assert_eq!(users::me().to_string(), "GET /api/v1/users/me");
}

#[test]
fn a_login_in_a_path_stays_one_segment() {
    let path = |login: &str| users::by_login(login).map(|request| request.path_and_query);
    assert_eq!(path("ada.lovelace@example.com").unwrap(), "/api/v1/users/ada.lovelace@example.com");
    assert_eq!(path("a b+c?d#e%f&ü").unwrap(), "/api/v1/users/a%20b%2Bc%3Fd%23e%25f%26%C3%BC");
    assert_eq!(path("..a").unwrap(), "/api/v1/users/..a");
    for login in ["", ".", "..", "a/b", "../groups/00g1", "a\\b", "a\nb", "me", &"x".repeat(401)] {
        assert_eq!(path(login).unwrap_err().outcome(), Outcome::NotSent, "{login:?}");
    }
    let whole = org().join(&path("%2e%2e?x").unwrap()).unwrap();
    assert_eq!(whole.as_str(), "https://acme.okta.com:8443/api/v1/users/%252e%252e%3Fx");
    assert_eq!(
        users::with_login(r#"a/"b"\c"#).request.path_and_query,
        "/api/v1/users?limit=2&filter=profile.login+eq+%22a%2F%5C%22b%5C%22%5C%5Cc%22"
    );
}

#[test]
fn no_odd_id_becomes_a_request() {
    let none = Map::new();
    let plain = AppUserSettings::default();
    let odd = [
        "",
        "me",
        "default",
        "current",
        "rules",
        ".",
        "..",
        "00u1/lifecycle/deactivate",
        "../groups/00g1",
        "00u1?x=1",
        "00u1#",
        "00u1%2f",
        "a b",
        "ü",
        "{id}",
        "00u1\n",
    ];
    for id in odd {
        let requests = [
            users::update(id, &none),
            users::replace(id, &none),
            users::lifecycle(id, Lifecycle::Suspend),
            users::delete(id, false),
            users::get(id),
            groups::get(id),
            groups::replace(id, &none),
            groups::delete(id),
            groups::add_member(id, "00u1"),
            groups::add_member("00g1", id),
            groups::remove_member(id, "00u1"),
            groups::remove_member("00g1", id),
            apps::get(id),
            apps::user(id, "00u1"),
            apps::user("0oa1", id),
            apps::group(id, "00g1"),
            apps::group("0oa1", id),
            apps::assign_user(id, "00u1", &plain),
            apps::assign_user("0oa1", id, &plain),
            apps::update_user("0oa1", id, &plain),
            apps::unassign_user("0oa1", id),
            apps::assign_group("0oa1", id),
            apps::unassign_group(id, "00g1"),
            roles::assign_to_user(id, Role::Standard("ORG_ADMIN")),
            roles::assign_to_user("00u1", Role::Standard(id)),
            roles::assign_to_group("00g1", Role::Custom { role: id, resource_set: "iam1" }),
            roles::assign_to_group("00g1", Role::Custom { role: "cr01", resource_set: id }),
            roles::unassign_from_user("00u1", id),
            roles::unassign_from_group(id, "ra11"),
            bindings::get("iam1", id),
            bindings::create(&org(), "iam1", id, &[]),
            bindings::create(&org(), "iam1", "cr01", &[Holder::User(id)]),
            bindings::add_members(&org(), "iam1", "cr01", &[Holder::Group(id)]),
            bindings::remove_member("iam1", "cr01", id),
            bindings::delete(id, "cr01"),
        ];
        for (number, request) in requests.into_iter().enumerate() {
            let error = request.map(|request| request.to_string()).unwrap_err();
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::Invalid, Outcome::NotSent), "{id:?} {number}");
        }
    }
}

#[test]
fn no_change_may_be_sent_twice_blindly() {
    let changes = [
        groups::add_member("00g1", "00u1"),
        groups::remove_member("00g1", "00u1"),
        users::delete("00u1", false),
        users::update("00u1", &Map::new()),
        apps::assign_group("0oa1", "00g1"),
        bindings::delete("iam1", "cr01"),
    ];
    for change in changes {
        let change = change.unwrap();
        assert!(!change.idempotent && change.method != Method::GET, "{change}");
    }
    assert!(groups::get("00g1").unwrap().idempotent);
}
