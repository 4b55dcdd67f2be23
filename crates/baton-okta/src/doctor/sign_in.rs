//! Whether Okta lets us in, and with which scopes.

use okta_client::models::Org;
use okta_client::{Error, ErrorKind, TokenScheme, endpoints};

use super::DoctorContext;
use super::report::Finding;
use crate::access::{self, Credential};
use crate::required_permissions::{self, ADMINS_PAGE, MUST_BE_READ, ROLES_PAGE, RequiredPermission, SCOPES_PAGE};

const CHECK: &str = "sign-in";
const SCOPES: &str = "scopes";

/// The code for what the credential may not do.
pub(super) const FORBIDDEN: u8 = 7;

/// Signs in.
pub(super) async fn check(context: &DoctorContext) -> Finding {
    match &context.access {
        Credential::ApiToken => token(context).await,
        Credential::ServiceApp(oauth) => {
            if context.events {
                oauth.add_scopes(&[required_permissions::LOGS]);
            }
            match oauth.sign_in().await {
                Ok(()) => {
                    let how = match oauth.scheme() {
                        Some(TokenScheme::Dpop) => "with tokens that are bound to a key (DPoP)",
                        _ => "with bearer tokens (the app does not require DPoP)",
                    };
                    Finding::ok(CHECK, format!("Okta lets the service app in, {how}"))
                }
                Err(error) => Finding::failure(CHECK, "Okta does not let the service app in", &error),
            }
        }
    }
}

async fn token(context: &DoctorContext) -> Finding {
    match context.client.get::<Org>(&endpoints::org::get()).await {
        Ok(org) => {
            let name = org.company_name.unwrap_or_else(|| "(without a name)".to_owned());
            Finding::ok(CHECK, format!("the API token is valid; the org is {name}"))
        }
        Err(error) if error.kind() == ErrorKind::Unauthenticated => {
            let fix = "make a new token in the admin console (Security › API › Tokens), signed in as the service account; \
                       tokens end when they are not used for 30 days and when their owner is deactivated, and are good \
                       for the org alone that they were made in";
            let text = format!("Okta does not know the API token: {}", error.without_hint());
            Finding::problem(CHECK, text, fix, 16)
        }
        Err(error) if error.kind() == ErrorKind::Forbidden => {
            let fix =
                format!("give the owner of the token an admin role ({ADMINS_PAGE}), at least Read-Only Administrator");
            let text = format!("the API token is valid but may not even read the org: {}", error.without_hint());
            Finding::problem(CHECK, text, fix, FORBIDDEN)
        }
        Err(error) => Finding::failure(CHECK, "signing in failed", &error),
    }
}

/// The types of the sync whose scope is not granted.
pub(super) fn without_scope(context: &DoctorContext) -> Vec<&'static str> {
    let Credential::ServiceApp(oauth) = &context.access else { return Vec::new() };
    let granted = oauth.granted().unwrap_or_default();
    access::missing(&context.scope.types(), &granted).map(|(of, _)| of).collect()
}

/// Scopes that are wanted, and those that are granted. API tokens have none.
pub(super) fn scopes(context: &DoctorContext) -> Vec<Finding> {
    let Credential::ServiceApp(oauth) = &context.access else { return Vec::new() };
    let granted = oauth.granted().unwrap_or_default();
    let mut findings = Vec::new();
    let grant =
        |scope: &str| format!("grant {scope} to the app ({SCOPES_PAGE}; reload the page to see that it is there)");
    let mut told: Vec<&str> = Vec::new();
    for resource_type in context.scope.types() {
        let Some(need) = RequiredPermission::for_type(resource_type) else { continue };
        if required_permissions::is_granted(need.scope, &granted) || told.contains(&need.scope) {
            continue;
        }
        told.push(need.scope);
        let types = context
            .scope
            .types()
            .into_iter()
            .filter(|of| RequiredPermission::for_type(of).is_some_and(|it| it.scope == need.scope));
        let types = types.collect::<Vec<_>>().join(", ");
        let fix = format!("{}, or {}", grant(need.scope), need.without());
        if MUST_BE_READ.contains(&resource_type) {
            let text =
                format!("{} is missing: without it nothing can be synced that has to do with {types}", need.scope);
            findings.push(Finding::problem(SCOPES, text, fix, FORBIDDEN));
        } else {
            findings.push(Finding::warning(
                SCOPES,
                format!("{} is missing: {types} will not be read", need.scope),
                fix,
            ));
        }
    }
    let others = context.provisioning.then(required_permissions::to_change).into_iter().flatten();
    let others = others.chain(context.events.then_some((required_permissions::LOGS, "read events")));
    for (scope, what) in others.filter(|(scope, _)| !required_permissions::is_granted(scope, &granted)) {
        let text = format!("{scope} is missing: it takes that to {what}");
        findings.push(Finding::problem(SCOPES, text, grant(scope), FORBIDDEN));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(SCOPES, format!("granted as wanted: {}", granted.join(" "))));
    }
    findings
}

/// Why a request was refused, and what to do about it, for the resource type or thing that it is about.
pub(super) fn refusal(error: &Error, need: Option<RequiredPermission>, context: &DoctorContext) -> (String, String) {
    let role = need.map_or("an admin role that may do this", |need| need.role);
    let without = need.map(|need| need.without()).unwrap_or_default();
    let or_without = if without.is_empty() { String::new() } else { format!(", or {without}") };
    let call = error.method().zip(error.path()).map(|(method, path)| format!("{method} {path} was answered with "));
    let status = error.status().map(|status| status.to_string());
    let said = [status.as_deref(), error.code()].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let answer = format!("({}{said})", call.unwrap_or_default());
    match error.code() {
        Some("insufficient_scope") => {
            let scope = need.map_or("the scope", |need| need.scope);
            (format!("the scope is missing {answer}"), format!("grant {scope} to the app ({SCOPES_PAGE}){or_without}"))
        }
        Some("E0000015") => (format!("the org does not have this feature {answer}"), without),
        _ => {
            let whom = match context.access {
                Credential::ApiToken => format!("the owner of the API token ({ADMINS_PAGE})"),
                Credential::ServiceApp(_) => format!("the app ({ROLES_PAGE})"),
            };
            (format!("no admin role allows it {answer}"), format!("give {whom} {role}{or_without}"))
        }
    }
}
