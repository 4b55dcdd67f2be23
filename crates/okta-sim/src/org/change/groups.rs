//! Groups and who is in them.

use serde_json::Value;

use super::super::document::Document;
use super::super::{LogEvent, Org, objects};
use super::{insert, take};

impl Org {
    /// Adds a group; `source` is the app of an `APP_GROUP`.
    pub(crate) fn insert_group(&mut self, kind: &str, profile: &Value, source: Option<&str>) -> u32 {
        let now = self.now_text();
        let n = self.groups.add(|id| {
            let mut value = objects::group(id, kind, profile, source).marked();
            for instant in ["created", "lastUpdated", "lastMembershipUpdated"] {
                value[instant] = now.clone().into();
            }
            Document::of(&value)
        });
        self.members.push(Vec::new());
        self.tell(|org| LogEvent::group_lifecycle("create", org.group_entity(n)));
        n
    }

    /// Gives a group another profile.
    pub(crate) fn set_group_profile(&mut self, n: u32, profile: Value) {
        let now = self.now_text();
        let mut value = self.group_value(n);
        value["profile"] = profile;
        value["lastUpdated"] = now.into();
        self.groups.write(n, Document::of(&value));
        self.tell(|org| LogEvent::group_updated(org.group_entity(n)));
    }

    /// Makes a group one of another type. An `APP_GROUP` comes from the first app.
    pub(crate) fn set_kind(&mut self, n: u32, kind: &str) {
        let app = (kind == "APP_GROUP").then(|| self.apps.rows().next()).flatten();
        let app = app.map(|app| self.apps.id(app).to_string());
        let before = self.group_value(n);
        let mut value = objects::group(&self.groups.id(n), kind, &before["profile"], app.as_deref()).marked();
        for instant in ["created", "lastUpdated", "lastMembershipUpdated"] {
            value[instant] = before[instant].clone();
        }
        self.groups.write(n, Document::of(&value));
    }

    /// Deletes a group; its members lose what it brought.
    pub(crate) fn delete_group(&mut self, n: u32) {
        for app in self.apps_of(n) {
            self.drop_app_group(app, n);
        }
        self.members[n as usize].clear();
        self.drop_group_roles(n);
        self.manage_by_rule(n, false);
        self.tell(|org| LogEvent::group_lifecycle("delete", org.group_entity(n)));
        self.groups.remove(n);
    }

    /// Puts a user into a group, with the apps that it brings. `false` when the user was in it.
    pub(crate) fn join(&mut self, group: u32, user: u32) -> bool {
        let joined = self.put_member(group, user);
        if joined {
            self.tell(|org| LogEvent::group_member_added(org.user_entity(user), org.group_entity(group)));
        }
        joined
    }

    /// Takes a user out of a group, with the apps that only it brought. `false` when the user was not in it.
    pub(crate) fn leave(&mut self, group: u32, user: u32) -> bool {
        if !take(&mut self.members[group as usize], user) {
            return false;
        }
        self.touch_membership(group);
        self.tell(|org| LogEvent::group_member_removed(org.user_entity(user), org.group_entity(group)));
        for app in self.apps_of(group) {
            self.lose_group(app, user, group);
        }
        true
    }

    /// Puts a user into a group without a word in the log, as Okta does for Everyone.
    pub(super) fn put_member(&mut self, group: u32, user: u32) -> bool {
        let joined = insert(&mut self.members[group as usize], user);
        if joined {
            self.touch_membership(group);
            self.bring_apps(group, user);
        }
        joined
    }

    /// Moves `lastMembershipUpdated`.
    pub(super) fn touch_membership(&mut self, group: u32) {
        let mut value = self.group_value(group);
        value["lastMembershipUpdated"] = self.now_text().into();
        self.groups.write(group, Document::of(&value));
    }
}
