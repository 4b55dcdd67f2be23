//! Proof of possession: at the token endpoint, and at the API.

use std::time::Duration;

use okta_sim::OAuthSettings;
use serde_json::{Value, json};

use crate::app::{App, rules};
use crate::client::Reply;
use crate::signed::Signer;

fn none() -> Value {
    json!({})
}

#[tokio::test]
async fn the_round_trip_gives_a_token_bound_to_the_key() {
    let app = App::start(true, rules()).await;
    let challenge = app.ask(&none(), &[&app.proof(&none(), &none())]).await;
    assert_eq!(challenge.error(), (400, "use_dpop_nonce".to_owned()));
    assert_eq!(challenge.description(), "Authorization server requires nonce in DPoP proof.");
    let nonce = challenge.header("dpop-nonce").to_owned();
    assert!(nonce.len() > 10);
    let reply = app.ask(&none(), &[&app.proof(&none(), &json!({"nonce": nonce}))]).await;
    assert_eq!(reply.header("dpop-nonce"), nonce, "a nonce is good for many proofs");
    let body = reply.json();
    assert_eq!((&body["token_type"], &body["expires_in"]), (&"DPoP".into(), &3600.into()));
    let token = body["access_token"].as_str().unwrap();
    let proof = app.call_proof("/api/v1/users", token, &none());
    let users = app.call("/api/v1/users?limit=3", &format!("DPoP {token}"), Some(&proof)).await;
    assert_eq!((users.status.as_u16(), users.json().as_array().unwrap().len()), (200, 3));
    let stats = app.client.sim.stats();
    assert_eq!((stats.tokens_issued, stats.oauth_errors["use_dpop_nonce"]), (1, 1));
}

#[tokio::test]
async fn the_challenge_uses_the_assertion_up() {
    let app = App::start(true, rules()).await;
    let assertion = app.assertion(&none(), &none());
    let ask = json!({"client_assertion": assertion});
    let nonce = app.ask(&ask, &[&app.proof(&none(), &none())]).await.header("dpop-nonce").to_owned();
    let again = app.ask(&ask, &[&app.proof(&none(), &json!({"nonce": nonce}))]).await;
    assert_eq!(again.error(), (401, "invalid_client".to_owned()));
}

#[tokio::test]
async fn proofs_that_do_not_hold_are_refused() {
    let app = App::start(true, rules()).await;
    let nonce = app.nonce().await;
    let now = app.now();
    let mut jwk = Signer::new().jwk();
    let foreign = jwk.clone();
    jwk["d"] = "x".into();
    for (what, header, claims) in [
        ("another type", json!({"typ": "JWT"}), none()),
        ("no type", json!({"typ": null}), none()),
        ("algorithm none", json!({"alg": "none"}), none()),
        ("a secret's algorithm", json!({"alg": "HS256"}), none()),
        ("no key", json!({"jwk": null}), none()),
        ("another key", json!({"jwk": foreign}), none()),
        ("a private key", json!({"jwk": jwk}), none()),
        ("another method", none(), json!({"htm": "GET"})),
        ("another method's spelling", none(), json!({"htm": "post"})),
        ("another URL", none(), json!({"htu": app.client.sim.url()})),
        ("a query", none(), json!({"htu": format!("{}?a=b", app.token_url())})),
        ("another scheme", none(), json!({"htu": app.token_url().replace("https", "http")})),
        ("no time", none(), json!({"iat": null})),
        ("older than five minutes", none(), json!({"iat": now - 301})),
        ("of the future", none(), json!({"iat": now + 60})),
        ("expired", none(), json!({"exp": now - 1})),
        ("not valid yet", none(), json!({"nbf": now + 60})),
        ("no id", none(), json!({"jti": null})),
        ("for an access token", none(), json!({"ath": "x"})),
    ] {
        let mut claims = claims;
        claims["nonce"] = nonce.clone().into();
        let reply = app.ask(&none(), &[&app.proof(&header, &claims)]).await;
        assert_eq!(reply.error(), (400, "invalid_dpop_proof".to_owned()), "{what}");
    }
    let missing = app.ask(&none(), &[]).await;
    assert_eq!(missing.error(), (400, "invalid_dpop_proof".to_owned()));
    assert!(missing.description().contains("missing"));
    let good = || app.proof(&none(), &json!({"nonce": nonce}));
    assert_eq!(app.ask(&none(), &[&good(), &good()]).await.error().1, "invalid_dpop_proof", "two of them");
    assert_eq!(app.ask(&none(), &["nonsense"]).await.error().1, "invalid_dpop_proof");
    for good in [json!({"iat": now - 200}), json!({"nbf": now - 30, "exp": now + 300})] {
        let mut claims = good;
        claims["nonce"] = nonce.clone().into();
        assert_eq!(app.ask(&none(), &[&app.proof(&none(), &claims)]).await.status, 200, "{claims}");
    }
}

#[tokio::test]
async fn a_proof_is_good_once() {
    let app = App::start(true, rules()).await;
    let proof = app.proof(&none(), &json!({"nonce": app.nonce().await}));
    assert_eq!(app.ask(&none(), &[&proof]).await.status, 200);
    let again = app.ask(&none(), &[&proof]).await;
    assert_eq!(again.error(), (400, "invalid_dpop_proof".to_owned()));
    let token = app.token().await;
    let proof = app.call_proof("/api/v1/users", &token, &none());
    let authorization = format!("DPoP {token}");
    assert_eq!(app.call("/api/v1/users", &authorization, Some(&proof)).await.status, 200);
    let again = app.call("/api/v1/users", &authorization, Some(&proof)).await;
    assert_eq!(again.error(), (400, "invalid_dpop_proof".to_owned()));
}

#[tokio::test]
async fn nonces_are_renewed_and_old_ones_work_for_a_while() {
    let mut app = App::start(true, rules()).await;
    let hour = 60 * 60;
    let first = app.nonce().await;
    let asked = |app: &App, nonce: &str| app.proof(&none(), &json!({"nonce": nonce}));
    assert_eq!(app.ask(&none(), &[&asked(&app, "made up")]).await.error().1, "use_dpop_nonce");
    app.advance(25 * hour);
    let reply = app.ask(&none(), &[&asked(&app, &first)]).await;
    let second = reply.header("dpop-nonce").to_owned();
    assert_eq!((reply.status.as_u16(), second == first), (200, false), "the old one works, a new one is offered");
    app.advance(48 * hour);
    assert_eq!(app.ask(&none(), &[&asked(&app, &first)]).await.error().1, "use_dpop_nonce");
    assert_eq!(app.ask(&none(), &[&asked(&app, &second)]).await.status, 200);
    app.client.sim.rotate_nonces();
    assert_eq!(app.ask(&none(), &[&asked(&app, &second)]).await.error().1, "use_dpop_nonce");
}

#[tokio::test]
async fn a_nonce_can_be_good_for_few_proofs() {
    let app = App::start(true, OAuthSettings { nonce_uses: Some(1), ..rules() }).await;
    let nonce = app.nonce().await;
    let proof = |nonce: &str| app.proof(&none(), &json!({"nonce": nonce}));
    let reply = app.ask(&none(), &[&proof(&nonce)]).await;
    assert_eq!(reply.status, 200);
    assert_eq!(app.ask(&none(), &[&proof(&nonce)]).await.error().1, "use_dpop_nonce");
    let next = reply.header("dpop-nonce").to_owned();
    assert_eq!(app.ask(&none(), &[&proof(&next)]).await.status, 200);
}

#[tokio::test]
async fn a_bound_token_is_refused_without_its_key() {
    let app = App::start(true, rules()).await;
    let token = app.token().await;
    let path = "/api/v1/users";
    let bearer = app.call(path, &format!("Bearer {token}"), None).await;
    assert_eq!(bearer.error(), (400, "invalid_request".to_owned()));
    assert!(bearer.header("www-authenticate").starts_with("DPoP "));
    let naked = app.call(path, &format!("DPoP {token}"), None).await;
    assert_eq!(naked.error(), (400, "invalid_request".to_owned()));

    let url = format!("{}{path}", app.client.sim.url());
    let stranger = Signer::new();
    let stolen = stranger.sign(
        &json!({"alg": "RS256", "typ": "dpop+jwt", "jwk": stranger.jwk()}),
        &json!({"jti": "1", "iat": app.now(), "htm": "GET", "htu": url, "ath": crate::signed::hash(&token)}),
    );
    for (what, proof) in [
        ("another key", stolen),
        ("no hash of the token", app.call_proof(path, &token, &json!({"ath": null}))),
        ("another token's hash", app.call_proof(path, "other", &none())),
        ("another path", app.call_proof("/api/v1/groups", &token, &none())),
        ("a query", app.call_proof(path, &token, &json!({"htu": format!("{url}?limit=1")}))),
        ("another method", app.call_proof(path, &token, &json!({"htm": "POST"}))),
        ("too old", app.call_proof(path, &token, &json!({"iat": app.now() - 301}))),
    ] {
        let reply = app.call("/api/v1/users?limit=1", &format!("DPoP {token}"), Some(&proof)).await;
        assert_eq!(reply.error(), (400, "invalid_dpop_proof".to_owned()), "{what}");
        assert!(reply.header("www-authenticate").contains("error=\"invalid_dpop_proof\""), "{what}");
        assert_eq!(reply.header("x-rate-limit-limit"), "", "not counted");
    }
    let unknown = app.call(path, "DPoP made-up", Some(&app.call_proof(path, "made-up", &none()))).await;
    assert_eq!(unknown.refusal(), (401, "E0000011".to_owned()));
}

#[tokio::test]
async fn a_bearer_token_is_no_dpop_token() {
    let app = App::start(false, rules()).await;
    let token = app.token().await;
    let proof = app.call_proof("/api/v1/users", &token, &none());
    let reply = app.call("/api/v1/users", &format!("DPoP {token}"), Some(&proof)).await;
    assert_eq!(reply.refusal(), (401, "E0000011".to_owned()));
    assert!(reply.header("www-authenticate").starts_with("DPoP "));
}

#[tokio::test]
async fn a_missing_scope_is_told_in_the_tokens_own_scheme() {
    let app = App::start(true, rules()).await;
    let token = app.token().await;
    let proof = app.call_proof("/api/v1/apps", &token, &none());
    let reply = app.call("/api/v1/apps", &format!("DPoP {token}"), Some(&proof)).await;
    assert_eq!(reply.status, 403);
    assert!(reply.header("www-authenticate").starts_with("DPoP "), "{}", reply.header("www-authenticate"));
}

#[tokio::test]
async fn the_api_can_ask_for_nonces_of_its_own() {
    let lifetime = Duration::from_secs(600);
    let mut app =
        App::start(true, OAuthSettings { nonces_at_resources: true, nonce_lifetime: lifetime, ..rules() }).await;
    let own = app.nonce().await;
    let token = app.token().await;
    let path = "/api/v1/groups";
    let proof = |app: &App, claims: Value| app.call_proof(path, &token, &claims);
    let authorization = format!("DPoP {token}");
    for claims in [none(), json!({"nonce": own})] {
        let reply = app.call(path, &authorization, Some(&proof(&app, claims))).await;
        assert_eq!(reply.error(), (401, "use_dpop_nonce".to_owned()));
        assert!(reply.header("www-authenticate").contains("error=\"use_dpop_nonce\""));
        assert_ne!(reply.header("dpop-nonce"), "");
        assert_ne!(reply.header("dpop-nonce"), own, "not the token endpoint's");
    }
    let challenge = app.call(path, &authorization, Some(&proof(&app, none()))).await;
    let nonce = challenge.header("dpop-nonce").to_owned();
    let reply = app.call(path, &authorization, Some(&proof(&app, json!({"nonce": nonce})))).await;
    assert_eq!((reply.status.as_u16(), reply.header("dpop-nonce")), (200, ""), "nothing new");
    app.advance(601);
    let reply = app.call(path, &authorization, Some(&proof(&app, json!({"nonce": nonce})))).await;
    assert_eq!(reply.status, 200, "the old one works");
    assert!(!["", nonce.as_str()].contains(&reply.header("dpop-nonce")), "a new one is offered");
}

#[tokio::test]
async fn a_nonce_that_nobody_asked_for_does_no_harm() {
    let app = App::start(true, rules()).await;
    let token = app.token().await;
    let proof = app.call_proof("/api/v1/users", &token, &json!({"nonce": "anything"}));
    assert_eq!(app.call("/api/v1/users", &format!("DPoP {token}"), Some(&proof)).await.status, 200);
}

#[tokio::test]
async fn a_change_needs_the_scope_to_manage_and_a_proof_for_its_method() {
    for (scope, status) in [("okta.groups.read", 403), ("okta.groups.manage", 204)] {
        let app = App::with(rules(), |app| app.scopes(["okta.groups.manage"])).await;
        let nonce = app.nonce().await;
        let reply = app.ask(&json!({"scope": scope}), &[&app.proof(&none(), &json!({"nonce": nonce}))]).await;
        let token = reply.json()["access_token"].as_str().unwrap().to_owned();
        let path = "/api/v1/groups/00g4empty/users/00u1active";
        let put = async |method: &str| {
            let proof = app.call_proof(path, &token, &json!({"htm": method}));
            let request = app.client.http.put(format!("{}{path}", app.client.sim.url())).header("content-length", "0");
            let request = request.header("authorization", format!("DPoP {token}")).header("dpop", proof);
            Reply::of(request.send().await.unwrap()).await
        };
        assert_eq!(put("GET").await.error(), (400, "invalid_dpop_proof".to_owned()));
        let reply = put("PUT").await;
        assert_eq!(reply.status.as_u16(), status, "{scope}: {}", reply.text);
        if status == 403 {
            assert!(reply.header("www-authenticate").contains("scope=\"okta.groups.manage\""));
        }
    }
}
