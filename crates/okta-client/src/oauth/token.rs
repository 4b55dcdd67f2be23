//! Access tokens, parsed from the response of the token endpoint.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use super::jwt;
use crate::error::{Error, ErrorKind};

/// The lifetime of a token whose response does not state it: Okta's default (`docs/spec/okta-api.md` 4).
const DEFAULT_LIFETIME: Duration = Duration::from_secs(3600);
/// The longest lifetime of a token that is believed.
const MAX_LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// A token is replaced this long before its end, so that calls in flight with it still succeed.
const REFRESH_MARGIN: Duration = Duration::from_secs(60);

/// The scheme in which a token is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenScheme {
    /// By itself; any holder may use it.
    Bearer,
    /// With a proof in each call that the sender holds the key that it was issued for.
    Dpop,
}

/// An access token.
pub(super) struct Token {
    pub(super) scheme: TokenScheme,
    /// The `Authorization` header.
    pub(super) authorization: HeaderValue,
    /// The hash for proofs.
    pub(super) hash: String,
    /// The scopes that were granted, sorted; `None` if the response does not name them.
    pub(super) scopes: Option<Vec<String>>,
    /// The time from which on it is not used for new calls.
    refresh_at: Instant,
    /// Whether the API has accepted it.
    accepted: AtomicBool,
}

#[derive(Deserialize)]
struct TokenBody {
    access_token: Option<String>,
    token_type: Option<String>,
    #[serde(default)]
    expires_in: Value,
    scope: Option<String>,
}

impl Token {
    /// Parses the response to a request that was sent at `sent_at`. `scale` is the number of seconds of the server per second
    /// of ours.
    pub(super) fn parse(body: &[u8], sent_at: Instant, scale: f64) -> Result<Self, Error> {
        let unusable = |what: String| {
            let what = format!("the token endpoint answered with success, but {what}");
            Error::new(ErrorKind::Unreadable, what).with_hint("is the domain that of an Okta org?")
        };
        // The parser's own message may repeat its input.
        let response: TokenBody =
            serde_json::from_slice(body).map_err(|_| unusable("the answer cannot be read".to_owned()))?;
        let Some(text) = response.access_token.filter(|token| !token.trim().is_empty()) else {
            return Err(unusable("without a token".to_owned()));
        };
        let (scheme, name) = match response.token_type.as_deref() {
            Some(kind) if kind.eq_ignore_ascii_case("Bearer") => (TokenScheme::Bearer, "Bearer"),
            Some(kind) if kind.eq_ignore_ascii_case("DPoP") => (TokenScheme::Dpop, "DPoP"),
            Some(_) => return Err(unusable("the token is neither of type Bearer nor DPoP".to_owned())),
            None => return Err(unusable("without the type of the token".to_owned())),
        };
        let mut authorization = match HeaderValue::from_str(&format!("{name} {text}")) {
            Ok(header) if text.chars().all(|c| c.is_ascii_graphic()) => header,
            _ => return Err(unusable("the token has characters that no token has".to_owned())),
        };
        authorization.set_sensitive(true);
        let lifetime = lifetime(&response.expires_in).div_f64(scale);
        Ok(Self {
            scheme,
            authorization,
            hash: jwt::token_hash(&text),
            scopes: response.scope.map(|scopes| sorted_unique(scopes.split_whitespace())),
            // A token with a lifetime of minutes is used for four fifths of it.
            refresh_at: sent_at + lifetime - REFRESH_MARGIN.min(lifetime / 5),
            accepted: AtomicBool::new(false),
        })
    }

    /// Sets the scopes to those that were requested, unless the response named others.
    pub(super) fn with_default_scopes(mut self, scopes: &[String]) -> Self {
        self.scopes.get_or_insert_with(|| sorted_unique(scopes.iter().map(String::as_str)));
        self
    }

    /// Returns whether new calls may be sent with it.
    pub(super) fn is_fresh(&self) -> bool {
        Instant::now() < self.refresh_at
    }

    /// Returns whether it is the token in these headers.
    pub(super) fn is_in(&self, headers: &HeaderMap) -> bool {
        headers.get(AUTHORIZATION) == Some(&self.authorization)
    }

    /// Records that the API has accepted it.
    pub(super) fn mark_accepted(&self) {
        self.accepted.store(true, Ordering::Relaxed);
    }

    /// Returns whether the API has ever accepted it.
    pub(super) fn was_accepted(&self) -> bool {
        self.accepted.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("scheme", &self.scheme).field("scopes", &self.scopes).finish_non_exhaustive()
    }
}

/// Returns the scopes without repetitions, in alphabetical order.
pub(super) fn sorted_unique<'s>(scopes: impl Iterator<Item = &'s str>) -> Vec<String> {
    let unique: std::collections::BTreeSet<&str> = scopes.collect();
    unique.into_iter().map(str::to_owned).collect()
}

/// Parses the lifetime in a response, a number of seconds that some servers write as a string.
fn lifetime(expires_in: &Value) -> Duration {
    let seconds = expires_in.as_f64().or_else(|| expires_in.as_str()?.trim().parse().ok());
    match seconds {
        Some(seconds) if seconds > 0.0 => {
            Duration::try_from_secs_f64(seconds).map_or(MAX_LIFETIME, |lifetime| lifetime.min(MAX_LIFETIME))
        }
        _ => DEFAULT_LIFETIME,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn read(body: &str) -> Result<Token, Error> {
        Token::parse(body.as_bytes(), Instant::now(), 1.0)
    }

    #[test]
    fn reads_what_token_endpoints_send() {
        for (body, scheme, header) in [
            (
                r#"{"token_type":"Bearer","access_token":"eyJ.x.y","expires_in":3600}"#,
                TokenScheme::Bearer,
                "Bearer eyJ.x.y",
            ),
            (r#"{"token_type":"dpop","access_token":"a","more":{}}"#, TokenScheme::Dpop, "DPoP a"),
            (r#"{"token_type":"BEARER","access_token":"a","expires_in":null}"#, TokenScheme::Bearer, "Bearer a"),
        ] {
            let token = read(body).unwrap();
            assert_eq!((token.scheme, token.authorization.to_str().unwrap()), (scheme, header));
            assert!(token.authorization.is_sensitive());
        }
        let scopes = read(r#"{"token_type":"DPoP","access_token":"a","scope":"b  a b"}"#).unwrap().scopes;
        assert_eq!(scopes.unwrap(), ["a", "b"]);
    }

    #[test]
    fn refuses_what_is_no_token_without_repeating_it() {
        for (body, part) in [
            ("[]", "cannot be read"),
            (r#"{"access_token":["s3cret"]}"#, "cannot be read"),
            (r#"{"token_type":"Bearer"}"#, "without a token"),
            (r#"{"token_type":"Bearer","access_token":" "}"#, "without a token"),
            (r#"{"access_token":"s3cret"}"#, "without the type"),
            (r#"{"token_type":"s3cret","access_token":"s3cret"}"#, "neither of type"),
            (r#"{"token_type":"Bearer","access_token":"s3cret\r\nX: y"}"#, "characters"),
            (r#"{"token_type":"Bearer","access_token":"s3cret\u0000"}"#, "characters"),
        ] {
            let error = read(body).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unreadable);
            assert!(error.to_string().contains(part), "{body}: {error}");
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn lives_as_long_as_the_response_says() {
        for (expires_in, seconds) in [
            ("3600", 3600),
            ("\"120\"", 120),
            ("0", 3600),
            ("-5", 3600),
            ("\"soon\"", 3600),
            ("1e300", 24 * 3600),
            ("99999999999", 24 * 3600),
        ] {
            let value: Value = serde_json::from_str(expires_in).unwrap();
            assert_eq!(lifetime(&value), Duration::from_secs(seconds), "{expires_in}");
        }
    }
}
