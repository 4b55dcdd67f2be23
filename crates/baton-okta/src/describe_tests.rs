//! Against the tables of `docs/spec/okta-provisioning.md` 5.1, 8 and 9.

#![allow(clippy::unwrap_used)]

use baton_proto::json;
use serde_json::{Value, json};

use super::*;

/// A resource type as the table of capabilities has it: id, display name, trait, capabilities, scopes, and what else
/// stands in the annotations.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
    &'static [&'static str],
);

const SKIP: &str = "SkipEntitlementsAndGrants";
const OPT_IN: &str = "OptInRequired";
const READ: &[&str] = &["SYNC", "TARGETED_SYNC"];
const PROVISION: &[&str] = &["SYNC", "TARGETED_SYNC", "PROVISION"];
const ROLES: &[&str] = &["okta.roles.read", "okta.roles.manage"];

const ROWS: [Row; 9] = [
    ("api-token", "API Token", "SECRET", READ, &["okta.apiTokens.read"], &[SKIP]),
    ("app", "App", "APP", PROVISION, &["okta.apps.read", "okta.apps.manage"], &[]),
    ("custom-role", "Custom Role", "ROLE", READ, ROLES, &[]),
    ("device", "Device", "MANAGED_DEVICE", &["SYNC"], &["okta.devices.read"], &[SKIP, OPT_IN]),
    (
        "group",
        "Group",
        "GROUP",
        &["SYNC", "TARGETED_SYNC", "PROVISION", "RESOURCE_DELETE"],
        &["okta.groups.read", "okta.groups.manage"],
        &[],
    ),
    ("resource-set", "Resource Set", "", PROVISION, ROLES, &[]),
    ("resourceset-binding", "Resource Set Binding", "", PROVISION, ROLES, &[]),
    ("role", "Role", "ROLE", PROVISION, ROLES, &[]),
    (
        "user",
        "User",
        "USER",
        &["SYNC", "TARGETED_SYNC", "ACCOUNT_PROVISIONING", "RESOURCE_DELETE"],
        &["okta.users.read", "okta.users.manage"],
        &[SKIP],
    ),
];

fn annotation(name: &str) -> Value {
    json!({ "@type": format!("type.googleapis.com/c1.connector.v2.{name}") })
}

fn type_of((id, name, of, can, scopes, more): &Row) -> Value {
    let permissions: Vec<_> = scopes.iter().map(|scope| json!({ "permission": scope })).collect();
    let mut identifier = annotation("V1Identifier");
    identifier["id"] = (*id).into();
    let mut annotations = vec![identifier];
    annotations.extend(more.iter().filter(|name| **name == SKIP).map(|name| annotation(name)));
    let mut scoped = annotation("CapabilityPermissions");
    scoped["permissions"] = permissions.clone().into();
    annotations.push(scoped);
    annotations.extend(more.iter().filter(|name| **name == OPT_IN).map(|name| annotation(name)));
    let mut resource_type = json!({"id": id, "displayName": name});
    if !of.is_empty() {
        resource_type["traits"] = json!([format!("TRAIT_{of}")]);
    }
    resource_type["annotations"] = annotations.into();
    let can: Vec<_> = can.iter().map(|can| format!("CAPABILITY_{can}")).collect();
    let mut described = json!({
        "resourceType": resource_type, "capabilities": can, "permissions": {"permissions": permissions},
    });
    if more.contains(&OPT_IN) {
        described["optInRequired"] = true.into();
    }
    described
}

#[test]
fn capabilities_are_those_of_the_table_to_the_byte() {
    let of_connector = [
        "PROVISION",
        "SYNC",
        "ACCOUNT_PROVISIONING",
        "RESOURCE_DELETE",
        "ACTIONS",
        "TARGETED_SYNC",
        "EVENT_FEED_V2",
        "SERVICE_MODE_TARGETED_SYNC",
    ]
    .map(|can| format!("CAPABILITY_{can}"));
    let credential = |option: &str| format!("CAPABILITY_DETAIL_CREDENTIAL_OPTION_{option}");
    let mut wanted = annotation("ConnectorCapabilities");
    wanted["resourceTypeCapabilities"] = ROWS.iter().map(type_of).collect();
    wanted["connectorCapabilities"] = json!(of_connector);
    wanted["credentialDetails"] = json!({"capabilityAccountProvisioning": {
        "supportedCredentialOptions": [credential("NO_PASSWORD"), credential("RANDOM_PASSWORD")],
        "preferredCredentialOption": credential("NO_PASSWORD"),
    }});
    let printed = baton_proto::any::pack(&describe::capabilities(&description()));
    let wanted = serde_json::to_string_pretty(&wanted).unwrap();
    assert_eq!(json::to_string_pretty(&printed).unwrap(), wanted);
}

/// Which of the fields of the table are there, in its order, and how.
#[test]
fn the_accounts_form_is_that_of_the_table() {
    let schema = account_schema();
    let mut fields: Vec<_> = schema.field_map.iter().collect();
    fields.sort_by_key(|(_, field)| field.order);
    let told: Vec<_> = fields
        .iter()
        .map(|(key, field)| {
            (key.as_str(), field.order, field.required, field.display_name.as_str(), field.placeholder.as_str())
        })
        .collect();
    assert_eq!(
        told,
        [
            ("first_name", 1, true, "First Name", "First name"),
            ("last_name", 2, true, "Last Name", "Last name"),
            ("email", 3, true, "Email", "Email"),
            ("login", 4, false, "Login", "Login"),
            ("password_change_on_login_required", 5, false, "Password Change Required on Login", "True/False"),
            ("create_inactive", 6, false, "Create Inactive", "True/False"),
            ("send_activation_email", 7, false, "Send Activation Email", "True/False"),
            ("provider_type", 8, false, "Provider Type", "OKTA"),
            ("additionalAttributes", 9, false, "Additional Attributes", ""),
        ]
    );
    let kinds = json::to_value(&schema).unwrap();
    let of = |key: &str| kinds["fieldMap"][key].clone();
    assert_eq!(of("send_activation_email")["stringField"], json!({"defaultValue": "true"}));
    assert_eq!(of("first_name")["stringField"], json!({}));
    assert_eq!(of("additionalAttributes")["mapField"], json!({}));
    assert!(fields.iter().all(|(_, field)| !field.description.is_empty() && !field.deprecated));
}

#[test]
fn every_setting_of_the_connector_is_shown_but_those_without_effect() {
    let declared = flags::FIELDS.iter().map(baton_runtime::Field::name);
    // The groups stand for the choice of how to sign in.
    let elsewhere = ["cache", "cache-tti", "cache-ttl", "auth-method"];
    for name in declared.filter(|name| !elsewhere.contains(name)) {
        assert!(FIELDS.iter().any(|shown| shown.name == name), "{name} is missing in the form");
        assert!(GROUPS.iter().any(|group| group.fields.contains(&name)), "{name} is in no group");
    }
    // Ways to sign in that the program takes are offered, the usual one first.
    for group in flags::GROUPS {
        let shown = GROUPS.iter().find(|shown| shown.name == group.name).unwrap();
        assert!(group.required.iter().all(|name| shown.fields.contains(name)), "{}", group.name);
    }
    assert_eq!(GROUPS[0].name, flags::GROUPS[0].name);
}

#[test]
fn the_settings_of_the_table_are_shown_first_and_in_its_order() {
    let names: Vec<_> = FIELDS.iter().map(|shown| shown.name).take(11).collect();
    let wanted = [
        "domain",
        "api-token",
        "okta-client-id",
        "okta-private-key",
        "okta-private-key-id",
        "sync-inactive-apps",
        "sync-custom-roles",
        "skip-secondary-emails",
        "sync-secrets",
        "filter-email-domains",
        "skip-app-groups",
    ];
    assert_eq!(names, wanted);
    let required: Vec<_> = FIELDS.iter().filter(|shown| shown.required).map(|shown| shown.name).collect();
    assert_eq!(required, &wanted[..5]);
    let of_table = [
        "domain",
        "sync-inactive-apps",
        "cache",
        "cache-tti",
        "cache-ttl",
        "sync-custom-roles",
        "skip-secondary-emails",
        "sync-secrets",
        "filter-email-domains",
        "skip-app-groups",
    ];
    assert_eq!(&GROUPS[0].fields[1..11], of_table);
    assert_eq!(&GROUPS[1].fields[3..13], of_table);
}
