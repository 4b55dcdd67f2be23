//! Users.

use crate::error::Error;
use crate::models::User;
use crate::request::{ListRequest, Request, fill, with_query};

/// Leaves credentials and links out of the answer; Okta works faster only if all three are named.
const SHORT_FORM: &str =
    "application/json; okta-response=\"omitCredentials,omitCredentialsLinks,omitTransitioningToStatus\"";

/// All users, `limit` (at most 200) a page. The plain list leaves deactivated users out; a search, here one that
/// every user matches, brings them too.
#[must_use]
pub fn list(limit: u32) -> ListRequest<User> {
    let path = with_query("/api/v1/users", &[("limit", &limit.to_string()), ("search", "status pr")]);
    let request = Request { content_type: Some(SHORT_FORM), ..Request::get("/api/v1/users", path) };
    ListRequest::array(request)
}

/// One user.
///
/// # Errors
///
/// If `id` is no Okta id.
pub fn get(id: &str) -> Result<Request, Error> {
    let template = "/api/v1/users/{id}";
    Ok(Request { content_type: Some(SHORT_FORM), ..Request::get(template, fill(template, id)?) })
}
