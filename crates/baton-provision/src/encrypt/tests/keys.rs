//! Private keys for the tests, and a reader of JWEs that shares nothing with the writer but the cipher.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, Algorithm, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer, EcPrivateKeyRfc5915Der, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// The bytes before the PKCS#1 key in the PKCS#8 form of an RSA key of 2048 bits (RFC 5208, 5).
const PKCS8_HEAD: usize = 26;

/// A DER value as PEM (RFC 7468, 2): lines of 64 characters.
fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// An RSA key of 2048 bits.
pub(super) struct RsaKey(KeyPair);

impl RsaKey {
    pub(super) fn generate() -> Self {
        Self(KeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    /// The private key, in PKCS#1.
    pub(super) fn private_pem(&self) -> String {
        let pkcs8 = AsDer::<Pkcs8V1Der<'_>>::as_der(&self.0).unwrap();
        pem("RSA PRIVATE KEY", &pkcs8.as_ref()[PKCS8_HEAD..])
    }

    /// The public key, as SubjectPublicKeyInfo.
    pub(super) fn public_pem(&self) -> String {
        pem("PUBLIC KEY", AsDer::<PublicKeyX509Der<'_>>::as_der(self.0.public_key()).unwrap().as_ref())
    }

    /// The public key, in PKCS#1.
    pub(super) fn public_pkcs1_pem(&self) -> String {
        pem("RSA PUBLIC KEY", self.0.public_key().as_ref())
    }

    pub(super) fn jwk(&self) -> String {
        let public = self.0.public_key();
        let [n, e] = [public.modulus(), public.exponent()]
            .map(|number| URL_SAFE_NO_PAD.encode(number.big_endian_without_leading_zero()));
        json!({"kty": "RSA", "n": n, "e": e}).to_string()
    }
}

/// The curves, by their names in a JWK.
pub(super) const CURVES: [&str; 3] = ["P-256", "P-384", "P-521"];

/// An EC key.
pub(super) struct EcKey {
    curve: &'static str,
    algorithm: &'static Algorithm,
    private: PrivateKey,
}

impl EcKey {
    /// A new key on the curve of that name.
    pub(super) fn generate(curve: &'static str) -> Self {
        let algorithm = match curve {
            "P-256" => &agreement::ECDH_P256,
            "P-384" => &agreement::ECDH_P384,
            _ => &agreement::ECDH_P521,
        };
        Self { curve, algorithm, private: PrivateKey::generate(algorithm).unwrap() }
    }

    /// The private key, as RFC 5915 writes it.
    pub(super) fn private_pem(&self) -> String {
        pem("EC PRIVATE KEY", AsDer::<EcPrivateKeyRfc5915Der<'_>>::as_der(&self.private).unwrap().as_ref())
    }

    /// The public key, as SubjectPublicKeyInfo.
    pub(super) fn public_pem(&self) -> String {
        let public = self.private.compute_public_key().unwrap();
        pem("PUBLIC KEY", AsDer::<PublicKeyX509Der<'_>>::as_der(&public).unwrap().as_ref())
    }

    pub(super) fn jwk(&self) -> String {
        let public = self.private.compute_public_key().unwrap();
        let (x, y) = public.as_ref()[1..].split_at((public.as_ref().len() - 1) / 2);
        let [x, y] = [x, y].map(|coordinate| URL_SAFE_NO_PAD.encode(coordinate));
        json!({"kty": "EC", "crv": self.curve, "x": x, "y": y}).to_string()
    }

    /// The content of a compact JWE for this key, read as RFC 7516, 5.2 says.
    pub(super) fn open(&self, compact: &str) -> Vec<u8> {
        let parts: Vec<_> = compact.split('.').collect();
        let [header, encrypted_key, nonce, content, tag] = parts[..] else { panic!("{} parts", parts.len()) };
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
        let fields: Value = serde_json::from_slice(&bytes(header)).unwrap();
        assert_eq!((&fields["alg"], &fields["enc"]), (&json!("ECDH-ES"), &json!("A256GCM")));
        assert_eq!(fields.as_object().unwrap().keys().collect::<Vec<_>>(), ["alg", "enc", "epk"]);
        assert_eq!((&fields["epk"]["crv"], encrypted_key), (&json!(self.curve), ""), "the key is agreed upon directly");
        let [x, y] = ["x", "y"].map(|name| bytes(fields["epk"][name].as_str().unwrap()));
        let point = [&[4][..], &x, &y].concat();
        let peer = UnparsedPublicKey::new(self.algorithm, point);
        let key = agreement::agree(&self.private, peer, (), |shared| Ok(concat_kdf(shared, "A256GCM", "", "", 32)));
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key.unwrap()).unwrap());
        let mut sealed = [bytes(content), bytes(tag)].concat();
        let nonce = Nonce::try_assume_unique_for_key(&bytes(nonce)).unwrap();
        key.open_in_place(nonce, Aad::from(header.as_bytes()), &mut sealed).unwrap().to_vec()
    }
}

/// A key of at most 32 bytes from a shared secret (RFC 7518, 4.6.2).
pub(super) fn concat_kdf(shared: &[u8], algorithm: &str, sender: &str, receiver: &str, length: usize) -> Vec<u8> {
    let mut input = [&1_u32.to_be_bytes()[..], shared].concat();
    for text in [algorithm, sender, receiver] {
        input.extend(u32::try_from(text.len()).unwrap().to_be_bytes());
        input.extend(text.as_bytes());
    }
    input.extend(u32::try_from(length * 8).unwrap().to_be_bytes());
    digest(&SHA256, &input).as_ref()[..length].to_vec()
}
