//! Who we are to Okta: the seam between the client and the ways to authenticate.

use std::fmt;

use futures::FutureExt;
use futures::future::BoxFuture;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::error::{Error, ErrorKind};
use crate::pacer::BucketTraffic;

/// A call that is about to be sent or was sent, as far as authentication may depend on it.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// The HTTP method.
    pub method: Method,
    /// The whole URL.
    pub url: Url,
}

/// Adds to each call what proves who sends it.
///
/// It is asked anew for every try of every call, and may send calls of its own to answer (for a token, say). Its
/// `Debug` must not show secrets.
pub trait Authenticator: Send + Sync + fmt::Debug {
    /// The headers for one call. Their values should be marked sensitive.
    ///
    /// # Errors
    ///
    /// End the call: whoever sends calls of its own tries those again itself.
    fn headers<'a>(&'a self, request: &'a Outgoing) -> BoxFuture<'a, Result<HeaderMap, Error>>;

    /// Is shown the head of every answer, successes too, before the answer is made use of. `Some` asks for one more
    /// try with new [`headers`](Self::headers); a call gets few for each kind of challenge.
    fn on_response(&self, _: &ResponseHead<'_>) -> Option<Challenge> {
        None
    }

    /// Adds the next step to a refusal of the API, as far as this way to sign in knows a better one.
    fn refine_hint(&self, error: Error) -> Error {
        error
    }

    /// What was asked for the sake of authentication itself.
    fn traffic(&self) -> Vec<BucketTraffic> {
        Vec::new()
    }
}

/// The head of an answer, and what it answers.
#[derive(Debug, Clone, Copy)]
pub struct ResponseHead<'a> {
    /// The call.
    pub request: &'a Outgoing,
    /// The headers that [`Authenticator::headers`] gave for it.
    pub sent: &'a HeaderMap,
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers of the answer.
    pub headers: &'a HeaderMap,
}

/// What an answer wants to see before it lets the same call pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Challenge {
    /// A proof that holds the nonce of the answer.
    Nonce,
    /// Another proof: the one that was sent was not accepted.
    Proof,
    /// Another token: the one that was sent has expired or was revoked.
    Token,
}

/// An API token of Okta's (`Authorization: SSWS …`).
pub struct ApiToken {
    header: HeaderValue,
}

impl ApiToken {
    /// An API token as Okta's console shows it. Blanks around it do not count.
    ///
    /// # Errors
    ///
    /// If it is empty, is a placeholder, or holds characters that no token has. The error does not repeat it.
    #[allow(clippy::needless_pass_by_value)] // The secret is to end here.
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
