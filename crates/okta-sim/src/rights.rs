//! What a credential may do: areas of the API, and the rights that admin roles give in them.

use std::collections::BTreeSet;

/// A part of the API that a credential can be refused: the kinds of endpoints that Okta's scopes and admin roles tell
/// apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Area {
    /// Users and their groups (`okta.users.read`).
    Users,
    /// Groups, their members and apps (`okta.groups.read`).
    Groups,
    /// Apps, their users and groups (`okta.apps.read`).
    Apps,
    /// Role assignments of users and groups (`okta.roles.read`).
    Roles,
    /// Custom roles, resource sets and their bindings under `/iam` (`okta.roles.read`).
    Iam,
    /// The list of administrators, `/iam/assignees/users` (`okta.roles.read`).
    Assignees,
    /// API tokens (`okta.apiTokens.read`).
    ApiTokens,
    /// Devices (`okta.devices.read`).
    Devices,
    /// The System Log (`okta.logs.read`).
    Logs,
    /// The org (`okta.orgs.read`).
    Org,
}

impl Area {
    /// Every area.
    pub const ALL: [Self; 10] = [
        Self::Users,
        Self::Groups,
        Self::Apps,
        Self::Roles,
        Self::Iam,
        Self::Assignees,
        Self::ApiTokens,
        Self::Devices,
        Self::Logs,
        Self::Org,
    ];

    /// The OAuth scope that gives the right to read.
    #[must_use]
    pub const fn scope(self) -> &'static str {
        match self {
            Self::Users => "okta.users.read",
            Self::Groups => "okta.groups.read",
            Self::Apps => "okta.apps.read",
            Self::Roles | Self::Iam | Self::Assignees => "okta.roles.read",
            Self::ApiTokens => "okta.apiTokens.read",
            Self::Devices => "okta.devices.read",
            Self::Logs => "okta.logs.read",
            Self::Org => "okta.orgs.read",
        }
    }

    /// The OAuth scope that gives the right to change things, and to read them too. The System Log, which nobody
    /// changes, has none: its scope to read is given.
    #[must_use]
    pub const fn manage_scope(self) -> &'static str {
        match self {
            Self::Users => "okta.users.manage",
            Self::Groups => "okta.groups.manage",
            Self::Apps => "okta.apps.manage",
            Self::Roles | Self::Iam | Self::Assignees => "okta.roles.manage",
            Self::ApiTokens => "okta.apiTokens.manage",
            Self::Devices => "okta.devices.manage",
            Self::Logs => "okta.logs.read",
            Self::Org => "okta.orgs.manage",
        }
    }
}

/// What the admin roles of a credential's owner allow. What they do not is refused with 403 E0000006.
///
/// The presets are the columns of the table of permissions on the product page of ConductorOne's Okta connector, and
/// roles of Okta's comparison of administrators:
///
/// | | super admin | read-only, app and group admin | custom read-only | read-only admin | no role |
/// |---|---|---|---|---|---|
/// | read users, groups, apps and their members | yes | yes | yes | yes | the user list is empty |
/// | change group memberships, groups, app assignments, users | yes | yes | no | no | no |
/// | read admin roles (assignments, assignees, `/iam`) | yes | no | yes | no | no |
/// | change admin roles | yes | no | no | no | no |
/// | read the System Log, devices | yes | yes | no | yes | no |
/// | read API tokens | yes | no | no | no | no |
/// | read the org | yes | yes | yes | yes | no |
///
/// Where neither source says anything (API tokens of others, what a custom role shows of devices), the simulator
/// refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    read: BTreeSet<Area>,
    manage: BTreeSet<Area>,
    /// The types of the admin roles that give them.
    roles: Vec<&'static str>,
    /// Whether the list of users is answered, but with nobody in it, instead of refused.
    users_hidden: bool,
}

impl Rights {
    /// Everything: the role `SUPER_ADMIN`.
    #[must_use]
    pub fn super_admin() -> Self {
        Self::of(&Area::ALL, &Area::ALL, &["SUPER_ADMIN"])
    }

    /// The standard role `READ_ONLY_ADMIN`, which does not show who holds admin roles.
    #[must_use]
    pub fn read_only_admin() -> Self {
        let read = [Area::Users, Area::Groups, Area::Apps, Area::Devices, Area::Logs, Area::Org];
        Self::of(&read, &[], &["READ_ONLY_ADMIN"])
    }

    /// A custom role with rights to view users, groups, apps, and roles, resources and admin assignments
    /// (`okta.iam.read`), bound to a resource set of all of these.
    #[must_use]
    pub fn custom_read_only() -> Self {
        let read = [Area::Users, Area::Groups, Area::Apps, Area::Roles, Area::Iam, Area::Assignees, Area::Org];
        Self::of(&read, &[], &["CUSTOM"])
    }

    /// The standard roles `READ_ONLY_ADMIN`, `APP_ADMIN` and `USER_ADMIN` (group administrator) together.
    #[must_use]
    pub fn read_only_app_and_group_admin() -> Self {
        let manage = [Area::Users, Area::Groups, Area::Apps].into();
        Self { manage, roles: vec!["READ_ONLY_ADMIN", "APP_ADMIN", "USER_ADMIN"], ..Self::read_only_admin() }
    }

    /// No admin role, as a service app has that was only granted scopes: the list of users is empty, everything else is
    /// refused.
    #[must_use]
    pub fn none() -> Self {
        Self { users_hidden: true, ..Self::of(&[], &[], &[]) }
    }

    fn of(read: &[Area], manage: &[Area], roles: &[&'static str]) -> Self {
        let set = |areas: &[Area]| areas.iter().copied().collect();
        Self { read: set(read), manage: set(manage), roles: roles.to_vec(), users_hidden: false }
    }

    /// The same without any right in this area.
    #[must_use]
    pub fn without(mut self, area: Area) -> Self {
        self.read.remove(&area);
        self.manage.remove(&area);
        self
    }

    /// The same without the right to change anything in this area.
    #[must_use]
    pub fn read_only_in(mut self, area: Area) -> Self {
        self.manage.remove(&area);
        self
    }

    /// Whether something in this area may be read, or changed.
    #[must_use]
    pub fn allow(&self, area: Area, change: bool) -> bool {
        if change { self.manage.contains(&area) } else { self.read.contains(&area) }
    }

    /// The types of the admin roles of the preset.
    pub(crate) fn roles(&self) -> &[&'static str] {
        &self.roles
    }

    /// Whether the list of users shows nobody.
    pub(crate) fn hide_users(&self) -> bool {
        self.users_hidden && !self.read.contains(&Area::Users)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_presets_are_the_table_of_the_product_page() {
        let read = |rights: &Rights, areas: &[Area]| areas.iter().all(|&area| rights.allow(area, false));
        let change = |rights: &Rights, areas: &[Area]| areas.iter().all(|&area| rights.allow(area, true));
        let content = [Area::Users, Area::Groups, Area::Apps];
        let admin = [Area::Roles, Area::Iam, Area::Assignees];
        for (rights, sees, changes, sees_admins, changes_admins) in [
            (Rights::super_admin(), true, true, true, true),
            (Rights::read_only_app_and_group_admin(), true, true, false, false),
            (Rights::custom_read_only(), true, false, true, false),
            (Rights::read_only_admin(), true, false, false, false),
            (Rights::none(), false, false, false, false),
        ] {
            let seen = (read(&rights, &content), change(&rights, &content), read(&rights, &admin));
            assert_eq!(seen, (sees, changes, sees_admins), "{rights:?}");
            assert_eq!(change(&rights, &admin), changes_admins, "{rights:?}");
        }
    }

    #[test]
    fn areas_are_taken_away_one_by_one() {
        for area in Area::ALL {
            let rights = Rights::super_admin().without(area);
            let left: Vec<Area> = Area::ALL.into_iter().filter(|&area| rights.allow(area, false)).collect();
            assert_eq!((left.len(), left.contains(&area)), (9, false));
            let rights = Rights::super_admin().read_only_in(area);
            assert!(rights.allow(area, false) && !rights.allow(area, true));
        }
    }
}
