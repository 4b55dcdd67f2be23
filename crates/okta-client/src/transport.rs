//! Sends single requests over HTTP and TLS.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::FutureExt;
use futures::future::BoxFuture;
use http::{HeaderMap, StatusCode};

use crate::auth::Outgoing;
use crate::error::{Error, ErrorKind, Unreachable};
use crate::outcome::Outcome;

/// The largest number of bytes that is read of a body, after decompression.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyLimits {
    /// The limit for a successful response. A larger body is an error.
    success: usize,
    /// The limit for a response without success. The rest of its body is not read.
    failure: usize,
}

impl BodyLimits {
    /// For the API. A page of a thousand users has two to three megabytes.
    pub(crate) const API: Self = Self { success: 32 << 20, failure: 1 << 20 };
    /// For the token endpoint, whose responses have one or two kilobytes.
    pub(crate) const TOKEN: Self = Self { success: 64 << 10, failure: 64 << 10 };
}

/// The largest buffer that is allocated for an announced length.
const TRUSTED_LENGTH: usize = 8 << 20;

/// The timeout for establishing a connection.
const CONNECT: Duration = Duration::from_secs(30);

/// The head of a response, and the future of its body.
pub(crate) struct RawResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: BoxFuture<'static, Result<Bytes, Error>>,
}

/// Sends requests. A trait, so that tests can replace the server without network and real time.
pub(crate) trait Transport: Send + Sync {
    /// Sends one request, with a body if there is one, and waits for the head of the response.
    fn send(
        &self,
        outgoing: Outgoing,
        headers: HeaderMap,
        body: Option<Bytes>,
    ) -> BoxFuture<'_, Result<RawResponse, Error>>;
}

/// The real network.
pub(crate) struct Network {
    http: reqwest::Client,
    limits: BodyLimits,
}

impl Network {
    /// Creates a transport with `timeout` for a whole request, body included, and up to `connections` idle connections.
    /// `extra_ca` (PEM) is trusted in addition to the machine's own certificates.
    pub(crate) fn new(
        timeout: Duration,
        user_agent: &str,
        connections: usize,
        extra_ca: Option<&str>,
        limits: BodyLimits,
    ) -> Result<Self, Error> {
        let roots = reqwest::Certificate::from_pem_bundle(extra_ca.unwrap_or_default().as_bytes())
            .map_err(|e| Error::new(ErrorKind::Invalid, format!("the extra CA certificates cannot be read: {e}")))?;
        let http = reqwest::Client::builder()
            .user_agent(user_agent)
            .https_only(true)
            .tls_certs_merge(roots)
            .tls_version_min(reqwest::tls::Version::TLS_1_2)
            // Many lists are read side by side, and their pages are megabytes: over HTTP/2 they would share one
            // connection and its window, and wait for each other. A connection each is faster, and as cheap since
            // they are kept.
            .http1_only()
            .pool_max_idle_per_host(connections)
            .pool_idle_timeout(Duration::from_secs(60))
            .connect_timeout(CONNECT)
            .timeout(timeout)
            // The API does not redirect. Following a redirect would send our credential to another server.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|e| Error::new(ErrorKind::Invalid, format!("no HTTPS client can be made: {}", chain(&e))))?;
        Ok(Self { http, limits })
    }
}

impl Transport for Network {
    fn send(
        &self,
        outgoing: Outgoing,
        headers: HeaderMap,
        body: Option<Bytes>,
    ) -> BoxFuture<'_, Result<RawResponse, Error>> {
        async move {
            let host = outgoing.url.authority().to_owned();
            let mut request = self.http.request(outgoing.method, outgoing.url).headers(headers);
            if let Some(body) = body {
                request = request.body(body);
            }
            let response = request.send().await.map_err(|e| failure(&e, &host).with_outcome(outcome(&e)))?;
            let status = response.status();
            let headers = response.headers().clone();
            Ok(RawResponse { status, headers, body: read(response, host, self.limits).boxed() })
        }
        .boxed()
    }
}

/// Reads a body into one buffer, up to its limit.
async fn read(mut response: reqwest::Response, host: String, limits: BodyLimits) -> Result<Bytes, Error> {
    let is_success = response.status().is_success();
    let limit = if is_success { limits.success } else { limits.failure };
    let announced = response.content_length().and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    let mut body = BytesMut::with_capacity(announced.min(TRUSTED_LENGTH).min(limit));
    while let Some(chunk) = response.chunk().await.map_err(|e| failure(&e, &host))? {
        let room = limit - body.len();
        if chunk.len() > room {
            if is_success {
                return Err(Error::too_large(limit));
            }
            body.extend_from_slice(&chunk[..room]);
            break;
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// Returns whether a request that failed without a response may have reached the server. Only two failures prove that it
/// has not: one to establish the connection, TLS included, and one to build the request. A timeout, for instance, does not
/// show how much had been written.
fn outcome(error: &reqwest::Error) -> Outcome {
    if error.is_connect() || error.is_builder() { Outcome::NotSent } else { Outcome::Unknown }
}

/// Converts a transport failure into an error with a hint.
fn failure(error: &reqwest::Error, host: &str) -> Error {
    let unreachable = |why, what: String, hint| Error::new(ErrorKind::Unreachable(why), what).with_hint(hint);
    let text = chain(error);
    let root = causes(error).last().map(ToString::to_string).unwrap_or_default();
    if causes(error).any(is_certificate) || text.contains("certificate") {
        return unreachable(
            Unreachable::Tls,
            format!("the certificate of {host} is not trusted: {root}"),
            "check the domain; behind an inspecting proxy name its CA file in SSL_CERT_FILE",
        );
    }
    if causes(error).any(<dyn std::error::Error>::is::<rustls::Error>) {
        return unreachable(
            Unreachable::Tls,
            format!("no TLS with {host}: {root}"),
            "TLS 1.2 or later is needed; check the domain and what lies between here and Okta",
        );
    }
    if text.contains("dns error") {
        return unreachable(
            Unreachable::Dns,
            format!("the host {host} cannot be found: {root}"),
            "check the domain and this machine's DNS",
        );
    }
    let io = |kind| causes(error).filter_map(|e| e.downcast_ref::<std::io::Error>()).any(|e| e.kind() == kind);
    if io(std::io::ErrorKind::ConnectionRefused) {
        return unreachable(
            Unreachable::Refused,
            format!("{host} refuses connections"),
            "check the domain and port, and the proxy if HTTPS_PROXY is set",
        );
    }
    if error.is_timeout() || io(std::io::ErrorKind::TimedOut) {
        let what = format!("no complete answer from {host} in time: {text}");
        return Error::new(ErrorKind::Timeout, what)
            .with_hint("if pages are large or slow, allow more time per request");
    }
    unreachable(
        Unreachable::Broken,
        format!("the connection to {host} failed: {text}"),
        "check the network, and the proxy if HTTPS_PROXY is set",
    )
}

/// Returns whether `error` is a rejected certificate.
fn is_certificate(error: &(dyn std::error::Error + 'static)) -> bool {
    matches!(error.downcast_ref::<rustls::Error>(), Some(rustls::Error::InvalidCertificate(_)))
}

/// Iterates over `error` and all its causes, including those inside I/O errors.
fn causes<'e>(error: &'e reqwest::Error) -> impl Iterator<Item = &'e (dyn std::error::Error + 'static)> {
    let first: &'e (dyn std::error::Error + 'static) = error;
    std::iter::successors(Some(first), |e| {
        let inner = e.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        inner.map(|inner| inner as &(dyn std::error::Error + 'static)).or_else(|| e.source())
    })
}

/// Joins the messages of the causes, without URLs (a query may be long) and without repetitions.
fn chain(error: &reqwest::Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    for cause in causes(error).skip(1) {
        let text = cause.to_string();
        if !texts.iter().any(|known| known.contains(&text)) {
            texts.push(text);
        }
    }
    if texts.is_empty() {
        let what = if error.is_timeout() { "timed out" } else { "request failed" };
        texts.push(what.to_owned());
    }
    texts.join(": ")
}
