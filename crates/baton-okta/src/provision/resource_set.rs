//! Resource sets, which are "granted" to the roles that are bound on them (`docs/spec/okta-provisioning.md` 4.5).

use std::sync::atomic::{AtomicUsize, Ordering};

use baton_connector::{ChangeError, Code, ids};
use futures::FutureExt;
use futures::future::BoxFuture;
use okta_client::{Error, endpoints};

use super::operation::Operation;
use super::peek::Peek;
use super::reconcile::{DesiredState, Observation};
use super::subject::Subject;
use super::{binding, errors};
use crate::ids::{custom_role, resource_set_binding};

/// The refusal to grant a set: a role is bound on it by giving the role to somebody there, and only so.
pub(super) fn no_grant(set: Subject<'_>, principal: Subject<'_>) -> ChangeError {
    let role = if principal.kind == custom_role::ID { principal.id } else { "<custom role>" };
    let binding = resource_set_binding::entitlement_id(&format!("{}:{role}", set.id));
    let message = format!(
        "{set} cannot be granted to {principal}: Okta binds a custom role on a resource set together with a user or group \
         that is to hold it\n\
         hint: grant {binding} to that user or group"
    );
    ChangeError::new(Code::Unimplemented, message)
}

/// That a role is not bound on a set: nobody holds it there.
pub(super) struct Unbinding<'a> {
    set: Subject<'a>,
    role: Subject<'a>,
    /// How many held the role.
    held_by: AtomicUsize,
}

impl<'a> Unbinding<'a> {
    pub(super) fn new(set: Subject<'a>, role: Subject<'a>) -> Result<Self, ChangeError> {
        if role.kind == custom_role::ID {
            return Ok(Self { set, role, held_by: AtomicUsize::new(0) });
        }
        Err(role.wrong_kind("custom roles", "a resource set"))
    }

    async fn see(&self, op: &Operation<'_>) -> Result<Observation, Error> {
        let delete = || endpoints::bindings::delete(self.set.id, self.role.id);
        match binding::members(op, self.set.id, self.role.id).await? {
            Peek::Found(members) => {
                self.held_by.store(members.len(), Ordering::Relaxed);
                return Observation::pending(delete());
            }
            Peek::Refused(error) => return Ok(Observation::Unseen(delete()?, error)),
            Peek::Absent => {}
        }
        if op.made() > 0 {
            let held_by = self.held_by.load(Ordering::Relaxed);
            return Ok(Observation::Satisfied(Some(format!("members that held {} there: {held_by}", self.role))));
        }
        if binding::set(op, self.set.id).await?.is_found() {
            return Ok(Observation::Satisfied(None));
        }
        if binding::role(op, self.role.id).await?.is_found() {
            return Ok(Observation::Satisfied(Some(format!("there is no {} in Okta any more", self.set))));
        }
        let what = format!("neither {} nor {} was found", self.set, self.role);
        Ok(Observation::Impossible(errors::not_in_this_org(&what, op.org())))
    }
}

impl DesiredState for Unbinding<'_> {
    fn doing(&self) -> String {
        format!("ending the binding of {} on {}", self.role, self.set)
    }

    fn unmet(&self) -> String {
        format!("{} is bound on {}", self.role, self.set)
    }

    fn look<'a>(&'a self, op: &'a Operation<'_>) -> BoxFuture<'a, Result<Observation, Error>> {
        self.see(op).boxed()
    }
}

/// The ids of the grants and entitlements that name a role on a set.
pub(super) fn binding_grant(set: &str, role: &str, principal: Subject<'_>) -> String {
    let entitlement = resource_set_binding::entitlement_id(&format!("{set}:{role}"));
    ids::grant(&entitlement, principal.kind, principal.id)
}
