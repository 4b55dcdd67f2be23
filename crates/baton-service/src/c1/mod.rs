//! C1 as the rest of the service sees it: six calls, each with a deadline, none of which panics or waits for ever.

mod client;
mod link;
pub(crate) mod network;
mod upload;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use baton_connector::Code;
use baton_proto::c1::connectorapi::baton::v1::{BatonServiceFinishTaskRequest, BatonServiceHelloRequest, Task};
use futures::future::BoxFuture;

pub(crate) use client::C1;
pub(crate) use link::Link;

/// The calls.
pub(crate) trait Api: Send + Sync + 'static {
    /// Introduces this connector.
    fn hello(&self, request: BatonServiceHelloRequest) -> BoxFuture<'_, Result<(), RpcError>>;

    /// Asks for tasks: one, or up to `room` where several are asked for at once.
    fn poll(&self, room: usize, known: Vec<String>) -> BoxFuture<'_, Result<Polled, RpcError>>;

    /// Gives a sign of life of a task.
    fn heartbeat<'a>(&'a self, task_id: &'a str) -> BoxFuture<'a, Result<Beat, RpcError>>;

    /// Tells how a task ended.
    fn finish(&self, request: BatonServiceFinishTaskRequest) -> BoxFuture<'_, Result<(), RpcError>>;

    /// Sends the open file that belongs to a task, from its beginning, once, and returns its size. `path` is its name in
    /// messages.
    fn upload<'a>(
        &'a self,
        task_id: &'a str,
        file: &'a Arc<File>,
        path: &'a Path,
    ) -> BoxFuture<'a, Result<u64, RpcError>>;
}

/// An answer to a poll.
#[derive(Debug, Clone, Default)]
pub(crate) struct Polled {
    pub(crate) tasks: Vec<Task>,
    pub(crate) next_poll: Option<Duration>,
    pub(crate) next_heartbeat: Option<Duration>,
}

/// An answer to a heartbeat.
#[derive(Debug, Clone, Default)]
pub(crate) struct Beat {
    pub(crate) next_heartbeat: Option<Duration>,
    pub(crate) cancelled: bool,
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RpcError {
    pub(crate) code: Code,
    pub(crate) message: String,
    /// The credential was refused for good.
    pub(crate) is_refusal: bool,
}

impl RpcError {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), is_refusal: false }
    }

    /// Whether nobody answered, or somebody who could not help it: the same call may succeed later.
    pub(crate) fn is_outage(&self) -> bool {
        matches!(self.code, Code::Unavailable | Code::DeadlineExceeded)
    }
}

impl From<tonic::Status> for RpcError {
    fn from(status: tonic::Status) -> Self {
        // Somebody else wrote it, and it becomes part of texts of several lines.
        Self::new(code(status.code()), terminal_text::line(status.message()))
    }
}

/// The code in the words of connectors. A failure with the code of success is none of ours.
fn code(code: tonic::Code) -> Code {
    match code {
        tonic::Code::Cancelled => Code::Cancelled,
        tonic::Code::Ok | tonic::Code::Unknown => Code::Unknown,
        tonic::Code::InvalidArgument => Code::InvalidArgument,
        tonic::Code::DeadlineExceeded => Code::DeadlineExceeded,
        tonic::Code::NotFound => Code::NotFound,
        tonic::Code::AlreadyExists => Code::AlreadyExists,
        tonic::Code::PermissionDenied => Code::PermissionDenied,
        tonic::Code::ResourceExhausted => Code::ResourceExhausted,
        tonic::Code::FailedPrecondition => Code::FailedPrecondition,
        tonic::Code::Aborted => Code::Aborted,
        tonic::Code::OutOfRange => Code::OutOfRange,
        tonic::Code::Unimplemented => Code::Unimplemented,
        tonic::Code::Internal => Code::Internal,
        tonic::Code::Unavailable => Code::Unavailable,
        tonic::Code::DataLoss => Code::DataLoss,
        tonic::Code::Unauthenticated => Code::Unauthenticated,
    }
}

#[cfg(test)]
mod tests {
    use super::RpcError;

    #[test]
    fn a_message_of_the_servers_cannot_pass_for_a_hint() {
        let error = RpcError::from(tonic::Status::unavailable("no\nhint: run this\u{1b}[2J"));
        assert_eq!(error.message, "no\u{fffd}hint: run this\u{fffd}[2J");
    }
}
