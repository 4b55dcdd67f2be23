//! Errors of calls, with messages that name the next step.

use std::fmt;

use http::Method;

use crate::code;
use crate::outcome::Outcome;

/// A failed call.
///
/// Its message contains the call (method and path, never the host's secrets or the query), Okta's message, and the next
/// step. It never contains a token.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    kind: ErrorKind,
    what: String,
    hint: Option<&'static str>,
    call: Option<(Method, String)>,
    okta: OktaError,
    outcome: Option<Outcome>,
    by_service_app: bool,
    too_large: bool,
}

/// Okta's own description of a failed call; empty where it sent nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OktaError {
    /// The HTTP status.
    pub status: Option<u16>,
    /// Okta's code, for example `E0000006`; or the `error` of an OAuth response.
    pub code: Option<String>,
    /// Okta's summary. It changes from release to release.
    pub summary: Option<String>,
    /// Okta's details.
    pub causes: Vec<String>,
    /// The OAuth scope that the call needs, if the refusal names one.
    pub scope: Option<String>,
    /// The id of this error in Okta's logs.
    pub error_id: Option<String>,
    /// The id of this request in Okta's logs.
    pub request_id: Option<String>,
}

/// The kinds of failure that callers distinguish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The credential was refused.
    Unauthenticated,
    /// The credential may not do this, or the org does not have the feature.
    Forbidden,
    /// The object does not exist (any more).
    NotFound,
    /// Still "too many requests" after all retries.
    RateLimited,
    /// The state of the object does not allow this.
    Conflict,
    /// The request or the configuration is wrong.
    Invalid,
    /// Okta failed.
    Server,
    /// No response in time.
    Timeout,
    /// No connection.
    Unreachable(Unreachable),
    /// The response is a redirect: probably the wrong domain.
    Redirected,
    /// The call was cancelled.
    Cancelled,
    /// The response is not what Okta sends.
    Unreadable,
}

/// The reasons for a missing connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unreachable {
    /// The name of the host is unknown.
    Dns,
    /// The connection was refused.
    Refused,
    /// The certificate is not trusted, or there is no common version of TLS.
    Tls,
    /// The connection could not be established or broke for some other reason.
    Broken,
}

impl Error {
    /// Creates an error with the message `what`.
    #[must_use]
    pub fn new(kind: ErrorKind, what: impl Into<String>) -> Self {
        let okta = OktaError::default();
        let what = what.into();
        Self(Box::new(Inner {
            kind,
            what,
            hint: None,
            call: None,
            okta,
            outcome: None,
            by_service_app: false,
            too_large: false,
        }))
    }

    /// Creates the error for a body of more than `limit` bytes.
    pub(crate) fn too_large(limit: usize) -> Self {
        let limit = if limit < 1 << 20 { format!("{} KiB", limit >> 10) } else { format!("{} MiB", limit >> 20) };
        let mut error = Self::new(ErrorKind::Unreadable, format!("the answer is larger than {limit}"))
            .with_hint("Okta sends nothing that large: check the domain, and what lies between here and Okta");
        error.0.too_large = true;
        error
    }

    /// Returns whether the body of the response was too large. A smaller page may fit.
    pub(crate) fn is_too_large(&self) -> bool {
        self.0.too_large
    }

    /// Creates the error of a cancelled call.
    #[must_use]
    pub fn cancelled() -> Self {
        Self::new(ErrorKind::Cancelled, "cancelled")
    }

    /// Adds the next step for an operator.
    #[must_use]
    pub fn with_hint(mut self, hint: &'static str) -> Self {
        self.0.hint = Some(hint);
        self
    }

    /// Adds the failed call, unless another call has been added: the request for an access token, say.
    #[must_use]
    pub(crate) fn with_call(mut self, method: &Method, path: &str) -> Self {
        let path = path.split('?').next().unwrap_or_default();
        self.0.call.get_or_insert_with(|| (method.clone(), path.to_owned()));
        self
    }

    /// Adds Okta's own description.
    #[must_use]
    pub fn with_okta(mut self, okta: OktaError) -> Self {
        self.0.okta = okta;
        self
    }

    /// Adds what is known about the effect of the call.
    #[must_use]
    pub(crate) fn with_outcome(mut self, outcome: Outcome) -> Self {
        self.0.outcome = Some(outcome);
        self
    }

    /// Marks the call as made by a service app.
    #[must_use]
    pub(crate) fn with_service_app(mut self) -> Self {
        self.0.by_service_app = true;
        self
    }

    /// Marks the call as not sent.
    #[must_use]
    pub(crate) fn not_sent(self) -> Self {
        self.with_outcome(Outcome::NotSent)
    }

    /// Returns the next step for an operator, if the message has one.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        self.0.hint
    }

    /// Removes the next step, for callers that show it separately or know a better one.
    #[must_use]
    pub fn without_hint(mut self) -> Self {
        self.0.hint = None;
        self
    }

    /// Returns the kind of failure.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns Okta's own description.
    #[must_use]
    pub fn okta(&self) -> &OktaError {
        &self.0.okta
    }

    /// Returns the HTTP status, if there was a response.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.okta.status
    }

    /// Returns Okta's code, for example `E0000006`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.okta.code.as_deref()
    }

    /// Returns Okta's summary.
    #[must_use]
    pub fn summary(&self) -> Option<&str> {
        self.0.okta.summary.as_deref()
    }

    /// Returns the id of this error in Okta's logs.
    #[must_use]
    pub fn error_id(&self) -> Option<&str> {
        self.0.okta.error_id.as_deref()
    }

    /// Returns the id of the request in Okta's logs.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.okta.request_id.as_deref()
    }

    /// Returns the method of the call, if there was one.
    #[must_use]
    pub fn method(&self) -> Option<&Method> {
        self.0.call.as_ref().map(|(method, _)| method)
    }

    /// Returns the path of the call, without its query.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.0.call.as_ref().map(|(_, path)| path.as_str())
    }

    /// Returns whether the call was made, or was going to be made, by a service app (OAuth 2.0) instead of with an API token.
    #[must_use]
    pub fn is_by_service_app(&self) -> bool {
        self.0.by_service_app
    }

    /// Returns what is known about the effect of the call, which matters if it was a change.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.0.outcome.unwrap_or(Outcome::Unknown)
    }

    /// Returns whether Okta refused to create a user because another has the same login.
    #[must_use]
    pub fn is_duplicate_login(&self) -> bool {
        self.is_duplicate("login")
    }

    /// Returns whether Okta rejected a value of the profile member `field` because another object of the org has it.
    #[must_use]
    pub fn is_duplicate(&self, field: &str) -> bool {
        let names = |cause: &String| {
            cause.split_once(':').is_some_and(|(name, rest)| name.trim() == field && rest.contains("already exists"))
        };
        self.code() == Some(code::VALIDATION) && self.0.okta.causes.iter().any(names)
    }

    /// Returns whether the same call may succeed later without a change of request or configuration.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self.0.kind {
            ErrorKind::RateLimited | ErrorKind::Timeout => true,
            ErrorKind::Server => self.0.okta.status != Some(501),
            ErrorKind::Unreachable(why) => matches!(why, Unreachable::Broken | Unreachable::Refused | Unreachable::Dns),
            ErrorKind::Conflict => self.code() == Some(code::ROLE_CHANGE_RUNNING),
            ErrorKind::Unauthenticated
            | ErrorKind::Forbidden
            | ErrorKind::NotFound
            | ErrorKind::Invalid
            | ErrorKind::Redirected
            | ErrorKind::Cancelled
            | ErrorKind::Unreadable => false,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { what, hint, call, okta, .. } = &*self.0;
        if let Some((method, path)) = call {
            write!(f, "{method} {path}: ")?;
        }
        f.write_str(what)?;
        let ids: Vec<String> = [("error id", &okta.error_id), ("request id", &okta.request_id)]
            .into_iter()
            .filter_map(|(name, id)| id.as_ref().map(|id| format!("{name} {id}")))
            .collect();
        if !ids.is_empty() {
            write!(f, " ({})", ids.join(", "))?;
        }
        if let Some(hint) = hint {
            write!(f, "; {hint}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Error").field(&self.0.kind).field(&self.to_string()).finish()
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_causes(code: &str, causes: &[&str]) -> Error {
        let causes = causes.iter().map(|cause| (*cause).to_owned()).collect();
        let okta = OktaError { code: Some(code.to_owned()), causes, ..OktaError::default() };
        Error::new(ErrorKind::Invalid, "refused").with_okta(okta)
    }

    #[test]
    fn a_duplicate_login_is_distinguished_from_other_duplicates() {
        const TAKEN: &str = "An object with this field already exists in the current organization";
        let login = with_causes(code::VALIDATION, &["email: bad", &format!("login: {TAKEN}")]);
        assert!(login.is_duplicate_login());
        let email = with_causes(code::VALIDATION, &[&format!("email: {TAKEN}")]);
        assert!(!email.is_duplicate_login() && email.is_duplicate("email"));
        assert!(!with_causes(code::VALIDATION, &["login: Does not match required pattern"]).is_duplicate_login());
        assert!(!with_causes(code::VALIDATION, &[TAKEN]).is_duplicate_login());
        assert!(!with_causes(code::MALFORMED, &[&format!("login: {TAKEN}")]).is_duplicate_login());
    }

    #[test]
    fn an_unexplained_failure_leaves_the_outcome_open() {
        assert_eq!(Error::new(ErrorKind::Unreadable, "odd").outcome(), Outcome::Unknown);
        assert_eq!(Error::new(ErrorKind::Timeout, "late").not_sent().outcome(), Outcome::NotSent);
    }
}
