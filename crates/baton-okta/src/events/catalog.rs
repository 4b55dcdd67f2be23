//! Which of Okta's event types are told, and what each of them means (`docs/spec/okta-sync.md` 10.2,
//! `docs/spec/okta-api.md` 1.4; `docs/spec/decisions.md` 2.13: Okta's own names and the removals).

use okta_client::models::LogEntity;

use crate::config::Rules;
use crate::ids::{api_token, app, custom_role, device, group, resource_set, user};

/// What an event says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Somebody signed in to an app.
    Usage,
    /// An object came, changed or went.
    Changed(Object),
    /// Somebody was given or lost access.
    Access(Direction, AccessKind),
    /// Somebody was given or lost a role on a resource set.
    Binding,
}

/// Whether access was given or taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Granted,
    Revoked,
}

/// Access to what, and whose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AccessKind {
    UserToGroup,
    UserToApp,
    GroupToApp,
    RoleToUser,
    RoleToGroup,
}

/// The objects that events are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Object {
    User,
    Group,
    App,
    /// Any role, where roles are assigned; a custom one, where roles change.
    Role,
    ResourceSet,
    ApiToken,
    Device,
}

impl Object {
    /// The resource type whose resources these are. Roles that change are always custom ones.
    pub(super) fn resource_type(self) -> &'static str {
        match self {
            Self::User => user::ID,
            Self::Group => group::ID,
            Self::App => app::ID,
            Self::Role => custom_role::ID,
            Self::ResourceSet => resource_set::ID,
            Self::ApiToken => api_token::ID,
            Self::Device => device::ID,
        }
    }

    /// What Okta calls the kind of target, in lower case without separators: it spells `AppInstance` and `ROLE`, and for
    /// the newer kinds its catalogue does not say how.
    fn kinds(self) -> &'static [&'static str] {
        match self {
            Self::User => &["user"],
            Self::Group => &["usergroup"],
            Self::App => &["appinstance"],
            Self::Role => &["role", "customrole", "iamrole"],
            Self::ResourceSet => &["resourceset", "iamresourceset"],
            Self::ApiToken => &["token", "apitoken"],
            Self::Device => &["device"],
        }
    }

    /// The kind in words for people.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "UserGroup",
            Self::App => "AppInstance",
            Self::Role => "ROLE",
            Self::ResourceSet => "ResourceSet",
            Self::ApiToken => "Token",
            Self::Device => "Device",
        }
    }

    /// Whether this is such an object.
    pub(super) fn is(self, entity: &LogEntity) -> bool {
        let squeezed: String = entity.kind.chars().filter(char::is_ascii_alphanumeric).collect();
        self.kinds().contains(&squeezed.to_ascii_lowercase().as_str())
    }
}

/// Some event types of one meaning, and when they are told.
struct Row {
    types: &'static [&'static str],
    meaning: Meaning,
    told: fn(&Rules) -> bool,
}

const fn always(types: &'static [&'static str], meaning: Meaning) -> Row {
    Row { types, meaning, told: |_| true }
}

const fn access(types: &'static [&'static str; 2], access: AccessKind) -> [Row; 2] {
    let (granted, revoked) = types.split_at(1);
    [
        always(granted, Meaning::Access(Direction::Granted, access)),
        always(revoked, Meaning::Access(Direction::Revoked, access)),
    ]
}

const fn custom_roles(types: &'static [&'static str], meaning: Meaning) -> Row {
    Row { types, meaning, told: |rules| rules.sync_custom_roles }
}

const ACCESS: [[Row; 2]; 5] = [
    access(&["group.user_membership.add", "group.user_membership.remove"], AccessKind::UserToGroup),
    access(&["application.user_membership.add", "application.user_membership.remove"], AccessKind::UserToApp),
    access(&["group.application_assignment.add", "group.application_assignment.remove"], AccessKind::GroupToApp),
    access(&["user.account.privilege.grant", "user.account.privilege.revoke"], AccessKind::RoleToUser),
    access(&["group.privilege.grant", "group.privilege.revoke"], AccessKind::RoleToGroup),
];

const OTHERS: [Row; 9] = [
    always(&["user.authentication.sso"], Meaning::Usage),
    always(
        &[
            "user.lifecycle.create",
            "user.lifecycle.activate",
            "user.lifecycle.deactivate",
            "user.lifecycle.reactivate",
            "user.lifecycle.suspend",
            "user.lifecycle.unsuspend",
            "user.lifecycle.delete.initiated",
            "user.lifecycle.delete.completed",
            "user.account.update_profile",
            "user.account.lock",
            "user.account.unlock",
            "user.account.unlock_by_admin",
        ],
        Meaning::Changed(Object::User),
    ),
    always(
        &["group.lifecycle.create", "group.lifecycle.delete", "group.profile.update"],
        Meaning::Changed(Object::Group),
    ),
    always(
        &[
            "application.lifecycle.create",
            "application.lifecycle.update",
            "application.lifecycle.activate",
            "application.lifecycle.deactivate",
            "application.lifecycle.delete",
        ],
        Meaning::Changed(Object::App),
    ),
    custom_roles(&["iam.role.create", "iam.role.update", "iam.role.delete"], Meaning::Changed(Object::Role)),
    custom_roles(
        &["iam.resourceset.create", "iam.resourceset.update", "iam.resourceset.delete"],
        Meaning::Changed(Object::ResourceSet),
    ),
    custom_roles(&["iam.resourceset.bindings.add", "iam.resourceset.bindings.delete"], Meaning::Binding),
    Row {
        types: &[
            "system.api_token.create",
            "system.api_token.update",
            "system.api_token.enable",
            "system.api_token.revoke",
        ],
        meaning: Meaning::Changed(Object::ApiToken),
        told: |rules| rules.sync_secrets,
    },
    Row {
        types: &[
            "device.enrollment.create",
            "device.lifecycle.activate",
            "device.lifecycle.deactivate",
            "device.lifecycle.suspend",
            "device.lifecycle.unsuspend",
            "device.lifecycle.delete",
        ],
        meaning: Meaning::Changed(Object::Device),
        told: |rules| rules.sync_devices,
    },
];

fn rows(rules: &Rules) -> impl Iterator<Item = &'static Row> {
    ACCESS.as_flattened().iter().chain(&OTHERS).filter(|row| (row.told)(rules))
}

/// What events of a type mean; `None` if they are not told.
pub(super) fn meaning(event_type: &str, rules: &Rules) -> Option<Meaning> {
    rows(rules).find(|row| row.types.contains(&event_type)).map(|row| row.meaning)
}

/// The condition that selects the events that are told, and nothing else, always in the same words.
pub(super) fn filter(rules: &Rules) -> String {
    let types = rows(rules).flat_map(|row| row.types);
    let terms: Vec<_> = types.map(|event_type| format!("eventType eq \"{event_type}\"")).collect();
    terms.join(" or ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn everything() -> Rules {
        Rules { sync_custom_roles: true, sync_secrets: true, sync_devices: true, ..Rules::default() }
    }

    #[test]
    fn the_filter_names_each_type_once() {
        for (rules, count) in [(Rules::default(), 31), (everything(), 49)] {
            let filter = filter(&rules);
            let terms: Vec<_> = filter.split(" or ").collect();
            let different: BTreeSet<_> = terms.iter().collect();
            assert_eq!((terms.len(), different.len()), (count, count), "{filter}");
            for term in terms {
                let event_type = term.strip_prefix("eventType eq \"").and_then(|rest| rest.strip_suffix('"'));
                assert!(event_type.is_some_and(|it| meaning(it, &rules).is_some()), "{term}");
            }
        }
        // Encoded it must leave room in a request line of 8 KiB.
        assert!(filter(&everything()).len() < 3_000);
    }

    #[test]
    fn only_what_is_synced_is_told() {
        for (event_type, on) in [
            ("iam.resourceset.bindings.add", Rules { sync_custom_roles: true, ..Rules::default() }),
            ("iam.role.delete", Rules { sync_custom_roles: true, ..Rules::default() }),
            ("system.api_token.revoke", Rules { sync_secrets: true, ..Rules::default() }),
            ("device.lifecycle.delete", Rules { sync_devices: true, ..Rules::default() }),
        ] {
            assert_eq!(meaning(event_type, &Rules::default()), None);
            assert!(meaning(event_type, &on).is_some() && filter(&on).contains(event_type), "{event_type}");
        }
        for unknown in ["", "app.lifecycle.create", "user.session.start", "group.user_membership"] {
            assert_eq!(meaning(unknown, &everything()), None, "{unknown:?}");
        }
    }

    #[test]
    fn kinds_of_targets_are_recognised_however_they_are_spelt() {
        let is = |object: Object, kind: &str| object.is(&LogEntity { kind: kind.to_owned(), ..LogEntity::default() });
        for (object, kinds) in [
            (Object::User, &["User", "user"][..]),
            (Object::Role, &["ROLE", "Role", "CUSTOM_ROLE"]),
            (Object::ResourceSet, &["RESOURCE_SET", "ResourceSet", "Resource Set"]),
            (Object::ApiToken, &["Token", "API Token", "ApiToken"]),
        ] {
            assert!(kinds.iter().all(|kind| is(object, kind)), "{object:?}");
        }
        assert!(!is(Object::User, "AppUser") && !is(Object::User, "UserGroup") && !is(Object::App, "AppUser"));
    }
}
