//! Nonces: the token endpoint's and the API's.

use super::*;
use crate::error::ErrorKind;

fn nonce_of(jwt: &Jwt) -> Option<&str> {
    jwt.claims.get("nonce").and_then(Value::as_str)
}

fn use_nonce() -> Reply {
    oauth_error(400, "use_dpop_nonce", "Authorization server requires nonce in DPoP proof.")
}

#[tokio::test(start_paused = true)]
async fn the_token_endpoint_gets_its_nonce_in_a_second_request() {
    let harness = Harness::new(|seen, count| match (seen.path.as_str(), count) {
        (TOKEN, 0) => use_nonce().header("dpop-nonce", "first"),
        (TOKEN, _) => token("DPoP", count, 3600).header("dpop-nonce", "second"),
        _ => Reply::json(200, ORG),
    });
    harness.call().await.unwrap();
    let asked = harness.seen(true);
    assert_eq!(harness.counts(), (2, 1));
    assert_eq!(nonce_of(&proof(&asked[0])), None);
    assert_eq!(nonce_of(&proof(&asked[1])), Some("first"));
    assert_eq!(nonce_of(&proof(&harness.seen(false)[0])), None, "that nonce is not for the API");
    // That neither assertion nor proof came twice is checked for every request.

    tokio::time::sleep(std::time::Duration::from_secs(3600)).await;
    harness.call().await.unwrap();
    assert_eq!(harness.counts(), (3, 2), "the nonce of a success is remembered");
    assert_eq!(nonce_of(&proof(&harness.seen(true)[2])), Some("second"));
}

#[tokio::test(start_paused = true)]
async fn a_token_endpoint_that_is_never_content_ends_the_retries() {
    let harness = Harness::new(|_, count| use_nonce().header("dpop-nonce", count));
    let error = harness.call().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Server, Some("use_dpop_nonce")));
    assert_eq!(harness.counts(), (4, 0));

    let harness = Harness::new(|_, _| use_nonce());
    let error = harness.call().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Server);
    assert!(error.to_string().contains("DPoP-Nonce header"), "{error}");
    assert_eq!(harness.counts(), (1, 0), "without a nonce there is nothing to try again with");
}

#[tokio::test(start_paused = true)]
async fn the_api_gets_its_nonce_in_a_second_call() {
    let harness = Harness::new(|seen, count| match (seen.path.as_str(), count) {
        (TOKEN, _) => token("DPoP", count, 3600).header("dpop-nonce", "of the token endpoint"),
        (_, 0) => challenge("use_dpop_nonce").header("dpop-nonce", "one"),
        (_, 1) => Reply::json(200, ORG).header("dpop-nonce", "two"),
        _ => Reply::json(200, ORG),
    });
    for _ in 0..3 {
        harness.call().await.unwrap();
    }
    let proofs: Vec<Jwt> = harness.seen(false).iter().map(proof).collect();
    let nonces: Vec<Option<&str>> = proofs.iter().map(nonce_of).collect();
    assert_eq!(nonces, [None, Some("one"), Some("two"), Some("two")]);
    assert_eq!(harness.counts().0, 1, "the token is not to blame");
    assert_eq!(harness.client.traffic()[0].retries, 1);
}

#[tokio::test(start_paused = true)]
async fn an_api_that_is_never_content_ends_the_retries() {
    let harness = Harness::new(|seen, count| match seen.path.as_str() {
        TOKEN => token("DPoP", count, 3600),
        _ => challenge("use_dpop_nonce").header("dpop-nonce", count),
    });
    let error = harness.call().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert_eq!(harness.counts(), (1, 4));

    let harness = Harness::new(|seen, count| match seen.path.as_str() {
        TOKEN => token("DPoP", count, 3600),
        _ => challenge("use_dpop_nonce"),
    });
    harness.call().await.unwrap_err();
    assert_eq!(harness.counts(), (1, 1), "without a nonce there is nothing to try again with");
}

#[tokio::test(start_paused = true)]
async fn a_nonce_that_is_replaced_on_the_way_does_not_end_the_call() {
    // A response to another call that was sent before the change sets the old nonce again.
    let harness = Harness::new(|seen, count| match (seen.path.as_str(), count) {
        (TOKEN, _) => token("DPoP", count, 3600),
        (_, 0 | 1) => challenge("use_dpop_nonce").header("dpop-nonce", count),
        _ => Reply::json(200, ORG),
    });
    harness.call().await.unwrap();
    assert_eq!(nonce_of(&proof(&harness.seen(false)[2])), Some("1"));
    assert_eq!(harness.counts(), (1, 3));
}

#[tokio::test(start_paused = true)]
async fn a_nonce_may_come_with_a_refusal_of_another_kind() {
    let harness = Harness::new(|seen, count| match (seen.path.as_str(), count) {
        (TOKEN, _) => token("DPoP", count, 3600),
        (_, 0) => Reply::json(404, r#"{"errorCode":"E0000007"}"#).header("dpop-nonce", "rotated"),
        _ => Reply::json(200, ORG),
    });
    harness.call().await.unwrap_err();
    harness.call().await.unwrap();
    assert_eq!(nonce_of(&proof(&harness.seen(false)[1])), Some("rotated"));
}

#[tokio::test(start_paused = true)]
async fn a_proof_that_was_not_taken_is_made_anew() {
    let harness = Harness::new(|seen, count| match (seen.path.as_str(), count) {
        (TOKEN, _) => token("DPoP", count, 3600),
        (_, 1) => Reply::json(200, ORG),
        _ => challenge("invalid_dpop_proof"),
    });
    harness.call().await.unwrap();
    assert_eq!(harness.counts(), (1, 2));
    let error = harness.call().await.unwrap_err();
    assert_eq!(harness.counts(), (1, 6), "four tries, and no fifth");
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
}

#[tokio::test(start_paused = true)]
async fn all_challenges_at_once_are_met_one_by_one() {
    // The token is taken, then refused for the nonce, for the proof, for itself: three tries more.
    let harness = Harness::new(|seen, count| match (seen.path.as_str(), count) {
        (TOKEN, _) => token("DPoP", count, 3600),
        (_, 1) => challenge("use_dpop_nonce").header("dpop-nonce", "n"),
        (_, 2) => challenge("invalid_dpop_proof"),
        (_, 3) => challenge("invalid_token"),
        (_, 5..) => challenge("use_dpop_nonce").header("dpop-nonce", count),
        _ => Reply::json(200, ORG),
    });
    harness.call().await.unwrap();
    harness.call().await.unwrap();
    assert_eq!(harness.counts(), (2, 5));
    assert_eq!(authorization(&harness.seen(false)[4]), "DPoP token1");
    harness.call().await.unwrap_err();
    assert_eq!(harness.counts(), (2, 9));
}
