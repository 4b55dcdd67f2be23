//! Who calls, and whether they may.

use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::config::{Scheme, Token};
use crate::refusal::Refusal;
use crate::route::Route;

/// The place of the caller's token in the list of tokens.
pub(crate) fn principal(tokens: &[Token], headers: &HeaderMap) -> Result<usize, Refusal> {
    let Some(value) = headers.get(AUTHORIZATION) else { return Err(Refusal::no_credentials()) };
    let value = value.to_str().unwrap_or_default();
    let find = |scheme: Scheme, secret: &str| {
        tokens.iter().position(|token| token.scheme == scheme && !secret.is_empty() && token.secret == secret)
    };
    // One official client sends `SSWS` and the token without a space between.
    if let Some(secret) = value.strip_prefix("SSWS") {
        return find(Scheme::Ssws, secret.trim()).ok_or_else(Refusal::invalid_token);
    }
    match value.split_once(' ') {
        Some(("Bearer", secret)) => {
            find(Scheme::Bearer, secret.trim()).ok_or_else(|| Refusal::invalid_oauth_token("Bearer"))
        }
        Some(("DPoP", _)) => Err(Refusal::invalid_oauth_token("DPoP")),
        _ => Err(Refusal::no_credentials()),
    }
}

/// Refuses what the token may not do, in the form that fits its kind.
pub(crate) fn permit(token: &Token, route: &Route, path: &str) -> Result<(), Refusal> {
    if !token.denied.contains(&route.area) {
        return Ok(());
    }
    Err(match token.scheme {
        Scheme::Ssws => Refusal::no_permission(),
        Scheme::Bearer => Refusal::insufficient_scope(route.area.scope(), path),
    })
}
