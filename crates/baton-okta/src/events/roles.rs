//! Admin roles as events name them: by a label, in one of several spellings.

use okta_client::models::{LogEntity, LogEvent};

use super::catalog::Object;
use crate::ids::{custom_role, role};

/// Labels of Okta's that differ from those under which the standard roles are synced (B20).
const SPELLINGS: [(&str, &str); 3] = [
    ("Organization Administrator", "ORG_ADMIN"),
    ("Super Organization Administrator", "SUPER_ADMIN"),
    ("User Administrator", "USER_ADMIN"),
];

/// Standard roles that are synced as custom ones, under their type.
const BEYOND: [(&str, &str); 3] = [
    ("WORKFLOWS_ADMIN", "Workflows Administrator"),
    ("ACCESS_CERTIFICATIONS_ADMIN", "Access Certifications Administrator"),
    ("ACCESS_REQUESTS_ADMIN", "Access Requests Administrator"),
];

/// How the ids of custom roles begin.
const CUSTOM_ROLE_ID: &str = "cr0";

/// Where an event without a target that is a role names it.
const DEBUG_DATA: [&str; 2] = ["privilegeGranted", "privilegeRevoked"];

/// A role that can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Role {
    /// `role` or `custom-role`.
    pub resource_type: &'static str,
    pub id: String,
    pub label: String,
}

/// The role that an event is about, or why it cannot be told.
pub(super) fn of(event: &LogEvent) -> Result<Role, String> {
    let targets: Vec<_> = event.targets.iter().filter(|target| Object::Role.is(target)).collect();
    match targets.as_slice() {
        [] => {
            let named = DEBUG_DATA.iter().find_map(|key| event.debug_data.get(*key)?.as_str());
            let label = named.ok_or("names no role")?;
            by_name(label).ok_or_else(|| unknown(label))
        }
        [target] => {
            let label = target.display_name.as_deref().unwrap_or_default();
            let known = by_name(label).or_else(|| by_name(&target.id)).or_else(|| custom(target));
            known.ok_or_else(|| unknown(if label.is_empty() { &target.id } else { label }))
        }
        several => Err(format!("names {} roles, and nothing says which is meant", several.len())),
    }
}

fn unknown(name: &str) -> String {
    format!("names the role {name:?}, which is none of the standard ones; a sync shows who holds it")
}

/// A standard role by its label or type. Okta is not consistent in upper and lower case either.
fn by_name(name: &str) -> Option<Role> {
    let name = name.trim();
    let same = |(of, label): &&(&str, &str)| name.eq_ignore_ascii_case(of) || name.eq_ignore_ascii_case(label);
    let standard = role::STANDARD.iter().find(same).or_else(|| {
        let (_, of) = SPELLINGS.iter().find(|(label, _)| name.eq_ignore_ascii_case(label))?;
        role::STANDARD.iter().find(|(standard, _)| standard == of)
    });
    let made = |resource_type, (of, label): &(&str, &str)| Role {
        resource_type,
        id: (*of).to_owned(),
        label: (*label).to_owned(),
    };
    match standard {
        Some(found) => Some(made(role::ID, found)),
        None => BEYOND.iter().find(same).map(|found| made(custom_role::ID, found)),
    }
}

/// A custom role by its own id. What stands there for an assignment of a custom role may also be another id.
fn custom(target: &LogEntity) -> Option<Role> {
    target.id.starts_with(CUSTOM_ROLE_ID).then(|| Role {
        resource_type: custom_role::ID,
        id: target.id.clone(),
        label: target.display_name.clone().unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    fn event(targets: &[(&str, Option<&str>)]) -> LogEvent {
        let target = |(id, label): &(&str, Option<&str>)| LogEntity {
            id: (*id).to_owned(),
            kind: "ROLE".to_owned(),
            display_name: label.map(str::to_owned),
            alternate_id: None,
        };
        LogEvent { targets: targets.iter().map(target).collect(), ..LogEvent::default() }
    }

    fn found(id: &str, label: &str) -> Option<(&'static str, String)> {
        of(&event(&[(id, Some(label))])).ok().map(|role| (role.resource_type, role.id))
    }

    #[test]
    fn every_spelling_of_a_standard_role() {
        for (of, label) in role::STANDARD {
            assert_eq!(found("ra1x", label), Some(("role", of.to_owned())));
        }
        for (label, of) in [
            ("Read-only Administrator", "READ_ONLY_ADMIN"),
            ("Organization Administrator", "ORG_ADMIN"),
            ("Super Organization Administrator", "SUPER_ADMIN"),
            ("Super administrator", "SUPER_ADMIN"),
            ("User Administrator", "USER_ADMIN"),
            (" APP_ADMIN ", "APP_ADMIN"),
        ] {
            assert_eq!(found("", label), Some(("role", of.to_owned())), "{label}");
        }
        assert_eq!(found("HELP_DESK_ADMIN", "Help desk people"), Some(("role", "HELP_DESK_ADMIN".to_owned())));
    }

    #[test]
    fn roles_beyond_the_ten_are_custom_ones() {
        assert_eq!(found("x", "Workflows Administrator"), Some(("custom-role", "WORKFLOWS_ADMIN".to_owned())));
        assert_eq!(found("cr0vault", "Vault Admins"), Some(("custom-role", "cr0vault".to_owned())));
    }

    #[test]
    fn what_names_no_known_role_says_so() {
        let why = |event: LogEvent| of(&event).unwrap_err();
        assert!(why(event(&[("irb1", Some("Vault Admins"))])).contains("\"Vault Admins\""));
        assert!(why(event(&[("irb1", None)])).contains("\"irb1\""));
        assert!(why(event(&[("a", Some("Super Administrator")), ("b", None)])).contains("2 roles"));
        assert_eq!(why(event(&[])), "names no role");
    }

    #[test]
    fn a_role_can_be_named_beside_the_targets() {
        let mut event = event(&[]);
        event.debug_data.insert("privilegeGranted".to_owned(), json!("Super administrator"));
        assert_eq!(of(&event).unwrap().id, "SUPER_ADMIN");
        event.debug_data.insert("privilegeGranted".to_owned(), json!("Super administrator, App admin"));
        assert!(of(&event).is_err());
    }
}
