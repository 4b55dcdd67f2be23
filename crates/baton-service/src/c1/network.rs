//! HTTP over TLS: the roots and proxies of this machine, one kept connection for the service.
//!
//! The calls go through `reqwest`, as everything else in this program does, and not through a transport of `tonic`'s:
//! so roots, `SSL_CERT_FILE` and proxies mean the same everywhere.

use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use http_body_util::BodyExt as _;
use reqwest::{Client, ClientBuilder};
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::{Code, Status};

use crate::error::ServiceError;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(15);
/// How often a connection is asked whether it is still there, and how long it may take to say so.
const PING: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(15));

fn builder(user_agent: &str, extra_ca: Option<&str>) -> Result<ClientBuilder, ServiceError> {
    let roots = reqwest::Certificate::from_pem_bundle(extra_ca.unwrap_or_default().as_bytes())
        .map_err(|error| ServiceError::Network(format!("the extra CA certificates cannot be read: {error}")))?;
    Ok(Client::builder()
        .user_agent(user_agent)
        .https_only(true)
        .tls_certs_merge(roots)
        .tls_version_min(reqwest::tls::Version::TLS_1_2)
        .connect_timeout(CONNECT)
        .no_gzip()
        .tcp_nodelay(true)
        // C1 does not redirect; whoever does is not C1, and would be handed our credential.
        .redirect(reqwest::redirect::Policy::none()))
}

fn built(builder: ClientBuilder) -> Result<Client, ServiceError> {
    builder.build().map_err(|error| ServiceError::Network(reason(&error)))
}

/// For the token endpoint: needed now and then, so nothing is kept open for it.
pub(crate) fn for_tokens(user_agent: &str, extra_ca: Option<&str>, timeout: Duration) -> Result<Client, ServiceError> {
    built(builder(user_agent, extra_ca)?.timeout(timeout).pool_max_idle_per_host(0))
}

/// For the service: one connection, kept however long nothing is said on it.
pub(crate) fn for_calls(user_agent: &str, extra_ca: Option<&str>) -> Result<Client, ServiceError> {
    let builder = builder(user_agent, extra_ca)?
        .http2_prior_knowledge()
        .http2_keep_alive_interval(PING.0)
        .http2_keep_alive_timeout(PING.1)
        .http2_keep_alive_while_idle(true)
        .pool_idle_timeout(None);
    built(builder)
}

/// The whole body of an answer, or why there is none: it breaks off, or has more than `limit` bytes.
pub(crate) async fn body(mut response: reqwest::Response, limit: usize) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| reason(&error))? {
        if chunk.len() > limit - body.len() {
            return Err(format!("its answer is larger than {} KiB", limit >> 10));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Carries gRPC's requests over a client that speaks HTTP/2.
#[derive(Debug, Clone)]
pub struct Channel(pub Client);

impl Service<http::Request<Body>> for Channel {
    type Response = http::Response<Body>;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Self::Response, Status>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let http = self.0.clone();
        async move {
            let (head, body) = request.into_parts();
            let stream = reqwest::Body::wrap_stream(body.into_data_stream());
            let request = http.request(head.method, head.uri.to_string()).headers(head.headers).body(stream);
            let response = request.send().await.map_err(|error| failure(&error))?;
            let (head, body) = http::Response::from(response).into_parts();
            Ok(http::Response::from_parts(head, Body::new(body.map_err(|error| failure(&error)))))
        }
        .boxed()
    }
}

/// A call that got no whole answer.
fn failure(error: &reqwest::Error) -> Status {
    let code = if error.is_timeout() && !error.is_connect() { Code::DeadlineExceeded } else { Code::Unavailable };
    Status::new(code, reason(error))
}

/// What went wrong on the way: the causes, without URLs and without saying anything twice.
#[must_use]
pub fn reason(error: &reqwest::Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(error) = cause {
        let text = error.to_string();
        if !texts.iter().any(|told| told.contains(&text)) {
            texts.push(text);
        }
        cause = error.source();
    }
    let text = texts.join(": ");
    if text.contains("certificate") {
        return format!("{text} (behind an inspecting proxy, name its CA file in SSL_CERT_FILE)");
    }
    match text.as_str() {
        "" if error.is_timeout() => "no answer in time".to_owned(),
        "" => "the request failed".to_owned(),
        _ => text,
    }
}
