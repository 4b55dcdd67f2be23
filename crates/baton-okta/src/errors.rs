//! Okta's errors in the words of a sync: what we were doing, what Okta said, what to do next.

use baton_connector::{Gap, GapKind, SourceError, SourceErrorKind};
use okta_client::{Error, ErrorKind, OktaError};

use crate::required_permissions::{ADMINS_PAGE, MUST_BE_READ, ROLES_PAGE, RequiredPermission, SCOPES_PAGE, TYPES};

/// What it means that Okta refuses (403) to tell something about one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The credential lacks a right; the sync would be incomplete everywhere.
    Fatal,
    /// Okta tells it of no such object ("Okta Administrators"); the sync goes on without it. A missing scope is not about
    /// one object: then the whole resource type is not read, or the sync ends if it is one of those that must be.
    Gap,
}

/// Okta's code for "you do not have permission".
const NO_PERMISSION: &str = "E0000006";

/// The failure of a request without which the sync cannot go on. `resource_type` is what could not be read.
pub(crate) fn fatal(resource_type: &str, doing: &str, error: &Error) -> SourceError {
    SourceError { message: describe(Some(resource_type), doing, error), kind: kind(error) }
}

/// The failure before or in the first request.
pub(crate) fn unusable(doing: &str, error: &Error) -> SourceError {
    SourceError { message: describe(None, doing, error), kind: kind(error) }
}

/// The failure of a list without which these resource types cannot be read at all, but all others can: a gap for each,
/// or an error if the sync cannot go on.
///
/// Users, groups and apps are never dealt with in this way: they hold together all the rest.
pub(crate) fn of_types(error: &Error, resource_types: &[&'static str], doing: &str) -> Result<Vec<Gap>, SourceError> {
    let [first, ..] = resource_types else { return Ok(Vec::new()) };
    // An org without the feature refuses with a code of its own, or does not know the path.
    if !matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::NotFound) {
        return Err(fatal(first, doing, error));
    }
    Ok(resource_types.iter().map(|resource_type| unread(resource_type, doing, error)).collect())
}

/// The gap of a resource type that is not read at all.
fn unread(resource_type: &str, doing: &str, error: &Error) -> Gap {
    Gap {
        kind: GapKind::Forbidden,
        resource_type: resource_type.to_owned(),
        id: String::new(),
        message: describe(Some(resource_type), doing, error),
    }
}

/// Whether Okta knows no object of that id.
pub(crate) fn is_gone(error: &Error) -> bool {
    error.kind() == ErrorKind::NotFound
}

/// The failure of a request about one object: the gap that it leaves, or an error if the sync cannot go on. `what`
/// and `id` name what was asked for ("the members of group", its id); `resource_type` is incomplete because of it.
pub(crate) fn of_object(
    error: &Error,
    resource_type: &str,
    what: &str,
    id: &str,
    refused: Refused,
) -> Result<Gap, SourceError> {
    let gap = |kind, why: String| {
        Ok(Gap {
            kind,
            resource_type: resource_type.to_owned(),
            id: id.to_owned(),
            message: format!("{what} {id}: {why}"),
        })
    };
    match error.kind() {
        ErrorKind::NotFound => gap(GapKind::Gone, "deleted while the sync was reading it".to_owned()),
        ErrorKind::Forbidden if refused == Refused::Gap && error.code() == Some(NO_PERMISSION) => {
            gap(GapKind::Forbidden, error.to_string())
        }
        ErrorKind::Forbidden
            if refused == Refused::Gap && error.code() == Some(NO_SCOPE) && !MUST_BE_READ.contains(&resource_type) =>
        {
            Ok(unread(resource_type, &format!("reading {what} {id}"), error))
        }
        // Not sent at all: an id that Okta gave us but that has no place in a path.
        ErrorKind::Invalid if error.status().is_none() => gap(GapKind::Unmappable, error.to_string()),
        _ => Err(fatal(resource_type, &format!("reading {what} {id}"), error)),
    }
}

fn describe(resource_type: Option<&str>, doing: &str, error: &Error) -> String {
    // The client's own hint about a refusal is the same in fewer words, but for a feature that is missing.
    let is_known = error.kind() == ErrorKind::Forbidden && error.code() != Some(NO_FEATURE);
    match next_step(resource_type, error) {
        Some(step) if is_known => format!("{doing} failed: {}. {step}", error.clone().without_hint()),
        Some(step) => format!("{doing} failed: {error}. {step}"),
        None => format!("{doing} failed: {error}"),
    }
}

/// What an operator of this connector can do, where the client's own words do not say it.
fn next_step(resource_type: Option<&str>, error: &Error) -> Option<String> {
    match error.kind() {
        // About service apps the client knows what to do.
        ErrorKind::Unauthenticated if error.is_by_service_app() => None,
        ErrorKind::Unauthenticated if matches!(error.code(), None | Some(INVALID_TOKEN)) => Some(
            "Check that --api-token (BATON_API_TOKEN) is whole and was made in this org, and that the admin who made \
             it is still active"
                .to_owned(),
        ),
        // Okta answers this to either kind of credential.
        ErrorKind::Unauthenticated if error.code() == Some(INVALID_SESSION) => Some(
            "Check that the credential (--api-token, or the service app) was made in this org and is still active"
                .to_owned(),
        ),
        ErrorKind::Forbidden => Some(match resource_type.and_then(RequiredPermission::for_type) {
            Some(need) => after_refusal(need, error.code()),
            None => format!(
                "Give the admin who made the API token an admin role ({ADMINS_PAGE}), at least Read-Only Administrator"
            ),
        }),
        ErrorKind::NotFound => Some(match resource_type.and_then(RequiredPermission::for_type) {
            Some(need) if need.switch != TYPES => format!("If the org does not have the feature, {}", need.without()),
            _ => "Check that --domain (BATON_DOMAIN) names an Okta org".to_owned(),
        }),
        _ => None,
    }
}

/// What Okta calls an API that needs a scope the access token does not have.
const NO_SCOPE: &str = "insufficient_scope";
/// Okta's code for an API token that it does not know.
const INVALID_TOKEN: &str = "E0000011";
/// Okta's code for a request whose credential it does not take.
const INVALID_SESSION: &str = "E0000005";
/// Okta's code for a feature that the org does not have.
const NO_FEATURE: &str = "E0000015";

/// What to do about a refusal with this code.
fn after_refusal(need: RequiredPermission, code: Option<&str>) -> String {
    let RequiredPermission { scope, role, .. } = need;
    let without = need.without();
    match code {
        Some(NO_SCOPE) => format!("Grant the OAuth scope {scope} to the service app ({SCOPES_PAGE}); or {without}"),
        Some(NO_FEATURE) => format!("To sync without it, {without}"),
        _ => format!(
            "Give {role} to the admin who made the API token ({ADMINS_PAGE}), or to the OAuth service app itself \
             ({ROLES_PAGE}), which also needs the scope {scope}; or {without}"
        ),
    }
}

/// The failure of a list that is to be read again from its first page.
pub(crate) fn begin_again(why: &str) -> Error {
    // Without a status it would pass for one that was never sent.
    let okta = OktaError { status: Some(400), code: Some(STALE_CURSOR.to_owned()), ..OktaError::default() };
    Error::new(ErrorKind::Invalid, why).with_okta(okta)
}

/// Okta's code for a cursor that it does not know any more.
const STALE_CURSOR: &str = "E0000031";

/// The gRPC code of a failed request.
pub(crate) fn grpc_code(error: &Error) -> u8 {
    kind(error).grpc_code()
}

fn kind(error: &Error) -> SourceErrorKind {
    match error.kind() {
        // The second also stands for bad search criteria, but ours are always the same.
        ErrorKind::Invalid if matches!(error.code(), Some("E0000029" | STALE_CURSOR)) => SourceErrorKind::StaleCursor,
        ErrorKind::Unauthenticated => SourceErrorKind::Unauthenticated,
        ErrorKind::Forbidden => SourceErrorKind::Forbidden,
        ErrorKind::NotFound => SourceErrorKind::NotFound,
        ErrorKind::RateLimited => SourceErrorKind::Exhausted,
        ErrorKind::Conflict | ErrorKind::Invalid | ErrorKind::Redirected => SourceErrorKind::Invalid,
        ErrorKind::Server | ErrorKind::Unreachable(_) => SourceErrorKind::Unavailable,
        ErrorKind::Timeout => SourceErrorKind::Timeout,
        ErrorKind::Cancelled => SourceErrorKind::Cancelled,
        ErrorKind::Unreadable => SourceErrorKind::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn of_group(kind: ErrorKind, refused: Refused) -> Result<Gap, SourceError> {
        of_object(&Error::new(kind, "Okta said so"), "group", "the members of group", "00g1", refused)
    }

    #[test]
    fn what_is_gone_is_a_gap() {
        let gap = of_group(ErrorKind::NotFound, Refused::Fatal).unwrap();
        assert_eq!(gap.kind, GapKind::Gone);
        assert_eq!((gap.resource_type.as_str(), gap.id.as_str()), ("group", "00g1"));
        assert_eq!(gap.message, "the members of group 00g1: deleted while the sync was reading it");
    }

    #[test]
    fn an_id_that_cannot_be_asked_for_is_a_gap() {
        let error = okta_client::endpoints::groups::members("../x", 1).unwrap_err();
        let gap = of_object(&error, "group", "the members of group", "../x", Refused::Fatal).unwrap();
        assert_eq!(gap.kind, GapKind::Unmappable);
    }

    #[test]
    fn other_failures_end_the_sync() {
        for (okta, ours, code) in [
            (ErrorKind::Unauthenticated, SourceErrorKind::Unauthenticated, 16),
            (ErrorKind::Forbidden, SourceErrorKind::Forbidden, 7),
            (ErrorKind::RateLimited, SourceErrorKind::Exhausted, 8),
            (ErrorKind::Server, SourceErrorKind::Unavailable, 14),
            (ErrorKind::Timeout, SourceErrorKind::Timeout, 4),
            (ErrorKind::Unreachable(okta_client::Unreachable::Dns), SourceErrorKind::Unavailable, 14),
            (ErrorKind::Cancelled, SourceErrorKind::Cancelled, 1),
            (ErrorKind::Unreadable, SourceErrorKind::Unreadable, 2),
        ] {
            // Forbidden without Okta's code for "no permission" is fatal whatever the object.
            let error = of_group(okta, Refused::Gap).unwrap_err();
            assert_eq!((error.kind, error.kind.grpc_code()), (ours, code));
            assert!(error.message.starts_with("reading the members of group 00g1 failed: Okta said so"), "{error}");
        }
    }

    #[test]
    fn refusals_say_what_to_do() {
        let no = Error::new(ErrorKind::Forbidden, "no");
        for (resource_type, scope, role, without) in [
            ("user", "okta.users.read", "Read-Only Administrator", "--sync-resource-types"),
            ("group", "okta.groups.read", "Read-Only Administrator", "--sync-resource-types"),
            ("app", "okta.apps.read", "Read-Only Administrator", "--sync-resource-types"),
            ("role", "okta.roles.read", "Super Administrator", "--sync-resource-types"),
            ("custom-role", "okta.roles.read", "Super Administrator", "--sync-custom-roles"),
            ("resource-set", "okta.roles.read", "Super Administrator", "--sync-custom-roles"),
            ("resourceset-binding", "okta.roles.read", "Super Administrator", "--sync-custom-roles"),
            ("api-token", "okta.apiTokens.read", "Super Administrator", "--sync-secrets"),
            ("device", "okta.devices.read", "Read-Only Administrator", "--sync-devices"),
        ] {
            let error = fatal(resource_type, "listing", &no);
            for part in [scope, role, without] {
                assert!(error.message.contains(part), "{resource_type}: {error}");
            }
        }
        let error = unusable("checking the connection to Okta", &Error::new(ErrorKind::Unauthenticated, "no"));
        assert!(error.message.contains("--api-token"), "{error}");
    }

    #[test]
    fn a_missing_scope_a_missing_role_and_a_missing_feature_are_told_apart() {
        let need = RequiredPermission::for_type("device").unwrap();
        let next_step = |code| after_refusal(need, Some(code));
        let scope = next_step("insufficient_scope");
        assert!(scope.contains("okta.devices.read") && !scope.contains("Administrator"), "{scope}");
        let role = next_step("E0000006");
        assert!(role.contains("Read-Only Administrator") && role.contains("service app itself"), "{role}");
        let feature = next_step("E0000015");
        assert!(!feature.contains("Administrator") && !feature.contains("okta.devices.read"), "{feature}");
        for step in [scope, role, feature] {
            assert!(step.ends_with("leave --sync-devices out"), "{step}");
        }
    }

    #[test]
    fn a_missing_scope_concerns_the_whole_type() {
        let of = |resource_type| {
            let said = OktaError { code: Some("insufficient_scope".to_owned()), ..OktaError::default() };
            let error = Error::new(ErrorKind::Forbidden, "no").with_okta(said);
            of_object(&error, resource_type, "the roles of group", "00g1", Refused::Gap)
        };
        let gap = of("role").unwrap();
        assert_eq!((gap.kind, gap.resource_type.as_str(), gap.id.as_str()), (GapKind::Forbidden, "role", ""));
        assert!(gap.message.contains("okta.roles.read"), "{}", gap.message);
        assert_eq!(of("group").unwrap_err().kind, SourceErrorKind::Forbidden);
    }

    #[test]
    fn types_on_request_are_not_read_instead_of_ending_the_sync() {
        let types = ["resource-set", "resourceset-binding"];
        for kind in [ErrorKind::Forbidden, ErrorKind::NotFound] {
            let gaps = of_types(&Error::new(kind, "no"), &types, "listing the resource sets").unwrap();
            let told: Vec<_> = gaps.iter().map(|gap| (gap.kind, gap.resource_type.as_str(), gap.id.as_str())).collect();
            assert_eq!(told, types.map(|id| (GapKind::Forbidden, id, "")));
            assert!(gaps.iter().all(|gap| gap.message.contains("--sync-custom-roles")), "{gaps:?}");
        }
        let error = of_types(&Error::new(ErrorKind::Server, "no"), &types, "listing the resource sets").unwrap_err();
        assert_eq!(error.kind, SourceErrorKind::Unavailable);
    }
}
