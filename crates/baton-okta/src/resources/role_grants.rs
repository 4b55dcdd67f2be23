//! Roles as resources, and the grants that role assignments mean: standard roles and custom ones come in the same lists.

use std::sync::Arc;

use baton_connector::{Gap, GapKind, GrantDraft, Page, Principal, build, ids};
use baton_proto::c1::connector::v2::{Entitlement, GrantExpandable, Resource, RoleTrait};
use okta_client::models::RoleAssignment;

use super::mapping::gap;
use crate::ids::role::{ID, SLUG, STANDARD};
use crate::ids::{custom_role, group, user};
use crate::profile::Profile;
use crate::scope::Scope;
use crate::types;

/// Which roles are searched for among somebody's assignments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The ten of this type.
    pub standard: bool,
    /// All others.
    pub custom: bool,
}

impl Wanted {
    pub(super) fn by(scope: Scope) -> Self {
        Self { standard: scope.roles, custom: scope.custom_roles }
    }

    /// The resource type that is incomplete when the assignments cannot be read.
    pub(super) fn resource_type(self) -> &'static str {
        if self.standard { ID } else { custom_role::ID }
    }
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
        types::resource_types([user::ID, group::ID]),
        format!("role:{id}"),
    )
}

/// The resource of a standard role that is known from an assignment only. The list of custom roles, if it knows the role,
/// has the last word.
pub(super) fn standard_as_custom(role_type: &str, label: Option<&str>) -> Resource {
    let label = label.unwrap_or(role_type);
    let profile = Profile::default().text("id", "").text("label", label).text("type", role_type);
    described(custom_role::ID, role_type, label, profile)
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
                    page.resources.push(standard_as_custom(of, assignment.label.as_deref()));
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
