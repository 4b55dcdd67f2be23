//! Which admin roles the credential acts with.

use okta_client::models::{RoleAssignment, User};
use okta_client::{Error, ErrorKind, endpoints};

use super::DoctorContext;
use super::report::Finding;
use super::sign_in::FORBIDDEN;
use crate::access::Credential;
use crate::config::Auth;
use crate::required_permissions::{ADMINS_PAGE, ROLES_PAGE};

const CHECK: &str = "admin role";

/// The credential's roles, and what of provisioning they allow.
pub(super) async fn check(context: &DoctorContext) -> Vec<Finding> {
    let (who, roles, page) = match (&context.access, &context.config.auth) {
        (Credential::ServiceApp(_), Auth::PrivateKey { client_id, .. }) => {
            ("the service app".to_owned(), roles_of_app(context, client_id.trim()).await, ROLES_PAGE)
        }
        _ => match owner(context).await {
            Ok((who, id)) => (who, roles_of_user(context, &id).await, ADMINS_PAGE),
            Err(error) => ("the owner of the API token".to_owned(), Err(error), ADMINS_PAGE),
        },
    };
    match roles {
        Ok(roles) if roles.is_empty() => {
            let fix = format!("give it one that the table in docs/setup.md names ({page})");
            vec![Finding::problem(
                CHECK,
                format!("{who} has no admin role: Okta will show it next to nothing"),
                fix,
                FORBIDDEN,
            )]
        }
        Ok(roles) => {
            // Several resource sets make several assignments of one role.
            let mut labels: Vec<_> = roles.iter().map(label).collect();
            let mut told = std::collections::HashSet::new();
            labels.retain(|label| told.insert(label.clone()));
            let mut findings = vec![Finding::ok(CHECK, format!("{who} acts as {}", labels.join(", ")))];
            if context.provisioning {
                findings.push(provisioning(&roles, page));
            }
            findings
        }
        // Only who may view admin roles sees its own.
        Err(error) if matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::NotFound) => {
            let text = format!("{who} may not see its own roles; what it may read shows below");
            let mut findings = vec![Finding::ok(CHECK, text)];
            if context.provisioning {
                let text = "whether it may change anything cannot be told without changing something";
                let fix = format!("compare its roles with the table in docs/setup.md ({page})");
                findings.push(Finding::warning(CHECK, text, fix));
            }
            findings
        }
        Err(error) => vec![Finding::failure(CHECK, "the roles cannot be read", &error)],
    }
}

/// The user who made the API token, in words, and the user's id.
async fn owner(context: &DoctorContext) -> Result<(String, String), Error> {
    let user: User = context.client.get(&endpoints::users::me()).await?;
    let profile = user.attributes();
    let login = profile.text("login").unwrap_or("a user without a login");
    Ok((format!("the token of {login} ({})", user.id), user.id))
}

async fn roles_of_user(context: &DoctorContext, id: &str) -> Result<Vec<RoleAssignment>, Error> {
    active(context.client.page(&endpoints::roles::of_user(id)?, None).await?.items)
}

async fn roles_of_app(context: &DoctorContext, client_id: &str) -> Result<Vec<RoleAssignment>, Error> {
    active(context.client.page(&endpoints::roles::of_client(client_id)?, None).await?.items)
}

fn active(mut roles: Vec<RoleAssignment>) -> Result<Vec<RoleAssignment>, Error> {
    roles.retain(|role| role.status.as_deref() != Some("INACTIVE"));
    Ok(roles)
}

fn label(role: &RoleAssignment) -> String {
    let of = role.role_type.as_deref().unwrap_or("a role without a type");
    let label = role.label.as_deref().unwrap_or(of);
    if of == "CUSTOM" { format!("{label} (a custom role)") } else { label.to_owned() }
}

/// What of provisioning the roles allow (the table of docs/setup.md).
fn provisioning(roles: &[RoleAssignment], page: &str) -> Finding {
    let has = |wanted: &str| roles.iter().any(|role| role.role_type.as_deref() == Some(wanted));
    if has("SUPER_ADMIN") {
        return Finding::ok(CHECK, "that allows every change");
    }
    let fix = format!("give it Super Administrator ({page}) for all changes");
    let partly = [("USER_ADMIN", "groups and memberships"), ("APP_ADMIN", "application assignments")];
    let allowed: Vec<_> = partly.into_iter().filter(|(role, _)| has(role)).map(|(_, what)| what).collect();
    if !allowed.is_empty() {
        let text = format!("that allows to change {}, but neither accounts nor admin roles", allowed.join(" and "));
        return Finding::warning(CHECK, text, fix);
    }
    if has("CUSTOM") || has("ORG_ADMIN") {
        let text = "whether that allows the changes that you want depends on the role";
        let fix = format!("look at its permissions and resource set, or give it Super Administrator ({page})");
        return Finding::warning(CHECK, text, fix);
    }
    let fix = format!(
        "give it Super Administrator ({page}), or Group Administrator and Application Administrator for memberships and \
         assignments alone"
    );
    Finding::problem(CHECK, "that allows no changes", fix, FORBIDDEN)
}
