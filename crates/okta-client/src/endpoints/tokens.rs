//! API tokens.

use crate::error::Error;
use crate::models::TokenInfo;
use crate::request::{ListRequest, Request, fill};

/// The metadata of all API tokens; always one page.
#[must_use]
pub fn list() -> ListRequest<TokenInfo> {
    let template = "/api/v1/api-tokens";
    ListRequest::array(Request::get(template, template.to_owned()))
}

/// The metadata of one API token, to be read as a [`TokenInfo`].
///
/// # Errors
///
/// If `id` is no Okta id.
pub fn get(id: &str) -> Result<Request, Error> {
    let template = "/api/v1/api-tokens/{id}";
    Ok(Request::get(template, fill(template, id)?))
}
