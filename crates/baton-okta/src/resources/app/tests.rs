//! Every row of the mapping of applications, with literal expectations.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use baton_proto::json as protojson;
use okta_client::models::{Record, record_from_json};
use serde_json::{Value, json};

use baton_connector::{GrantDraft, Metadata};

use super::*;

fn model<T: Record>(body: &Value) -> T {
    record_from_json(body.to_string().as_bytes()).unwrap()
}

fn app(body: &Value) -> Value {
    protojson::to_value(&resource(&model(body))).unwrap()
}

#[test]
fn an_app_becomes_a_resource_and_an_entitlement() {
    let body = json!({
        "id": "0oa1oidc", "name": "oidc_client", "label": "Portal", "status": "ACTIVE", "signOnMode": "OPENID_CONNECT",
        "created": "2023-01-02T08:00:00.000Z", "features": [], "settings": {"notes": null}, "_links": {"appLinks": []},
    });
    let stored = json!({
        "id": {"resourceType": "app", "resource": "0oa1oidc"},
        "displayName": "Portal",
        "annotations": [
            {"@type": "type.googleapis.com/c1.connector.v2.V1Identifier", "id": "0oa1oidc"},
            {"@type": "type.googleapis.com/c1.connector.v2.RawId", "id": "0oa1oidc"},
            {
                "@type": "type.googleapis.com/c1.connector.v2.NonHumanIdentityTrait",
                "nhiType": "NHI_TYPE_APP_REGISTRATION", "nhiDetail": "okta.app.openid_connect",
            },
            {"@type": "type.googleapis.com/c1.connector.v2.AppTrait"},
        ],
        "profile": {"status": "ACTIVE"},
    });
    assert_eq!(app(&body), stored);
    assert_eq!(
        protojson::to_value(&entitlement(&resource(&model(&body)))).unwrap(),
        json!({
            "resource": stored,
            "id": "app:0oa1oidc:access",
            "displayName": "Portal App Access",
            "description": "Has access to the Portal app in Okta",
            "annotations": [{"@type": "type.googleapis.com/c1.connector.v2.V1Identifier", "id": "membership:0oa1oidc"}],
            "purpose": "PURPOSE_VALUE_ASSIGNMENT",
            "slug": "access",
        })
    );
}

#[test]
fn sign_on_modes() {
    for (mode, detail) in [
        (json!("SAML_2_0"), Some("okta.app.saml_2_0")),
        (json!("OPENID_CONNECT"), Some("okta.app.openid_connect")),
        (json!("WS_FEDERATION"), Some("okta.app.ws_federation")),
        (json!("MFA_AS_SERVICE"), Some("okta.app.mfa_as_service")),
        (json!(""), Some("okta.app")),
        (json!(null), Some("okta.app")),
        (json!("BOOKMARK"), None),
        (json!("BROWSER_PLUGIN"), None),
        (json!("AUTO_LOGIN"), None),
        (json!("BASIC_AUTH"), None),
        (json!("SECURE_PASSWORD_STORE"), None),
    ] {
        let stored = app(&json!({"id": "0oa1", "label": "A", "status": "INACTIVE", "signOnMode": mode}));
        let annotations = stored["annotations"].as_array().unwrap();
        assert_eq!(annotations.len(), if detail.is_some() { 4 } else { 3 }, "{mode}");
        assert_eq!(annotations[2].get("nhiDetail").and_then(Value::as_str), detail);
        assert_eq!(annotations.last().unwrap()["@type"], "type.googleapis.com/c1.connector.v2.AppTrait");
        assert_eq!(stored["profile"], json!({"status": "INACTIVE"}));
    }
}

#[test]
fn an_app_without_a_label_has_no_name() {
    for body in
        [json!({"id": "0oa5", "name": "x", "label": ""}), json!({"id": "0oa5", "label": null}), json!({"id": "0oa5"})]
    {
        assert_eq!(app(&body).get("displayName"), None);
    }
}

#[test]
fn a_grant_says_through_which_group_it_comes() {
    let users: Vec<AppUser> = [
        json!({"id": "00u1", "scope": "USER", "_links": {}}),
        json!({"id": "00u2", "scope": "GROUP", "_links": {"group": {"name": "Eng", "href": "https://acme.okta.com/api/v1/groups/00g1eng"}}}),
        json!({"id": "00u3", "scope": "GROUP", "_links": {"user": {"href": "https://acme.okta.com/api/v1/users/00u3"}}}),
        json!({"id": "00u4", "status": "SUSPENDED"}),
    ]
    .iter()
    .map(model)
    .collect();
    let grants = user_grants("0oa1", users.clone(), true);
    let seen: Vec<_> =
        grants.iter().map(|g| (g.id(), g.immutable.as_deref(), g.metadata.as_ref().map(Metadata::facts))).collect();
    let through = "group:00g1eng:member";
    let facts = Profile::default().text("c1_okta_via_group", "00g1eng").build();
    assert_eq!(
        seen,
        [
            ("app:0oa1:access:user:00u1".to_owned(), None, None),
            ("app:0oa1:access:user:00u2".to_owned(), Some(through), Some(facts)),
            ("app:0oa1:access:user:00u3".to_owned(), None, None),
            ("app:0oa1:access:user:00u4".to_owned(), None, None),
        ]
    );
    assert!(grants.iter().all(|grant| &*grant.v1_prefix == "grant:membership:0oa1:" && grant.expandable.is_none()));

    let plain = user_grants("0oa1", users, false);
    assert_eq!(plain.len(), 4);
    assert!(plain.iter().all(|grant| grant.immutable.is_none() && grant.metadata.is_none()));
}

#[test]
fn apps_of_a_group_that_may_not_be_synced_are_granted_only_then() {
    let apps: Vec<App> = [
        json!({"id": "0oa1", "status": "ACTIVE"}),
        json!({"id": "0oa3", "status": "INACTIVE"}),
        json!({"id": "0oa4", "status": "DELETED"}),
    ]
    .iter()
    .map(model)
    .collect();
    for inactive_too in [false, true] {
        let grants = group_grants("00g1", &apps, inactive_too);
        let ids: Vec<_> = grants.iter().map(GrantDraft::id).collect();
        assert_eq!(ids, ["app:0oa1:access:group:00g1", "app:0oa3:access:group:00g1", "app:0oa4:access:group:00g1"]);
        let skip_if_absent: Vec<_> = grants.iter().map(|grant| grant.skip_if_absent).collect();
        assert_eq!(skip_if_absent, [false, !inactive_too, !inactive_too]);
    }
}
