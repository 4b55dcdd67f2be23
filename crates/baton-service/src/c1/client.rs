//! The calls over the wire.

use std::fs::File;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use baton_connector::Code;
use baton_proto::c1::connectorapi::baton::v1::baton_service_upload_asset_request::UploadMetadata;
use baton_proto::c1::connectorapi::baton::v1::{
    BatonServiceFinishTaskRequest, BatonServiceGetTaskRequest, BatonServiceGetTasksRequest,
    BatonServiceHeartbeatRequest, BatonServiceHelloRequest, Task,
};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::Uri;
use tonic::{Request, Response, Status};
use tracing::Instrument as _;
use tracing::field::Empty;

use super::network::{self, Channel};
use super::upload::{self, Progress};
use super::{Api, Beat, Link, Polled, RpcError};
use crate::config::{ServiceConfig, Timing};
use crate::error::ServiceError;
use crate::metrics::Metrics;
use crate::token::{TokenError, TokenSource};
use crate::wire::baton_service_client::BatonServiceClient;

/// The most tasks that may be asked for at once.
const LARGEST_PAGE: usize = 100;

/// The service, as gRPC calls it.
const SERVICE: &str = "c1.connectorapi.baton.v1.BatonService";

type Client = BatonServiceClient<Channel>;

/// C1.
pub(crate) struct C1 {
    channel: Channel,
    origin: Uri,
    tokens: TokenSource,
    host_id: String,
    timing: Timing,
    /// Whether several tasks are asked for at once.
    pages: AtomicBool,
    link: Link,
    metrics: Arc<Metrics>,
}

impl C1 {
    /// Prepares everything; no request is made yet.
    pub(crate) fn new(config: &ServiceConfig, link: Link) -> Result<Self, ServiceError> {
        let credentials = config.credentials.clone();
        let host = config.api_host.clone().unwrap_or_else(|| credentials.id.host.clone());
        let wrong = |_| ServiceError::Setting(format!("{host:?} is no host\nhint: check BATON_C1_API_HOST"));
        let origin = format!("https://{host}").parse().map_err(wrong)?;
        let user_agent = format!("{}/{}", config.build.name, config.build.version);
        let extra_ca = config.extra_ca.as_deref();
        let timing = config.timing.clone();
        let for_tokens = network::for_tokens(&user_agent, extra_ca, timing.call)?;
        Ok(Self {
            channel: Channel(network::for_calls(&user_agent, extra_ca)?),
            origin,
            tokens: TokenSource::new(for_tokens, &host, credentials, timing.clock.clone(), timing.retry),
            host_id: config.host_id.clone(),
            timing,
            pages: AtomicBool::new(config.get_tasks),
            link,
            metrics: Arc::clone(&config.metrics),
        })
    }

    /// Makes a call; with another token once more if C1 does not take the one that we have.
    async fn call<M: Clone, T, F>(
        &self,
        method: &'static str,
        message: M,
        call: impl Fn(Client, Request<M>) -> F,
    ) -> Result<T, RpcError>
    where
        F: Future<Output = Result<Response<T>, Status>>,
    {
        let span = tracing::info_span!(
            "c1",
            otel.name = format!("{SERVICE}/{method}"),
            otel.kind = "client",
            otel.status_code = Empty,
            rpc.system = "grpc",
            rpc.service = SERVICE,
            rpc.method = method,
            rpc.grpc.status_code = Empty
        );
        let result = self.in_span(message, call).instrument(span.clone()).await;
        let code = result.as_ref().err().map_or(0, |error| error.code.number());
        span.record("rpc.grpc.status_code", code);
        if result.is_err() {
            span.record("otel.status_code", "ERROR");
        }
        self.learn(method, &result);
        result
    }

    async fn in_span<M: Clone, T, F>(&self, message: M, call: impl Fn(Client, Request<M>) -> F) -> Result<T, RpcError>
    where
        F: Future<Output = Result<Response<T>, Status>>,
    {
        let limit = self.timing.call;
        let once = async || {
            let mut request = Request::new(message.clone());
            request.set_timeout(limit);
            self.once(request, |request| tokio::time::timeout(limit, call(self.client(), request)).map(in_time)).await
        };
        match once().await {
            Err(error) if error.code == Code::Unauthenticated && !error.is_refusal => once().await,
            result => result,
        }
    }

    fn client(&self) -> Client {
        Client::with_origin(self.channel.clone(), self.origin.clone())
    }

    /// Makes a call with a token, once.
    async fn once<M, T, F>(&self, mut request: Request<M>, call: impl FnOnce(Request<M>) -> F) -> Result<T, RpcError>
    where
        F: Future<Output = Result<Response<T>, Status>>,
    {
        let token = self.tokens.get().await.map_err(|error| match error {
            TokenError::Refused(message) => {
                RpcError { is_refusal: true, ..RpcError::new(Code::Unauthenticated, message) }
            }
            TokenError::Unavailable(message) => RpcError::new(Code::Unavailable, message),
        })?;
        request.metadata_mut().insert("authorization", token.authorization.clone());
        match call(request).await {
            Ok(response) => Ok(response.into_inner()),
            Err(status) => {
                if status.code() == tonic::Code::Unauthenticated {
                    self.tokens.discard(&token).await;
                }
                Err(status.into())
            }
        }
    }

    /// What a call tells about the way to C1.
    fn learn<T>(&self, method: &'static str, result: &Result<T, RpcError>) {
        self.metrics.called(method, result.as_ref().err().map(|error| error.code));
        match result {
            Err(error) if error.is_outage() => self.link.fails(error),
            _ => self.link.works(),
        }
    }

    async fn page(&self, room: usize, known: Vec<String>) -> Result<Polled, RpcError> {
        let page_size = u32::try_from(room.clamp(1, LARGEST_PAGE)).unwrap_or(1);
        let host_id = self.host_id.clone();
        let request =
            BatonServiceGetTasksRequest { host_id, page_size, known_task_ids: known, annotations: Vec::new() };
        let call = |mut client: Client, request| async move { client.get_tasks(request).await };
        let answer = self.call("GetTasks", request, call).await?;
        Ok(polled(answer.tasks, answer.next_poll, answer.next_heartbeat))
    }
}

impl Api for C1 {
    fn hello(&self, request: BatonServiceHelloRequest) -> BoxFuture<'_, Result<(), RpcError>> {
        let call = |mut client: Client, request| async move { client.hello(request).await };
        self.call("Hello", request, call).map(|result| result.map(drop)).boxed()
    }

    fn poll(&self, room: usize, known: Vec<String>) -> BoxFuture<'_, Result<Polled, RpcError>> {
        async move {
            if self.pages.load(Ordering::Relaxed) {
                match self.page(room, known).await {
                    Err(error) if error.code == Code::Unimplemented => {
                        tracing::warn!("this C1 does not know GetTasks; asking for one task at a time");
                        self.pages.store(false, Ordering::Relaxed);
                    }
                    result => return result,
                }
            }
            let request = BatonServiceGetTaskRequest { host_id: self.host_id.clone() };
            let call = |mut client: Client, request| async move { client.get_task(request).await };
            let answer = self.call("GetTask", request, call).await?;
            Ok(polled(answer.task.into_iter().collect(), answer.next_poll, answer.next_heartbeat))
        }
        .boxed()
    }

    fn heartbeat<'a>(&'a self, task_id: &'a str) -> BoxFuture<'a, Result<Beat, RpcError>> {
        async move {
            let (host_id, task_id) = (self.host_id.clone(), task_id.to_owned());
            let request = BatonServiceHeartbeatRequest { host_id, task_id: task_id.clone(), ..Default::default() };
            let call = |mut client: Client, request| async move { client.heartbeat(request).await };
            let answer = self.call("Heartbeat", request, call).await?;
            let cancelled = answer.cancelled || answer.cancelled_task_ids.contains(&task_id);
            Ok(Beat { next_heartbeat: duration(answer.next_heartbeat), cancelled })
        }
        .boxed()
    }

    fn finish(&self, mut request: BatonServiceFinishTaskRequest) -> BoxFuture<'_, Result<(), RpcError>> {
        request.host_id.clone_from(&self.host_id);
        let call = |mut client: Client, request| async move { client.finish_task(request).await };
        self.call("FinishTask", request, call).map(|result| result.map(drop)).boxed()
    }

    fn upload<'a>(
        &'a self,
        task_id: &'a str,
        file: &'a Arc<File>,
        path: &'a Path,
    ) -> BoxFuture<'a, Result<u64, RpcError>> {
        async move {
            let unreadable = |error: std::io::Error| {
                RpcError::new(Code::Internal, format!("cannot read {}: {error}", path.display()))
            };
            let size = file.metadata().map_err(unreadable)?.len();
            let metadata =
                UploadMetadata { host_id: self.host_id.clone(), task_id: task_id.to_owned(), annotations: Vec::new() };
            let progress = Progress::default();
            let messages = upload::messages(Arc::clone(file), metadata, progress.clone());
            let mut client = self.client();
            let stall = self.timing.upload_stall;
            let sending = self.once(Request::new(messages), |request| {
                let progress = progress.clone();
                async move { watched(client.upload_asset(request), &progress, stall).await }
            });
            let span = tracing::info_span!(
                "c1",
                otel.name = format!("{SERVICE}/UploadAsset"),
                otel.kind = "client",
                rpc.system = "grpc",
                rpc.service = SERVICE,
                rpc.method = "UploadAsset",
                bytes = size
            );
            let result = sending.instrument(span).await;
            if let Some(error) = progress.failure() {
                return Err(unreadable(error));
            }
            self.learn("UploadAsset", &result);
            result.map(|_| size)
        }
        .boxed()
    }
}

/// A call that must be answered in time.
fn in_time<T>(result: Result<Result<T, Status>, tokio::time::error::Elapsed>) -> Result<T, Status> {
    result.unwrap_or_else(|_| Err(Status::deadline_exceeded("no answer in time")))
}

/// An upload that may take as long as it likes, but not stand still.
async fn watched<T>(
    upload: impl Future<Output = Result<T, Status>>,
    progress: &Progress,
    stall: Duration,
) -> Result<T, Status> {
    tokio::pin!(upload);
    loop {
        let before = progress.messages();
        tokio::select! {
            result = &mut upload => return result,
            () = tokio::time::sleep(stall) => if progress.messages() == before {
                return Err(Status::deadline_exceeded("the upload stands still"));
            },
        }
    }
}

fn polled(
    tasks: Vec<Task>,
    next_poll: Option<prost_types::Duration>,
    next_heartbeat: Option<prost_types::Duration>,
) -> Polled {
    Polled { tasks, next_poll: duration(next_poll), next_heartbeat: duration(next_heartbeat) }
}

/// A duration of the wire; negative ones are none.
fn duration(wire: Option<prost_types::Duration>) -> Option<Duration> {
    Duration::try_from(wire?).ok()
}
