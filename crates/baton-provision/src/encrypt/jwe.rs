//! Compact JWEs to EC keys: `ECDH-ES` with `A256GCM` (RFC 7516, RFC 7518 4.6).

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, Algorithm, EphemeralPrivateKey, UnparsedPublicKey};
use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::rand::SystemRandom;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use zeroize::Zeroizing;

/// How the content is encrypted; the name also goes into the derivation of its key.
const CONTENT: &str = "A256GCM";

/// The length of that key, in bits.
const KEY_BITS: u32 = 256;

/// The first byte of a point that is written with both its coordinates.
const UNCOMPRESSED: u8 = 4;

/// A curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    pub(super) const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    /// The curve of that name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|curve| curve.name() == name)
    }

    /// Its name in a JWK.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// The bytes of a coordinate.
    fn size(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    fn algorithm(self) -> &'static Algorithm {
        match self {
            Self::P256 => &agreement::ECDH_P256,
            Self::P384 => &agreement::ECDH_P384,
            Self::P521 => &agreement::ECDH_P521,
        }
    }
}

/// A public EC key.
#[derive(Clone)]
pub(super) struct EcKey {
    curve: Curve,
    /// 4, x, y.
    point: Vec<u8>,
}

impl fmt::Debug for EcKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EcKey").field(&self.curve.name()).finish()
    }
}

impl EcKey {
    /// The key at a point; shorter coordinates are filled up with zeros.
    pub(super) fn new(curve: Curve, x: &[u8], y: &[u8]) -> Result<Self, String> {
        let size = curve.size();
        let mut point = vec![UNCOMPRESSED];
        for coordinate in [x, y] {
            let missing = size.checked_sub(coordinate.len());
            let missing = missing.ok_or_else(|| format!("a coordinate is too long for {}", curve.name()))?;
            point.extend(std::iter::repeat_n(0, missing));
            point.extend_from_slice(coordinate);
        }
        Ok(Self { curve, point })
    }

    /// The key at a point that is written as 4, x, y.
    pub(super) fn of_point(curve: Curve, point: &[u8]) -> Result<Self, String> {
        match point.split_first() {
            Some((&UNCOMPRESSED, rest)) if rest.len() == 2 * curve.size() => Ok(Self { curve, point: point.to_vec() }),
            _ => Err(format!("it is no uncompressed point on {}", curve.name())),
        }
    }

    pub(super) fn curve(&self) -> Curve {
        self.curve
    }

    pub(super) fn x(&self) -> &[u8] {
        &self.point[1..=self.curve.size()]
    }

    pub(super) fn y(&self) -> &[u8] {
        &self.point[1 + self.curve.size()..]
    }

    /// Encrypts to the key.
    pub(super) fn seal(&self, plain: &[u8]) -> Result<String, String> {
        let failed = |what: &str| format!("{what} on {} failed", self.curve.name());
        let random = SystemRandom::new();
        let own = EphemeralPrivateKey::generate(self.curve.algorithm(), &random).map_err(|_| failed("making a key"))?;
        let public = own.compute_public_key().map_err(|_| failed("making a key"))?;
        let public = Self::of_point(self.curve, public.as_ref())?;
        let peer = UnparsedPublicKey::new(self.curve.algorithm(), &self.point);
        let not_on_curve = format!("its point is not on {}", self.curve.name());
        let key = agreement::agree_ephemeral(own, peer, not_on_curve, |shared| Ok(derived(shared)))?;

        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let epk = json!({"crv": self.curve.name(), "kty": "EC", "x": text(public.x()), "y": text(public.y())});
        let header = text(json!({"alg": "ECDH-ES", "enc": CONTENT, "epk": epk}).to_string().as_bytes());
        let key = UnboundKey::new(&AES_256_GCM, key.as_slice()).map_err(|_| failed("making a key"))?;
        let nonce: [u8; 12] = rand::random();
        let mut content = Zeroizing::new(plain.to_vec());
        let tag = LessSafeKey::new(key)
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(header.as_bytes()),
                content.as_mut_slice(),
            )
            .map_err(|_| failed("encrypting"))?;
        // The key is agreed upon directly, so the place of the encrypted key is empty.
        Ok(format!("{header}..{}.{}.{}", text(&nonce), text(&content), text(tag.as_ref())))
    }
}

/// The key of the content: one round of the Concat KDF over the shared secret, without names of the parties.
fn derived(shared: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut hash = Context::new(&SHA256);
    hash.update(&1_u32.to_be_bytes());
    hash.update(shared);
    #[expect(clippy::cast_possible_truncation, reason = "the name has seven letters")]
    hash.update(&(CONTENT.len() as u32).to_be_bytes());
    hash.update(CONTENT.as_bytes());
    // The names of sender and receiver are empty.
    hash.update(&[0; 8]);
    hash.update(&KEY_BITS.to_be_bytes());
    Zeroizing::new(hash.finish().as_ref().to_vec())
}
