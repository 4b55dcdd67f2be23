//! Users: made, changed, moved between statuses, deleted.

use serde_json::{Value, json};

use super::super::document::{Document, ORG};
use super::super::{LogEvent, Org};
use super::take;

/// A user to be made.
#[derive(Debug)]
pub(crate) struct NewUser {
    pub(crate) profile: Value,
    pub(crate) status: &'static str,
    /// `OKTA`, `FEDERATION` and so on, with its name.
    pub(crate) provider: Value,
    pub(crate) has_password: bool,
}

impl Org {
    /// Adds a user, who comes into Everyone and gets what that brings.
    pub(crate) fn insert_user(&mut self, user: NewUser) -> u32 {
        let now = self.now_text();
        let NewUser { profile, status, provider, has_password } = user;
        let started = if status == "STAGED" { Value::Null } else { now.clone().into() };
        let mut credentials = json!({});
        if has_password {
            credentials["password"] = json!({});
        }
        if let Some(email) = profile["email"].as_str() {
            credentials["emails"] = json!([{"value": email, "status": "VERIFIED", "type": "PRIMARY"}]);
        }
        credentials["provider"] = provider;
        let n = self.users.add(|id| {
            Document::of(&json!({
                "id": id, "status": status, "created": now, "activated": started, "statusChanged": started,
                "lastLogin": null, "lastUpdated": now,
                "passwordChanged": if has_password { Value::from(now.clone()) } else { Value::Null },
                "type": {"id": "otys1m00000000001d7x"}, "profile": profile, "credentials": credentials,
                "_links": {"self": {"href": format!("{ORG}/api/v1/users/{id}")}},
            }))
        });
        self.tell(|org| LogEvent::user_lifecycle("create", org.user_entity(n)));
        if status != "STAGED" {
            self.tell(|org| LogEvent::user_lifecycle("activate", org.user_entity(n)));
        }
        if status != "DEPROVISIONED" {
            self.join_everyone(n);
        }
        n
    }

    /// Changes the text of a user and moves `lastUpdated`.
    pub(crate) fn edit_user(&mut self, n: u32, change: impl FnOnce(&mut Value)) {
        let mut value = self.user_value(n);
        change(&mut value);
        value["lastUpdated"] = self.now_text().into();
        self.users.write(n, Document::of(&value));
    }

    /// Gives a user another profile, and maybe a new password.
    pub(crate) fn set_profile(&mut self, n: u32, profile: Value, new_password: bool) {
        let now = self.now_text();
        self.edit_user(n, |user| {
            if let Some(emails) = user["credentials"]["emails"].as_array_mut().filter(|emails| !emails.is_empty()) {
                emails[0]["value"] = profile["email"].clone();
            }
            user["profile"] = profile;
            if new_password {
                user["credentials"]["password"] = json!({});
                user["passwordChanged"] = now.into();
            }
        });
        self.tell(|org| LogEvent::user_updated(org.user_entity(n)));
    }

    /// Moves a user to a status. `operation` is the end of the event's type, such as `suspend`; empty for none.
    /// Somebody deactivated loses apps and Everyone and keeps other groups; somebody activated again gets back what
    /// groups bring.
    pub(crate) fn set_status(&mut self, n: u32, status: &str, operation: &str) {
        let before = self.user_status(n).to_owned();
        let now = self.now_text();
        self.edit_user(n, |user| {
            user["status"] = status.into();
            user["statusChanged"] = now.clone().into();
            if user["activated"].is_null() && status != "STAGED" && status != "DEPROVISIONED" {
                user["activated"] = now.into();
            }
            if let Some(members) = user.as_object_mut() {
                members.shift_remove("transitioningToStatus");
            }
        });
        if !operation.is_empty() {
            self.tell(|org| {
                let user = org.user_entity(n);
                match operation {
                    "unlock" | "lock" => LogEvent::new(format!("user.account.{operation}")).target(user),
                    "reset_password" | "expire_password" => {
                        LogEvent::new(format!("user.account.{operation}")).target(user)
                    }
                    _ => LogEvent::user_lifecycle(operation, user),
                }
            });
        }
        match (before == "DEPROVISIONED", status == "DEPROVISIONED") {
            (false, true) => self.leave_apps_and_everyone(n),
            (true, false) => {
                self.join_everyone(n);
                for group in self.groups_of(n) {
                    self.bring_apps(group, n);
                }
            }
            _ => {}
        }
    }

    /// Ends a deactivation: the password goes with everything else.
    pub(crate) fn finish_deactivation(&mut self, n: u32) {
        self.leaving.remove(&n);
        self.set_status(n, "DEPROVISIONED", "deactivate");
        self.edit_user(n, |user| {
            if let Some(credentials) = user["credentials"].as_object_mut() {
                credentials.shift_remove("password");
            }
        });
    }

    /// Counts one more read of a user who is being deactivated.
    pub(crate) fn read_while_leaving(&mut self, n: u32) {
        match self.leaving.get_mut(&n) {
            Some(0) => self.finish_deactivation(n),
            Some(left) => *left -= 1,
            None => {}
        }
    }

    /// Whether profiles can have this property besides Okta's own.
    pub(crate) fn defines(&self, name: &str) -> bool {
        self.properties.contains(name)
    }

    /// Deletes a user with all relations. Groups do not count as changed, unless the org has that habit.
    pub(crate) fn delete_user(&mut self, n: u32) {
        self.tell(|org| LogEvent::user_lifecycle("delete.initiated", org.user_entity(n)));
        self.leave_apps(n);
        for group in self.groups_of(n) {
            take(&mut self.members[group as usize], n);
            if self.habits.deletion_moves_groups {
                self.touch_membership(group);
            }
        }
        self.drop_user_roles(n);
        let id = self.users.id(n).to_string();
        self.tokens.retain(|token| token.marked()["userId"] != id);
        self.tell(|org| LogEvent::user_lifecycle("delete.completed", org.user_entity(n)));
        self.users.remove(n);
    }

    fn join_everyone(&mut self, n: u32) {
        if let Some(everyone) = self.everyone() {
            self.put_member(everyone, n);
        }
    }

    fn leave_apps_and_everyone(&mut self, n: u32) {
        self.leave_apps(n);
        if let Some(everyone) = self.everyone()
            && take(&mut self.members[everyone as usize], n)
        {
            self.touch_membership(everyone);
        }
    }

    fn leave_apps(&mut self, n: u32) {
        for app in self.apps_of_user(n) {
            self.drop_app_user(app, n);
        }
    }
}
