//! What belongs to a sync, under its options and the connector's rules.

use baton_connector::Options;

use crate::config::Rules;
use crate::ids::{api_token, app, custom_role, device, group, resource_set, resource_set_binding, role, user};

/// The relations and objects that belong to a sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Scope {
    pub users: bool,
    pub groups: bool,
    pub apps: bool,
    /// The ten standard roles.
    pub roles: bool,
    /// Custom roles, and the standard ones that Okta builds like them.
    pub custom_roles: bool,
    pub resource_sets: bool,
    pub bindings: bool,
    pub api_tokens: bool,
    pub devices: bool,
    /// Entitlements.
    pub access: bool,
    /// Grants between those types that are in the sync.
    pub grants: bool,
}

/// The word for [`Scope::access`]; not a resource type.
const ACCESS: &str = "access";
/// The word for [`Scope::grants`].
const GRANTS: &str = "grants";

impl Scope {
    /// The scope that an operator asked for.
    pub(crate) fn of(options: &Options, rules: &Rules) -> Self {
        let custom = |id: &str| rules.sync_custom_roles && options.wants(id);
        Self {
            users: options.wants(user::ID),
            groups: options.wants(group::ID),
            apps: options.wants(app::ID),
            roles: options.wants(role::ID),
            custom_roles: custom(custom_role::ID),
            resource_sets: custom(resource_set::ID),
            bindings: custom(resource_set_binding::ID),
            api_tokens: rules.sync_secrets && options.wants(api_token::ID),
            devices: options.names(device::ID) || (rules.sync_devices && options.wants(device::ID)),
            access: !options.skip_entitlements_and_grants,
            grants: !options.skip_entitlements_and_grants && !options.skip_grants,
        }
    }

    fn words(&mut self) -> [(&mut bool, &'static str); 11] {
        [
            (&mut self.users, user::ID),
            (&mut self.groups, group::ID),
            (&mut self.apps, app::ID),
            (&mut self.roles, role::ID),
            (&mut self.custom_roles, custom_role::ID),
            (&mut self.resource_sets, resource_set::ID),
            (&mut self.bindings, resource_set_binding::ID),
            (&mut self.api_tokens, api_token::ID),
            (&mut self.devices, device::ID),
            (&mut self.access, ACCESS),
            (&mut self.grants, GRANTS),
        ]
    }

    /// Takes a resource type out.
    pub(crate) fn leave_out(&mut self, resource_type: &str) {
        for (wanted, word) in self.words() {
            *wanted &= word != resource_type;
        }
    }

    /// The resource types in it.
    pub(crate) fn types(mut self) -> Vec<&'static str> {
        let words = self.words().into_iter().filter(|(wanted, word)| **wanted && ![ACCESS, GRANTS].contains(word));
        words.map(|(_, word)| word).collect()
    }

    /// Whether memberships of users in groups are read.
    pub(crate) fn memberships(self) -> bool {
        self.grants && self.groups && self.users
    }

    /// Whether roles of groups are read.
    pub(crate) fn group_roles(self) -> bool {
        self.grants && self.groups && self.any_roles()
    }

    /// Whether roles of users are read.
    pub(crate) fn user_roles(self) -> bool {
        self.grants && self.users && self.any_roles()
    }

    /// Whether roles of OAuth clients belong to the sync. They are not read, which has to be reported.
    pub(crate) fn client_roles(self) -> bool {
        self.grants && self.apps && self.any_roles()
    }

    fn any_roles(self) -> bool {
        self.roles || self.custom_roles
    }

    /// Whether the roles that are bound on a resource set are granted it.
    pub(crate) fn bound_roles(self) -> bool {
        self.grants && self.resource_sets && self.custom_roles
    }

    /// Whether the members of bindings are read.
    pub(crate) fn binding_members(self) -> bool {
        self.grants && self.bindings && (self.users || self.groups)
    }

    /// Whether assignments of users to apps are read.
    pub(crate) fn app_users(self) -> bool {
        self.grants && self.apps && self.users
    }

    /// Whether assignments of groups to apps are read.
    pub(crate) fn app_groups(self) -> bool {
        self.grants && self.apps && self.groups
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(types: &[&str]) -> Options {
        Options { resource_types: types.iter().map(ToString::to_string).collect(), ..Options::default() }
    }

    #[test]
    fn relations_need_both_ends() {
        let rules = Rules { sync_custom_roles: true, ..Rules::default() };
        let scope = Scope::of(&named(&["group", "app"]), &rules);
        assert!(scope.app_groups());
        assert!(!scope.memberships() && !scope.group_roles() && !scope.user_roles() && !scope.app_users());
        let scope = Scope::of(&named(&["user", "custom-role"]), &rules);
        assert!(scope.user_roles() && !scope.group_roles() && !scope.bound_roles() && !scope.binding_members());
        assert!(Scope::of(&named(&["resource-set", "custom-role"]), &rules).bound_roles());
        assert!(Scope::of(&named(&["resourceset-binding", "group"]), &rules).binding_members());
        let scope = Scope::of(&Options { skip_entitlements_and_grants: true, ..Options::default() }, &rules);
        assert!(scope.users && scope.groups && scope.apps && scope.roles && scope.custom_roles && scope.bindings);
        assert!(!scope.app_groups() && !scope.memberships() && !scope.group_roles());
        assert!(!scope.bound_roles() && !scope.binding_members());
        let scope = Scope::of(&Options { skip_grants: true, ..Options::default() }, &rules);
        assert!(scope.access && !scope.memberships() && !scope.app_users() && !scope.bound_roles());
    }

    #[test]
    fn what_takes_a_switch_is_not_there_without_it() {
        let scope = Scope::of(&Options::default(), &Rules::default());
        assert_eq!(
            scope,
            Scope {
                users: true,
                groups: true,
                apps: true,
                roles: true,
                access: true,
                grants: true,
                ..Scope::default()
            }
        );
        let all = Rules { sync_custom_roles: true, sync_secrets: true, sync_devices: true, ..Rules::default() };
        let mut scope = Scope::of(&Options::default(), &all);
        assert!(scope.words().iter().all(|(wanted, _)| **wanted));
        // Naming devices is asking for them; naming others is not.
        assert!(Scope::of(&named(&["device"]), &Rules::default()).devices);
        assert!(!Scope::of(&named(&["user"]), &all).devices);
        assert!(!Scope::of(&named(&["custom-role", "api-token"]), &Rules::default()).custom_roles);
    }
}
