//! A service app that signs in by hand.

use std::time::{Duration, UNIX_EPOCH};

use okta_sim::{Clock, OAuthApp, OAuthSettings, Org, SimConfig};
use serde_json::{Value, json};

use crate::client::{Client, Reply};
use crate::signed::{Signer, fresh_id, hash, with};

pub(crate) const ID: &str = "0oaconnector";
const KID: &str = "key-1";
pub(crate) const SCOPES: &str = "okta.users.read okta.groups.read";
/// When the simulators of these tests live: far from this machine's time, so that nothing is compared with that.
const START: u64 = 2_000_000_000;

/// A client, an app's keys, and a simulator that knows the app.
pub(crate) struct App {
    pub(crate) client: Client,
    signer: Signer,
    prover: Signer,
    /// How far the clock was set ahead.
    ahead: u64,
}

impl App {
    pub(crate) async fn start(dpop: bool, oauth: OAuthSettings) -> Self {
        Self::with(oauth, |app| app.dpop(dpop)).await
    }

    pub(crate) async fn with(oauth: OAuthSettings, set: impl FnOnce(OAuthApp) -> OAuthApp) -> Self {
        let signer = Signer::new();
        let app = set(OAuthApp::new(ID).public_key(KID, &signer.public).unwrap().scopes(SCOPES.split(' ')));
        let keyless = OAuthApp::new("0oakeyless").scopes(["okta.users.read"]);
        let clock = Clock::real().starting_at(UNIX_EPOCH + Duration::from_secs(START));
        let client =
            Client::start(SimConfig { oauth_apps: vec![app, keyless], oauth, clock, ..SimConfig::new(Org::facts()) });
        Self { client: client.await, signer, prover: Signer::new(), ahead: 0 }
    }

    pub(crate) fn advance(&mut self, seconds: u64) {
        self.client.sim.advance_clock(Duration::from_secs(seconds));
        self.ahead += seconds;
    }

    /// Seconds since 1970 by the simulator's clock, the few since the test began left out.
    pub(crate) fn now(&self) -> u64 {
        START + self.ahead
    }

    pub(crate) fn token_url(&self) -> String {
        format!("{}/oauth2/v1/token", self.client.sim.url())
    }

    /// A client assertion with changes to its header and claims.
    pub(crate) fn assertion(&self, header: &Value, claims: &Value) -> String {
        let now = self.now();
        let head = with(json!({"alg": "RS256", "kid": KID, "typ": "JWT"}), header);
        let all = json!({
            "iss": ID, "sub": ID, "aud": self.token_url(), "iat": now, "exp": now + 300, "jti": fresh_id(),
        });
        self.signer.sign(&head, &with(all, claims))
    }

    /// A proof for the token endpoint with changes to its header and claims.
    pub(crate) fn proof(&self, header: &Value, claims: &Value) -> String {
        let head = with(json!({"alg": "RS256", "typ": "dpop+jwt", "jwk": self.prover.jwk()}), header);
        let all = json!({"jti": fresh_id(), "iat": self.now(), "htm": "POST", "htu": self.token_url()});
        self.prover.sign(&head, &with(all, claims))
    }

    /// A proof for a call of the API.
    pub(crate) fn call_proof(&self, path: &str, token: &str, claims: &Value) -> String {
        let url = format!("{}{path}", self.client.sim.url());
        let own = json!({"htm": "GET", "htu": url, "ath": hash(token)});
        self.proof(&json!({}), &with(own, claims))
    }

    /// Asks for a token with these parameters instead of the usual ones; null takes one away.
    pub(crate) async fn ask(&self, changes: &Value, proofs: &[&str]) -> Reply {
        let form = with(
            json!({
                "grant_type": "client_credentials",
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "client_assertion": self.assertion(&json!({}), &json!({})),
                "scope": SCOPES,
            }),
            changes,
        );
        let mut pairs = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in form.as_object().unwrap() {
            pairs.append_pair(name, value.as_str().unwrap());
        }
        self.send(pairs.finish(), "application/x-www-form-urlencoded", proofs).await
    }

    pub(crate) async fn send(&self, body: String, kind: &str, proofs: &[&str]) -> Reply {
        let mut request = self.client.http.post(self.token_url()).header("content-type", kind).body(body);
        for proof in proofs {
            request = request.header("dpop", *proof);
        }
        Reply::of(request.send().await.unwrap()).await
    }

    /// Asks for a token with an assertion that is changed.
    pub(crate) async fn ask_as(&self, header: &Value, claims: &Value) -> Reply {
        self.ask(&json!({"client_assertion": self.assertion(header, claims)}), &[]).await
    }

    /// The nonce of the token endpoint.
    pub(crate) async fn nonce(&self) -> String {
        let reply = self.ask(&json!({}), &[&self.proof(&json!({}), &json!({}))]).await;
        assert_eq!(reply.error(), (400, "use_dpop_nonce".to_owned()));
        reply.header("dpop-nonce").to_owned()
    }

    /// A token, by the whole round trip if the app uses DPoP.
    pub(crate) async fn token(&self) -> String {
        let mut reply = self.ask(&json!({}), &[&self.proof(&json!({}), &json!({}))]).await;
        if reply.status == 400 {
            let nonce = reply.header("dpop-nonce").to_owned();
            reply = self.ask(&json!({}), &[&self.proof(&json!({}), &json!({"nonce": nonce}))]).await;
        }
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// A call of the API.
    pub(crate) async fn call(&self, path: &str, authorization: &str, proof: Option<&str>) -> Reply {
        let mut request = self.client.request(path).header("authorization", authorization);
        if let Some(proof) = proof {
            request = request.header("dpop", proof);
        }
        Reply::of(request.send().await.unwrap()).await
    }
}

impl Reply {
    /// Status and OAuth error.
    pub(crate) fn error(&self) -> (u16, String) {
        (self.status.as_u16(), self.json()["error"].as_str().unwrap_or_default().to_owned())
    }

    pub(crate) fn description(&self) -> String {
        self.json()["error_description"].as_str().unwrap_or_default().to_owned()
    }
}

/// The default rules.
pub(crate) fn rules() -> OAuthSettings {
    OAuthSettings::default()
}
