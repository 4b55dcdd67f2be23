//! Every row of the mapping of roles, with literal expectations.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use baton_proto::json as protojson;
use okta_client::models::list_from_json;
use serde_json::{Value, json};

use baton_connector::GrantDraft;
use okta_client::models::RoleAssignment;

use super::*;
use crate::ids::{group, user};
use crate::types;

fn granted(holder: &Holder<'_>, body: &Value) -> Page {
    let assignments = list_from_json::<RoleAssignment>(body.to_string().as_bytes(), None).unwrap();
    let mut page = Page::default();
    holder.add_grants(&assignments.items, &mut page);
    page
}

/// The ten standard roles alone.
const STANDARD_ONLY: Wanted = Wanted { standard: true, custom: false };
/// Standard and custom roles.
const ALL: Wanted = Wanted { standard: true, custom: true };

fn ids(page: &Page) -> Vec<String> {
    page.grants.iter().map(GrantDraft::id).collect()
}

#[test]
fn a_role_becomes_a_resource_and_an_entitlement() {
    let (of, label) = ("GROUP_MEMBERSHIP_ADMIN", "Group Membership Administrator");
    let role = resource(of, label);
    let stored = json!({
        "id": {"resourceType": "role", "resource": of},
        "displayName": label,
        "annotations": [
            {"@type": "type.googleapis.com/c1.connector.v2.V1Identifier", "id": "role:GROUP_MEMBERSHIP_ADMIN"},
            {"@type": "type.googleapis.com/c1.connector.v2.RoleTrait"},
        ],
        "profile": {"id": "", "label": label, "type": of},
    });
    assert_eq!(protojson::to_value(&role).unwrap(), stored);
    let types = types::resource_types([user::ID, group::ID])
        .iter()
        .map(|of| protojson::to_value(of).unwrap())
        .collect::<Vec<_>>();
    assert_eq!(
        protojson::to_value(&entitlement(&role)).unwrap(),
        json!({
            "resource": stored,
            "id": "role:GROUP_MEMBERSHIP_ADMIN:assigned",
            "displayName": "Group Membership Administrator Role Member",
            "description": "Has the Group Membership Administrator role in Okta",
            "grantableTo": types,
            "annotations": [
                {"@type": "type.googleapis.com/c1.connector.v2.V1Identifier", "id": "role:GROUP_MEMBERSHIP_ADMIN"},
            ],
            "purpose": "PURPOSE_VALUE_ASSIGNMENT",
            "slug": "assigned",
        })
    );
}

#[test]
fn the_ten_standard_roles() {
    let expected = [
        ("API_ACCESS_MANAGEMENT_ADMIN", "API Access Management Administrator"),
        ("APP_ADMIN", "Application Administrator"),
        ("GROUP_MEMBERSHIP_ADMIN", "Group Membership Administrator"),
        ("HELP_DESK_ADMIN", "Help Desk Administrator"),
        ("MOBILE_ADMIN", "Mobile Administrator"),
        ("ORG_ADMIN", "Organizational Administrator"),
        ("READ_ONLY_ADMIN", "Read-Only Administrator"),
        ("REPORT_ADMIN", "Report Administrator"),
        ("SUPER_ADMIN", "Super Administrator"),
        ("USER_ADMIN", "Group Administrator"),
    ];
    let mut roles = STANDARD;
    roles.sort_unstable();
    assert_eq!(roles, expected);
}

#[test]
fn roles_of_a_user() {
    let page = granted(
        &Holder::user("00u1", STANDARD_ONLY),
        &json!([
            {"id": "ra1", "type": "SUPER_ADMIN", "status": "ACTIVE", "assignmentType": "USER", "label": "Super Administrator"},
            {"id": "ra2", "type": "APP_ADMIN", "status": "ACTIVE", "assignmentType": "GROUP"},
            {"id": "ra3", "type": "REPORT_ADMIN", "status": "INACTIVE", "assignmentType": "USER"},
            {"id": "ra4", "type": "CUSTOM", "status": "ACTIVE", "assignmentType": "USER", "role": "cr0vault"},
            {"id": "ra5", "type": "ORG_ADMIN", "status": null, "assignmentType": "USER"},
            {"id": "ra6", "type": "SUPER_ADMIN", "status": "ACTIVE", "assignmentType": "USER"},
        ]),
    );
    assert_eq!(ids(&page), ["role:SUPER_ADMIN:assigned:user:00u1", "role:ORG_ADMIN:assigned:user:00u1"]);
    assert_eq!(&*page.grants[0].v1_prefix, "grant:role:SUPER_ADMIN:");
    assert!(page.grants.iter().all(|grant| grant.expandable.is_none() && grant.immutable.is_none()));
    assert_eq!(page.gaps, []);
}

#[test]
fn roles_of_a_group_reach_its_direct_members() {
    let body = json!([
        {"id": "gra1", "type": "APP_ADMIN", "status": "ACTIVE", "assignmentType": "GROUP"},
        {"id": "gra2", "type": "MOBILE_ADMIN", "status": "ACTIVE", "assignmentType": "USER"},
    ]);
    let page = granted(&Holder::group("00g1", false, STANDARD_ONLY), &body);
    assert_eq!(ids(&page), ["role:APP_ADMIN:assigned:group:00g1"]);
    assert_eq!(&*page.grants[0].v1_prefix, "grant:role:APP_ADMIN:");
    let expandable = page.grants[0].expandable.clone().unwrap();
    assert_eq!(expandable.entitlement_ids, ["group:00g1:member"]);
    assert!(expandable.shallow && expandable.resource_type_ids.is_empty());
    assert_eq!(granted(&Holder::group("00g1", true, STANDARD_ONLY), &body).grants[0].expandable, None);
}

#[test]
fn roles_that_nobody_lists_are_reported() {
    let body = json!([{"id": "ra1", "type": "WORKFLOWS_ADMIN", "status": "ACTIVE", "assignmentType": "GROUP"}]);
    let page = granted(&Holder::group("00g1", true, STANDARD_ONLY), &body);
    assert_eq!(ids(&page), Vec::<String>::new());
    assert_eq!((page.gaps[0].kind, page.gaps[0].resource_type.as_str()), (GapKind::Unresolved, "role"));
    assert!(page.gaps[0].message.contains("group 00g1") && page.gaps[0].message.contains("WORKFLOWS_ADMIN"));
}

#[test]
fn assignments_that_do_not_say_what_they_are_are_reported() {
    let page = granted(
        &Holder::user("00u1", STANDARD_ONLY),
        &json!([{"id": "ra1", "type": "SUPER_ADMIN"}, {"id": "ra2", "assignmentType": "USER"}]),
    );
    assert_eq!(ids(&page), Vec::<String>::new());
    assert_eq!(page.gaps.iter().map(|gap| gap.kind).collect::<Vec<_>>(), [GapKind::Unmappable; 2]);
}

#[test]
fn custom_roles_of_a_user() {
    let body = json!([
        {"id": "irb1", "type": "CUSTOM", "status": "ACTIVE", "assignmentType": "USER", "role": "cr0vault", "resource-set": "iam1"},
        {"id": "irb2", "type": "CUSTOM", "status": "ACTIVE", "assignmentType": "USER", "role": "cr0vault", "resource-set": "iam2"},
        {"id": "irb3", "type": "CUSTOM", "status": "ACTIVE", "assignmentType": "GROUP", "role": "cr0audit"},
        {"id": "irb4", "type": "CUSTOM", "status": "INACTIVE", "assignmentType": "USER", "role": "cr0old"},
        {"id": "irb5", "type": "CUSTOM", "status": "ACTIVE", "assignmentType": "USER"},
        {"id": "ra1", "type": "SUPER_ADMIN", "status": "ACTIVE", "assignmentType": "USER"},
    ]);
    let page = granted(&Holder::user("00u1", ALL), &body);
    assert_eq!(ids(&page), ["custom-role:cr0vault:assigned:user:00u1", "role:SUPER_ADMIN:assigned:user:00u1"]);
    assert_eq!(&*page.grants[0].v1_prefix, "grant:role:cr0vault:");
    assert_eq!((page.gaps.len(), page.gaps[0].kind), (1, GapKind::Unmappable));
    // Each type by itself.
    assert_eq!(ids(&granted(&Holder::user("00u1", STANDARD_ONLY), &body)), ["role:SUPER_ADMIN:assigned:user:00u1"]);
    let page = granted(&Holder::user("00u1", Wanted { standard: false, custom: true }), &body);
    assert_eq!(ids(&page), ["custom-role:cr0vault:assigned:user:00u1"]);
    assert_eq!(page.gaps[0].resource_type, "custom-role");
}

#[test]
fn standard_roles_beyond_the_ten_are_custom_roles() {
    let body = json!([{
        "id": "ra1", "type": "WORKFLOWS_ADMIN", "label": "Workflows Administrator", "status": "ACTIVE",
        "assignmentType": "GROUP", "role": "WORKFLOWS_ADMIN", "resource-set": "WORKFLOWS_IAM_POLICY",
    }]);
    let page = granted(&Holder::group("00g1", false, ALL), &body);
    assert_eq!(ids(&page), ["custom-role:WORKFLOWS_ADMIN:assigned:group:00g1"]);
    assert_eq!(page.grants[0].expandable.clone().unwrap().entitlement_ids, ["group:00g1:member"]);
    assert_eq!(&*page.grants[0].v1_prefix, "grant:role:WORKFLOWS_ADMIN:");
    // Okta need not list the role for it to be there.
    assert_eq!(page.resources[0].display_name, "Workflows Administrator");
    assert_eq!(page.resources[0].id.as_ref().unwrap().resource, "WORKFLOWS_ADMIN");
    assert_eq!(page.entitlements[0].id, "custom-role:WORKFLOWS_ADMIN:assigned");
    assert_eq!(page.gaps, []);
}

#[test]
fn what_the_work_must_know_is_remembered_in_the_plan() {
    for is_empty in [true, false] {
        let work = follow_up::roles_of_group("00g1", is_empty);
        assert_eq!(work.detail.get::<GroupRolesDetail>().unwrap(), GroupRolesDetail { is_empty });
    }
}
