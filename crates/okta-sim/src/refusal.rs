//! Okta's error answers.

mod changes;

use crate::render::json::text;

/// A request that Okta refuses: status, code and texts of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) body: RefusalBody,
    /// `WWW-Authenticate`, where the answer carries it.
    pub(crate) challenge: Option<String>,
    /// `DPoP-Nonce`, where the answer carries it.
    pub(crate) nonce: Option<String>,
    /// Whether the answer comes from the API proper, which counts calls, or from the servers before it, which do not.
    pub(crate) counted: bool,
}

/// What a refusal says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RefusalBody {
    /// Okta's error object.
    Okta { code: &'static str, summary: String, causes: Vec<String> },
    /// OAuth's error object.
    OAuth { error: &'static str, description: String },
    /// The page of the web server for a path that the org does not serve; without a content type.
    Bare(&'static str),
    /// No body.
    Empty,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &'static str, summary: impl Into<String>) -> Self {
        let body = RefusalBody::Okta { code, summary: summary.into(), causes: Vec::new() };
        Self { status, body, challenge: None, nonce: None, counted: true }
    }

    fn because(mut self, cause: impl Into<String>) -> Self {
        if let RefusalBody::Okta { causes, .. } = &mut self.body {
            causes.push(cause.into());
        }
        self
    }

    fn uncounted(mut self) -> Self {
        self.counted = false;
        self
    }

    /// 401: the token is not known.
    pub(crate) fn invalid_token() -> Self {
        Self::new(401, "E0000011", "Invalid token provided").uncounted()
    }

    /// 401 for an OAuth token, told in the challenge too.
    pub(crate) fn invalid_oauth_token(scheme: &str) -> Self {
        let challenge = format!(
            "{scheme} authorization_uri=\"/oauth2/v1/authorize\", realm=\"/\", scope=\"\", error=\"invalid_token\", \
             error_description=\"The token is invalid or expired.\", resource=\"/\""
        );
        Self { challenge: Some(challenge), ..Self::invalid_token() }
    }

    /// 403: no credentials were sent at all.
    pub(crate) fn no_credentials() -> Self {
        Self::new(403, "E0000005", "Invalid session").uncounted()
    }

    /// 403: the token's owner lacks the admin role for this.
    pub(crate) fn no_permission() -> Self {
        Self::new(403, "E0000006", "You do not have permission to perform the requested action")
    }

    /// 403: the OAuth token lacks the scope for this; the answer is in the challenge, there is no body.
    pub(crate) fn insufficient_scope(scheme: &str, scope: &str, path: &str) -> Self {
        let challenge = format!(
            "{scheme} authorization_uri=\"/oauth2/v1/authorize\", realm=\"{path}\", scope=\"{scope}\", \
             error=\"insufficient_scope\", error_description=\"The access token provided does not contain the required \
             scopes.\", resource=\"{path}\""
        );
        Self { status: 403, body: RefusalBody::Empty, challenge: Some(challenge), nonce: None, counted: true }
    }

    /// 404: no object of this kind has this id.
    pub(crate) fn not_found(id: &str, kind: &str) -> Self {
        Self::new(404, "E0000007", format!("Not found: Resource not found: {id} ({kind})"))
    }

    /// 404: the path leads nowhere.
    pub(crate) fn no_such_path() -> Self {
        Self::new(404, "E0000008", "The requested path was not found").uncounted()
    }

    /// 404 of the web server before the API.
    pub(crate) fn not_served() -> Self {
        let body = RefusalBody::Bare("{\"status\":404,\"message\":\"Resource not found\"}");
        Self { status: 404, body, challenge: None, nonce: None, counted: false }
    }

    /// 405: the path is there, the method is not.
    pub(crate) fn wrong_method() -> Self {
        Self::new(405, "E0000022", "The endpoint does not support the provided HTTP method").uncounted()
    }

    /// 400: the caller wants another media type than JSON.
    pub(crate) fn wrong_media_type() -> Self {
        let summary = "Bad request. Accept and/or Content-Type headers likely do not match supported values.";
        Self::new(400, "E0000019", summary).uncounted()
    }

    /// 400: a parameter has a value that it cannot have.
    pub(crate) fn invalid_parameter(name: &str, cause: &str) -> Self {
        Self::new(400, "E0000001", format!("Api validation failed: {name}")).because(format!("{name}: {cause}"))
    }

    /// 400: a cursor that no page gave out.
    pub(crate) fn invalid_cursor() -> Self {
        Self::new(400, "E0000029", "Invalid paging request.").because("The cursor is invalid.")
    }

    /// 400: a cursor of a search that no page gave out.
    pub(crate) fn invalid_search_cursor() -> Self {
        Self::new(400, "E0000031", "Invalid search criteria.").because("Invalid cursor.")
    }

    /// 400: a `search` that cannot be read or asks for what is not supported.
    pub(crate) fn invalid_search(cause: &str) -> Self {
        Self::new(400, "E0000031", "Invalid search criteria.").because(cause)
    }

    /// 400: a `filter` that cannot be read.
    pub(crate) fn invalid_filter(filter: &str, cause: &str) -> Self {
        Self::new(400, "E0000053", format!("Invalid filter '{filter}': {cause}"))
    }

    /// 400: a `filter` on something that cannot be filtered by, or with an operator that is not supported there.
    pub(crate) fn unsupported_filter(cause: &str) -> Self {
        Self::new(400, "E0000094", "This operation is not supported with the given filter.").because(cause)
    }

    /// 400: `search` and `filter` in one request.
    pub(crate) fn search_with_filter() -> Self {
        Self::new(400, "E0000033", "A search and a filter cannot be used together.")
    }

    /// 400: a date that is none.
    pub(crate) fn invalid_date(text: &str) -> Self {
        Self::new(
            400,
            "E0000030",
            format!("Invalid date '{text}'. Dates must be of the form yyyy-MM-dd'T'HH:mm:ss.SSS'Z'."),
        )
    }

    /// 429, of either kind: the headers make the difference.
    pub(crate) fn too_many_requests() -> Self {
        Self::new(429, "E0000047", "API call exceeded rate limit due to too many requests.")
    }

    /// The error of this code, for faults.
    pub(crate) fn of_status(status: u16) -> Self {
        match status {
            400 => Self::new(400, "E0000001", "Api validation failed"),
            401 => Self::invalid_token(),
            403 => Self::no_permission(),
            404 => Self::not_found("unknown", "Resource"),
            405 => Self::wrong_method(),
            429 => Self::too_many_requests(),
            503 => Self::new(503, "E0000010", "Service is in read only mode"),
            other => Self::new(other, "E0000009", "Internal Server Error"),
        }
    }

    /// The body; `error_id` is the id under which Okta would find the incident.
    pub(crate) fn render(&self, error_id: &str) -> String {
        match &self.body {
            RefusalBody::Okta { code, summary, causes } => {
                let mut out = format!("{{\"errorCode\":\"{code}\",\"errorSummary\":");
                text(&mut out, summary);
                out.push_str(",\"errorLink\":\"");
                out.push_str(code);
                out.push_str("\",\"errorId\":");
                text(&mut out, error_id);
                out.push_str(",\"errorCauses\":[");
                for (at, cause) in causes.iter().enumerate() {
                    out.push_str(if at == 0 { "{\"errorSummary\":" } else { ",{\"errorSummary\":" });
                    text(&mut out, cause);
                    out.push('}');
                }
                out.push_str("]}");
                out
            }
            RefusalBody::OAuth { error, description } => {
                let mut out = format!("{{\"error\":\"{error}\",\"error_description\":");
                text(&mut out, description);
                out.push('}');
                out
            }
            RefusalBody::Bare(body) => (*body).to_owned(),
            RefusalBody::Empty => String::new(),
        }
    }
}
