//! A machine with a wrong clock signs in by Okta's clock.

use std::time::Duration;

use super::*;
use crate::error::ErrorKind;

/// Returns an org that accepts what is at most five minutes old and not from the future.
fn strict() -> Harness {
    Harness::new(on_time)
}

/// Returns the response of that org.
fn on_time(seen: &Seen, count: usize) -> Reply {
    let is_on_time = |jwt: &Jwt| (-300.0..2.0).contains(&(jwt.claims["iat"].as_f64().unwrap() - server_time(seen)));
    let reply = match seen.path.as_str() {
        TOKEN if !is_on_time(&assertion(seen)) => {
            oauth_error(401, "invalid_client", "The client_assertion is expired.")
        }
        TOKEN if !is_on_time(&proof(seen)) => oauth_error(400, "invalid_dpop_proof", "The DPoP proof is expired."),
        TOKEN => token("DPoP", count, 3600),
        _ if !is_on_time(&proof(seen)) => challenge("invalid_dpop_proof"),
        _ => Reply::json(200, ORG),
    };
    reply.date(server_time(seen))
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_hours_off_costs_one_request() {
    for wrong_by in [7200, -7200] {
        let harness = strict();
        harness.wrong_by.store(wrong_by, Ordering::Relaxed);
        assert_eq!(harness.auth.clock_skew(), None);
        harness.call().await.unwrap();
        harness.call().await.unwrap();
        assert_eq!(harness.counts(), (2, 2));
        assert!((harness.auth.clock_skew().unwrap() + wrong_by).abs() <= 1, "{:?}", harness.auth.clock_skew());
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_right_costs_none() {
    let harness = strict();
    harness.call().await.unwrap();
    assert_eq!(harness.counts(), (1, 1));
    assert!(harness.auth.clock_skew().unwrap().abs() <= 1);
    assert!(harness.client.clock_skew().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_goes_wrong_later_is_noticed_by_the_next_answer() {
    let harness = strict();
    harness.call().await.unwrap();
    harness.wrong_by.store(3600, Ordering::Relaxed);
    harness.call().await.unwrap();
    assert_eq!(harness.counts(), (1, 3), "refused once, and sent again by Okta's clock");
    harness.call().await.unwrap();
    assert_eq!(harness.counts(), (1, 4));
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_goes_wrong_while_a_token_is_asked_for_does_not_end_the_sign_in() {
    // Responses of the API reveal the wrong clock before that of the token endpoint arrives.
    let harness = Harness::new(|seen, count| {
        let reply = on_time(seen, count);
        let delay = if seen.path == TOKEN { 6 } else { 3 };
        if seen.at > Duration::from_secs(3530) { reply.after(Duration::from_secs(delay)) } else { reply }
    });
    harness.call().await.unwrap();
    // A token is used until a minute before its end.
    tokio::time::sleep(Duration::from_secs(3538)).await;
    let renewed = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        harness.wrong_by.store(-7200, Ordering::Relaxed);
        harness.call().await
    };
    // One that is sent with the old token, and one that needs a new one.
    let (old, new) = tokio::join!(harness.call(), renewed);
    old.unwrap();
    new.unwrap();
    assert_eq!(harness.counts(), (3, 3), "a request for a token is refused, and sent again by Okta's clock");
}

#[tokio::test(start_paused = true)]
async fn a_wrong_clock_is_reported_when_the_sign_in_fails_nevertheless() {
    let harness = Harness::new(|seen, _| oauth_error(401, "invalid_client", "No.").date(server_time(seen)));
    harness.wrong_by.store(-7200, Ordering::Relaxed);
    let error = harness.call().await.unwrap_err();
    assert_eq!((error.kind(), harness.counts()), (ErrorKind::Unauthenticated, (2, 0)));
    assert!(
        error.to_string().contains("clock is wrong: 7199s behind Okta's") || error.to_string().contains("7200s behind"),
        "{error}"
    );
}
