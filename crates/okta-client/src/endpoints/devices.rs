//! Devices.

use crate::models::Device;
use crate::request::{ListRequest, Request, with_query};

/// All devices, `limit` (at most 200) a page.
#[must_use]
pub fn list(limit: u32) -> ListRequest<Device> {
    let template = "/api/v1/devices";
    ListRequest::array(Request::get(template, with_query(template, &[("limit", &limit.to_string())])))
}
