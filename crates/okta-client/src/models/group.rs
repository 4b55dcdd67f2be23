//! Groups and their members.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::lenient::{part, record};
use super::profile::profile_members;
use super::time::Time;

record! {
    /// A group of the org.
    pub struct Group as "group" {
        /// `OKTA_GROUP`, `APP_GROUP` or `BUILT_IN`.
        pub group_type: Option<String> = "type",
        /// When it was created.
        pub created: Option<Time> = "created",
        /// The last change of its profile.
        pub last_updated: Option<Time> = "lastUpdated",
        /// When a member was last added or removed.
        pub last_membership_updated: Option<Time> = "lastMembershipUpdated",
        /// Its name and description.
        pub profile: GroupProfile = "profile",
        /// Objects that were requested with `expand`.
        pub embedded: GroupEmbedded = "_embedded",
    }
}

impl Group {
    /// Returns the name, if the group has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.profile.name.as_deref()
    }

    /// Returns the counts, each `None` unless Okta sent it.
    #[must_use]
    pub fn stats(&self) -> &GroupStats {
        &self.embedded.stats
    }
}

part! {
    /// Name and description of a group.
    pub struct GroupProfile {
        /// Its name.
        pub name: Option<String> = "name",
        /// Its description; Okta sends null, an empty text or a text.
        pub description: Option<String> = "description",
    }
}

part! {
    /// The embedded objects of a group.
    pub struct GroupEmbedded {
        /// Sent with `expand=stats`.
        pub stats: GroupStats = "stats",
    }
}

part! {
    /// Counts of a group. A count that Okta did not send is `None`, which means unknown, not zero.
    pub struct GroupStats {
        /// The number of members.
        pub users_count: Option<u64> = "usersCount",
        /// The number of applications that the group is assigned to.
        pub apps_count: Option<u64> = "appsCount",
        /// Whether the group has an admin role. Okta's description and its release notes misspell the member, each in
        /// its own way; all three spellings are read.
        pub has_admin_privilege: Option<bool> = "hasAdminPrivilege" | "hasAdminPrivlege" | "hasAdminPrivileges",
    }
}

record! {
    /// A group with its whole profile, as it is read before it is changed.
    pub struct GroupDetails as "group" {
        /// `OKTA_GROUP`, `APP_GROUP` or `BUILT_IN`. Only the members of the first can be changed through the API.
        pub group_type: Option<String> = "type",
        /// The profile as Okta sent it: name, description, and attributes that the org has added.
        pub profile: Option<Box<RawValue>> = "profile",
        /// The source of an `APP_GROUP`.
        pub source: GroupSource = "source",
    }
}

impl GroupDetails {
    /// Returns the members of the profile in their order; empty if the group has none.
    #[must_use]
    pub fn profile_members(&self) -> Map<String, Value> {
        self.profile.as_deref().map(profile_members).unwrap_or_default()
    }
}

part! {
    /// The source of a group.
    pub struct GroupSource {
        /// The id of the application that the group is imported from.
        pub id: Option<String> = "id",
    }
}

record! {
    /// A rule that puts users into groups.
    pub struct GroupRule as "group rule" {
        /// Its display name.
        pub name: Option<String> = "name",
        /// `ACTIVE`, `INACTIVE` or `INVALID`.
        pub status: Option<String> = "status",
        /// Its actions.
        pub actions: GroupRuleActions = "actions",
        /// Its conditions.
        pub conditions: GroupRuleConditions = "conditions",
    }
}

impl GroupRule {
    /// Returns the ids of the groups that the rule assigns.
    #[must_use]
    pub fn group_ids(&self) -> &[String] {
        &self.actions.assign.group_ids
    }

    /// Returns the ids of the users whom the rule excludes, whatever its expression says.
    #[must_use]
    pub fn excluded_users(&self) -> &[String] {
        &self.conditions.people.users.exclude
    }
}

part! {
    /// The conditions of a group rule.
    pub struct GroupRuleConditions {
        /// People, apart from the rule's expression.
        pub people: GroupRulePeople = "people",
    }
}

part! {
    /// People in the conditions of a group rule.
    pub struct GroupRulePeople {
        /// Users.
        pub users: GroupRuleUsers = "users",
    }
}

part! {
    /// Users in the conditions of a group rule.
    pub struct GroupRuleUsers {
        /// The ids of the excluded users.
        pub exclude: Vec<String> = "exclude",
    }
}

part! {
    /// The actions of a group rule.
    pub struct GroupRuleActions {
        /// The groups that it puts users into.
        pub assign: GroupRuleTargets = "assignUserToGroups",
    }
}

part! {
    /// The groups that a rule puts users into.
    pub struct GroupRuleTargets {
        /// Their ids.
        pub group_ids: Vec<String> = "groupIds",
    }
}

record! {
    /// A member of a group. Okta sends the whole user for each, of which only the id is read: an org has many more
    /// memberships than users, and everything else about the user is in the list of users.
    pub struct Member as "group member" {}
}
