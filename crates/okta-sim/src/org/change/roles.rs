//! Admin roles that users and groups hold.

use super::super::iam::{self, HeldRole, Holder};
use super::super::{LogEntity, LogEvent, Org};
use super::{insert, take};

/// Who holds a role: a user or a group, by row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HolderRow {
    User(u32),
    Group(u32),
}

impl Org {
    /// The roles that a user or group holds itself.
    pub(crate) fn roles_of(&self, holder: HolderRow) -> &[HeldRole] {
        let roles = match holder {
            HolderRow::User(n) => self.user_roles.get(&n),
            HolderRow::Group(n) => self.group_roles.get(&n),
        };
        roles.map_or(&[], Vec::as_slice)
    }

    /// Gives a standard role. The assignment is the last in the holder's list.
    pub(crate) fn grant(&mut self, holder: HolderRow, role_type: &str) -> &HeldRole {
        let number = self.mint();
        let role = self.as_holder(holder, |holder| iam::standard(role_type, holder, number));
        self.hold(holder, &role)
    }

    /// Puts an assignment of now into the holder's list.
    pub(super) fn hold(&mut self, holder: HolderRow, role: &HeldRole) -> &HeldRole {
        let now = self.now_text();
        let role = role.with("created", &now).with("lastUpdated", &now);
        let (id, label) = (role.document.id.to_string(), role.document.name.to_string());
        self.tell(|org| {
            let role = LogEntity::role(id, label);
            match holder {
                HolderRow::User(n) => LogEvent::role_granted(org.user_entity(n), role),
                HolderRow::Group(n) => LogEvent::group_role_granted(org.group_entity(n), role),
            }
        });
        let roles = match holder {
            HolderRow::User(n) => {
                insert(&mut self.assignees, n);
                self.user_roles.entry(n).or_default()
            }
            HolderRow::Group(n) => self.group_roles.entry(n).or_default(),
        };
        roles.push(role);
        &roles[roles.len() - 1]
    }

    /// Takes the assignment with this id away; a custom role's holder leaves the binding. `false` when the holder does
    /// not hold it itself.
    pub(crate) fn revoke(&mut self, holder: HolderRow, assignment: &str) -> bool {
        if !self.release(holder, assignment) {
            return false;
        }
        self.leave_binding(assignment);
        true
    }

    /// Takes an assignment out of the holder's list.
    pub(super) fn release(&mut self, holder: HolderRow, assignment: &str) -> bool {
        let (roles, n) = match holder {
            HolderRow::User(n) => (self.user_roles.get_mut(&n), n),
            HolderRow::Group(n) => (self.group_roles.get_mut(&n), n),
        };
        let Some(roles) = roles else { return false };
        let Some(at) = roles.iter().position(|role| *role.document.id == *assignment) else { return false };
        let role = roles.remove(at);
        if roles.is_empty() {
            match holder {
                HolderRow::User(_) => {
                    self.user_roles.remove(&n);
                    take(&mut self.assignees, n);
                }
                HolderRow::Group(_) => drop(self.group_roles.remove(&n)),
            }
        }
        self.tell(|org| {
            let role = LogEntity::role(role.document.id.to_string(), role.document.name.to_string());
            match holder {
                HolderRow::User(n) => LogEvent::role_revoked(org.user_entity(n), role),
                HolderRow::Group(n) => LogEvent::group_role_revoked(org.group_entity(n), role),
            }
        });
        true
    }

    pub(super) fn drop_user_roles(&mut self, n: u32) {
        self.drop_roles(HolderRow::User(n));
        take(&mut self.assignees, n);
    }

    pub(super) fn drop_group_roles(&mut self, n: u32) {
        self.drop_roles(HolderRow::Group(n));
    }

    fn drop_roles(&mut self, holder: HolderRow) {
        let ids: Vec<String> = self.roles_of(holder).iter().map(|role| role.document.id.to_string()).collect();
        for id in ids {
            self.revoke(holder, &id);
        }
        self.leave_bindings(holder);
    }

    pub(super) fn as_holder<T>(&self, holder: HolderRow, make: impl FnOnce(Holder<'_>) -> T) -> T {
        match holder {
            HolderRow::User(n) => make(Holder::User(&self.users.id(n))),
            HolderRow::Group(n) => make(Holder::Group(&self.groups.id(n))),
        }
    }
}
