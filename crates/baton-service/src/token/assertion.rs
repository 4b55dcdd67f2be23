//! The proof of who we are: a signed text that is good for two minutes (`docs/spec/connector-runtime.md` 2.3).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::credentials::Credentials;

/// How long it is good before and after it was made, in seconds.
const GOOD_FOR: i64 = 120;

/// Signs for `audience` at `now`, in seconds since 1970. Every assertion is another one.
pub(crate) fn sign(credentials: &Credentials, audience: &str, now: i64) -> String {
    let nonce = format!("{:032x}", rand::random::<u128>());
    let mut header = json!({"alg": "EdDSA", "nonce": nonce});
    if let Some(id) = &credentials.key_id {
        header["kid"] = id.as_str().into();
    }
    let id = &credentials.id.text;
    let claims = json!({
        "iss": id, "sub": id, "aud": audience, "exp": now + GOOD_FOR, "nbf": now - GOOD_FOR, "iat": now,
    });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(&claims));
    let signature = credentials.key.sign(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
}
