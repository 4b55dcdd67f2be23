//! Fetches access tokens: OAuth 2.0 client credentials with `private_key_jwt`, always with a DPoP proof (an org that does
//! not require one ignores it).
//!
//! The request is paced and retried like any call of the API. Every attempt has a new assertion and a new proof, as neither
//! may be used twice. A nonce, or a wrong clock, usually costs one retry each.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use tokio::time::Instant;
use url::Url;

use super::headers::{DPOP, nonce, sensitive};
use super::jwt::{Signer, Subject};
use super::token::Token;
use crate::auth::{Challenge, Outgoing};
use crate::bucket::Bucket;
use crate::error::{Error, ErrorKind};
use crate::lock::lock;
use crate::pacer::{Pacer, Priority, throttle};
use crate::response;
use crate::retry::RetryState;
use crate::skew::Skew;
use crate::transport::Transport;

/// The path of the token endpoint.
pub(super) const PATH: &str = "/oauth2/v1/token";

/// The OAuth error for scopes that are unknown or not granted to the app.
const INVALID_SCOPE: &str = "invalid_scope";

/// Everything that a request for a token needs.
pub(super) struct Exchange {
    pub(super) endpoint: Url,
    pub(super) signer: Signer,
    /// The scopes to request.
    pub(super) scopes: Mutex<Vec<String>>,
    /// Whether a token for some of the scopes is accepted when Okta refuses one for all.
    pub(super) accept_fewer_scopes: bool,
    pub(super) transport: Box<dyn Transport>,
    pub(super) pacer: Pacer,
    pub(super) max_attempts: u32,
    /// Seconds of the server per second of ours.
    pub(super) time_scale: f64,
    pub(super) skew: Skew,
    /// The nonce of the token endpoint; resources have their own.
    pub(super) nonce: Mutex<Option<String>>,
    /// Whether the host has ever responded.
    pub(super) reached: AtomicBool,
    /// Random numbers from 0 to 1, for pauses.
    pub(super) rng: Box<dyn Fn() -> f64 + Send + Sync>,
}

/// A response of the token endpoint.
struct TokenResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    /// When the request was sent.
    sent_at: Instant,
    /// Whether the response shows that the time in the request was wrong.
    clock_was_wrong: bool,
}

/// The result of an attempt that returned no token.
enum Failure {
    /// Worth an immediate retry, within the limits for each challenge.
    Challenge(Challenge, Error),
    Throttle(crate::pacer::Throttle, Error),
    Other(Error),
    /// Okta refuses the sign-in.
    Refused(Error),
}

impl Exchange {
    /// Returns the scopes to request.
    pub(super) fn scopes(&self) -> Vec<String> {
        lock(&self.scopes).clone()
    }

    /// Fetches a token. If Okta refuses a scope, it does not report which: then each scope is requested alone, and those that
    /// were granted together.
    pub(super) async fn fetch_token(&self) -> Result<Token, Error> {
        let scopes = self.scopes();
        if scopes.is_empty() {
            return Err(Error::new(ErrorKind::Invalid, "there are no OAuth scopes to ask for"));
        }
        let is_about_scopes = |error: &Error| error.code() == Some(INVALID_SCOPE);
        let refused = match self.request_token(&scopes).await {
            Err(error) if self.accept_fewer_scopes && scopes.len() > 1 && is_about_scopes(&error) => error,
            result => return result,
        };
        let mut granted = Vec::new();
        for scope in scopes {
            match self.request_token(std::slice::from_ref(&scope)).await {
                Ok(_) => granted.push(scope),
                Err(error) if is_about_scopes(&error) => {}
                Err(error) => return Err(error),
            }
        }
        if granted.is_empty() {
            return Err(refused);
        }
        self.request_token(&granted).await
    }

    /// Requests a token with these scopes, and retries within bounds.
    async fn request_token(&self, scopes: &[String]) -> Result<Token, Error> {
        let mut retries = RetryState::new(self.max_attempts, true);
        let mut attempt = 0_u32;
        loop {
            let failure = match self.attempt(scopes, attempt > 0).await {
                Ok(token) => return Ok(token.with_default_scopes(scopes)),
                Err(failure) => failure,
            };
            attempt += 1;
            let random = (self.rng)();
            let (error, pause) = match failure {
                Failure::Challenge(challenge, error) => (error, retries.after_challenge(challenge)),
                Failure::Refused(error) => (error, None),
                Failure::Throttle(throttle, error) => (error, retries.after_throttle(throttle, random)),
                Failure::Other(error) => {
                    let pause = retries.after_failure(&error, self.reached.load(Ordering::Relaxed), random);
                    (error, pause)
                }
            };
            let Some(pause) = pause else { return Err(error.with_call(&Method::POST, PATH)) };
            tracing::debug!(
                path = PATH, attempt, pause_ms = pause.as_secs_f64() * 1000.0, cause = ?error.kind(),
                code = error.code(), "asking for a token again"
            );
            tokio::time::sleep(pause).await;
        }
    }

    async fn attempt(&self, scopes: &[String], is_retry: bool) -> Result<Token, Failure> {
        let response = self.send_request(scopes, is_retry).await.map_err(Failure::Other)?;
        let TokenResponse { status, headers, body, sent_at, clock_was_wrong } = response;
        if status.is_success() {
            let token =
                response::check_body(&headers, &body).and_then(|()| Token::parse(&body, sent_at, self.time_scale));
            return token.map_err(Failure::Other);
        }
        let error = response::refusal(status, &headers, &body);
        if let Some(throttle) = throttle(status, &headers) {
            return Err(Failure::Throttle(throttle, error));
        }
        if !status.is_client_error() || error.kind() == ErrorKind::Timeout {
            return Err(Failure::Other(error));
        }
        Err(match error.code() {
            Some("use_dpop_nonce") if nonce(&headers).is_some() => {
                Failure::Challenge(Challenge::Nonce, self.refusal_error(&error, scopes))
            }
            Some("invalid_client" | "invalid_dpop_proof") if clock_was_wrong => {
                Failure::Challenge(Challenge::Proof, self.refusal_error(&error, scopes))
            }
            _ => Failure::Refused(self.refusal_error(&error, scopes)),
        })
    }

    /// Sends one request and reads the whole response.
    async fn send_request(&self, scopes: &[String], is_retry: bool) -> Result<TokenResponse, Error> {
        let (_, mut permit) = self.pacer.admit(&[Bucket::Token], Priority::SingleBucket, is_retry).await;
        let now = self.skew.now();
        let (headers, body) = self.request(scopes, now)?;
        let outgoing = Outgoing { method: Method::POST, url: self.endpoint.clone() };
        let sent_at = Instant::now();
        let response = self.transport.send(outgoing, headers, Some(body)).await?;
        permit.record_response(response.status, &response.headers);
        self.reached.store(true, Ordering::Relaxed);
        self.skew.observe(&response.headers);
        let clock_was_wrong = self.skew.was_wrong(now, &response.headers);
        if let Some(nonce) = nonce(&response.headers) {
            *lock(&self.nonce) = Some(nonce);
        }
        let body = response.body.await?;
        tracing::debug!(path = PATH, status = response.status.as_u16(), duration = ?sent_at.elapsed(), "answered");
        Ok(TokenResponse { status: response.status, headers: response.headers, body, sent_at, clock_was_wrong })
    }

    /// Returns headers and body of a new request, signed at `now`.
    fn request(&self, scopes: &[String], now: i64) -> Result<(HeaderMap, Bytes), Error> {
        let nonce = lock(&self.nonce).clone();
        let subject = Subject { method: &Method::POST, url: &self.endpoint, nonce: nonce.as_deref(), token_hash: None };
        let mut headers = HeaderMap::new();
        headers.insert(DPOP, sensitive(&self.signer.proof(subject, now)?)?);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
            .append_pair("client_assertion", &self.signer.assertion(&self.endpoint, now)?)
            .append_pair("scope", &scopes.join(" "))
            .finish();
        Ok((headers, form.into()))
    }

    /// Converts the general error of a refusal into that of the sign-in.
    fn refusal_error(&self, error: &Error, scopes: &[String]) -> Error {
        let okta = error.okta().clone();
        let said = okta.summary.as_deref().map(|text| format!(": {}", text.trim_end_matches('.'))).unwrap_or_default();
        let code = okta.code.as_deref().unwrap_or("without saying why");
        let status = okta.status.unwrap_or_default();
        let mut what = format!("signing in as {} was refused with {status} {code}{said}", self.signer.client_id());
        let kind = match code {
            // The credential is fine: the server rejects the nonce that it has just issued.
            "use_dpop_nonce" => ErrorKind::Server,
            _ => ErrorKind::Unauthenticated,
        };
        if matches!(code, INVALID_SCOPE | "access_denied" | "consent_required") {
            what = format!("{what} (asked for {})", scopes.join(" "));
        }
        if self.skew.is_wrong() {
            what = format!("{what} (this machine's clock is wrong: {})", describe_skew(&self.skew));
        }
        Error::new(kind, what).with_okta(okta.clone()).with_hint(next_step(code, status))
    }
}

/// Describes the skew of our clock in words.
pub(super) fn describe_skew(skew: &Skew) -> String {
    let seconds = skew.seconds().unwrap_or_default();
    let duration = Duration::from_secs(seconds.unsigned_abs());
    format!("{duration:?} {} Okta's", if seconds > 0 { "behind" } else { "ahead of" })
}

/// Returns the next step after a refusal, by its OAuth code.
fn next_step(code: &str, status: u16) -> &'static str {
    match code {
        "invalid_client" => {
            "check that the client id is that of an active API Services app, that its client authentication is \"Public \
             key / Private key\", that the key id names one of its active public keys and the private key belongs to it, \
             and this machine's clock"
        }
        INVALID_SCOPE | "access_denied" | "consent_required" => {
            "grant each of these scopes to the app in the Okta admin console, on its page under Okta API Scopes (a super \
             admin can), and give the app an admin role under Admin roles"
        }
        "invalid_dpop_proof" => {
            "check this machine's clock, and whether a proxy strips or doubles the DPoP header; or turn off \"Require \
             DPoP\" on the app's page"
        }
        "use_dpop_nonce" => "the answer brought no usable nonce: does a proxy strip the DPoP-Nonce header?",
        "unauthorized_client" | "unsupported_grant_type" => {
            "the app must be of the kind API Services, with the grant type Client Credentials"
        }
        _ if status == 404 => "there is no token endpoint here: check the domain",
        _ => {
            "check the app in the Okta admin console: API Services, active, with this public key, scopes and admin role"
        }
    }
}
