//! Who holds a custom role on a resource set: the members of a binding (`docs/spec/okta-provisioning.md` 4.6).
//!
//! There is a binding for a role on a set as long as it has members.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use baton_connector::{ChangeError, Code};
use futures::FutureExt;
use futures::future::BoxFuture;
use okta_client::endpoints::bindings::{self, Holder};
use okta_client::models::{Binding, BindingMember, CustomRole, GroupDetails, ResourceSet, User};
use okta_client::{Error, ErrorKind, Request, endpoints};

use super::errors;
use super::operation::Operation;
use super::peek::Peek;
use super::reconcile::{DesiredState, Observation};
use super::role::is_standard;
use super::subject::Subject;
use crate::ids::{custom_role, resource_set};
use crate::lock::lock;

/// The resource set and the role of a binding, by its id `{set}:{role}`.
fn parts(binding: Subject<'_>) -> Result<(&str, &str), ChangeError> {
    let parts =
        binding.id.split_once(':').filter(|(set, role)| !set.is_empty() && !role.is_empty() && !role.contains(':'));
    parts.ok_or_else(|| {
        let message =
            format!("{:?} is not the id of a resource set binding: that is <resource set>:<custom role>", binding.id);
        ChangeError::new(Code::InvalidArgument, message)
    })
}

/// The members of the binding of `role` on `set`, all of them. Okta takes labels for ids, so that what comes back has to
/// be looked at.
pub(super) async fn members(op: &Operation<'_>, set: &str, role: &str) -> Result<Peek<Vec<BindingMember>>, Error> {
    match op.peek::<Binding>(bindings::get(set, role)).await? {
        Peek::Found(binding) if binding.id == role => op.peek_all(endpoints::iam::members(set, role)).await,
        Peek::Found(_) | Peek::Absent => Ok(Peek::Absent),
        Peek::Refused(error) => Ok(Peek::Refused(error)),
    }
}

/// The resource set of this id.
pub(super) async fn set(op: &Operation<'_>, id: &str) -> Result<Peek<ResourceSet>, Error> {
    Ok(match op.peek::<ResourceSet>(endpoints::iam::resource_set(id)).await? {
        Peek::Found(set) if set.id != id => Peek::Absent,
        set => set,
    })
}

/// The custom role of this id.
pub(super) async fn role(op: &Operation<'_>, id: &str) -> Result<Peek<CustomRole>, Error> {
    Ok(match op.peek::<CustomRole>(endpoints::iam::role(id)).await? {
        Peek::Found(role) if role.id != id => Peek::Absent,
        role => role,
    })
}

/// What is learnt about the last member of a binding while it is taken out.
///
/// Whether a binding may lose its last member is not documented. One that may not has to go as a whole, and with it
/// members added at that moment: Okta knows no deletion on condition. So the members are looked at directly before, and
/// the deletion is sent promptly or not at all.
#[derive(Debug, Default)]
pub(super) struct LastMember {
    /// By the last look it was the only member.
    alone: AtomicBool,
    /// Okta does not let it go.
    stuck: AtomicBool,
    /// That others came meanwhile, so that the binding stays.
    note: Mutex<Option<String>>,
}

impl LastMember {
    /// What somebody should know about the binding.
    pub(super) fn note(&self) -> Option<String> {
        lock(&self.note).clone()
    }

    /// A look has found `member` among `members`. Whether the binding has to go as a whole.
    fn seen(&self, member: &BindingMember, members: &[BindingMember]) -> bool {
        let alone = members.len() == 1;
        self.alone.store(alone, Ordering::Relaxed);
        let stuck = self.stuck.load(Ordering::Relaxed);
        if stuck && !alone {
            let name = |other: &BindingMember| match other.holder() {
                Some((kind, id)) => format!("{} {id}", kind.trim_end_matches('s')),
                None => format!("member {}", other.id),
            };
            let others: Vec<_> = members.iter().filter(|other| other.id != member.id).map(name).collect();
            let note = format!("the binding stays: {} came to it when its last member was to go", others.join(" and "));
            *lock(&self.note) = Some(note);
        }
        stuck && alone
    }

    /// Okta has refused to take the member out. Whether that is because it was the last one, and is said the first time.
    fn refused(&self) -> bool {
        self.alone.load(Ordering::Relaxed) && !self.stuck.swap(true, Ordering::Relaxed)
    }
}

/// That a user or group holds a role on a resource set, or does not hold it there.
pub(super) struct Membership<'a> {
    set: String,
    role: String,
    principal: Subject<'a>,
    holder: Holder<'a>,
    wanted: bool,
    last: Arc<LastMember>,
    /// What is known of a binding that may not be looked at.
    unseen: Mutex<Option<Unseen>>,
}

/// A binding that may not be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unseen {
    /// It may be there.
    Unknown,
    /// Okta has answered that it is not.
    Absent,
}

impl<'a> Membership<'a> {
    pub(super) fn new(binding: Subject<'a>, principal: Subject<'a>, wanted: bool) -> Result<Self, ChangeError> {
        let (set, role) = parts(binding)?;
        Self::at(set, role, principal, wanted, Arc::default())
    }

    /// In the binding of `role` on `set`. What is learnt about its last member is kept in `last`.
    pub(super) fn at(
        set: &str,
        role: &str,
        principal: Subject<'a>,
        wanted: bool,
        last: Arc<LastMember>,
    ) -> Result<Self, ChangeError> {
        let holder = principal.holder("custom roles on resource sets")?;
        let (set, role) = (set.to_owned(), role.to_owned());
        Ok(Self { set, role, principal, holder, wanted, last, unseen: Mutex::new(None) })
    }

    pub(super) async fn see(&self, op: &Operation<'_>) -> Result<Observation, Error> {
        let (set, role) = (self.set.as_str(), self.role.as_str());
        let members = match members(op, set, role).await? {
            Peek::Found(members) => members,
            Peek::Absent => return self.see_unbound(op).await,
            Peek::Refused(error) if self.wanted => return self.see_nothing(op, error),
            // By which id the principal is a member has to be read.
            Peek::Refused(error) => return Err(error),
        };
        let own = members.iter().find(|member| self.is(member));
        match own {
            Some(_) if self.wanted => Ok(Observation::Satisfied(None)),
            Some(own) if self.last.seen(own, &members) => {
                Observation::pending(bindings::delete(set, role).map(Request::promptly))
            }
            Some(own) => Observation::pending(bindings::remove_member(set, role, &own.id)),
            None if self.wanted => Observation::pending(bindings::add_members(op.org(), set, role, &[self.holder])),
            None => Ok(Observation::Satisfied(self.last.note())),
        }
    }

    /// Whether there is a binding, and who is in it, may not be looked at. Adding somebody to one that is not there is
    /// refused, and so is making one that is there.
    fn see_nothing(&self, op: &Operation<'_>, refused: Error) -> Result<Observation, Error> {
        let (set, role, holders) = (self.set.as_str(), self.role.as_str(), [self.holder]);
        let mut unseen = lock(&self.unseen);
        let request = match unseen.get_or_insert(Unseen::Unknown) {
            Unseen::Unknown => bindings::add_members(op.org(), set, role, &holders),
            Unseen::Absent => bindings::create(op.org(), set, role, &holders),
        };
        Ok(Observation::Unseen(request?, refused))
    }

    /// Nobody holds the role on the set, which may be because there is no set or no role.
    async fn see_unbound(&self, op: &Operation<'_>) -> Result<Observation, Error> {
        let (set_id, role_id) = (self.set.as_str(), self.role.as_str());
        if !self.wanted && op.made() > 0 {
            return Ok(Observation::Satisfied(None));
        }
        let the_set = set(op, set_id).await?;
        // Standard roles are known without asking, and are in every org.
        let the_role = if is_standard(role_id) { None } else { Some(role(op, role_id).await?) };
        let missing = if the_set.is_absent() {
            Some(Subject::unnamed(resource_set::ID, set_id))
        } else if the_role.as_ref().is_some_and(Peek::is_absent) {
            Some(Subject::unnamed(custom_role::ID, role_id))
        } else {
            None
        };
        let is_this_org = the_set.is_found() || the_role.as_ref().is_some_and(Peek::is_found);
        match missing {
            Some(missing) if self.wanted => Ok(Observation::Impossible(errors::no_such(missing))),
            None if self.wanted => Observation::pending(bindings::create(op.org(), set_id, role_id, &[self.holder])),
            missing if is_this_org => {
                let gone = |missing| format!("there is no {missing} in Okta any more");
                Ok(Observation::Satisfied(Some(
                    missing.map_or_else(|| "nobody holds the role on the set any more".to_owned(), gone),
                )))
            }
            _ => {
                let set = Subject::unnamed(resource_set::ID, set_id);
                let what = if is_standard(role_id) {
                    format!("{set} was not found")
                } else {
                    format!("neither {set} nor {} was found", Subject::unnamed(custom_role::ID, role_id))
                };
                Ok(Observation::Impossible(errors::not_in_this_org(&what, op.org())))
            }
        }
    }

    /// Remembers that there is no binding, if it may not be looked at and this is the first word about it.
    fn is_unbound(&self) -> bool {
        let mut unseen = lock(&self.unseen);
        let first = *unseen == Some(Unseen::Unknown);
        if first {
            *unseen = Some(Unseen::Absent);
        }
        first
    }

    /// Whether a member is the principal: of the same kind, and with the same id.
    fn is(&self, member: &BindingMember) -> bool {
        let wanted = match self.holder {
            Holder::User(id) => ("users", id),
            Holder::Group(id) => ("groups", id),
        };
        member.holder() == Some(wanted)
    }

    /// The principal, if Okta does not know it.
    async fn missing_principal(&self, op: &Operation<'_>) -> Option<ChangeError> {
        let exists = match self.holder {
            Holder::User(id) => op.find::<User>(endpoints::users::get(id)).await.map(|user| user.is_some()),
            Holder::Group(id) => op.find::<GroupDetails>(endpoints::groups::get(id)).await.map(|group| group.is_some()),
        };
        matches!(exists, Ok(false)).then(|| errors::no_such(self.principal))
    }
}

impl DesiredState for Membership<'_> {
    fn doing(&self) -> String {
        let place = format!("custom role {} on resource set {}", self.role, self.set);
        if self.wanted {
            format!("giving {place} to {}", self.principal)
        } else {
            format!("taking {place} away from {}", self.principal)
        }
    }

    fn unmet(&self) -> String {
        let holds = if self.wanted { "does not hold" } else { "holds" };
        format!("{} {holds} custom role {} on resource set {}", self.principal, self.role, self.set)
    }

    fn look<'a>(&'a self, op: &'a Operation<'_>) -> BoxFuture<'a, Result<Observation, Error>> {
        self.see(op).boxed()
    }

    fn judge<'a>(&'a self, op: &'a Operation<'_>, error: &'a Error) -> BoxFuture<'a, Option<ChangeError>> {
        async move {
            if errors::is_gone(error) && self.is_unbound() {
                return None;
            }
            if self.wanted
                && errors::is_gone(error)
                && let Some(missing) = self.missing_principal(op).await
            {
                return Some(missing);
            }
            let refused = matches!(error.kind(), ErrorKind::Invalid | ErrorKind::Conflict);
            if !self.wanted && refused && self.last.refused() {
                return None;
            }
            Some(errors::failed(&self.doing(), error))
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use okta_client::models::record_from_json;

    use super::*;
    use crate::ids::{group, resource_set_binding, user};

    #[test]
    fn a_member_is_known_by_kind_and_id() {
        let member = |path: &str| {
            let member = format!(r#"{{"id":"irb1","_links":{{"self":{{"href":"https://acme.okta.com{path}"}}}}}}"#);
            record_from_json::<BindingMember>(member.as_bytes()).unwrap()
        };
        let of = |kind| Membership::at("iam1", "cr01", Subject::unnamed(kind, "00x1"), false, Arc::default()).unwrap();
        for (kind, own) in [(user::ID, "/api/v1/users/00x1"), (group::ID, "/api/v1/groups/00x1")] {
            for path in ["/api/v1/users/00x1", "/api/v1/groups/00x1", "/oauth2/v1/clients/00x1", "/api/v1/users/00x12"]
            {
                assert_eq!(of(kind).is(&member(path)), path == own, "{kind} {path}");
            }
        }
    }

    #[test]
    fn the_id_of_a_binding_has_two_parts() {
        let parts = |id| parts(Subject::unnamed(resource_set_binding::ID, id)).ok();
        assert_eq!(parts("iam1:cr01"), Some(("iam1", "cr01")));
        for id in ["", ":", "iam1", "iam1:", ":cr01", "iam1:cr01:x"] {
            assert_eq!(parts(id), None, "{id}");
        }
    }
}
