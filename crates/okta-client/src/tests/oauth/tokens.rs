//! The lifetime of a token: shared, replaced before its end, replaced when revoked.

use std::time::Duration;

use futures::FutureExt;
use futures::future::join_all;

use super::*;
use crate::error::ErrorKind;

/// Returns an org that accepts only one token, and the number of that token.
fn revoking(kind: &'static str) -> (Harness, Arc<Mutex<usize>>) {
    let good = Arc::new(Mutex::new(0));
    let newest = Arc::clone(&good);
    let harness = Harness::new(move |seen, count| {
        if seen.path == TOKEN {
            return token(kind, count, 3600).after(Duration::from_millis(500));
        }
        let expected = format!("{kind} token{}", *newest.lock().unwrap());
        if authorization(seen) == expected { Reply::json(200, ORG) } else { challenge("invalid_token") }
    });
    (harness, good)
}

#[tokio::test(start_paused = true)]
async fn a_token_is_replaced_a_minute_before_its_end() {
    for (life, good_for) in [(3600, 3540), (600, 540), (100, 80), (10, 8)] {
        let harness = Harness::new(move |seen, count| match seen.path.as_str() {
            TOKEN => token("Bearer", count, life).after(Duration::ZERO),
            _ => Reply::json(200, ORG).after(Duration::ZERO),
        });
        harness.call().await.unwrap();
        tokio::time::sleep(Duration::from_millis(good_for * 1000 - 100)).await;
        harness.call().await.unwrap();
        assert_eq!(harness.counts().0, 1, "still good");
        tokio::time::sleep(Duration::from_millis(200)).await;
        harness.call().await.unwrap();
        assert_eq!(harness.counts().0, 2, "replaced");
        assert_eq!(authorization(&harness.seen(false)[2]), "Bearer token1");
    }
}

#[tokio::test(start_paused = true)]
async fn a_compressed_clock_ends_tokens_sooner() {
    let harness = Harness::with(
        |seen, count| if seen.path == TOKEN { token("Bearer", count, 3600) } else { Reply::json(200, ORG) },
        |config| config.pacing.time_scale = 60.0,
    );
    harness.call().await.unwrap();
    tokio::time::sleep(Duration::from_secs(61)).await;
    harness.call().await.unwrap();
    assert_eq!(harness.counts().0, 2);
}

#[tokio::test(start_paused = true)]
async fn fifty_callers_ask_for_one_token() {
    let (harness, _) = revoking("DPoP");
    for result in join_all((0..50).map(|_| harness.call())).await {
        result.unwrap();
    }
    assert_eq!(harness.counts(), (1, 50));
}

#[tokio::test(start_paused = true)]
async fn callers_that_give_up_do_not_disturb_the_others() {
    let (harness, _) = revoking("DPoP");
    // The first caller starts the request for a token and is cancelled while it is in flight; so is every other one.
    let calls = (0..50).map(|number| {
        let patience = if number % 2 == 0 { Duration::from_millis(100) } else { Duration::from_secs(60) };
        tokio::time::timeout(patience, harness.call())
    });
    let results = join_all(calls).await;
    for (number, result) in results.into_iter().enumerate() {
        assert_eq!(result.is_ok(), number % 2 == 1);
        assert!(result.is_err() || result.unwrap().is_ok());
    }
    assert_eq!(harness.counts(), (1, 25));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_everybody_has_left_is_taken_up_again() {
    let (harness, _) = revoking("DPoP");
    assert!(tokio::time::timeout(Duration::from_millis(100), harness.call()).await.is_err());
    harness.call().await.unwrap();
    assert_eq!(harness.counts(), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_revoked_token_is_replaced_once_for_all_callers() {
    for kind in ["DPoP", "Bearer"] {
        let (harness, good) = revoking(kind);
        harness.call().await.unwrap();
        *good.lock().unwrap() = 1;
        for result in join_all((0..20).map(|_| harness.call())).await {
            result.unwrap();
        }
        let (tokens, calls) = harness.counts();
        assert_eq!(tokens, 2, "one more token for twenty refused calls");
        assert!(calls <= 41, "each is sent again once: {calls}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_was_never_taken_is_not_replaced_for_ever() {
    let (harness, good) = revoking("DPoP");
    *good.lock().unwrap() = 99;
    for calls in 1..=3 {
        let error = harness.call().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
        assert!(error.to_string().contains("the API does not take it"), "{error}");
        assert_eq!(harness.counts(), (1, calls));
    }

    let (harness, good) = revoking("DPoP");
    harness.call().await.unwrap();
    *good.lock().unwrap() = 99;
    for _ in 0..3 {
        harness.call().await.unwrap_err();
    }
    assert_eq!(harness.counts(), (2, 5), "one more token, one more try, and that was it");
}

#[tokio::test(start_paused = true)]
async fn a_missing_feature_is_no_reason_for_a_new_token() {
    let harness = Harness::new(|seen, count| match seen.path.as_str() {
        TOKEN => token("DPoP", count, 3600),
        _ => Reply::json(401, r#"{"errorCode":"E0000015","errorSummary":"no"}"#),
    });
    let error = harness.call().await.unwrap_err();
    assert_eq!((error.kind(), harness.counts()), (ErrorKind::Forbidden, (1, 1)));
}

#[tokio::test(start_paused = true)]
async fn cancelling_ends_the_wait_for_a_token() {
    let (harness, _) = revoking("DPoP");
    let cancel = tokio_util::sync::CancellationToken::new();
    let config =
        Config { cancel: cancel.clone(), ..Config::new(harness.client.org().clone(), Arc::new(harness.auth.clone())) };
    let client = Client::with_transport(Box::new(harness.server.clone()), config, Box::new(|| 0.5));
    let request = crate::endpoints::org::get();
    let mut call = client.get::<crate::models::Org>(&request).boxed();
    assert!(tokio::time::timeout(Duration::from_millis(100), &mut call).await.is_err());
    cancel.cancel();
    assert_eq!(call.now_or_never().unwrap().unwrap_err().kind(), ErrorKind::Cancelled);
}
