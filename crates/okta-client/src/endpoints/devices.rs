//! Devices.

use crate::error::Error;
use crate::models::Device;
use crate::request::{ListRequest, Request, fill, with_query};

/// All devices, `limit` (at most 200) a page.
#[must_use]
pub fn list(limit: u32) -> ListRequest<Device> {
    let template = "/api/v1/devices";
    ListRequest::array(Request::get(template, with_query(template, &[("limit", &limit.to_string())])))
}

/// One device, to be read as a [`Device`].
///
/// # Errors
///
/// If `id` is no Okta id.
pub fn get(id: &str) -> Result<Request, Error> {
    let template = "/api/v1/devices/{id}";
    Ok(Request::get(template, fill(template, id)?))
}
