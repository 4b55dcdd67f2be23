//! The private key of a service app.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};

use super::key_text::{self, Material};
use crate::error::{Error, ErrorKind};

/// An RSA key of 2048 to 8192 bits that signs for a service app. Clones share the key.
///
/// Its `Debug` shows the size alone.
#[derive(Clone)]
pub struct PrivateKey {
    pair: Arc<KeyPair>,
}

impl PrivateKey {
    /// Parses a key in one of these forms:
    ///
    /// - a PEM text, `PRIVATE KEY` (PKCS#8) or `RSA PRIVATE KEY` (PKCS#1); its line feeds may be written as `\n` or have
    ///   become blanks, as happens to environment variables, and certificates beside the key do not matter;
    /// - a private key as JWK, the other form in which Okta's console exports keys;
    /// - the path of a file that holds one of these.
    ///
    /// # Errors
    ///
    /// If there is no such key: elliptic curves and other kinds, encrypted, public, too short or damaged keys, and
    /// files that cannot be read. The message names the problem and the next step; it never repeats
    /// what may be part of a key.
    pub fn parse(given: &SecretString) -> Result<Self, Error> {
        Self::from_material(&key_text::parse(given.expose_secret())?)
    }

    /// Parses a key in a text; `None` if the text is treated as the name of a file.
    #[cfg(feature = "fuzzing")]
    pub(super) fn parse_text(text: &str) -> Option<Result<Self, Error>> {
        key_text::parse_text(text).map(|material| Self::from_material(&material?))
    }

    fn from_material(material: &Material) -> Result<Self, Error> {
        let pair = match material {
            Material::Pkcs8(der) => KeyPair::from_pkcs8(der),
            Material::Pkcs1(der) => KeyPair::from_der(der),
            Material::Components(components) => KeyPair::from_components(&components.as_slices()),
        };
        match pair {
            Ok(pair) => Ok(Self { pair: Arc::new(pair) }),
            Err(rejected) => Err(explain(material, &rejected.to_string())),
        }
    }

    /// Returns the length of the modulus, in bits.
    #[must_use]
    pub fn bits(&self) -> usize {
        self.pair.public_modulus_len() * 8
    }

    /// Returns the public half: modulus and exponent in the form of a JWK.
    pub(super) fn public(&self) -> (String, String) {
        let public = self.pair.public_key();
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        (
            encode(public.modulus().big_endian_without_leading_zero()),
            encode(public.exponent().big_endian_without_leading_zero()),
        )
    }

    /// Returns the RS256 signature of `message`.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        match self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature) {
            Ok(()) => Ok(signature),
            Err(_) => Err(Error::new(ErrorKind::Invalid, "the private key cannot sign")),
        }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey(RSA, {} bits)", self.bits())
    }
}

/// Explains why the library has rejected a key of the right form.
fn explain(material: &Material, rejected: &str) -> Error {
    let rejection =
        |what: &str, hint| Error::new(ErrorKind::Invalid, format!("the private key {what}")).with_hint(hint);
    if rejected == "TooSmall" {
        return rejection("has less than 2048 bits", "Okta wants RSA keys of 2048 bits or more: make a new one");
    }
    if rejected == "TooLarge" {
        return rejection("has more than 8192 bits", "make a new one of 2048 to 4096 bits");
    }
    if let Material::Pkcs8(der) = material
        && let Some(kind) = key_text::non_rsa_kind(der)
    {
        return key_text::not_rsa(kind);
    }
    if let Material::Pkcs8(der) | Material::Pkcs1(der) = material
        && key_text::is_truncated(der)
    {
        return rejection("is cut off", "copy it again, from its first to its last line");
    }
    rejection("is damaged or no RSA key", "copy it again, or make a new one in the Okta admin console")
}

#[cfg(test)]
mod tests;
