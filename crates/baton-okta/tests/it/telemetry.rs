//! Telemetry of the built binary, as a collector sees it.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use c1_sim::tasks;
use okta_sim::{Org, SimConfig};

use crate::collector::{Collector, body, texts};
use crate::serving::Stage;
use crate::support::{Lab, Outcome};

fn lab() -> Lab {
    Lab::start(SimConfig { log_requests: true, ..SimConfig::new(Org::facts()) })
}

fn sync(lab: &Lab, collector: &Collector, arguments: &[&str]) -> Outcome {
    let plain = ["--otel-collector-endpoint", &collector.address, "--otel-collector-endpoint-tls-insecure"];
    let outcome = lab.run(&[&plain, arguments].concat());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    outcome
}

/// Warnings about the collector.
fn warnings(outcome: &Outcome) -> usize {
    let about = |line: &serde_json::Value| line["msg"].as_str().unwrap().contains("OpenTelemetry collector");
    outcome.logs().iter().filter(|line| line["level"] == "warn" && about(line)).count()
}

#[test]
fn a_sync_is_a_trace_from_its_beginning_to_every_request() {
    let (lab, collector) = (lab(), Collector::plain());
    sync(&lab, &collector, &[]);
    let spans = collector.spans();
    let root = collector.span("task sync_full");
    assert!(root.parent_span_id.is_empty());
    assert_eq!(texts(&root.attributes), "task_type=sync_full");
    let parents: BTreeSet<_> = spans.iter().map(|span| span.span_id.clone()).collect();
    for span in &spans {
        assert_eq!(span.trace_id, root.trace_id, "{}", span.name);
        assert!(*span == root || parents.contains(&span.parent_span_id), "{}", span.name);
        assert!(span.events.is_empty(), "log lines go another way: {span:?}");
    }
    let requests: Vec<_> = spans.iter().filter(|span| span.name.starts_with("GET ")).collect();
    assert_eq!(requests.len() as u64, lab.sim().stats().requests, "each request, once");
    let users = collector.span("GET /api/v1/users");
    assert_eq!(users.kind, 3, "a client's");
    let told = texts(&users.attributes);
    for part in ["http.response.status_code=200", "http.request.method=GET", "server.address=localhost", "bucket="] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let page = spans.iter().find(|span| span.span_id == users.parent_span_id).unwrap();
    assert!(page.name.starts_with("read "), "{}", page.name);
    collector.span("seal");
    collector.look(|taken| {
        let resource = taken.traces[0].resource_spans[0].resource.clone().unwrap();
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(texts(&resource.attributes), format!("service.name=baton-okta-server service.version={version}"));
        assert_eq!(taken.connections, 1, "everything goes over one connection");
    });
}

#[test]
fn logs_carry_the_trace_and_no_secret() {
    let (lab, collector) = (lab(), Collector::plain());
    let outcome = sync(&lab, &collector, &["--log-level", "debug"]);
    let root = collector.span("task sync_full");
    let complete = collector.record("Sync complete.");
    assert_eq!((&complete.trace_id, complete.severity_text.as_str()), (&root.trace_id, "info"));
    let told = texts(&complete.attributes);
    assert!(told.contains("code.file.path=") && told.contains("code.line.number="), "{told}");
    let debug = collector.records().into_iter().filter(|record| record.severity_text == "debug").count();
    assert!(debug > 10, "every request is told of: {debug}");
    assert_eq!(collector.records().len(), outcome.logs().len(), "the same lines as on stderr");
    let everything = collector.look(|taken| format!("{:?} {:?} {:?}", taken.logs, taken.traces, taken.metrics));
    assert!(!everything.contains(lab.sim().token()));
    // The same trace on stderr, in Datadog's form.
    let line = outcome.log("Sync complete.");
    let trace = u64::from_be_bytes(root.trace_id[8..].try_into().unwrap());
    let span = u64::from_be_bytes(root.span_id.clone().try_into().unwrap());
    assert_eq!((&line["dd.trace_id"], &line["dd.span_id"]), (&trace.to_string().into(), &span.to_string().into()));
    assert_eq!(lab.run(&[]).log("Sync complete.").get("dd.trace_id"), None, "none without traces");
}

#[test]
fn metrics_are_those_of_the_run() {
    let (lab, collector) = (lab(), Collector::plain());
    sync(&lab, &collector, &[]);
    assert_eq!(collector.numbers("baton.tasks")["code=OK kind=sync_full"], 1.0);
    assert_eq!(collector.numbers("baton.task.duration")["code=OK kind=sync_full"], 1.0);
    let calls: f64 = collector.numbers("baton.source.calls").values().sum();
    assert_eq!(calls, lab.sim().stats().requests as f64);
    assert_eq!(collector.numbers("baton.source.throttled").values().sum::<f64>(), 0.0);
    assert!(!collector.numbers("baton.source.wait").is_empty());
    let users = lab.resource_ids("sync.c1z", "user").len() as f64;
    assert_eq!(collector.numbers("baton.synced.rows")["resource_type=user row=resource"], users);
    let units: Vec<_> = collector.metrics().iter().map(|metric| metric.unit.clone()).collect();
    assert!(units.contains(&"s".to_owned()));
}

#[test]
fn a_change_is_told_of_too_and_so_is_its_failure() {
    let (lab, collector) = (lab(), Collector::plain());
    let flags = ["--otel-collector-endpoint", &collector.address, "--otel-collector-endpoint-tls-insecure"];
    let failed =
        lab.run(&[&flags[..], &["--delete-resource", "00gnobody", "--delete-resource-type", "nothing"]].concat());
    assert_ne!(failed.code, 0);
    let span = collector.span("task delete_resource");
    assert_eq!(span.status.unwrap().code, 2, "an error");
    let tasks = collector.numbers("baton.tasks");
    assert!(tasks.keys().all(|told| told.ends_with("kind=delete_resource") && !told.contains("OK")), "{tasks:?}");
    let failure = collector.records().into_iter().find(|record| record.severity_text == "error").unwrap();
    assert!(body(&failure).contains("failed"), "{}", body(&failure));
}

#[test]
fn over_tls_with_an_authority_of_ones_own() {
    let (lab, collector) = (lab(), Collector::tls());
    fs::write(lab.path("collector.pem"), &collector.ca).unwrap();
    let text = URL_SAFE_NO_PAD.encode(&collector.ca);
    for trust in
        [["--otel-collector-endpoint-tls-cert-path", "collector.pem"], ["--otel-collector-endpoint-tls-cert", &text]]
    {
        let endpoint = ["--otel-collector-endpoint", &collector.address];
        let before = collector.spans().len();
        let outcome = lab.run(&[endpoint, trust].concat());
        assert_eq!((outcome.code, warnings(&outcome)), (0, 0), "{}", outcome.stderr);
        assert!(collector.spans().len() > before);
    }
    // Somebody whom nobody vouches for gets nothing, and the sync does not mind.
    let before = collector.spans().len();
    let outcome = lab.run(&["--otel-collector-endpoint", &collector.address]);
    assert_eq!((outcome.code, warnings(&outcome)), (0, 1), "{}", outcome.stderr);
    assert_eq!(collector.spans().len(), before);
}

#[test]
fn a_collector_that_is_dead_or_dumb_does_no_harm() {
    let lab = lab();
    // One port where nobody listens, and one where nobody answers.
    let silent = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = silent.local_addr().unwrap().port();
    for endpoint in ["localhost:1".to_owned(), format!("localhost:{port}")] {
        let flags = ["--otel-collector-endpoint", &endpoint, "--otel-collector-endpoint-tls-insecure"];
        let outcome = lab.run(&flags);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        assert!(warnings(&outcome) <= 1, "told once: {}", outcome.stderr);
        assert!(!lab.resource_ids("sync.c1z", "user").is_empty());
        fs::remove_file(lab.path("sync.c1z")).unwrap();
    }
}

#[test]
fn each_part_can_be_left_out() {
    let lab = lab();
    let collector = Collector::plain();
    sync(&lab, &collector, &["--otel-tracing-disabled"]);
    assert!(collector.spans().is_empty() && !collector.records().is_empty() && !collector.metrics().is_empty());
    let collector = Collector::plain();
    sync(&lab, &collector, &["--otel-logging-disabled"]);
    assert!(!collector.spans().is_empty() && collector.records().is_empty() && !collector.metrics().is_empty());
    let collector = Collector::plain();
    sync(&lab, &collector, &["--otel-tracing-disabled", "--otel-logging-disabled"]);
    assert_eq!(collector.look(|taken| taken.connections), 0);
}

#[test]
fn wrong_settings_are_told_before_anything_is_asked() {
    let lab = lab();
    fs::write(lab.path("empty.pem"), "nothing").unwrap();
    for (flags, words) in [
        (vec!["--otel-collector-endpoint", "unix:///otel.sock"], "--otel-collector-endpoint"),
        (
            vec!["--otel-collector-endpoint", "o:4317", "--otel-collector-endpoint-tls-cert-path", "missing.pem"],
            "cannot read missing.pem",
        ),
        (
            vec!["--otel-collector-endpoint", "o:4317", "--otel-collector-endpoint-tls-cert-path", "empty.pem"],
            "no certificate",
        ),
        (vec!["--otel-collector-endpoint", "o:4317", "--otel-collector-endpoint-tls-cert", "!!"], "base64url"),
        (vec!["--log-level", "debug", "--log-level-debug-expires-at", "tomorrow"], "2027-01-31T12:00:00Z"),
    ] {
        let outcome = lab.run(&flags);
        assert_eq!(outcome.code, 2, "{}", outcome.stderr);
        assert!(outcome.stderr.contains(words), "{words}: {}", outcome.stderr);
    }
    assert_eq!(lab.sim().stats().requests, 0);
}

#[test]
fn in_service_mode_every_task_is_a_trace() {
    let (stage, collector) = (Stage::new(), Collector::plain());
    let (group, user) = stage.lab.sim().change_org(|org| {
        (org.add_group("Strangers"), org.add_user("Stran", "Ger", "stranger@acme.example", "ACTIVE"))
    });
    let flags = ["--otel-collector-endpoint", &collector.address, "--otel-collector-endpoint-tls-insecure"];
    let service = stage.start(&[&flags[..], &["--provisioning"]].concat());
    assert!(stage.finish(tasks::sync()).is_success());
    assert!(stage.finish(tasks::grant(&group, &user)).is_success());
    assert!(!stage.finish(tasks::grant(&group, "00u0nobody")).is_success());
    assert_eq!(service.stop().code, 0);

    // All of it is there although the process has ended.
    let (sync, given) = (collector.span("task sync_full"), collector.span("task grant"));
    assert_ne!(sync.trace_id, given.trace_id);
    let in_trace = |trace: &[u8], name: &str| {
        collector.spans().iter().any(|span| span.trace_id == trace && span.name.starts_with(name))
    };
    for name in ["GET /api/v1/users", "read ", "seal", "c1.connectorapi.baton.v1.BatonService/UploadAsset"] {
        assert!(in_trace(&sync.trace_id, name), "{name}");
    }
    for name in ["PUT /api/v1/groups/{id}/users/{id}", "c1.connectorapi.baton.v1.BatonService/FinishTask"] {
        assert!(in_trace(&given.trace_id, name), "{name}");
    }
    let grants: Vec<_> = collector.spans().into_iter().filter(|span| span.name == "task grant").collect();
    let failed = grants.iter().filter(|span| span.status.as_ref().is_some_and(|status| status.code == 2)).count();
    assert_eq!((grants.len(), failed), (2, 1));
    let tasks = collector.numbers("baton.tasks");
    assert_eq!((tasks["code=OK kind=grant"], tasks["code=OK kind=sync_full"]), (1.0, 1.0));
    assert_eq!(collector.numbers("baton.finishes.undelivered").values().sum::<f64>(), 0.0);
    let done = collector.records().into_iter().find(|record| body(record) == "task completed").unwrap();
    assert!(!done.trace_id.is_empty());
    let everything = collector.look(|taken| format!("{:?} {:?}", taken.logs, taken.traces));
    assert!(!everything.contains(stage.c1.client_secret()) && !everything.contains(stage.lab.sim().token()));
}
