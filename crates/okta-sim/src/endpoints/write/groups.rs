//! Making, changing and deleting groups, and who is in them. Only groups of type `OKTA_GROUP` that no rule fills can be
//! filled by callers; members whom a rule has put there can be taken out, and the rule excludes them from then on.

use super::{Change, Done, body, profile, users};
use crate::org::Org;
use crate::org::change::HolderRow;
use crate::refusal::Refusal;
use crate::render;
use crate::render::group::Embed;

/// Okta allows no more members in a group that holds an admin role.
pub(super) const ADMIN_GROUP_MEMBERS: usize = 5_000;

pub(super) fn create(org: &mut Org, change: &Change<'_>) -> Result<Done, Refusal> {
    let body = change.object()?;
    let given = body::object(&body, "profile")?.cloned().unwrap_or_default();
    let profile = profile::group(org, &given, None)?;
    let n = org.insert_group("OKTA_GROUP", &profile, None);
    Ok(shown(org, change, n))
}

/// Replaces the profile: what is left out is lost.
pub(super) fn replace(org: &mut Org, change: &Change<'_>, id: &str) -> Result<Done, Refusal> {
    let n = find(org, id)?;
    let body = change.object()?;
    if org.group_kind(n) != "OKTA_GROUP" {
        return Err(Refusal::no_permission());
    }
    let given = body::object(&body, "profile")?.cloned().unwrap_or_default();
    let profile = profile::group(org, &given, Some(n))?;
    org.set_group_profile(n, profile);
    Ok(shown(org, change, n))
}

pub(super) fn delete(org: &mut Org, id: &str) -> Result<Done, Refusal> {
    let n = find(org, id)?;
    if !matches!(org.group_kind(n), "OKTA_GROUP" | "APP_GROUP") {
        return Err(Refusal::no_permission());
    }
    org.delete_group(n);
    Ok(Done::gone())
}

pub(super) fn add_member(org: &mut Org, id: &str, user: &str) -> Result<Done, Refusal> {
    find(org, id)?;
    let user = users::find(org, user)?;
    let n = to_be_filled(org, id)?;
    let members = &org.members[n as usize];
    let full = members.len() >= ADMIN_GROUP_MEMBERS && members.binary_search(&user).is_err();
    if full && !org.roles_of(HolderRow::Group(n)).is_empty() {
        return Err(Refusal::admin_group_too_large());
    }
    org.join(n, user);
    Ok(Done::gone())
}

pub(super) fn remove_member(org: &mut Org, id: &str, user: &str) -> Result<Done, Refusal> {
    let n = find(org, id)?;
    let user = users::find(org, user)?;
    if org.group_kind(n) != "OKTA_GROUP" {
        return Err(Refusal::no_permission());
    }
    let is_member = org.members[n as usize].binary_search(&user).is_ok();
    if is_member && !org.exclude_from_rules(n, user) {
        return Err(Refusal::exclusion_list_full());
    }
    org.leave(n, user);
    Ok(Done::gone())
}

/// The group with this id, if callers may fill it.
pub(super) fn to_be_filled(org: &Org, id: &str) -> Result<u32, Refusal> {
    let n = find(org, id)?;
    if org.group_kind(n) != "OKTA_GROUP" || org.is_rule_managed(n) {
        return Err(Refusal::no_permission());
    }
    Ok(n)
}

pub(super) fn find(org: &Org, id: &str) -> Result<u32, Refusal> {
    org.groups.find(id).ok_or_else(|| Refusal::not_found(id, "UserGroup"))
}

fn shown(org: &Org, change: &Change<'_>, n: u32) -> Done {
    let mut body = String::new();
    render::group::group(org, n, change.hosts, Embed::default(), &mut body);
    Done::ok(body)
}
