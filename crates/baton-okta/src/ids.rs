//! Ids that are sent, stored or joined on: resource types, entitlement slugs, and kinds of work. They never change.

/// Users.
pub(crate) mod user {
    use baton_connector::WorkKind;

    /// The resource type's id.
    pub(crate) const ID: &str = "user";
    /// All users, page by page.
    pub(crate) const USERS: WorkKind = "users";
    /// One user.
    pub(crate) const ONE_USER: WorkKind = "one-user";
}

/// Groups.
pub(crate) mod group {
    use baton_connector::WorkKind;

    /// The resource type's id.
    pub(crate) const ID: &str = "group";
    /// The entitlement that every group has.
    pub(crate) const SLUG: &str = "member";
    /// All groups, page by page.
    pub(crate) const GROUPS: WorkKind = "groups";
    /// The group Everyone.
    pub(crate) const EVERYONE: WorkKind = "everyone";
    /// The members of one group.
    pub(crate) const GROUP_MEMBERS: WorkKind = "group-members";
    /// One group.
    pub(crate) const ONE_GROUP: WorkKind = "one-group";
}

/// Applications.
pub(crate) mod app {
    use baton_connector::WorkKind;

    /// The resource type's id.
    pub(crate) const ID: &str = "app";
    /// The entitlement that every app has.
    pub(crate) const SLUG: &str = "access";
    /// All apps, page by page.
    pub(crate) const APPS: WorkKind = "apps";
    /// The users of one app.
    pub(crate) const APP_USERS: WorkKind = "app-users";
    /// The groups of one app.
    pub(crate) const APP_GROUPS: WorkKind = "app-groups";
    /// The apps of one group.
    pub(crate) const GROUP_APPS: WorkKind = "group-apps";
    /// One app.
    pub(crate) const ONE_APP: WorkKind = "one-app";
    /// The barrier that decides from which side the assignments of groups to apps are read.
    pub(crate) const SIDE: &str = "app-groups-side";
}

/// Standard admin roles.
pub(crate) mod role {
    use baton_connector::WorkKind;

    /// The resource type's id.
    pub(crate) const ID: &str = "role";
    /// The entitlement that every role has, custom ones included.
    pub(crate) const SLUG: &str = "assigned";
    /// The roles themselves; needs no request.
    pub(crate) const ROLES: WorkKind = "roles";
    /// The users who hold any role.
    pub(crate) const ASSIGNEES: WorkKind = "assignees";
    /// The roles of one user.
    pub(crate) const USER_ROLES: WorkKind = "user-roles";
    /// The roles of one group.
    pub(crate) const GROUP_ROLES: WorkKind = "group-roles";
    /// One role; needs no request.
    pub(crate) const ONE_ROLE: WorkKind = "one-role";

    /// The standard roles, by type, with their labels.
    pub(crate) const STANDARD: [(&str, &str); 10] = [
        ("API_ACCESS_MANAGEMENT_ADMIN", "API Access Management Administrator"),
        ("MOBILE_ADMIN", "Mobile Administrator"),
        ("ORG_ADMIN", "Organizational Administrator"),
        ("READ_ONLY_ADMIN", "Read-Only Administrator"),
        ("REPORT_ADMIN", "Report Administrator"),
        ("SUPER_ADMIN", "Super Administrator"),
        ("USER_ADMIN", "Group Administrator"),
        ("HELP_DESK_ADMIN", "Help Desk Administrator"),
        ("APP_ADMIN", "Application Administrator"),
        ("GROUP_MEMBERSHIP_ADMIN", "Group Membership Administrator"),
    ];
}

/// Custom admin roles.
pub(crate) mod custom_role {
    use baton_connector::WorkKind;

    /// The resource type's id.
    pub(crate) const ID: &str = "custom-role";
    /// All custom roles, page by page.
    pub(crate) const CUSTOM_ROLES: WorkKind = "custom-roles";
    /// One custom role.
    pub(crate) const ONE_CUSTOM_ROLE: WorkKind = "one-custom-role";
}

/// Resource sets.
pub(crate) mod resource_set {
    use baton_connector::WorkKind;

    /// The resource type's id.
    pub(crate) const ID: &str = "resource-set";
    /// The entitlement that every resource set has.
    pub(crate) const SLUG: &str = "bindings";
    /// All resource sets, page by page.
    pub(crate) const RESOURCE_SETS: WorkKind = "resource-sets";
    /// One resource set.
    pub(crate) const ONE_RESOURCE_SET: WorkKind = "one-resource-set";
}

/// Bindings of a custom role on a resource set.
pub(crate) mod resource_set_binding {
    use baton_connector::WorkKind;

    /// The resource type's id.
    pub(crate) const ID: &str = "resourceset-binding";
    /// The entitlement that every binding has.
    pub(crate) const SLUG: &str = "member";
    /// The bindings of one resource set.
    pub(crate) const BINDINGS: WorkKind = "resource-set-bindings";
    /// The members of one binding.
    pub(crate) const BINDING_MEMBERS: WorkKind = "binding-members";
    /// One binding.
    pub(crate) const ONE_BINDING: WorkKind = "one-binding";

    /// The id of the entitlement that a binding has.
    pub(crate) fn entitlement_id(binding: &str) -> String {
        baton_connector::ids::entitlement(ID, binding, SLUG)
    }
}

/// API tokens.
pub(crate) mod api_token {
    use baton_connector::WorkKind;

    /// The resource type's id.
    pub(crate) const ID: &str = "api-token";
    /// All API tokens.
    pub(crate) const API_TOKENS: WorkKind = "api-tokens";
    /// One API token.
    pub(crate) const ONE_API_TOKEN: WorkKind = "one-api-token";
}

/// Devices.
pub(crate) mod device {
    use baton_connector::WorkKind;

    /// The resource type's id.
    pub(crate) const ID: &str = "device";
    /// All devices, page by page.
    pub(crate) const DEVICES: WorkKind = "devices";
    /// One device.
    pub(crate) const ONE_DEVICE: WorkKind = "one-device";
}

/// Changes since the last sync.
pub(crate) mod changes {
    use baton_connector::WorkKind;

    /// The changes that the System Log reports.
    pub(crate) const CHANGES: WorkKind = "changes";
}
