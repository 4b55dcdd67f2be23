//! Standard admin roles of users and of groups (`docs/spec/okta-provisioning.md` 4.3).
//!
//! The id of an assignment is the same for everybody who holds one of the older roles, so that an assignment is only ever
//! named together with its holder.

use baton_connector::ChangeError;
use futures::FutureExt;
use futures::future::BoxFuture;
use okta_client::endpoints::bindings::Holder;
use okta_client::endpoints::roles::Role;
use okta_client::models::{GroupDetails, RoleAssignment};
use okta_client::{Error, Request, endpoints};

use super::errors;
use super::operation::Operation;
use super::peek::Peek;
use super::reconcile::{DesiredState, Observation};
use super::subject::Subject;
use super::targets::{self, Limits};
use crate::ids::group;

/// Whether a role's id is the type of a standard role. Ids of custom roles have small letters or digits.
pub(super) fn is_standard(id: &str) -> bool {
    !id.is_empty() && id.chars().all(|c| c.is_ascii_uppercase() || c == '_')
}

/// The present admin roles of a user or group.
pub(super) async fn assignments(op: &Operation<'_>, holder: Holder<'_>) -> Result<Peek<Assignments>, Error> {
    let (list, own) = match holder {
        Holder::User(id) => (endpoints::roles::of_user(id), "USER"),
        Holder::Group(id) => (endpoints::groups::roles(id), "GROUP"),
    };
    Ok(op.peek_all(list).await?.map(|all| Assignments { all, own }))
}

/// The admin roles of a user or group.
pub(super) struct Assignments {
    all: Vec<RoleAssignment>,
    /// What Okta calls those that are the holder's own. A user's list also has those of the user's groups.
    own: &'static str,
}

impl Assignments {
    /// The holder's own active assignments that `is` picks.
    pub(super) fn own<'s>(
        &'s self,
        is: impl Fn(&RoleAssignment) -> bool + 's,
    ) -> impl Iterator<Item = &'s RoleAssignment> + 's {
        self.all.iter().filter(move |role| is(role) && is_active(role) && self.is_own(role))
    }

    /// The active assignments that `is` picks and that come through a group, with the group's id where Okta names it.
    pub(super) fn inherited<'s>(
        &'s self,
        is: impl Fn(&RoleAssignment) -> bool + 's,
    ) -> impl Iterator<Item = (&'s RoleAssignment, Option<&'s str>)> + 's {
        let others = self.all.iter().filter(move |role| is(role) && is_active(role) && !self.is_own(role));
        others.map(|role| (role, role.links.assignee.last_segment()))
    }

    fn is_own(&self, role: &RoleAssignment) -> bool {
        role.assignment_type.as_deref().is_none_or(|assigned_to| assigned_to == self.own)
    }
}

fn is_active(role: &RoleAssignment) -> bool {
    role.status.as_deref() != Some("INACTIVE")
}

/// Groups through which a role comes, in words.
pub(super) fn groups(ids: &[Option<&str>]) -> String {
    let mut names: Vec<_> = ids
        .iter()
        .map(|id| {
            id.map_or_else(
                || "a group that Okta does not name".to_owned(),
                |id| Subject::unnamed(group::ID, id).to_string(),
            )
        })
        .collect();
    names.dedup();
    names.join(" and ")
}

/// The refusal to take a role from a user who has it through a group.
pub(super) fn comes_through(role: Subject<'_>, user: Subject<'_>, ids: &[Option<&str>], after: bool) -> ChangeError {
    let through = groups(ids);
    let why = if after {
        format!(
            "the direct assignment of {role} to {user} has been taken away, but {user} still has it through {through}"
        )
    } else {
        format!("{user} has {role} through {through}, not directly, so that it cannot be taken away by itself")
    };
    errors::refused(why, "take the user out of the group, or the role away from the group")
}

/// That a user or group holds a standard role itself, for the whole org, or does not hold it.
pub(super) struct StandardRole<'a> {
    role: Subject<'a>,
    principal: Subject<'a>,
    holder: Holder<'a>,
    wanted: bool,
}

impl<'a> StandardRole<'a> {
    pub(super) fn new(role: Subject<'a>, principal: Subject<'a>, wanted: bool) -> Result<Self, ChangeError> {
        let holder = principal.holder("admin roles")?;
        Ok(Self { role, principal, holder, wanted })
    }

    async fn see(&self, op: &Operation<'_>) -> Result<Observation, Error> {
        match assignments(op, self.holder).await? {
            Peek::Found(assignments) if self.wanted => self.see_wanted(op, &assignments).await,
            Peek::Found(assignments) => self.see_unwanted(op, &assignments).await,
            Peek::Absent if self.wanted => Ok(Observation::Impossible(errors::no_such(self.principal))),
            Peek::Absent if op.made() > 0 => Ok(Observation::Satisfied(None)),
            // Every org has the role, so that it does not show which org this is.
            Peek::Absent => {
                let what = format!("{} was not found", self.principal);
                Ok(Observation::Impossible(errors::not_in_this_org(&what, op.org())))
            }
            Peek::Refused(error) if self.wanted => self.give(op, Some(error)).await,
            // Which assignment it is has to be read.
            Peek::Refused(error) => Err(error),
        }
    }

    async fn see_wanted(&self, op: &Operation<'_>, assignments: &Assignments) -> Result<Observation, Error> {
        let is = |role: &RoleAssignment| role.role_type.as_deref() == Some(self.role.id);
        if let Some(own) = assignments.own(is).next() {
            return Ok(match targets::of(op, self.holder, self.role.id, &own.id).await? {
                Limits::To(limits) => Observation::Impossible(self.is_limited(&limits)),
                Limits::None => Observation::Satisfied(None),
                Limits::Unseen => {
                    Observation::Satisfied(Some("whether it is limited to groups or apps could not be seen".to_owned()))
                }
            });
        }
        for (role, through) in assignments.inherited(is) {
            let limits = match through {
                Some(id) => targets::of(op, Holder::Group(id), self.role.id, &role.id).await?,
                None => Limits::None,
            };
            if limits == Limits::None && op.made() == 0 {
                let through = groups(&[through]);
                return Ok(Observation::Satisfied(Some(format!("{} has it through {through}", self.principal))));
            }
        }
        self.give(op, None).await
    }

    /// The role is to be given. `refused` is why the present ones could not be read, if so.
    async fn give(&self, op: &Operation<'_>, refused: Option<Error>) -> Result<Observation, Error> {
        let role = Role::Standard(self.role.id);
        let request = match self.holder {
            Holder::User(id) => endpoints::roles::assign_to_user(id, role),
            Holder::Group(id) => {
                if let Some(refusal) = self.built_in(op, id).await? {
                    return Ok(Observation::Impossible(refusal));
                }
                endpoints::roles::assign_to_group(id, role)
            }
        };
        Observation::pending_or_unseen(request, refused)
    }

    async fn see_unwanted(&self, op: &Operation<'_>, assignments: &Assignments) -> Result<Observation, Error> {
        let is = |role: &RoleAssignment| role.role_type.as_deref() == Some(self.role.id);
        let mut needed: Vec<Request> = Vec::new();
        for own in assignments.own(is) {
            if let Limits::To(limits) = targets::of(op, self.holder, self.role.id, &own.id).await? {
                op.remark(format!(
                    "{} held {} limited to {limits}; these limits go with it, and a later grant is for the whole org",
                    self.principal, self.role
                ));
            }
            let request = match self.holder {
                Holder::User(id) => endpoints::roles::unassign_from_user(id, &own.id),
                Holder::Group(id) => endpoints::roles::unassign_from_group(id, &own.id),
            }?;
            if !needed.contains(&request) {
                needed.push(request);
            }
        }
        if !needed.is_empty() {
            return Ok(Observation::Pending(needed));
        }
        // A group has no roles through groups.
        let through: Vec<_> = assignments.inherited(is).map(|(_, group)| group).collect();
        if self.principal.is_user() && !through.is_empty() {
            return Ok(Observation::Impossible(comes_through(self.role, self.principal, &through, op.made() > 0)));
        }
        Ok(Observation::Satisfied(None))
    }

    /// The refusal for groups of Okta's own, which can hold no role.
    async fn built_in(&self, op: &Operation<'_>, id: &str) -> Result<Option<ChangeError>, Error> {
        let group = op.peek::<GroupDetails>(endpoints::groups::get(id)).await?.found();
        let built_in = group.is_some_and(|group| group.group_type.as_deref() == Some("BUILT_IN"));
        Ok(built_in.then(|| {
            let why =
                format!("{} is built in (BUILT_IN), and Okta lets such groups hold no admin role", self.principal);
            errors::refused(why, "use a group of your own")
        }))
    }

    /// The refusal to widen a role that is limited.
    fn is_limited(&self, limits: &str) -> ChangeError {
        let (role, principal) = (self.role, self.principal);
        let why = format!(
            "{principal} holds {role} limited to {limits}, and Okta has one assignment per role: granting it for the whole \
             org would lift those limits"
        );
        errors::refused(why, "change the assignment in the admin console, under Security > Administrators")
    }
}

impl DesiredState for StandardRole<'_> {
    fn doing(&self) -> String {
        if self.wanted {
            format!("giving {} to {}", self.role, self.principal)
        } else {
            format!("taking {} away from {}", self.role, self.principal)
        }
    }

    fn unmet(&self) -> String {
        let holds = if self.wanted { "does not hold" } else { "holds" };
        format!("{} {holds} {}", self.principal, self.role)
    }

    fn look<'a>(&'a self, op: &'a Operation<'_>) -> BoxFuture<'a, Result<Observation, Error>> {
        self.see(op).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_roles_are_known_by_their_ids() {
        for id in ["SUPER_ADMIN", "WORKFLOWS_ADMIN", "API_ACCESS_MANAGEMENT_ADMIN"] {
            assert!(is_standard(id), "{id}");
        }
        for id in ["", "cr0Yq6IJxGIr0ouum0g3", "cr0vault", "IFIFAX2BIRGUSTQ"] {
            assert!(!is_standard(id), "{id}");
        }
    }
}
