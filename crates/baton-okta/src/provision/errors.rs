//! Okta's refusals of a change in words and codes: one mapping for every path.

use baton_connector::{ChangeError, Code};
use okta_client::{Error, ErrorKind, OrgUrl, code};

use crate::required_permissions::{ADMINS_PAGE, ROLES_PAGE, SCOPES_PAGE};

/// Whether Okta says that there is no such object. A 404 without Okta's code is not Okta's: it comes from a proxy, or from
/// a host that is no org.
pub(super) fn is_gone(error: &Error) -> bool {
    error.kind() == ErrorKind::NotFound && matches!(error.code(), Some(code::NOT_FOUND | code::NO_SUCH_PATH))
}

/// Whether Okta lets the credential not do this. A feature that the org does not have is not meant.
pub(super) fn is_refusal(error: &Error) -> bool {
    error.kind() == ErrorKind::Forbidden && error.code() != Some(code::NO_FEATURE)
}

/// A refused call in a few words.
pub(super) fn brief(error: &Error) -> String {
    let method = error.method().map_or_else(|| "GET".to_owned(), ToString::to_string);
    let path = error.path().unwrap_or_default();
    let status = error.status().map(|status| format!("{status} ")).unwrap_or_default();
    let code = error.code().unwrap_or("refused");
    format!("{method} {path} ({status}{code})")
}

/// Whether Okta says that what is to be given is there already.
pub(super) fn is_there_already(error: &Error) -> bool {
    matches!(
        error.code(),
        Some(code::APP_ALREADY_ASSIGNED | code::ROLE_ALREADY_ASSIGNED | code::IAM_ROLE_ALREADY_ASSIGNED)
    )
}

/// The failure of a request: what we were doing, what Okta said, what to do next.
pub(super) fn failed(doing: &str, error: &Error) -> ChangeError {
    let code = code_of(error);
    // The client's own hint about a refusal says the same in fewer words.
    let shown = if is_refusal(error) { error.clone().without_hint() } else { error.clone() };
    let hint = hint(error).map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
    ChangeError::new(code, format!("{doing} failed: {shown}{hint}"))
}

/// What Okta would not let anybody do, or what would do something else than was asked.
pub(super) fn refused(why: impl Into<String>, hint: &str) -> ChangeError {
    ChangeError::new(Code::FailedPrecondition, format!("{}\nhint: {hint}", why.into()))
}

/// What a change is about does not exist.
pub(super) fn no_such(what: impl std::fmt::Display) -> ChangeError {
    let message = format!(
        "there is no {what} in Okta (any more), as far as this credential may see\n\
         hint: what the file tells is as old as its last sync; sync again"
    );
    ChangeError::new(Code::NotFound, message)
}

/// Nothing of what a revoke is about was found, so that nothing shows that this is the org of the grant. `what` says what
/// was not found.
pub(super) fn not_in_this_org(what: &str, org: &OrgUrl) -> ChangeError {
    let message = format!(
        "{what} in the org {org}, as far as this credential may see: whether the access is gone is not known\n\
         hint: the file may be of another org, or --domain (BATON_DOMAIN) may be wrong; if both are right, sync again"
    );
    ChangeError::new(Code::NotFound, message)
}

/// The gRPC code of a failed request.
pub(super) fn code_of(error: &Error) -> Code {
    match error.kind() {
        _ if is_there_already(error) => Code::AlreadyExists,
        ErrorKind::Conflict if error.code() == Some(code::ROLE_CHANGE_RUNNING) => Code::Aborted,
        ErrorKind::Invalid if on_groups_without_roles(error).is_some() => Code::FailedPrecondition,
        ErrorKind::Unauthenticated => Code::Unauthenticated,
        ErrorKind::Forbidden => Code::PermissionDenied,
        ErrorKind::NotFound => Code::NotFound,
        ErrorKind::RateLimited => Code::ResourceExhausted,
        ErrorKind::Conflict | ErrorKind::Redirected => Code::FailedPrecondition,
        ErrorKind::Invalid => Code::InvalidArgument,
        ErrorKind::Server | ErrorKind::Unreachable(_) => Code::Unavailable,
        ErrorKind::Timeout => Code::DeadlineExceeded,
        ErrorKind::Cancelled => Code::Cancelled,
        ErrorKind::Unreadable => Code::Unknown,
    }
}

/// Why Okta lets a group hold no role.
fn on_groups_without_roles(error: &Error) -> Option<&'static str> {
    match error.code()? {
        code::ROLE_ON_RULE_GROUP => Some("take the group out of the group rules that fill it, or use another group"),
        code::ROLE_ON_LARGE_GROUP => Some("use a group of at most 5,000 members"),
        code::ROLE_ON_GROUP_TYPE => Some("use a group of Okta's own, of Active Directory or of LDAP"),
        code::ROLE_ON_BUILT_IN_GROUP => Some("use a group that is not one of Okta's built-in ones"),
        _ => None,
    }
}

/// What an operator can do, where the client's own words do not say it.
fn hint(error: &Error) -> Option<String> {
    match error.kind() {
        // About service apps the client knows what to do.
        ErrorKind::Unauthenticated if error.is_by_service_app() => None,
        ErrorKind::Unauthenticated => Some(
            "check that --api-token (BATON_API_TOKEN) is whole and was made in this org, and that the admin who made it \
             is still active"
                .to_owned(),
        ),
        ErrorKind::Forbidden if error.code() == Some(code::NO_FEATURE) => None,
        ErrorKind::Forbidden => Some(right(error)),
        ErrorKind::NotFound if !is_gone(error) => {
            Some("this is no answer of Okta's API; check that --domain (BATON_DOMAIN) names an org".to_owned())
        }
        ErrorKind::Invalid => on_groups_without_roles(error).map(str::to_owned),
        _ => None,
    }
}

/// The right that a refused request needs.
fn right(error: &Error) -> String {
    let reads = error.method().is_some_and(|method| method.as_str() == "GET");
    let area = Area::of(error.path().unwrap_or_default());
    if error.code() == Some("insufficient_scope") {
        let verb = if reads { "read" } else { "manage" };
        let scope = error.okta().scope.clone().unwrap_or_else(|| format!("okta.{}.{verb}", area.scope()));
        return format!("grant the OAuth scope {scope} to the service app ({SCOPES_PAGE})");
    }
    let role = match area {
        Area::Roles => "the Super Administrator role",
        _ if reads => "an admin role that may view this",
        Area::Apps => "the Application Administrator role",
        Area::Groups => {
            "the Group Administrator role, or a custom admin role that may manage this group and its members"
        }
        Area::Users => "an admin role that may manage users",
    };
    if error.is_by_service_app() {
        format!("give {role} to the service app ({ROLES_PAGE})")
    } else {
        format!("give {role} to the admin who made the API token ({ADMINS_PAGE})")
    }
}

/// The parts of the API that scopes and admin roles tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Area {
    Users,
    Groups,
    Apps,
    Roles,
}

impl Area {
    /// The part that a path belongs to: roles wherever they are held, else what the path begins with.
    fn of(path: &str) -> Self {
        let mut segments = path.split('/').filter(|segment| !segment.is_empty());
        let is_about_roles = segments.clone().any(|segment| segment == "iam" || segment == "roles");
        match segments.nth(2) {
            _ if is_about_roles => Self::Roles,
            Some("apps") => Self::Apps,
            Some("groups") => Self::Groups,
            _ => Self::Users,
        }
    }

    fn scope(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Groups => "groups",
            Self::Apps => "apps",
            Self::Roles => "roles",
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use okta_client::{OktaError, Unreachable};

    use super::*;

    fn error(kind: ErrorKind, status: u16, code: &str) -> Error {
        let okta = OktaError { status: Some(status), code: Some(code.to_owned()), ..OktaError::default() };
        Error::new(kind, "no").with_okta(okta)
    }

    #[test]
    fn every_path_has_the_same_codes() {
        for (kind, code) in [
            (ErrorKind::Unauthenticated, Code::Unauthenticated),
            (ErrorKind::Forbidden, Code::PermissionDenied),
            (ErrorKind::NotFound, Code::NotFound),
            (ErrorKind::RateLimited, Code::ResourceExhausted),
            (ErrorKind::Conflict, Code::FailedPrecondition),
            (ErrorKind::Invalid, Code::InvalidArgument),
            (ErrorKind::Server, Code::Unavailable),
            (ErrorKind::Timeout, Code::DeadlineExceeded),
            (ErrorKind::Unreachable(Unreachable::Dns), Code::Unavailable),
            (ErrorKind::Redirected, Code::FailedPrecondition),
            (ErrorKind::Cancelled, Code::Cancelled),
            (ErrorKind::Unreadable, Code::Unknown),
        ] {
            assert_eq!(code_of(&Error::new(kind, "no")), code, "{kind:?}");
        }
        for (kind, status, said, code) in [
            (ErrorKind::Conflict, 409, code::APP_ALREADY_ASSIGNED, Code::AlreadyExists),
            (ErrorKind::Conflict, 409, code::ROLE_ALREADY_ASSIGNED, Code::AlreadyExists),
            (ErrorKind::Conflict, 409, code::IAM_ROLE_ALREADY_ASSIGNED, Code::AlreadyExists),
            (ErrorKind::Conflict, 409, code::ROLE_CHANGE_RUNNING, Code::Aborted),
            (ErrorKind::Invalid, 400, code::ROLE_ON_RULE_GROUP, Code::FailedPrecondition),
            (ErrorKind::Invalid, 400, code::ROLE_ON_LARGE_GROUP, Code::FailedPrecondition),
            (ErrorKind::Invalid, 400, code::VALIDATION, Code::InvalidArgument),
        ] {
            assert_eq!(code_of(&error(kind, status, said)), code, "{said}");
        }
    }

    #[test]
    fn the_scope_to_be_granted_is_the_one_that_is_missing() {
        let refusal = |scope: Option<&str>| {
            let okta = OktaError {
                status: Some(403),
                code: Some("insufficient_scope".to_owned()),
                scope: scope.map(str::to_owned),
                ..OktaError::default()
            };
            failed("looking", &Error::new(ErrorKind::Forbidden, "no").with_okta(okta)).message
        };
        assert!(refusal(Some("okta.users.read")).contains("grant the OAuth scope okta.users.read "));
        for (path, scope) in [
            ("/api/v1/users/00u1/groups", "users"),
            ("/api/v1/users/00u1", "users"),
            ("/api/v1/groups/00g1/users/00u1", "groups"),
            ("/api/v1/groups/00g1/apps", "groups"),
            ("/api/v1/apps/0oa1/groups/00g1", "apps"),
            ("/api/v1/apps/0oa1/users", "apps"),
            ("/api/v1/users/00u1/roles", "roles"),
            ("/api/v1/groups/00g1/roles/ra1", "roles"),
            ("/api/v1/iam/resource-sets/iam1/bindings/cr01", "roles"),
        ] {
            assert_eq!(Area::of(path).scope(), scope, "{path}");
        }
    }

    #[test]
    fn only_oktas_own_word_makes_something_gone() {
        assert!(is_gone(&error(ErrorKind::NotFound, 404, code::NOT_FOUND)));
        assert!(is_gone(&error(ErrorKind::NotFound, 404, code::NO_SUCH_PATH)));
        assert!(!is_gone(&Error::new(ErrorKind::NotFound, "a proxy's page")));
        assert!(!is_gone(&error(ErrorKind::Forbidden, 403, code::NO_PERMISSION)));
        let failed = failed("looking", &Error::new(ErrorKind::NotFound, "a proxy's page"));
        assert!(failed.message.contains("--domain"), "{failed}");
    }
}
