//! Admin roles and who has them.

use super::lenient::{Link, part, record};

record! {
    /// That somebody has an admin role. The id is unique only together with the one who has the role: for many
    /// standard roles it is the type in base32 (section 6.3 of the API notes).
    pub struct RoleAssignment as "role assignment" {
        /// `SUPER_ADMIN`, … , or `CUSTOM`.
        pub role_type: Option<String> = "type",
        /// `ACTIVE` or `INACTIVE`.
        pub status: Option<String> = "status",
        /// `USER`, `GROUP` or `CLIENT`: through what the role is held.
        pub assignment_type: Option<String> = "assignmentType",
        /// The id of a custom role.
        pub role: Option<String> = "role",
        /// The id of the resource set that a custom role is limited to.
        pub resource_set: Option<String> = "resource-set",
        /// What people call the role.
        pub label: Option<String> = "label",
        /// Links, among them to the one who has the role.
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
    /// A user who has some admin role; the id is the user's.
    pub struct Assignee as "role assignee" {}
}

/// What a standard role is limited to: a group, or an application by its kind (`salesforce`) and, if it is one
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
