//! Client assertions: how an app says who it is (`private_key_jwt`, RFC 7523).

use std::time::Duration;

use super::jws::Jws;
use super::refused::invalid_client;
use super::{Authority, keys};
use crate::refusal::Refusal;

/// An assertion may not expire later than this.
const LONGEST: Duration = Duration::from_secs(60 * 60);
/// How far the caller's clock may be ahead of the server's.
const SKEW: Duration = Duration::from_secs(5 * 60);

/// What an assertion is compared with.
pub(super) struct Expected<'a> {
    /// The token endpoint, by the names that the server is known by.
    pub(super) audiences: &'a [String],
    /// The parameter `client_id`, where it was sent.
    pub(super) client_id: Option<&'a str>,
    /// By the callers' clocks.
    pub(super) now: Duration,
}

impl Authority {
    /// The app that an assertion is of. An assertion with an id is used up by this, whatever becomes of the request.
    pub(super) fn authenticate(&self, assertion: &str, expected: &Expected<'_>) -> Result<usize, Refusal> {
        let jws = Jws::read(assertion)
            .ok_or_else(|| invalid_client("The client_assertion is not a valid JSON Web Token in its compact form."))?;
        let client_id = jws.text("sub");
        if client_id.is_empty() || jws.text("iss") != client_id {
            return Err(invalid_client(
                "The claims 'iss' and 'sub' of the client_assertion must both be the client ID.",
            ));
        }
        if expected.client_id.is_some_and(|sent| sent != client_id) {
            return Err(invalid_client("The parameter 'client_id' does not match the client_assertion."));
        }
        let app = self.apps.iter().position(|app| app.client_id == client_id);
        let app = app.ok_or_else(|| invalid_client("Invalid value for 'client_id' parameter."))?;
        self.verify(app, &jws)?;
        self.in_time(&jws, expected.now)?;
        if !expected.audiences.iter().any(|audience| jws.claims["aud"] == **audience) {
            return Err(invalid_client(
                "The audience claim for client_assertion must be the endpoint invoked for the request.",
            ));
        }
        let id = jws.text("jti");
        let keep = LONGEST + SKEW;
        let first = |id: &str| self.state().assertions.first_use((app, id.to_owned()), expected.now, keep);
        if !id.is_empty() && !first(id) {
            return Err(invalid_client("The client_assertion token has already been used."));
        }
        Ok(app)
    }

    fn verify(&self, app: usize, jws: &Jws<'_>) -> Result<(), Refusal> {
        let keys = &self.apps[app].keys;
        if keys.is_empty() {
            return Err(invalid_client(
                "The client does not have a JWKSet configured, but the client_assertion requires one.",
            ));
        }
        if !keys::is_supported(jws.head("alg")) {
            return Err(invalid_client("The client_assertion is signed with an algorithm that is not supported."));
        }
        let Some((_, key)) = keys.iter().find(|(kid, _)| kid == jws.head("kid")) else {
            return Err(invalid_client("The client_assertion names a key ID that is not registered for the client."));
        };
        if !key.verifies(jws.head("alg"), jws.signed, &jws.signature) {
            return Err(invalid_client("The client_assertion signature is invalid."));
        }
        Ok(())
    }

    fn in_time(&self, jws: &Jws<'_>, now: Duration) -> Result<(), Refusal> {
        let no_number = |()| invalid_client("A time in the client_assertion is not a number.");
        let (now, skew) = (now.as_secs_f64(), SKEW.as_secs_f64());
        let Some(expires) = jws.instant("exp").map_err(no_number)? else {
            return Err(invalid_client("The client_assertion must have an expiration time."));
        };
        if expires <= now {
            return Err(invalid_client("The client_assertion token is expired."));
        }
        if expires > now + LONGEST.as_secs_f64() {
            return Err(invalid_client("The client_assertion token has an expiration too far into the future."));
        }
        for name in ["iat", "nbf"] {
            if jws.instant(name).map_err(no_number)?.is_some_and(|at| at > now + skew) {
                return Err(invalid_client("The client_assertion was issued in the future."));
            }
        }
        Ok(())
    }
}
