//! The work that objects open when they are listed, and the details that travel with it.

use baton_connector::{Barrier, Options, Reuse, Work};
use jiff::Timestamp;
use okta_client::models::{App, Group, ResourceSet};
use serde::{Deserialize, Serialize};

use crate::context::CONSISTENCY_LAG;
use crate::ids::{app, custom_role, group, resource_set_binding, role};
use crate::scope::Scope;

/// The barrier that decides from which side the assignments of groups to apps are read.
pub(crate) const SIDE: Barrier = Barrier { name: app::SIDE, after: &[group::GROUPS, app::APPS] };

/// The type of groups that Okta makes itself; their members cannot be changed.
pub(crate) const BUILT_IN: &str = "BUILT_IN";

/// The detail of the lists of users and groups.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ListDetail {
    /// The id of the group Everyone, if its members are taken from the list of users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub everyone: Option<String>,
}

/// The detail of the members of a group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MembersDetail {
    /// Whether Okta fills the group itself.
    pub built_in: bool,
}

/// The detail of the roles of a group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GroupRolesDetail {
    /// Whether the group certainly has no members.
    pub is_empty: bool,
}

/// The detail of the bindings of a resource set: a binding has no name of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BindingsDetail {
    pub label: String,
    pub description: String,
}

/// The type of a group, in Okta's words.
pub(super) fn kind(group: &Group) -> &str {
    group.group_type.as_deref().unwrap_or_default()
}

/// The work that a group opens; none whose answer its counts already tell. A count that Okta does not return says nothing.
pub(super) fn of_group(group: &Group, scope: Scope, members_page: u32, now: Option<Timestamp>) -> Vec<Work> {
    let stats = group.stats();
    let members = stats.users_count;
    let mut works = Vec::new();
    if scope.memberships() && members != Some(0) {
        let pages = members.unwrap_or_default().div_ceil(u64::from(members_page));
        let pages = u32::try_from(pages).unwrap_or(u32::MAX);
        let mut work = Work::new(group::GROUP_MEMBERS, group.id.as_str()).with_pages_hint(pages);
        if kind(group) == BUILT_IN {
            work = work.with_detail(&MembersDetail { built_in: true });
        }
        works.push(work.reusable(members_reuse(group, now)));
    }
    if scope.group_roles() && stats.has_admin_privilege != Some(false) {
        works.push(roles_of_group(&group.id, members == Some(0)));
    }
    if scope.app_groups() && stats.apps_count != Some(0) {
        works.push(Work::new(app::GROUP_APPS, group.id.as_str()).blocked_on(SIDE.name).reusable(Reuse::UnlessChanged));
    }
    works
}

/// The condition under which the members of a group need not be fetched again: its last change. It is reported in whole
/// seconds and may be visible before the list shows it, so that a change of the last minutes does not count. Whether
/// everybody's coming and going counts as a change of the groups that Okta fills itself is not documented.
pub(super) fn members_reuse(group: &Group, now: Option<Timestamp>) -> Reuse {
    let Some(changed) = &group.last_membership_updated else { return Reuse::Never };
    let (Some(at), Some(now)) = (changed.parse(), now) else { return Reuse::Never };
    let (version, unless_changed) = (changed.to_string(), kind(group) == BUILT_IN);
    Reuse::SameVersion { version, past_consistency_lag: at < now - CONSISTENCY_LAG, unless_changed }
}

/// The work that reads the roles of a group.
pub(super) fn roles_of_group(group: &str, is_empty: bool) -> Work {
    let work = Work::new(role::GROUP_ROLES, group).reusable(Reuse::UnlessChanged);
    if is_empty { work.with_detail(&GroupRolesDetail { is_empty }) } else { work }
}

/// The work that reads the roles of a user.
pub(super) fn roles_of_user(user: &str) -> Work {
    Work::new(role::USER_ROLES, user).reusable(Reuse::UnlessChanged)
}

/// The work that finds out who holds roles: of all of them, or in a partial sync of those that the operator named.
pub(super) fn role_holders(scope: Scope) -> Option<Work> {
    scope.user_roles().then(|| Work::new(role::ASSIGNEES, ""))
}

/// The roles that the operator named in a partial sync, by type and id; empty in a sync of everything.
pub(super) fn named_roles(options: &Options) -> Vec<(&str, &str)> {
    let named = options.resources.iter().map(|bid| (bid.resource.resource_type.as_str(), bid.resource.id.as_str()));
    named.filter(|(resource_type, _)| [role::ID, custom_role::ID].contains(resource_type)).collect()
}

/// The work that reads the users of an app.
pub(super) fn users_of_app(app: &App, scope: Scope) -> Option<Work> {
    scope.app_users().then(|| Work::new(app::APP_USERS, app.id.as_str()).reusable(Reuse::UnlessChanged))
}

/// The work that reads the groups of an app.
pub(super) fn groups_of_app(app: &App, scope: Scope) -> Option<Work> {
    scope.app_groups().then(|| Work::new(app::APP_GROUPS, app.id.as_str()).reusable(Reuse::UnlessChanged))
}

/// The work that reads the bindings of a resource set.
pub(super) fn bindings_of(set: &ResourceSet) -> Work {
    let (label, description) = (set.label.clone().unwrap_or_default(), set.description.clone().unwrap_or_default());
    Work::new(resource_set_binding::BINDINGS, set.id.as_str())
        .with_detail(&BindingsDetail { label, description })
        .reusable(Reuse::UnlessChanged)
}
