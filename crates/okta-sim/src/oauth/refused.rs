//! Refusals of the authorization server, with Okta's statuses, error names and texts.

use crate::refusal::{Refusal, RefusalBody};

/// 400 or 401 in the form of OAuth: `error` and `error_description`.
fn refused(status: u16, error: &'static str, description: impl Into<String>) -> Refusal {
    let body = RefusalBody::OAuth { error, description: description.into() };
    Refusal { status, body, challenge: None, nonce: None, counted: true }
}

/// 400: the request has not the right form.
pub(super) fn invalid_request(description: &str) -> Refusal {
    refused(400, "invalid_request", description)
}

/// 401: whoever asks is not the app that it says.
pub(super) fn invalid_client(description: &str) -> Refusal {
    refused(401, "invalid_client", description)
}

/// 400: another way to get a token than client credentials.
pub(super) fn unsupported_grant_type() -> Refusal {
    refused(400, "unsupported_grant_type", "The authorization grant type is not supported by the authorization server.")
}

/// 400: scopes.
pub(super) fn invalid_scope(description: &str) -> Refusal {
    refused(400, "invalid_scope", description)
}

/// 400: a proof that is missing or wrong.
pub(super) fn invalid_proof(description: &str) -> Refusal {
    refused(400, "invalid_dpop_proof", description)
}

/// 400: a proof without a nonce, or with one that is not accepted; the answer brings a good one.
pub(super) fn use_nonce(nonce: String) -> Refusal {
    let description = "Authorization server requires nonce in DPoP proof.";
    Refusal { nonce: Some(nonce), ..refused(400, "use_dpop_nonce", description) }
}

/// The same refusal at the API: the challenge says it too, and a wanted nonce is 401.
pub(super) fn at_resource(refusal: Refusal) -> Refusal {
    let RefusalBody::OAuth { error, description } = &refusal.body else { return refusal };
    let description = description.replace("Authorization server", "Resource server");
    let challenge = format!(
        "DPoP algs=\"RS256 RS384 RS512\", authorization_uri=\"/oauth2/v1/authorize\", realm=\"/\", error=\"{error}\", \
         error_description=\"{description}\", resource=\"/\""
    );
    let status = if *error == "use_dpop_nonce" { 401 } else { refusal.status };
    Refusal {
        status,
        body: RefusalBody::OAuth { error, description },
        challenge: Some(challenge),
        counted: false,
        nonce: refusal.nonce,
    }
}
