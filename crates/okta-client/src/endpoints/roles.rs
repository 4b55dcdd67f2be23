//! Admin roles.

use crate::error::Error;
use crate::models::{Assignee, RoleAssignment};
use crate::request::{ListRequest, Request, fill, with_query};

/// All users who have an admin role, `limit` a page (100 unless asked, the maximum is not documented).
#[must_use]
pub fn assignees(limit: u32) -> ListRequest<Assignee> {
    let template = "/api/v1/iam/assignees/users";
    let path = with_query(template, &[("limit", &limit.to_string())]);
    ListRequest::under("value", Request::get(template, path))
}

/// The admin roles of a user, direct and through groups.
///
/// # Errors
///
/// If `id` is no Okta id.
pub fn of_user(id: &str) -> Result<ListRequest<RoleAssignment>, Error> {
    let template = "/api/v1/users/{id}/roles";
    Ok(ListRequest::array(Request::get(template, fill(template, id)?)))
}
