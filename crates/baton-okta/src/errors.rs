//! Okta's errors in the words of a sync: what we were doing, what Okta said, what to do next.

use baton_connector::{FetchError, FetchErrorKind, Gap, GapKind, SourceError};
use okta_client::{Error, ErrorKind};

/// What it means that Okta refuses (403) to tell something about one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The credential lacks a right; the sync would be incomplete everywhere.
    Fatal,
    /// Okta tells it of no such object ("Okta Administrators"); the sync goes on without it.
    Gap,
}

/// Okta's code for "you do not have permission".
const NO_PERMISSION: &str = "E0000006";

/// The failure of a request without which the sync cannot go on.
pub(crate) fn fatal(doing: &str, error: &Error) -> FetchError {
    FetchError { message: describe(doing, error), kind: kind(error) }
}

/// The failure before or in the first request.
pub(crate) fn unusable(doing: &str, error: &Error) -> SourceError {
    SourceError { message: describe(doing, error), kind: kind(error) }
}

/// The failure of a request about one object: the gap that it leaves, or an error if the sync cannot go on. `what`
/// and `id` name what was asked for ("the members of group", its id); `resource_type` is incomplete because of it.
pub(crate) fn of_object(
    error: &Error,
    resource_type: &str,
    what: &str,
    id: &str,
    refused: Refused,
) -> Result<Gap, FetchError> {
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
        // Not sent at all: an id that Okta gave us but that has no place in a path.
        ErrorKind::Invalid if error.status().is_none() => gap(GapKind::Unmappable, error.to_string()),
        _ => Err(fatal(&format!("reading {what} {id}"), error)),
    }
}

fn describe(doing: &str, error: &Error) -> String {
    match next_step(error.kind()) {
        Some(step) => format!("{doing} failed: {error}. {step}"),
        None => format!("{doing} failed: {error}"),
    }
}

/// What an operator of this connector can do, where the client's own words do not say it.
fn next_step(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::Unauthenticated => Some(
            "Check that --api-token (BATON_API_TOKEN) is whole and was made in this org, and that the admin who made \
             it is still active",
        ),
        ErrorKind::Forbidden => Some(
            "Users, groups and apps take the Read-Only Administrator role, admin roles the Super Administrator role; \
             or name only the types that may be read with --sync-resource-types",
        ),
        ErrorKind::NotFound => Some("Check that --domain (BATON_DOMAIN) names an Okta org"),
        _ => None,
    }
}

fn kind(error: &Error) -> FetchErrorKind {
    match error.kind() {
        // The second also stands for bad search criteria, but ours are always the same.
        ErrorKind::Invalid if matches!(error.code(), Some("E0000029" | "E0000031")) => FetchErrorKind::StaleCursor,
        ErrorKind::Unauthenticated => FetchErrorKind::Unauthenticated,
        ErrorKind::Forbidden => FetchErrorKind::Forbidden,
        ErrorKind::NotFound => FetchErrorKind::NotFound,
        ErrorKind::RateLimited => FetchErrorKind::Exhausted,
        ErrorKind::Conflict | ErrorKind::Invalid | ErrorKind::Redirected => FetchErrorKind::Invalid,
        ErrorKind::Server | ErrorKind::Unreachable(_) => FetchErrorKind::Unavailable,
        ErrorKind::Timeout => FetchErrorKind::Timeout,
        ErrorKind::Cancelled => FetchErrorKind::Cancelled,
        ErrorKind::Unreadable => FetchErrorKind::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn of_group(kind: ErrorKind, refused: Refused) -> Result<Gap, FetchError> {
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
            (ErrorKind::Unauthenticated, FetchErrorKind::Unauthenticated, 16),
            (ErrorKind::Forbidden, FetchErrorKind::Forbidden, 7),
            (ErrorKind::RateLimited, FetchErrorKind::Exhausted, 8),
            (ErrorKind::Server, FetchErrorKind::Unavailable, 14),
            (ErrorKind::Timeout, FetchErrorKind::Timeout, 4),
            (ErrorKind::Unreachable(okta_client::Unreachable::Dns), FetchErrorKind::Unavailable, 14),
            (ErrorKind::Cancelled, FetchErrorKind::Cancelled, 1),
            (ErrorKind::Unreadable, FetchErrorKind::Unreadable, 2),
        ] {
            // Forbidden without Okta's code for "no permission" is fatal whatever the object.
            let error = of_group(okta, Refused::Gap).unwrap_err();
            assert_eq!((error.kind, error.kind.grpc_code()), (ours, code));
            assert!(error.message.starts_with("reading the members of group 00g1 failed: Okta said so"), "{error}");
        }
    }

    #[test]
    fn refusals_say_what_to_do() {
        let error = fatal("listing the users", &Error::new(ErrorKind::Forbidden, "no"));
        assert!(error.message.contains("Read-Only Administrator"), "{error}");
        let error = unusable("checking the connection to Okta", &Error::new(ErrorKind::Unauthenticated, "no"));
        assert!(error.message.contains("--api-token"), "{error}");
    }
}
