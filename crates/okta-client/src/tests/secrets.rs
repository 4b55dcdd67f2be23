//! The credential is sent to Okta and shown nowhere else.

use std::sync::{Arc, Mutex};

use super::server::{Reply, Server};
use crate::endpoints::{org, users};
use crate::models::Org;

const SECRET: &str = "00verysecret";

#[tokio::test(start_paused = true)]
async fn every_call_carries_the_token_and_our_headers() {
    let server = Server::new(|_| Reply::json(200, "[]"));
    server.client(|_| {}).page(&users::list(200), None).await.unwrap();
    let headers = &server.seen()[0].headers;
    assert_eq!(headers["authorization"], format!("SSWS {SECRET}"));
    assert_eq!(headers["accept"], "application/json");
    assert!(headers["content-type"].to_str().unwrap().contains("omitCredentials"));
}

#[tokio::test(start_paused = true)]
async fn neither_debug_nor_errors_show_it() {
    let server =
        Server::new(|_| Reply::json(401, r#"{"errorCode":"E0000011","errorSummary":"Invalid token provided"}"#));
    let client = server.client(|_| {});
    let error = client.get::<Org>(&org::get()).await.unwrap_err();
    let shown = format!("{error} {error:?} {client:?} {:?}", client.traffic());
    assert!(!shown.contains(SECRET), "{shown}");
    assert!(error.to_string().contains("wrong, expired or revoked"), "{error}");
}

/// Collects what is logged at any level.
pub(super) struct Log(pub(super) Arc<Mutex<String>>);

impl tracing::Subscriber for Log {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        struct Fields<'l>(&'l mut String);
        impl tracing::field::Visit for Fields<'_> {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                self.0.push_str(&format!("{field}={value:?} "));
            }
        }
        event.record(&mut Fields(&mut self.0.lock().unwrap()));
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test(start_paused = true)]
async fn the_log_names_the_call_and_nothing_more() {
    let log = Arc::new(Mutex::new(String::new()));
    let _guard = tracing::subscriber::set_default(Log(Arc::clone(&log)));
    let server = Server::script(vec![|| Reply::json(503, ""), || {
        Reply::json(200, r#"{"id":"00o1","companyName":"A private name"}"#)
    }]);
    server.client(|_| {}).get::<Org>(&org::get()).await.unwrap();
    let log = log.lock().unwrap().clone();
    assert!(log.contains("/api/v1/org") && log.contains("status=200"), "{log}");
    assert!(!log.contains(SECRET) && !log.contains("private name"), "{log}");
}
