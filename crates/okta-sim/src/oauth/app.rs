//! Service apps, and the rules of the authorization server.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use super::keys::{KeyError, PublicKey, TestKey};
use super::token;
use crate::Rights;

/// An app of the kind "API Services" that signs in with a private key.
///
/// ```
/// use okta_sim::{OAuthApp, Rights, TestKey};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let key = TestKey::generate()?;
/// let app = OAuthApp::new("0oaconnector")
///     .key("key-1", &key)
///     .scopes(["okta.users.read", "okta.groups.read"])
///     .rights(Rights::custom_read_only());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct OAuthApp {
    pub(super) client_id: String,
    pub(super) keys: Vec<(String, PublicKey)>,
    pub(super) dpop: bool,
    pub(super) scopes: BTreeSet<String>,
    pub(super) rights: Rights,
}

impl OAuthApp {
    /// An app as Okta makes it: it must use DPoP, has no key and no scope, but here it is super administrator.
    #[must_use]
    pub fn new(client_id: impl Into<String>) -> Self {
        Self {
            client_id: client_id.into(),
            keys: Vec::new(),
            dpop: true,
            scopes: BTreeSet::new(),
            rights: Rights::super_admin(),
        }
    }

    /// The same app with the public half of this key registered under a key id.
    #[must_use]
    pub fn key(mut self, kid: impl Into<String>, key: &TestKey) -> Self {
        self.keys.push((kid.into(), key.public_key()));
        self
    }

    /// The same app with this public key registered under a key id: a PEM block `PUBLIC KEY` that holds an RSA key of at
    /// least 2,048 bits.
    ///
    /// # Errors
    ///
    /// When the text holds no such key.
    pub fn public_key(mut self, kid: impl Into<String>, pem: &str) -> Result<Self, KeyError> {
        self.keys.push((kid.into(), PublicKey::from_pem(pem)?));
        Ok(self)
    }

    /// Whether the app must prove possession of a key (Okta's setting "Require Demonstrating Proof of Possession"). Its
    /// tokens are then bound to that key; otherwise they are bearer tokens, whether a proof is sent or not.
    #[must_use]
    pub const fn dpop(mut self, required: bool) -> Self {
        self.dpop = required;
        self
    }

    /// The same app with these scopes granted too.
    #[must_use]
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes.extend(scopes.into_iter().map(Into::into));
        self
    }

    /// The same app with every scope granted that the simulator knows.
    #[must_use]
    pub fn every_scope(self) -> Self {
        self.scopes(token::known_scopes())
    }

    /// The scopes that are granted, in alphabetical order.
    pub fn granted_scopes(&self) -> impl Iterator<Item = &str> {
        self.scopes.iter().map(String::as_str)
    }

    pub(crate) fn id(&self) -> &str {
        &self.client_id
    }

    pub(crate) const fn granted_rights(&self) -> &Rights {
        &self.rights
    }

    /// What the app's admin roles allow, besides its scopes. Default: everything.
    #[must_use]
    pub fn rights(mut self, rights: Rights) -> Self {
        self.rights = rights;
        self
    }
}

impl fmt::Debug for OAuthApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kids: Vec<&String> = self.keys.iter().map(|(kid, _)| kid).collect();
        f.debug_struct("OAuthApp")
            .field("client_id", &self.client_id)
            .field("keys", &kids)
            .field("dpop", &self.dpop)
            .field("scopes", &self.scopes)
            .field("rights", &self.rights)
            .finish()
    }
}

/// The rules of the authorization server that can be set. Start from [`OAuthSettings::default`].
#[derive(Debug, Clone)]
pub struct OAuthSettings {
    /// How long an access token is good, by the simulator's clock, which is also what `expires_in` says. Default one
    /// hour, which in Okta cannot be changed.
    pub token_lifetime: Duration,
    /// After this time a new nonce is given out. Default 24 hours.
    pub nonce_lifetime: Duration,
    /// How long after it was given out a nonce is accepted. Default 72 hours.
    pub nonce_grace: Duration,
    /// After this many proofs with it a nonce is no longer accepted. Default: no such limit.
    pub nonce_uses: Option<u32>,
    /// Whether proofs at the API need a nonce too, which Okta does not demand today. Default no.
    pub nonces_at_resources: bool,
    /// Whether scopes that the app was not granted are left out of the token, as long as one remains, instead of refused.
    /// Default no.
    pub drop_ungranted_scopes: bool,
}

impl Default for OAuthSettings {
    fn default() -> Self {
        const HOUR: u64 = 60 * 60;
        Self {
            token_lifetime: Duration::from_secs(HOUR),
            nonce_lifetime: Duration::from_secs(24 * HOUR),
            nonce_grace: Duration::from_secs(72 * HOUR),
            nonce_uses: None,
            nonces_at_resources: false,
            drop_ungranted_scopes: false,
        }
    }
}
