//! Changes of resource-set bindings, which assign custom roles on resource sets. Reading them: [`iam`](super::iam).

use http::Method;
use serde_json::json;

use super::change_by_ids;
use crate::body::Body;
use crate::error::{Error, ErrorKind};
use crate::org_url::OrgUrl;
use crate::request::{Request, check_id, fill_all, fill_two};

/// A holder of a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder<'a> {
    /// A user, by id.
    User(&'a str),
    /// A group, by id.
    Group(&'a str),
}

impl Holder<'_> {
    /// Returns the URL of the holder for a request: on the org's own host, with its port.
    fn url(self, org: &OrgUrl) -> Result<String, Error> {
        let (template, id) = match self {
            Self::User(id) => ("/api/v1/users/{id}", id),
            Self::Group(id) => ("/api/v1/groups/{id}", id),
        };
        let url = org.join(&fill_all(template, [id])?);
        url.map(String::from).ok_or_else(|| Error::new(ErrorKind::Invalid, "not a path of the API").not_sent())
    }
}

/// The binding of `role` on a resource set, to be read as a [`Binding`](crate::models::Binding); not found if the
/// role has no holders there.
///
/// # Errors
///
/// If `set` or `role` is no Okta id.
pub fn get(set: &str, role: &str) -> Result<Request, Error> {
    let template = "/api/v1/iam/resource-sets/{id}/bindings/{id}";
    Ok(Request::get(template, fill_two(template, set, role)?))
}

/// Binds `role` on a resource set to its first holders. There is one binding per role and set: if it exists, use
/// [`add_members`].
///
/// # Errors
///
/// If an id is no Okta id.
pub fn create(org: &OrgUrl, set: &str, role: &str, holders: &[Holder<'_>]) -> Result<Request, Error> {
    let template = "/api/v1/iam/resource-sets/{id}/bindings";
    check_id(role, template)?;
    let body = Body::new(&json!({ "role": role, "members": urls(org, holders)? }))?;
    Ok(change_by_ids(Method::POST, template, [set])?.with_body(body))
}

/// Adds holders to an existing binding.
///
/// # Errors
///
/// If an id is no Okta id.
pub fn add_members(org: &OrgUrl, set: &str, role: &str, holders: &[Holder<'_>]) -> Result<Request, Error> {
    let template = "/api/v1/iam/resource-sets/{id}/bindings/{id}/members";
    let body = Body::new(&json!({ "additions": urls(org, holders)? }))?;
    Ok(change_by_ids(Method::PATCH, template, [set, role])?.with_body(body))
}

fn urls(org: &OrgUrl, holders: &[Holder<'_>]) -> Result<Vec<String>, Error> {
    holders.iter().map(|holder| holder.url(org)).collect()
}

/// Removes one holder from a binding. `member` is the id of a
/// [`BindingMember`](crate::models::BindingMember), not of the user or group.
///
/// # Errors
///
/// If an id is no Okta id.
pub fn remove_member(set: &str, role: &str, member: &str) -> Result<Request, Error> {
    change_by_ids(Method::DELETE, "/api/v1/iam/resource-sets/{id}/bindings/{id}/members/{id}", [set, role, member])
}

/// Removes a binding with all its holders.
///
/// # Errors
///
/// If `set` or `role` is no Okta id.
pub fn delete(set: &str, role: &str) -> Result<Request, Error> {
    change_by_ids(Method::DELETE, "/api/v1/iam/resource-sets/{id}/bindings/{id}", [set, role])
}
