//! Signs in as a service app, against an in-memory org that checks every signature.

mod clocks;
mod nonces;
mod refusals;
mod sign_in;
mod tokens;

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::keys;
use super::server::{EPOCH, Reply, Seen, Server};
use crate::client::Config;
use crate::handle::Client;
use crate::oauth::{OAuth, OAuthConfig};
use crate::org_url::OrgUrl;
use crate::skew::Skew;

const TOKEN: &str = "/oauth2/v1/token";
const ORG: &str = r#"{"id":"00o1"}"#;

/// A parsed JWT.
struct Jwt {
    header: Value,
    claims: Value,
    /// Whether the signature is that of the key in its header, or else of the app's key.
    is_genuine: bool,
}

fn read_jwt(jwt: &str) -> Jwt {
    let parts: Vec<&str> = jwt.split('.').collect();
    let [header, claims, signature] = parts.try_into().unwrap();
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
    let json = |part| serde_json::from_slice::<Value>(&decode(part)).unwrap();
    let (header_json, app) = (json(header), keys::jwk());
    let key = if header_json["jwk"].is_object() { &header_json["jwk"] } else { &app };
    let number = |name: &str| decode(key[name].as_str().unwrap());
    let public = RsaPublicKeyComponents { n: number("n"), e: number("e") };
    let message = format!("{header}.{claims}");
    let checked = public.verify(&RSA_PKCS1_2048_8192_SHA256, message.as_bytes(), &decode(signature));
    Jwt { claims: json(claims), header: header_json, is_genuine: checked.is_ok() }
}

/// Parses the fields of a form.
fn form(seen: &Seen) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(&seen.body).into_owned().collect()
}

fn assertion(seen: &Seen) -> Jwt {
    read_jwt(&form(seen)["client_assertion"])
}

fn proof(seen: &Seen) -> Jwt {
    read_jwt(seen.headers["dpop"].to_str().unwrap())
}

fn authorization(seen: &Seen) -> &str {
    seen.headers["authorization"].to_str().unwrap()
}

/// Returns a response with token number `number` and a lifetime of `life` seconds.
fn token(kind: &str, number: usize, life: u64) -> Reply {
    let body = json!({
        "token_type": kind, "access_token": format!("token{number}"), "expires_in": life,
        "scope": "okta.users.read okta.groups.read",
    });
    Reply::json(200, &body.to_string())
}

/// Returns a refusal of the token endpoint.
fn oauth_error(status: u16, code: &str, description: &str) -> Reply {
    Reply::json(status, &json!({"error": code, "error_description": description}).to_string())
}

/// Returns a refusal of the API because of the credential.
fn challenge(code: &str) -> Reply {
    let body = r#"{"errorCode":"E0000011","errorSummary":"Invalid token provided"}"#;
    Reply::json(401, body).header("www-authenticate", format!("DPoP error=\"{code}\", error_description=\"no\""))
}

/// A fake server, an authenticator and a client, on one clock.
struct Harness {
    server: Server,
    auth: OAuth,
    client: Client,
    /// Our clock minus the server's at the beginning, in seconds.
    wrong_by: Arc<AtomicI64>,
}

impl Harness {
    /// Creates an org that responds with `respond`, which receives each request and the number of earlier ones of its kind
    /// (for tokens, or not).
    fn new(respond: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::with(respond, |_| {})
    }

    fn with(
        respond: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static,
        adjust: impl FnOnce(&mut OAuthConfig),
    ) -> Self {
        let counts = Mutex::new([0, 0]);
        let ids = Mutex::new(HashSet::new());
        let server = Server::new(move |seen| {
            let proof = seen.headers.get("dpop").map(|_| proof(seen));
            let assertion = (seen.path == TOKEN).then(|| assertion(seen));
            for jwt in proof.iter().chain(&assertion) {
                assert!(ids.lock().unwrap().insert(jwt.claims["jti"].to_string()), "a jti came again");
            }
            if proof.is_some_and(|proof| !proof.is_genuine) {
                return oauth_error(400, "invalid_dpop_proof", "The signature of the proof is invalid.");
            }
            if assertion.is_some_and(|assertion| !assertion.is_genuine) {
                return oauth_error(401, "invalid_client", "The client_assertion signature is invalid.");
            }
            let count = {
                let count = &mut counts.lock().unwrap()[usize::from(seen.path == TOKEN)];
                *count += 1;
                *count - 1
            };
            respond(seen, count)
        });
        let wrong_by = Arc::new(AtomicI64::new(0));
        let (began, wrong) = (Instant::now(), Arc::clone(&wrong_by));
        #[allow(clippy::cast_possible_truncation)]
        let wall = move || (EPOCH + began.elapsed().as_secs_f64()) as i64 + wrong.load(Ordering::Relaxed);
        let org = OrgUrl::parse("acme.okta.com").unwrap();
        let scopes = ["okta.users.read", "okta.groups.read"].map(str::to_owned).to_vec();
        let mut config = OAuthConfig::new(org.clone(), "0oaClient".into(), "kid1".into(), keys::key(), scopes);
        adjust(&mut config);
        let pacing = config.pacing.clone();
        let skew = Skew::new(Box::new(wall));
        let auth = OAuth::with_transport(Box::new(server.clone()), config, skew, Box::new(|| 0.5)).unwrap();
        let config = Config { pacing, ..Config::new(org, Arc::new(auth.clone())) };
        let client = Client::with_transport(Box::new(server.clone()), config, Box::new(|| 0.5));
        Self { server, auth, client, wrong_by }
    }

    /// Makes one call of the API.
    async fn call(&self) -> Result<(), crate::Error> {
        self.client.get::<crate::models::Org>(&crate::endpoints::org::get()).await.map(|_| ())
    }

    /// Returns the requests to the token endpoint, or else to the API.
    fn seen(&self, tokens: bool) -> Vec<Seen> {
        self.server.seen().into_iter().filter(|seen| (seen.path == TOKEN) == tokens).collect()
    }

    /// Returns the number of requests to the token endpoint, and to the API.
    fn counts(&self) -> (usize, usize) {
        (self.seen(true).len(), self.seen(false).len())
    }
}

/// Returns the server's time of a request.
fn server_time(seen: &Seen) -> f64 {
    EPOCH + seen.at.as_secs_f64()
}
