//! The key of this client, to which C1 encrypts passwords (`docs/spec/connector-runtime.md` 2.2, 3.5, 4.4).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use baton_connector::{ChangeError, Code};
use baton_proto::c1::connector::v2::EncryptedData;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::jwk::{Jwk, PublicKey};
use super::{JWK_PROVIDER, ssh};

/// The name under which the provider of JWKs decrypts.
const JWK_PROVIDER_PRIVATE: &str = "baton/jwk/v1/private";

/// The private key inside a client secret. `Debug` shows only which key it is.
#[derive(Clone)]
pub struct ClientKey {
    identity: age::ssh::Identity,
    thumbprint: String,
}

impl fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientKey").field("thumbprint", &self.thumbprint).finish_non_exhaustive()
    }
}

impl ClientKey {
    /// The key inside a client secret as C1 issues it.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`]: it has another form, or no Ed25519 private key is in it.
    pub fn from_client_secret(secret: &SecretString) -> Result<Self, ChangeError> {
        let mut parts = secret.expose_secret().splitn(4, ':').skip(2);
        let payload = match (parts.next(), parts.next()) {
            (Some("v1"), Some(payload)) => URL_SAFE_NO_PAD.decode(payload).ok(),
            _ => None,
        };
        let json = Zeroizing::new(payload.ok_or_else(invalid)?);
        let (seed, point) = Jwk::parse(&json).and_then(|jwk| jwk.ed25519_pair()).map_err(|_| invalid())?;
        let file = ssh::ed25519_private_file(&seed, &point);
        let identity = age::ssh::Identity::from_buffer(file.as_bytes(), None).map_err(|_| invalid())?;
        Ok(Self { identity, thumbprint: PublicKey::Ed25519(point).thumbprint() })
    }

    /// The id of the key: its thumbprint in hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.thumbprint
    }

    /// The password among `candidates` that was encrypted to this key.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`]: there is none, or it cannot be decrypted.
    pub fn decrypt(&self, candidates: &[EncryptedData]) -> Result<SecretString, ChangeError> {
        let ours = candidates.iter().find(|data| data.key_ids.contains(&self.thumbprint));
        let refused = |message: String| ChangeError::new(Code::InvalidArgument, message);
        let ours = ours.ok_or_else(|| {
            refused(format!("no encrypted password matched client secret key id {:?}", self.thumbprint))
        })?;
        let provider = ours.provider.trim().to_lowercase();
        if ![JWK_PROVIDER, JWK_PROVIDER_PRIVATE].contains(&provider.as_str()) {
            return Err(refused(format!("crypto/providers: encryption provider not registered: {provider:?}")));
        }
        let broken = || refused("the encrypted password cannot be decrypted with the client secret".to_owned());
        let file = STANDARD.decode(&ours.encrypted_bytes).map_err(|_| broken())?;
        let plain = Zeroizing::new(age::decrypt(&self.identity, &file).map_err(|_| broken())?);
        let text = std::str::from_utf8(&plain).map_err(|_| refused("the encrypted password is no text".to_owned()))?;
        Ok(SecretString::from(text))
    }
}

/// Says nothing of what is wrong with it: it is a secret.
fn invalid() -> ChangeError {
    ChangeError::new(Code::InvalidArgument, "invalid client secret")
}
