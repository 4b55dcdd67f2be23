//! What is told about the health of the service.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use baton_service::{Event, HealthCheck, HealthCheckError, ServiceError, health_check};
use c1_sim::Mode;
use serde_json::Value;

use crate::support::{Stage, any_port, tasks, until, within};

/// Asks, and returns status and body.
async fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let response = client.get(format!("http://{address}{path}")).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

async fn told(address: SocketAddr, path: &str) -> (u16, Value) {
    let (status, body) = get(address, path).await;
    assert!(body.ends_with("}\n"), "{body}");
    (status, serde_json::from_str(&body).unwrap())
}

async fn listening(stage: &Stage) -> SocketAddr {
    let found = || {
        stage.seen.find(|event| match event {
            Event::Listening(address) => Some(*address),
            _ => None,
        })
    };
    until(|| found().is_some()).await;
    found().unwrap()
}

#[tokio::test]
async fn ready_after_hello_and_alive_all_the_time() {
    let mut stage = Stage::new().await;
    stage.adjust = |config| config.health = Some(any_port());
    stage.c1.set_mode(Mode::Failing);
    let running = stage.start();
    let address = listening(&stage).await;
    let (status, body) = told(address, "/ready").await;
    assert_eq!((status, &body["status"]), (503, &Value::from("not_ready")));
    assert!(body["details"]["error"].as_str().unwrap().contains("Hello"));
    assert_eq!(told(address, "/live").await.1["status"], "alive");
    let timestamp = body["timestamp"].as_str().unwrap();
    assert!(timestamp.ends_with('Z') && timestamp.len() == 20, "{timestamp}");
    let outages = || stage.seen.count(|event| matches!(event, Event::Unreachable { .. }));
    until(|| outages() == 1).await;

    stage.c1.set_mode(Mode::Serving);
    until(|| stage.seen.count(|event| matches!(event, Event::Ready)) == 1).await;
    assert_eq!(told(address, "/ready").await.0, 200);
    let (status, body) = told(address, "/health").await;
    assert_eq!((status, &body["status"]), (200, &Value::from("healthy")));
    for _ in 0..5 {
        told(address, "/health").await;
    }
    assert_eq!(stage.system.validations.load(std::sync::atomic::Ordering::SeqCst), 1, "probes are not passed on");
    assert_eq!(get(address, "/nothing").await.0, 404);

    // An outage of C1 is told of, and nobody should restart us for it.
    stage.c1.set_mode(Mode::Failing);
    until(|| outages() == 2).await;
    let (status, body) = told(address, "/health").await;
    assert_eq!((status, &body["status"]), (200, &Value::from("degraded")));
    assert_eq!(body["details"]["c1"]["error"], "C1 cannot be reached", "no address, no text of others");
    assert_eq!((told(address, "/ready").await.0, told(address, "/live").await.0), (200, 200));
    assert!(get(address, "/metrics").await.1.contains("\nbaton_c1_up 0\n"));
    running.stop().await;
}

#[tokio::test]
async fn a_connector_that_cannot_be_used_is_unhealthy() {
    let mut stage = Stage::new().await;
    stage.adjust = |config| config.health = Some(any_port());
    stage.system.set_reachable(false);
    let running = stage.start();
    let (status, body) = told(listening(&stage).await, "/health").await;
    assert_eq!((status, &body["status"]), (503, &Value::from("unhealthy")));
    assert_eq!(body["details"]["error"], "connector validation failed");
    assert_eq!(body["details"]["validation_error"], "the system cannot be reached", "no text of others");
    running.stop().await;
}

#[tokio::test]
async fn everything_is_counted() {
    let mut stage = Stage::new().await;
    stage.adjust = |config| config.health = Some(any_port());
    let config = stage.config();
    let metrics = Arc::clone(&config.metrics);
    let running = stage.start_with(config);
    let address = listening(&stage).await;
    stage.c1.hand_out(tasks::sync());
    stage.c1.hand_out(tasks::grant("g1", "u1"));
    stage.c1.hand_out(tasks::grant("g1", "half"));
    within(stage.c1.all_finished()).await;
    until(|| stage.seen.count(|event| matches!(event, Event::TaskFinished { .. })) == 3).await;
    let (status, text) = get(address, "/metrics").await;
    assert_eq!(status, 200);
    for line in [
        "baton_tasks_total{kind=\"sync_full\",code=\"OK\"} 1",
        "baton_tasks_total{kind=\"grant\",code=\"OK\"} 1",
        "baton_tasks_total{kind=\"grant\",code=\"Internal\"} 1",
        "baton_synced_rows_total{resource_type=\"user\",row=\"resource\"} 45",
        "baton_synced_rows_total{resource_type=\"group\",row=\"grant\"} 60",
        "baton_c1_calls_total{method=\"FinishTask\",code=\"OK\"} 3",
        "baton_c1_up 1",
        "baton_ready 1",
        "baton_tasks_running 0",
        "baton_build_info{name=\"baton-made-up\",version=\"1.2.3\"} 1",
    ] {
        assert!(text.lines().any(|told| told == line), "{line} is not in\n{text}");
    }
    assert!(metrics.families().iter().any(|family| family.name == "baton_tasks_total"), "for other exporters too");
    running.stop().await;
}

#[tokio::test]
async fn somebody_else_can_ask() {
    let mut stage = Stage::new().await;
    stage.adjust = |config| config.health = Some(any_port());
    let running = stage.start();
    let address = listening(&stage).await;
    until(|| stage.seen.count(|event| matches!(event, Event::Ready)) == 1).await;
    let ask = |endpoint: &str| HealthCheck { address, endpoint: endpoint.to_owned(), timeout: Duration::from_secs(10) };
    for endpoint in ["health", "ready", "live"] {
        health_check(&ask(endpoint)).await.unwrap();
    }
    let wrong = health_check(&ask("metrics")).await.unwrap_err();
    assert_eq!((wrong.code(), &wrong), (2, &HealthCheckError::Endpoint("metrics".to_owned())));
    running.stop().await;
    let gone = health_check(&ask("live")).await.unwrap_err();
    assert!(matches!(gone, HealthCheckError::Silent(_)) && gone.code() == 14, "{gone}");

    stage.system.set_reachable(false);
    let running = stage.start_with({
        let mut config = stage.config();
        config.health = Some(baton_service::HealthBind { address });
        config
    });
    until(|| stage.seen.count(|event| matches!(event, Event::Listening(_))) == 2).await;
    let sick = health_check(&ask("health")).await.unwrap_err();
    assert_eq!(sick.to_string(), "health check returned status 503");
    // The port is taken now.
    let mut config = stage.config();
    config.health = Some(baton_service::HealthBind { address });
    let error = stage.start_with(config).ended().await.unwrap_err();
    assert!(matches!(error, ServiceError::Health { .. }), "{error}");
    running.stop().await;
}
