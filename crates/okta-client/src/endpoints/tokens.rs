//! API tokens.

use crate::models::TokenInfo;
use crate::request::{ListRequest, Request};

/// What Okta tells about all API tokens; always one page.
#[must_use]
pub fn list() -> ListRequest<TokenInfo> {
    let template = "/api/v1/api-tokens";
    ListRequest::array(Request::get(template, template.to_owned()))
}
