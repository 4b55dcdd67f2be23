//! Checking who signs in: the assertion of a request for a token (`docs/spec/connector-runtime.md` 2.3).

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::client::Client;

/// An assertion may be dated this many seconds into the future, or have ended this many seconds ago.
const LEEWAY: f64 = 30.0;

/// The longest that an assertion may be good for, in seconds.
const LONGEST: f64 = 600.0;

/// Checks an assertion of `client` for `audience` at the time `now`, and returns its nonce.
pub(crate) fn check(text: &str, client: &Client, audience: &str, now: f64) -> Result<String, String> {
    let (signed, signature) = text.rsplit_once('.').ok_or("the assertion has not three parts")?;
    let (header, claims) = signed.split_once('.').ok_or("the assertion has not three parts")?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| "the signature is no base64url")?;
    UnparsedPublicKey::new(&ED25519, &client.public_key)
        .verify(signed.as_bytes(), &signature)
        .map_err(|_| "the signature is wrong")?;
    let (header, claims) = (object(header)?, object(claims)?);
    if header["alg"] != "EdDSA" {
        return Err("alg is not EdDSA".to_owned());
    }
    let nonce = header["nonce"].as_str().unwrap_or_default();
    if nonce.len() != 32 || !nonce.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err("the nonce is not 32 hexadecimal digits".to_owned());
    }
    for (name, expected) in [("iss", client.id.as_str()), ("sub", &client.id), ("aud", audience)] {
        if claims[name] != expected {
            return Err(format!("{name} is {} instead of {expected}", claims[name]));
        }
    }
    let time = |name: &str| claims[name].as_f64().ok_or(format!("{name} is no time"));
    let (expires, not_before, issued) = (time("exp")?, time("nbf")?, time("iat")?);
    if expires < now - LEEWAY || expires > now + LONGEST {
        return Err(format!("exp is {:.0} seconds from now", expires - now));
    }
    if not_before > now + LEEWAY || issued > now + LEEWAY {
        return Err("the assertion is from the future".to_owned());
    }
    Ok(nonce.to_owned())
}

fn object(part: &str) -> Result<Value, String> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| "a part is no base64url")?;
    serde_json::from_slice(&bytes).map_err(|_| "a part is no JSON".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::net::SocketAddr;

    use aws_lc_rs::signature::Ed25519KeyPair;
    use serde_json::json;

    use super::*;

    const NOW: f64 = 1_700_000_000.0;

    fn client() -> Client {
        Client::new(SocketAddr::from(([127, 0, 0, 1], 443))).unwrap()
    }

    /// An assertion of the client, after `change`.
    fn signed(client: &Client, change: impl FnOnce(&mut Value, &mut Value)) -> String {
        let jwk = URL_SAFE_NO_PAD.decode(client.secret.rsplit_once(':').unwrap().1).unwrap();
        let jwk: Value = serde_json::from_slice(&jwk).unwrap();
        let seed = URL_SAFE_NO_PAD.decode(jwk["d"].as_str().unwrap()).unwrap();
        let key = Ed25519KeyPair::from_seed_and_public_key(&seed, &client.public_key).unwrap();
        let mut header = json!({"alg": "EdDSA", "nonce": "0123456789abcdef0123456789abcdef"});
        let mut claims = json!({
            "iss": client.id, "sub": client.id, "aud": "c1", "exp": NOW + 120.0, "nbf": NOW - 120.0, "iat": NOW,
        });
        change(&mut header, &mut claims);
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(&header), part(&claims));
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(key.sign(text.as_bytes())))
    }

    #[test]
    fn only_a_right_assertion_is_taken() {
        let client = client();
        assert_eq!(check(&signed(&client, |_, _| {}), &client, "c1", NOW).unwrap().len(), 32);
        type Change = fn(&mut Value, &mut Value);
        let wrong: [(Change, &str); 7] = [
            (|header, _| header["alg"] = "none".into(), "alg"),
            (|header, _| header["nonce"] = "short".into(), "nonce"),
            (|_, claims| claims["iss"] = "somebody".into(), "iss"),
            (|_, claims| claims["aud"] = "c1:443".into(), "aud"),
            (|_, claims| claims["exp"] = (NOW - 100.0).into(), "exp"),
            (|_, claims| claims["exp"] = (NOW + 86_400.0).into(), "exp"),
            (|_, claims| claims["nbf"] = (NOW + 300.0).into(), "future"),
        ];
        for (change, why) in wrong {
            let error = check(&signed(&client, change), &client, "c1", NOW).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
        let of_another = signed(&self::client(), |_, _| {});
        assert!(check(&of_another, &client, "c1", NOW).unwrap_err().contains("signature"));
        assert!(check("nonsense", &client, "c1", NOW).is_err());
    }
}
