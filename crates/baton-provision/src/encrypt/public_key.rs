//! The public key that somebody keeps in a file, as Baton writes it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use baton_proto::c1::connector::v2::EncryptionConfig;
use baton_proto::c1::connector::v2::encryption_config::{AgeRecipientConfig, Config, JwkPublicKeyConfig};
use pkcs1::RsaPublicKey;
use spki::der::{Decode, Document};
use spki::{ObjectIdentifier, SubjectPublicKeyInfoRef};

use super::jwe::{Curve, EcKey};
use super::jwk::{Jwk, PublicKey};
use super::{AGE_PROVIDER, JWK_PROVIDER, ssh};

const OID_ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const OID_EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// The curves by their object identifiers (RFC 5480).
const OID_CURVES: [(ObjectIdentifier, Curve); 3] = [
    (ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"), Curve::P256),
    (ObjectIdentifier::new_unwrap("1.3.132.0.34"), Curve::P384),
    (ObjectIdentifier::new_unwrap("1.3.132.0.35"), Curve::P521),
];

/// SSH's key types on these curves (RFC 5656).
const SSH_CURVES: [(&str, Curve); 3] =
    [("ecdsa-sha2-nistp256", Curve::P256), ("ecdsa-sha2-nistp384", Curve::P384), ("ecdsa-sha2-nistp521", Curve::P521)];

/// The configuration that encrypts to the key in a text: an age recipient, the line of an SSH public key, a JWK, or a
/// public key in PEM form. Lines that begin with `#` are comments.
///
/// # Errors
/// What is wrong with the text, without repeating it: it might be a private key.
pub fn parse(text: &str) -> Result<EncryptionConfig, String> {
    if text.contains("PRIVATE KEY") || text.contains("AGE-SECRET-KEY") {
        return Err("it is a private key; give the public one".to_owned());
    }
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    match lines.as_slice() {
        [] => Err("there is no key in it".to_owned()),
        [recipient] if recipient.starts_with("age1") => Ok(age(recipient)),
        [first, ..] if first.starts_with('{') => {
            let key = Jwk::parse(text.as_bytes())?;
            if key.is_private() {
                return Err("it is a private key; give the public one".to_owned());
            }
            Ok(jwk(&key.public()?))
        }
        [first, ..] if first.starts_with("-----BEGIN ") => Ok(jwk(&pem(&lines.join("\n"))?)),
        [line] if line.contains(' ') => Ok(jwk(&ssh_line(line)?)),
        [_] => Err(NO_KEY.to_owned()),
        _ => Err(format!("there is more than one line in it, and {NO_KEY}")),
    }
}

const NO_KEY: &str = "it is no age recipient, SSH public key, JWK or PEM public key";

fn age(recipient: &str) -> EncryptionConfig {
    let config = Config::AgeRecipientConfig(AgeRecipientConfig { recipient: recipient.to_owned() });
    EncryptionConfig { provider: AGE_PROVIDER.to_owned(), config: Some(config), ..EncryptionConfig::default() }
}

fn jwk(key: &PublicKey) -> EncryptionConfig {
    let config = Config::JwkPublicKeyConfig(JwkPublicKeyConfig { pub_key: key.to_json().into_bytes() });
    EncryptionConfig { provider: JWK_PROVIDER.to_owned(), config: Some(config), ..EncryptionConfig::default() }
}

/// `ssh-ed25519 AAAA… comment`.
fn ssh_line(line: &str) -> Result<PublicKey, String> {
    let mut words = line.split_whitespace();
    let (Some(kind), Some(encoded)) = (words.next(), words.next()) else {
        return Err(NO_KEY.to_owned());
    };
    let known = [ssh::ED25519, ssh::RSA].contains(&kind) || SSH_CURVES.iter().any(|(name, _)| *name == kind);
    if !known {
        return Err(NO_KEY.to_owned());
    }
    let broken = || format!("it begins like an SSH public key ({kind}) but is none");
    let blob = STANDARD.decode(encoded).map_err(|_| broken())?;
    let mut rest = blob.as_slice();
    let mut next = || ssh::take(&mut rest).ok_or_else(broken);
    if next()? != kind.as_bytes() {
        return Err(broken());
    }
    match kind {
        ssh::ED25519 => Ok(PublicKey::Ed25519(next()?.try_into().map_err(|_| broken())?)),
        ssh::RSA => {
            let (e, n) = (next()?, next()?);
            Ok(PublicKey::Rsa { n: without_zeros(n), e: without_zeros(e) })
        }
        _ => {
            let curve = SSH_CURVES.iter().find(|(name, _)| *name == kind).map(|(_, curve)| *curve);
            next()?;
            Ok(PublicKey::Ec(EcKey::of_point(curve.ok_or_else(broken)?, next()?)?))
        }
    }
}

/// `-----BEGIN PUBLIC KEY-----` or `-----BEGIN RSA PUBLIC KEY-----`.
fn pem(text: &str) -> Result<PublicKey, String> {
    let (label, document) = Document::from_pem(text).map_err(|_| "it begins like a PEM file but is none".to_owned())?;
    match label {
        "PUBLIC KEY" => spki_key(document.as_bytes()),
        "RSA PUBLIC KEY" => rsa_key(document.as_bytes()),
        _ => Err(format!("it holds a {} and no public key", label.to_lowercase())),
    }
}

fn spki_key(der: &[u8]) -> Result<PublicKey, String> {
    let broken = || "the public key in it cannot be read".to_owned();
    let info = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| broken())?;
    let key = info.subject_public_key.as_bytes().ok_or_else(broken)?;
    match info.algorithm.oid {
        OID_ED25519 => Ok(PublicKey::Ed25519(key.try_into().map_err(|_| broken())?)),
        pkcs1::ALGORITHM_OID => rsa_key(key),
        OID_EC => {
            let named = info.algorithm.parameters_oid().map_err(|_| broken())?;
            let curve = OID_CURVES.iter().find(|(oid, _)| *oid == named).map(|(_, curve)| *curve);
            let curve = curve.ok_or_else(|| "only the curves P-256, P-384 and P-521 can be used".to_owned())?;
            Ok(PublicKey::Ec(EcKey::of_point(curve, key)?))
        }
        _ => Err("only Ed25519, RSA and EC keys can be used".to_owned()),
    }
}

fn rsa_key(der: &[u8]) -> Result<PublicKey, String> {
    let key = RsaPublicKey::from_der(der).map_err(|_| "the RSA key in it cannot be read".to_owned())?;
    Ok(PublicKey::Rsa { n: key.modulus.as_bytes().to_vec(), e: key.public_exponent.as_bytes().to_vec() })
}

fn without_zeros(number: &[u8]) -> Vec<u8> {
    number.iter().copied().skip_while(|byte| *byte == 0).collect()
}
