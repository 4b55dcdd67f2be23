//! Admin roles and their assignments.

use serde::de::MapAccess;
use serde_json::Value;

use super::lenient::{Link, Record, part, record};

record! {
    /// The assignment of an admin role. The id is unique only together with the holder of the role: for many
    /// standard roles it is the type in base32 (`docs/spec/okta-api.md` 6.3).
    pub struct RoleAssignment as "role assignment" {
        /// `SUPER_ADMIN`, … , or `CUSTOM`.
        pub role_type: Option<String> = "type",
        /// `ACTIVE` or `INACTIVE`.
        pub status: Option<String> = "status",
        /// `USER`, `GROUP` or `CLIENT`: how the role is assigned.
        pub assignment_type: Option<String> = "assignmentType",
        /// The id of a custom role.
        pub role: Option<String> = "role",
        /// The id of the resource set that a custom role is limited to.
        pub resource_set: Option<String> = "resource-set",
        /// The display name of the role.
        pub label: Option<String> = "label",
        /// Links, among them to the holder of the role.
        pub links: RoleAssignmentLinks = "_links",
    }
}

part! {
    /// The links of a role assignment that are read.
    pub struct RoleAssignmentLinks {
        /// The user, group or client that has the role.
        pub assignee: Link = "assignee",
    }
}

record! {
    /// A user with an admin role; the id is the user's.
    pub struct Assignee as "role assignee" {}
}

/// A target of a standard role: a group, or an application by its kind (`salesforce`) and, if it is one
/// instance, its id.
///
/// A kind of application has no id of its own, so that everything may be absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleTarget {
    /// The id of a group or of an application instance.
    pub id: Option<String>,
    /// The key of the application's kind in Okta's catalogue.
    pub name: Option<String>,
}

impl Record for RoleTarget {
    const KIND: &'static str = "role target";

    fn read<'de, A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        let mut target = Self::default();
        while let Some((key, value)) = map.next_entry::<String, Value>()? {
            let text = value.as_str().map(str::to_owned);
            match key.as_str() {
                "id" => target.id = text,
                "name" => target.name = text,
                _ => {}
            }
        }
        Ok(Some(target))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::models::list_from_json;

    #[test]
    fn a_kind_of_application_is_a_target_without_an_id() {
        let body = br#"[{"name":"salesforce","displayName":"Salesforce"},{"id":"0oa1","name":"box"},{"id":"00g1","profile":{}}]"#;
        let targets = list_from_json::<RoleTarget>(body, None).unwrap();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            targets.items,
            [
                RoleTarget { id: None, name: text("salesforce") },
                RoleTarget { id: text("0oa1"), name: text("box") },
                RoleTarget { id: text("00g1"), name: None },
            ]
        );
        assert!(targets.unreadable.is_empty());
    }
}
