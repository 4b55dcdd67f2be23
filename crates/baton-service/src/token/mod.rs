//! Access tokens: one is asked for when a call needs it, kept, and replaced before it ends.
//!
//! Whoever needs one while it is being asked for waits for the same answer. An endpoint that cannot be reached is asked
//! again after a pause; until then everybody is told at once that there is none, and a token that is about to end is
//! used as long as it lasts.

mod assertion;
mod skew;

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde::Deserialize;
use tokio::sync::Mutex;
use tonic::metadata::{Ascii, MetadataValue};

use crate::c1::network;
use crate::clock::{Backoff, Clock};
use crate::credentials::Credentials;
use skew::Skew;

/// A token is replaced this long before its end; calls under way with it then still come through.
const MARGIN: Duration = Duration::from_secs(30);
/// The life of a token whose answer does not tell it.
const USUAL_LIFE: Duration = Duration::from_secs(300);
/// No token is believed to live longer than this.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 3600);
/// The most that is read of an answer, in bytes; a token has one or two kilobytes.
const MAX_BODY: usize = 64 << 10;
/// The codes by which the endpoint says that it does not know the client.
const REFUSALS: [&str; 3] = ["invalid_client", "unauthorized_client", "invalid_grant"];

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TokenError {
    /// The client may not sign in. It will not get better by itself.
    Refused(String),
    /// The endpoint cannot be reached, or fails.
    Unavailable(String),
}

/// A token, in the form of the header that carries it. `Debug` does not show it.
#[derive(Debug)]
pub(crate) struct Token {
    pub(crate) authorization: MetadataValue<Ascii>,
    stale: Duration,
    ends: Duration,
}

/// Where tokens come from.
pub(crate) struct TokenSource {
    http: Client,
    url: String,
    audience: String,
    credentials: Credentials,
    clock: Clock,
    skew: Skew,
    state: Mutex<State>,
}

struct State {
    token: Option<Arc<Token>>,
    backoff: Backoff,
    /// The last failure, and until when it stands for the next ones.
    failed: Option<(Duration, TokenError)>,
}

#[derive(Deserialize)]
struct Answer {
    access_token: Option<String>,
    token_type: Option<String>,
    expires_in: Option<f64>,
}

#[derive(Deserialize, Default)]
struct Refusal {
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_description: String,
}

impl TokenSource {
    /// Tokens from the endpoint of `host` (and port, if it is not 443).
    pub(crate) fn new(
        http: Client,
        host: &str,
        credentials: Credentials,
        clock: Clock,
        retry: (Duration, Duration),
    ) -> Self {
        let audience = credentials.id.hostname().to_owned();
        let state = State { token: None, backoff: Backoff::new(retry.0, retry.1), failed: None };
        Self {
            http,
            url: format!("https://{host}/auth/v1/token"),
            audience,
            credentials,
            clock,
            skew: Skew::default(),
            state: Mutex::new(state),
        }
    }

    /// A token that is good for a call.
    pub(crate) async fn get(&self) -> Result<Arc<Token>, TokenError> {
        let mut state = self.state.lock().await;
        let now = self.clock.now();
        if let Some(token) = state.token.as_ref().filter(|token| now < token.stale) {
            return Ok(Arc::clone(token));
        }
        let lasts = state.token.as_ref().filter(|token| now < token.ends).map(Arc::clone);
        if let Some((until, error)) = &state.failed
            && now < *until
        {
            return lasts.ok_or_else(|| error.clone());
        }
        match self.ask().await {
            Ok(token) => {
                let token = Arc::new(token);
                state.token = Some(Arc::clone(&token));
                state.failed = None;
                state.backoff.reset();
                Ok(token)
            }
            Err(error) => {
                let pause = state.backoff.next();
                tracing::debug!(?error, ?pause, "no token");
                state.failed = Some((self.clock.now() + pause, error.clone()));
                match (error, lasts) {
                    (TokenError::Unavailable(_), Some(token)) => Ok(token),
                    (error, _) => Err(error),
                }
            }
        }
    }

    /// C1 did not take this token: the next call needs another one.
    pub(crate) async fn discard(&self, token: &Arc<Token>) {
        let mut state = self.state.lock().await;
        if state.token.as_ref().is_some_and(|present| Arc::ptr_eq(present, token)) {
            state.token = None;
        }
    }

    /// Asks once, and once more if our clock turned out to be wrong.
    async fn ask(&self) -> Result<Token, TokenError> {
        let (answer, was_late) = self.ask_once().await;
        match answer {
            Err(TokenError::Refused(_)) if was_late => self.ask_once().await.0,
            answer => answer,
        }
    }

    /// The answer, and whether it has shown that the time in the request was wrong.
    async fn ask_once(&self) -> (Result<Token, TokenError>, bool) {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("client_assertion", &assertion::sign(&self.credentials, &self.audience, self.skew.now()))
            .append_pair("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
            .append_pair("client_id", &self.credentials.id.text)
            .append_pair("grant_type", "client_credentials")
            .finish();
        let asked = self.clock.now();
        let request = self.http.post(&self.url).header("content-type", "application/x-www-form-urlencoded").body(form);
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return (Err(TokenError::Unavailable(network::reason(&error))), false),
        };
        let was_late = self.skew.observe(response.headers());
        let status = response.status();
        let body = match network::body(response, MAX_BODY).await {
            Ok(body) => body,
            Err(why) => {
                let what = format!("no token from {}: {why}", self.url);
                return (Err(TokenError::Unavailable(what)), was_late);
            }
        };
        (self.read(status, &body, asked), was_late)
    }

    fn read(&self, status: StatusCode, body: &[u8], asked: Duration) -> Result<Token, TokenError> {
        if !status.is_success() {
            return Err(self.refusal(status, body));
        }
        let unusable = |what: &str| TokenError::Unavailable(format!("the token endpoint answered {what}"));
        // The parser's own words may repeat what it has read.
        let answer: Answer = serde_json::from_slice(body).map_err(|_| unusable("something that cannot be read"))?;
        let text = answer.access_token.filter(|text| !text.is_empty()).ok_or_else(|| unusable("without a token"))?;
        // The type comes in any case, the header in one.
        let kind = answer.token_type.filter(|kind| !kind.eq_ignore_ascii_case("bearer"));
        let header = format!("{} {text}", kind.as_deref().unwrap_or("Bearer"));
        let mut authorization: MetadataValue<Ascii> =
            header.parse().map_err(|_| unusable("with characters that no token has"))?;
        authorization.set_sensitive(true);
        let life = answer.expires_in.filter(|seconds| *seconds > 0.0).map_or(USUAL_LIFE, |seconds| {
            Duration::try_from_secs_f64(seconds).map_or(LONGEST_LIFE, |life| life.min(LONGEST_LIFE))
        });
        // A token that lives for a minute only is used for the most of it.
        Ok(Token { authorization, stale: asked + life - MARGIN.min(life / 5), ends: asked + life })
    }

    fn refusal(&self, status: StatusCode, body: &[u8]) -> TokenError {
        let mut told: Refusal = serde_json::from_slice(body).unwrap_or_default();
        for text in [&mut told.error, &mut told.error_description] {
            *text = terminal_text::line(text).into_owned();
        }
        let is_client = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::BAD_REQUEST);
        if is_client && REFUSALS.contains(&told.error.as_str()) {
            let why = if told.error_description.is_empty() {
                String::new()
            } else {
                format!(" ({})", told.error_description)
            };
            return TokenError::Refused(format!(
                "C1 refused the client {}: {} {}{why}\nhint: was the connector deleted in C1, or its credentials \
                 rotated? set BATON_CLIENT_ID and BATON_CLIENT_SECRET to the present pair from the connector's page",
                self.credentials.id.text,
                status.as_u16(),
                told.error
            ));
        }
        let code = if told.error.is_empty() { String::new() } else { format!(" ({})", told.error) };
        TokenError::Unavailable(format!("the token endpoint {} answered {status}{code}", self.url))
    }
}
