//! RSA keys: those that apps register, those in the headers of proofs, and throw-away ones for tests.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{self, KeyPair as _, ParsedPublicKey, RsaParameters, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;

/// A text holds no usable key, or none could be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// There is no PEM block `PUBLIC KEY`.
    #[error("no PEM block of the kind PUBLIC KEY")]
    NoPem,
    /// The key is of another kind or too short.
    #[error("not an RSA key of 2,048 to 8,192 bits")]
    NotRsa,
    /// The cryptographic library made none.
    #[error("cannot make an RSA key")]
    Generate,
}

/// The algorithms that are accepted, and how each is verified.
fn algorithm(name: &str) -> Option<&'static RsaParameters> {
    match name {
        "RS256" => Some(&signature::RSA_PKCS1_2048_8192_SHA256),
        "RS384" => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
        "RS512" => Some(&signature::RSA_PKCS1_2048_8192_SHA512),
        _ => None,
    }
}

/// Whether signatures of this algorithm can be accepted at all.
pub(super) fn is_supported(name: &str) -> bool {
    algorithm(name).is_some()
}

/// A registered key: a DER `SubjectPublicKeyInfo`.
#[derive(Debug, Clone)]
pub(super) struct PublicKey(Vec<u8>);

impl PublicKey {
    pub(super) fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let der = SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes()).map_err(|_| KeyError::NoPem)?;
        ParsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, der.as_ref()).map_err(|_| KeyError::NotRsa)?;
        Ok(Self(der.to_vec()))
    }

    pub(super) fn verifies(&self, algorithm_name: &str, message: &[u8], signature: &[u8]) -> bool {
        let key = algorithm(algorithm_name).map(|parameters| UnparsedPublicKey::new(parameters, &self.0));
        key.is_some_and(|key| key.verify(message, signature).is_ok())
    }
}

/// The key in the header of a proof.
#[derive(Debug)]
pub(super) struct Jwk<'a> {
    /// Modulus and exponent in base64url, as they stand in the header.
    n: &'a str,
    e: &'a str,
}

impl<'a> Jwk<'a> {
    /// A public RSA key; `None` for anything else, also for a key that shows its private half.
    pub(super) fn read(value: &'a Value) -> Option<Self> {
        const PRIVATE: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "k"];
        if value["kty"] != "RSA" || PRIVATE.iter().any(|name| value.get(name).is_some()) {
            return None;
        }
        Some(Self { n: value["n"].as_str()?, e: value["e"].as_str()? })
    }

    /// The thumbprint of RFC 7638, by which a token names the key that it is bound to.
    pub(super) fn thumbprint(&self) -> String {
        let canonical = format!("{{\"e\":\"{}\",\"kty\":\"RSA\",\"n\":\"{}\"}}", self.e, self.n);
        sha256(canonical.as_bytes())
    }

    pub(super) fn verifies(&self, algorithm_name: &str, message: &[u8], signature: &[u8]) -> bool {
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        let (Some(n), Some(e)) = (decode(self.n), decode(self.e)) else { return false };
        let Some(parameters) = algorithm(algorithm_name) else { return false };
        PublicKeyComponents { n, e }.verify(parameters, message, signature).is_ok()
    }
}

/// SHA-256 in base64url without padding.
pub(super) fn sha256(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, bytes))
}

/// A throw-away RSA key of 2,048 bits for tests and demonstrations, as PEM texts.
#[derive(Clone)]
pub struct TestKey {
    pkcs1: String,
    pkcs8: String,
    public: String,
    spki: Vec<u8>,
}

impl TestKey {
    /// Makes a key. That takes about a tenth of a second.
    ///
    /// # Errors
    ///
    /// When the cryptographic library makes none, which has no usual cause.
    pub fn generate() -> Result<Self, KeyError> {
        let failed = |_| KeyError::Generate;
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
        let pkcs8: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
        let pkcs1 = inner_key(pkcs8.as_ref()).ok_or(KeyError::Generate)?;
        let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(failed)?;
        Ok(Self {
            pkcs1: pem("RSA PRIVATE KEY", pkcs1),
            pkcs8: pem("PRIVATE KEY", pkcs8.as_ref()),
            public: pem("PUBLIC KEY", spki.as_ref()),
            spki: spki.as_ref().to_vec(),
        })
    }

    /// The private key in the form `RSA PRIVATE KEY` (PKCS#1).
    #[must_use]
    pub fn pkcs1_pem(&self) -> &str {
        &self.pkcs1
    }

    /// The private key in the form `PRIVATE KEY` (PKCS#8).
    #[must_use]
    pub fn pkcs8_pem(&self) -> &str {
        &self.pkcs8
    }

    /// The public key.
    #[must_use]
    pub fn public_pem(&self) -> &str {
        &self.public
    }

    pub(super) fn public_key(&self) -> PublicKey {
        PublicKey(self.spki.clone())
    }
}

impl fmt::Debug for TestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestKey").field("public", &self.public).finish_non_exhaustive()
    }
}

/// The PKCS#1 key that a PKCS#8 text wraps. For RSA the wrapping is always the same: version 0, the algorithm with a null
/// parameter, and an octet string that holds the key and ends with the text.
fn inner_key(pkcs8: &[u8]) -> Option<&[u8]> {
    const ALGORITHM: [u8; 18] =
        [0x02, 0x01, 0x00, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
    let octets = pkcs8.get(4..)?.strip_prefix(&ALGORITHM)?;
    let (head, key) = octets.split_at_checked(4)?;
    (head[..2] == [0x04, 0x82] && usize::from(head[2]) << 8 | usize::from(head[3]) == key.len()).then_some(key)
}

fn pem(kind: &str, der: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap_or_default());
    let mut out = format!("-----BEGIN {kind}-----\n");
    for line in lines {
        out.push_str(line);
        out.push('\n');
    }
    out.push_str(&format!("-----END {kind}-----\n"));
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::RSA_PKCS1_SHA256;
    use rustls::pki_types::{PrivatePkcs1KeyDer, PrivatePkcs8KeyDer};
    use serde_json::json;

    use super::*;

    #[test]
    fn both_forms_of_a_test_key_are_the_same_key() {
        let key = TestKey::generate().unwrap();
        let pkcs1 = PrivatePkcs1KeyDer::from_pem_slice(key.pkcs1_pem().as_bytes()).unwrap();
        let pkcs8 = PrivatePkcs8KeyDer::from_pem_slice(key.pkcs8_pem().as_bytes()).unwrap();
        let public = PublicKey::from_pem(key.public_pem()).unwrap();
        for pair in [
            KeyPair::from_der(pkcs1.secret_pkcs1_der()).unwrap(),
            KeyPair::from_pkcs8(pkcs8.secret_pkcs8_der()).unwrap(),
        ] {
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), b"text", &mut signature).unwrap();
            assert!(public.verifies("RS256", b"text", &signature));
            assert!(!public.verifies("RS256", b"other", &signature));
            assert!(!public.verifies("RS384", b"text", &signature));
            assert!(!public.verifies("none", b"text", &signature));
        }
        assert!(!format!("{key:?}").contains("PRIVATE"));
    }

    #[test]
    fn only_rsa_keys_are_registered() {
        let curve = rcgen::KeyPair::generate().unwrap().public_key_pem();
        assert!(matches!(PublicKey::from_pem(&curve), Err(KeyError::NotRsa)));
        assert!(matches!(PublicKey::from_pem("nonsense"), Err(KeyError::NoPem)));
    }

    #[test]
    fn thumbprints_are_those_of_the_standard() {
        // The example of RFC 7638, section 3.1.
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n\
                 3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgd\
                 AZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur\
                 -kEgU8awapJzKnqDKgw";
        let value = json!({"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"});
        assert_eq!(Jwk::read(&value).unwrap().thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        assert!(Jwk::read(&json!({"kty": "EC", "x": "a", "y": "b"})).is_none());
        assert!(Jwk::read(&json!({"kty": "RSA", "n": n, "e": "AQAB", "d": "x"})).is_none(), "a private key");
    }
}
