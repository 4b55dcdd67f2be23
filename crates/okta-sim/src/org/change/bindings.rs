//! Bindings: who holds which custom role in which resource set.

use super::super::document::ORG;
use super::super::iam::{self, Binding, ResourceSet};
use super::super::{LogEntity, LogEvent, Org};
use super::roles::HolderRow;

/// What a binding can have as a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Member {
    Holder(HolderRow),
    /// A service app, by its client id.
    Client(String),
}

impl Org {
    /// The binding of a role in a set, both by id.
    pub(crate) fn binding(&self, set: &str, role: &str) -> Option<&Binding> {
        let set = self.iam.sets.iter().find(|it| *it.document.id == *set)?;
        set.bindings.iter().find(|binding| binding.role == role)
    }

    /// The path of a member, as its link names it.
    pub(crate) fn member_path(&self, member: &Member) -> String {
        match member {
            Member::Holder(holder) => self.as_holder(*holder, |holder| holder.path().replace(ORG, "")),
            Member::Client(id) => format!("/oauth2/v1/clients/{id}"),
        }
    }

    /// The id of a member of a binding.
    pub(crate) fn member_id(&self, set: &str, role: &str, member: &Member) -> Option<String> {
        let own = format!("{ORG}{}", self.member_path(member));
        let members = &self.binding(set, role)?.members;
        members.iter().find(|it| it.marked()["_links"]["self"]["href"] == own).map(|it| it.id.to_string())
    }

    /// Puts a member into the binding of a role in a set, which is made if need be; its id. Nothing happens to one that
    /// is in it.
    pub(crate) fn bind(&mut self, set: &str, role: &str, member: &Member) -> String {
        if let Some(id) = self.member_id(set, role, member) {
            return id;
        }
        let number = self.mint();
        let id = format!("irb{number:011}s1m1d7");
        let path = self.member_path(member);
        // Okta tells the day of a membership, no more.
        let day = format!("{}T00:00:00.000Z", &self.now_text()[..10]);
        if let Some(set) = self.set_mut(set) {
            set.bind_on(role, &id, &path, &day);
        }
        if let Member::Holder(holder) = *member {
            let label = self.role_label(role);
            let assignment = self.as_holder(holder, |holder| iam::custom((role, &label), set, holder, number));
            self.hold(holder, &assignment);
        }
        self.tell(|org| org.binding_event("add", set, role));
        id
    }

    /// Takes a member out of a binding, which ends with its last one. `false` when it was not in it.
    pub(crate) fn unbind(&mut self, set: &str, role: &str, member: &str) -> bool {
        let Some(binding) = self.set_mut(set).and_then(|set| set.bindings.iter_mut().find(|it| it.role == role)) else {
            return false;
        };
        let before = binding.members.len();
        binding.members.retain(|it| *it.id != *member);
        if binding.members.len() == before {
            return false;
        }
        if let Some(set) = self.set_mut(set) {
            set.bindings.retain(|binding| !binding.members.is_empty());
        }
        if let Some(holder) = self.holder_of(member) {
            self.release(holder, member);
        }
        self.tell(|org| org.binding_event("delete", set, role));
        true
    }

    /// Ends a binding with all its members.
    pub(crate) fn drop_binding(&mut self, set: &str, role: &str) {
        let members = self.binding(set, role).map(|binding| binding.members.clone()).unwrap_or_default();
        for member in members {
            self.unbind(set, role, &member.id);
        }
    }

    /// Takes the member with this id out of its binding, wherever that is.
    pub(super) fn leave_binding(&mut self, member: &str) {
        let place = self.places().into_iter().find(|(_, _, id, _)| id == member);
        if let Some((set, role, id, _)) = place {
            self.unbind(&set, &role, &id);
        }
    }

    /// Takes a holder out of all bindings, also of those that the holder's list does not show.
    pub(super) fn leave_bindings(&mut self, holder: HolderRow) {
        let own = format!("{ORG}{}", self.member_path(&Member::Holder(holder)));
        for (set, role, id, link) in self.places() {
            if link == own {
                self.unbind(&set, &role, &id);
            }
        }
    }

    /// Every member of every binding: set, role, member id, link.
    fn places(&self) -> Vec<(String, String, String, String)> {
        let mut places = Vec::new();
        for set in &self.iam.sets {
            for binding in &set.bindings {
                for member in &binding.members {
                    let link = member.marked()["_links"]["self"]["href"].as_str().unwrap_or_default().to_owned();
                    places.push((set.document.id.to_string(), binding.role.clone(), member.id.to_string(), link));
                }
            }
        }
        places
    }

    fn holder_of(&self, assignment: &str) -> Option<HolderRow> {
        let holds = |roles: &Vec<iam::HeldRole>| roles.iter().any(|role| *role.document.id == *assignment);
        let user = self.user_roles.iter().find(|(_, roles)| holds(roles)).map(|(&n, _)| HolderRow::User(n));
        user.or_else(|| self.group_roles.iter().find(|(_, roles)| holds(roles)).map(|(&n, _)| HolderRow::Group(n)))
    }

    fn set_mut(&mut self, id: &str) -> Option<&mut ResourceSet> {
        self.iam.sets.iter_mut().find(|set| *set.document.id == *id)
    }

    fn role_label(&self, id: &str) -> String {
        let role = self.iam.roles.iter().find(|role| *role.id == *id);
        role.map_or_else(|| id.to_owned(), |role| role.name.to_string())
    }

    fn binding_event(&self, change: &str, set: &str, role: &str) -> LogEvent {
        let label = self.iam.sets.iter().find(|it| *it.document.id == *set).map(|it| it.document.name.to_string());
        LogEvent::new(format!("iam.resourceset.bindings.{change}"))
            .target(LogEntity::new("RESOURCE_SET", set, "unknown", label.unwrap_or_default()))
            .target(LogEntity::role(role, self.role_label(role)))
    }
}
