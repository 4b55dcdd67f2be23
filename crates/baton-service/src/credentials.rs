//! The client id and the client secret that C1 shows when a connector is set up (`docs/spec/connector-runtime.md` 2.2).

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use baton_provision::encrypt::ClientKey;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::error::ServiceError;

/// What to do about a wrong id or secret.
const HINT: &str = "copy both from the connector's page in C1; \"rotate\" there shows a new pair, the secret only once";

/// A client id, taken apart: `NAME@HOST[:PORT]/…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientId {
    /// All of it.
    pub text: String,
    /// The client's name.
    pub name: String,
    /// Host, and port if there is one.
    pub host: String,
}

impl ClientId {
    /// Takes a client id apart.
    ///
    /// # Errors
    /// It has another form.
    pub fn parse(text: &str) -> Result<Self, ServiceError> {
        let text = text.trim();
        let parts = text.split_once('@').and_then(|(name, rest)| Some((name, rest.split_once('/')?.0)));
        let is_plain = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_graphic());
        match parts {
            Some((name, host)) if is_plain(name) && is_plain(host) && !hostname(host).is_empty() => {
                Ok(Self { text: text.to_owned(), name: name.to_owned(), host: host.to_owned() })
            }
            _ => Err(ServiceError::Credentials(format!(
                "invalid client id: it has not the form name@tenant.conductor.one/api/…\nhint: {HINT}"
            ))),
        }
    }

    /// The host without port.
    #[must_use]
    pub fn hostname(&self) -> &str {
        hostname(&self.host)
    }
}

/// `host` without port; an IPv6 address stands in brackets.
pub(crate) fn hostname(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    }
}

/// Who this connector is to C1. `Debug` shows no secret.
#[derive(Clone)]
pub struct Credentials {
    /// The id.
    pub id: ClientId,
    /// What it signs with.
    pub(crate) key: Arc<Ed25519KeyPair>,
    /// The key's name, if it has one.
    pub(crate) key_id: Option<String>,
    /// What others encrypt to.
    pub(crate) client_key: ClientKey,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("id", &self.id.text).finish_non_exhaustive()
    }
}

/// The key inside a secret.
#[derive(Deserialize)]
struct Jwk {
    kty: Option<String>,
    crv: Option<String>,
    kid: Option<String>,
    x: Option<String>,
    d: Option<Zeroizing<String>>,
}

impl Credentials {
    /// Reads both.
    ///
    /// # Errors
    /// One of them has another form; the text says which and how, without repeating a secret.
    pub fn parse(id: &str, secret: &SecretString) -> Result<Self, ServiceError> {
        let id = ClientId::parse(id)?;
        let wrong = |what: &str| ServiceError::Credentials(format!("invalid client secret: {what}\nhint: {HINT}"));
        let secret = SecretString::from(secret.expose_secret().trim());
        let mut parts = secret.expose_secret().splitn(4, ':').skip(2);
        let payload = match (parts.next(), parts.next()) {
            (Some("v1"), Some(payload)) => payload,
            (Some(_), Some(_)) => return Err(wrong("its third part is not v1, the only version that is known")),
            _ => return Err(wrong("it has not four parts with colons between them; is it cut off?")),
        };
        let json = URL_SAFE_NO_PAD.decode(payload);
        let json = Zeroizing::new(json.map_err(|_| wrong("its last part is no base64url; is it cut off?"))?);
        // The parser's own words may repeat what it has read.
        let jwk: Jwk = serde_json::from_slice(&json).map_err(|_| wrong("there is no key in it; is it cut off?"))?;
        if jwk.kty.as_deref() != Some("OKP") || jwk.crv.as_deref() != Some("Ed25519") {
            return Err(wrong("the key in it is not of the kind Ed25519"));
        }
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).map(Zeroizing::new).ok();
        let (Some(public), Some(seed)) = (jwk.x.as_deref().and_then(bytes), jwk.d.as_deref().and_then(|d| bytes(d)))
        else {
            return Err(wrong("there is no private key in it"));
        };
        let key = Ed25519KeyPair::from_seed_and_public_key(&seed, &public);
        let key = key.map_err(|_| wrong("the two halves of the key in it do not belong together"))?;
        let client_key =
            ClientKey::from_client_secret(&secret).map_err(|_| wrong("the key in it cannot be used for decryption"))?;
        Ok(Self { id, key: Arc::new(key), key_id: jwk.kid, client_key })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]

    use aws_lc_rs::encoding::AsBigEndian as _;
    use aws_lc_rs::signature::KeyPair as _;

    use super::*;

    const ID: &str = "brave-otter@tenant.conductor.one:8443/api/v1/connectors";

    /// A secret with a new key.
    pub(crate) fn secret() -> String {
        let pair = Ed25519KeyPair::generate().unwrap();
        let (public, seed) = (pair.public_key().as_ref().to_vec(), pair.seed().unwrap().as_be_bytes().unwrap());
        jwk(&URL_SAFE_NO_PAD.encode(public), &URL_SAFE_NO_PAD.encode(seed.as_ref()))
    }

    fn jwk(x: &str, d: &str) -> String {
        let json = serde_json::json!({"kty": "OKP", "crv": "Ed25519", "x": x, "d": d}).to_string();
        format!("secret-token:conductorone.com:v1:{}", URL_SAFE_NO_PAD.encode(json))
    }

    #[test]
    fn takes_ids_apart() {
        let id = ClientId::parse(&format!(" {ID}\n")).unwrap();
        assert_eq!(
            (id.name.as_str(), id.host.as_str(), id.hostname()),
            ("brave-otter", "tenant.conductor.one:8443", "tenant.conductor.one")
        );
        assert_eq!(ClientId::parse("n@h/").unwrap().hostname(), "h");
        assert_eq!(hostname("[::1]:8443"), "[::1]");
        assert_eq!(hostname("[::1]"), "[::1]");
        for wrong in ["", "name", "name@host", "@host/x", "name@/x", "name@:443/x", "na me@host/x", "host/x@name"] {
            let error = ClientId::parse(wrong).unwrap_err();
            assert!(error.to_string().starts_with("invalid client id"), "{wrong}");
        }
    }

    #[test]
    fn takes_secrets_and_says_what_is_wrong_with_others() {
        let good = secret();
        let read = |secret: &str| Credentials::parse(ID, &SecretString::from(secret));
        let credentials = read(&good).unwrap();
        read(&format!("a:b:v1:{}", good.rsplit_once(':').unwrap().1)).unwrap();
        read(&format!("{good}\n")).unwrap();
        let shown = format!("{credentials:?}");
        assert!(!shown.contains(good.rsplit_once(':').unwrap().1), "{shown}");

        let other = secret();
        let half = |secret: &str| -> serde_json::Value {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(secret.rsplit_once(':').unwrap().1).unwrap()).unwrap()
        };
        let mixed = jwk(half(&good)["x"].as_str().unwrap(), half(&other)["d"].as_str().unwrap());
        let garbage = format!("a:b:v1:{}", URL_SAFE_NO_PAD.encode("s3cret"));
        let rsa = format!("a:b:v1:{}", URL_SAFE_NO_PAD.encode(r#"{"kty":"RSA","d":"s3cret"}"#));
        let public = format!("a:b:v1:{}", URL_SAFE_NO_PAD.encode(r#"{"kty":"OKP","crv":"Ed25519","x":"s3cret"}"#));
        for (wrong, why) in [
            ("", "four parts"),
            ("s3cret", "four parts"),
            ("a:b:v2:s3cret", "not v1"),
            ("a:b:v1:s3cret!", "no base64url"),
            (garbage.as_str(), "no key in it"),
            (rsa.as_str(), "Ed25519"),
            (public.as_str(), "no private key"),
            (mixed.as_str(), "do not belong together"),
        ] {
            let error = read(wrong).unwrap_err().to_string();
            assert!(error.starts_with("invalid client secret: ") && error.contains(why), "{wrong}: {error}");
            let payload = wrong.rsplit_once(':').map_or("s3cret", |(_, payload)| payload);
            assert!(!error.contains("s3cret") && !error.contains(payload), "{error}");
        }
    }
}
