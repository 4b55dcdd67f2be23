//! Every row of the mapping of groups, with literal expectations.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use baton_proto::json as protojson;
use okta_client::models::record_from_json;
use serde_json::{Value, json};

use baton_connector::{GrantDraft, Reuse, WorkKind};
use jiff::Timestamp;

use super::*;

fn all() -> Scope {
    Scope { users: true, groups: true, apps: true, roles: true, access: true, grants: true, ..Scope::default() }
}

fn group(body: &Value) -> Group {
    record_from_json(body.to_string().as_bytes()).unwrap()
}

fn json_of(group: &Group) -> Value {
    protojson::to_value(&resource(group)).unwrap()
}

fn with_stats(stats: &Value) -> Group {
    group(&json!({"id": "00g1", "type": "OKTA_GROUP", "profile": {"name": "G"}, "_embedded": {"stats": stats}}))
}

fn kinds(works: &[Work]) -> Vec<WorkKind> {
    works.iter().map(|work| work.kind).collect()
}

#[test]
fn a_group_becomes_a_resource_and_an_entitlement() {
    let group = group(&json!({
        "id": "00g1eng", "type": "OKTA_GROUP", "created": "2023-01-02T08:00:00.000Z", "objectClass": ["okta:user_group"],
        "profile": {"name": "Engineering", "description": "Builds things", "costCenter": "CC1"},
        "_embedded": {"stats": {"usersCount": 3, "appsCount": 2, "groupPushMappingsCount": 0, "hasAdminPrivilege": true}},
    }));
    let stored = json!({
        "id": {"resourceType": "group", "resource": "00g1eng"},
        "displayName": "Engineering",
        "annotations": [
            {"@type": "type.googleapis.com/c1.connector.v2.V1Identifier", "id": "00g1eng"},
            {"@type": "type.googleapis.com/c1.connector.v2.RawId", "id": "00g1eng"},
            {
                "@type": "type.googleapis.com/c1.connector.v2.GroupTrait",
                "groupSourceType": "native", "rawGroupSourceType": "OKTA_GROUP",
            },
        ],
        "profile": {
            "name": "Engineering", "description": "Builds things", "type": "OKTA_GROUP",
            "users_count": 3, "apps_count": 2,
        },
    });
    assert_eq!(json_of(&group), stored);
    assert_eq!(
        protojson::to_value(&entitlement(&resource(&group))).unwrap(),
        json!({
            "resource": stored,
            "id": "group:00g1eng:member",
            "displayName": "Engineering Group Member",
            "description": "Member of Engineering group in Okta",
            "grantableTo": [protojson::to_value(&types::resource_types([user::ID])[0]).unwrap()],
            "annotations": [{"@type": "type.googleapis.com/c1.connector.v2.V1Identifier", "id": "membership:00g1eng"}],
            "purpose": "PURPOSE_VALUE_ASSIGNMENT",
            "slug": "member",
        })
    );
}

#[test]
fn group_types() {
    for (kind, source, immutable) in [
        ("OKTA_GROUP", json!("native"), false),
        ("APP_GROUP", json!("app_imported"), false),
        ("BUILT_IN", json!("built_in"), true),
        ("FUTURE_GROUP", json!(null), false),
    ] {
        let stored = json_of(&group(&json!({"id": "00g1", "type": kind, "profile": {"name": "G"}})));
        let annotations = stored["annotations"].as_array().unwrap();
        assert_eq!(annotations.len(), if immutable { 4 } else { 3 });
        let of_group = annotations.last().unwrap();
        assert_eq!(of_group["groupSourceType"], source);
        assert_eq!(of_group["rawGroupSourceType"], kind);
        let third = annotations[2]["@type"].as_str().unwrap();
        assert_eq!(third.ends_with(".EntitlementImmutable"), immutable);
    }
}

#[test]
fn members_that_okta_does_not_send() {
    let stored = json_of(&group(
        &json!({"id": "00g5", "type": "FUTURE_GROUP", "profile": {"name": "No stats", "description": null}}),
    ));
    assert_eq!(stored["profile"], json!({"name": "No stats", "description": "", "type": "FUTURE_GROUP"}));
    let stored = json_of(&group(
        &json!({"id": "00g5", "profile": null, "_embedded": {"stats": {"usersCount": "many", "appsCount": 0}}}),
    ));
    assert_eq!(stored["profile"], json!({"name": "", "description": "", "type": "", "apps_count": 0}));
    assert_eq!(stored.get("displayName"), None);
}

fn now() -> Option<Timestamp> {
    Some("2026-01-02T03:10:00Z".parse().unwrap())
}

#[test]
fn members_are_read_again_when_the_group_says_so() {
    let of = |changed: &Value, kind: &str, now| {
        follow_up::members_reuse(&group(&json!({"id": "00g1", "type": kind, "lastMembershipUpdated": changed})), now)
    };
    let same = |version: &str, past_consistency_lag, unless_changed| Reuse::SameVersion {
        version: version.to_owned(),
        past_consistency_lag,
        unless_changed,
    };
    for (changed, settled) in [("2026-01-02T03:04:59.000Z", true), ("2026-01-02T03:05:00.000Z", false)] {
        assert_eq!(of(&changed.into(), "OKTA_GROUP", now()), same(changed, settled, false));
        assert_eq!(of(&changed.into(), "BUILT_IN", now()), same(changed, settled, true));
        assert_eq!(of(&changed.into(), "OKTA_GROUP", None), Reuse::Never);
    }
    assert_eq!(of(&Value::Null, "OKTA_GROUP", now()), Reuse::Never);
    assert_eq!(of(&"lately".into(), "OKTA_GROUP", now()), Reuse::Never);
}

#[test]
fn only_what_is_not_known_is_asked() {
    let full = with_stats(&json!({"usersCount": 2001, "appsCount": 1, "hasAdminPrivilege": true}));
    let works = follow_up::of_group(&full, all(), 1000, now());
    assert_eq!(kinds(&works), ["group-members", "group-roles", "group-apps"]);
    assert_eq!(works.iter().map(|work| work.subject.as_str()).collect::<Vec<_>>(), ["00g1"; 3]);
    assert_eq!(works[0].pages_hint, 3);
    assert_eq!(works[2].blocked_on, Some("app-groups-side"));

    let none = with_stats(&json!({"usersCount": 0, "appsCount": 0, "hasAdminPrivilege": false}));
    assert_eq!(follow_up::of_group(&none, all(), 1000, now()), []);

    for unknown in [with_stats(&json!({})), group(&json!({"id": "00g1"}))] {
        let works = follow_up::of_group(&unknown, all(), 1000, now());
        assert_eq!(kinds(&works), ["group-members", "group-roles", "group-apps"]);
        assert_eq!(works[0].pages_hint, 1);
    }
    let misspelt = with_stats(&json!({"usersCount": 0, "appsCount": 0, "hasAdminPrivlege": false}));
    assert_eq!(follow_up::of_group(&misspelt, all(), 1000, now()), []);
}

#[test]
fn only_what_is_wanted_is_asked() {
    let full = with_stats(&json!({"usersCount": 1, "appsCount": 1, "hasAdminPrivilege": true}));
    let kinds_in = |scope| kinds(&follow_up::of_group(&full, scope, 1000, now()));
    assert_eq!(kinds_in(Scope { users: false, ..all() }), ["group-roles", "group-apps"]);
    assert_eq!(kinds_in(Scope { roles: false, ..all() }), ["group-members", "group-apps"]);
    assert_eq!(kinds_in(Scope { apps: false, ..all() }), ["group-members", "group-roles"]);
    assert_eq!(kinds_in(Scope { grants: false, ..all() }), Vec::<&str>::new());
}

#[test]
fn a_grant_per_member() {
    let grants: Vec<_> = memberships("00g1", ["00u1", "00u2"].map(str::to_owned).into_iter()).collect();
    let ids: Vec<_> = grants.iter().map(GrantDraft::id).collect();
    assert_eq!(ids, ["group:00g1:member:user:00u1", "group:00g1:member:user:00u2"]);
    for grant in &grants {
        assert_eq!(&*grant.v1_prefix, "grant:membership:00g1:");
        assert_eq!((&grant.immutable, &grant.metadata, &grant.expandable), (&None, &None, &None));
    }
}
