//! Who calls, and whether they may.

use std::borrow::Cow;

use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::Rights;
use crate::config::{Scheme, Token};
use crate::oauth::{Authority, Grant, OAuthApp, Presented};
use crate::refusal::Refusal;
use crate::route::{Endpoint, Route};

/// Somebody who is known: a principal with quotas of its own.
pub(crate) enum Caller<'a> {
    /// The owner of a token of the configuration; its place there.
    Token(usize, &'a Token),
    /// A service app, by an access token that it got.
    App { app: &'a OAuthApp, grant: Grant, scheme: &'static str },
}

/// Recognises the caller. `presented` is what the request shows besides its `Authorization`.
pub(crate) fn caller<'a>(
    tokens: &'a [Token],
    authority: &'a Authority,
    headers: &HeaderMap,
    presented: &Presented<'_>,
) -> Result<Caller<'a>, Refusal> {
    let Some(value) = headers.get(AUTHORIZATION) else { return Err(Refusal::no_credentials()) };
    let value = value.to_str().unwrap_or_default();
    let find = |scheme: Scheme, secret: &str| {
        let known = |(_, token): &(usize, &Token)| token.scheme == scheme && token.secret == secret;
        let found = tokens.iter().enumerate().filter(|_| !secret.is_empty()).find(known);
        found.map(|(place, token)| Caller::Token(place, token))
    };
    // One official client sends `SSWS` and the token without a space between.
    if let Some(secret) = value.strip_prefix("SSWS") {
        return find(Scheme::Ssws, secret.trim()).ok_or_else(Refusal::invalid_token);
    }
    let (scheme, secret) = match value.split_once(' ') {
        Some(("Bearer", secret)) => ("Bearer", secret.trim()),
        Some(("DPoP", secret)) => ("DPoP", secret.trim()),
        _ => return Err(Refusal::no_credentials()),
    };
    if let Some(caller) = find(Scheme::Bearer, secret).filter(|_| scheme == "Bearer") {
        return Ok(caller);
    }
    let grant = authority.admit(scheme, secret, presented)?;
    let app = authority.app(grant.app).ok_or_else(|| Refusal::invalid_oauth_token(scheme))?;
    Ok(Caller::App { app, grant, scheme })
}

impl Caller<'_> {
    /// The number of the principal: tokens come first, then apps.
    pub(crate) fn principal(&self, tokens: &[Token]) -> usize {
        match self {
            Self::Token(place, _) => *place,
            Self::App { grant, .. } => tokens.len() + grant.app,
        }
    }

    /// Refuses what the caller may not do, in the form that fits its kind. `change` is whether the call is one that
    /// changes something.
    pub(crate) fn permit(&self, route: &Route, change: bool, path: &str) -> Result<(), Refusal> {
        let area = route.area;
        let wanted = if change { area.manage_scope() } else { area.scope() };
        let rights = match self {
            Self::Token(_, token) if token.denied.contains(&area) => {
                return Err(match token.scheme {
                    Scheme::Ssws => Refusal::no_permission(),
                    Scheme::Bearer => Refusal::insufficient_scope("Bearer", wanted, path),
                });
            }
            Self::Token(_, token) => &token.rights,
            Self::App { app, grant, scheme } => {
                // Managing includes reading.
                let scoped = grant.scopes.iter().any(|scope| scope == wanted || scope == area.manage_scope());
                if !scoped {
                    return Err(Refusal::insufficient_scope(scheme, wanted, path));
                }
                app.granted_rights()
            }
        };
        let empty_list = route.endpoint == Endpoint::Users && !change && rights.hide_users();
        if empty_list || rights.allow(area, change) { Ok(()) } else { Err(Refusal::no_permission()) }
    }

    /// The ids in a path, with the owner of the API token in the place of `me` if it is known who that is.
    pub(crate) fn named<'i>(&self, ids: &'i [String]) -> Cow<'i, [String]> {
        match self {
            Self::Token(_, Token { owner: Some(owner), .. }) if ids.first().is_some_and(|id| id == "me") => {
                Cow::Owned(std::iter::once(owner.clone()).chain(ids.iter().skip(1).cloned()).collect())
            }
            _ => Cow::Borrowed(ids),
        }
    }

    /// Whether the list of users shows nobody to the caller.
    pub(crate) fn users_hidden(&self) -> bool {
        let rights: &Rights = match self {
            Self::Token(_, token) => &token.rights,
            Self::App { app, .. } => app.granted_rights(),
        };
        rights.hide_users()
    }

    /// A DPoP nonce that the answer should bring.
    pub(crate) fn nonce(&self) -> Option<&String> {
        match self {
            Self::Token(..) => None,
            Self::App { grant, .. } => grant.nonce.as_ref(),
        }
    }
}
