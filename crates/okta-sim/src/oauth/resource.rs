//! Access tokens at the API.

use std::time::Duration;

use http::HeaderMap;

use super::refused::{at_resource, invalid_proof, invalid_request, use_nonce};
use super::{AccessToken, Authority, proof};
use crate::refusal::Refusal;

/// A request, as far as the proof for its access token is about it.
pub(crate) struct Presented<'a> {
    pub(crate) method: &'a str,
    pub(crate) headers: &'a HeaderMap,
    /// The URL without query, by the names that the server is known by.
    pub(crate) urls: &'a [String],
    /// By the simulator's clock.
    pub(crate) now: Duration,
    /// By the callers' clocks.
    pub(crate) callers_now: Duration,
}

/// What an accepted token stands for.
#[derive(Debug)]
pub(crate) struct Grant {
    /// The place of its app.
    pub(crate) app: usize,
    pub(crate) scopes: Vec<String>,
    /// A nonce that the caller should use from now on.
    pub(crate) nonce: Option<String>,
}

impl Authority {
    /// Accepts or refuses a token that is sent with one of the schemes `Bearer` and `DPoP`, and the proof for it.
    pub(crate) fn admit(&self, scheme: &str, text: &str, presented: &Presented<'_>) -> Result<Grant, Refusal> {
        let invalid = || Refusal::invalid_oauth_token(scheme);
        let known = self.state().tokens.get(text).cloned();
        let token = known.filter(|token| token.expires > presented.now).ok_or_else(invalid)?;
        let nonce = match (scheme, &token.key) {
            ("Bearer", None) => None,
            ("Bearer", Some(_)) => {
                let cause = "The access token is bound to a key: it must be sent with the DPoP scheme and a proof.";
                return Err(at_resource(invalid_request(cause)));
            }
            (_, None) => return Err(invalid()),
            (_, Some(key)) => self.bound(text, presented, key).map_err(at_resource)?,
        };
        let AccessToken { app, scopes, .. } = token;
        Ok(Grant { app, scopes, nonce })
    }

    /// Checks the proof for a token that is bound to a key; the result is a nonce to use from now on.
    fn bound(&self, token: &str, presented: &Presented<'_>, key: &str) -> Result<Option<String>, Refusal> {
        if !presented.headers.contains_key("dpop") {
            return Err(invalid_request("The access token is bound to a key: a DPoP proof is missing."));
        }
        let expected = proof::Expected {
            method: presented.method,
            urls: presented.urls,
            token: Some(token),
            now: presented.callers_now,
        };
        let proof = self.prove(presented.headers, &expected)?;
        if proof.key != key {
            return Err(invalid_proof("The DPoP proof is made with another key than the access token is bound to."));
        }
        if !self.settings.nonces_at_resources {
            return Ok(None);
        }
        let mut state = self.state();
        let nonces = &mut state.resource_nonces;
        let Some(used) = proof.nonce.filter(|nonce| nonces.accept(nonce, presented.now)) else {
            return Err(use_nonce(nonces.current(presented.now)));
        };
        Ok(Some(nonces.current(presented.now)).filter(|current| *current != used))
    }
}
