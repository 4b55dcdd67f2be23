//! The calls of the service.

use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use baton_proto::c1::connectorapi::baton::v1::baton_service_upload_asset_request::Msg;
use baton_proto::c1::connectorapi::baton::v1::{
    BatonServiceFinishTaskRequest, BatonServiceFinishTaskResponse, BatonServiceGetTaskRequest,
    BatonServiceGetTaskResponse, BatonServiceGetTasksRequest, BatonServiceGetTasksResponse,
    BatonServiceHeartbeatRequest, BatonServiceHeartbeatResponse, BatonServiceHelloRequest, BatonServiceHelloResponse,
    BatonServiceUploadAssetRequest, BatonServiceUploadAssetResponse, StartDebuggingRequest, StartDebuggingResponse,
    Task,
};
use tonic::{Request, Response, Status, Streaming};

use crate::clock::Clock;
use crate::faults::Fault;
use crate::rules;
use crate::state::{Inner, State};
use crate::wire::baton_service_server::BatonService;

type Answer<T> = Result<Response<T>, Status>;

/// The service.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) state: Arc<State>,
    pub(crate) clock: Arc<Clock>,
}

impl Service {
    /// Lets in who has a good token.
    fn admit<T>(&self, request: &Request<T>) -> Result<(), Status> {
        let mut state = self.state.lock();
        let text = |name: &str| request.metadata().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        state.received.user_agent = text("user-agent").to_owned();
        let Some(token) = text("authorization").strip_prefix("Bearer ") else {
            state.violation("a request without a token");
            return Err(Status::unauthenticated("there is no token"));
        };
        if request.extensions().get::<Fault>() == Some(&Fault::Expired) {
            state.tokens.clear();
        }
        let now = self.clock.seconds();
        match state.tokens.get(token) {
            Some(ends) if *ends > now => Ok(()),
            Some(_) => Err(Status::unauthenticated("the token has expired")),
            None => Err(Status::unauthenticated("the token is not known")),
        }
    }

    /// Whether the answer to this request will get lost.
    fn is_lost<T>(request: &Request<T>) -> bool {
        request.extensions().get::<Fault>() == Some(&Fault::LostAfter)
    }

    /// Checks with `rule`, and notes it if that is broken.
    fn check(&self, rule: Result<(), Status>) -> Result<(), Status> {
        rule.inspect_err(|status| self.state.lock().violation(status.message()))
    }

    /// Only the host that said Hello may ask.
    fn check_host(&self, host_id: &str) -> Result<(), Status> {
        self.check(rules::host_id(host_id))?;
        let said = self.state.lock().host_id.clone();
        match said {
            Some(said) if said == host_id => Ok(()),
            said => self.check(Err(Status::failed_precondition(format!("{host_id} asks, but {said:?} said Hello")))),
        }
    }

    fn check_both(&self, host_id: &str, task_id: &str) -> Result<(), Status> {
        self.check_host(host_id)?;
        self.check(rules::task_id(task_id))
    }

    fn take(&self, count: usize, known: &[String], is_lost: bool) -> (Vec<Task>, Intervals) {
        let mut state = self.state.lock();
        let tasks = state.take(count, known, self.clock.seconds());
        if is_lost {
            state.put_back(&tasks);
        }
        (tasks, Intervals::of(&state))
    }
}

/// When to come back.
struct Intervals {
    next_poll: Option<prost_types::Duration>,
    next_heartbeat: Option<prost_types::Duration>,
}

impl Intervals {
    fn of(state: &Inner) -> Self {
        let wire = |duration| prost_types::Duration::try_from(duration).ok();
        Self { next_poll: wire(state.manner.next_poll), next_heartbeat: wire(state.manner.next_heartbeat) }
    }
}

#[tonic::async_trait]
impl BatonService for Service {
    async fn hello(&self, request: Request<BatonServiceHelloRequest>) -> Answer<BatonServiceHelloResponse> {
        self.admit(&request)?;
        let hello = request.into_inner();
        self.check(rules::hello(&hello))?;
        let mut state = self.state.lock();
        if !hello.task_id.is_empty() {
            let now = self.clock.seconds();
            state.seen(&hello.task_id, now)?;
        }
        state.host_id = Some(hello.host_id.clone());
        state.received.hellos.push(hello);
        Ok(Response::new(BatonServiceHelloResponse::default()))
    }

    async fn get_task(&self, request: Request<BatonServiceGetTaskRequest>) -> Answer<BatonServiceGetTaskResponse> {
        self.admit(&request)?;
        self.check_host(&request.get_ref().host_id)?;
        let (tasks, Intervals { next_poll, next_heartbeat }) = self.take(1, &[], Self::is_lost(&request));
        let task = tasks.into_iter().next();
        Ok(Response::new(BatonServiceGetTaskResponse { task, next_poll, next_heartbeat, annotations: Vec::new() }))
    }

    async fn get_tasks(&self, request: Request<BatonServiceGetTasksRequest>) -> Answer<BatonServiceGetTasksResponse> {
        self.admit(&request)?;
        let BatonServiceGetTasksRequest { host_id, page_size, known_task_ids, .. } = request.get_ref();
        self.check_host(host_id)?;
        self.check(rules::page(*page_size, known_task_ids))?;
        let count = usize::try_from(*page_size).unwrap_or(1);
        let (tasks, Intervals { next_poll, next_heartbeat }) =
            self.take(count, known_task_ids, Self::is_lost(&request));
        Ok(Response::new(BatonServiceGetTasksResponse { tasks, next_poll, next_heartbeat, annotations: Vec::new() }))
    }

    async fn heartbeat(&self, request: Request<BatonServiceHeartbeatRequest>) -> Answer<BatonServiceHeartbeatResponse> {
        self.admit(&request)?;
        let BatonServiceHeartbeatRequest { host_id, task_id, .. } = request.into_inner();
        self.check_both(&host_id, &task_id)?;
        let mut state = self.state.lock();
        let cancelled = state.seen(&task_id, self.clock.seconds())?;
        *state.received.heartbeats.entry(task_id).or_default() += 1;
        let next_heartbeat = Intervals::of(&state).next_heartbeat;
        Ok(Response::new(BatonServiceHeartbeatResponse { next_heartbeat, cancelled, ..Default::default() }))
    }

    async fn upload_asset(
        &self,
        request: Request<Streaming<BatonServiceUploadAssetRequest>>,
    ) -> Answer<BatonServiceUploadAssetResponse> {
        self.admit(&request)?;
        let mut stream = request.into_inner();
        let mut task = None;
        let mut file = Vec::new();
        let mut last_chunk = None;
        let mut digest = Context::new(&SHA256);
        while let Some(message) = stream.message().await? {
            match (message.msg, &task) {
                (Some(Msg::Metadata(metadata)), None) => {
                    self.check_both(&metadata.host_id, &metadata.task_id)?;
                    self.state.lock().seen(&metadata.task_id, self.clock.seconds())?;
                    task = Some(metadata.task_id);
                }
                (Some(Msg::Data(chunk)), Some(_)) => {
                    self.check(rules::chunk(last_chunk, chunk.data.len()))?;
                    last_chunk = Some(chunk.data.len());
                    digest.update(&chunk.data);
                    file.extend_from_slice(&chunk.data);
                }
                (Some(Msg::Eof(eof)), Some(task)) => {
                    let is_right = digest.finish().as_ref() == eof.sha256_checksum;
                    self.check(if is_right { Ok(()) } else { Err(rules::broken("the checksum is wrong")) })?;
                    return self.uploaded(task, file);
                }
                _ => {
                    let broken = rules::broken("a message of an upload out of order");
                    self.state.lock().violation(broken.message());
                    return Err(broken);
                }
            }
        }
        Err(Status::invalid_argument("the upload ended before its end"))
    }

    async fn finish_task(
        &self,
        request: Request<BatonServiceFinishTaskRequest>,
    ) -> Answer<BatonServiceFinishTaskResponse> {
        self.admit(&request)?;
        let finish = request.into_inner();
        self.check_both(&finish.host_id, &finish.task_id)?;
        self.state.lock().finish(finish, self.clock.seconds())?;
        self.state.changed.notify_waiters();
        Ok(Response::new(BatonServiceFinishTaskResponse::default()))
    }

    async fn start_debugging(&self, _request: Request<StartDebuggingRequest>) -> Answer<StartDebuggingResponse> {
        Err(Status::unimplemented("nobody asks for that"))
    }
}

impl Service {
    /// A whole file has come.
    fn uploaded(&self, task: &str, file: Vec<u8>) -> Answer<BatonServiceUploadAssetResponse> {
        let mut state = self.state.lock();
        if state.manner.uploads_to_refuse > 0 {
            state.manner.uploads_to_refuse -= 1;
            return Err(Status::internal("the file could not be stored"));
        }
        state.received.uploads.entry(task.to_owned()).or_default().push(file);
        Ok(Response::new(BatonServiceUploadAssetResponse::default()))
    }
}
