//! The collector: where it is, how it is spoken to, whether it is there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use baton_proto::Message;
use baton_service::{Channel, reason};
use http::Uri;
use http::uri::PathAndQuery;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use reqwest::{Certificate, Client};
use tokio::runtime::Handle;
use tonic::client::Grpc;
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;

use super::{logs, metrics, spans};
use crate::failure::Failure;
use crate::flags::telemetry::{CERT, CERT_PATH, ENDPOINT, INSECURE};
use crate::settings::Settings;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a request may take.
const LIMIT: Duration = Duration::from_secs(10);
/// The pauses before a request is made again that the collector could not take at the moment.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];

/// The collector.
#[derive(Debug)]
pub(crate) struct Collector {
    channel: Channel,
    origin: Uri,
    resource: ResourceAttributesWithSchema,
    runtime: Handle,
    is_down: AtomicBool,
    /// The program ends: nothing is tried again.
    is_hurried: AtomicBool,
}

/// A request to the collector, and where it goes.
pub(super) trait Export: Message + Clone + 'static {
    type Answer: Message + Default + 'static;
}

impl Export for spans::ExportTraceServiceRequest {
    type Answer = spans::ExportTraceServiceResponse;
}

impl Export for logs::ExportLogsServiceRequest {
    type Answer = logs::ExportLogsServiceResponse;
}

impl Export for metrics::ExportMetricsServiceRequest {
    type Answer = metrics::ExportMetricsServiceResponse;
}

impl Collector {
    pub(super) fn new(
        settings: &Settings,
        agent: &str,
        resource: &Resource,
        runtime: &Handle,
    ) -> Result<Self, Failure> {
        let origin = origin(settings.text(ENDPOINT), settings.switch(INSECURE))?;
        let builder = Client::builder()
            .user_agent(agent)
            .connect_timeout(CONNECT)
            .http2_prior_knowledge()
            .redirect(reqwest::redirect::Policy::none())
            .tls_version_min(reqwest::tls::Version::TLS_1_2);
        let builder = match authorities(settings)? {
            Some(authorities) => builder.tls_certs_only(authorities),
            None => builder,
        };
        let unusable =
            |error: reqwest::Error| Failure::new(format!("no connection to --{ENDPOINT}: {}", reason(&error)));
        Ok(Self {
            channel: Channel(builder.build().map_err(unusable)?),
            origin,
            resource: resource.into(),
            runtime: runtime.clone(),
            is_down: AtomicBool::new(false),
            is_hurried: AtomicBool::new(false),
        })
    }

    /// What is told about the program in every request.
    pub(super) fn resource(&self) -> &ResourceAttributesWithSchema {
        &self.resource
    }

    /// Nothing is tried again from now on.
    pub(super) fn hurry(&self) {
        self.is_hurried.store(true, Ordering::Relaxed);
    }

    /// Sends a request, from whatever thread. That it did not come through is told when it begins and when it ends.
    pub(super) async fn send<M: Export>(self: &Arc<Self>, path: &'static str, message: M) -> OTelSdkResult {
        let this = Arc::clone(self);
        // The SDK waits on threads of its own, which know nothing of this runtime.
        let sent = self.runtime.spawn(async move { this.tries(path, message).await }).await;
        let failure = |what: String| OTelSdkError::InternalFailure(what);
        sent.map_err(|error| failure(error.to_string()))?.map_err(|status| failure(status.message().to_owned()))
    }

    async fn tries<M: Export>(&self, path: &'static str, message: M) -> Result<(), Status> {
        let mut pauses = PAUSES.into_iter();
        loop {
            let status = match self.once(path, message.clone()).await {
                Ok(()) => {
                    if self.is_down.swap(false, Ordering::Relaxed) {
                        tracing::info!("the OpenTelemetry collector can be reached again");
                    }
                    return Ok(());
                }
                Err(status) => status,
            };
            if !self.is_down.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    error = status.message(), code = ?status.code(), endpoint = %self.origin,
                    "the OpenTelemetry collector does not take our telemetry; what it misses is lost, nothing else is"
                );
            }
            let may_pass = matches!(status.code(), Code::Unavailable | Code::ResourceExhausted);
            match pauses.next() {
                Some(pause) if may_pass && !self.is_hurried.load(Ordering::Relaxed) => tokio::time::sleep(pause).await,
                _ => return Err(status),
            }
        }
    }

    async fn once<M: Export>(&self, path: &'static str, message: M) -> Result<(), Status> {
        let mut grpc = Grpc::with_origin(self.channel.clone(), self.origin.clone());
        grpc.ready().await?;
        let codec = ProstCodec::<M, M::Answer>::default();
        let call = grpc.unary(Request::new(message), PathAndQuery::from_static(path), codec);
        match tokio::time::timeout(LIMIT, call).await {
            Ok(answer) => answer.map(drop),
            Err(_) => Err(Status::deadline_exceeded("no answer in time")),
        }
    }
}

/// The collector's address. Go's names for it count as well (`dns:///host:port`), and those that the standard asks for.
fn origin(text: &str, is_insecure: bool) -> Result<Uri, Failure> {
    let wrong = |why: &str| {
        Failure::new(format!(
            "--{ENDPOINT} {text:?}: {why}\nhint: it is HOST:PORT, with the port of OTLP over gRPC, usually 4317"
        ))
    };
    let rest = text.strip_prefix("dns:///").or_else(|| text.strip_prefix("passthrough:///")).unwrap_or(text);
    let (rest, is_plain) = match rest.split_once("://") {
        None => (rest, is_insecure),
        Some(("http", rest)) => (rest, true),
        Some(("https", _)) if is_insecure => {
            return Err(wrong(&format!("https and --{INSECURE} contradict each other")));
        }
        Some(("https", rest)) => (rest, false),
        Some((scheme, _)) => return Err(wrong(&format!("there is no way there by {scheme}"))),
    };
    let scheme = if is_plain { "http" } else { "https" };
    let origin: Uri =
        format!("{scheme}://{}", rest.trim_end_matches('/')).parse().map_err(|_| wrong("it is no address"))?;
    match (origin.host(), origin.path_and_query().map(PathAndQuery::as_str)) {
        (Some(host), None | Some("/")) if !host.is_empty() => Ok(origin),
        _ => Err(wrong("it is no address")),
    }
}

/// The authorities that the operator trusts for the collector, if there are any.
fn authorities(settings: &Settings) -> Result<Option<Vec<Certificate>>, Failure> {
    let (path, text) = (settings.text(CERT_PATH), settings.text(CERT));
    let (name, pem) = match (path.is_empty(), text.is_empty()) {
        (true, true) => return Ok(None),
        (false, false) => {
            return Err(Failure::new(format!(
                "--{CERT_PATH} and --{CERT} both name the collector's authority\nhint: leave one of them out"
            )));
        }
        (false, true) => {
            let unreadable = |error| Failure::new(format!("--{CERT_PATH}: cannot read {path}: {error}"));
            (CERT_PATH, std::fs::read(path).map_err(unreadable)?)
        }
        (true, false) => {
            let no_base64 = |_| {
                Failure::new(format!(
                    "--{CERT} is no base64url without padding\nhint: base64 -w0 ca.pem | tr '+/' '-_' | tr -d '='"
                ))
            };
            (CERT, URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(no_base64)?)
        }
    };
    match Certificate::from_pem_bundle(&pem) {
        Ok(found) if !found.is_empty() => Ok(Some(found)),
        _ => Err(Failure::new(format!("--{name} holds no certificate in PEM form"))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn addresses_in_every_form() {
        for (text, is_insecure, expected) in [
            ("otel:4317", false, "https://otel:4317/"),
            ("otel:4317", true, "http://otel:4317/"),
            ("dns:///otel.monitoring:4317", true, "http://otel.monitoring:4317/"),
            ("http://127.0.0.1:4317", false, "http://127.0.0.1:4317/"),
            ("https://[::1]:4317/", false, "https://[::1]:4317/"),
        ] {
            assert_eq!(origin(text, is_insecure).unwrap().to_string(), expected, "{text}");
        }
        for (text, is_insecure) in
            [("https://otel:4317", true), ("unix:///otel.sock", false), ("otel:4317/v1", false), (" ", false)]
        {
            assert!(origin(text, is_insecure).unwrap_err().to_string().contains("4317"), "{text}");
        }
    }
}
