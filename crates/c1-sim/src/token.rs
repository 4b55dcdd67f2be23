//! The token endpoint.

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use crate::assertion;
use crate::client::Client;
use crate::clock::Clock;
use crate::state::State;

/// Its path.
pub(crate) const PATH: &str = "/auth/v1/token";

/// How long a token's text is.
const TOKEN_LENGTH: usize = 40;

/// Answers a request for a token that lives for `life` seconds.
pub(crate) fn answer(
    body: &Bytes,
    client: &Client,
    audience: &str,
    state: &State,
    clock: &Clock,
    life: u64,
) -> (StatusCode, Value) {
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(body).into_owned().collect();
    let field = |name: &str| fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
    let mut state = state.lock();
    let refused = |status, error: &str, why: String| (status, json!({"error": error, "error_description": why}));
    let expected = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
    ];
    for (name, value) in expected {
        if field(name) != value {
            state.violation(format!("a request for a token with the {name} {:?}", field(name)));
            return refused(StatusCode::BAD_REQUEST, "invalid_request", format!("{name} must be {value}"));
        }
    }
    let unknown = |why: String| refused(StatusCode::UNAUTHORIZED, "invalid_client", why);
    if !state.manner.client_is_known || field("client_id") != client.id {
        return unknown("there is no such client".to_owned());
    }
    match assertion::check(field("client_assertion"), client, audience, clock.wall()) {
        Err(why) => unknown(why),
        Ok(nonce) if !state.nonces.insert(nonce.clone()) => {
            state.violation("an assertion was used twice");
            unknown("the assertion was used before".to_owned())
        }
        Ok(_) => {
            let token = state.made_up(TOKEN_LENGTH);
            #[expect(clippy::cast_precision_loss, reason = "a life of seconds")]
            let ends = clock.seconds() + life as f64;
            state.tokens.insert(token.clone(), ends);
            (StatusCode::OK, json!({"access_token": token, "token_type": "bearer", "expires_in": life}))
        }
    }
}
