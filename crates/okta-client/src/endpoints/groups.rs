//! Groups.

use super::list_of;
use crate::error::Error;
use crate::models::{App, Group, Member, RoleAssignment};
use crate::request::{ListRequest, Request, fill, with_query};

/// All groups with their counts, `limit` (at most 200) a page.
#[must_use]
pub fn list(limit: u32) -> ListRequest<Group> {
    let path = with_query("/api/v1/groups", &[("expand", "stats"), ("limit", &limit.to_string())]);
    ListRequest::array(Request::get("/api/v1/groups", path))
}

/// The members of a group, `limit` (at most 1,000) a page.
///
/// # Errors
///
/// If `id` is no Okta id.
pub fn members(id: &str, limit: u32) -> Result<ListRequest<Member>, Error> {
    list_of("/api/v1/groups/{id}/users", id, limit)
}

/// The admin roles of a group.
///
/// # Errors
///
/// If `id` is no Okta id.
pub fn roles(id: &str) -> Result<ListRequest<RoleAssignment>, Error> {
    let template = "/api/v1/groups/{id}/roles";
    Ok(ListRequest::array(Request::get(template, fill(template, id)?)))
}

/// The applications that a group is assigned to, `limit` (200 works, the maximum is not documented) a page.
///
/// # Errors
///
/// If `id` is no Okta id.
pub fn apps(id: &str, limit: u32) -> Result<ListRequest<App>, Error> {
    list_of("/api/v1/groups/{id}/apps", id, limit)
}
