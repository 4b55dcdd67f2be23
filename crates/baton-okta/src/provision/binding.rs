//! Who holds a custom role on a resource set: the members of a binding (`docs/spec/okta-provisioning.md` 4.6).
//!
//! There is a binding for a role on a set as long as it has members.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use baton_connector::{ChangeError, Code};
use futures::FutureExt;
use futures::future::BoxFuture;
use okta_client::endpoints::bindings::{self, Holder};
use okta_client::models::{Binding, BindingMember, CustomRole, GroupDetails, ResourceSet, User};
use okta_client::{Error, ErrorKind, endpoints};

use super::aim::{Aim, Seen};
use super::errors;
use super::operation::Operation;
use super::role::is_standard;
use super::subject::Subject;
use crate::resources::{custom_role, resource_set};

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

/// The members of the binding of `role` on `set`, all of them; `None` if there is no such binding. Okta takes labels for
/// ids, so that what comes back has to be looked at.
pub(super) async fn members(op: &Operation<'_>, set: &str, role: &str) -> Result<Option<Vec<BindingMember>>, Error> {
    let binding = op.find::<Binding>(bindings::get(set, role)).await?;
    if binding.is_none_or(|binding| binding.id != role) {
        return Ok(None);
    }
    op.all_if_there(endpoints::iam::members(set, role)).await
}

/// Whether there is such a resource set.
pub(super) async fn set_exists(op: &Operation<'_>, id: &str) -> Result<bool, Error> {
    let set = op.find::<ResourceSet>(endpoints::iam::resource_set(id)).await?;
    Ok(set.is_some_and(|set| set.id == id))
}

/// Whether there is such a role. Standard roles are known without asking.
async fn role_exists(op: &Operation<'_>, id: &str) -> Result<bool, Error> {
    if is_standard(id) {
        return Ok(true);
    }
    let role = op.find::<CustomRole>(endpoints::iam::role(id)).await?;
    Ok(role.is_some_and(|role| role.id == id))
}

/// That a user or group holds a role on a resource set, or does not hold it there.
pub(super) struct Membership<'a> {
    set: String,
    role: String,
    principal: Subject<'a>,
    holder: Holder<'a>,
    wanted: bool,
    /// Okta does not let the last member go, so that the binding has to go.
    whole: Arc<AtomicBool>,
}

impl<'a> Membership<'a> {
    pub(super) fn new(binding: Subject<'a>, principal: Subject<'a>, wanted: bool) -> Result<Self, ChangeError> {
        let (set, role) = parts(binding)?;
        Self::at(set, role, principal, wanted, Arc::default())
    }

    /// In the binding of `role` on `set`. What is learnt about its last member is kept in `whole`.
    pub(super) fn at(
        set: &str,
        role: &str,
        principal: Subject<'a>,
        wanted: bool,
        whole: Arc<AtomicBool>,
    ) -> Result<Self, ChangeError> {
        let holder = principal.holder("custom roles on resource sets")?;
        let (set, role) = (set.to_owned(), role.to_owned());
        Ok(Self { set, role, principal, holder, wanted, whole })
    }

    pub(super) async fn see(&self, op: &Operation<'_>) -> Result<Seen, Error> {
        let (set, role) = (self.set.as_str(), self.role.as_str());
        let Some(members) = members(op, set, role).await? else {
            return self.see_unbound(op).await;
        };
        let own = members.iter().find(|member| self.is(member));
        match own {
            Some(_) if self.wanted => Ok(Seen::So(None)),
            Some(_) if members.len() == 1 && self.whole.load(Ordering::Relaxed) => {
                Seen::needs(bindings::delete(set, role))
            }
            Some(own) => Seen::needs(bindings::remove_member(set, role, &own.id)),
            None if self.wanted => Seen::needs(bindings::add_members(op.org(), set, role, &[self.holder])),
            None => Ok(Seen::So(None)),
        }
    }

    /// Nobody holds the role on the set, which may be because there is no set or no role.
    async fn see_unbound(&self, op: &Operation<'_>) -> Result<Seen, Error> {
        let (set, role) = (self.set.as_str(), self.role.as_str());
        if !self.wanted && op.made() > 0 {
            return Ok(Seen::So(None));
        }
        let missing = if !set_exists(op, set).await? {
            Some(Subject::unnamed(resource_set::ID, set))
        } else if !role_exists(op, role).await? {
            Some(Subject::unnamed(custom_role::ID, role))
        } else {
            None
        };
        match missing {
            _ if !self.wanted => {
                let gone = |missing| format!("there is no {missing} in Okta any more");
                Ok(Seen::So(Some(missing.map_or_else(|| "nobody holds the role on the set any more".to_owned(), gone))))
            }
            Some(missing) => Ok(Seen::Never(errors::no_such(missing))),
            None => Seen::needs(bindings::create(op.org(), set, role, &[self.holder])),
        }
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

impl Aim for Membership<'_> {
    fn doing(&self) -> String {
        let place = format!("custom role {} on resource set {}", self.role, self.set);
        if self.wanted {
            format!("giving {place} to {}", self.principal)
        } else {
            format!("taking {place} away from {}", self.principal)
        }
    }

    fn look<'a>(&'a self, op: &'a Operation<'_>) -> BoxFuture<'a, Result<Seen, Error>> {
        self.see(op).boxed()
    }

    fn judge<'a>(&'a self, op: &'a Operation<'_>, error: &'a Error) -> BoxFuture<'a, Option<ChangeError>> {
        async move {
            if self.wanted
                && errors::is_gone(error)
                && let Some(missing) = self.missing_principal(op).await
            {
                return Some(missing);
            }
            // Whether a binding may lose its last member is not documented. One that may not has to go as a whole; that it
            // has no other members is looked at once more before.
            let refused = matches!(error.kind(), ErrorKind::Invalid | ErrorKind::Conflict);
            if !self.wanted && refused && !self.whole.swap(true, Ordering::Relaxed) {
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
    use crate::resources::{group, resource_set_binding, user};

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
