//! Access tokens: how an app says who it is, and what its tokens are good for.

use okta_sim::{
    Area, Bucket, Fault, FaultRule, Faults, OAuthApp, OAuthSettings, Org, Quotas, Rights, SimConfig, TestKey,
};
use serde_json::{Value, json};

use crate::app::{App, ID, SCOPES, rules};
use crate::signed::Signer;

#[tokio::test]
async fn an_app_gets_a_bearer_token_and_reads_with_it() {
    let app = App::start(false, rules()).await;
    let reply = app.ask(&json!({}), &[]).await;
    assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, "application/json"));
    assert_eq!(reply.header("x-rate-limit-limit"), "1000000", "counted");
    let body = reply.json();
    assert_eq!(
        (&body["token_type"], &body["expires_in"], &body["scope"]),
        (&"Bearer".into(), &3600.into(), &SCOPES.into())
    );
    let token = body["access_token"].as_str().unwrap();
    let users = app.call("/api/v1/users", &format!("Bearer {token}"), None).await;
    assert_eq!((users.status.as_u16(), users.json().as_array().unwrap().len()), (200, 9));
    let stats = app.client.sim.stats();
    assert_eq!((stats.tokens_issued, stats.by_path["POST /oauth2/v1/token"]), (1, 1));
    assert_eq!(stats.by_bucket["/oauth2/v1/token"], 1);
}

#[tokio::test]
async fn a_proof_from_an_app_without_dpop_changes_nothing() {
    let app = App::start(false, rules()).await;
    let reply = app.ask(&json!({}), &[&app.proof(&json!({}), &json!({}))]).await;
    assert_eq!(reply.json()["token_type"], "Bearer");
    assert_eq!(reply.header("dpop-nonce"), "");
}

#[tokio::test]
async fn assertions_that_do_not_hold_are_refused() {
    let app = App::start(false, rules()).await;
    let now = app.now();
    let token_url = app.token_url();
    for (what, header, claims, text) in [
        ("unknown app", json!({}), json!({"iss": "0oaother", "sub": "0oaother"}), "client_id"),
        ("two names", json!({}), json!({"iss": "0oaother"}), "'iss' and 'sub'"),
        ("no name", json!({}), json!({"iss": null, "sub": null}), "'iss' and 'sub'"),
        ("an app without keys", json!({}), json!({"iss": "0oakeyless", "sub": "0oakeyless"}), "JWKSet"),
        ("unknown key", json!({"kid": "key-2"}), json!({}), "key ID"),
        ("no key id", json!({"kid": null}), json!({}), "key ID"),
        ("algorithm none", json!({"alg": "none"}), json!({}), "algorithm"),
        ("a secret's algorithm", json!({"alg": "HS256"}), json!({}), "algorithm"),
        ("another algorithm than it says", json!({"alg": "PS256"}), json!({}), "algorithm"),
        ("the issuer as audience", json!({}), json!({"aud": app.client.sim.url()}), "audience"),
        ("another path", json!({}), json!({"aud": token_url.replace("oauth2/v1", "oauth2/default/v1")}), "audience"),
        ("no audience", json!({}), json!({"aud": null}), "audience"),
        ("expired", json!({}), json!({"exp": now - 1}), "expired"),
        ("never expires", json!({}), json!({"exp": null}), "expiration"),
        ("expires too late", json!({}), json!({"exp": now + 3_700}), "too far"),
        ("of the future", json!({}), json!({"iat": now + 400}), "future"),
        ("not valid yet", json!({}), json!({"nbf": now + 400}), "future"),
        ("times as texts", json!({}), json!({"iat": "today"}), "not a number"),
    ] {
        let reply = app.ask_as(&header, &claims).await;
        assert_eq!(reply.error(), (401, "invalid_client".to_owned()), "{what}");
        assert!(reply.description().contains(text), "{what}: {}", reply.description());
    }
    for claims in [json!({"iat": now + 200}), json!({"iat": null}), json!({"exp": now + 3_000})] {
        assert_eq!(app.ask_as(&json!({}), &claims).await.status, 200, "{claims}");
    }
    for algorithm in ["RS384", "RS512"] {
        assert_eq!(app.ask_as(&json!({"alg": algorithm}), &json!({})).await.status, 200, "{algorithm}");
    }
    assert_eq!(app.client.sim.stats().oauth_errors["invalid_client"], 18);
}

#[tokio::test]
async fn a_signature_of_another_key_or_of_other_claims_is_refused() {
    let app = App::start(false, rules()).await;
    let good = app.assertion(&json!({}), &json!({}));
    let other = app.assertion(&json!({}), &json!({"jti": "other"}));
    let (signed, _) = good.rsplit_once('.').unwrap();
    let (_, signature) = other.rsplit_once('.').unwrap();
    let stranger = Signer::new();
    let forged = stranger.sign(
        &json!({"alg": "RS256", "kid": "key-1"}),
        &json!({"iss": ID, "sub": ID, "aud": app.token_url(), "exp": app.now() + 300}),
    );
    for text in [format!("{signed}.{signature}"), format!("{signed}."), forged] {
        let reply = app.ask(&json!({"client_assertion": text}), &[]).await;
        assert_eq!(reply.error(), (401, "invalid_client".to_owned()));
        assert!(reply.description().contains("signature"), "{}", reply.description());
    }
    for text in ["x", "a.b", "a.b.c", signed] {
        let reply = app.ask(&json!({"client_assertion": text}), &[]).await;
        assert_eq!(reply.error().1, "invalid_client");
    }
}

#[tokio::test]
async fn an_assertion_is_good_once() {
    let app = App::start(false, rules()).await;
    let assertion = app.assertion(&json!({}), &json!({}));
    let asking = |scope: &str| json!({"client_assertion": assertion, "scope": scope});
    let failed = app.ask(&asking("okta.apps.read"), &[]).await;
    assert_eq!(failed.error().1, "invalid_scope", "used up also by a request that fails");
    let again = app.ask(&asking("okta.users.read"), &[]).await;
    assert_eq!(again.error(), (401, "invalid_client".to_owned()));
    assert!(again.description().contains("already been used"));
    let nameless = app.assertion(&json!({}), &json!({"jti": null}));
    for _ in 0..2 {
        assert_eq!(
            app.ask(&json!({"client_assertion": nameless}), &[]).await.status,
            200,
            "without an id it is not counted"
        );
    }
}

#[tokio::test]
async fn requests_that_are_not_as_they_should_be_are_refused() {
    let app = App::start(false, rules()).await;
    for (changes, status, error) in [
        (json!({"grant_type": null}), 400, "invalid_request"),
        (json!({"grant_type": "authorization_code"}), 400, "unsupported_grant_type"),
        (json!({"client_assertion": null}), 401, "invalid_client"),
        (json!({"client_assertion_type": null}), 401, "invalid_client"),
        (json!({"client_assertion_type": "jwt"}), 401, "invalid_client"),
        (json!({"client_id": "0oaother"}), 401, "invalid_client"),
        (json!({"scope": null}), 400, "invalid_scope"),
        (json!({"scope": " "}), 400, "invalid_scope"),
        (json!({"scope": "okta.nonsense.read"}), 400, "invalid_scope"),
        (json!({"scope": "okta.users.read okta.apps.read"}), 400, "invalid_scope"),
        (json!({"scope": "okta.users.manage"}), 400, "invalid_scope"),
    ] {
        assert_eq!(app.ask(&changes, &[]).await.error(), (status, error.to_owned()), "{changes}");
    }
    assert_eq!(app.ask(&json!({"client_id": ID}), &[]).await.status, 200);
    let json_body = app.send("{}".to_owned(), "application/json", &[]).await;
    assert_eq!(json_body.error(), (400, "invalid_request".to_owned()));
    let repeated = "grant_type=client_credentials&scope=okta.users.read&scope=okta.users.read".to_owned();
    let repeated = app.send(repeated, "application/x-www-form-urlencoded", &[]).await;
    assert_eq!(repeated.error(), (400, "invalid_request".to_owned()));
    let got = app.client.get("/oauth2/v1/token").await;
    assert_eq!(got.refusal(), (405, "E0000022".to_owned()));
}

#[tokio::test]
async fn scopes_that_were_not_granted_can_be_left_out_instead() {
    let app = App::start(false, OAuthSettings { drop_ungranted_scopes: true, ..rules() }).await;
    let reply = app.ask(&json!({"scope": "okta.apps.read okta.users.read okta.users.read"}), &[]).await;
    assert_eq!(reply.json()["scope"], "okta.users.read");
    let none = app.ask(&json!({"scope": "okta.apps.read"}), &[]).await;
    assert_eq!(none.error(), (400, "invalid_scope".to_owned()));
    assert_eq!(none.description(), "You are not allowed any of the requested scopes.");
}

#[tokio::test]
async fn a_token_expires_by_the_simulators_clock() {
    let mut app =
        App::start(false, OAuthSettings { token_lifetime: std::time::Duration::from_secs(600), ..rules() }).await;
    let reply = app.ask(&json!({}), &[]).await.json();
    assert_eq!(reply["expires_in"], 600);
    let authorization = format!("Bearer {}", reply["access_token"].as_str().unwrap());
    app.advance(500);
    assert_eq!(app.call("/api/v1/users", &authorization, None).await.status, 200);
    app.advance(101);
    let late = app.call("/api/v1/users", &authorization, None).await;
    assert_eq!(late.refusal(), (401, "E0000011".to_owned()));
    assert!(late.header("www-authenticate").contains("error=\"invalid_token\""));
    let fresh = format!("Bearer {}", app.token().await);
    assert_eq!(app.call("/api/v1/users", &fresh, None).await.status, 200);
}

#[tokio::test]
async fn tokens_can_be_taken_back() {
    let app = App::start(false, rules()).await;
    let authorization = format!("Bearer {}", app.token().await);
    assert_eq!(app.call("/api/v1/users", &authorization, None).await.status, 200);
    app.client.sim.revoke_access_tokens();
    assert_eq!(app.call("/api/v1/users", &authorization, None).await.refusal().0, 401);
    assert_eq!(app.call("/api/v1/users", "Bearer made-up", None).await.refusal().0, 401);
}

#[tokio::test]
async fn scopes_decide_area_by_area() {
    let app = App::with(rules(), |app| app.dpop(false).scopes(["okta.apps.manage", "okta.logs.read"])).await;
    let reply = app.ask(&json!({"scope": "okta.groups.read okta.apps.manage okta.logs.read"}), &[]).await.json();
    let authorization = format!("Bearer {}", reply["access_token"].as_str().unwrap());
    for path in ["/api/v1/groups", "/api/v1/apps", "/api/v1/logs"] {
        assert_eq!(app.call(path, &authorization, None).await.status, 200, "{path}; managing includes reading");
    }
    for (path, scope) in [
        ("/api/v1/users", "okta.users.read"),
        ("/api/v1/org", "okta.orgs.read"),
        ("/api/v1/iam/roles", "okta.roles.read"),
        ("/api/v1/iam/assignees/users", "okta.roles.read"),
        ("/api/v1/users/00u1active/roles", "okta.roles.read"),
        ("/api/v1/api-tokens", "okta.apiTokens.read"),
        ("/api/v1/devices", "okta.devices.read"),
    ] {
        let refused = app.call(path, &authorization, None).await;
        assert_eq!((refused.status.as_u16(), refused.text.as_str()), (403, ""), "{path}");
        let challenge = refused.header("www-authenticate");
        assert!(challenge.contains(&format!("scope=\"{scope}\"")), "{challenge}");
        assert!(challenge.contains("error=\"insufficient_scope\""), "{challenge}");
    }
}

#[tokio::test]
async fn scopes_without_an_admin_role_give_an_empty_list_of_users_and_nothing_else() {
    let scopes = ["okta.apps.read", "okta.devices.read"];
    let app = App::with(rules(), |app| app.dpop(false).scopes(scopes).rights(Rights::none())).await;
    let all = format!("{SCOPES} okta.apps.read okta.devices.read");
    let reply = app.ask(&json!({"scope": all}), &[]).await.json();
    let authorization = format!("Bearer {}", reply["access_token"].as_str().unwrap());
    for path in ["/api/v1/users", "/api/v1/users?search=status+pr"] {
        let users = app.call(path, &authorization, None).await;
        assert_eq!((users.status.as_u16(), users.json()), (200, Value::Array(Vec::new())));
    }
    for path in ["/api/v1/groups", "/api/v1/apps", "/api/v1/devices", "/api/v1/users/00u1active"] {
        assert_eq!(app.call(path, &authorization, None).await.refusal(), (403, "E0000006".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn an_apps_roles_and_scopes_are_judged_one_by_one() {
    let rights = Rights::super_admin().without(Area::Groups);
    let app = App::with(rules(), |app| app.dpop(false).rights(rights)).await;
    let authorization = format!("Bearer {}", app.token().await);
    assert_eq!(app.call("/api/v1/users", &authorization, None).await.status, 200);
    let groups = app.call("/api/v1/groups", &authorization, None).await;
    assert_eq!(groups.refusal(), (403, "E0000006".to_owned()), "the scope is there, the role is not");
}

#[tokio::test]
async fn token_requests_have_a_quota_and_can_fail_on_purpose() {
    let signer = Signer::new();
    let fault = FaultRule::on("/oauth2/v1/token", Fault::Status(503)).first(1);
    let client = crate::client::Client::start(SimConfig {
        oauth_apps: vec![
            OAuthApp::new(ID).public_key("key-1", &signer.public).unwrap().dpop(false).scopes(["okta.users.read"]),
        ],
        faults: Faults::from(fault),
        quotas: Quotas::unlimited().with(Bucket::Token, 4),
        ..SimConfig::new(Org::facts())
    })
    .await;
    let url = format!("{}/oauth2/v1/token", client.sim.url());
    let mut seen = Vec::new();
    for at in 0..3 {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let assertion = signer.sign(
            &json!({"alg": "RS256", "kid": "key-1"}),
            &json!({"iss": ID, "sub": ID, "aud": url, "exp": now + 60, "jti": format!("{at}")}),
        );
        let body = format!(
            "grant_type=client_credentials&scope=okta.users.read&client_assertion={assertion}&client_assertion_type=\
             urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        );
        let request = client.http.post(&url).header("content-type", "application/x-www-form-urlencoded").body(body);
        seen.push(request.send().await.unwrap().status().as_u16());
    }
    assert_eq!(seen, [503, 200, 429], "half of the quota is the app's");
    assert_eq!(client.sim.stats().tokens_issued, 1);
}

#[test]
fn what_an_app_shows_of_itself_holds_no_key() {
    let key = TestKey::generate().unwrap();
    let app = OAuthApp::new(ID).key("key-1", &key).public_key("key-2", key.public_pem()).unwrap();
    let shown = format!("{app:?}");
    assert!(shown.contains("key-2") && !shown.contains("BEGIN"), "{shown}");
    assert!(OAuthApp::new(ID).public_key("key-1", key.pkcs8_pem()).is_err(), "that is a private key");
}
