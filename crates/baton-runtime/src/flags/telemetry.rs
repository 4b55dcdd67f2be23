//! The fields of telemetry (`docs/spec/connector-runtime.md` 1.3, 7.2).

use crate::field::{Field, heading};

/// Where everything goes. Set, it switches telemetry on.
pub(crate) const ENDPOINT: &str = "otel-collector-endpoint";
/// The collector's certificate authority: a file.
pub(crate) const CERT_PATH: &str = "otel-collector-endpoint-tls-cert-path";
/// The same as text.
pub(crate) const CERT: &str = "otel-collector-endpoint-tls-cert";
/// Whether the collector is spoken to without TLS.
pub(crate) const INSECURE: &str = "otel-collector-endpoint-tls-insecure";
/// Whether no spans are sent.
pub(crate) const NO_TRACES: &str = "otel-tracing-disabled";
/// Whether no log lines are sent.
pub(crate) const NO_LOGS: &str = "otel-logging-disabled";

/// All of them.
pub(crate) const TELEMETRY: [Field; 6] = [
    Field::text(ENDPOINT)
        .value_name("HOST:PORT")
        .help(heading::LOGGING, "Send traces, logs and metrics to this OpenTelemetry collector")
        .more("By OTLP over gRPC with TLS. A collector that is away is told of once and costs nothing but what it misses.")
        .rarely_needed(),
    Field::text(CERT_PATH)
        .file()
        .help(heading::LOGGING, "Certificate authorities that vouch for the OpenTelemetry collector, a PEM file")
        .rarely_needed(),
    Field::text(CERT)
        .value_name("BASE64")
        .help(heading::LOGGING, "Certificate authorities that vouch for the OpenTelemetry collector: the PEM in base64url without padding")
        .rarely_needed(),
    Field::switch(INSECURE, false).help(heading::LOGGING, "Send to the OpenTelemetry collector without TLS").rarely_needed(),
    Field::switch(NO_TRACES, false)
        .help(heading::LOGGING, "Send no traces to the OpenTelemetry collector")
        .more("With --otel-logging-disabled as well, nothing at all is sent.")
        .rarely_needed(),
    Field::switch(NO_LOGS, false).help(heading::LOGGING, "Send no logs to the OpenTelemetry collector").rarely_needed(),
];
