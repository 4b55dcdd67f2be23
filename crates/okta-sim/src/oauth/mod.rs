//! OAuth for service apps, as Okta's org authorization server does it: client credentials with `private_key_jwt`, and
//! DPoP (RFC 9449).
//!
//! Okta's rules and texts where they are known; what Okta refuses is refused. [`Authority`] holds what outlives a
//! request: the apps, the tokens that were given out, nonces, and the ids of assertions and proofs, each of which is
//! good once.

mod app;
mod assertion;
mod jws;
mod keys;
mod nonces;
mod proof;
mod refused;
mod resource;
mod seen;
mod token;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

pub use app::{OAuthApp, OAuthSettings};
pub use keys::{KeyError, TestKey};
pub(crate) use resource::{Grant, Presented};
pub(crate) use token::TokenRequest;

use nonces::Nonces;
use seen::Seen;

/// The path of the token endpoint.
pub(crate) const TOKEN_PATH: &str = "/oauth2/v1/token";

/// The authorization server of a running simulator.
#[derive(Debug)]
pub(crate) struct Authority {
    apps: Vec<OAuthApp>,
    settings: OAuthSettings,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    tokens: HashMap<String, AccessToken>,
    token_nonces: Nonces,
    resource_nonces: Nonces,
    /// Ids of client assertions, by app.
    assertions: Seen<(usize, String)>,
    /// Ids of DPoP proofs, by the thumbprint of the key.
    proofs: Seen<(String, String)>,
}

/// A token that was given out.
#[derive(Debug, Clone)]
struct AccessToken {
    app: usize,
    scopes: Vec<String>,
    /// By the simulator's clock, since 1970.
    expires: Duration,
    /// The thumbprint of the key that the token is bound to; none for bearer tokens.
    key: Option<String>,
}

impl Authority {
    pub(crate) fn new(apps: Vec<OAuthApp>, settings: OAuthSettings) -> Self {
        let nonces = || Nonces::new(settings.nonce_lifetime, settings.nonce_grace, settings.nonce_uses);
        let state = State {
            tokens: HashMap::new(),
            token_nonces: nonces(),
            resource_nonces: nonces(),
            assertions: Seen::default(),
            proofs: Seen::default(),
        };
        Self { apps, settings, state: Mutex::new(state) }
    }

    pub(crate) fn app(&self, place: usize) -> Option<&OAuthApp> {
        self.apps.get(place)
    }

    /// The app with this client id.
    pub(crate) fn find(&self, client_id: &str) -> Option<&OAuthApp> {
        self.apps.iter().find(|app| app.id() == client_id)
    }

    /// Forgets all tokens: their holders are refused as if the tokens had expired or been revoked.
    pub(crate) fn revoke_tokens(&self) {
        self.state().tokens.clear();
    }

    /// Takes back all nonces: the next proof is answered with a challenge.
    pub(crate) fn rotate_nonces(&self) {
        let mut state = self.state();
        state.token_nonces.clear();
        state.resource_nonces.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Text that nobody can guess, for tokens and nonces: this many random bytes in base64url.
fn random_text<const BYTES: usize>() -> String {
    let mut bytes = [0; BYTES];
    // The system's source of randomness does not fail once the process has it; a constant is harmless in a simulator.
    if aws_lc_rs::rand::fill(&mut bytes).is_err() {
        tracing::warn!("no randomness: tokens can be guessed");
    }
    URL_SAFE_NO_PAD.encode(bytes)
}
