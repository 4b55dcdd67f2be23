//! The objects of the test org of `docs/spec/okta-sync.md` 14, as `docs/spec/decisions.md` changes them: every
//! resource, entitlement and grant of users, groups, roles and apps.

use baton_connector::{GapKind, GrantDraft, Options};
use baton_okta::Rules;
use baton_proto::any;
use baton_proto::c1::connector::v2::status::ResourceStatus;
use baton_proto::c1::connector::v2::{
    AppTrait, EntitlementImmutable, GroupTrait, NonHumanIdentityTrait, RawId, Resource, RoleTrait, UserTrait,
    V1Identifier,
};
use okta_sim::{Org, Sim, SimConfig};
use prost_types::value::Kind;
use serde_json::{Value, json};

use crate::fetching::{Synced, connector, fetch_all};

const ROLES: [&str; 10] = [
    "API_ACCESS_MANAGEMENT_ADMIN",
    "APP_ADMIN",
    "GROUP_MEMBERSHIP_ADMIN",
    "HELP_DESK_ADMIN",
    "MOBILE_ADMIN",
    "ORG_ADMIN",
    "READ_ONLY_ADMIN",
    "REPORT_ADMIN",
    "SUPER_ADMIN",
    "USER_ADMIN",
];

async fn synced(rules: Rules, page_size: Option<u32>) -> Synced {
    let sim = Sim::start(SimConfig::new(Org::facts())).await.unwrap();
    let source = connector(&sim, rules, page_size);
    let synced = fetch_all(&source, &Options::default()).await.unwrap();
    sim.stop().await;
    synced
}

fn short_names(resource: &Resource) -> Vec<&str> {
    resource.annotations.iter().map(|any| any.type_url.rsplit('.').next().unwrap()).collect()
}

fn profile(resource: &Resource) -> Value {
    baton_proto::json::to_value(resource).unwrap()["profile"].take()
}

/// What every resource named by its Okta id carries.
fn assert_identified(resource: &Resource) {
    let id = &resource.id.as_ref().unwrap().resource;
    assert_eq!(any::find::<V1Identifier>(&resource.annotations).unwrap().id, *id);
    assert_eq!(any::find::<RawId>(&resource.annotations).unwrap().id, *id);
}

/// A user as in table 14.1.
struct UserRow {
    id: &'static str,
    name: &'static str,
    status: ResourceStatus,
    details: &'static str,
    emails: &'static [&'static str],
    login: &'static str,
    alias: Option<&'static str>,
    employee_ids: &'static [&'static str],
}

const USERS: [UserRow; 10] = {
    use ResourceStatus::{Disabled, Enabled, Unspecified};
    const fn user(id: &'static str, name: &'static str, status: ResourceStatus, details: &'static str) -> UserRow {
        UserRow { id, name, status, details, emails: &[], login: "", alias: None, employee_ids: &[] }
    }
    [
        UserRow {
            emails: &["ada@acme.example", "ada.home@mail.example"],
            login: "ada@acme.example",
            alias: Some("ada"),
            employee_ids: &["E-001"],
            ..user("00u1active", "Ada D. Active", Enabled, "ACTIVE")
        },
        UserRow {
            emails: &["sid@acme.example"],
            login: "sid@acme.example",
            alias: Some("sid"),
            ..user("00u2staged", "Sid Staged", Disabled, "STAGED")
        },
        UserRow {
            emails: &["pat@acme.example"],
            login: "pat.p@acme.example",
            alias: Some("pat.p"),
            employee_ids: &["E-003"],
            ..user("00u3prov", "Pat Provisioned", Enabled, "PROVISIONED")
        },
        UserRow {
            emails: &["rae@acme.example"],
            login: "rae@acme.example",
            alias: Some("rae"),
            ..user("00u4recov", "Rae Recovery", Enabled, "RECOVERY")
        },
        UserRow {
            emails: &["pia@acme.example"],
            login: "pia@acme.example",
            alias: Some("pia"),
            ..user("00u5pwexp", "Pia Expired", Enabled, "PASSWORD_EXPIRED")
        },
        UserRow {
            emails: &["lou@acme.example"],
            login: "lou@acme.example",
            alias: Some("lou"),
            ..user("00u6locked", "Lou Locked", Enabled, "LOCKED_OUT")
        },
        UserRow {
            emails: &["sue@acme.example"],
            login: "sue@acme.example",
            alias: Some("sue"),
            ..user("00u7susp", "Sue Suspended", Disabled, "SUSPENDED")
        },
        UserRow {
            emails: &["del@acme.example"],
            login: "del@acme.example",
            alias: Some("del"),
            ..user("00u8deprov", "Del Deprovisioned", Disabled, "DEPROVISIONED")
        },
        UserRow {
            login: "svc-weird",
            employee_ids: &["E-009a", "E-009b"],
            ..user("00u9weird", "unknown Weird", Unspecified, "LIMBO")
        },
        UserRow {
            emails: &["oli@Partner.EXAMPLE"],
            login: "oli@sub.acme.example",
            alias: Some("oli"),
            ..user("00u10other", "Oli Other", Enabled, "ACTIVE")
        },
    ]
};

#[tokio::test]
async fn users() {
    let synced = synced(Rules::default(), None).await;
    let mut expected: Vec<_> = USERS.iter().map(|user| user.id).collect();
    expected.sort_unstable();
    assert_eq!(synced.ids("user"), expected);
    for row in &USERS {
        let user = synced.resource("user", row.id);
        assert_eq!(user.display_name, row.name);
        assert_eq!(short_names(user), ["V1Identifier", "RawId", "UserTrait"]);
        assert_identified(user);
        let status = user.status.clone().unwrap();
        assert_eq!((status.status(), status.details.as_str()), (row.status, row.details));
        assert_eq!(profile(user)["c1_okta_raw_user_status"], row.details);
        assert!(user.created_at.is_some());
        let of_user: UserTrait = any::find(&user.annotations).unwrap();
        let emails: Vec<_> = of_user.emails.iter().map(|email| email.address.as_str()).collect();
        assert_eq!(emails, row.emails);
        assert!(of_user.emails.iter().enumerate().all(|(n, email)| email.is_primary == (n == 0)));
        assert_eq!(of_user.login, row.login);
        assert_eq!(of_user.login_aliases, row.alias.into_iter().collect::<Vec<_>>());
        assert_eq!(of_user.employee_ids, row.employee_ids);
    }
    assert_eq!(
        profile(synced.resource("user", "00u9weird")),
        json!({
            "lastName": "Weird", "mobilePhone": null, "secondEmail": "", "login": "svc-weird", "email": "",
            "employeeNumber": 42, "employee_id": "E-009a", "EmployeeIdNumber": "E-009b",
            "c1_okta_raw_user_status": "LIMBO",
        })
    );
}

#[tokio::test]
async fn groups() {
    let synced = synced(Rules::default(), None).await;
    assert_eq!(synced.ids("group"), ["00g1eng", "00g2push", "00g3every", "00g4empty", "00g5nostats", "00g6denied"]);
    for (id, name, source, kind, immutable) in [
        ("00g1eng", "Engineering", "native", "OKTA_GROUP", false),
        ("00g2push", "Pushed", "app_imported", "APP_GROUP", false),
        ("00g3every", "Everyone", "built_in", "BUILT_IN", true),
        ("00g4empty", "Empty", "native", "OKTA_GROUP", false),
        ("00g5nostats", "No stats", "", "FUTURE_GROUP", false),
        ("00g6denied", "Denied", "native", "OKTA_GROUP", false),
    ] {
        let group = synced.resource("group", id);
        assert_eq!(group.display_name, name);
        assert_identified(group);
        let of_group: GroupTrait = any::find(&group.annotations).unwrap();
        assert_eq!((of_group.group_source_type.as_str(), of_group.raw_group_source_type.as_str()), (source, kind));
        assert_eq!(any::find::<EntitlementImmutable>(&group.annotations).is_some(), immutable);
        assert_eq!(short_names(group).len(), if immutable { 4 } else { 3 });
        assert!(group.status.is_none() && group.created_at.is_none());
    }
    let profile = |id| profile(synced.resource("group", id));
    let engineering = json!({
        "name": "Engineering", "description": "Builds things", "type": "OKTA_GROUP", "users_count": 3, "apps_count": 2,
    });
    assert_eq!(profile("00g1eng"), engineering);
    let pushed = json!({"name": "Pushed", "description": "", "type": "APP_GROUP", "users_count": 1, "apps_count": 1});
    assert_eq!(profile("00g2push"), pushed);
    let without = json!({"name": "No stats", "description": "Statistics are missing", "type": "FUTURE_GROUP"});
    assert_eq!(profile("00g5nostats"), without);
}

#[tokio::test]
async fn apps_and_roles() {
    let synced = synced(Rules { sync_inactive_apps: true, ..Rules::default() }, None).await;
    assert_eq!(synced.ids("app"), ["0oa1oidc", "0oa2saml", "0oa3book", "0oa4swa", "0oa5nomode"]);
    for (id, label, status, detail) in [
        ("0oa1oidc", "Portal", "ACTIVE", Some("okta.app.openid_connect")),
        ("0oa2saml", "Payroll SAML", "ACTIVE", Some("okta.app.saml_2_0")),
        ("0oa3book", "Old Bookmark", "INACTIVE", None),
        ("0oa4swa", "SWA app", "ACTIVE", None),
        ("0oa5nomode", "", "ACTIVE", Some("okta.app")),
    ] {
        let app = synced.resource("app", id);
        assert_eq!(app.display_name, label);
        assert_identified(app);
        assert_eq!(profile(app), json!({ "status": status }));
        let identity: Option<NonHumanIdentityTrait> = any::find(&app.annotations);
        assert_eq!(identity.map(|identity| identity.nhi_detail).as_deref(), detail);
        assert!(any::find::<AppTrait>(&app.annotations).is_some());
        assert_eq!(short_names(app).last(), Some(&"AppTrait"));
    }
    assert_eq!(synced.ids("role"), ROLES);
    let role = synced.resource("role", "USER_ADMIN");
    assert_eq!(role.display_name, "Group Administrator");
    assert_eq!(short_names(role), ["V1Identifier", "RoleTrait"]);
    assert!(any::find::<RoleTrait>(&role.annotations).is_some());
}

#[tokio::test]
async fn entitlements() {
    let synced = synced(Rules::default(), None).await;
    let mut expected: Vec<String> = ROLES.iter().map(|role| format!("role:{role}:assigned")).collect();
    expected.extend(synced.ids("group").iter().map(|id| format!("group:{id}:member")));
    expected.extend(["0oa1oidc", "0oa2saml", "0oa4swa", "0oa5nomode"].map(|id| format!("app:{id}:access")));
    expected.sort_unstable();
    assert_eq!(synced.entitlement_ids(), expected);
    for entitlement in &synced.entitlements {
        let types: Vec<_> = entitlement.grantable_to.iter().map(|of| of.id.as_str()).collect();
        let expected: &[&str] = match entitlement.slug.as_str() {
            "member" => &["user"],
            "assigned" => &["user", "group"],
            _ => &[],
        };
        assert_eq!(types, expected);
    }
}

/// All grants that the connector makes by default; those that expansion adds are the engine's.
const GRANTS: [&str; 28] = [
    "app:0oa1oidc:access:group:00g1eng",
    "app:0oa1oidc:access:user:00u10other",
    "app:0oa1oidc:access:user:00u1active",
    "app:0oa1oidc:access:user:00u3prov",
    "app:0oa2saml:access:group:00g2push",
    "app:0oa2saml:access:user:00u7susp",
    "app:0oa4swa:access:group:00g3every",
    "app:0oa4swa:access:user:00u5pwexp",
    "app:0oa5nomode:access:group:00g1eng",
    "group:00g1eng:member:user:00u10other",
    "group:00g1eng:member:user:00u1active",
    "group:00g1eng:member:user:00u3prov",
    "group:00g2push:member:user:00u7susp",
    "group:00g3every:member:user:00u10other",
    "group:00g3every:member:user:00u1active",
    "group:00g3every:member:user:00u2staged",
    "group:00g3every:member:user:00u3prov",
    "group:00g3every:member:user:00u4recov",
    "group:00g3every:member:user:00u5pwexp",
    "group:00g3every:member:user:00u6locked",
    "group:00g3every:member:user:00u7susp",
    "group:00g3every:member:user:00u9weird",
    "group:00g5nostats:member:user:00u4recov",
    "group:00g6denied:member:user:00u8deprov",
    "role:APP_ADMIN:assigned:group:00g1eng",
    "role:ORG_ADMIN:assigned:user:00u10other",
    "role:READ_ONLY_ADMIN:assigned:group:00g4empty",
    "role:SUPER_ADMIN:assigned:group:00g5nostats",
];

fn expected_grants() -> Vec<String> {
    let mut grants: Vec<String> = GRANTS.map(str::to_owned).to_vec();
    grants.push("role:SUPER_ADMIN:assigned:user:00u1active".to_owned());
    grants
}

/// The group that the metadata of a grant names; it says nothing else.
fn via_group(grant: &GrantDraft) -> Option<String> {
    let mut facts = grant.metadata.as_ref()?.facts().fields;
    let Some(Kind::StringValue(group)) = facts.remove("c1_okta_via_group").and_then(|value| value.kind) else {
        panic!("no group in {facts:?}");
    };
    assert!(facts.is_empty(), "{facts:?}");
    Some(group)
}

#[tokio::test]
async fn grants() {
    let synced = synced(Rules::default(), None).await;
    assert_eq!(synced.grant_ids(), expected_grants());
    for grant in &synced.grants {
        let id = grant.id();
        let through_engineering =
            ["app:0oa1oidc:access:user:00u3prov", "app:0oa1oidc:access:user:00u10other"].contains(&id.as_str());
        let source = through_engineering.then_some("group:00g1eng:member");
        assert_eq!(grant.immutable.as_deref(), source, "{id}");
        let via = through_engineering.then_some("00g1eng");
        assert_eq!(via_group(grant).as_deref(), via, "{id}");
        let expands = match id.as_str() {
            "role:APP_ADMIN:assigned:group:00g1eng" => Some("group:00g1eng:member"),
            "role:SUPER_ADMIN:assigned:group:00g5nostats" => Some("group:00g5nostats:member"),
            _ => None,
        };
        let ids = grant.expandable.as_ref().map(|expandable| expandable.entitlement_ids.join(" "));
        assert_eq!(ids.as_deref(), expands, "{id}");
        assert!(grant.expandable.as_ref().is_none_or(|expandable| expandable.shallow));
    }
    let v1 = |id| format!("{}{}", synced.grant(id).v1_prefix, synced.grant(id).principal.id);
    assert_eq!(v1("group:00g1eng:member:user:00u3prov"), "grant:membership:00g1eng:00u3prov");
    assert_eq!(v1("app:0oa2saml:access:group:00g2push"), "grant:membership:0oa2saml:00g2push");
    assert_eq!(v1("role:ORG_ADMIN:assigned:user:00u10other"), "grant:role:ORG_ADMIN:00u10other");
}

#[tokio::test]
async fn what_is_missing_is_told() {
    let synced = synced(Rules::default(), None).await;
    let mut gaps: Vec<_> =
        synced.gaps.iter().map(|gap| (gap.kind, gap.resource_type.as_str(), gap.id.as_str())).collect();
    gaps.sort_unstable();
    assert_eq!(
        gaps,
        [
            (GapKind::Forbidden, "role", "00g6denied"),
            (GapKind::Unresolved, "role", "00g1eng"),
            (GapKind::Unresolved, "role", "00u10other"),
        ]
    );
}

#[tokio::test]
async fn page_sizes_do_not_matter() {
    let large = synced(Rules::default(), None).await;
    for size in [1, 2] {
        let small = synced(Rules::default(), Some(size)).await;
        assert!(small.pages["users"] >= 5 && small.pages["group-members"] > large.pages["group-members"]);
        assert_eq!(small.grant_ids(), large.grant_ids());
        assert_eq!(small.entitlement_ids(), large.entitlement_ids());
        for of in ["user", "group", "app", "role"] {
            assert_eq!(small.ids(of), large.ids(of));
        }
    }
}
