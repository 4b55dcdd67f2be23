//! Authentication: the trait between the client and its authenticators, and API tokens.

use std::fmt;

use futures::FutureExt;
use futures::future::BoxFuture;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::error::{Error, ErrorKind};
use crate::pacer::BucketTraffic;

/// The parts of a call that authentication may depend on.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// The HTTP method.
    pub method: Method,
    /// The whole URL.
    pub url: Url,
}

/// Authenticates each call.
///
/// It is called for every attempt of every call, and may send calls of its own (to fetch a token, say). Its `Debug` must
/// not show secrets.
pub trait Authenticator: Send + Sync + fmt::Debug {
    /// Returns the headers for one call. Their values should be marked sensitive.
    ///
    /// # Errors
    ///
    /// End the call: an authenticator that sends calls of its own retries those itself.
    fn headers<'a>(&'a self, request: &'a Outgoing) -> BoxFuture<'a, Result<HeaderMap, Error>>;

    /// Observes the head of every response, successful ones too, before the response is used. `Some` asks for a retry with
    /// new [`headers`](Self::headers); the retries for each kind of challenge are limited.
    fn on_response(&self, _: &ResponseHead<'_>) -> Option<Challenge> {
        None
    }

    /// Replaces the hint of a refusal where the authenticator knows a better next step.
    fn refine_hint(&self, error: Error) -> Error {
        error
    }

    /// Returns the traffic of authentication itself.
    fn traffic(&self) -> Vec<BucketTraffic> {
        Vec::new()
    }
}

/// The head of a response, and its request.
#[derive(Debug, Clone, Copy)]
pub struct ResponseHead<'a> {
    /// The call.
    pub request: &'a Outgoing,
    /// The headers that [`Authenticator::headers`] returned for it.
    pub sent: &'a HeaderMap,
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers of the response.
    pub headers: &'a HeaderMap,
}

/// What a response asks for before the same call can succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Challenge {
    /// A proof that contains the nonce of the response.
    Nonce,
    /// Another proof: the one that was sent was rejected.
    Proof,
    /// Another token: the one that was sent has expired or was revoked.
    Token,
}

/// An Okta API token (`Authorization: SSWS …`).
pub struct ApiToken {
    header: HeaderValue,
}

impl ApiToken {
    /// Parses an API token as Okta's console shows it. Surrounding whitespace is ignored.
    ///
    /// # Errors
    ///
    /// If it is empty, is a placeholder, or contains characters that no token has. The error does not repeat it.
    #[allow(clippy::needless_pass_by_value)] // The secret is consumed here.
    pub fn new(token: SecretString) -> Result<Self, Error> {
        let reject = |what: &str| {
            let hint = "make one in the Okta admin console under Security, API, Tokens";
            Err(Error::new(ErrorKind::Invalid, format!("the API token {what}")).with_hint(hint))
        };
        let text = token.expose_secret().trim();
        if text.is_empty() {
            return reject("is empty");
        }
        if text.contains(['{', '}']) {
            return reject("is a placeholder in braces, not a token");
        }
        if text.contains(char::is_whitespace) {
            return reject("has blanks inside; was more than the token copied?");
        }
        if !text.chars().all(|c| c.is_ascii_graphic()) {
            return reject("has characters that no token has");
        }
        let Ok(mut header) = HeaderValue::from_str(&format!("SSWS {text}")) else {
            return reject("has characters that no token has");
        };
        header.set_sensitive(true);
        Ok(Self { header })
    }
}

impl fmt::Debug for ApiToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiToken([hidden])")
    }
}

impl Authenticator for ApiToken {
    fn headers<'a>(&'a self, _: &'a Outgoing) -> BoxFuture<'a, Result<HeaderMap, Error>> {
        let headers = HeaderMap::from_iter([(AUTHORIZATION, self.header.clone())]);
        async move { Ok(headers) }.boxed()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn refuses_what_is_no_token_without_repeating_it() {
        for token in ["", "  ", "{apiToken}", "00abc def", "00abc\tdef", "00äbc", "00abc\u{7f}"] {
            let error = ApiToken::new(token.into()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(!error.to_string().contains("00"), "{error}");
        }
    }

    #[tokio::test]
    async fn the_token_is_sent_and_never_shown() {
        let token = ApiToken::new(" 00secret\n".into()).unwrap();
        let request = Outgoing { method: Method::GET, url: "https://acme.okta.com/api/v1/org".parse().unwrap() };
        let headers = token.headers(&request).await.unwrap();
        assert_eq!(headers[AUTHORIZATION], "SSWS 00secret");
        assert!(!format!("{token:?} {headers:?}").contains("00secret"));
    }
}
