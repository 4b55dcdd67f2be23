//! Custom roles. Okta gives one only together with a resource set, which the entitlement of the role does not name: it is
//! given through a binding's entitlement, and taken away where there is no doubt on which set it is held
//! (`docs/spec/okta-provisioning.md` 4.4).

use std::sync::Arc;

use baton_connector::{ChangeError, Code};
use futures::FutureExt;
use futures::future::BoxFuture;
use okta_client::endpoints::bindings::{self, Holder};
use okta_client::models::{Binding, ResourceSet, RoleAssignment};
use okta_client::{Error, endpoints};

use super::operation::Operation;
use super::peek::Peek;
use super::reconcile::{DesiredState, Observation};
use super::subject::Subject;
use super::{binding, errors, resource_set, role};
use crate::ids::resource_set_binding;

/// How many resource sets are looked through to name the bindings of a role.
const SETS_LOOKED_THROUGH: usize = 50;

/// Picks the assignments of the custom role with this id.
fn of_role(id: &str) -> impl Fn(&RoleAssignment) -> bool + '_ {
    move |assignment| assignment.role_type.as_deref() == Some("CUSTOM") && assignment.role.as_deref() == Some(id)
}

/// That somebody holds a custom role, on whatever resource set.
pub(super) struct RoleGrant<'a> {
    role: Subject<'a>,
    principal: Subject<'a>,
    holder: Holder<'a>,
}

impl<'a> RoleGrant<'a> {
    pub(super) fn new(role: Subject<'a>, principal: Subject<'a>) -> Result<Self, ChangeError> {
        Ok(Self { role, principal, holder: principal.holder("custom roles")? })
    }

    async fn see(&self, op: &Operation<'_>) -> Result<Observation, Error> {
        let assignments = match role::assignments(op, self.holder).await? {
            Peek::Found(assignments) => assignments,
            Peek::Absent => return Ok(Observation::Impossible(errors::no_such(self.principal))),
            Peek::Refused(error) => return Err(error),
        };
        if let Some(own) = assignments.own(of_role(self.role.id)).next() {
            let set = own.resource_set.as_deref().unwrap_or("that Okta does not name");
            return Ok(Observation::Satisfied(Some(format!("{} holds it on resource set {set}", self.principal))));
        }
        let through: Vec<_> = assignments.inherited(of_role(self.role.id)).map(|(_, group)| group).collect();
        if self.principal.is_user() && !through.is_empty() {
            return Ok(Observation::Satisfied(Some(format!(
                "{} has it through {}",
                self.principal,
                role::groups(&through)
            ))));
        }
        let bound = self.bound(op).await?;
        Ok(Observation::Impossible(self.names_no_set(&bound)))
    }

    /// The entitlements of the role's bindings.
    async fn bound(&self, op: &Operation<'_>) -> Result<Vec<String>, Error> {
        let sets = op.all::<ResourceSet>(Ok(endpoints::iam::resource_sets())).await?;
        let mut bound = Vec::new();
        for set in sets.iter().take(SETS_LOOKED_THROUGH) {
            let binding = op.find::<Binding>(bindings::get(&set.id, self.role.id)).await?;
            if binding.is_some_and(|binding| binding.id == self.role.id) {
                bound.push(resource_set_binding::entitlement_id(&format!("{}:{}", set.id, self.role.id)));
            }
        }
        Ok(bound)
    }

    fn names_no_set(&self, bound: &[String]) -> ChangeError {
        let instead = match bound {
            [] => {
                let any = resource_set_binding::entitlement_id(&format!("<resource set>:{}", self.role.id));
                format!("the role is bound on no resource set yet; bind it in the admin console, sync, and grant {any}")
            }
            bound => format!("grant the entitlement of one of its bindings instead: {}", bound.join(", ")),
        };
        let message = format!(
            "{} cannot be granted to {} by itself: Okta gives a custom role only on a resource set, and this entitlement \
             names none\n\
             hint: {instead}",
            self.role, self.principal
        );
        ChangeError::new(Code::Unimplemented, message)
    }
}

impl DesiredState for RoleGrant<'_> {
    fn doing(&self) -> String {
        format!("giving {} to {}", self.role, self.principal)
    }

    fn unmet(&self) -> String {
        format!("{} does not hold {}", self.principal, self.role)
    }

    fn look<'a>(&'a self, op: &'a Operation<'_>) -> BoxFuture<'a, Result<Observation, Error>> {
        self.see(op).boxed()
    }
}

/// That somebody does not hold a custom role. Done if it is held on one resource set.
pub(super) struct RoleRevocation<'a> {
    role: Subject<'a>,
    principal: Subject<'a>,
    holder: Holder<'a>,
    /// What was learnt about the last member of the binding.
    last: Arc<binding::LastMember>,
}

impl<'a> RoleRevocation<'a> {
    pub(super) fn new(role: Subject<'a>, principal: Subject<'a>) -> Result<Self, ChangeError> {
        Ok(Self { role, principal, holder: principal.holder("custom roles")?, last: Arc::default() })
    }

    async fn see(&self, op: &Operation<'_>) -> Result<Observation, Error> {
        let assignments = match role::assignments(op, self.holder).await? {
            Peek::Found(assignments) => assignments,
            Peek::Absent if op.made() > 0 => return Ok(Observation::Satisfied(None)),
            Peek::Absent => return self.see_no_principal(op).await,
            // On which resource set, and by which assignment, has to be read.
            Peek::Refused(error) => return Err(error),
        };
        let own: Vec<_> = assignments.own(of_role(self.role.id)).collect();
        match own.as_slice() {
            [] => {
                let through: Vec<_> = assignments.inherited(of_role(self.role.id)).map(|(_, group)| group).collect();
                if self.principal.is_user() && !through.is_empty() {
                    let error = role::comes_through(self.role, self.principal, &through, op.made() > 0);
                    return Ok(Observation::Impossible(error));
                }
                Ok(Observation::Satisfied(self.last.note()))
            }
            [one] => match one.resource_set.as_deref() {
                Some(set) => self.see_on(op, set, &one.id).await,
                None => self.by_assignment(&one.id),
            },
            several => Ok(Observation::Impossible(self.on_several(several))),
        }
    }

    /// There is no such principal. That the role is there shows that this is the org of the grant.
    async fn see_no_principal(&self, op: &Operation<'_>) -> Result<Observation, Error> {
        if binding::role(op, self.role.id).await?.is_found() {
            return Ok(Observation::Satisfied(Some(format!("there is no {} in Okta any more", self.principal))));
        }
        let what = format!("neither {} nor {} was found", self.principal, self.role);
        Ok(Observation::Impossible(errors::not_in_this_org(&what, op.org())))
    }

    /// The role is held on this set alone.
    async fn see_on(&self, op: &Operation<'_>, set: &str, assignment: &str) -> Result<Observation, Error> {
        let member = match self.membership(set) {
            Ok(member) => member,
            Err(error) => return Ok(Observation::Impossible(error)),
        };
        match member.see(op).await {
            // The list of assignments trails behind the binding.
            Ok(Observation::Satisfied(_)) if op.made() > 0 => Ok(Observation::Satisfied(self.last.note())),
            Ok(Observation::Satisfied(_)) => self.by_assignment(assignment),
            // The members may not be looked at; the assignment is known.
            Err(error) if errors::is_refusal(&error) => self.by_assignment(assignment),
            seen => seen,
        }
    }

    fn by_assignment(&self, assignment: &str) -> Result<Observation, Error> {
        Observation::pending(match self.holder {
            Holder::User(id) => endpoints::roles::unassign_from_user(id, assignment),
            Holder::Group(id) => endpoints::roles::unassign_from_group(id, assignment),
        })
    }

    fn membership(&self, set: &str) -> Result<binding::Membership<'a>, ChangeError> {
        binding::Membership::at(set, self.role.id, self.principal, false, Arc::clone(&self.last))
    }

    fn on_several(&self, assignments: &[&RoleAssignment]) -> ChangeError {
        let sets = assignments.iter().filter_map(|assignment| assignment.resource_set.as_deref());
        let grants: Vec<_> = sets.map(|set| resource_set::binding_grant(set, self.role.id, self.principal)).collect();
        let why = format!(
            "{} holds {} on {} resource sets, and this grant names none",
            self.principal,
            self.role,
            grants.len()
        );
        errors::refused(why, &format!("revoke the grants of its bindings instead: {}", grants.join(", ")))
    }
}

impl DesiredState for RoleRevocation<'_> {
    fn doing(&self) -> String {
        format!("taking {} away from {}", self.role, self.principal)
    }

    fn unmet(&self) -> String {
        format!("{} holds {}", self.principal, self.role)
    }

    fn look<'a>(&'a self, op: &'a Operation<'_>) -> BoxFuture<'a, Result<Observation, Error>> {
        self.see(op).boxed()
    }

    fn judge<'a>(&'a self, op: &'a Operation<'_>, error: &'a Error) -> BoxFuture<'a, Option<ChangeError>> {
        async move {
            // On which set does not matter for what a refusal means.
            match self.membership("") {
                Ok(member) => member.judge(op, error).await,
                Err(error) => Some(error),
            }
        }
        .boxed()
    }
}
