//! Changing and reading an org from Rust, by ids: before a simulator serves it, and while it does.
//!
//! These do what they are told: they demand that the objects are there, not that Okta would allow the change.

use serde_json::{Map, Value, json};

use super::change::{HolderRow, Member, NewUser};
use super::{AppUserFact, DIRECT, Org, RoleFact, objects};

/// An object that a change names is not in the org.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the org holds no {kind} {id}")]
pub struct UnknownObject {
    /// What was looked for: `user`, `group`, `app`, `role`, `resource set`, `assignment`.
    pub kind: &'static str,
    /// Its id.
    pub id: String,
}

/// Who can hold a role, by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Principal<'a> {
    /// A user.
    User(&'a str),
    /// A group.
    Group(&'a str),
}

/// Statuses that a user can be given.
const STATUSES: [&str; 8] =
    ["STAGED", "PROVISIONED", "ACTIVE", "PASSWORD_EXPIRED", "LOCKED_OUT", "RECOVERY", "SUSPENDED", "DEPROVISIONED"];

impl Org {
    fn user_row(&self, id: &str) -> Result<u32, UnknownObject> {
        self.users.find(id).ok_or_else(|| UnknownObject { kind: "user", id: id.to_owned() })
    }

    fn group_row(&self, id: &str) -> Result<u32, UnknownObject> {
        self.groups.find(id).ok_or_else(|| UnknownObject { kind: "group", id: id.to_owned() })
    }

    fn app_row(&self, id: &str) -> Result<u32, UnknownObject> {
        self.apps.find(id).ok_or_else(|| UnknownObject { kind: "app", id: id.to_owned() })
    }

    fn holder_row(&self, principal: Principal<'_>) -> Result<HolderRow, UnknownObject> {
        match principal {
            Principal::User(id) => self.user_row(id).map(HolderRow::User),
            Principal::Group(id) => self.group_row(id).map(HolderRow::Group),
        }
    }

    /// Adds a user with this login, which is the e-mail address too, and an Okta status such as `ACTIVE`; a status that
    /// is none counts as `STAGED`. Returns the id.
    pub fn add_user(&mut self, first: &str, last: &str, login: &str, status: &str) -> String {
        let status = STATUSES.into_iter().find(|known| *known == status).unwrap_or("STAGED");
        let profile = json!({
            "firstName": first, "lastName": last, "mobilePhone": null, "secondEmail": null, "login": login,
            "email": login,
        });
        let has_password = !matches!(status, "STAGED" | "PROVISIONED" | "DEPROVISIONED");
        let provider = json!({"type": "OKTA", "name": "OKTA"});
        let n = self.insert_user(NewUser { profile, status, provider, has_password });
        self.users.id(n).to_string()
    }

    /// Sets members of a user's profile; null takes one away.
    ///
    /// # Errors
    ///
    /// When there is no such user.
    pub fn edit_profile(&mut self, user: &str, changes: &Map<String, Value>) -> Result<(), UnknownObject> {
        let n = self.user_row(user)?;
        let mut profile = self.user_value(n)["profile"].take();
        for (name, value) in changes {
            match (profile.as_object_mut(), value.is_null()) {
                (Some(members), true) => drop(members.shift_remove(name)),
                (Some(members), false) => drop(members.insert(name.clone(), value.clone())),
                (None, _) => {}
            }
        }
        self.set_profile(n, profile, false);
        Ok(())
    }

    /// Moves a user to another status. Who becomes `DEPROVISIONED` loses apps and Everyone.
    ///
    /// # Errors
    ///
    /// When there is no such user.
    pub fn set_user_status(&mut self, user: &str, status: &str) -> Result<(), UnknownObject> {
        let n = self.user_row(user)?;
        let operation = match (self.user_status(n), status) {
            ("SUSPENDED", "ACTIVE") => "unsuspend",
            ("LOCKED_OUT", "ACTIVE") => "unlock",
            ("STAGED" | "DEPROVISIONED", "ACTIVE" | "PROVISIONED") => "activate",
            (_, "SUSPENDED") => "suspend",
            (_, "LOCKED_OUT") => "lock",
            (_, "RECOVERY") => "reset_password",
            (_, "PASSWORD_EXPIRED") => "expire_password",
            (_, "DEPROVISIONED") => "deactivate",
            _ => "",
        };
        self.set_status(n, status, operation);
        Ok(())
    }

    /// Deletes a user, whatever the status.
    ///
    /// # Errors
    ///
    /// When there is no such user.
    pub fn remove_user(&mut self, user: &str) -> Result<(), UnknownObject> {
        let n = self.user_row(user)?;
        self.delete_user(n);
        Ok(())
    }

    /// Adds a group of type `OKTA_GROUP`. Returns the id.
    pub fn add_group(&mut self, name: &str) -> String {
        let n = self.insert_group("OKTA_GROUP", &json!({"name": name, "description": null}), None);
        self.groups.id(n).to_string()
    }

    /// Gives a group another name.
    ///
    /// # Errors
    ///
    /// When there is no such group.
    pub fn rename_group(&mut self, group: &str, name: &str) -> Result<(), UnknownObject> {
        let n = self.group_row(group)?;
        let mut profile = self.group_value(n)["profile"].take();
        profile["name"] = name.into();
        self.set_group_profile(n, profile);
        Ok(())
    }

    /// Makes a group one of this type, such as `APP_GROUP` or `BUILT_IN`.
    ///
    /// # Errors
    ///
    /// When there is no such group.
    pub fn set_group_type(&mut self, group: &str, kind: &str) -> Result<(), UnknownObject> {
        let n = self.group_row(group)?;
        self.set_kind(n, kind);
        Ok(())
    }

    /// Lets an active rule fill a group, or ends that.
    ///
    /// # Errors
    ///
    /// When there is no such group.
    pub fn set_rule_managed(&mut self, group: &str, managed: bool) -> Result<(), UnknownObject> {
        let n = self.group_row(group)?;
        self.manage_by_rule(n, managed);
        Ok(())
    }

    /// Lets the rules that fill a group exclude these users, instead of whomever they exclude.
    ///
    /// # Errors
    ///
    /// When there is no such group.
    pub fn set_rule_exclusions(&mut self, group: &str, users: &[&str]) -> Result<(), UnknownObject> {
        let n = self.group_row(group)?;
        self.exclude_by_rules(n, users);
        Ok(())
    }

    /// Lets the rules that fill a group match its members, as rules do at first, or none of them: then they were all
    /// added by hand.
    ///
    /// # Errors
    ///
    /// When there is no such group.
    pub fn set_rule_matching(&mut self, group: &str, matches: bool) -> Result<(), UnknownObject> {
        let n = self.group_row(group)?;
        self.match_by_rules(n, matches);
        Ok(())
    }

    /// Deletes a group, whatever its type.
    ///
    /// # Errors
    ///
    /// When there is no such group.
    pub fn remove_group(&mut self, group: &str) -> Result<(), UnknownObject> {
        let n = self.group_row(group)?;
        self.delete_group(n);
        Ok(())
    }

    /// Puts a user into a group, with the apps that it brings. Whether that changed anything.
    ///
    /// # Errors
    ///
    /// When there is no such group or user.
    pub fn add_member(&mut self, group: &str, user: &str) -> Result<bool, UnknownObject> {
        let (group, user) = (self.group_row(group)?, self.user_row(user)?);
        Ok(self.join(group, user))
    }

    /// Takes a user out of a group, with the apps that only it brought. Whether that changed anything.
    ///
    /// # Errors
    ///
    /// When there is no such group or user.
    pub fn remove_member(&mut self, group: &str, user: &str) -> Result<bool, UnknownObject> {
        let (group, user) = (self.group_row(group)?, self.user_row(user)?);
        Ok(self.leave(group, user))
    }

    /// Adds an active app without users. Returns the id.
    pub fn add_app(&mut self, label: &str) -> String {
        let now = self.now_text();
        let n = self.insert_app(|id| {
            let mut app = objects::app(id, "bookmark", label, "ACTIVE", Some("BOOKMARK"));
            app["created"] = now.clone().into();
            app["lastUpdated"] = now.into();
            app
        });
        self.apps.id(n).to_string()
    }

    /// Adds an active service app: an OAuth client that signs in by itself. Returns the id.
    pub fn add_service_app(&mut self, label: &str) -> String {
        let now = self.now_text();
        let n = self.insert_app(|id| {
            let mut app = objects::app(id, "oidc_client", label, "ACTIVE", Some("OPENID_CONNECT"));
            app["created"] = now.clone().into();
            app["lastUpdated"] = now.into();
            app["credentials"]["oauthClient"]["token_endpoint_auth_method"] = "private_key_jwt".into();
            let client = &mut app["settings"]["oauthClient"];
            client["application_type"] = "service".into();
            client["grant_types"] = json!(["client_credentials"]);
            client["response_types"] = json!(["token"]);
            client["redirect_uris"] = json!([]);
            app
        });
        self.apps.id(n).to_string()
    }

    /// Adds an API token that was never used. Its owner need not be a user that lists show. Returns the id.
    pub fn add_token(&mut self, name: &str, owner: &str) -> String {
        let id = format!("00Tadded{:09}s1m1", self.tokens.len());
        self.tokens.push(objects::token(&id, name, owner, objects::NEVER_USED));
        id
    }

    /// Turns an app on or off.
    ///
    /// # Errors
    ///
    /// When there is no such app.
    pub fn set_app_active(&mut self, app: &str, active: bool) -> Result<(), UnknownObject> {
        let n = self.app_row(app)?;
        self.set_app_status(n, if active { "ACTIVE" } else { "INACTIVE" });
        Ok(())
    }

    /// Assigns an app to a user directly.
    ///
    /// # Errors
    ///
    /// When there is no such app or user.
    pub fn assign_user(&mut self, app: &str, user: &str) -> Result<(), UnknownObject> {
        let (app, user) = (self.app_row(app)?, self.user_row(user)?);
        self.assign_directly(app, user, &Value::Null, &Map::new());
        Ok(())
    }

    /// Ends a direct assignment; what a group brings stays. Whether there was one.
    ///
    /// # Errors
    ///
    /// When there is no such app or user.
    pub fn unassign_user(&mut self, app: &str, user: &str) -> Result<bool, UnknownObject> {
        let (app, user) = (self.app_row(app)?, self.user_row(user)?);
        let direct = self.app_user(app, user).is_some_and(|entry| entry.via == DIRECT);
        if direct {
            self.unassign_directly(app, user);
        }
        Ok(direct)
    }

    /// Assigns an app to a group: its members get it. Whether that changed anything.
    ///
    /// # Errors
    ///
    /// When there is no such app or group.
    pub fn assign_group_to_app(&mut self, app: &str, group: &str) -> Result<bool, UnknownObject> {
        let (app, group) = (self.app_row(app)?, self.group_row(group)?);
        Ok(self.assign_group(app, group, None, &json!({})))
    }

    /// Takes an app from a group, and from those who have it through it alone.
    ///
    /// # Errors
    ///
    /// When there is no such app or group.
    pub fn unassign_group_from_app(&mut self, app: &str, group: &str) -> Result<(), UnknownObject> {
        let (app, group) = (self.app_row(app)?, self.group_row(group)?);
        self.drop_app_group(app, group);
        Ok(())
    }

    /// Gives a standard role, such as `APP_ADMIN`. Returns the id of the assignment; that of the one that is there when
    /// the principal holds the role.
    ///
    /// # Errors
    ///
    /// When there is no such principal.
    pub fn grant_role(&mut self, principal: Principal<'_>, role_type: &str) -> Result<String, UnknownObject> {
        let holder = self.holder_row(principal)?;
        let known = self.roles_of(holder).iter().find(|role| role.fact.role_type == role_type);
        if let Some(role) = known {
            return Ok(role.document.id.to_string());
        }
        Ok(self.grant(holder, role_type).document.id.to_string())
    }

    /// Limits a role that a principal holds to these groups or apps, by id; to none for the whole org.
    ///
    /// # Errors
    ///
    /// When there is no such principal, or it does not hold the role itself.
    pub fn limit_role(
        &mut self,
        principal: Principal<'_>,
        role_type: &str,
        targets: &[&str],
    ) -> Result<(), UnknownObject> {
        let roles = match self.holder_row(principal)? {
            HolderRow::User(n) => self.user_roles.get_mut(&n),
            HolderRow::Group(n) => self.group_roles.get_mut(&n),
        };
        let held = roles.into_iter().flatten().find(|role| role.fact.role_type == role_type);
        let role = held.ok_or_else(|| UnknownObject { kind: "role", id: role_type.to_owned() })?;
        role.targets = targets.iter().map(ToString::to_string).collect();
        Ok(())
    }

    /// Binds a custom role to a principal in a resource set, both by id. Returns the id of the membership.
    ///
    /// # Errors
    ///
    /// When there is no such principal, role or set.
    pub fn bind_role(&mut self, principal: Principal<'_>, role: &str, set: &str) -> Result<String, UnknownObject> {
        let holder = self.holder_row(principal)?;
        if !self.iam.roles.iter().any(|it| *it.id == *role) {
            return Err(UnknownObject { kind: "role", id: role.to_owned() });
        }
        if !self.iam.sets.iter().any(|it| *it.document.id == *set) {
            return Err(UnknownObject { kind: "resource set", id: set.to_owned() });
        }
        Ok(self.bind(set, role, &Member::Holder(holder)))
    }

    /// Takes away a role that the principal holds itself, by the id of the assignment.
    ///
    /// # Errors
    ///
    /// When there is no such principal or assignment.
    pub fn revoke_role(&mut self, principal: Principal<'_>, assignment: &str) -> Result<(), UnknownObject> {
        let holder = self.holder_row(principal)?;
        match self.revoke(holder, assignment) {
            true => Ok(()),
            false => Err(UnknownObject { kind: "assignment", id: assignment.to_owned() }),
        }
    }

    /// Lets profiles of users and groups have this property besides Okta's own: others are refused.
    pub fn define_property(&mut self, name: impl Into<String>) {
        self.properties.insert(name.into());
    }

    /// Whether deleting a user moves `lastMembershipUpdated` of the user's groups. Nobody knows whether it does in Okta;
    /// by default it does not.
    pub fn set_deletion_moves_groups(&mut self, moves: bool) {
        self.habits.deletion_moves_groups = moves;
    }

    /// Whether a binding refuses to lose its last member; by default it ends with it.
    pub fn set_keep_last_member(&mut self, keep: bool) {
        self.habits.keep_last_member = keep;
    }

    /// Whether an app cannot be assigned to a user without a user name; by default the app has a template for it.
    pub fn set_demand_user_names(&mut self, demand: bool) {
        self.habits.demand_user_names = demand;
    }

    /// Whether the System Log says nothing when somebody leaves a group and keeps an app through another. Nobody knows
    /// whether it does in Okta; by default it tells of an update.
    pub fn set_quiet_conversions(&mut self, quiet: bool) {
        self.habits.quiet_conversions = quiet;
    }

    /// How often a user is still read with the old status after a deactivation; by default never.
    pub fn set_slow_deactivation(&mut self, reads: u32) {
        self.habits.slow_deactivation = reads;
    }

    /// The id of a user, by id or login.
    #[must_use]
    pub fn user_id(&self, key: &str) -> Option<String> {
        self.find_user(key).map(|n| self.users.id(n).to_string())
    }

    /// The status of a user, by id; `None` when there is no such user.
    #[must_use]
    pub fn status_of(&self, user: &str) -> Option<String> {
        self.users.find(user).map(|n| self.user_status(n).to_owned())
    }

    /// The profile of a user, by id.
    #[must_use]
    pub fn profile_of(&self, user: &str) -> Option<Value> {
        self.users.find(user).map(|n| self.user_value(n)["profile"].take())
    }

    /// The profile of a group, by id.
    #[must_use]
    pub fn group_profile_of(&self, group: &str) -> Option<Value> {
        self.groups.find(group).map(|n| self.group_value(n)["profile"].take())
    }

    /// The type of a group, by id.
    #[must_use]
    pub fn group_type_of(&self, group: &str) -> Option<String> {
        self.groups.find(group).map(|n| self.group_kind(n).to_owned())
    }

    /// The ids of a group's members; empty when there is no such group.
    #[must_use]
    pub fn members_of(&self, group: &str) -> Vec<String> {
        let members = self.groups.find(group).map(|n| &self.members[n as usize]);
        members.into_iter().flatten().map(|&user| self.users.id(user).to_string()).collect()
    }

    /// The users of an app; empty when there is no such app.
    #[must_use]
    pub fn users_of_app(&self, app: &str) -> Vec<AppUserFact> {
        self.app_users().filter(|fact| fact.app == app).collect()
    }

    /// The ids of an app's groups; empty when there is no such app.
    #[must_use]
    pub fn groups_of_app(&self, app: &str) -> Vec<String> {
        let groups = self.apps.find(app).map(|n| &self.app_groups[n as usize]);
        groups.into_iter().flatten().map(|&group| self.groups.id(group).to_string()).collect()
    }

    /// The roles that a principal holds itself; those of a user's groups are not among them.
    #[must_use]
    pub fn roles_held_by(&self, principal: Principal<'_>) -> Vec<RoleFact> {
        let roles = self.holder_row(principal).map(|holder| self.roles_of(holder)).unwrap_or_default();
        roles.iter().map(|role| role.fact.clone()).collect()
    }

    /// The members of a binding as API paths, such as `/api/v1/users/00u…`; `None` when there is no such binding.
    #[must_use]
    pub fn binding_members(&self, set: &str, role: &str) -> Option<Vec<String>> {
        let paths = self.binding(set, role)?.members.iter().map(|member| {
            let link = member.marked()["_links"]["self"]["href"].take();
            link.as_str().unwrap_or_default().trim_start_matches(super::document::ORG).to_owned()
        });
        Some(paths.collect())
    }
}
