//! Applications.

use super::list_of;
use crate::error::Error;
use crate::models::{App, AppGroup, AppUser};
use crate::request::{ListRequest, Request, with_query};

/// All applications, or only the active ones, `limit` (at most 200) a page.
#[must_use]
pub fn list(limit: u32, active_only: bool) -> ListRequest<App> {
    let limit = limit.to_string();
    let mut query = vec![("limit", limit.as_str())];
    if active_only {
        query.insert(0, ("filter", "status eq \"ACTIVE\""));
    }
    ListRequest::array(Request::get("/api/v1/apps", with_query("/api/v1/apps", &query)))
}

/// The users of an application, direct and through groups, `limit` (at most 500) a page.
///
/// # Errors
///
/// If `id` is no Okta id.
pub fn users(id: &str, limit: u32) -> Result<ListRequest<AppUser>, Error> {
    list_of("/api/v1/apps/{id}/users", id, limit)
}

/// The groups of an application, `limit` (at most 200) a page.
///
/// # Errors
///
/// If `id` is no Okta id.
pub fn groups(id: &str, limit: u32) -> Result<ListRequest<AppGroup>, Error> {
    list_of("/api/v1/apps/{id}/groups", id, limit)
}
