//! Keys in the form of a JWK (RFC 7517), and their thumbprints (RFC 7638).

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::jwe::{Curve, EcKey};

/// The members of a JWK that say which key it is, as they are written.
#[derive(Deserialize)]
pub(super) struct Jwk {
    kty: String,
    #[serde(default)]
    crv: String,
    #[serde(default)]
    x: String,
    #[serde(default)]
    y: String,
    #[serde(default)]
    n: String,
    #[serde(default)]
    e: String,
    /// The private half, if there is one.
    #[serde(default)]
    d: Zeroizing<String>,
}

/// A public key to which something can be encrypted.
#[derive(Debug, Clone)]
pub(super) enum PublicKey {
    /// The point.
    Ed25519([u8; 32]),
    /// Modulus and exponent, big-endian, without leading zeros.
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    Ec(EcKey),
}

impl Jwk {
    pub(super) fn parse(json: &[u8]) -> Result<Self, String> {
        // What the parser would quote may be a secret.
        serde_json::from_slice(json).map_err(|_| "it is no JWK".to_owned())
    }

    /// The public half.
    pub(super) fn public(&self) -> Result<PublicKey, String> {
        match (self.kty.as_str(), self.crv.as_str()) {
            ("OKP", "Ed25519") => Ok(PublicKey::Ed25519(fixed("x", &self.x)?)),
            ("RSA", _) => Ok(PublicKey::Rsa { n: number("n", &self.n)?, e: number("e", &self.e)? }),
            ("EC", crv) => {
                let curve = Curve::named(crv).ok_or_else(|| format!("EC keys on the curve {crv:?} are not known"))?;
                Ok(PublicKey::Ec(EcKey::new(curve, &bytes("x", &self.x)?, &bytes("y", &self.y)?)?))
            }
            (kty, "") => Err(format!("keys of the type {kty:?} are not known")),
            (kty, crv) => Err(format!("keys of the type {kty:?} with the curve {crv:?} are not known")),
        }
    }

    /// The private half of an Ed25519 key, and the public one.
    pub(super) fn ed25519_pair(&self) -> Result<(Zeroizing<[u8; 32]>, [u8; 32]), String> {
        let PublicKey::Ed25519(public) = self.public()? else {
            return Err("it is no Ed25519 key".to_owned());
        };
        if self.d.is_empty() {
            return Err("it is a public key".to_owned());
        }
        Ok((Zeroizing::new(fixed("d", &self.d)?), public))
    }

    /// Whether the private half is in it.
    pub(super) fn is_private(&self) -> bool {
        !self.d.is_empty()
    }
}

impl PublicKey {
    /// The JWK of the key: the members that the thumbprint counts, in their order.
    pub(super) fn to_json(&self) -> String {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Ed25519(x) => json!({"crv": "Ed25519", "kty": "OKP", "x": text(x)}),
            Self::Rsa { n, e } => json!({"e": text(e), "kty": "RSA", "n": text(n)}),
            Self::Ec(key) => json!({"crv": key.curve().name(), "kty": "EC", "x": text(key.x()), "y": text(key.y())}),
        }
        .to_string()
    }

    /// The thumbprint in lower-case hexadecimal digits.
    pub(super) fn thumbprint(&self) -> String {
        hex_sha256(self.to_json().as_bytes())
    }
}

/// The SHA-256 hash of bytes, in lower-case hexadecimal digits.
pub(super) fn hex_sha256(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(member: &str, text: &str) -> Result<Zeroizing<Vec<u8>>, String> {
    if text.is_empty() {
        return Err(format!("the JWK has no {member:?}"));
    }
    let decoded = URL_SAFE_NO_PAD.decode(text).map_err(|_| format!("{member:?} of the JWK is no base64url text"))?;
    Ok(Zeroizing::new(decoded))
}

fn fixed(member: &str, text: &str) -> Result<[u8; 32], String> {
    bytes(member, text)?.as_slice().try_into().map_err(|_| format!("{member:?} of the JWK has not 32 bytes"))
}

/// A number without leading zeros.
fn number(member: &str, text: &str) -> Result<Vec<u8>, String> {
    let bytes = bytes(member, text)?;
    let first = bytes.iter().position(|byte| *byte != 0).ok_or_else(|| format!("{member:?} of the JWK is zero"))?;
    Ok(bytes[first..].to_vec())
}
