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
        /// When it was made.
        pub created: Option<Time> = "created",
        /// The last change of its profile.
        pub last_updated: Option<Time> = "lastUpdated",
        /// When a member was last added or removed.
        pub last_membership_updated: Option<Time> = "lastMembershipUpdated",
        /// Its name and description.
        pub profile: GroupProfile = "profile",
        /// What was asked to be sent along.
        pub embedded: GroupEmbedded = "_embedded",
    }
}

impl Group {
    /// The name, if the group has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.profile.name.as_deref()
    }

    /// The counts, each unknown unless Okta sent it.
    #[must_use]
    pub fn stats(&self) -> &GroupStats {
        &self.embedded.stats
    }
}

part! {
    /// What a group is called.
    pub struct GroupProfile {
        /// Its name.
        pub name: Option<String> = "name",
        /// Its description; Okta sends null, an empty text or a text.
        pub description: Option<String> = "description",
    }
}

part! {
    /// What a list of groups carries beside each group.
    pub struct GroupEmbedded {
        /// Sent with `expand=stats`.
        pub stats: GroupStats = "stats",
    }
}

part! {
    /// Counts of a group. What Okta did not send is `None`, which means unknown, not zero.
    pub struct GroupStats {
        /// How many users are members.
        pub users_count: Option<u64> = "usersCount",
        /// To how many applications the group is assigned.
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
        /// The profile as Okta sent it: name, description, and what the org has added.
        pub profile: Option<Box<RawValue>> = "profile",
        /// Where an `APP_GROUP` comes from.
        pub source: GroupSource = "source",
    }
}

impl GroupDetails {
    /// The members of the profile in their order; empty if the group came without one.
    #[must_use]
    pub fn profile_members(&self) -> Map<String, Value> {
        self.profile.as_deref().map(profile_members).unwrap_or_default()
    }
}

part! {
    /// Where a group comes from.
    pub struct GroupSource {
        /// The id of the application that the group is imported from.
        pub id: Option<String> = "id",
    }
}

record! {
    /// A rule that puts users into groups.
    pub struct GroupRule as "group rule" {
        /// What people call it.
        pub name: Option<String> = "name",
        /// `ACTIVE`, `INACTIVE` or `INVALID`.
        pub status: Option<String> = "status",
        /// What it does.
        pub actions: GroupRuleActions = "actions",
        /// Whom it is about.
        pub conditions: GroupRuleConditions = "conditions",
    }
}

impl GroupRule {
    /// The ids of the groups that the rule fills.
    #[must_use]
    pub fn group_ids(&self) -> &[String] {
        &self.actions.assign.group_ids
    }

    /// The ids of the users whom the rule passes over, whatever its condition says.
    #[must_use]
    pub fn excluded_users(&self) -> &[String] {
        &self.conditions.people.users.exclude
    }
}

part! {
    /// Whom a group rule is about.
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
        /// The ids of those whom the rule passes over.
        pub exclude: Vec<String> = "exclude",
    }
}

part! {
    /// What a group rule does.
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
    /// memberships than users, and everything else about the user comes with the list of users.
    pub struct Member as "group member" {}
}
