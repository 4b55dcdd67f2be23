//! Keys for tests, generated on demand: none is stored with the code, except one that is too short to be usable.

use std::sync::LazyLock;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::PrivateKey;

/// An RSA key of 1024 bits, in PKCS#8.
const SHORT: &str = "MIICdwIBADANBgkqhkiG9w0BAQEFAASCAmEwggJdAgEAAoGBAKXp5IsBmyRmLLEN7Zhb694h6+DF9vhqzmDa/vkxdZ4t4yaX\
     mD/Hi6GyNaEwbU/PYKfbJ2y1XbHyxwcwlv/LLkTqN1nVCXS4SeV+eW8pPP0vJD5ChkDZ5Ce5b1F31hhq0uJYey8CSx6TDung\
     rCpHnrLvl6eGY9MoldVLPRbvxdCNAgMBAAECgYAWgN/fvssFJ9qd9S6pwKYATgeJSDCURyBQ4MM+l2fFmaG6pUsgM3eL6fj+\
     MOxSq+UHP2FcjEj2DuDR59RDQ5K1zD3Y3G8AEqg556RcaD1KpAYuHpgbPGj8c4zqtXYnroVVEV7DWH1DLqUGNvGwrlOIEWzE\
     ecNIKzyV3KdkHh4Z3QJBANcClz+mBWL3jw/teVrrh6r2dpoMspqy4r17SoKzYYQ3DsHcrRj9jUbjHaGsTt4P05Bz2iVItDpD\
     QH1mR5RD4gcCQQDFiy9SqeSdg4Lfm0BZ1ROswz7z5QMSddEM2ReQZfx9dfeClFlwyay3rJgIg2VVVapEMCkBJwu8RqBnRrti\
     eIPLAkEAm3HnEYAhAtUB3D0O8Jm5wvNe+a7WbZuI6/639thjVyhLBgNaLegZ/Lb0VE9z0X3VsejgPPZcPocil8abV2jgfwJB\
     AML3bgteFn7Hj2F17vs6a6K1SOqaen+7vEm78Z/YqGyDA3fjRqskwMy/EYZFeLvSQqvuBGpYySJXanTDwKmdXCUCQBJj3yh3\
     qabxdXrR8QGCevumYBEDObTfHPXcO1MCGfcgVfkc90hjeR6nRkk5ieh0homb+4EBVGZ+QGyE9VySYZg=";

/// The DER of the key that most tests use, in PKCS#8.
static RSA: LazyLock<Vec<u8>> = LazyLock::new(rsa);

fn rsa() -> Vec<u8> {
    KeyPair::generate(KeySize::Rsa2048).unwrap().as_der().unwrap().as_ref().to_vec()
}

/// `der` in base64, 64 characters a line.
pub(crate) fn lines(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    text.as_bytes().chunks(64).map(|line| format!("{}\n", str::from_utf8(line).unwrap())).collect()
}

pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}-----END {label}-----\n", lines(der))
}

/// The key that most tests use.
pub(crate) fn key() -> PrivateKey {
    PrivateKey::parse(&pem("PRIVATE KEY", &RSA).into()).unwrap()
}

/// Returns another key.
pub(crate) fn other_key() -> PrivateKey {
    PrivateKey::parse(&pem("PRIVATE KEY", &rsa()).into()).unwrap()
}

pub(crate) fn pkcs8() -> &'static [u8] {
    &RSA
}

/// The same key in PKCS#1: that is what PKCS#8 wraps.
pub(crate) fn pkcs1() -> &'static [u8] {
    &RSA[26..]
}

/// The same key as JWK.
pub(crate) fn jwk() -> Value {
    let mut rest = &pkcs1()[4..];
    let mut integer = || {
        let (head, long) = match rest[1] {
            0x81 => (3, usize::from(rest[2])),
            0x82 => (4, usize::from(rest[2]) << 8 | usize::from(rest[3])),
            short => (2, usize::from(short)),
        };
        let bytes = &rest[head..head + long];
        rest = &rest[head + long..];
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        URL_SAFE_NO_PAD.encode(&bytes[zeros..])
    };
    integer();
    let (n, e, d, p, q) = (integer(), integer(), integer(), integer(), integer());
    let (dp, dq, qi) = (integer(), integer(), integer());
    json!({"kty": "RSA", "kid": "kid1", "n": n, "e": e, "d": d, "p": p, "q": q, "dp": dp, "dq": dq, "qi": qi})
}

pub(crate) fn short() -> Vec<u8> {
    STANDARD.decode(SHORT).unwrap()
}

pub(crate) fn elliptic() -> Vec<u8> {
    let random = aws_lc_rs::rand::SystemRandom::new();
    EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap().as_ref().to_vec()
}

pub(crate) fn edwards() -> Vec<u8> {
    Ed25519KeyPair::generate_pkcs8(&aws_lc_rs::rand::SystemRandom::new()).unwrap().as_ref().to_vec()
}
