//! The org.

use crate::request::Request;

/// The org that the credential belongs to, to be read as an [`Org`](crate::models::Org); the cheapest call there
/// is.
#[must_use]
pub fn get() -> Request {
    Request::get("/api/v1/org", "/api/v1/org".to_owned())
}

/// The public metadata of the org, to be read as an [`OrgMetadata`](crate::models::OrgMetadata). It needs no
/// credential and counts in no quota.
#[must_use]
pub fn metadata() -> Request {
    let path = "/.well-known/okta-organization";
    Request::get(path, path.to_owned())
}
