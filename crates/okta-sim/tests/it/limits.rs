//! Rate limits and the concurrency limit, over the wire.

use std::time::{Duration, SystemTime};

use okta_sim::{Bucket, Clock, Org, Quotas, SimConfig, Token};

use crate::client::{Client, Reply};

#[tokio::test]
async fn a_used_up_quota_is_a_429_that_tells_when_to_go_on() {
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let config = SimConfig {
        quotas: Quotas::workforce().with(Bucket::Apps, 6),
        clock: Clock::real().starting_at(start),
        ..SimConfig::new(Org::facts())
    };
    let client = Client::start(config).await;
    for remaining in [2, 1, 0] {
        let reply = client.get("/api/v1/apps").await;
        assert_eq!((reply.status.as_u16(), reply.number("x-rate-limit-limit")), (200, 3), "half of the quota");
        assert_eq!(reply.number("x-rate-limit-remaining"), remaining);
    }
    let refused = client.get("/api/v1/apps/0oa1oidc/users").await;
    assert_eq!(refused.refusal(), (429, "E0000047".to_owned()));
    assert_eq!((refused.number("x-rate-limit-limit"), refused.number("x-rate-limit-remaining")), (3, 0));
    let reset = refused.number("x-rate-limit-reset");
    assert!((1_800_000_060..1_800_000_120).contains(&reset), "{reset}");
    assert!(refused.header("date").contains(" 15 Jan 2027 "), "{}", refused.header("date"));
    assert_eq!(refused.header("retry-after"), "");
    assert_eq!(client.get("/api/v1/apps/0oa1oidc").await.status, 200, "one app is another bucket");
    assert_eq!(client.get("/api/v1/groups").await.number("x-rate-limit-limit"), 250);
    assert_eq!(client.get("/api/v1/users/00u1active").await.number("x-rate-limit-limit"), 1_000);
    let stats = client.sim.stats();
    assert_eq!((stats.throttled_rate, stats.throttled_concurrency), (1, 0));
    assert_eq!((stats.by_bucket["/api/v1/apps"], stats.by_bucket["/api/v1/apps/{id}"]), (4, 1));
    assert_eq!((stats.calls("/api/v1/apps"), stats.calls("/api/v1/apps/{id}/users")), (3, 1));
    assert_eq!((stats.by_status[&200], stats.by_status[&429], stats.requests), (6, 1, 7));
}

#[tokio::test]
async fn a_window_passes_as_fast_as_the_clock() {
    let config = SimConfig {
        quotas: Quotas::unlimited().with(Bucket::Rest, 2),
        // A window is over after 6 milliseconds; the test asks until it is, however slow the machine.
        clock: Clock::scaled(10_000.0),
        ..SimConfig::new(Org::facts())
    };
    let client = Client::start(config).await;
    let first = client.get("/api/v1/org").await.number("x-rate-limit-reset");
    loop {
        let reply = client.get("/api/v1/org").await;
        if reply.status == 200 {
            assert!(reply.number("x-rate-limit-reset") >= first + 60, "a new window");
            break;
        }
    }
}

#[tokio::test]
async fn every_call_takes_the_time_that_was_set() {
    let latency = Duration::from_millis(30);
    let config = SimConfig { latency, latency_jitter: Duration::from_millis(2), ..SimConfig::new(Org::facts()) };
    let client = Client::start(config).await;
    let begun = std::time::Instant::now();
    for _ in 0..3 {
        client.get("/api/v1/org").await;
    }
    assert!(begun.elapsed() >= 3 * latency);
}

#[tokio::test]
async fn a_stopped_simulator_answers_no_more() {
    let Client { sim, http } = Client::start(SimConfig::new(Org::empty())).await;
    let url = format!("{}/okta-sim/stats", sim.url());
    assert_eq!(http.get(&url).send().await.unwrap().status(), 200);
    let address = sim.address();
    sim.stop().await;
    assert!(http.get(&url).send().await.is_err());
    assert!(std::net::TcpListener::bind(address).is_ok(), "the port is free");
}

#[tokio::test]
async fn each_token_has_quotas_of_its_own() {
    let config = SimConfig {
        quotas: Quotas::unlimited().with(Bucket::Rest, 2),
        tokens: vec![Token::new("one"), Token::new("two")],
        ..SimConfig::new(Org::facts())
    };
    let client = Client::start(config).await;
    let mut seen = Vec::new();
    for token in ["one", "one", "two", "two"] {
        let request = client.request("/api/v1/org").header("authorization", format!("SSWS {token}"));
        seen.push(request.send().await.unwrap().status().as_u16());
    }
    assert_eq!(seen, [200, 429, 200, 429]);
}

#[tokio::test]
async fn too_many_calls_at_once_get_a_429_that_says_nothing_of_use() {
    let config = SimConfig {
        concurrency_limit: Some(3),
        // Those that are let in hold their places for the whole test.
        latency: Duration::from_secs(3_600),
        ..SimConfig::new(Org::facts())
    };
    let client = Client::start(config).await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let request = client.request("/api/v1/org").header("authorization", "SSWS 00okta-sim-token").send();
        calls.spawn(async move { Reply::of(request.await.unwrap()).await });
    }
    for _ in 0..5 {
        let reply = calls.join_next().await.unwrap().unwrap();
        assert_eq!(reply.refusal(), (429, "E0000047".to_owned()));
        assert_eq!((reply.number("x-rate-limit-limit"), reply.number("x-rate-limit-remaining")), (0, 0));
        assert!(reply.number("x-rate-limit-reset") > 0);
    }
    let stats = client.sim.stats();
    assert_eq!((stats.throttled_concurrency, stats.throttled_rate), (5, 0));
    assert_eq!((stats.in_flight, stats.max_in_flight > 3), (3, true));
    // A caller that goes away gives its place free.
    calls.abort_all();
    while client.sim.stats().in_flight > 0 {
        tokio::task::yield_now().await;
    }
}
