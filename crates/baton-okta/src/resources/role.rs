//! Standard admin roles: ten of them, the same in every org, held by users and by groups (`okta-sync.md` 6.4, 6.2).
//!
//! Who holds a role is asked once per administrator and once per administering group, for all roles together.

use std::sync::Arc;

use baton_connector::{FetchError, Gap, GapKind, GrantDraft, Page, Principal, Work, WorkKind, build, ids};
use baton_proto::c1::connector::v2::{
    Entitlement, GrantExpandable, Resource, ResourceType, RoleTrait, resource_type::Trait,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use okta_client::models::RoleAssignment;
use okta_client::{Bucket, endpoints};

use super::{Below, Context, Kind, Module, begin, describe, gap, group, user};
use crate::errors::{self, Refused};
use crate::profile::Profile;
use crate::scope::Scope;

/// The resource type's id.
pub(crate) const ID: &str = "role";

/// The roles themselves; needs no request.
pub(crate) const ROLES: WorkKind = "roles";
/// The users who hold any role.
pub(crate) const ASSIGNEES: WorkKind = "assignees";
/// The roles of one user.
pub(crate) const USER_ROLES: WorkKind = "user-roles";
/// The roles of one group.
pub(crate) const GROUP_ROLES: WorkKind = "group-roles";

/// The resource type `role`.
pub(crate) const MODULE: Module = Module {
    resource_type,
    kinds: &[
        Kind { name: ROLES, label: "roles", bucket: Bucket::Iam, fetch: list_roles },
        Kind { name: ASSIGNEES, label: "administrators", bucket: Bucket::Iam, fetch: fetch_assignees },
        Kind { name: USER_ROLES, label: "roles of users", bucket: Bucket::Users, fetch: fetch_user_roles },
        Kind { name: GROUP_ROLES, label: "roles of groups", bucket: Bucket::Groups, fetch: fetch_group_roles },
    ],
    start,
};

const SLUG: &str = "assigned";

/// The standard roles, by type, with their labels.
const STANDARD: [(&str, &str); 10] = [
    ("API_ACCESS_MANAGEMENT_ADMIN", "API Access Management Administrator"),
    ("MOBILE_ADMIN", "Mobile Administrator"),
    ("ORG_ADMIN", "Organizational Administrator"),
    ("READ_ONLY_ADMIN", "Read-Only Administrator"),
    ("REPORT_ADMIN", "Report Administrator"),
    ("SUPER_ADMIN", "Super Administrator"),
    ("USER_ADMIN", "Group Administrator"),
    ("HELP_DESK_ADMIN", "Help Desk Administrator"),
    ("APP_ADMIN", "Application Administrator"),
    ("GROUP_MEMBERSHIP_ADMIN", "Group Membership Administrator"),
];

/// The detail of [`GROUP_ROLES`] of a group that certainly has no members.
const EMPTY_GROUP: &str = "empty";

/// The description of the resource type.
pub(crate) fn resource_type() -> ResourceType {
    describe(ID, "Role", Trait::Role, false, ["okta.roles.read", "okta.roles.manage"])
}

/// The work that reads the roles of a group.
pub(crate) fn roles_of_group(group: &str, is_empty: bool) -> Work {
    Work::new(GROUP_ROLES, group).with_detail(if is_empty { EMPTY_GROUP } else { "" })
}

fn start(scope: Scope) -> Vec<Work> {
    let mut works = Vec::new();
    if scope.roles {
        works.push(Work::new(ROLES, "").with_detail(scope.detail()));
    }
    if scope.user_roles() {
        works.push(Work::new(ASSIGNEES, ""));
    }
    works
}

fn list_roles<'a>(
    _context: &'a Context,
    work: &'a Work,
    _cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, FetchError>> {
    let resources: Vec<_> = STANDARD.iter().map(|(of, label)| resource(of, label)).collect();
    let entitlements = if Scope::parse(&work.detail).access {
        resources.iter().zip(STANDARD).map(|(resource, (of, label))| entitlement(resource, of, label)).collect()
    } else {
        Vec::new()
    };
    futures::future::ready(Ok(Page { resources, entitlements, ..Page::default() })).boxed()
}

fn fetch_assignees<'a>(
    context: &'a Context,
    _work: &'a Work,
    cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, FetchError>> {
    async move {
        let request = endpoints::roles::assignees(context.limit(200));
        let answer = context.client.page(&request, cursor).await;
        let answer = answer.map_err(|error| errors::fatal("listing the users with admin roles", &error))?;
        let mut page = begin(&answer, ID);
        page.opens = answer.items.iter().map(|assignee| Work::new(USER_ROLES, assignee.id.as_str())).collect();
        Ok(page)
    }
    .boxed()
}

fn fetch_user_roles<'a>(
    context: &'a Context,
    work: &'a Work,
    cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, FetchError>> {
    async move {
        let id = work.subject.as_str();
        let below = Below { resource_type: ID, what: "the roles of user", id, refused: Refused::Fatal };
        context
            .page_below(endpoints::roles::of_user(id), cursor, below, |roles, page| {
                Holder::user(id).add_grants(roles, page);
            })
            .await
    }
    .boxed()
}

fn fetch_group_roles<'a>(
    context: &'a Context,
    work: &'a Work,
    cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, FetchError>> {
    async move {
        let id = work.subject.as_str();
        let below = Below { resource_type: ID, what: "the roles of group", id, refused: Refused::Gap };
        context
            .page_below(endpoints::groups::roles(id), cursor, below, |roles, page| {
                Holder::group(id, work.detail == EMPTY_GROUP).add_grants(roles, page);
            })
            .await
    }
    .boxed()
}

fn resource(of: &str, label: &str) -> Resource {
    Resource {
        annotations: vec![build::v1_identifier(format!("role:{of}")), build::annotation(&RoleTrait::default())],
        profile: Some(Profile::default().text("id", "").text("label", label).text("type", of).build()),
        ..build::resource(ID, of, label)
    }
}

fn entitlement(resource: &Resource, of: &str, label: &str) -> Entitlement {
    build::assignment(
        resource,
        SLUG,
        format!("{label} Role Member"),
        format!("Has the {label} role in Okta"),
        vec![user::resource_type(), group::resource_type()],
        format!("role:{of}"),
    )
}

/// The direct members of a group hold what the group holds.
fn members_have_it_too(group: &str) -> GrantExpandable {
    GrantExpandable {
        entitlement_ids: vec![ids::entitlement(group::ID, group, group::SLUG)],
        shallow: true,
        ..GrantExpandable::default()
    }
}

/// Whose role assignments are looked at.
pub(super) struct Holder<'a> {
    /// Resource type of the holder.
    of: &'static str,
    id: &'a str,
    /// The assignments that are the holder's own; a user's list also shows what comes through groups, and that comes
    /// from the grants of the groups.
    assignment_type: &'static str,
    expandable: Option<GrantExpandable>,
}

impl<'a> Holder<'a> {
    pub(super) fn user(id: &'a str) -> Self {
        Self { of: user::ID, id, assignment_type: "USER", expandable: None }
    }

    /// Nobody but the group itself has the roles of a group without members.
    pub(super) fn group(id: &'a str, is_empty: bool) -> Self {
        let expandable = (!is_empty).then(|| members_have_it_too(id));
        Self { of: group::ID, id, assignment_type: "GROUP", expandable }
    }

    /// Adds a grant per role, and what is missing.
    pub(super) fn add_grants(&self, assignments: &[RoleAssignment], page: &mut Page) {
        let mut seen = Vec::new();
        for assignment in assignments {
            match self.judge(assignment) {
                Judgement::Grant(of) if seen.contains(&of) => {}
                Judgement::Grant(of) => {
                    seen.push(of);
                    page.grants.push(self.grant(of));
                }
                Judgement::Missing(gap) => page.gaps.push(gap),
                Judgement::NotOurs => {}
            }
        }
    }

    /// What an assignment means (`okta-sync.md` 6.2 step 2 and 6.4 step 3). Custom roles are no part of this type.
    fn judge<'r>(&self, assignment: &'r RoleAssignment) -> Judgement<'r> {
        let (Some(of), Some(assigned_to)) = (assignment.role_type.as_deref(), assignment.assignment_type.as_deref())
        else {
            return Judgement::Missing(self.gap(GapKind::Unmappable, "a role assignment names no type"));
        };
        let inactive = assignment.status.as_deref() == Some("INACTIVE");
        if inactive || assigned_to != self.assignment_type || of == "CUSTOM" {
            return Judgement::NotOurs;
        }
        if STANDARD.iter().any(|(standard, _)| *standard == of) {
            return Judgement::Grant(of);
        }
        let message =
            format!("the role {of} is not a standard role of this connector, and custom roles are not synced");
        Judgement::Missing(self.gap(GapKind::Dangling, &message))
    }

    fn grant(&self, of: &str) -> GrantDraft {
        let entitlement = Arc::new(build::entitlement_ref(ID, of, SLUG));
        let v1_prefix = Arc::from(format!("grant:role:{of}:"));
        let principal = Principal { resource_type: self.of, id: self.id.to_owned() };
        GrantDraft { expandable: self.expandable.clone(), ..GrantDraft::new(&entitlement, &v1_prefix, principal) }
    }

    fn gap(&self, kind: GapKind, message: &str) -> Gap {
        gap(kind, ID, self.id, format!("{} {}: {message}", self.of, self.id))
    }
}

/// What an assignment means.
enum Judgement<'a> {
    /// The holder has the role of this type.
    Grant(&'a str),
    /// The holder has something that cannot be shown.
    Missing(Gap),
    /// It is inactive, another's, or belongs to another resource type.
    NotOurs,
}

#[cfg(test)]
mod tests;
