//! Users and groups of apps. A user who is assigned directly has the app with scope USER; the others have it with scope
//! GROUP, through the first of the app's groups that they are in.

use serde_json::{Map, Value, json};

use super::super::document::{Document, ORG};
use super::super::{AppUser, DIRECT, LogEvent, Org};
use super::{insert, take};

impl Org {
    /// Adds an app without users.
    pub(crate) fn insert_app(&mut self, make: impl FnOnce(&str) -> Value) -> u32 {
        let n = self.apps.add(|id| Document::of(&make(id)));
        self.app_users.push(Vec::new());
        self.app_groups.push(Vec::new());
        self.tell(|org| LogEvent::app_lifecycle("create", org.app_entity(n)));
        n
    }

    /// Turns an app on or off; its users and groups stay.
    pub(crate) fn set_app_status(&mut self, n: u32, status: &str) {
        let mut text = String::new();
        crate::render::app::app(self, n, &super::marks(), &mut text);
        let mut value: Value = serde_json::from_str(&text).unwrap_or_default();
        value["status"] = status.into();
        value["lastUpdated"] = self.now_text().into();
        self.apps.write(n, Document::of(&value));
        let change = if status == "ACTIVE" { "activate" } else { "deactivate" };
        self.tell(|org| LogEvent::app_lifecycle(change, org.app_entity(n)));
    }

    /// The apps that a user has, ascending.
    pub(crate) fn apps_of_user(&self, user: u32) -> Vec<u32> {
        self.apps.rows().filter(|&app| self.app_user(app, user).is_some()).collect()
    }

    /// How a user has an app.
    pub(crate) fn app_user(&self, app: u32, user: u32) -> Option<AppUser> {
        let users = &self.app_users[app as usize];
        users.binary_search_by_key(&user, |entry| entry.user).ok().map(|at| users[at])
    }

    /// Assigns an app to a user directly, also to one who has it through a group. Null credentials and an empty profile
    /// leave both to the app.
    pub(crate) fn assign_directly(&mut self, app: u32, user: u32, credentials: &Value, profile: &Map<String, Value>) {
        let fresh = self.app_user(app, user).is_none();
        self.set_app_user(app, user, DIRECT);
        if !credentials.is_null() || !profile.is_empty() {
            let mut text = String::new();
            let entry = AppUser { user, via: DIRECT };
            crate::render::assignment::app_user(self, app, entry, &super::marks(), &mut text);
            let mut value: Value = serde_json::from_str(&text).unwrap_or_default();
            if let Some(name) = credentials["userName"].as_str() {
                value["credentials"]["userName"] = name.into();
            }
            for (name, member) in profile {
                value["profile"][name] = member.clone();
            }
            self.written_app_users.insert((app, user), Document::of(&value));
        }
        if fresh {
            self.tell(|org| LogEvent::app_user_added(org.user_entity(user), org.app_entity(app)));
        } else {
            self.tell(|org| org.app_user_updated(app, user));
        }
    }

    /// Ends a direct assignment. Who is in a group of the app keeps it, through that group.
    pub(crate) fn unassign_directly(&mut self, app: u32, user: u32) {
        match self.group_that_brings(app, user) {
            Some(group) => {
                self.set_app_user(app, user, group);
                self.tell(|org| org.app_user_updated(app, user));
            }
            None => self.drop_app_user(app, user),
        }
    }

    /// Assigns an app to a group; its members get it. The profile is what the group gives its members in the app.
    /// `false` when the group had it: then only profile and priority change.
    pub(crate) fn assign_group(&mut self, app: u32, group: u32, priority: Option<i64>, profile: &Value) -> bool {
        let added = insert(&mut self.app_groups[app as usize], group);
        let before = self.written_app_groups.get(&(app, group)).map(|document| document.marked()["priority"].clone());
        let place = self.app_groups[app as usize].binary_search(&group).unwrap_or_default();
        let priority = priority.map(Value::from).or(before).unwrap_or_else(|| place.into());
        let document = self.app_group_document(app, group, &priority, profile);
        self.written_app_groups.insert((app, group), document);
        if added {
            self.tell(|org| LogEvent::app_group_added(org.group_entity(group), org.app_entity(app)));
            for user in self.members[group as usize].clone() {
                self.bring_app(app, group, user);
            }
        }
        added
    }

    /// Takes an app from a group. Members who have it through no other group and not directly lose it.
    pub(crate) fn drop_app_group(&mut self, app: u32, group: u32) {
        if !take(&mut self.app_groups[app as usize], group) {
            return;
        }
        self.written_app_groups.remove(&(app, group));
        self.tell(|org| LogEvent::app_group_removed(org.group_entity(group), org.app_entity(app)));
        let through = self.app_users[app as usize].iter().filter(|entry| entry.via == group);
        for user in through.map(|entry| entry.user).collect::<Vec<_>>() {
            self.lose_group(app, user, group);
        }
    }

    /// Takes an app from a user, however the user has it.
    pub(super) fn drop_app_user(&mut self, app: u32, user: u32) {
        let users = &mut self.app_users[app as usize];
        if let Ok(at) = users.binary_search_by_key(&user, |entry| entry.user) {
            users.remove(at);
            self.written_app_users.remove(&(app, user));
            self.app_user_since.remove(&(app, user));
            self.tell(|org| LogEvent::app_user_removed(org.user_entity(user), org.app_entity(app)));
        }
    }

    /// Gives a user the apps that a group brings.
    pub(super) fn bring_apps(&mut self, group: u32, user: u32) {
        for app in self.apps_of(group) {
            self.bring_app(app, group, user);
        }
    }

    fn bring_app(&mut self, app: u32, group: u32, user: u32) {
        if self.app_user(app, user).is_none() && self.user_status(user) != "DEPROVISIONED" {
            self.set_app_user(app, user, group);
            self.tell(|org| LogEvent::app_user_added(org.user_entity(user), org.app_entity(app)));
        }
    }

    /// A group does not bring this user the app any more.
    pub(super) fn lose_group(&mut self, app: u32, user: u32, group: u32) {
        if self.app_user(app, user).is_none_or(|entry| entry.via != group) {
            return;
        }
        match self.group_that_brings(app, user) {
            Some(other) => {
                self.set_app_user(app, user, other);
                if !self.habits.quiet_conversions {
                    self.tell(|org| org.app_user_updated(app, user));
                }
            }
            None => self.drop_app_user(app, user),
        }
    }

    fn group_that_brings(&self, app: u32, user: u32) -> Option<u32> {
        let mut groups = self.app_groups[app as usize].iter().copied();
        groups.find(|&group| self.members[group as usize].binary_search(&user).is_ok())
    }

    fn set_app_user(&mut self, app: u32, user: u32, via: u32) {
        let users = &mut self.app_users[app as usize];
        match users.binary_search_by_key(&user, |entry| entry.user) {
            Ok(at) => users[at].via = via,
            Err(at) => users.insert(at, AppUser { user, via }),
        }
        self.written_app_users.remove(&(app, user));
        let now = self.now();
        self.app_user_since.insert((app, user), now);
    }

    fn app_user_updated(&self, app: u32, user: u32) -> LogEvent {
        LogEvent::new("application.user_membership.update").target(self.user_entity(user)).target(self.app_entity(app))
    }

    fn app_group_document(&self, app: u32, group: u32, priority: &Value, profile: &Value) -> Document {
        let (app, group) = (self.apps.id(app).to_string(), self.groups.id(group).to_string());
        let link = |path: String| json!({"href": format!("{ORG}/api/v1/{path}")});
        let mut document = Document::of(&json!({
            "id": group, "lastUpdated": self.now_text(), "priority": priority, "profile": profile,
            "_links": {
                "app": link(format!("apps/{app}")), "self": link(format!("apps/{app}/groups/{group}")),
                "group": link(format!("groups/{group}")),
            },
        }));
        document.name = "".into();
        document
    }
}
