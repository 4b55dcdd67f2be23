//! Signs in with a private key, against a simulated org that checks signatures, proofs, nonces and scopes over real
//! TLS.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use okta_client::models::User;
use okta_client::{Client, Config, Error, ErrorKind, OAuth, OAuthConfig, OrgUrl, PrivateKey, TokenScheme, endpoints};
use okta_sim::{Clock, Fault, FaultRule, Faults, OAuthApp, OAuthSettings, Org, Shape, Sim, SimConfig, TestKey};

const SCOPES: [&str; 2] = ["okta.groups.read", "okta.users.read"];

struct SignedIn {
    sim: Sim,
    auth: OAuth,
    client: Client,
}

impl SignedIn {
    /// Fetches all users, page after page.
    async fn users(&self) -> Result<BTreeSet<String>, Error> {
        let (mut ids, mut cursor) = (BTreeSet::new(), None);
        loop {
            let page = self.client.page(&endpoints::users::list(200), cursor.as_deref()).await?;
            ids.extend(page.items.into_iter().map(|user: User| user.id));
            cursor = page.next;
            if cursor.is_none() {
                return Ok(ids);
            }
        }
    }

    fn expected(&self) -> BTreeSet<String> {
        self.sim.with_org(|org| org.user_ids().collect())
    }

    /// Returns how often the authorization server refused, and why.
    fn refusals(&self) -> Vec<(String, u64)> {
        self.sim.stats().oauth_errors.into_iter().collect()
    }
}

/// A simulated org of sixty users in pages of five, with one app, and a client that signs in as this.
async fn sign_in(
    dpop: bool,
    adjust_org: impl FnOnce(&mut SimConfig),
    adjust_app: impl FnOnce(&mut OAuthConfig),
) -> SignedIn {
    let key = TestKey::generate().unwrap();
    let app = OAuthApp::new("0oaconnector").key("key-1", &key).scopes(SCOPES).dpop(dpop);
    let org = Org::generate(&Shape::new(60, 14, 13));
    let mut set_up = SimConfig { page_cap: Some(5), oauth_apps: vec![app], ..SimConfig::new(org) };
    adjust_org(&mut set_up);
    let sim = Sim::start(set_up).await.unwrap();
    let org = OrgUrl::parse(&sim.host()).unwrap();
    let key = PrivateKey::parse(&key.pkcs8_pem().into()).unwrap();
    let scopes = SCOPES.map(str::to_owned).to_vec();
    let mut config = OAuthConfig::new(org.clone(), "0oaconnector".into(), "key-1".into(), key, scopes);
    config.extra_ca = Some(sim.ca_pem().to_owned());
    adjust_app(&mut config);
    let (pacing, extra_ca) = (config.pacing.clone(), config.extra_ca.clone());
    let auth = OAuth::new(config).unwrap();
    let config = Config { pacing, extra_ca, ..Config::new(org, Arc::new(auth.clone())) };
    SignedIn { sim, auth, client: Client::new(config).unwrap() }
}

#[tokio::test]
async fn a_dpop_org_is_read_with_one_token() {
    let nonces = |set_up: &mut SimConfig| set_up.oauth.nonces_at_resources = true;
    let signed_in = sign_in(true, nonces, |_| {}).await;
    assert_eq!(signed_in.users().await.unwrap(), signed_in.expected());
    assert_eq!(signed_in.auth.scheme(), Some(TokenScheme::Dpop));
    assert_eq!(signed_in.auth.granted().unwrap(), SCOPES);
    assert_eq!(signed_in.sim.stats().tokens_issued, 1);
    // One nonce at the token endpoint, one at the API; nothing else was ever found fault with.
    assert_eq!(signed_in.refusals(), [("use_dpop_nonce".to_owned(), 2)]);
    assert!(signed_in.client.clock_skew().unwrap().abs() <= 5);
}

#[tokio::test]
async fn a_bearer_org_is_read_with_one_token() {
    let signed_in = sign_in(false, |_| {}, |_| {}).await;
    assert_eq!(signed_in.users().await.unwrap(), signed_in.expected());
    assert_eq!(signed_in.auth.scheme(), Some(TokenScheme::Bearer));
    assert_eq!((signed_in.sim.stats().tokens_issued, signed_in.refusals().len()), (1, 0));
}

#[tokio::test]
async fn nonces_that_are_used_up_lose_nothing() {
    let short_lived = |set_up: &mut SimConfig| {
        set_up.oauth = OAuthSettings { nonces_at_resources: true, nonce_uses: Some(3), ..OAuthSettings::default() };
    };
    let signed_in = sign_in(true, short_lived, |_| {}).await;
    assert_eq!(signed_in.users().await.unwrap(), signed_in.expected());
    // The response to the last use sets the next nonce, which is used at once.
    assert_eq!(signed_in.refusals(), [("use_dpop_nonce".to_owned(), 2)]);
    assert_eq!(signed_in.sim.stats().tokens_issued, 1);
}

#[tokio::test]
async fn revoked_tokens_and_nonces_are_replaced_under_way() {
    for dpop in [true, false] {
        let nonces = |set_up: &mut SimConfig| set_up.oauth.nonces_at_resources = true;
        let signed_in = sign_in(dpop, nonces, |_| {}).await;
        signed_in.users().await.unwrap();
        signed_in.sim.revoke_access_tokens();
        signed_in.sim.rotate_nonces();
        for users in join_all((0..10).map(|_| signed_in.users())).await {
            assert_eq!(users.unwrap(), signed_in.expected());
        }
        assert_eq!(signed_in.sim.stats().tokens_issued, 2, "one more for ten readers");
    }
}

#[tokio::test]
async fn a_clock_that_is_far_behind_is_worked_around() {
    let signed_in = sign_in(true, |_| {}, |_| {}).await;
    signed_in.users().await.unwrap();
    // The token has expired by now, and what our clock says is hours old.
    signed_in.sim.advance_clock(Duration::from_secs(3 * 3600));
    assert_eq!(signed_in.users().await.unwrap(), signed_in.expected());
    let skew = signed_in.auth.clock_skew().unwrap();
    assert!((skew - 3 * 3600).abs() <= 5, "{skew}");
}

#[tokio::test]
async fn compressed_time_is_no_wrong_clock() {
    let fast = |set_up: &mut SimConfig| set_up.clock = Clock::scaled(500.0);
    let signed_in = sign_in(true, fast, |config| config.pacing.time_scale = 500.0).await;
    for _ in 0..3 {
        assert_eq!(signed_in.users().await.unwrap(), signed_in.expected());
    }
    assert_eq!(signed_in.auth.clock_skew(), None);
    assert!(signed_in.refusals().iter().all(|(why, _)| why == "use_dpop_nonce"), "{:?}", signed_in.refusals());
}

#[tokio::test]
async fn a_token_endpoint_in_trouble_is_waited_for() {
    let path = "/oauth2/v1/token";
    let troubled = |set_up: &mut SimConfig| {
        set_up.clock = Clock::scaled(50.0);
        set_up.faults = Faults::from(FaultRule::on(path, Fault::DropConnection).attempt(1))
            .and(FaultRule::on(path, Fault::Status(503)).attempt(2))
            .and(FaultRule::on(path, Fault::RateLimit).attempt(3));
    };
    let signed_in = sign_in(true, troubled, |config| config.pacing.time_scale = 50.0).await;
    assert_eq!(signed_in.users().await.unwrap(), signed_in.expected());
    assert_eq!((signed_in.sim.stats().faults, signed_in.sim.stats().tokens_issued), (3, 1));
}

#[tokio::test]
async fn scopes_that_were_not_granted_are_done_without() {
    for drop_ungranted_scopes in [false, true] {
        let settings = |set_up: &mut SimConfig| set_up.oauth.drop_ungranted_scopes = drop_ungranted_scopes;
        let more = |config: &mut OAuthConfig| {
            config.scopes.extend(["okta.devices.read", "okta.no.such"].map(str::to_owned));
            config.accept_fewer_scopes = true;
        };
        let signed_in = sign_in(true, settings, more).await;
        assert_eq!(signed_in.users().await.unwrap(), signed_in.expected());
        assert_eq!(signed_in.auth.granted().unwrap(), SCOPES);
        let mut issued = signed_in.sim.stats().tokens_issued;
        // Scopes of the token need no other token; missing ones might have been granted since.
        signed_in.auth.add_scopes(&SCOPES);
        signed_in.users().await.unwrap();
        assert_eq!(signed_in.sim.stats().tokens_issued, issued);
        for scope in ["okta.devices.read", "okta.logs.read"] {
            signed_in.auth.add_scopes(&[scope]);
            signed_in.users().await.unwrap();
            assert!(signed_in.sim.stats().tokens_issued > issued);
            assert_eq!(signed_in.auth.granted().unwrap(), SCOPES);
            issued = signed_in.sim.stats().tokens_issued;
        }
    }
}

#[tokio::test]
async fn scopes_that_are_wanted_later_are_asked_for() {
    // Neither of these is granted to the app.
    let only = |config: &mut OAuthConfig| {
        config.scopes = vec!["okta.apps.read".to_owned(), "okta.logs.read".to_owned()];
        config.accept_fewer_scopes = true;
    };
    let signed_in = sign_in(false, |_| {}, only).await;
    let error = signed_in.users().await.unwrap_err();
    assert!(error.to_string().contains("asked for okta.apps.read okta.logs.read"), "{error}");
    signed_in.auth.add_scopes(&SCOPES);
    assert_eq!(signed_in.users().await.unwrap(), signed_in.expected());
    assert_eq!(signed_in.auth.granted().unwrap(), SCOPES);
}

#[tokio::test]
async fn a_set_up_that_okta_refuses_says_what_to_change() {
    let other = TestKey::generate().unwrap();
    type Change<'a> = Box<dyn FnOnce(&mut OAuthConfig) + 'a>;
    let changes: [(Change<'_>, &str); 4] = [
        (Box::new(|config| config.client_id = "0oaother".into()), "client_id"),
        (Box::new(|config| config.key_id = "key-2".into()), "key ID"),
        (Box::new(|config| config.key = PrivateKey::parse(&other.pkcs1_pem().into()).unwrap()), "signature is invalid"),
        (Box::new(|config| config.scopes.push("okta.apps.read".into())), "okta.apps.read"),
    ];
    for (change, expected) in changes {
        let signed_in = sign_in(true, |_| {}, change).await;
        let error = signed_in.users().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
        assert!(error.to_string().contains(expected), "{error}");
        assert!(signed_in.sim.stats().requests <= 2, "and not tried again");
    }
}
