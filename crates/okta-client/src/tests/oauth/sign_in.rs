//! The whole sign-in: assertion, token, proofs.

use super::*;
use crate::bucket::Bucket;
use crate::endpoints::users;
use crate::oauth::TokenScheme;

fn org(kind: &'static str) -> Harness {
    Harness::new(move |seen, count| match seen.path.as_str() {
        TOKEN => token(kind, count, 3600),
        path if path.starts_with("/api/v1/users") => Reply::json(200, "[]"),
        _ => Reply::json(200, ORG),
    })
}

#[tokio::test(start_paused = true)]
async fn a_dpop_org_gets_what_it_asks_for() {
    let harness = org("DPoP");
    assert_eq!((harness.auth.granted(), harness.auth.scheme()), (None, None));
    harness.client.page(&users::list(200), None).await.unwrap();
    harness.call().await.unwrap();
    assert_eq!(harness.counts(), (1, 2), "one token for all calls");

    let asked = &harness.seen(true)[0];
    let form = form(asked);
    let fields: Vec<&str> = form.keys().map(String::as_str).collect();
    assert_eq!(fields, ["client_assertion", "client_assertion_type", "grant_type", "scope"]);
    assert_eq!(form["grant_type"], "client_credentials");
    assert_eq!(form["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    assert_eq!(form["scope"], "okta.users.read okta.groups.read");
    assert_eq!(asked.method, "POST");
    assert_eq!(asked.headers["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(asked.headers["accept"], "application/json");

    #[allow(clippy::cast_possible_truncation)]
    let now = EPOCH as i64;
    let Jwt { header, claims, .. } = assertion(asked);
    assert_eq!(header, json!({"alg": "RS256", "kid": "kid1", "typ": "JWT"}));
    assert_eq!(claims["iss"], "0oaClient");
    assert_eq!(claims["sub"], "0oaClient");
    assert_eq!(claims["aud"], "https://acme.okta.com/oauth2/v1/token");
    assert_eq!((&claims["iat"], &claims["exp"]), (&json!(now), &json!(now + 300)));

    let jwk = keys::jwk();
    let public = json!({"kty": "RSA", "n": jwk["n"], "e": jwk["e"], "use": "sig", "alg": "RS256", "kid": "kid1"});
    let Jwt { header, claims, .. } = proof(asked);
    assert_eq!(header, json!({"alg": "RS256", "typ": "dpop+jwt", "jwk": public}));
    assert_eq!((&claims["htm"], &claims["htu"]), (&json!("POST"), &json!("https://acme.okta.com/oauth2/v1/token")));
    assert_eq!((&claims["iat"], &claims["nbf"], &claims["exp"]), (&json!(now), &json!(now - 30), &json!(now + 300)));
    assert_eq!((claims.get("ath"), claims.get("nonce")), (None, None));

    let listed = &harness.seen(false)[0];
    assert!(listed.path.contains('?'));
    assert_eq!(authorization(listed), "DPoP token0");
    assert_eq!(listed.headers["x-okta-user-agent-extended"], "isDPoP:true");
    let Jwt { header, claims, .. } = proof(listed);
    assert_eq!(header["jwk"], public);
    assert_eq!((&claims["htm"], &claims["htu"]), (&json!("GET"), &json!("https://acme.okta.com/api/v1/users")));
    // The SHA-256 of "token0", in base64url.
    assert_eq!(claims["ath"], "Z3V4-kgN99qlFyM6aorC7FpbiO7Joy4XZFdL-XwUD_0");

    assert_eq!(harness.auth.granted().unwrap(), ["okta.groups.read", "okta.users.read"]);
    assert_eq!(harness.auth.scheme(), Some(TokenScheme::Dpop));
}

#[tokio::test(start_paused = true)]
async fn a_bearer_org_gets_no_proofs() {
    let harness = org("Bearer");
    harness.auth.sign_in().await.unwrap();
    harness.call().await.unwrap();
    assert_eq!(harness.counts(), (1, 1));
    assert!(harness.seen(true)[0].headers.contains_key("dpop"), "nobody knows beforehand what the org wants");
    let called = &harness.seen(false)[0];
    assert_eq!(authorization(called), "Bearer token0");
    assert!(!called.headers.contains_key("dpop") && !called.headers.contains_key("x-okta-user-agent-extended"));
    assert_eq!(harness.auth.scheme(), Some(TokenScheme::Bearer));
}

#[tokio::test(start_paused = true)]
async fn scopes_need_not_be_known_before_the_first_call() {
    let harness = Harness::with(
        |seen, count| if seen.path == TOKEN { token("Bearer", count, 3600) } else { Reply::json(200, ORG) },
        |config| config.scopes.clear(),
    );
    let error = harness.call().await.unwrap_err();
    assert!(error.to_string().contains("no OAuth scopes to ask for"), "{error}");
    assert!(error.is_by_service_app());
    assert_eq!((harness.counts(), error.outcome()), ((0, 0), crate::Outcome::NotSent));
    harness.auth.add_scopes(&["okta.groups.manage"]);
    harness.call().await.unwrap();
    assert_eq!(form(&harness.seen(true)[0])["scope"], "okta.groups.manage");
}

#[tokio::test(start_paused = true)]
async fn scopes_that_the_answer_does_not_name_are_those_asked_for() {
    let harness = Harness::with(
        |_, _| Reply::json(200, r#"{"token_type":"Bearer","access_token":"a","expires_in":3600}"#),
        |config| config.scopes.push("okta.users.read".into()),
    );
    harness.auth.sign_in().await.unwrap();
    assert_eq!(harness.auth.granted().unwrap(), ["okta.groups.read", "okta.users.read"]);
    assert_eq!(form(&harness.seen(true)[0])["scope"], "okta.users.read okta.groups.read", "each is asked for once");
}

#[tokio::test(start_paused = true)]
async fn requests_for_tokens_are_paced_and_counted() {
    let harness = org("DPoP");
    harness.call().await.unwrap();
    let traffic: Vec<(Bucket, u64)> = harness.client.traffic().iter().map(|t| (t.bucket, t.calls)).collect();
    assert_eq!(traffic, [(Bucket::Rest, 1), (Bucket::Token, 1)]);
}

#[test]
fn a_set_up_that_cannot_work_is_refused() {
    let org = || OrgUrl::parse("acme.okta.com").unwrap();
    for (client_id, key_id, scopes, expected) in [
        ("", "kid1", vec!["okta.users.read"], "the OAuth client id is empty"),
        ("{clientId}", "kid1", vec!["okta.users.read"], "the OAuth client id is a placeholder"),
        ("0oa 1", "kid1", vec!["okta.users.read"], "the OAuth client id has blanks"),
        ("0oa1", " ", vec!["okta.users.read"], "the OAuth key id is empty"),
        ("0oa1", "kid1", vec!["okta.users.read okta.groups.read"], "the OAuth scope has blanks"),
    ] {
        let scopes = scopes.into_iter().map(str::to_owned).collect();
        let config = OAuthConfig::new(org(), client_id.into(), key_id.into(), keys::key(), scopes);
        let error = OAuth::new(config).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Invalid);
        assert!(error.to_string().contains(expected), "{error}");
    }
}
