//! Standard admin roles: ten of them, the same in every org, held by users and by groups (`docs/spec/okta-sync.md` 6.4,
//! 6.2).
//!
//! Who holds a role is asked once per administrator and once per administering group, for all roles together; what of
//! that belongs to `custom_role.rs` is told to it.

use std::sync::Arc;

use baton_connector::{
    FetchError, Gap, GapKind, GrantDraft, Options, Page, Principal, Reuse, Work, WorkKind, build, ids,
};
use baton_proto::c1::connector::v2::{
    Entitlement, GrantExpandable, Resource, ResourceType, RoleTrait, resource_type::Trait,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use okta_client::models::RoleAssignment;
use okta_client::{Bucket, endpoints};

use super::single::Single;
use super::{Below, Context, Kind, Module, custom_role, describe, gap, group, user};
use crate::errors::Refused;
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
/// One role; needs no request.
pub(crate) const ONE_ROLE: WorkKind = "one-role";

/// The resource type `role`.
pub(crate) const MODULE: Module = Module {
    resource_type,
    exists: |_| true,
    kinds: &[
        Kind { name: ROLES, label: "roles", bucket: Bucket::Iam, fetch: list_roles },
        Kind { name: ASSIGNEES, label: "administrators", bucket: Bucket::Iam, fetch: fetch_assignees },
        Kind { name: USER_ROLES, label: "roles of users", bucket: Bucket::Users, fetch: fetch_user_roles },
        Kind { name: GROUP_ROLES, label: "roles of groups", bucket: Bucket::Groups, fetch: fetch_group_roles },
        Kind { name: ONE_ROLE, label: "single roles", bucket: Bucket::Iam, fetch: one_role },
    ],
    start,
    single: (ID, ONE_ROLE),
};

/// The entitlement that every role has.
pub(crate) const SLUG: &str = "assigned";

/// The standard roles, by type, with their labels.
pub(crate) const STANDARD: [(&str, &str); 10] = [
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

/// The word in the detail of [`GROUP_ROLES`] for a group that certainly has no members.
const EMPTY_GROUP: &str = "empty";

/// Which roles somebody's assignments are looked through for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The ten of this type.
    pub standard: bool,
    /// All others.
    pub custom: bool,
}

impl Wanted {
    fn by(scope: Scope) -> Self {
        Self { standard: scope.roles, custom: scope.custom_roles }
    }

    fn parse(detail: &str) -> Self {
        let has = |word: &str| detail.split(' ').any(|part| part == word);
        Self { standard: has(ID), custom: has(custom_role::ID) }
    }

    fn detail(self) -> String {
        let words = [(self.standard, ID), (self.custom, custom_role::ID)];
        words.into_iter().filter(|(wanted, _)| *wanted).map(|(_, word)| word).collect::<Vec<_>>().join(" ")
    }

    /// The resource type that is incomplete when the assignments cannot be read.
    fn resource_type(self) -> &'static str {
        if self.standard { ID } else { custom_role::ID }
    }
}

/// The description of the resource type.
pub(crate) fn resource_type() -> ResourceType {
    describe(ID, "Role", Some(Trait::Role), false, &["okta.roles.read", "okta.roles.manage"])
}

/// The work that reads the roles of a group.
pub(crate) fn roles_of_group(group: &str, scope: Scope, is_empty: bool) -> Work {
    let mut detail = Wanted::by(scope).detail();
    if is_empty {
        detail = format!("{detail} {EMPTY_GROUP}");
    }
    Work::new(GROUP_ROLES, group).with_detail(detail).reusable(Reuse::UnlessChanged)
}

fn start(scope: Scope) -> Vec<Work> {
    let mut works = Vec::new();
    if scope.roles {
        works.push(Work::new(ROLES, "").with_detail(scope.detail()));
    }
    if scope.user_roles() {
        works.push(Work::new(ASSIGNEES, "").with_detail(Wanted::by(scope).detail()));
    }
    works
}

fn list_roles<'a>(
    _context: &'a Context,
    work: &'a Work,
    _cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, FetchError>> {
    let resources: Vec<_> = STANDARD.iter().map(|(of, label)| resource(of, label)).collect();
    let entitlements =
        if Scope::parse(&work.detail).access { resources.iter().map(entitlement).collect() } else { Vec::new() };
    futures::future::ready(Ok(Page { resources, entitlements, ..Page::default() })).boxed()
}

fn one_role<'a>(
    _context: &'a Context,
    work: &'a Work,
    _cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, FetchError>> {
    let single = Single::of(work);
    let page = match STANDARD.iter().find(|(of, _)| *of == single.id) {
        Some((of, label)) => {
            let resource = resource(of, label);
            let entitlements = single.scope.access.then(|| entitlement(&resource)).into_iter().collect();
            let opens = holders_of_named(work).into_iter().collect();
            Page { resources: vec![resource], entitlements, opens, ..Page::default() }
        }
        None => single.gone(ID, "role"),
    };
    futures::future::ready(Ok(page)).boxed()
}

/// What stands before the roles in a work's detail that a partial sync is about.
const ONLY: &str = "only:";

/// The roles that the operator named, for the detail of the work that reads one of them: who holds roles is asked once
/// for all of them.
pub(super) fn only(options: &Options) -> String {
    let named = options.resources.iter().map(|bid| &bid.resource);
    let roles = named.filter(|named| named.resource_type == ID || named.resource_type == custom_role::ID);
    // What cannot be the id of a role must not be taken for another word of the detail.
    let roles = roles.filter(|named| !named.id.contains(char::is_whitespace));
    roles.map(|named| format!(" {ONLY}{}:{}", named.resource_type, named.id)).collect()
}

/// The work that finds out who holds the roles that the operator named, opened by the work that reads one of them.
pub(super) fn holders_of_named(work: &Work) -> Option<Work> {
    let scope = Single::of(work).scope;
    let only: Vec<_> = work.detail.split(' ').filter(|word| word.starts_with(ONLY)).collect();
    let detail = format!("{} {}", Wanted::by(scope).detail(), only.join(" "));
    scope.user_roles().then(|| Work::new(ASSIGNEES, "").with_detail(detail))
}

/// Takes out of a page what is not about the roles that a partial sync is about.
fn keep_named(work: &Work, page: &mut Page) {
    let named: Vec<_> = work.detail.split(' ').filter_map(|word| word.strip_prefix(ONLY)).collect();
    if named.is_empty() {
        return;
    }
    let is_named = |resource_type: &str, id: &str| named.iter().any(|role| *role == format!("{resource_type}:{id}"));
    let has_named_id = |resource: Option<&Resource>| {
        resource.and_then(|resource| resource.id.as_ref()).is_some_and(|id| is_named(&id.resource_type, &id.resource))
    };
    page.grants.retain(|grant| is_named(&grant.entitlement.resource_type, &grant.entitlement.resource));
    page.resources.retain(|resource| has_named_id(Some(resource)));
    page.entitlements.retain(|entitlement| has_named_id(entitlement.resource.as_ref()));
    page.gaps.retain(|gap| gap.kind != GapKind::Unresolved);
}

fn fetch_assignees<'a>(
    context: &'a Context,
    work: &'a Work,
    cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, FetchError>> {
    async move {
        let wanted = Wanted::parse(&work.detail);
        let types = [(wanted.standard, ID), (wanted.custom, custom_role::ID)];
        let types: Vec<_> = types.into_iter().filter(|(wanted, _)| *wanted).map(|(_, id)| id).collect();
        let request = endpoints::roles::assignees(context.limit(200));
        let list = (types.as_slice(), "listing the users with admin roles");
        let roles_of =
            |id: &str| Work::new(USER_ROLES, id).with_detail(work.detail.as_str()).reusable(Reuse::UnlessChanged);
        context
            .page_of_types(&request, cursor, list, |assignees, page| {
                page.opens = assignees.iter().map(|assignee| roles_of(&assignee.id)).collect();
            })
            .await
    }
    .boxed()
}

fn fetch_user_roles<'a>(
    context: &'a Context,
    work: &'a Work,
    cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, FetchError>> {
    async move {
        let (id, wanted) = (work.subject.as_str(), Wanted::parse(&work.detail));
        let below =
            Below { resource_type: wanted.resource_type(), what: "the roles of user", id, refused: Refused::Fatal };
        context
            .page_below(endpoints::roles::of_user(id), cursor, below, |roles, page| {
                Holder::user(id, wanted).add_grants(roles, page);
                keep_named(work, page);
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
        let (id, wanted) = (work.subject.as_str(), Wanted::parse(&work.detail));
        let is_empty = work.detail.split(' ').any(|word| word == EMPTY_GROUP);
        let below =
            Below { resource_type: wanted.resource_type(), what: "the roles of group", id, refused: Refused::Gap };
        context
            .page_below(endpoints::groups::roles(id), cursor, below, |roles, page| {
                Holder::group(id, is_empty, wanted).add_grants(roles, page);
            })
            .await
    }
    .boxed()
}

/// A standard role.
fn resource(of: &str, label: &str) -> Resource {
    described(ID, of, label, Profile::default().text("id", "").text("label", label).text("type", of))
}

/// A role of either kind as a resource.
pub(super) fn described(resource_type: &str, id: &str, label: &str, profile: Profile) -> Resource {
    Resource {
        annotations: vec![build::v1_identifier(format!("role:{id}")), build::annotation(&RoleTrait::default())],
        profile: Some(profile.build()),
        ..build::resource(resource_type, id, label)
    }
}

/// Every role, of either kind, has one.
pub(super) fn entitlement(role: &Resource) -> Entitlement {
    let label = &role.display_name;
    let id = role.id.as_ref().map(|id| id.resource.as_str()).unwrap_or_default();
    build::assignment(
        role,
        SLUG,
        format!("{label} Role Member"),
        format!("Has the {label} role in Okta"),
        vec![user::resource_type(), group::resource_type()],
        format!("role:{id}"),
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
    wanted: Wanted,
}

impl<'a> Holder<'a> {
    pub(super) fn user(id: &'a str, wanted: Wanted) -> Self {
        Self { of: user::ID, id, assignment_type: "USER", expandable: None, wanted }
    }

    /// Nobody but the group itself has the roles of a group without members.
    pub(super) fn group(id: &'a str, is_empty: bool, wanted: Wanted) -> Self {
        let expandable = (!is_empty).then(|| members_have_it_too(id));
        Self { of: group::ID, id, assignment_type: "GROUP", expandable, wanted }
    }

    /// Adds a grant per role, and what is missing. A custom role that is limited to several resource sets is held once.
    pub(super) fn add_grants(&self, assignments: &[RoleAssignment], page: &mut Page) {
        let mut seen = Vec::new();
        for assignment in assignments {
            let (resource_type, role) = match self.judge(assignment) {
                Judgement::Standard(of) => (ID, of),
                Judgement::Custom(role) => (custom_role::ID, role),
                Judgement::Beyond(of) => {
                    page.resources.push(custom_role::standard(of, assignment.label.as_deref()));
                    page.entitlements.extend(page.resources.last().map(entitlement));
                    (custom_role::ID, of)
                }
                Judgement::Missing(gap) => {
                    page.gaps.push(gap);
                    continue;
                }
                Judgement::NotOurs => continue,
            };
            if !seen.contains(&(resource_type, role)) {
                seen.push((resource_type, role));
                page.grants.push(self.grant(resource_type, role));
            }
        }
    }

    /// What an assignment means (`docs/spec/okta-sync.md` 6.2, 6.4 and 6.5).
    fn judge<'r>(&self, assignment: &'r RoleAssignment) -> Judgement<'r> {
        let (Some(of), Some(assigned_to)) = (assignment.role_type.as_deref(), assignment.assignment_type.as_deref())
        else {
            return self.missing(GapKind::Unmappable, "a role assignment names no type");
        };
        let inactive = assignment.status.as_deref() == Some("INACTIVE");
        if inactive || assigned_to != self.assignment_type {
            return Judgement::NotOurs;
        }
        if of == "CUSTOM" {
            return match assignment.role.as_deref().filter(|role| !role.is_empty()) {
                _ if !self.wanted.custom => Judgement::NotOurs,
                Some(role) => Judgement::Custom(role),
                None => self.missing(GapKind::Unmappable, "the assignment of a custom role names no role"),
            };
        }
        if STANDARD.iter().any(|(standard, _)| *standard == of) {
            return if self.wanted.standard { Judgement::Standard(of) } else { Judgement::NotOurs };
        }
        if self.wanted.custom {
            return Judgement::Beyond(of);
        }
        let message = format!("the role {of} is synced as a custom role only, with --sync-custom-roles");
        self.missing(GapKind::Unresolved, &message)
    }

    fn grant(&self, resource_type: &'static str, role: &str) -> GrantDraft {
        let entitlement = Arc::new(build::entitlement_ref(resource_type, role, SLUG));
        let v1_prefix = Arc::from(format!("grant:role:{role}:"));
        let principal = Principal { resource_type: self.of, id: self.id.to_owned() };
        GrantDraft { expandable: self.expandable.clone(), ..GrantDraft::new(&entitlement, &v1_prefix, principal) }
    }

    fn missing<'r>(&self, kind: GapKind, message: &str) -> Judgement<'r> {
        let message = format!("{} {}: {message}", self.of, self.id);
        Judgement::Missing(gap(kind, self.wanted.resource_type(), self.id, message))
    }
}

/// What an assignment means.
enum Judgement<'a> {
    /// The holder has the standard role of this type.
    Standard(&'a str),
    /// The holder has the custom role with this id.
    Custom(&'a str),
    /// The holder has a standard role beyond the ten, of this type: Okta builds these like custom roles and may or may
    /// not list them among them, so the assignment has to bring the role along.
    Beyond(&'a str),
    /// The holder has something that cannot be shown.
    Missing(Gap),
    /// It is inactive, another's, or not wanted.
    NotOurs,
}

#[cfg(test)]
mod tests;
