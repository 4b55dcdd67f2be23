//! Serving a connection: HTTP/1.1 or HTTP/2 as the other side wants it.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::header::{CONTENT_TYPE, DATE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::{Value, json};
use sim_tls::Caller;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Service as _;

use crate::client::Client;
use crate::clock::Clock;
use crate::faults::{Fault, Mode};
use crate::service::Service;
use crate::state::State;
use crate::token;
use crate::wire::baton_service_server::BatonServiceServer;

/// Everything that a request needs.
pub(crate) struct Server {
    pub(crate) state: Arc<State>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) client: Client,
    pub(crate) audience: String,
    pub(crate) token_life: u64,
    /// Changes when all connections have to end.
    pub(crate) generation: watch::Receiver<u64>,
}

/// Answers a caller in the manner of the moment, until the connection ends.
pub(crate) async fn connection(caller: Caller, server: Arc<Server>) {
    let mode = {
        let mut state = server.state.lock();
        state.received.connections += 1;
        state.manner.mode
    };
    match mode {
        Mode::Refusing => return,
        Mode::Silent => return server.ended().await,
        Mode::Serving | Mode::Failing | Mode::Endless => {}
    }
    let Some(stream) = caller.over_tls().await else { return };
    let broken = CancellationToken::new();
    let serve = service_fn(|request| {
        let (server, broken) = (Arc::clone(&server), broken.clone());
        async move { Ok::<_, Infallible>(server.serve(request, &broken).await) }
    });
    let builder = auto::Builder::new(TokioExecutor::new());
    let serving = builder.serve_connection(TokioIo::new(stream), serve);
    tokio::select! {
        served = serving => if let Err(error) = served {
            tracing::debug!(%error, "connection ended");
        },
        () = broken.cancelled() => {}
        () = server.ended() => {}
    }
}

impl Server {
    /// Waits until all connections have to end.
    async fn ended(&self) {
        let mut generation = self.generation.clone();
        generation.mark_unchanged();
        // The sender lives as long as the server.
        let _ = generation.changed().await;
    }

    async fn serve(&self, mut request: Request<Incoming>, broken: &CancellationToken) -> Response<Body> {
        let path = request.uri().path().to_owned();
        let method = if path == token::PATH { "token" } else { path.rsplit('/').next().unwrap_or_default() };
        let (fault, mode, delay) = {
            let mut state = self.state.lock();
            (state.begin(method), state.manner.mode, state.manner.delay)
        };
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        if mode == Mode::Silent {
            return std::future::pending().await;
        }
        if fault == Some(Fault::LostBefore) || mode == Mode::Refusing {
            return lost(broken).await;
        }
        let is_token = path == token::PATH;
        if mode == Mode::Failing || fault == Some(Fault::Failure) {
            return failure(is_token);
        }
        if mode == Mode::Endless && is_token {
            return endless();
        }
        if let Some(fault) = fault {
            request.extensions_mut().insert(fault);
        }
        let mut response = if is_token { self.token(request).await } else { self.call(request).await };
        if fault == Some(Fault::LostAfter) {
            return lost(broken).await;
        }
        if let Ok(date) = HeaderValue::from_str(&self.clock.date()) {
            response.headers_mut().insert(DATE, date);
        }
        response
    }

    async fn token(&self, request: Request<Incoming>) -> Response<Body> {
        let is_form = request.headers().get(CONTENT_TYPE).is_some_and(|of| of == "application/x-www-form-urlencoded");
        if request.method() != Method::POST || !is_form {
            self.state.lock().violation("a request for a token that is no form");
            return answer(StatusCode::BAD_REQUEST, &json!({"error": "invalid_request"}));
        }
        let Ok(body) = request.into_body().collect().await else {
            return answer(StatusCode::BAD_REQUEST, &json!({"error": "invalid_request"}));
        };
        let body = body.to_bytes();
        let (status, value) =
            token::answer(&body, &self.client, &self.audience, &self.state, &self.clock, self.token_life);
        answer(status, &value)
    }

    async fn call(&self, request: Request<Incoming>) -> Response<Body> {
        let service = Service { state: Arc::clone(&self.state), clock: Arc::clone(&self.clock) };
        match BatonServiceServer::new(service).call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

/// Breaks the connection; there is no answer.
async fn lost(broken: &CancellationToken) -> Response<Body> {
    broken.cancel();
    std::future::pending().await
}

fn failure(is_token: bool) -> Response<Body> {
    if is_token {
        return answer(StatusCode::SERVICE_UNAVAILABLE, &json!({"error": "temporarily_unavailable"}));
    }
    Status::unavailable("the server fails").into_http()
}

/// A success whose body is written for as long as anybody reads it.
fn endless() -> Response<Body> {
    let chunk = Bytes::from(" ".repeat(16 << 10));
    let frames = stream::repeat(chunk).map(|chunk| Ok::<_, Infallible>(Frame::data(chunk)));
    Response::new(Body::new(StreamBody::new(frames)))
}

fn answer(status: StatusCode, value: &Value) -> Response<Body> {
    let body = Full::new(Bytes::from(value.to_string()));
    let mut response = Response::new(Body::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
