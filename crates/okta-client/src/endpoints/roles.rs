//! Admin roles.

use http::Method;
use serde_json::json;

use super::{change_by_ids, sub_list_default_size};
use crate::body::Body;
use crate::error::Error;
use crate::models::{Assignee, RoleAssignment, RoleTarget};
use crate::request::{ListRequest, Request, check_id, fill_two, with_query};

/// All users who have an admin role, `limit` a page (100 unless asked, the maximum is not documented).
#[must_use]
pub fn assignees(limit: u32) -> ListRequest<Assignee> {
    let template = "/api/v1/iam/assignees/users";
    let path = with_query(template, &[("limit", &limit.to_string())]);
    ListRequest::in_object("value", Request::get(template, path))
}

/// The admin roles of a user, direct and through groups.
///
/// # Errors
///
/// If `id` is no Okta id.
pub fn of_user(id: &str) -> Result<ListRequest<RoleAssignment>, Error> {
    sub_list_default_size("/api/v1/users/{id}/roles", id)
}

/// The admin roles of an OAuth client (a service app), by its client id.
///
/// # Errors
///
/// If `client_id` is no Okta id.
pub fn of_client(client_id: &str) -> Result<ListRequest<RoleAssignment>, Error> {
    sub_list_default_size("/oauth2/v1/clients/{id}/roles", client_id)
}

/// A role to assign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role<'a> {
    /// A standard role by its type, for example `HELP_DESK_ADMIN`, without targets: for the whole org.
    Standard(&'a str),
    /// A custom role, limited to a resource set.
    Custom {
        /// The id of the role.
        role: &'a str,
        /// The id of the resource set.
        resource_set: &'a str,
    },
}

/// Assigns a role to a user. The response is the [`RoleAssignment`]. One that the user has already is an error with
/// [`ROLE_ALREADY_ASSIGNED`](crate::code::ROLE_ALREADY_ASSIGNED) or
/// [`IAM_ROLE_ALREADY_ASSIGNED`](crate::code::IAM_ROLE_ALREADY_ASSIGNED).
///
/// # Errors
///
/// If `user` or an id in `role` is no Okta id.
pub fn assign_to_user(user: &str, role: Role<'_>) -> Result<Request, Error> {
    assign("/api/v1/users/{id}/roles", user, role)
}

/// Assigns a role to a group, as [`assign_to_user`] does.
///
/// # Errors
///
/// If `group` or an id in `role` is no Okta id.
pub fn assign_to_group(group: &str, role: Role<'_>) -> Result<Request, Error> {
    assign("/api/v1/groups/{id}/roles", group, role)
}

fn assign(template: &'static str, to: &str, role: Role<'_>) -> Result<Request, Error> {
    let body = match role {
        Role::Standard(role_type) => {
            check_id(role_type, template)?;
            json!({ "type": role_type })
        }
        Role::Custom { role, resource_set } => {
            check_id(role, template)?;
            check_id(resource_set, template)?;
            json!({ "type": "CUSTOM", "role": role, "resource-set": resource_set })
        }
    };
    Ok(change_by_ids(Method::POST, template, [to])?.with_body(Body::new(&body)?))
}

/// The kinds of targets of a standard role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Targets {
    /// Groups, for roles that administer groups and their members.
    Groups,
    /// Applications, and single instances of them.
    Apps,
}

/// The targets of a user's role, `limit` (at most 200) a page. No targets mean that it is for the whole org.
///
/// # Errors
///
/// If `user` or `assignment` is no Okta id.
pub fn targets_of_user(
    user: &str,
    assignment: &str,
    targets: Targets,
    limit: u32,
) -> Result<ListRequest<RoleTarget>, Error> {
    let template = match targets {
        Targets::Groups => "/api/v1/users/{id}/roles/{id}/targets/groups",
        Targets::Apps => "/api/v1/users/{id}/roles/{id}/targets/catalog/apps",
    };
    target_list(template, user, assignment, limit)
}

/// The targets of a group's role, as for [`targets_of_user`].
///
/// # Errors
///
/// If `group` or `assignment` is no Okta id.
pub fn targets_of_group(
    group: &str,
    assignment: &str,
    targets: Targets,
    limit: u32,
) -> Result<ListRequest<RoleTarget>, Error> {
    let template = match targets {
        Targets::Groups => "/api/v1/groups/{id}/roles/{id}/targets/groups",
        Targets::Apps => "/api/v1/groups/{id}/roles/{id}/targets/catalog/apps",
    };
    target_list(template, group, assignment, limit)
}

fn target_list(
    template: &'static str,
    holder: &str,
    assignment: &str,
    limit: u32,
) -> Result<ListRequest<RoleTarget>, Error> {
    let path = with_query(&fill_two(template, holder, assignment)?, &[("limit", &limit.to_string())]);
    Ok(ListRequest::array(Request::get(template, path)))
}

/// Removes a role from a user. `assignment` is the id of a [`RoleAssignment`] of this user: many ids of assignments are
/// the same for all holders of the role.
///
/// # Errors
///
/// If `user` or `assignment` is no Okta id.
pub fn unassign_from_user(user: &str, assignment: &str) -> Result<Request, Error> {
    change_by_ids(Method::DELETE, "/api/v1/users/{id}/roles/{id}", [user, assignment])
}

/// Removes a role from a group, as [`unassign_from_user`] does.
///
/// # Errors
///
/// If `group` or `assignment` is no Okta id.
pub fn unassign_from_group(group: &str, assignment: &str) -> Result<Request, Error> {
    change_by_ids(Method::DELETE, "/api/v1/groups/{id}/roles/{id}", [group, assignment])
}
