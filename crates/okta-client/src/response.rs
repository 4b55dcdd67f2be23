//! Checks that a response comes from the API, and converts refusals into errors.

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use serde_json::Value;

use crate::code;
use crate::error::{Error, ErrorKind, OktaError, Unreachable};
use crate::models::{NotJson, Record, record_from_json};
use crate::outcome::Outcome;

/// The largest number of characters of a server's text that is repeated.
const MAX_TEXT: usize = 500;

/// The largest number of causes that is repeated. Okta sends one for each member that it rejects.
const MAX_CAUSES: usize = 50;

const NOT_THE_API: &str = "check the domain; is there a proxy or captive portal in between?";

/// A successful response to a request.
#[derive(Clone)]
pub struct Response {
    /// The HTTP status, 200 to 299.
    pub status: u16,
    /// The body; often empty.
    pub body: Bytes,
    method: Method,
    path: String,
}

impl Response {
    /// Creates the response to a call of `method` and `path`.
    pub(crate) fn new(status: StatusCode, body: Bytes, method: Method, path: String) -> Self {
        Self { status: status.as_u16(), body, method, path }
    }

    /// Parses the record in the body.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unreadable`] if there is none. By its status the change was made nevertheless.
    pub fn json<T: Record>(&self) -> Result<T, Error> {
        check_body(&HeaderMap::new(), &self.body)
            .and_then(|()| record_from_json(&self.body).map_err(|e| unreadable(&e)))
            .map_err(|error| error.with_call(&self.method, &self.path))
    }
}

/// Without the body, which may hold one-time tokens.
impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}

/// Returns the error for a body that is not what was requested. One that ends too early is a broken connection.
pub(crate) fn unreadable(error: &NotJson) -> Error {
    if error.is_truncated() {
        return Error::new(ErrorKind::Unreachable(Unreachable::Broken), format!("the answer was cut short: {error}"));
    }
    Error::new(ErrorKind::Unreadable, format!("the answer cannot be read: {error}"))
}

/// Rejects the body of a success that cannot come from the API: a proxy's page must never be read as an empty list.
pub(crate) fn check_body(headers: &HeaderMap, body: &[u8]) -> Result<(), Error> {
    let unreadable = |what: String| Err(Error::new(ErrorKind::Unreadable, what).with_hint(NOT_THE_API));
    if let Some(content_type) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok())
        && !content_type.to_ascii_lowercase().contains("json")
    {
        return unreadable(format!("the answer is {}, not JSON", clean(content_type)));
    }
    match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => unreadable("the answer is empty where JSON was expected".to_owned()),
        Some(b'<') => unreadable("the answer is a web page, not JSON".to_owned()),
        Some(_) => Ok(()),
    }
}

/// Converts a response without success into an error.
pub(crate) fn refusal(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Error {
    if status.is_redirection() {
        return redirection(status, headers);
    }
    let okta = okta_error(status, headers, body);
    let kind = kind(status, okta.code.as_deref());
    let mut what = format!("Okta answered {}", status.as_u16());
    if let Some(code) = &okta.code {
        what = format!("{what} {code}");
    }
    let said = okta.summary.iter().chain(&okta.causes);
    let said: Vec<&str> = said.map(|text| text.trim_end_matches('.')).collect();
    if said.is_empty() {
        what = format!("{what} {}", status.canonical_reason().unwrap_or("(no reason given)"));
    } else {
        what = format!("{what}: {}", said.join("; "));
    }
    let outcome = Outcome::from_response(status, okta.code.as_deref());
    let error = Error::new(kind, what).with_okta(okta).with_outcome(outcome);
    match hint(kind, &error) {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

/// Parses the error in body and headers.
fn okta_error(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> OktaError {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |key: &str| body.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(clean);
    let challenge = |key: &str| {
        let mut challenges = headers.get_all(header::WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        challenges.find_map(|challenge| parameter(challenge, key))
    };
    let causes = body.get("errorCauses").and_then(Value::as_array).into_iter().flatten();
    let causes = causes.filter_map(|cause| cause.get("errorSummary")?.as_str());
    let mut causes: Vec<String> = causes.take(MAX_CAUSES).map(clean).collect();
    let scope = challenge("scope").filter(|scope| status == StatusCode::FORBIDDEN && !scope.is_empty());
    if let Some(scope) = &scope {
        causes.push(format!("the scope needed is {scope}"));
    }
    OktaError {
        status: Some(status.as_u16()),
        code: text("errorCode").or_else(|| text("error")).or_else(|| challenge("error")),
        summary: text("errorSummary")
            .or_else(|| text("error_description"))
            .or_else(|| challenge("error_description"))
            .or_else(|| text("message")),
        causes,
        scope,
        error_id: text("errorId"),
        request_id: headers.get("x-okta-request-id").and_then(|id| id.to_str().ok()).map(clean),
    }
}

/// Returns the value of `name="…"` in a challenge such as `Bearer error="insufficient_scope", scope="okta.groups.read"`.
fn parameter(challenge: &str, name: &str) -> Option<String> {
    let mut rest = challenge;
    loop {
        let at = rest.find(name)?;
        let whole_name = rest[..at].ends_with([' ', ',', '\t']) || at == 0;
        rest = &rest[at + name.len()..];
        if let Some(value) = rest.strip_prefix("=\"").filter(|_| whole_name) {
            return value.split('"').next().map(clean);
        }
    }
}

/// Returns a text of the server in a form that is safe to print on one line.
fn clean(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_TEXT + 1).collect();
    match line.char_indices().nth(MAX_TEXT) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

fn kind(status: StatusCode, code: Option<&str>) -> ErrorKind {
    // The code is more precise than the status, where there are both: `docs/spec/okta-api.md` 5.
    match code {
        Some(code::NOT_FOUND | code::NO_SUCH_PATH) => return ErrorKind::NotFound,
        // A 403, although the credential itself is rejected.
        Some(code::INVALID_SESSION) => return ErrorKind::Unauthenticated,
        // A 401, although the credential is fine: the org lacks the feature.
        Some(code::NO_PERMISSION | code::NO_FEATURE) => return ErrorKind::Forbidden,
        // Mostly a 403, although no credential could do this: the object does not allow it.
        Some(
            code::ALREADY_ACTIVE
            | code::NOT_LOCKED
            | code::WRONG_USER_STATE
            | code::APP_ACTIVE
            | code::MASTERED_ELSEWHERE
            | code::ATTRIBUTE_MAPPED
            | code::ATTRIBUTE_READ_ONLY
            | code::ATTRIBUTE_IMMUTABLE
            | code::OBJECT_READ_ONLY
            | code::UNSUPPORTED
            | code::USER_INACTIVE,
        ) => return ErrorKind::Conflict,
        Some(code::CREDENTIAL_REFUSED | code::PASSWORD_POLICY) => return ErrorKind::Invalid,
        _ => {}
    }
    match status.as_u16() {
        401 => ErrorKind::Unauthenticated,
        403 => ErrorKind::Forbidden,
        404 | 410 => ErrorKind::NotFound,
        408 => ErrorKind::Timeout,
        409 | 412 | 423 => ErrorKind::Conflict,
        429 => ErrorKind::RateLimited,
        500..=599 => ErrorKind::Server,
        400..=499 => ErrorKind::Invalid,
        _ => ErrorKind::Unreadable,
    }
}

fn hint(kind: ErrorKind, error: &Error) -> Option<&'static str> {
    match (kind, error.code()) {
        (ErrorKind::Unauthenticated, Some(code::INVALID_TOKEN)) => {
            Some("the API token is wrong, expired or revoked: make a new one in the Okta admin console")
        }
        (ErrorKind::Unauthenticated, Some(code::INVALID_SESSION)) => Some(
            "the credential is wrong, expired or revoked, or something on the way to Okta took it out of the request",
        ),
        (ErrorKind::Unauthenticated, _) => Some("the credential is wrong, expired or revoked"),
        (ErrorKind::Forbidden, Some(code::NO_FEATURE)) => Some("the org does not have this feature"),
        (ErrorKind::Forbidden, Some("insufficient_scope")) => {
            Some("grant the scope to the application in the Okta admin console")
        }
        (ErrorKind::Forbidden, _) => Some("the admin role of the credential's owner does not allow this"),
        (ErrorKind::RateLimited, _) => Some("Okta's rate limit is used up: ask for a larger share or run later"),
        (ErrorKind::Server, _) => Some("see status.okta.com, and try again later"),
        _ => None,
    }
}

fn redirection(status: StatusCode, headers: &HeaderMap) -> Error {
    let location = headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
    let host = location.and_then(|text| url::Url::parse(text).ok()).and_then(|url| url.host_str().map(str::to_owned));
    let target = host.map_or_else(|| "another place".to_owned(), |host| clean(&host));
    let okta = OktaError { status: Some(status.as_u16()), ..OktaError::default() };
    Error::new(ErrorKind::Redirected, format!("the answer is {}, a redirect to {target}", status.as_u16()))
        .with_hint("the API does not redirect; check the domain")
        .with_okta(okta)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn status(code: u16) -> StatusCode {
        StatusCode::from_u16(code).unwrap()
    }

    #[test]
    fn tells_everything_that_okta_said() {
        let body = br#"{"errorCode":"E0000006","errorSummary":"You do not have permission.","errorLink":"E0000006",
            "errorId":"oae1","errorCauses":[{"errorSummary":"no role"},{"other":1}]}"#;
        let error = refusal(status(403), &headers(&[("x-okta-request-id", "req1")]), body)
            .with_call(&http::Method::GET, "/api/v1/groups?limit=200");
        assert_eq!(error.kind(), ErrorKind::Forbidden);
        assert_eq!((error.status(), error.code()), (Some(403), Some("E0000006")));
        assert_eq!((error.error_id(), error.request_id()), (Some("oae1"), Some("req1")));
        assert_eq!(error.path(), Some("/api/v1/groups"));
        assert_eq!(
            error.to_string(),
            "GET /api/v1/groups: Okta answered 403 E0000006: You do not have permission; no role \
             (error id oae1, request id req1); the admin role of the credential's owner does not allow this"
        );
    }

    #[test]
    fn reads_the_challenge_where_there_is_no_body() {
        let challenge = "Bearer authorization_uri=\"http://acme.okta.com/oauth2/v1/authorize\", realm=\"x\", \
            scope=\"okta.groups.read\", error=\"insufficient_scope\", error_description=\"The token lacks it.\"";
        let error = refusal(status(403), &headers(&[("WWW-Authenticate", challenge)]), b"");
        assert_eq!(error.code(), Some("insufficient_scope"));
        assert_eq!(error.okta().scope.as_deref(), Some("okta.groups.read"));
        let text = error.to_string();
        assert!(text.contains("The token lacks it") && text.contains("okta.groups.read"), "{text}");
    }

    #[test]
    fn the_code_decides_over_the_status() {
        let kind = |code, body: &str| refusal(status(code), &HeaderMap::new(), body.as_bytes()).kind();
        assert_eq!(kind(401, r#"{"errorCode":"E0000011"}"#), ErrorKind::Unauthenticated);
        assert_eq!(kind(401, r#"{"errorCode":"E0000015"}"#), ErrorKind::Forbidden);
        assert_eq!(kind(403, r#"{"errorCode":"E0000005"}"#), ErrorKind::Unauthenticated);
        assert_eq!(kind(403, r#"{"errorCode":"E0000006"}"#), ErrorKind::Forbidden);
        assert_eq!(kind(400, r#"{"errorCode":"E0000007"}"#), ErrorKind::NotFound);
        assert_eq!(kind(403, r#"{"errorCode":"E0000038"}"#), ErrorKind::Conflict);
        assert_eq!(kind(501, r#"{"errorCode":"E0000060"}"#), ErrorKind::Conflict);
        assert_eq!(kind(403, r#"{"errorCode":"E0000014"}"#), ErrorKind::Invalid);
        assert_eq!(kind(400, "not json"), ErrorKind::Invalid);
        assert_eq!(kind(502, "<html>"), ErrorKind::Server);
    }

    #[test]
    fn a_refused_token_says_what_to_do() {
        let error = refusal(
            status(401),
            &HeaderMap::new(),
            br#"{"errorCode":"E0000011","errorSummary":"Invalid token provided"}"#,
        );
        assert!(error.to_string().contains("wrong, expired or revoked"), "{error}");
    }

    #[test]
    fn a_redirect_names_the_host_only() {
        let location = [("Location", "https://login.example/path?secret=1")];
        let error = refusal(status(302), &headers(&location), b"");
        assert_eq!(error.kind(), ErrorKind::Redirected);
        assert!(error.to_string().contains("login.example") && !error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn a_proxys_page_is_no_answer() {
        let json = headers(&[("Content-Type", "application/json;charset=UTF-8")]);
        assert!(check_body(&json, b"[]").is_ok());
        assert!(check_body(&HeaderMap::new(), b" {}").is_ok());
        for (headers, body) in [
            (headers(&[("Content-Type", "text/html")]), &b"[]"[..]),
            (json.clone(), &b"<html>"[..]),
            (json.clone(), &b" \n"[..]),
            (HeaderMap::new(), &b""[..]),
        ] {
            let error = check_body(&headers, body).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unreadable);
            assert!(error.to_string().contains("captive portal"), "{error}");
        }
    }

    #[test]
    fn the_servers_text_stays_on_one_line_and_short() {
        let long = format!(r#"{{"errorSummary":"a\nb\u001b[31m{}"}}"#, "x".repeat(5000));
        let text = refusal(status(400), &HeaderMap::new(), long.as_bytes()).to_string();
        assert!(!text.contains(['\n', '\u{1b}']) && text.len() < 700, "{text}");
        let cause = r#"{"errorSummary":"login: bad"}"#;
        let many = format!(r#"{{"errorCauses":[{}]}}"#, vec![cause; 30_000].join(","));
        let text = refusal(status(400), &HeaderMap::new(), many.as_bytes()).to_string();
        assert!(text.contains("login: bad; login: bad") && text.len() < 1000, "{}", text.len());
    }
}
