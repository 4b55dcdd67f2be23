//! What is true in an org, for tests and benches: every relation as ids, and how many calls it takes to read them all.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{DIRECT, Org, RoleFact};

/// A user of an app, as a fact to compare with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppUserFact {
    /// The app's id.
    pub app: String,
    /// The user's id.
    pub user: String,
    /// The id of the group that brings the app; `None` for scope USER.
    pub via_group: Option<String>,
}

/// The size of an org, and the calls that a thrifty reader needs for it with Okta's largest pages. A group without
/// statistics counts as one that is not empty, brings apps and holds a role: a reader has to ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Expected {
    /// Users of every status.
    pub users: u64,
    /// Groups.
    pub groups: u64,
    /// Groups without members (Gz).
    pub empty_groups: u64,
    /// Groups that hold an admin role (Ga).
    pub groups_with_roles: u64,
    /// Groups that bring at least one of the apps counted in `apps`.
    pub groups_with_apps: u64,
    /// Apps: all, or the active ones.
    pub apps: u64,
    /// Users who hold an admin role (M).
    pub admins: u64,
    /// Memberships that can be read.
    pub memberships: u64,
    /// Users of the apps counted in `apps`.
    pub app_users: u64,
    /// Groups of the apps counted in `apps`.
    pub app_groups: u64,
    /// Roles that users hold directly and that groups hold.
    pub roles: u64,
    /// Pages of users, 200 each.
    pub user_pages: u64,
    /// Pages of groups, 200 each.
    pub group_pages: u64,
    /// Pages of members over the groups that are not empty, 1,000 each, with the one refused call for Okta Administrators.
    pub member_pages: u64,
    /// Pages of apps, 200 each.
    pub app_pages: u64,
    /// Pages of app users over the apps, 500 each, at least one an app.
    pub app_user_pages: u64,
    /// Pages of app groups over the apps, 200 each, at least one an app.
    pub app_group_pages: u64,
    /// Pages of assignees, 200 each.
    pub assignee_pages: u64,
    /// Custom roles.
    pub custom_roles: u64,
    /// Resource sets.
    pub resource_sets: u64,
    /// Bindings of custom roles on resource sets.
    pub bindings: u64,
    /// Pages of custom roles, resource sets, bindings and their members, 100 each.
    pub iam_pages: u64,
    /// API tokens; always one page.
    pub api_tokens: u64,
    /// Devices.
    pub devices: u64,
    /// Pages of devices, 200 each.
    pub device_pages: u64,
}

impl Expected {
    /// The largest number of calls that a thrifty full read needs: one for the org, every page above, one call for each
    /// group with a role, one for each admin, and for app groups the cheaper of "by app" and "by group".
    #[must_use]
    pub fn calls(&self) -> u64 {
        1 + self.user_pages
            + self.group_pages
            + self.member_pages
            + self.groups_with_roles
            + self.app_pages
            + self.app_user_pages
            + self.apps.min(self.groups_with_apps)
            + self.assignee_pages
            + self.admins
    }

    /// The same for a reader who also wants custom roles with their resource sets and bindings, API tokens and devices.
    #[must_use]
    pub fn calls_for_everything(&self) -> u64 {
        self.calls() + self.iam_pages + 1 + self.device_pages
    }

    /// Memberships, assignments and roles together.
    #[must_use]
    pub fn grants(&self) -> u64 {
        self.memberships + self.app_users + self.app_groups + self.roles
    }
}

fn pages(objects: usize, size: usize) -> u64 {
    objects.div_ceil(size).max(1) as u64
}

impl Org {
    /// What a full read of this org finds and costs; `active_apps_only` leaves out apps that are not ACTIVE.
    #[must_use]
    pub fn expected(&self, active_apps_only: bool) -> Expected {
        let apps: Vec<usize> = self
            .apps
            .rows()
            .filter(|&n| !active_apps_only || self.app_status(n) == "ACTIVE")
            .map(|n| n as usize)
            .collect();
        let groups: Vec<u32> = self.groups.rows().collect();
        // Without statistics nobody can know that a group is empty.
        let unknown = |n: &u32| self.group_quirks.without_stats.contains(n);
        let is_empty = |n: &&u32| self.members[**n as usize].is_empty() && !unknown(n);
        let filled = groups.iter().filter(|n| !is_empty(n));
        let member_pages = filled.map(|n| match self.group_quirks.members_refused.contains(n) {
            true => 1,
            false => pages(self.members[*n as usize].len(), 1_000),
        });
        let readable = self.groups.rows().filter(|n| !self.group_quirks.members_refused.contains(n));
        let bringing: BTreeSet<u32> = apps.iter().flat_map(|&app| self.app_groups[app].iter().copied()).collect();
        let bindings = || self.iam.sets.iter().map(|set| &set.bindings);
        let binding_pages: u64 = bindings().map(|roles| pages(roles.len(), 100)).sum();
        let member_pages_of_bindings: u64 = bindings().flatten().map(|it| pages(it.members.len(), 100)).sum();
        let roles = self.user_roles.values().chain(self.group_roles.values()).map(Vec::len).sum::<usize>();
        Expected {
            users: self.users.count().into(),
            groups: groups.len() as u64,
            empty_groups: groups.iter().filter(is_empty).count() as u64,
            groups_with_roles: groups.iter().filter(|n| self.has_roles(**n) || unknown(n)).count() as u64,
            groups_with_apps: groups.iter().filter(|n| bringing.contains(n) || unknown(n)).count() as u64,
            apps: apps.len() as u64,
            admins: self.assignees.len() as u64,
            memberships: readable.map(|n| self.members[n as usize].len() as u64).sum(),
            app_users: apps.iter().map(|&app| self.app_users[app].len()).sum::<usize>() as u64,
            app_groups: apps.iter().map(|&app| self.app_groups[app].len()).sum::<usize>() as u64,
            roles: roles as u64,
            user_pages: pages(self.users.count() as usize, 200),
            group_pages: pages(groups.len(), 200),
            member_pages: member_pages.sum(),
            app_pages: pages(apps.len(), 200),
            app_user_pages: apps.iter().map(|&app| pages(self.app_users[app].len(), 500)).sum(),
            app_group_pages: apps.iter().map(|&app| pages(self.app_groups[app].len(), 200)).sum(),
            assignee_pages: pages(self.assignees.len(), 200),
            custom_roles: self.iam.roles.len() as u64,
            resource_sets: self.iam.sets.len() as u64,
            bindings: bindings().map(Vec::len).sum::<usize>() as u64,
            iam_pages: pages(self.iam.roles.len(), 100)
                + pages(self.iam.sets.len(), 100)
                + binding_pages
                + member_pages_of_bindings,
            api_tokens: self.tokens.len() as u64,
            devices: self.devices.len() as u64,
            device_pages: pages(self.devices.len(), 200),
        }
    }

    /// Whether the group is one to ask for roles.
    pub(crate) fn has_roles(&self, group: u32) -> bool {
        self.group_roles.get(&group).is_some_and(|roles| !roles.is_empty())
            || self.group_quirks.roles_refused.contains(&group)
    }

    /// How many users there are, of every status.
    #[must_use]
    pub fn user_count(&self) -> u32 {
        self.users.count()
    }

    /// How many groups there are.
    #[must_use]
    pub fn group_count(&self) -> u32 {
        self.groups.count()
    }

    /// The ids of all users.
    pub fn user_ids(&self) -> impl Iterator<Item = String> + '_ {
        self.users.rows().map(|n| self.users.id(n).to_string())
    }

    /// The ids of all groups.
    pub fn group_ids(&self) -> impl Iterator<Item = String> + '_ {
        self.groups.rows().map(|n| self.groups.id(n).to_string())
    }

    /// The ids of all apps, or of the active ones.
    pub fn app_ids(&self, active_only: bool) -> impl Iterator<Item = String> + '_ {
        let wanted = move |n: &u32| !active_only || self.app_status(*n) == "ACTIVE";
        self.apps.rows().filter(wanted).map(|n| self.apps.id(n).to_string())
    }

    /// Every membership that can be read, as (group id, user id).
    pub fn memberships(&self) -> impl Iterator<Item = (String, String)> + '_ {
        let readable = self.groups.rows().filter(|n| !self.group_quirks.members_refused.contains(n));
        readable.flat_map(move |group| {
            let members = self.members[group as usize].iter();
            members.map(move |&user| (self.groups.id(group).to_string(), self.users.id(user).to_string()))
        })
    }

    /// Every user of every app.
    pub fn app_users(&self) -> impl Iterator<Item = AppUserFact> + '_ {
        self.apps.rows().flat_map(move |app| {
            self.app_users[app as usize].iter().map(move |user| AppUserFact {
                app: self.apps.id(app).to_string(),
                user: self.users.id(user.user).to_string(),
                via_group: (user.via != DIRECT).then(|| self.groups.id(user.via).to_string()),
            })
        })
    }

    /// Every group of every app, as (app id, group id).
    pub fn app_groups(&self) -> impl Iterator<Item = (String, String)> + '_ {
        self.apps.rows().flat_map(move |app| {
            let groups = self.app_groups[app as usize].iter();
            groups.map(move |&group| (self.apps.id(app).to_string(), self.groups.id(group).to_string()))
        })
    }

    /// Every role that a user holds directly, as (user id, role).
    pub fn user_roles(&self) -> impl Iterator<Item = (String, &RoleFact)> + '_ {
        let each = self.user_roles.iter();
        each.flat_map(move |(&n, roles)| roles.iter().map(move |role| (self.users.id(n).to_string(), &role.fact)))
    }

    /// Every role in a group's list that may be read, as (group id, role).
    pub fn group_roles(&self) -> impl Iterator<Item = (String, &RoleFact)> + '_ {
        let each = self.group_roles.iter().filter(|(n, _)| !self.group_quirks.roles_refused.contains(n));
        each.flat_map(move |(&n, roles)| roles.iter().map(move |role| (self.groups.id(n).to_string(), &role.fact)))
    }
}
