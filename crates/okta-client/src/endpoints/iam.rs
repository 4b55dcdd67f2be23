//! Custom admin roles, resource sets and their bindings. None of these lists has a page size parameter: pages hold 100
//! records, and the link to the next is in the body.

use crate::error::Error;
use crate::models::{Binding, BindingMember, CustomRole, ResourceSet};
use crate::request::{ListRequest, Request, fill, fill_two};

/// All custom roles.
#[must_use]
pub fn roles() -> ListRequest<CustomRole> {
    let template = "/api/v1/iam/roles";
    ListRequest::in_object("roles", Request::get(template, template.to_owned()))
}

/// One custom role, to be read as a [`CustomRole`]. Okta accepts a label in place of an id, so check the response.
///
/// # Errors
///
/// If `id` is no Okta id.
pub fn role(id: &str) -> Result<Request, Error> {
    let template = "/api/v1/iam/roles/{id}";
    Ok(Request::get(template, fill(template, id)?))
}

/// All resource sets.
#[must_use]
pub fn resource_sets() -> ListRequest<ResourceSet> {
    let template = "/api/v1/iam/resource-sets";
    ListRequest::in_object("resource-sets", Request::get(template, template.to_owned()))
}

/// One resource set, to be read as a [`ResourceSet`]. Okta accepts a label in place of an id, so check the response.
///
/// # Errors
///
/// If `id` is no Okta id.
pub fn resource_set(id: &str) -> Result<Request, Error> {
    let template = "/api/v1/iam/resource-sets/{id}";
    Ok(Request::get(template, fill(template, id)?))
}

/// One binding of a role on a resource set, to be read as a [`Binding`].
///
/// # Errors
///
/// If `set` or `role` is no Okta id.
pub fn binding(set: &str, role: &str) -> Result<Request, Error> {
    let template = "/api/v1/iam/resource-sets/{id}/bindings/{id}";
    Ok(Request::get(template, fill_two(template, set, role)?))
}

/// The roles that are bound on a resource set.
///
/// # Errors
///
/// If `set` is no Okta id.
pub fn bindings(set: &str) -> Result<ListRequest<Binding>, Error> {
    let template = "/api/v1/iam/resource-sets/{id}/bindings";
    Ok(ListRequest::in_object("roles", Request::get(template, fill(template, set)?)))
}

/// The holders of `role` on a resource set.
///
/// # Errors
///
/// If `set` or `role` is no Okta id.
pub fn members(set: &str, role: &str) -> Result<ListRequest<BindingMember>, Error> {
    let template = "/api/v1/iam/resource-sets/{id}/bindings/{id}/members";
    Ok(ListRequest::in_object("members", Request::get(template, fill_two(template, set, role)?)))
}
