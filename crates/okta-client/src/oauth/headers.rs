//! The headers of DPoP: proofs and nonces.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::error::{Error, ErrorKind};

/// The header that carries a proof.
pub(super) const DPOP: HeaderName = HeaderName::from_static("dpop");
/// The header that carries a nonce for the next proof.
pub(super) const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
/// Marks a client that uses DPoP for Okta's support, as Okta's own clients do.
pub(super) const EXTENDED_AGENT: HeaderName = HeaderName::from_static("x-okta-user-agent-extended");

/// Returns a header value that is marked sensitive.
pub(super) fn sensitive(text: &str) -> Result<HeaderValue, Error> {
    let value = HeaderValue::from_str(text);
    let mut value = value.map_err(|_| Error::new(ErrorKind::Invalid, "a signed text does not fit into a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Returns the nonce that a response sets for the next proof.
pub(super) fn nonce(headers: &HeaderMap) -> Option<String> {
    let nonce = headers.get(DPOP_NONCE)?.to_str().ok()?.trim();
    (!nonce.is_empty()).then(|| nonce.to_owned())
}
