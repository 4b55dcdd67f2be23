//! Giving admin roles and taking them away.

use super::{Change, Done, body, groups, users};
use crate::org::Org;
use crate::org::change::{HolderRow, Member};
use crate::org::iam::STANDARD;
use crate::refusal::Refusal;

pub(super) fn grant_to_user(org: &mut Org, change: &Change<'_>, key: &str) -> Result<Done, Refusal> {
    let n = users::find(org, key)?;
    grant(org, change, HolderRow::User(n))
}

pub(super) fn grant_to_group(org: &mut Org, change: &Change<'_>, id: &str) -> Result<Done, Refusal> {
    let n = groups::find(org, id)?;
    may_hold_roles(org, n)?;
    grant(org, change, HolderRow::Group(n))
}

pub(super) fn revoke_from_user(org: &mut Org, key: &str, assignment: &str) -> Result<Done, Refusal> {
    let n = users::find(org, key)?;
    revoke(org, HolderRow::User(n), assignment)
}

pub(super) fn revoke_from_group(org: &mut Org, id: &str, assignment: &str) -> Result<Done, Refusal> {
    let n = groups::find(org, id)?;
    revoke(org, HolderRow::Group(n), assignment)
}

/// Refuses groups that cannot hold roles: built-in ones, those of other types, filled by rules, or too large.
pub(super) fn may_hold_roles(org: &Org, n: u32) -> Result<(), Refusal> {
    let directory = || org.group_value(n)["objectClass"][0] == "okta:windows_security_principal";
    match org.group_kind(n) {
        "BUILT_IN" => return Err(Refusal::built_in_with_role()),
        "OKTA_GROUP" => {}
        "APP_GROUP" if directory() => {}
        _ => return Err(Refusal::group_type_with_role()),
    }
    if org.is_rule_managed(n) {
        return Err(Refusal::rule_with_role());
    }
    if org.members[n as usize].len() > groups::ADMIN_GROUP_MEMBERS {
        return Err(Refusal::admin_group_too_large());
    }
    Ok(())
}

fn grant(org: &mut Org, change: &Change<'_>, holder: HolderRow) -> Result<Done, Refusal> {
    let body = change.object()?;
    let Some(kind) = body::text(&body, "type")? else {
        return Err(Refusal::invalid("type", ["type: The field cannot be left blank".to_owned()]));
    };
    if kind == "CUSTOM" {
        let role = body::text(&body, "role")?.unwrap_or_default();
        let set = body::text(&body, "resource-set")?.unwrap_or_default();
        let role = super::bindings::find_role(org, role)?;
        let set = super::bindings::find_set(org, set)?;
        let member = Member::Holder(holder);
        if org.member_id(&set, &role, &member).is_some() {
            return Err(Refusal::role_already_assigned(holder));
        }
        let id = org.bind(&set, &role, &member);
        return shown(org, change, holder, &id);
    }
    if !STANDARD.iter().any(|(name, _)| *name == kind) {
        return Err(Refusal::invalid("type", ["type: Invalid role type".to_owned()]));
    }
    if let Some(role) = org.roles_of(holder).iter().find(|role| role.fact.role_type == kind) {
        let built_on_custom = role.fact.custom_role.is_some();
        return Err(if built_on_custom {
            Refusal::iam_role_already_assigned()
        } else {
            Refusal::role_already_assigned(holder)
        });
    }
    let id = org.grant(holder, kind).document.id.to_string();
    shown(org, change, holder, &id)
}

fn shown(org: &Org, change: &Change<'_>, holder: HolderRow, id: &str) -> Result<Done, Refusal> {
    let mut body = String::new();
    if let Some(role) = org.roles_of(holder).iter().find(|role| *role.document.id == *id) {
        role.document.render(change.hosts, &mut body);
    }
    Ok(Done { status: 201, ..Done::ok(body) })
}

/// What comes through a group is not the user's to lose: the assignment is not found.
fn revoke(org: &mut Org, holder: HolderRow, assignment: &str) -> Result<Done, Refusal> {
    let inherited =
        |role: &crate::org::iam::HeldRole| matches!(holder, HolderRow::User(_)) && role.fact.assignment_type == "GROUP";
    let held = org.roles_of(holder).iter().any(|role| *role.document.id == *assignment && !inherited(role));
    if held && org.revoke(holder, assignment) {
        return Ok(Done::gone());
    }
    Err(Refusal::not_found(assignment, "RoleAssignment"))
}
