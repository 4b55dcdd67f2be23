//! Groups.

use http::Method;
use serde_json::{Map, Value, json};

use super::{change_by_ids, sub_list, sub_list_default_size};
use crate::body::Body;
use crate::error::Error;
use crate::models::{App, Group, GroupRule, Member, RoleAssignment};
use crate::request::{ListRequest, Request, fill, with_query};

/// All groups with their counts, `limit` (at most 200) a page.
#[must_use]
pub fn list(limit: u32) -> ListRequest<Group> {
    let path = with_query("/api/v1/groups", &[("expand", "stats"), ("limit", &limit.to_string())]);
    ListRequest::array(Request::get("/api/v1/groups", path))
}

/// The built-in groups.
#[must_use]
pub fn built_in() -> ListRequest<Group> {
    let path = with_query("/api/v1/groups", &[("filter", "type eq \"BUILT_IN\""), ("limit", "200")]);
    ListRequest::array(Request::get("/api/v1/groups", path))
}

/// The groups with this name, from Okta's search index, which may lag by a second.
#[must_use]
pub fn named(name: &str) -> ListRequest<Group> {
    let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
    let search = format!("profile.name eq \"{quoted}\"");
    let path = with_query("/api/v1/groups", &[("limit", "200"), ("search", &search)]);
    ListRequest::array(Request::get("/api/v1/groups", path))
}

/// The members of a group, `limit` (at most 1,000) a page.
///
/// # Errors
///
/// If `id` is no Okta id.
pub fn members(id: &str, limit: u32) -> Result<ListRequest<Member>, Error> {
    sub_list("/api/v1/groups/{id}/users", id, limit)
}

/// The members of a group in a shorter form and under a quota of its own, `limit` (the maximum is not documented) a page.
/// The call is not in Okta's API description: an org may not have it, and links to next pages may lead to
/// [`members`].
///
/// # Errors
///
/// If `id` is no Okta id.
pub fn skinny_members(id: &str, limit: u32) -> Result<ListRequest<Member>, Error> {
    sub_list("/api/v1/groups/{id}/skinny_users", id, limit)
}

/// The admin roles of a group.
///
/// # Errors
///
/// If `id` is no Okta id.
pub fn roles(id: &str) -> Result<ListRequest<RoleAssignment>, Error> {
    sub_list_default_size("/api/v1/groups/{id}/roles", id)
}

/// The applications that a group is assigned to, `limit` (200 works, the maximum is not documented) a page.
///
/// # Errors
///
/// If `id` is no Okta id.
pub fn apps(id: &str, limit: u32) -> Result<ListRequest<App>, Error> {
    sub_list("/api/v1/groups/{id}/apps", id, limit)
}

/// One group, to be read as a [`GroupDetails`](crate::models::GroupDetails).
///
/// # Errors
///
/// If `id` is no Okta id.
pub fn get(id: &str) -> Result<Request, Error> {
    let template = "/api/v1/groups/{id}";
    Ok(Request::get(template, fill(template, id)?))
}

/// One group with its counts, to be read as a [`Group`].
///
/// # Errors
///
/// If `id` is no Okta id.
pub fn with_stats(id: &str) -> Result<Request, Error> {
    let template = "/api/v1/groups/{id}";
    Ok(Request::get(template, with_query(&fill(template, id)?, &[("expand", "stats")])))
}

/// The rules that put users into groups, `limit` (at most 200) a page.
#[must_use]
pub fn rules(limit: u32) -> ListRequest<GroupRule> {
    let template = "/api/v1/groups/rules";
    ListRequest::array(Request::get(template, with_query(template, &[("limit", &limit.to_string())])))
}

/// Creates a group. The response is the group. A duplicate name is an error that
/// [`Error::is_duplicate`]`("name")` recognizes.
///
/// # Errors
///
/// None in practice: the body can always be serialized.
pub fn create(name: &str, description: &str) -> Result<Request, Error> {
    let template = "/api/v1/groups";
    let body = Body::new(&json!({ "profile": { "name": name, "description": description } }))?;
    Ok(Request::change(Method::POST, template, template.to_owned()).with_body(body))
}

/// Replaces the profile of a group: members that are not in `profile` are cleared. The response is the group.
///
/// # Errors
///
/// If `id` is no Okta id.
pub fn replace(id: &str, profile: &Map<String, Value>) -> Result<Request, Error> {
    let request = change_by_ids(Method::PUT, "/api/v1/groups/{id}", [id])?;
    Ok(request.with_body(Body::new(&json!({ "profile": profile }))?))
}

/// Deletes a group.
///
/// # Errors
///
/// If `id` is no Okta id.
pub fn delete(id: &str) -> Result<Request, Error> {
    change_by_ids(Method::DELETE, "/api/v1/groups/{id}", [id])
}

/// Adds a user to a group. Okta sends the same response if the user is a member already.
///
/// # Errors
///
/// If `group` or `user` is no Okta id.
pub fn add_member(group: &str, user: &str) -> Result<Request, Error> {
    change_by_ids(Method::PUT, "/api/v1/groups/{id}/users/{id}", [group, user])
}

/// Removes a user from a group. Okta sends the same response if the user is no member.
///
/// # Errors
///
/// If `group` or `user` is no Okta id.
pub fn remove_member(group: &str, user: &str) -> Result<Request, Error> {
    change_by_ids(Method::DELETE, "/api/v1/groups/{id}/users/{id}", [group, user])
}
