//! What a sync is to contain, as far as the work about one thing must know it.
//!
//! An interrupted sync is carried on by another process, which sees the stored work and not the options with which
//! the plan was made. So the options travel in [`Work::detail`](baton_connector::Work) of the works that open others.

use baton_connector::Options;

use crate::resources::{app, group, role, user};

/// The relations and objects that belong to a sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scope {
    pub users: bool,
    pub groups: bool,
    pub apps: bool,
    pub roles: bool,
    /// Entitlements, and grants between those types that are in the sync.
    pub access: bool,
}

/// The word for [`Scope::access`]; not a resource type.
const ACCESS: &str = "access";

impl Scope {
    /// The scope that an operator asked for.
    pub(crate) fn of(options: &Options) -> Self {
        Self {
            users: options.wants(user::ID),
            groups: options.wants(group::ID),
            apps: options.wants(app::ID),
            roles: options.wants(role::ID),
            access: !options.skip_entitlements_and_grants,
        }
    }

    /// The scope in a work's detail.
    pub(crate) fn parse(detail: &str) -> Self {
        let has = |word: &str| detail.split(' ').any(|part| part == word);
        Self {
            users: has(user::ID),
            groups: has(group::ID),
            apps: has(app::ID),
            roles: has(role::ID),
            access: has(ACCESS),
        }
    }

    /// The words that [`Scope::parse`] understands.
    pub(crate) fn detail(self) -> String {
        let words = [
            (self.users, user::ID),
            (self.groups, group::ID),
            (self.apps, app::ID),
            (self.roles, role::ID),
            (self.access, ACCESS),
        ];
        words.into_iter().filter(|(wanted, _)| *wanted).map(|(_, word)| word).collect::<Vec<_>>().join(" ")
    }

    /// Whether memberships of users in groups are read.
    pub(crate) fn memberships(self) -> bool {
        self.access && self.groups && self.users
    }

    /// Whether roles of groups are read.
    pub(crate) fn group_roles(self) -> bool {
        self.access && self.groups && self.roles
    }

    /// Whether roles of users are read.
    pub(crate) fn user_roles(self) -> bool {
        self.access && self.users && self.roles
    }

    /// Whether assignments of users to apps are read.
    pub(crate) fn app_users(self) -> bool {
        self.access && self.apps && self.users
    }

    /// Whether assignments of groups to apps are read.
    pub(crate) fn app_groups(self) -> bool {
        self.access && self.apps && self.groups
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_survives_the_plan() {
        for bits in 0..32_u8 {
            let scope = Scope {
                users: bits & 1 > 0,
                groups: bits & 2 > 0,
                apps: bits & 4 > 0,
                roles: bits & 8 > 0,
                access: bits & 16 > 0,
            };
            assert_eq!(Scope::parse(&scope.detail()), scope);
        }
    }

    #[test]
    fn relations_need_both_ends() {
        let options = Options { resource_types: vec!["group".to_owned(), "app".to_owned()], ..Options::default() };
        let scope = Scope::of(&options);
        assert!(scope.app_groups());
        assert!(!scope.memberships() && !scope.group_roles() && !scope.user_roles() && !scope.app_users());
        let scope = Scope::of(&Options { skip_entitlements_and_grants: true, ..Options::default() });
        assert!(scope.users && scope.groups && scope.apps && scope.roles);
        assert!(!scope.app_groups() && !scope.memberships() && !scope.group_roles());
    }
}
