//! The token endpoint.

use std::time::Duration;

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::json;

use super::refused::{self, invalid_client, invalid_request, invalid_scope, unsupported_grant_type};
use super::{AccessToken, Authority, assertion, proof, random_text};
use crate::Area;
use crate::refusal::Refusal;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Scopes of the Management API besides those of the areas that the simulator serves.
const OTHER_SCOPES: [&str; 12] = [
    "okta.schemas.read",
    "okta.schemas.manage",
    "okta.userTypes.read",
    "okta.userTypes.manage",
    "okta.principalRateLimits.read",
    "okta.principalRateLimits.manage",
    "okta.rateLimits.read",
    "okta.rateLimits.manage",
    "okta.policies.read",
    "okta.policies.manage",
    "okta.appGrants.read",
    "okta.appGrants.manage",
];

/// A request for a token.
pub(crate) struct TokenRequest<'a> {
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
    /// The URL of the endpoint, by the names that the server is known by.
    pub(crate) urls: &'a [String],
    /// By the simulator's clock.
    pub(crate) now: Duration,
    /// By the callers' clocks.
    pub(crate) callers_now: Duration,
}

/// A request from an app that was recognised.
pub(crate) struct Asking {
    /// The place of the app.
    pub(crate) app: usize,
    form: Form,
}

/// A successful answer.
pub(crate) struct Issued {
    pub(crate) body: String,
    /// The nonce for the next proof.
    pub(crate) nonce: Option<String>,
}

impl Authority {
    /// Recognises the app that asks. Its assertion is used up by this, whatever becomes of the request.
    pub(crate) fn recognise(&self, request: &TokenRequest<'_>) -> Result<Asking, Refusal> {
        let form = Form::read(request)?;
        Ok(Asking { app: self.client(&form, request)?, form })
    }

    fn client(&self, form: &Form, request: &TokenRequest<'_>) -> Result<usize, Refusal> {
        match form.get("grant_type") {
            None => return Err(invalid_request("The parameter 'grant_type' is missing.")),
            Some("client_credentials") => {}
            Some(_) => return Err(unsupported_grant_type()),
        }
        let Some(assertion) = form.get("client_assertion") else {
            return Err(invalid_client("Client authentication failed: the parameter 'client_assertion' is missing."));
        };
        if form.get("client_assertion_type") != Some(ASSERTION_TYPE) {
            return Err(invalid_client("The parameter 'client_assertion_type' is invalid."));
        }
        let expected =
            assertion::Expected { audiences: request.urls, client_id: form.get("client_id"), now: request.callers_now };
        self.authenticate(assertion, &expected)
    }

    /// Gives a recognised app a token.
    pub(crate) fn issue(&self, asking: &Asking, request: &TokenRequest<'_>) -> Result<Issued, Refusal> {
        let app = asking.app;
        let scopes = self.scopes(app, asking.form.get("scope").unwrap_or_default())?;
        let bound = if self.apps[app].dpop { Some(self.bind(request)?) } else { None };
        let (key, nonce) = bound.unzip();
        let lifetime = self.settings.token_lifetime;
        let text = random_text::<48>();
        let body = json!({
            "token_type": if key.is_some() { "DPoP" } else { "Bearer" },
            "expires_in": lifetime.as_secs(),
            "access_token": text,
            "scope": scopes.join(" "),
        });
        let mut state = self.state();
        state.tokens.retain(|_, token| token.expires > request.now);
        state.tokens.insert(text, AccessToken { app, scopes, expires: request.now + lifetime, key });
        Ok(Issued { body: body.to_string(), nonce })
    }

    /// The scopes that a token gets.
    fn scopes(&self, app: usize, asked: &str) -> Result<Vec<String>, Refusal> {
        if asked.trim().is_empty() {
            return Err(invalid_scope(
                "The authorization server resource does not have any configured default scopes, 'scope' must be \
                 provided.",
            ));
        }
        let granted = &self.apps[app].scopes;
        let mut scopes: Vec<String> = Vec::new();
        for scope in asked.split_ascii_whitespace() {
            if !known_scopes().any(|known| known == scope) {
                return Err(invalid_scope(
                    "One or more scopes are not configured for the authorization server resource.",
                ));
            }
            if granted.contains(scope) && !scopes.iter().any(|known| known == scope) {
                scopes.push(scope.to_owned());
            } else if !granted.contains(scope) && !self.settings.drop_ungranted_scopes {
                return Err(invalid_scope("The client is not allowed one or more of the requested scopes."));
            }
        }
        if scopes.is_empty() {
            return Err(invalid_scope("You are not allowed any of the requested scopes."));
        }
        Ok(scopes)
    }

    /// The key that a token is to be bound to, and the nonce for the next proof.
    fn bind(&self, request: &TokenRequest<'_>) -> Result<(String, String), Refusal> {
        let expected = proof::Expected { method: "POST", urls: request.urls, token: None, now: request.callers_now };
        let proof = self.prove(request.headers, &expected)?;
        let mut state = self.state();
        let nonces = &mut state.token_nonces;
        if !proof.nonce.is_some_and(|nonce| nonces.accept(&nonce, request.now)) {
            return Err(refused::use_nonce(nonces.current(request.now)));
        }
        Ok((proof.key, nonces.current(request.now)))
    }
}

/// The scopes that can be granted.
pub(super) fn known_scopes() -> impl Iterator<Item = &'static str> {
    let areas = Area::ALL.into_iter().flat_map(|area| [area.scope(), area.manage_scope()]);
    areas.chain(OTHER_SCOPES)
}

/// The parameters of a request, each at most once.
struct Form(Vec<(String, String)>);

impl Form {
    fn read(request: &TokenRequest<'_>) -> Result<Self, Refusal> {
        let kind = request.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(invalid_request("The content type must be application/x-www-form-urlencoded."));
        }
        let pairs: Vec<(String, String)> = url::form_urlencoded::parse(request.body).into_owned().collect();
        let twice = |(at, (name, _)): (usize, &(String, String))| pairs[..at].iter().any(|(known, _)| known == name);
        if pairs.iter().enumerate().any(twice) {
            return Err(invalid_request("A parameter is repeated."));
        }
        Ok(Self(pairs))
    }

    /// The value of a parameter; an empty one counts as not given.
    fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }
}
