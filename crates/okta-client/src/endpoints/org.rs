//! The org.

use crate::request::Request;

/// The org that the credential belongs to, to be read as an [`Org`](crate::models::Org); the cheapest call there
/// is.
#[must_use]
pub fn get() -> Request {
    Request::get("/api/v1/org", "/api/v1/org".to_owned())
}
