//! Error messages when there is no token, and what they never contain.

use std::time::Duration;

use super::*;
use crate::error::{Error, ErrorKind, Unreachable};
use crate::tests::secrets::Log;

#[tokio::test(start_paused = true)]
async fn a_refused_sign_in_says_what_to_do() {
    for (status, code, description, expected) in [
        (401, "invalid_client", "The client_assertion signature is invalid.", "private key belongs to it"),
        (
            400,
            "invalid_scope",
            "One or more scopes are not configured.",
            "(asked for okta.users.read okta.groups.read)",
        ),
        (400, "invalid_scope", "One or more scopes are not configured.", "Okta API Scopes"),
        (400, "access_denied", "Policy evaluation failed.", "admin role"),
        (400, "consent_required", "Not allowed.", "Okta API Scopes"),
        (400, "invalid_dpop_proof", "The DPoP proof JWT header is missing.", "strips or doubles the DPoP header"),
        (401, "unauthorized_client", "No.", "API Services"),
        (400, "unsupported_grant_type", "No.", "Client Credentials"),
        (403, "something_new", "No.", "check the app"),
    ] {
        let harness = Harness::new(move |_, _| oauth_error(status, code, description));
        let error = harness.call().await.unwrap_err();
        let text = error.to_string();
        assert_eq!(
            (error.kind(), error.status(), error.code()),
            (ErrorKind::Unauthenticated, Some(status), Some(code))
        );
        assert!(text.starts_with("POST /oauth2/v1/token: signing in as 0oaClient was refused"), "{text}");
        assert!(text.contains(description.trim_end_matches('.')) && text.contains(expected), "{text}");
        assert_eq!(harness.counts(), (1, 0), "asked once: nothing changes by asking again");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_token_endpoint_is_reported() {
    for (status, body, kind, expected) in [
        (404, "<html>nothing here</html>", ErrorKind::Unauthenticated, "check the domain"),
        (200, "<html>welcome</html>", ErrorKind::Unreadable, "captive portal"),
        (200, "{}", ErrorKind::Unreadable, "without a token"),
        (302, "", ErrorKind::Redirected, "domain"),
    ] {
        let harness = Harness::new(move |_, _| Reply::json(status, body));
        let error = harness.call().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(harness.counts(), (1, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_endpoint_in_trouble_is_waited_for() {
    let broken = || Reply::failure(Error::new(ErrorKind::Unreachable(Unreachable::Broken), "reset"));
    let harness = Harness::new(move |seen, count| match (seen.path.as_str(), count) {
        (TOKEN, 0) => Reply::json(503, "<html>"),
        (TOKEN, 1) => {
            let now = server_time(seen);
            Reply::json(429, r#"{"errorCode":"E0000047"}"#).quota(10, 0, now + 20.0).date(now)
        }
        (TOKEN, 2) => broken(),
        (TOKEN, 3) => Reply::failure(Error::new(ErrorKind::Timeout, "late")),
        (TOKEN, _) => token("DPoP", count, 3600),
        _ => Reply::json(200, ORG),
    });
    harness.call().await.unwrap();
    let at: Vec<Duration> = harness.seen(true).iter().map(|seen| seen.at).collect();
    assert_eq!((at.len(), harness.counts().1), (5, 1));
    assert!(at[1] - at[0] >= Duration::from_millis(500), "{at:?}");
    assert!(at[2] - at[1] >= Duration::from_secs(19), "the quota's reset is waited for: {at:?}");
    let tokens = harness.client.traffic().pop().unwrap();
    assert_eq!((tokens.calls, tokens.retries, tokens.throttled), (5, 4, 1));
}

#[tokio::test(start_paused = true)]
async fn patience_with_the_token_endpoint_ends() {
    let harness = Harness::new(|_, _| Reply::json(503, ""));
    let error = harness.call().await.unwrap_err();
    assert_eq!((error.kind(), error.path()), (ErrorKind::Server, Some(TOKEN)));
    assert!(error.is_retryable());
    assert_eq!(harness.counts(), (8, 0), "the call adds no tries of its own to those");

    let refused = || Reply::failure(Error::new(ErrorKind::Unreachable(Unreachable::Refused), "refused"));
    let harness = Harness::new(move |_, _| refused());
    harness.call().await.unwrap_err();
    assert_eq!(harness.counts(), (2, 0), "a host that never answered is given up soon");
}

#[tokio::test(start_paused = true)]
async fn a_failed_sign_in_is_tried_again_by_the_next_call() {
    let harness = Harness::new(|seen, count| match (seen.path.as_str(), count) {
        (TOKEN, 0) => oauth_error(401, "invalid_client", "Not yet."),
        (TOKEN, _) => token("DPoP", count, 3600),
        _ => Reply::json(200, ORG),
    });
    harness.call().await.unwrap_err();
    harness.call().await.unwrap();
    assert_eq!(harness.counts(), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn the_api_says_which_scope_is_missing() {
    let harness = Harness::new(|seen, count| match seen.path.as_str() {
        TOKEN => token("DPoP", count, 3600),
        _ => Reply::json(403, "").header(
            "www-authenticate",
            r#"DPoP scope="okta.orgs.read", error="insufficient_scope", error_description="Lacks it""#,
        ),
    });
    let error = harness.call().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    let text = error.to_string();
    assert!(text.contains("okta.orgs.read") && text.contains("Okta API Scopes"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_wrong_key_is_refused_by_its_signature() {
    let harness = Harness::with(|_, count| token("DPoP", count, 3600), |config| config.key = keys::other_key());
    let error = harness.call().await.unwrap_err();
    assert_eq!((error.kind(), harness.counts()), (ErrorKind::Unauthenticated, (1, 0)));
    assert!(error.to_string().contains("signature is invalid; check that the client id"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn no_secret_is_ever_shown() {
    let log = Arc::new(Mutex::new(String::new()));
    let _guard = tracing::subscriber::set_default(Log(Arc::clone(&log)));
    let harness = Harness::new(|seen, count| match (seen.path.as_str(), count) {
        (TOKEN, 0) => oauth_error(400, "use_dpop_nonce", "x").header("dpop-nonce", "n"),
        (TOKEN, 1) => token("DPoP", count, 3600),
        (TOKEN, _) => oauth_error(401, "invalid_client", "x"),
        (_, 0) => Reply::json(200, ORG),
        _ => challenge("invalid_token"),
    });
    harness.call().await.unwrap();
    let before = format!("{:?} {:?}", harness.auth, harness.client);
    assert!(before.contains("0oaClient") && before.contains("okta.users.read"), "{before}");
    let error = harness.call().await.unwrap_err();
    let shown = format!("{before} {error} {error:?} {:?} {:?} {}", harness.auth, keys::key(), log.lock().unwrap());
    assert!(shown.contains("/oauth2/v1/token"));
    let mut secrets = vec!["token1".to_owned()];
    for seen in harness.server.seen() {
        secrets.push(seen.headers["dpop"].to_str().unwrap().to_owned());
        secrets.extend(form(&seen).remove("client_assertion"));
        let sensitive = |name: &str| seen.headers.get(name).is_none_or(http::HeaderValue::is_sensitive);
        assert!(sensitive("dpop") && sensitive("authorization"));
    }
    assert!(secrets.len() > 6);
    secrets.extend(["d", "p", "q"].map(|part| keys::jwk()[part].as_str().unwrap().to_owned()));
    for secret in secrets {
        assert!(!shown.contains(&secret[..secret.len().min(24)]), "{shown}");
    }
}
