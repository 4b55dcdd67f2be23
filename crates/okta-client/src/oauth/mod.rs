//! Signs in as a service app: OAuth 2.0 with a private key, DPoP or Bearer as the org requires.
//!
//! - [`key`] reads the private key, [`jwt`] signs with it;
//! - [`exchange`] fetches an access token, [`token`] is one;
//! - [`OAuth`] is the [`Authenticator`]: it keeps a token fresh, adds the proof that each call needs, and observes every
//!   response: nonces, the server's clock, revoked tokens.
//!
//! A token is requested by the first call that needs one. Later calls wait for the same response; any of them may be
//! cancelled.
//!
//! For the cost of signing see [`jwt`].

mod exchange;
mod headers;
mod jwt;
mod key;
mod key_text;
mod token;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};

use self::exchange::Exchange;
use self::headers::{DPOP, EXTENDED_AGENT, nonce, sensitive};
use self::jwt::{Signer, Subject};
pub use self::key::PrivateKey;
use self::token::Token;
pub use self::token::TokenScheme;
use crate::auth::{Authenticator, Challenge, Outgoing, ResponseHead};
use crate::error::{Error, ErrorKind};
use crate::lock::lock;
use crate::org_url::OrgUrl;
use crate::pacer::{BucketTraffic, Pacer, Pacing};
use crate::skew::Skew;
use crate::transport::{BodyLimits, Network, Transport};

/// Checks the private key in a text; `None` if the text is treated as the name of a file.
#[cfg(feature = "fuzzing")]
pub(crate) fn check_key_text(text: &str) -> Option<Result<(), Error>> {
    PrivateKey::parse_text(text).map(|key| key.map(drop))
}

/// Checks a response of the token endpoint.
#[cfg(feature = "fuzzing")]
pub(crate) fn check_token_answer(body: &[u8], sent_at: tokio::time::Instant) -> Result<(), Error> {
    Token::parse(body, sent_at, 1.0).map(drop)
}

/// The configuration of an [`OAuth`]. Transport and pacing should be those of the [`Client`](crate::Client) that uses it.
#[derive(Debug, Clone)]
pub struct OAuthConfig {
    /// The org.
    pub org: OrgUrl,
    /// The client id of the service app.
    pub client_id: String,
    /// The id (`kid`) of the public key that belongs to `key`, as the app's page shows it.
    pub key_id: String,
    /// The private key.
    pub key: PrivateKey,
    /// The scopes to request; others can be added with [`OAuth::add_scopes`].
    pub scopes: Vec<String>,
    /// Okta grants all scopes or refuses. If this is set, a refusal leads to a token with the granted ones, at the cost of
    /// two more requests and one per scope; [`OAuth::granted`] then returns fewer.
    pub accept_fewer_scopes: bool,
    /// The timeout of one request for a token.
    pub timeout: Duration,
    /// The `User-Agent` header.
    pub user_agent: String,
    /// The limits on the calls that are sent.
    pub pacing: Pacing,
    /// CA certificates (PEM) that are trusted in addition to those of this machine.
    pub extra_ca: Option<String>,
}

impl OAuthConfig {
    /// Returns the default configuration: 30 seconds per request, the default pacing.
    #[must_use]
    pub fn new(org: OrgUrl, client_id: String, key_id: String, key: PrivateKey, scopes: Vec<String>) -> Self {
        Self {
            org,
            client_id,
            key_id,
            key,
            scopes,
            accept_fewer_scopes: false,
            timeout: Duration::from_secs(30),
            user_agent: concat!("baton-okta/", env!("CARGO_PKG_VERSION")).to_owned(),
            pacing: Pacing::default(),
            extra_ca: None,
        }
    }
}

/// Signs in as a service app. Clones share token and nonces.
#[derive(Clone)]
pub struct OAuth(Arc<Inner>);

struct Inner {
    exchange: Arc<Exchange>,
    state: Mutex<State>,
    /// The nonce of the API; the token endpoint has its own.
    nonce: Mutex<Option<String>>,
    /// Whether the warning about a wrong clock has been logged.
    warned: AtomicBool,
}

/// A shared request for a token. It is polled for as long as any caller waits for it.
type Pending = Shared<BoxFuture<'static, Result<Arc<Token>, Error>>>;

/// The token, and the request for the next one. The result is not stored by the callers that wait for it, as they may be
/// cancelled, but by the next access to the state.
#[derive(Default)]
struct State {
    token: Option<Arc<Token>>,
    pending: Option<Pending>,
}

impl OAuth {
    /// Creates an authenticator. It sends nothing until it is needed.
    ///
    /// # Errors
    ///
    /// If client id or key id are missing, if one of these or a scope is malformed, or if no HTTPS client can be created.
    pub fn new(config: OAuthConfig) -> Result<Self, Error> {
        let (agent, extra_ca) = (&config.user_agent, config.extra_ca.as_deref());
        let network = Network::new(config.timeout, agent, 1, extra_ca, BodyLimits::TOKEN)?;
        let skew = Skew::from_system_clock(config.pacing.valid_time_scale());
        Self::with_transport(Box::new(network), config, skew, Box::new(rand::random::<f64>))
    }

    /// Creates an authenticator over any transport and clock.
    pub(crate) fn with_transport(
        transport: Box<dyn Transport>,
        config: OAuthConfig,
        skew: Skew,
        rng: Box<dyn Fn() -> f64 + Send + Sync>,
    ) -> Result<Self, Error> {
        let client_id = validated("client id", &config.client_id)?;
        let key_id = validated("key id", &config.key_id)?;
        let scopes: Result<Vec<&str>, Error> = config.scopes.iter().map(|scope| validated("scope", scope)).collect();
        let mut scopes: Vec<String> = scopes?.into_iter().map(str::to_owned).collect();
        // The order of the caller, without repetitions.
        let mut seen = std::collections::HashSet::new();
        scopes.retain(|scope| seen.insert(scope.clone()));
        let Some(endpoint) = config.org.join(exchange::PATH) else {
            return Err(Error::new(ErrorKind::Invalid, "the org has no token endpoint"));
        };
        let exchange = Exchange {
            endpoint,
            signer: Signer::new(config.key, client_id.to_owned(), key_id),
            scopes: Mutex::new(scopes),
            accept_fewer_scopes: config.accept_fewer_scopes,
            transport,
            pacer: Pacer::new(&config.pacing),
            max_attempts: config.pacing.max_attempts,
            time_scale: config.pacing.valid_time_scale(),
            skew,
            nonce: Mutex::default(),
            reached: AtomicBool::new(false),
            rng,
        };
        Ok(Self(Arc::new(Inner {
            exchange: Arc::new(exchange),
            state: Mutex::default(),
            nonce: Mutex::default(),
            warned: AtomicBool::new(false),
        })))
    }

    /// Signs in now, unless there is a fresh token already.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`] if Okta refuses; others if it cannot be reached.
    pub async fn sign_in(&self) -> Result<(), Error> {
        self.0.token().await.map(|_| ()).map_err(Error::with_service_app)
    }

    /// Returns the scopes of the current token, sorted: those that the response named, else those that were requested. `None`
    /// before the first sign-in.
    #[must_use]
    pub fn granted(&self) -> Option<Vec<String>> {
        self.0.current_token().map(|token| token.scopes.clone().unwrap_or_default())
    }

    /// Returns Okta's time by the latest response that this authenticator has observed; `None` before the first.
    #[must_use]
    pub fn server_time(&self) -> Option<jiff::Timestamp> {
        self.0.exchange.skew.server_time()
    }

    /// Requests these scopes too, from the next token on. A current token that lacks one of them is not used again, so that a
    /// scope granted to the app since then takes effect.
    pub fn add_scopes(&self, scopes: &[&str]) {
        let mut scopes_to_request = lock(&self.0.exchange.scopes);
        let new: Vec<&&str> =
            scopes.iter().filter(|scope| !scopes_to_request.iter().any(|known| known == *scope)).collect();
        let is_extended = !new.is_empty();
        scopes_to_request.extend(new.into_iter().map(|scope| (*scope).to_owned()));
        drop(scopes_to_request);
        let mut state = lock(&self.0.state);
        state.take_finished();
        if is_extended {
            // The pending token lacks them; callers that wait for it get it nevertheless.
            state.pending = None;
        }
        let has = |token: &Token, scope: &&str| token.scopes.iter().flatten().any(|granted| granted == *scope);
        if state.token.as_ref().is_some_and(|token| !scopes.iter().all(|scope| has(token, scope))) {
            state.token = None;
        }
    }

    /// Returns how the current token is sent. `None` before the first sign-in.
    #[must_use]
    pub fn scheme(&self) -> Option<TokenScheme> {
        self.0.current_token().map(|token| token.scheme)
    }

    /// Returns how far Okta's clock is ahead of this machine's, in seconds, by the last response; negative if ours is ahead.
    /// `None` before the first response, and for a simulated org whose time is compressed.
    #[must_use]
    pub fn clock_skew(&self) -> Option<i64> {
        self.0.exchange.skew.seconds()
    }
}

/// Returns `value` without surrounding whitespace, if it is well-formed.
fn validated<'v>(name: &str, value: &'v str) -> Result<&'v str, Error> {
    let value = value.trim();
    let problem = if value.is_empty() {
        "is empty"
    } else if value.contains(['{', '}', '<', '>']) {
        "is a placeholder"
    } else if value.len() > 200 || value.chars().any(|c| !c.is_ascii_graphic() || c == '"' || c == '\\') {
        "has blanks or other characters that do not belong there"
    } else {
        return Ok(value);
    };
    let hint = "copy client id and key id from the app's page in the Okta admin console";
    Err(Error::new(ErrorKind::Invalid, format!("the OAuth {name} {problem}")).with_hint(hint))
}

impl Inner {
    /// Returns a fresh token: the current one, or the one that is being requested.
    async fn token(&self) -> Result<Arc<Token>, Error> {
        let pending = {
            let mut state = lock(&self.state);
            state.take_finished();
            if let Some(token) = state.token.as_ref().filter(|token| token.is_fresh()) {
                return Ok(Arc::clone(token));
            }
            let request = || {
                let exchange = Arc::clone(&self.exchange);
                async move { exchange.fetch_token().await.map(Arc::new) }.boxed().shared()
            };
            state.pending.get_or_insert_with(request).clone()
        };
        let token = pending.await;
        self.warn_of_clock();
        token
    }

    /// Returns the last token, fresh or not.
    fn current_token(&self) -> Option<Arc<Token>> {
        let mut state = lock(&self.state);
        state.take_finished();
        state.token.clone()
    }

    /// Warns once about a wrong clock: sign-in works nevertheless, but the clock should be set.
    fn warn_of_clock(&self) {
        let skew = &self.exchange.skew;
        if skew.is_wrong() && !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "this machine's clock is {}; signing in goes by Okta's, but the clock should be set",
                exchange::describe_skew(skew)
            );
        }
    }

    /// Returns whether a call that was refused because of its token may succeed with another one.
    fn can_replace_token(&self, sent: &HeaderMap) -> bool {
        let mut state = lock(&self.state);
        state.take_finished();
        match &state.token {
            Some(token) if token.is_in(sent) => {
                // If a token was never accepted, a new one will not be either.
                let replaceable = token.was_accepted();
                if replaceable {
                    state.token = None;
                }
                replaceable
            }
            // Another call has replaced it already.
            _ => true,
        }
    }
}

impl State {
    /// Stores the result of the request for a token, if it has finished.
    fn take_finished(&mut self) {
        let Some(result) = self.pending.as_ref().and_then(|pending| pending.peek().cloned()) else { return };
        self.pending = None;
        if let Ok(token) = result {
            self.token = Some(token);
        }
    }
}

impl Authenticator for OAuth {
    fn headers<'a>(&'a self, request: &'a Outgoing) -> BoxFuture<'a, Result<HeaderMap, Error>> {
        async move {
            let token = self.0.token().await.map_err(Error::with_service_app)?;
            let mut headers = HeaderMap::from_iter([(AUTHORIZATION, token.authorization.clone())]);
            if token.scheme == TokenScheme::Dpop {
                let nonce = lock(&self.0.nonce).clone();
                let subject = Subject {
                    method: &request.method,
                    url: &request.url,
                    nonce: nonce.as_deref(),
                    token_hash: Some(&token.hash),
                };
                let proof = self.0.exchange.signer.proof(subject, self.0.exchange.skew.now())?;
                headers.insert(DPOP, sensitive(&proof)?);
                headers.insert(EXTENDED_AGENT, HeaderValue::from_static("isDPoP:true"));
            }
            Ok(headers)
        }
        .boxed()
    }

    fn on_response(&self, response: &ResponseHead<'_>) -> Option<Challenge> {
        self.0.exchange.skew.observe(response.headers);
        self.0.warn_of_clock();
        let nonce = nonce(response.headers);
        let has_nonce = nonce.is_some();
        if has_nonce {
            *lock(&self.0.nonce) = nonce;
        }
        if response.status.is_success() || response.status == StatusCode::FORBIDDEN {
            if let Some(token) = self.0.current_token().filter(|token| token.is_in(response.sent)) {
                token.mark_accepted();
            }
            return None;
        }
        if !matches!(response.status, StatusCode::UNAUTHORIZED | StatusCode::BAD_REQUEST) {
            return None;
        }
        let mut challenges = response.headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let error = challenges.find_map(|challenge| {
            ["use_dpop_nonce", "invalid_dpop_proof", "invalid_token"].into_iter().find(|code| challenge.contains(code))
        })?;
        let has_proof = response.sent.contains_key(DPOP);
        match error {
            "use_dpop_nonce" if has_proof && has_nonce => Some(Challenge::Nonce),
            "invalid_dpop_proof" if has_proof => Some(Challenge::Proof),
            "invalid_token" if self.0.can_replace_token(response.sent) => Some(Challenge::Token),
            _ => None,
        }
    }

    fn refine_hint(&self, error: Error) -> Error {
        let error = error.with_service_app();
        match (error.kind(), error.code()) {
            (_, Some("use_dpop_nonce")) => {
                error.with_hint("the nonce that Okta has just given was not taken; does a proxy change the headers?")
            }
            (_, Some("invalid_dpop_proof")) => error.with_hint(
                "check this machine's clock, and whether a proxy strips or changes the DPoP header or the URL",
            ),
            (ErrorKind::Unauthenticated, _) => error.with_hint(
                "Okta has given an access token, but the API does not take it: is the app still active, and its admin \
                 role still assigned?",
            ),
            (ErrorKind::Forbidden, Some("insufficient_scope")) => error
                .with_hint("grant the scope to the app in the Okta admin console, on its page under Okta API Scopes"),
            (ErrorKind::Forbidden, Some("E0000006")) => {
                error.with_hint("the app's admin role does not allow this: see the app's page under Admin roles")
            }
            _ => error,
        }
    }

    fn traffic(&self) -> Vec<BucketTraffic> {
        self.0.exchange.pacer.traffic()
    }
}

/// Shows the app and the requested scopes, no secret.
impl fmt::Debug for OAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth")
            .field("client_id", &self.0.exchange.signer.client_id())
            .field("scopes", &self.0.exchange.scopes())
            .field("token", &self.0.current_token())
            .finish_non_exhaustive()
    }
}
