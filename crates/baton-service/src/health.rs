//! Health checks over HTTP, and the client that asks for them (`docs/spec/connector-runtime.md` 7.1).
//!
//! `/live` says that the loop turns, `/ready` that C1 has taken our Hello, `/health` that the connector's system can be
//! used. That C1 cannot be reached makes none of them fail: a restart would not help, and cost the progress of what
//! runs. `/health` tells of it, and `/metrics` counts.
//!
//! Anybody who reaches the port can ask. The answers give reasons as one of a few fixed sentences; names, addresses and
//! what others have said are in the log only.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use baton_connector::{Source, SourceErrorKind};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

use crate::config::HealthBind;
use crate::error::ServiceError;
use crate::metrics::Metrics;
use crate::status::Status;

/// How long the head of a request may take.
const HEAD: Duration = Duration::from_secs(10);
/// How long the check of the connector may take.
const CHECK: Duration = Duration::from_secs(30);
/// For how long what it found is good: probes come every few seconds, and each check is a request to the system.
const GOOD_FOR: Duration = Duration::from_secs(60);

/// What is asked about health.
pub(crate) struct Health {
    source: Arc<dyn Source>,
    status: Arc<Status>,
    metrics: Arc<Metrics>,
    /// When the connector was checked last, and why it cannot be used.
    checked: Mutex<Option<(Instant, Option<&'static str>)>>,
}

/// A running server. It ends when this is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    running: JoinHandle<()>,
}

impl Server {
    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.running.abort();
    }
}

/// Serves health checks.
pub(crate) async fn serve(bind: HealthBind, health: Arc<Health>) -> Result<Server, ServiceError> {
    let failed =
        |error: std::io::Error| ServiceError::Health { address: bind.address.to_string(), reason: error.to_string() };
    let listener = TcpListener::bind(bind.address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let running = tokio::spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(connection(stream, Arc::clone(&health)));
                    }
                    // The process is out of descriptors or the like: others have to close first.
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a health check");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                },
                Some(_) = connections.join_next() => {}
            }
        }
    });
    Ok(Server { address, running })
}

async fn connection(stream: TcpStream, health: Arc<Health>) {
    let serve = service_fn(|request| {
        let health = Arc::clone(&health);
        async move { Ok::<_, Infallible>(health.answer(&request).await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD);
    if let Err(error) = builder.serve_connection(TokioIo::new(stream), serve).await {
        tracing::debug!(%error, "health check broken off");
    }
}

impl Health {
    pub(crate) fn new(source: Arc<dyn Source>, status: Arc<Status>, metrics: Arc<Metrics>) -> Self {
        Self { source, status, metrics, checked: Mutex::default() }
    }

    async fn answer<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        match request.uri().path() {
            "/health" => self.health().await,
            "/ready" => self.ready(),
            "/live" => self.live(),
            "/metrics" => text(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", self.metrics.prometheus()),
            _ => text(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", "404 page not found\n".to_owned()),
        }
    }

    async fn health(&self) -> Response<Full<Bytes>> {
        let mut details = self.details();
        if let Some(error) = self.check().await {
            details.insert("error".to_owned(), "connector validation failed".into());
            details.insert("validation_error".to_owned(), error.into());
            return told(StatusCode::SERVICE_UNAVAILABLE, "unhealthy", details);
        }
        let word = if details.is_empty() { "healthy" } else { "degraded" };
        told(StatusCode::OK, word, details)
    }

    fn ready(&self) -> Response<Full<Bytes>> {
        let status = self.status.get();
        let mut details = self.details();
        let why = match (status.stopping, status.greeted) {
            (true, _) => "the connector is stopping",
            (false, false) => "C1 has not taken our Hello yet",
            (false, true) => return told(StatusCode::OK, "ready", details),
        };
        details.insert("error".to_owned(), why.into());
        told(StatusCode::SERVICE_UNAVAILABLE, "not_ready", details)
    }

    fn live(&self) -> Response<Full<Bytes>> {
        if self.status.get().is_stuck() {
            let details = Map::from_iter([("error".to_owned(), "the task loop does not turn".into())]);
            return told(StatusCode::SERVICE_UNAVAILABLE, "stuck", details);
        }
        told(StatusCode::OK, "alive", Map::new())
    }

    /// What is not as it should be with C1.
    fn details(&self) -> Map<String, Value> {
        let status = self.status.get();
        let mut details = Map::new();
        if let Some((since, reason)) = status.unreachable {
            let seconds = since.elapsed().as_secs();
            details.insert("c1".to_owned(), json!({"unreachable_for_seconds": seconds, "error": reason}));
        }
        if status.undelivered > 0 {
            details.insert("undelivered_finishes".to_owned(), status.undelivered.into());
        }
        details
    }

    /// Why the connector cannot be used, if it cannot. Asked once for all who ask at the same time.
    async fn check(&self) -> Option<&'static str> {
        let mut checked = self.checked.lock().await;
        if let Some((at, reason)) = checked.as_ref().filter(|(at, _)| at.elapsed() < GOOD_FOR) {
            tracing::trace!(age = ?at.elapsed(), "health known");
            return *reason;
        }
        let (reason, message) = match tokio::time::timeout(CHECK, self.source.validate()).await {
            Ok(Ok(())) => (None, String::new()),
            Ok(Err(error)) => (Some(in_short(error.kind)), error.message),
            Err(_) => (Some(in_short(SourceErrorKind::Timeout)), format!("no answer within {} s", CHECK.as_secs())),
        };
        if let Some(reason) = reason.filter(|reason| checked.is_none_or(|(_, before)| before != Some(reason))) {
            tracing::warn!(reason, error = message, "health check: the connector cannot be used");
        }
        *checked = Some((Instant::now(), reason));
        reason
    }
}

/// Why the connector cannot be used, in a few fixed words.
fn in_short(kind: SourceErrorKind) -> &'static str {
    match kind {
        SourceErrorKind::Unauthenticated => "the credential is refused",
        SourceErrorKind::Forbidden => "the credential lacks a permission",
        SourceErrorKind::Invalid | SourceErrorKind::StaleCursor => "the settings are wrong",
        SourceErrorKind::NotFound => "the system is not found",
        SourceErrorKind::Timeout => "the system does not answer in time",
        SourceErrorKind::Exhausted => "the system's rate limit is exhausted",
        SourceErrorKind::Unavailable => "the system cannot be reached",
        SourceErrorKind::Unreadable => "the system's answer cannot be understood",
        SourceErrorKind::Cancelled => "the check was cancelled",
    }
}

fn told(status: StatusCode, word: &str, details: Map<String, Value>) -> Response<Full<Bytes>> {
    let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap_or_default();
    let mut body = json!({"status": word, "timestamp": now.to_string()});
    if !details.is_empty() {
        body["details"] = Value::Object(details);
    }
    text(status, "application/json", format!("{body}\n"))
}

fn text(status: StatusCode, kind: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// A question about the health of a connector in another process.
#[derive(Debug, Clone)]
pub struct HealthCheck {
    /// Where it answers.
    pub address: SocketAddr,
    /// What is asked: `health`, `ready` or `live`.
    pub endpoint: String,
    /// How long the answer may take.
    pub timeout: Duration,
}

/// Why a connector is not healthy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HealthCheckError {
    /// There is no such question.
    #[error("there is no endpoint {0:?}\nhint: health, ready and live can be asked for")]
    Endpoint(String),
    /// It answers that it is not.
    #[error("health check returned status {0}")]
    Status(u16),
    /// It does not answer.
    #[error("the connector does not answer: {0}\nhint: does it run with --health-check, at this port?")]
    Silent(String),
}

impl HealthCheckError {
    /// The exit code of a program that ends with it.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::Endpoint(_) | Self::Status(_) => 2,
            Self::Silent(_) => 14,
        }
    }
}

/// Asks a connector how it is.
///
/// # Errors
/// It is not well, does not answer, or there is no such question.
pub async fn health_check(check: &HealthCheck) -> Result<(), HealthCheckError> {
    if !["health", "ready", "live"].contains(&check.endpoint.as_str()) {
        return Err(HealthCheckError::Endpoint(check.endpoint.clone()));
    }
    let silent = |error: reqwest::Error| HealthCheckError::Silent(crate::c1::network::reason(&error));
    // It is on this machine: no proxy leads there.
    let client = reqwest::Client::builder().no_proxy().timeout(check.timeout).build().map_err(silent)?;
    let url = format!("http://{}/{}", check.address, check.endpoint);
    let status = client.get(url).send().await.map_err(silent)?.status();
    if status == StatusCode::OK { Ok(()) } else { Err(HealthCheckError::Status(status.as_u16())) }
}
