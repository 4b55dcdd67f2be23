//! Users: searches, creation, and changes of accounts.

use http::Method;
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use super::sub_list_default_size;
use crate::body::Body;
use crate::error::{Error, ErrorKind};
use crate::models::{Group, User};
use crate::request::{ListRequest, Request, fill, fill_login, with_query};

/// Omits credentials and links from the response; Okta is faster only if all three are named.
const SHORT_FORM: &str =
    "application/json; okta-response=\"omitCredentials,omitCredentialsLinks,omitTransitioningToStatus\"";

/// All users, `limit` (at most 200) a page. The plain list omits deactivated users; a search, here one that every
/// user matches, returns them too.
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

/// The user with this login, to be read as a [`User`]. Okta also finds a user by the unambiguous part of the login
/// before the `@`, so the login in the response has to be compared.
///
/// # Errors
///
/// If no path can represent the login, for example because it has a slash; see [`with_login`] for those.
pub fn by_login(login: &str) -> Result<Request, Error> {
    let template = "/api/v1/users/{login}";
    Ok(Request { content_type: Some(SHORT_FORM), ..Request::get(template, fill_login(template, login)?) })
}

/// The users with exactly this login: one or none. Unlike [`by_login`] it accepts any login.
#[must_use]
pub fn with_login(login: &str) -> ListRequest<User> {
    let quoted = login.replace('\\', "\\\\").replace('"', "\\\"");
    let filter = format!("profile.login eq \"{quoted}\"");
    let path = with_query("/api/v1/users", &[("limit", "2"), ("filter", &filter)]);
    ListRequest::array(Request { content_type: Some(SHORT_FORM), ..Request::get("/api/v1/users", path) })
}

/// The user whom the API token belongs to, to be read as a [`User`].
#[must_use]
pub fn me() -> Request {
    let path = "/api/v1/users/me";
    Request { content_type: Some(SHORT_FORM), ..Request::get(path, path.to_owned()) }
}

/// The groups that a user is in. The page size is Okta's own, 200.
///
/// # Errors
///
/// If `id` is no Okta id.
pub fn groups(id: &str) -> Result<ListRequest<Group>, Error> {
    sub_list_default_size("/api/v1/users/{id}/groups", id)
}

/// The sign-in method of a new user.
#[derive(Debug, Clone)]
pub enum SignIn {
    /// The user sets a password during activation, or needs none.
    NoPassword,
    /// With this password.
    Password {
        /// The password.
        value: SecretString,
        /// Whether the user has to choose another at the first sign-in. Only for users who are activated at once.
        change_at_first_sign_in: bool,
    },
    /// Through another identity provider (`FEDERATION`).
    Federation,
}

/// A user to create.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// The profile; Okta requires at least `login`, `email`, `firstName` and `lastName`.
    pub profile: Map<String, Value>,
    /// The sign-in method.
    pub sign_in: SignIn,
    /// Whether the account is active at once, with Okta's e-mail to the user; otherwise it is `STAGED`.
    pub activate: bool,
}

/// Creates a user. The response is a [`User`]; a duplicate login is an error that [`Error::is_duplicate_login`]
/// recognizes.
///
/// # Errors
///
/// If the password must be changed at the first sign-in of a user who is not activated: Okta rejects that (E0000125).
pub fn create(user: &NewUser) -> Result<Request, Error> {
    let mut body = json!({ "profile": user.profile });
    let mut query = Vec::new();
    if !user.activate {
        query.push(("activate", "false"));
    }
    match &user.sign_in {
        SignIn::NoPassword | SignIn::Password { change_at_first_sign_in: false, .. } => {}
        SignIn::Password { .. } if !user.activate => {
            let what = "a password can only be changed at the first sign-in if the user is activated at once";
            return Err(Error::new(ErrorKind::Invalid, what).not_sent());
        }
        SignIn::Password { .. } => query.extend([("activate", "true"), ("nextLogin", "changePassword")]),
        SignIn::Federation => {
            body["credentials"] = json!({ "provider": { "type": "FEDERATION", "name": "FEDERATION" } });
            query.push(("provider", "true"));
        }
    }
    let mut body = Body::new(&body)?;
    if let SignIn::Password { value, .. } = &user.sign_in {
        body = body.with_secret("/credentials/password/value", value.clone());
    }
    let template = "/api/v1/users";
    let path = if query.is_empty() { template.to_owned() } else { with_query(template, &query) };
    Ok(Request::change(Method::POST, template, path).with_body(body))
}

/// Changes the members of a user's profile that are in `profile` and leaves the others; null clears one. The response is
/// the [`User`].
///
/// # Errors
///
/// If `id` is no Okta id.
pub fn update(id: &str, profile: &Map<String, Value>) -> Result<Request, Error> {
    with_profile(Method::POST, id, profile)
}

/// Replaces a user's profile: members that are not in `profile` are cleared. The response is the [`User`].
///
/// # Errors
///
/// If `id` is no Okta id.
pub fn replace(id: &str, profile: &Map<String, Value>) -> Result<Request, Error> {
    with_profile(Method::PUT, id, profile)
}

fn with_profile(method: Method, id: &str, profile: &Map<String, Value>) -> Result<Request, Error> {
    let template = "/api/v1/users/{id}";
    let body = Body::new(&json!({ "profile": profile }))?;
    Ok(Request::change(method, template, fill(template, id)?).with_body(body))
}

/// The lifecycle operations of an account. Their states: `docs/spec/okta-api.md` 6.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifecycle {
    /// `STAGED` and `DEPROVISIONED` to `ACTIVE`, or to `PROVISIONED` without a password.
    Activate {
        /// Whether Okta sends the user an e-mail. If not, the response holds a one-time token.
        send_email: bool,
    },
    /// Restarts the activation of a `PROVISIONED` user, or one in `RECOVERY`.
    Reactivate {
        /// Whether Okta sends the user an e-mail. If not, the response holds a one-time token.
        send_email: bool,
    },
    /// Any state to `DEPROVISIONED`; it may take Okta a while after the response. Application assignments are removed.
    Deactivate {
        /// Whether Okta sends the org's admins an e-mail.
        send_email: bool,
    },
    /// `ACTIVE` to `SUSPENDED`; groups and applications stay.
    Suspend,
    /// `SUSPENDED` to `ACTIVE`.
    Unsuspend,
    /// `LOCKED_OUT` to `ACTIVE`.
    Unlock,
}

/// Applies a lifecycle operation to an account. The content of the response is not used.
///
/// # Errors
///
/// If `id` is no Okta id.
pub fn lifecycle(id: &str, step: Lifecycle) -> Result<Request, Error> {
    let (template, send_email) = match step {
        Lifecycle::Activate { send_email } => ("/api/v1/users/{id}/lifecycle/activate", Some(send_email)),
        Lifecycle::Reactivate { send_email } => ("/api/v1/users/{id}/lifecycle/reactivate", Some(send_email)),
        Lifecycle::Deactivate { send_email } => ("/api/v1/users/{id}/lifecycle/deactivate", Some(send_email)),
        Lifecycle::Suspend => ("/api/v1/users/{id}/lifecycle/suspend", None),
        Lifecycle::Unsuspend => ("/api/v1/users/{id}/lifecycle/unsuspend", None),
        Lifecycle::Unlock => ("/api/v1/users/{id}/lifecycle/unlock", None),
    };
    let mut path = fill(template, id)?;
    if let Some(send_email) = send_email {
        path = with_query(&path, &[("sendEmail", if send_email { "true" } else { "false" })]);
    }
    Ok(Request::change(Method::POST, template, path))
}

/// Deletes a user who is `DEPROVISIONED`, for good. **Any other user is deactivated instead**, with the same response, so
/// the state has to be read before and after. `send_email` is whether Okta sends the org's admins an e-mail.
///
/// # Errors
///
/// If `id` is no Okta id.
pub fn delete(id: &str, send_email: bool) -> Result<Request, Error> {
    let template = "/api/v1/users/{id}";
    let mut path = fill(template, id)?;
    if send_email {
        path = with_query(&path, &[("sendEmail", "true")]);
    }
    Ok(Request::change(Method::DELETE, template, path))
}
