//! DPoP proofs: that the caller holds the key that its token is bound to (RFC 9449, section 4).

use std::time::Duration;

use http::HeaderMap;
use serde_json::Value;

use super::jws::Jws;
use super::keys::{Jwk, is_supported};
use super::refused::invalid_proof;
use super::{Authority, keys};
use crate::refusal::Refusal;

/// No proof may be older.
const OLDEST: Duration = Duration::from_secs(5 * 60);
/// How far a caller's clock may be ahead before a proof counts as one of the future.
const AHEAD: Duration = Duration::from_secs(5);

/// What a proof is compared with.
pub(super) struct Expected<'a> {
    pub(super) method: &'a str,
    /// The URL without query, by the names that the server is known by.
    pub(super) urls: &'a [String],
    /// At the API: the access token.
    pub(super) token: Option<&'a str>,
    /// By the callers' clocks.
    pub(super) now: Duration,
}

/// A proof that holds.
pub(super) struct Proof {
    /// The thumbprint of its key.
    pub(super) key: String,
    pub(super) nonce: Option<String>,
}

impl Authority {
    /// Checks the proof of a request, all but its nonce. Its id is used up by this.
    pub(super) fn prove(&self, headers: &HeaderMap, expected: &Expected<'_>) -> Result<Proof, Refusal> {
        let mut lines = headers.get_all("dpop").iter();
        let text = lines.next().ok_or_else(|| invalid_proof("The DPoP proof JWT header is missing."))?;
        if lines.next().is_some() {
            return Err(invalid_proof("There must be only one DPoP proof JWT header."));
        }
        let jws = text.to_str().ok().and_then(Jws::read);
        let jws = jws.ok_or_else(|| invalid_proof("The DPoP proof is not a valid JSON Web Token."))?;
        let jwk = signed(&jws)?;
        fits(&jws, expected)?;
        in_time(&jws, expected.now)?;
        let key = jwk.thumbprint();
        let id = (key.clone(), jws.text("jti").to_owned());
        if id.1.is_empty() {
            return Err(invalid_proof("The DPoP proof must have a 'jti' claim."));
        }
        if !self.state().proofs.first_use(id, expected.now, OLDEST + AHEAD) {
            return Err(invalid_proof("The DPoP proof JWT has already been used."));
        }
        Ok(Proof { key, nonce: jws.claims["nonce"].as_str().map(str::to_owned) })
    }
}

/// The key of a proof that is signed with it.
fn signed<'a>(jws: &'a Jws<'_>) -> Result<Jwk<'a>, Refusal> {
    if jws.head("typ") != "dpop+jwt" {
        return Err(invalid_proof("The 'typ' of the DPoP proof must be 'dpop+jwt'."));
    }
    if !is_supported(jws.head("alg")) {
        return Err(invalid_proof("The 'alg' of the DPoP proof is not supported."));
    }
    let jwk = Jwk::read(&jws.header["jwk"]);
    let jwk = jwk.ok_or_else(|| invalid_proof("The 'jwk' of the DPoP proof must be a public RSA key."))?;
    if !jwk.verifies(jws.head("alg"), jws.signed, &jws.signature) {
        return Err(invalid_proof("The signature of the DPoP proof is invalid."));
    }
    Ok(jwk)
}

/// Refuses a proof that was made for another request.
fn fits(jws: &Jws<'_>, expected: &Expected<'_>) -> Result<(), Refusal> {
    if jws.text("htm") != expected.method {
        return Err(invalid_proof("The 'htm' claim of the DPoP proof does not match the HTTP method."));
    }
    if !expected.urls.iter().any(|url| url == jws.text("htu")) {
        return Err(invalid_proof("The 'htu' claim of the DPoP proof does not match the HTTP URI."));
    }
    match (expected.token, &jws.claims["ath"]) {
        (Some(token), ath) if *ath != keys::sha256(token.as_bytes()) => {
            Err(invalid_proof("The 'ath' claim of the DPoP proof does not match the access token."))
        }
        (None, ath) if *ath != Value::Null => {
            Err(invalid_proof("A DPoP proof for a token request must not have an 'ath' claim."))
        }
        _ => Ok(()),
    }
}

fn in_time(jws: &Jws<'_>, now: Duration) -> Result<(), Refusal> {
    let instant = |name| jws.instant(name).map_err(|()| invalid_proof("A time in the DPoP proof is not a number."));
    let (now, ahead) = (now.as_secs_f64(), AHEAD.as_secs_f64());
    let Some(issued) = instant("iat")? else {
        return Err(invalid_proof("The DPoP proof must have an 'iat' claim."));
    };
    if issued < now - OLDEST.as_secs_f64() || instant("exp")?.is_some_and(|expires| expires <= now) {
        return Err(invalid_proof("The DPoP proof is expired."));
    }
    if issued > now + ahead || instant("nbf")?.is_some_and(|at| at > now + ahead) {
        return Err(invalid_proof("The DPoP proof was issued in the future."));
    }
    Ok(())
}
