//! Telemetry: what a run does, as traces, logs and metrics for an OpenTelemetry collector
//! (`docs/spec/connector-runtime.md` 7.2).
//!
//! ```text
//! tracing spans of our crates ─► OpenTelemetry's SDK ─► spans ───┐
//! log lines, cleaned of secrets ─► OpenTelemetry's SDK ─► logs ──┼─► collector: one HTTP/2 connection, OTLP over gRPC
//! counters (baton_service::metrics), once a minute ──► metrics ──┘
//! ```
//!
//! The SDK batches; the requests go through the same HTTP client as everything else in this program, so that roots,
//! `SSL_CERT_FILE` and proxies mean the same. Nothing here waits for the collector but [`Telemetry::end`], and that only so
//! long: a collector that is away or slow costs nothing but what it misses.

mod collector;
mod logs;
mod metrics;
mod spans;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use baton_service::metrics::Metrics;
use opentelemetry::InstrumentationScope;
use opentelemetry::KeyValue;
use opentelemetry::logs::LoggerProvider as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tokio::runtime::Handle;

use crate::failure::Failure;
use crate::flags::telemetry::{ENDPOINT, NO_LOGS, NO_TRACES};
use crate::logs::Level;
use crate::program::Program;
use crate::redact::Redactor;
use crate::settings::Settings;
use collector::Collector;
pub(crate) use logs::LogSender;

/// How often metrics are sent.
const EVERY: Duration = Duration::from_secs(60);

/// Telemetry that is switched on.
pub(crate) struct Telemetry {
    collector: Arc<Collector>,
    spans: Option<SdkTracerProvider>,
    logs: Option<SdkLoggerProvider>,
    scope: InstrumentationScope,
    metrics: Arc<Metrics>,
    began: SystemTime,
}

impl Telemetry {
    /// Prepares what the settings ask for; `None` if they ask for nothing. Asks nothing of the collector yet.
    ///
    /// # Errors
    ///
    /// What is wrong with the settings.
    pub(crate) fn start(
        settings: &Settings,
        program: &dyn Program,
        redactor: &Arc<Redactor>,
        metrics: &Arc<Metrics>,
        runtime: &Handle,
    ) -> Result<Option<Self>, Failure> {
        let (no_traces, no_logs) = (settings.switch(NO_TRACES), settings.switch(NO_LOGS));
        if settings.text(ENDPOINT).is_empty() || (no_traces && no_logs) {
            return Ok(None);
        }
        let service = format!("{}-server", program.name());
        let version = KeyValue::new("service.version", program.version());
        let resource = Resource::builder_empty().with_service_name(service.clone()).with_attribute(version).build();
        let agent = format!("{}/{}", program.name(), program.version());
        let collector = Arc::new(Collector::new(settings, &agent, &resource, runtime)?);
        let exporter = || spans::Exporter::new(Arc::clone(&collector), Arc::clone(redactor));
        let spans = (!no_traces).then(|| {
            SdkTracerProvider::builder().with_resource(resource.clone()).with_batch_exporter(exporter()).build()
        });
        let logs = (!no_logs).then(|| {
            let exporter = logs::Exporter::new(Arc::clone(&collector));
            SdkLoggerProvider::builder().with_resource(resource.clone()).with_batch_exporter(exporter).build()
        });
        let scope = InstrumentationScope::builder(service).with_version(program.version()).build();
        let telemetry = Self { collector, spans, logs, scope, metrics: Arc::clone(metrics), began: SystemTime::now() };
        telemetry.send_metrics_regularly(runtime);
        Ok(Some(telemetry))
    }

    /// What makes spans, unless they are switched off.
    pub(crate) fn tracer(&self) -> Option<SdkTracer> {
        self.spans.as_ref().map(|spans| spans.tracer_with_scope(self.scope.clone()))
    }

    /// What sends log lines of at least this level, unless they are switched off.
    pub(crate) fn logs(&self, level: Level) -> Option<LogSender> {
        let logger = self.logs.as_ref()?.logger_with_scope(self.scope.clone());
        Some(LogSender::new(logger, level))
    }

    fn send_metrics_regularly(&self, runtime: &Handle) {
        let (collector, metrics, began) = (Arc::clone(&self.collector), Arc::clone(&self.metrics), self.began);
        let scope = self.scope.clone();
        runtime.spawn(async move {
            loop {
                tokio::time::sleep(EVERY).await;
                // Whatever went wrong has been told.
                let _ = collector.send(metrics::PATH, metrics::request(&metrics, &collector, &scope, began)).await;
            }
        });
    }

    /// Sends what is left, within `limit`. The runtime must still run, and this must not be called on it.
    pub(crate) fn end(&self, runtime: &Handle, limit: Duration) {
        let begun = Instant::now();
        let left = || limit.saturating_sub(begun.elapsed());
        self.collector.hurry();
        // What the SDK says about it is known from the collector.
        if let Some(spans) = &self.spans {
            let _ = spans.shutdown_with_timeout(left());
        }
        let request = metrics::request(&self.metrics, &self.collector, &self.scope, self.began);
        let sending = self.collector.send(metrics::PATH, request);
        let _ = runtime.block_on(async { tokio::time::timeout(left(), sending).await });
        if let Some(logs) = &self.logs {
            let _ = logs.shutdown_with_timeout(left());
        }
    }
}
