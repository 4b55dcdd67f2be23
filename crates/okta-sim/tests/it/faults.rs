//! Faults on purpose.

use std::time::Duration;

use okta_sim::{Fault, FaultRule, Faults, Org, SimConfig};

use crate::client::Client;

async fn failing(rule: FaultRule) -> Client {
    Client::start(SimConfig {
        faults: rule.into(),
        page_cap: Some(2),
        log_requests: true,
        ..SimConfig::new(Org::facts())
    })
    .await
}

#[tokio::test]
async fn a_fault_hits_the_page_and_the_attempt_that_it_is_for() {
    let client = failing(FaultRule::on("/api/v1/users", Fault::Status(500)).page(2).first(1)).await;
    let first = client.get("/api/v1/users?search=status+pr").await;
    let next = first.link("next").unwrap().strip_prefix(&client.sim.url()).unwrap().to_owned();
    assert_eq!(client.get(&next).await.refusal(), (500, "E0000009".to_owned()));
    assert_eq!(client.get(&next).await.status, 200);
    assert_eq!(client.get("/api/v1/users").await.status, 200);
    let stats = client.sim.stats();
    assert_eq!((stats.faults, stats.requests), (1, 4));
    let log: Vec<u16> = stats.log.iter().map(|request| request.status).collect();
    assert_eq!(log, [200, 500, 200, 200]);
    assert_eq!(stats.log[1].target, next);
}

#[tokio::test]
async fn a_fault_can_be_for_one_object() {
    let client = failing(FaultRule::on("/api/v1/groups/00g2push/users", Fault::Status(404))).await;
    assert_eq!(client.get("/api/v1/groups/00g2push/users").await.refusal().0, 404);
    assert_eq!(client.get("/api/v1/groups/00g1eng/users").await.status, 200);
}

#[tokio::test]
async fn answers_can_be_of_every_bad_kind() {
    let at = |fault| FaultRule::on("/api/v1/org", fault);
    let client = failing(at(Fault::Html(200))).await;
    let html = client.get("/api/v1/org").await;
    assert_eq!((html.status.as_u16(), html.header("content-type")), (200, "text/html;charset=utf-8"));
    let client = failing(at(Fault::Empty(503))).await;
    assert_eq!((client.get("/api/v1/org").await.text, 0), (String::new(), 0));
    let client = failing(at(Fault::Code(403, "E0000015"))).await;
    assert_eq!(client.get("/api/v1/org").await.refusal(), (403, "E0000015".to_owned()));
    let client = failing(at(Fault::InsufficientScope)).await;
    assert!(client.get("/api/v1/org").await.header("www-authenticate").contains("okta.orgs.read"));
    let client = failing(at(Fault::RateLimit)).await;
    let limited = client.get("/api/v1/org").await;
    assert_eq!((limited.status.as_u16(), limited.number("x-rate-limit-limit")), (429, 100));
    let client = failing(at(Fault::ConcurrencyLimit)).await;
    assert_eq!(client.get("/api/v1/org").await.number("x-rate-limit-limit"), 0);
    assert_eq!(client.sim.stats().throttled_concurrency, 1);
}

#[tokio::test]
async fn connections_can_break_before_and_in_the_answer() {
    let client = failing(FaultRule::on("/api/v1/org", Fault::DropConnection).first(3)).await;
    assert!(client.try_get("/api/v1/org").await.is_err());
    assert_eq!(client.sim.stats().by_status.keys().collect::<Vec<_>>(), [&0]);

    let client = failing(FaultRule::on("/api/v1/org", Fault::Truncate)).await;
    let response = client.try_get("/api/v1/org").await.unwrap();
    let promised = response.content_length().unwrap();
    assert!(promised > 500 && response.status() == 200);
    assert!(response.bytes().await.is_err(), "the body breaks off");
}

#[tokio::test]
async fn links_can_lead_astray() {
    let client = failing(FaultRule::on("/api/v1/groups", Fault::LoopingLink)).await;
    let reply = client.get("/api/v1/groups").await;
    assert_eq!(reply.link("next"), reply.link("self"));
    let client = failing(FaultRule::on("/api/v1/groups", Fault::StrayLink)).await;
    assert!(client.get("/api/v1/groups").await.link("next").unwrap().contains("/api/v1/elsewhere?after="));
}

#[tokio::test]
async fn a_delay_ends_in_the_right_answer() {
    let rules = Faults::none().and(FaultRule::on("/api/v1/org", Fault::Delay(Duration::from_millis(1))));
    let client = Client::start(SimConfig { faults: rules, ..SimConfig::new(Org::facts()) }).await;
    assert_eq!(client.get("/api/v1/org").await.status, 200);
    assert_eq!(client.sim.stats().faults, 1);
}
