//! Single users of an app, for lists of which all others are known.
//!
//! The answer about one user is an element of the list (`docs/spec/okta-api.md` 1.3), so that it is mapped as the list
//! is. Whatever leaves a doubt about that is left to the list.

use baton_connector::{Page, SourceError, Work};
use okta_client::models::AppUser;
use okta_client::{Error, ErrorKind, code, endpoints};

use super::app_grants::{names_groups, says_how, user_grants};
use crate::context::Context;
use crate::errors;
use crate::ids::app::ID;

/// States in which a user certainly has the app. In the others, such as `UNASSIGNED` or `DEPROVISIONED`, it is not said
/// whether the list shows the user.
const HAS_IT: [&str; 6] = ["ACTIVE", "APPROVED", "IMPLICIT", "PENDING", "PROVISIONED", "STAGED"];

/// Reads of the users of an app only these, one call each; `None` if the list has to be read.
pub(crate) async fn fetch_parts_of_users(
    context: &Context,
    work: &Work,
    users: &[String],
) -> Result<Option<Page>, SourceError> {
    let app = work.subject.as_str();
    let mut assigned = Vec::new();
    for id in users {
        let Ok(request) = endpoints::apps::user(app, id) else { return Ok(None) };
        match context.client.get::<AppUser>(&request).await {
            Ok(user) if is_certain(&user, id) => assigned.push(user),
            Err(error) if has_not(&error, app, id) => {}
            Ok(_) => return Ok(None),
            Err(error) => match error.kind() {
                ErrorKind::Cancelled | ErrorKind::Unauthenticated | ErrorKind::Unreachable(_) => {
                    return Err(errors::fatal(ID, &format!("reading a user of app {app}"), &error));
                }
                _ => return Ok(None),
            },
        }
    }
    Ok(Some(Page { grants: user_grants(app, assigned, names_groups(context)), ..Page::default() }))
}

/// Whether the list would show this user, and how the user has the app.
fn is_certain(user: &AppUser, id: &str) -> bool {
    user.id == id && says_how(user) && user.status.as_deref().is_some_and(|status| HAS_IT.contains(&status))
}

/// Whether Okta says that it is this user who is not there, and not the app.
fn has_not(error: &Error, app: &str, user: &str) -> bool {
    let names = |id| error.summary().is_some_and(|summary| summary.contains(id));
    error.code() == Some(code::NOT_FOUND) && names(user) && !names(app)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use okta_client::OktaError;
    use okta_client::models::record_from_json;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn only_who_certainly_has_the_app_is_believed() {
        let certain = |body: Value| is_certain(&record_from_json(body.to_string().as_bytes()).unwrap(), "00u1");
        let through = json!({"group": {"href": "https://acme.okta.com/api/v1/groups/00g1"}});
        for (scope, status, links, expected) in [
            (json!("USER"), json!("ACTIVE"), json!({}), true),
            (json!("USER"), json!("STAGED"), json!(null), true),
            (json!("GROUP"), json!("PROVISIONED"), through.clone(), true),
            (json!("GROUP"), json!("ACTIVE"), json!({}), false),
            (json!(null), json!("ACTIVE"), through.clone(), false),
            (json!("USER"), json!("UNASSIGNED"), json!({}), false),
            (json!("USER"), json!("DEPROVISIONED"), json!({}), false),
            (json!("USER"), json!("TOMORROW"), json!({}), false),
            (json!("USER"), json!(null), json!({}), false),
        ] {
            let user = json!({"id": "00u1", "scope": scope, "status": status, "_links": links});
            assert_eq!(certain(user.clone()), expected, "{user}");
        }
        assert!(!certain(json!({"id": "00u2", "scope": "USER", "status": "ACTIVE"})), "somebody else");
    }

    #[test]
    fn a_user_who_is_not_there_is_told_from_an_app_that_is_not() {
        let has_not = |code: &str, summary: &str| {
            let okta = OktaError {
                status: Some(404),
                code: Some(code.to_owned()),
                summary: Some(summary.to_owned()),
                ..OktaError::default()
            };
            has_not(&Error::new(ErrorKind::NotFound, "404").with_okta(okta), "0oa1", "00u1")
        };
        assert!(has_not("E0000007", "Not found: Resource not found: 00u1 (AppUser)"));
        assert!(has_not("E0000007", "Not found: Resource not found: 00u1 (User)"));
        assert!(!has_not("E0000007", "Not found: Resource not found: 0oa1 (AppInstance)"));
        assert!(!has_not("E0000007", "Not found: no 00u1 in 0oa1"));
        assert!(!has_not("E0000007", "Not found"));
        assert!(!has_not("E0000008", "The requested path was not found: 00u1"));
    }
}
