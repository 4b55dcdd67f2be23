//! What can go wrong between us and Okta, in words that say what to do next.

use std::fmt;

use http::Method;

/// A failed call.
///
/// Its text names the call (method and path, never the host's secrets or the query), what Okta said, and the next
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
}

/// What Okta said about a failed call; empty where it said nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OktaError {
    /// The HTTP status.
    pub status: Option<u16>,
    /// Okta's code, for example `E0000006`; or the `error` of an OAuth answer.
    pub code: Option<String>,
    /// Okta's sentence. It changes from release to release.
    pub summary: Option<String>,
    /// Okta's details.
    pub causes: Vec<String>,
    /// The id of this error in Okta's logs.
    pub error_id: Option<String>,
    /// The id of this request in Okta's logs.
    pub request_id: Option<String>,
}

/// The kinds of failure, as far as a caller can do something about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The credential was refused.
    Unauthenticated,
    /// The credential may not do this, or the org does not have the feature.
    Forbidden,
    /// The object does not exist (any more).
    NotFound,
    /// Still "too many requests" after all the patience that was allowed.
    RateLimited,
    /// The state of the object does not allow this.
    Conflict,
    /// The request or the configuration is wrong.
    Invalid,
    /// Okta failed.
    Server,
    /// No answer in time.
    Timeout,
    /// No connection.
    Unreachable(Unreachable),
    /// The answer points to another place: probably the wrong domain.
    Redirected,
    /// We were told to stop.
    Cancelled,
    /// The answer is not what Okta sends.
    Unreadable,
}

/// Why there is no connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unreachable {
    /// The name of the host is unknown.
    Dns,
    /// Nothing listens there.
    Refused,
    /// The certificate is not trusted, or there is no common version of TLS.
    Tls,
    /// The connection could not be made or broke for some other reason.
    Broken,
}

impl Error {
    /// An error that says `what` happened.
    #[must_use]
    pub fn new(kind: ErrorKind, what: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, what: what.into(), hint: None, call: None, okta: OktaError::default() }))
    }

    /// We were told to stop.
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

    /// Adds the call that failed, unless another one made it fail: the request for an access token, say.
    #[must_use]
    pub(crate) fn with_call(mut self, method: &Method, path: &str) -> Self {
        let path = path.split('?').next().unwrap_or_default();
        self.0.call.get_or_insert_with(|| (method.clone(), path.to_owned()));
        self
    }

    /// Adds what Okta said.
    #[must_use]
    pub(crate) fn with_okta(mut self, okta: OktaError) -> Self {
        self.0.okta = okta;
        self
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What Okta said.
    #[must_use]
    pub fn okta(&self) -> &OktaError {
        &self.0.okta
    }

    /// The HTTP status, if there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.okta.status
    }

    /// Okta's code, for example `E0000006`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.okta.code.as_deref()
    }

    /// Okta's sentence.
    #[must_use]
    pub fn summary(&self) -> Option<&str> {
        self.0.okta.summary.as_deref()
    }

    /// The id of this error in Okta's logs.
    #[must_use]
    pub fn error_id(&self) -> Option<&str> {
        self.0.okta.error_id.as_deref()
    }

    /// The id of the request in Okta's logs.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.okta.request_id.as_deref()
    }

    /// The method of the call, if there was one.
    #[must_use]
    pub fn method(&self) -> Option<&Method> {
        self.0.call.as_ref().map(|(method, _)| method)
    }

    /// The path of the call, without its query.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.0.call.as_ref().map(|(_, path)| path.as_str())
    }

    /// Whether the same call may succeed later without anybody changing anything.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self.0.kind {
            ErrorKind::RateLimited | ErrorKind::Timeout => true,
            ErrorKind::Server => self.0.okta.status != Some(501),
            ErrorKind::Unreachable(why) => matches!(why, Unreachable::Broken | Unreachable::Refused | Unreachable::Dns),
            ErrorKind::Unauthenticated
            | ErrorKind::Forbidden
            | ErrorKind::NotFound
            | ErrorKind::Conflict
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
