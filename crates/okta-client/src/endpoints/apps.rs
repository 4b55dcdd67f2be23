//! Applications.

use http::Method;
use serde_json::{Map, Value, json};

use super::{change_by_ids, sub_list};
use crate::body::Body;
use crate::error::Error;
use crate::models::{App, AppGroup, AppUser};
use crate::request::{ListRequest, Request, check_id, fill, fill_two, with_query};

/// All applications, or only the active ones, `limit` (at most 200) a page.
#[must_use]
pub fn list(limit: u32, active_only: bool) -> ListRequest<App> {
    let limit = limit.to_string();
    let mut query = vec![("limit", limit.as_str())];
    if active_only {
        query.insert(0, ("filter", "status eq \"ACTIVE\""));
    }
    ListRequest::array(Request::get("/api/v1/apps", with_query("/api/v1/apps", &query)))
}

/// The users of an application, direct and through groups, `limit` (at most 500) a page.
///
/// # Errors
///
/// If `id` is no Okta id.
pub fn users(id: &str, limit: u32) -> Result<ListRequest<AppUser>, Error> {
    sub_list("/api/v1/apps/{id}/users", id, limit)
}

/// The users of an application with empty profiles and under a quota of its own, `limit` (the maximum is not documented) a
/// page. The call is not in Okta's API description: an org may not have it, and links to next pages may lead to [`users`].
///
/// # Errors
///
/// If `id` is no Okta id.
pub fn skinny_users(id: &str, limit: u32) -> Result<ListRequest<AppUser>, Error> {
    sub_list("/api/v1/apps/{id}/skinny_users", id, limit)
}

/// The groups of an application, `limit` (at most 200) a page.
///
/// # Errors
///
/// If `id` is no Okta id.
pub fn groups(id: &str, limit: u32) -> Result<ListRequest<AppGroup>, Error> {
    sub_list("/api/v1/apps/{id}/groups", id, limit)
}

/// One application, to be read as an [`App`].
///
/// # Errors
///
/// If `id` is no Okta id.
pub fn get(id: &str) -> Result<Request, Error> {
    let template = "/api/v1/apps/{id}";
    Ok(Request::get(template, fill(template, id)?))
}

/// The assignment of an application to a user, direct or through a group, to be read as an [`AppUser`].
///
/// # Errors
///
/// If `app` or `user` is no Okta id.
pub fn user(app: &str, user: &str) -> Result<Request, Error> {
    let template = "/api/v1/apps/{id}/users/{id}";
    Ok(Request::get(template, fill_two(template, app, user)?))
}

/// The assignment of an application to a group, to be read as an [`AppGroup`].
///
/// # Errors
///
/// If `app` or `group` is no Okta id.
pub fn group(app: &str, group: &str) -> Result<Request, Error> {
    let template = "/api/v1/apps/{id}/groups/{id}";
    Ok(Request::get(template, fill_two(template, app, group)?))
}

/// The settings of an application user.
#[derive(Debug, Clone, Default)]
pub struct AppUserSettings {
    /// The user name in the application. If there is none, Okta derives one from the application's template.
    pub user_name: Option<String>,
    /// The user's profile in the application.
    pub profile: Map<String, Value>,
}

impl AppUserSettings {
    /// Adds the settings to a body.
    fn add_to(&self, body: &mut Value) {
        if let Some(user_name) = &self.user_name {
            body["credentials"] = json!({ "userName": user_name });
        }
        if !self.profile.is_empty() {
            body["profile"] = Value::Object(self.profile.clone());
        }
    }
}

/// Assigns an application to a user directly. The response is the [`AppUser`]. A user who has it already, or who is not
/// active, is an error with [`APP_ALREADY_ASSIGNED`](crate::code::APP_ALREADY_ASSIGNED) or
/// [`USER_INACTIVE`](crate::code::USER_INACTIVE).
///
/// # Errors
///
/// If `app` or `user` is no Okta id.
pub fn assign_user(app: &str, user: &str, settings: &AppUserSettings) -> Result<Request, Error> {
    let template = "/api/v1/apps/{id}/users";
    check_id(user, template)?;
    let mut body = json!({ "id": user, "scope": "USER" });
    settings.add_to(&mut body);
    Ok(change_by_ids(Method::POST, template, [app])?.with_body(Body::new(&body)?))
}

/// Changes the settings of an application user. The response is the [`AppUser`].
///
/// # Errors
///
/// If `app` or `user` is no Okta id.
pub fn update_user(app: &str, user: &str, settings: &AppUserSettings) -> Result<Request, Error> {
    let mut body = json!({});
    settings.add_to(&mut body);
    Ok(change_by_ids(Method::POST, "/api/v1/apps/{id}/users/{id}", [app, user])?.with_body(Body::new(&body)?))
}

/// Removes the direct assignment of an application to a user. One through a group stays.
///
/// # Errors
///
/// If `app` or `user` is no Okta id.
pub fn unassign_user(app: &str, user: &str) -> Result<Request, Error> {
    change_by_ids(Method::DELETE, "/api/v1/apps/{id}/users/{id}", [app, user])
}

/// Assigns an application to a group. The response is the [`AppGroup`]. The profile of an existing assignment
/// is lost.
///
/// # Errors
///
/// If `app` or `group` is no Okta id.
pub fn assign_group(app: &str, group: &str) -> Result<Request, Error> {
    let request = change_by_ids(Method::PUT, "/api/v1/apps/{id}/groups/{id}", [app, group])?;
    Ok(request.with_body(Body::new(&json!({}))?))
}

/// Removes the assignment of an application to a group.
///
/// # Errors
///
/// If `app` or `group` is no Okta id.
pub fn unassign_group(app: &str, group: &str) -> Result<Request, Error> {
    change_by_ids(Method::DELETE, "/api/v1/apps/{id}/groups/{id}", [app, group])
}
