//! Every row of the mapping, with literal expectations, and what cannot be mapped.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use baton_connector::build;
use baton_proto::json as protojson;
use okta_client::models::record_from_json;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn everything() -> Rules {
    Rules { sync_custom_roles: true, sync_secrets: true, sync_devices: true, ..Rules::default() }
}

fn event(event_type: &str, targets: &[Value]) -> Value {
    json!({
        "uuid": "e1", "eventType": event_type, "published": "2026-01-02T03:04:05.678Z",
        "actor": {"id": "00u9", "type": "User", "alternateId": "boss@acme.example", "displayName": "Boss"},
        "outcome": {"result": "SUCCESS"}, "target": targets,
    })
}

fn mapped(event: &Value, rules: &Rules) -> Mapped {
    map(&record_from_json::<LogEvent>(event.to_string().as_bytes()).unwrap(), rules)
}

/// The event of Baton's without id and time, which are the same for all.
fn told(event: &Value) -> Value {
    let Mapped::Told(told) = mapped(event, &everything()) else { panic!("{:?}", mapped(event, &everything())) };
    let mut told = protojson::to_value(&*told).unwrap();
    let members = told.as_object_mut().unwrap();
    assert_eq!(members.remove("id").unwrap(), "e1");
    assert_eq!(members.remove("occurredAt").unwrap(), "2026-01-02T03:04:05.678Z");
    told
}

fn skipped(event: &Value) -> String {
    match mapped(event, &everything()) {
        Mapped::Skipped(why) => why,
        other => panic!("{other:?}"),
    }
}

fn target(kind: &str, id: &str, name: &str) -> Value {
    json!({"id": id, "type": kind, "alternateId": "unknown", "displayName": name, "detailEntry": null})
}

fn ada() -> Value {
    json!({"id": "00u1", "type": "User", "alternateId": "ada@acme.example", "displayName": "Ada"})
}

fn ada_as_app_user() -> Value {
    json!({"id": "0ua1", "type": "AppUser", "alternateId": "ada", "displayName": "Ada"})
}

fn engineering() -> Value {
    target("UserGroup", "00g1", "Engineering")
}

fn wiki() -> Value {
    target("AppInstance", "0oa1", "Wiki")
}

fn role() -> Value {
    target("ROLE", "ra1", "Read-only Administrator")
}

fn user(id: &str, name: &str, address: &str) -> Value {
    json!({
        "id": {"resourceType": "user", "resource": id},
        "displayName": name,
        "annotations": [{
            "@type": "type.googleapis.com/c1.connector.v2.UserTrait",
            "emails": [{"address": address, "isPrimary": true}],
            "status": {"status": "STATUS_ENABLED"},
            "accountType": "ACCOUNT_TYPE_HUMAN",
        }],
    })
}

fn user_ada() -> Value {
    user("00u1", "Ada", "ada@acme.example")
}

fn group_engineering() -> Value {
    json!({
        "id": {"resourceType": "group", "resource": "00g1"},
        "displayName": "Engineering",
        "annotations": [{"@type": "type.googleapis.com/c1.connector.v2.GroupTrait"}],
    })
}

fn entitlement(resource_type: &str, id: &str, name: &str, slug: &str) -> Value {
    json!({
        "resource": {"id": {"resourceType": resource_type, "resource": id}, "displayName": name},
        "id": format!("{resource_type}:{id}:{slug}"),
        "displayName": slug,
        "purpose": "PURPOSE_VALUE_ASSIGNMENT",
        "slug": slug,
    })
}

fn changed(resource_type: &str, id: &str) -> Value {
    json!({"resourceChangeEvent": {"resourceId": {"resourceType": resource_type, "resource": id}}})
}

#[test]
fn access_given_and_taken() {
    let member = entitlement("group", "00g1", "Engineering", "member");
    let wiki_access = entitlement("app", "0oa1", "Wiki", "access");
    let admin = entitlement("role", "READ_ONLY_ADMIN", "Read-Only Administrator", "assigned");
    for (granted, revoked, targets, entitlement, principal) in [
        ("group.user_membership.add", "group.user_membership.remove", vec![ada(), engineering()], &member, user_ada()),
        (
            "application.user_membership.add",
            "application.user_membership.remove",
            vec![ada_as_app_user(), wiki(), ada()],
            &wiki_access,
            user_ada(),
        ),
        (
            "group.application_assignment.add",
            "group.application_assignment.remove",
            vec![engineering(), wiki()],
            &wiki_access,
            group_engineering(),
        ),
        ("user.account.privilege.grant", "user.account.privilege.revoke", vec![ada(), role()], &admin, user_ada()),
        ("group.privilege.grant", "group.privilege.revoke", vec![engineering(), role()], &admin, group_engineering()),
    ] {
        let access = json!({"entitlement": entitlement, "principal": principal});
        assert_eq!(told(&event(granted, &targets)), json!({"createGrantEvent": access}), "{granted}");
        assert_eq!(told(&event(revoked, &targets)), json!({"createRevokeEvent": access}), "{revoked}");
    }
}

#[test]
fn a_sign_on_is_a_usage() {
    let sign_on = event("user.authentication.sso", &[wiki(), ada_as_app_user()]);
    assert_eq!(
        told(&sign_on),
        json!({"usageEvent": {
            "targetResource": {"id": {"resourceType": "app", "resource": "0oa1"}, "displayName": "Wiki"},
            "actorResource": user("00u9", "Boss", "boss@acme.example"),
        }})
    );
    let mut by_okta = sign_on;
    by_okta["actor"]["type"] = "SystemPrincipal".into();
    assert_eq!(mapped(&by_okta, &everything()), Mapped::LeftOut);
}

#[test]
fn changes_name_the_object() {
    let lifecycle = |area: &str, changes: &[&str]| changes.iter().map(|it| format!("{area}.{it}")).collect::<Vec<_>>();
    for (types, target, changed) in [
        (
            lifecycle(
                "user.lifecycle",
                &[
                    "create",
                    "activate",
                    "deactivate",
                    "reactivate",
                    "suspend",
                    "unsuspend",
                    "delete.initiated",
                    "delete.completed",
                ],
            ),
            ada(),
            changed("user", "00u1"),
        ),
        (
            lifecycle("user.account", &["update_profile", "lock", "unlock", "unlock_by_admin"]),
            ada(),
            changed("user", "00u1"),
        ),
        (
            lifecycle("group", &["lifecycle.create", "lifecycle.delete", "profile.update"]),
            engineering(),
            changed("group", "00g1"),
        ),
        (
            lifecycle("application.lifecycle", &["create", "update", "activate", "deactivate", "delete"]),
            wiki(),
            changed("app", "0oa1"),
        ),
        (
            lifecycle("iam.role", &["create", "update", "delete"]),
            target("ROLE", "cr0vault", "Vault Admins"),
            changed("custom-role", "cr0vault"),
        ),
        (
            lifecycle("iam.resourceset", &["create", "update", "delete"]),
            target("RESOURCE_SET", "iamrs1", "Vaults"),
            changed("resource-set", "iamrs1"),
        ),
        (
            lifecycle("system.api_token", &["create", "update", "enable", "revoke"]),
            target("Token", "00T1", "Sync"),
            changed("api-token", "00T1"),
        ),
        (
            lifecycle(
                "device",
                &[
                    "enrollment.create",
                    "lifecycle.activate",
                    "lifecycle.deactivate",
                    "lifecycle.suspend",
                    "lifecycle.unsuspend",
                    "lifecycle.delete",
                ],
            ),
            target("Device", "guo1", "Ada's laptop"),
            changed("device", "guo1"),
        ),
    ] {
        for event_type in types {
            assert_eq!(told(&event(&event_type, std::slice::from_ref(&target))), changed, "{event_type}");
        }
    }
}

#[test]
fn bindings_are_told_as_exactly_as_the_event_is() {
    let set = target("RESOURCE_SET", "iamrs1", "Vaults");
    let vault = target("ROLE", "cr0vault", "Vault Admins");
    for event_type in ["iam.resourceset.bindings.add", "iam.resourceset.bindings.delete"] {
        let both = event(event_type, &[set.clone(), vault.clone(), ada()]);
        assert_eq!(told(&both), changed("resourceset-binding", "iamrs1:cr0vault"));
        assert_eq!(told(&event(event_type, std::slice::from_ref(&set))), changed("resource-set", "iamrs1"));
        assert!(skipped(&event(event_type, std::slice::from_ref(&vault))).contains("ResourceSet"));
    }
}

#[test]
fn roles_that_are_not_synced_are_left_out() {
    let workflows = event("user.account.privilege.grant", &[ada(), target("ROLE", "x", "Workflows Administrator")]);
    let assigned = entitlement("custom-role", "WORKFLOWS_ADMIN", "Workflows Administrator", "assigned");
    assert_eq!(told(&workflows)["createGrantEvent"]["entitlement"], assigned);
    assert_eq!(mapped(&workflows, &Rules::default()), Mapped::LeftOut);
}

#[test]
fn what_was_not_done_is_left_out() {
    let mut failed = event("group.user_membership.add", &[ada(), engineering()]);
    for (outcome, is_told) in [
        (json!({"result": "FAILURE"}), false),
        (json!({"result": "DENY"}), false),
        (json!({"result": "SKIPPED"}), false),
        (json!({"result": "CHALLENGE"}), false),
        (json!({"result": "ALLOW"}), true),
        (json!({"result": "UNKNOWN"}), true),
        (Value::Null, true),
    ] {
        failed["outcome"] = outcome;
        assert_eq!(mapped(&failed, &everything()) != Mapped::LeftOut, is_told, "{failed}");
    }
    assert_eq!(mapped(&event("user.session.start", &[ada()]), &everything()), Mapped::LeftOut);
}

#[test]
fn odd_events_are_skipped_with_a_reason() {
    let add = |targets: &[Value]| event("group.user_membership.add", targets);
    let other = target("User", "00u2", "Other");
    assert!(skipped(&add(&[ada()])).contains("no target of the type UserGroup"));
    assert!(skipped(&add(&[engineering()])).contains("no target of the type User"));
    assert!(skipped(&add(&[ada(), other, engineering()])).contains("several targets of the type User"));
    assert!(skipped(&add(&[])).starts_with("event e1 (group.user_membership.add) "));
    told(&add(&[ada(), ada(), engineering()])); // The same person named twice.

    let mut odd = add(&[ada(), engineering()]);
    for published in [Value::Null, json!("yesterday"), json!(5)] {
        odd["published"] = published;
        assert!(skipped(&odd).contains("when it happened"));
    }
    let mut sign_on = event("user.authentication.sso", &[wiki()]);
    for actor in [Value::Null, json!({}), json!("Boss"), json!({"type": "User", "displayName": "Boss"})] {
        sign_on["actor"] = actor;
        assert!(skipped(&sign_on).contains("who did it"), "{sign_on}");
    }
    assert!(skipped(&event("user.account.privilege.grant", &[ada()])).contains("names no role"));
    let unknown = target("ROLE", "irb1", "Vault Admins");
    assert!(skipped(&event("user.account.privilege.grant", &[ada(), unknown])).contains("Vault Admins"));
}

#[test]
fn somebody_without_a_login_has_no_address() {
    for alternate_id in [Value::Null, json!(""), json!("unknown")] {
        let mut ada = ada();
        ada["alternateId"] = alternate_id;
        let told = told(&event("group.user_membership.add", &[ada, engineering()]));
        let of_user = &told["createGrantEvent"]["principal"]["annotations"][0];
        assert_eq!((&of_user["emails"], &of_user["accountType"]), (&Value::Null, &json!("ACCOUNT_TYPE_HUMAN")));
    }
}

#[test]
fn ids_are_those_of_a_sync() {
    let synced = build::entitlement_ref("group", "00g1", "member").id;
    let told = told(&event("group.user_membership.add", &[ada(), engineering()]));
    assert_eq!(told["createGrantEvent"]["entitlement"]["id"], synced);
}

#[test]
fn page_sizes_are_okta_s() {
    for (wanted, asked) in [(0, 1000), (1, 1), (100, 100), (1000, 1000), (1001, 1000), (u32::MAX, 1000)] {
        assert_eq!(limit(wanted), asked);
    }
}

#[test]
fn refusals_and_lost_places_say_what_to_do() {
    let cursor = Cursor { since: 1_767_323_045, place: Some("1_1".to_owned()) };
    let forbidden = failed(&okta_client::Error::new(okta_client::ErrorKind::Forbidden, "no"), &cursor);
    assert_eq!(forbidden.kind, SourceErrorKind::Forbidden);
    for words in ["okta.logs.read", "Read-Only Administrator", "reading the System Log failed"] {
        assert!(forbidden.message.contains(words), "{forbidden}");
    }
    let said = okta_client::OktaError { code: Some("E0000029".to_owned()), ..okta_client::OktaError::default() };
    let lost = okta_client::Error::new(okta_client::ErrorKind::Invalid, "no").with_okta(said);
    let lost = failed(&lost, &cursor);
    assert_eq!(lost.kind, SourceErrorKind::StaleCursor);
    assert!(lost.message.contains("--event-feed-start-at 2026-01-02T03:04:05Z"), "{lost}");
}

/// Any JSON, with the words that Okta's events are made of.
fn anything() -> impl Strategy<Value = Value> {
    let words =
        ["User", "UserGroup", "AppInstance", "ROLE", "00u1", "", "Super Administrator", "SUCCESS", "2026-01-02"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        proptest::sample::select(words.to_vec()).prop_map(Value::from),
    ];
    let keys = ["id", "type", "alternateId", "displayName", "result", "debugData", "privilegeGranted"];
    leaf.prop_recursive(3, 24, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(proptest::sample::select(keys.to_vec()), inner, 0..5)
                .prop_map(|members| members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_is_told_left_out_or_skipped(
        of in 0..49_usize, published in anything(), actor in anything(), target in anything(), outcome in anything(),
        debug in anything(),
    ) {
        let rules = everything();
        let filter = catalog::filter(&rules);
        let event_type = filter.split('"').nth(2 * of + 1).unwrap();
        let event = json!({
            "uuid": "e1", "eventType": event_type, "published": published, "actor": actor, "target": target,
            "outcome": outcome, "debugContext": debug,
        });
        match mapped(&event, &rules) {
            Mapped::Told(event) => prop_assert!(event.event.is_some() && event.occurred_at.is_some()),
            Mapped::Skipped(why) => prop_assert!(why.starts_with("event e1 (")),
            Mapped::LeftOut => {}
        }
    }
}
