//! Handing secrets over to those who may read them, encrypted to their keys (`docs/spec/connector-runtime.md` 4.5).
//!
//! A key comes as a [`EncryptionConfig`]. Two providers know what to do with it: `baton/jwk/v1` encrypts to a public key
//! in the form of a JWK (Ed25519 and RSA as an age file to an SSH key, EC as a JWE), `baton/age/v1` to an age recipient.
//! [`public_key`] makes such a configuration of a key file, [`ClientKey`] reads what others encrypted to us.

mod client_key;
mod jwe;
mod jwk;
pub mod public_key;
mod ssh;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use baton_connector::provision::IssuedSecret;
use baton_connector::{ChangeError, Code};
use baton_proto::c1::connector::v2::EncryptedData;
use baton_proto::c1::connector::v2::EncryptionConfig;
use baton_proto::c1::connector::v2::encryption_config::{AgeRecipientConfig, Config, JwkPublicKeyConfig};
use secrecy::ExposeSecret;

pub use client_key::ClientKey;
use jwk::{Jwk, PublicKey};

/// The provider of keys in the form of a JWK.
pub const JWK_PROVIDER: &str = "baton/jwk/v1";
/// The provider of age recipients.
pub const AGE_PROVIDER: &str = "baton/age/v1";

/// Whom secrets are encrypted to.
#[derive(Debug, Default)]
pub struct Recipients(Vec<Recipient>);

#[derive(Debug)]
struct Recipient {
    provider: &'static str,
    /// What the receiver knows its key by.
    key_id: String,
    key: Key,
}

#[derive(Debug)]
enum Key {
    /// Boxed, because an RSA key is large.
    Ssh(Box<age::ssh::Recipient>),
    Age(age::x25519::Recipient),
    Ec(jwe::EcKey),
}

impl Recipients {
    /// The keys of these configurations, each tried out, so that nothing can be lost later.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`]: a provider is not known, or a key is none or cannot be used.
    pub fn new(configs: &[EncryptionConfig]) -> Result<Self, ChangeError> {
        let recipients = configs.iter().map(Recipient::new).collect::<Result<Vec<_>, _>>()?;
        for recipient in &recipients {
            recipient.seal(b"")?;
        }
        Ok(Self(recipients))
    }

    /// Whether nobody would receive anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each secret encrypted to each key, in the order of the secrets.
    ///
    /// # Errors
    /// The library failed, which it did not when the keys were tried out.
    pub fn encrypt(&self, secrets: &[IssuedSecret]) -> Result<Vec<EncryptedData>, ChangeError> {
        let pairs = secrets.iter().flat_map(|secret| self.0.iter().map(move |recipient| (secret, recipient)));
        pairs.map(|(secret, recipient)| recipient.encrypt(secret)).collect()
    }
}

impl Recipient {
    fn new(config: &EncryptionConfig) -> Result<Self, ChangeError> {
        let named = config.provider.trim().to_lowercase();
        match (&config.config, named.as_str()) {
            (Some(Config::JwkPublicKeyConfig(JwkPublicKeyConfig { pub_key })), "" | JWK_PROVIDER) => {
                Self::of_jwk(pub_key)
            }
            (Some(Config::AgeRecipientConfig(AgeRecipientConfig { recipient })), "" | AGE_PROVIDER) => {
                Self::of_age(recipient)
            }
            (Some(_), JWK_PROVIDER | AGE_PROVIDER) => Err(unusable(&format!("it is no key for the provider {named}"))),
            (None, "" | JWK_PROVIDER | AGE_PROVIDER) => Err(unusable("there is no key in the encryption config")),
            _ => Err(ChangeError::new(
                Code::InvalidArgument,
                format!("crypto/providers: encryption provider not registered: {named:?}"),
            )),
        }
    }

    fn of_jwk(json: &[u8]) -> Result<Self, ChangeError> {
        let public = Jwk::parse(json).and_then(|jwk| jwk.public()).map_err(|reason| unusable(&reason))?;
        let key_id = public.thumbprint();
        let key = match &public {
            PublicKey::Ed25519(point) => Key::Ssh(Box::new(ssh::ed25519(point).map_err(|reason| unusable(&reason))?)),
            PublicKey::Rsa { n, e } => Key::Ssh(Box::new(ssh::rsa(n, e).map_err(|reason| unusable(&reason))?)),
            PublicKey::Ec(key) => Key::Ec(key.clone()),
        };
        Ok(Self { provider: JWK_PROVIDER, key_id, key })
    }

    fn of_age(text: &str) -> Result<Self, ChangeError> {
        if text.starts_with("age1pq1") {
            return Err(unusable(
                "post-quantum age recipients (age1pq1…) cannot be used yet; give one that begins with age1",
            ));
        }
        let key = text.parse().map_err(|reason| unusable(&format!("it is no age recipient: {reason}")))?;
        Ok(Self { provider: AGE_PROVIDER, key_id: jwk::hex_sha256(text.as_bytes()), key: Key::Age(key) })
    }

    fn encrypt(&self, secret: &IssuedSecret) -> Result<EncryptedData, ChangeError> {
        let IssuedSecret { name, description, schema, bytes } = secret;
        // The older field for the key's id is filled for the provider that had it.
        let deprecated_id = if self.provider == JWK_PROVIDER { self.key_id.clone() } else { String::new() };
        let mut data = EncryptedData {
            provider: self.provider.to_owned(),
            name: name.clone(),
            description: description.clone(),
            schema: schema.clone(),
            encrypted_bytes: self.seal(bytes.expose_secret())?,
            key_ids: vec![self.key_id.clone()],
            ..EncryptedData::default()
        };
        #[expect(deprecated, reason = "readers of the older contract look there")]
        {
            data.key_id = deprecated_id;
        }
        Ok(data)
    }

    /// The bytes as the provider delivers them.
    fn seal(&self, plain: &[u8]) -> Result<Vec<u8>, ChangeError> {
        Ok(match &self.key {
            Key::Age(key) => sealed_by_age(key, plain)?,
            Key::Ssh(key) => STANDARD.encode(sealed_by_age(key.as_ref(), plain)?).into_bytes(),
            Key::Ec(key) => {
                let jwe = key.seal(plain).map_err(|reason| unusable(&reason))?;
                STANDARD.encode(jwe).into_bytes()
            }
        })
    }
}

fn sealed_by_age<R: age::Recipient>(key: &R, plain: &[u8]) -> Result<Vec<u8>, ChangeError> {
    age::encrypt(key, plain).map_err(|error| unusable(&error.to_string()))
}

/// A key that cannot be used.
fn unusable(reason: &str) -> ChangeError {
    ChangeError::new(Code::InvalidArgument, format!("nothing can be encrypted to the given key: {reason}"))
}

#[cfg(test)]
mod tests;
