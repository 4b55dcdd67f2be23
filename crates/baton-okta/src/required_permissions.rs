//! What a credential needs for each resource type: an OAuth scope, an admin role; and which scopes to ask for
//! (`docs/spec/okta-sync.md` 4.2, `docs/spec/decisions.md` 2.14: no more than the purpose takes).

use baton_connector::{Options, Purpose};

use crate::config::Rules;
use crate::ids::{api_token, app, custom_role, device, group, resource_set, resource_set_binding, role, user};
use crate::scope::Scope;

/// The scope that the System Log takes.
pub(crate) const LOGS: &str = "okta.logs.read";

/// The setting that chooses among the types of every sync.
pub(crate) const TYPES: &str = "--sync-resource-types";

/// The types without which a sync means nothing: if one of them may not be read, there is no sync.
pub(crate) const MUST_BE_READ: [&str; 3] = [user::ID, group::ID, app::ID];

/// Where scopes are granted in Okta's admin console.
pub(crate) const SCOPES_PAGE: &str = "Applications › the service app › Okta API Scopes";
/// Where a service app gets its admin role.
pub(crate) const ROLES_PAGE: &str = "Applications › the service app › Admin roles";
/// Where people get their admin roles.
pub(crate) const ADMINS_PAGE: &str = "Security › Administrators";

/// What it takes to read a resource type, and how to do without.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequiredPermission {
    /// The OAuth scope.
    pub scope: &'static str,
    /// The OAuth scope to change it, if it can be changed.
    pub manage: Option<&'static str>,
    /// The admin role.
    pub role: &'static str,
    /// The setting that brings the type into a sync.
    pub switch: &'static str,
}

const VIEWS_ROLES: &str =
    "the Super Administrator role, or a custom admin role that may view roles, resources and admin assignments";

impl RequiredPermission {
    /// What the type takes.
    pub(crate) fn for_type(resource_type: &str) -> Option<Self> {
        let (scope, manage, role, switch) = match resource_type {
            user::ID => (
                "okta.users.read",
                Some("okta.users.manage"),
                "the Read-Only Administrator role, or a custom admin role that may view all users",
                TYPES,
            ),
            group::ID => (
                "okta.groups.read",
                Some("okta.groups.manage"),
                "the Read-Only Administrator role, or a custom admin role that may view all groups",
                TYPES,
            ),
            app::ID => (
                "okta.apps.read",
                Some("okta.apps.manage"),
                "the Read-Only Administrator role, or a custom admin role that may view all applications",
                TYPES,
            ),
            role::ID => ("okta.roles.read", Some("okta.roles.manage"), VIEWS_ROLES, TYPES),
            custom_role::ID | resource_set::ID | resource_set_binding::ID => {
                ("okta.roles.read", Some("okta.roles.manage"), VIEWS_ROLES, "--sync-custom-roles")
            }
            api_token::ID => ("okta.apiTokens.read", None, "the Super Administrator role", "--sync-secrets"),
            device::ID => (
                "okta.devices.read",
                None,
                "the Read-Only Administrator role, or a custom admin role that may view devices",
                "--sync-devices",
            ),
            _ => return None,
        };
        Some(Self { scope, manage, role, switch })
    }

    /// What the System Log takes where there is nothing to do without it.
    pub(crate) fn for_later_syncs() -> Self {
        Self { switch: "", ..Self::for_logs() }
    }

    /// What the System Log takes.
    pub(crate) fn for_logs() -> Self {
        Self {
            scope: LOGS,
            manage: None,
            role: "the Read-Only Administrator role, or another that may view the System Log",
            switch: "--event-feed",
        }
    }

    /// How to sync without the type; nothing where that changes nothing.
    pub(crate) fn without(&self) -> String {
        match self.switch {
            TYPES => format!("name only the types that may be read with {TYPES}"),
            "" => String::new(),
            switch => format!("leave {switch} out"),
        }
    }
}

/// Types that can be changed; their scopes are asked for when something is going to be.
const CHANGEABLE: [&str; 4] = [user::ID, group::ID, app::ID, role::ID];

/// The scopes that changes take, each with what it is for.
pub(crate) fn to_change() -> Vec<(&'static str, &'static str)> {
    let uses = ["change accounts", "change groups and memberships", "assign applications", "grant admin roles"];
    CHANGEABLE
        .into_iter()
        .zip(uses)
        .filter_map(|(of, what)| Some((RequiredPermission::for_type(of)?.manage?, what)))
        .collect()
}

/// The scopes that one change takes, each once: to change a resource of the type `changed`, and to look at those of the
/// types `seen`. None for what cannot be changed.
pub(crate) fn scopes_for_change(changed: &str, seen: &[&str]) -> Vec<&'static str> {
    let Some(manage) = RequiredPermission::for_type(changed).and_then(|need| need.manage) else { return Vec::new() };
    let mut scopes = vec![manage];
    let granted = [manage.to_owned()];
    for need in
        seen.iter().filter_map(|of| RequiredPermission::for_type(of)).filter(|need| !is_granted(need.scope, &granted))
    {
        push(&mut scopes, need.scope);
    }
    scopes
}

/// The scopes that a purpose takes, each once. A single change asks for its own when it is made ([`scopes_for_change`]).
pub(crate) fn scopes(purpose: Purpose, options: &Options, rules: &Rules) -> Vec<&'static str> {
    let reading = || scopes_for_types(Scope::of(options, rules).types());
    let managing = || to_change().into_iter().map(|(scope, _)| scope);
    let changing = || scopes_for_types(CHANGEABLE).into_iter().chain(managing()).collect::<Vec<_>>();
    match purpose {
        Purpose::Sync | Purpose::Serve { provisioning: false } => reading(),
        Purpose::Change => Vec::new(),
        Purpose::Events => vec![LOGS],
        Purpose::Serve { provisioning: true } => {
            let mut scopes = reading();
            for scope in changing() {
                push(&mut scopes, scope);
            }
            scopes
        }
    }
}

/// The scopes that reading these types takes, each once.
pub(crate) fn scopes_for_types(types: impl IntoIterator<Item = &'static str>) -> Vec<&'static str> {
    let mut scopes = Vec::new();
    for need in types.into_iter().filter_map(RequiredPermission::for_type) {
        push(&mut scopes, need.scope);
    }
    scopes
}

/// Whether `granted` scopes hold `wanted`. A scope to change something includes the one to read it.
pub(crate) fn is_granted(wanted: &str, granted: &[String]) -> bool {
    let manage = wanted.strip_suffix(".read").map(|area| format!("{area}.manage"));
    granted.iter().any(|scope| scope == wanted || Some(scope) == manage.as_ref())
}

fn push(scopes: &mut Vec<&'static str>, scope: &'static str) {
    if !scopes.contains(&scope) {
        scopes.push(scope);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: [&str; 4] = ["okta.users.read", "okta.groups.read", "okta.apps.read", "okta.roles.read"];
    const MANAGE: [&str; 4] = ["okta.users.manage", "okta.groups.manage", "okta.apps.manage", "okta.roles.manage"];

    fn named(types: &[&str]) -> Options {
        Options { resource_types: types.iter().map(ToString::to_string).collect(), ..Options::default() }
    }

    #[test]
    fn a_sync_asks_for_what_it_reads() {
        let of = |options: &Options, rules: &Rules| scopes(Purpose::Sync, options, rules);
        let all = Options::default();
        assert_eq!(of(&all, &Rules::default()), READ);
        let rules = Rules { sync_custom_roles: true, ..Rules::default() };
        assert_eq!(of(&all, &rules), READ, "custom roles take no scope of their own");
        let rules = Rules { sync_secrets: true, sync_devices: true, ..Rules::default() };
        assert_eq!(of(&all, &rules), [&READ[..], &["okta.apiTokens.read", "okta.devices.read"]].concat());
        assert_eq!(of(&named(&["group", "device"]), &Rules::default()), ["okta.groups.read", "okta.devices.read"]);
        assert_eq!(of(&named(&["user"]), &rules), ["okta.users.read"]);
    }

    #[test]
    fn manage_scopes_are_for_changes_alone() {
        let all = |purpose| scopes(purpose, &Options::default(), &Rules::default());
        for purpose in [Purpose::Sync, Purpose::Serve { provisioning: false }] {
            assert_eq!(all(purpose), READ);
        }
        assert_eq!(all(Purpose::Serve { provisioning: true }), [READ, MANAGE].concat());
        assert_eq!(all(Purpose::Events), ["okta.logs.read"]);
    }

    #[test]
    fn a_change_asks_for_what_it_takes_alone() {
        assert!(scopes(Purpose::Change, &Options::default(), &Rules::default()).is_empty());
        for (changed, seen, scopes) in [
            ("group", &["user"][..], &["okta.groups.manage", "okta.users.read"][..]),
            ("group", &["group"], &["okta.groups.manage"]),
            ("app", &["group"], &["okta.apps.manage", "okta.groups.read"]),
            ("role", &["user"], &["okta.roles.manage", "okta.users.read"]),
            ("resourceset-binding", &["group"], &["okta.roles.manage", "okta.groups.read"]),
            ("resource-set", &["custom-role"], &["okta.roles.manage"]),
            ("user", &[], &["okta.users.manage"]),
            ("device", &["user"], &[]),
            ("nonsense", &["user"], &[]),
        ] {
            assert_eq!(scopes_for_change(changed, seen), scopes, "{changed} {seen:?}");
        }
    }

    #[test]
    fn managing_includes_reading() {
        let granted = ["okta.groups.manage".to_owned(), "okta.users.read".to_owned()];
        assert!(is_granted("okta.groups.read", &granted) && is_granted("okta.groups.manage", &granted));
        assert!(is_granted("okta.users.read", &granted) && !is_granted("okta.users.manage", &granted));
        assert!(!is_granted("okta.apps.read", &granted));
    }
}
