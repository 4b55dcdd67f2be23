//! What this C1 has received.

use std::collections::BTreeMap;

use baton_proto::c1::connectorapi::baton::v1::BatonServiceHelloRequest;
use baton_proto::c1::connectorapi::baton::v1::baton_service_finish_task_request::FinalState;
use baton_proto::google::rpc::Status;
use prost_types::Any;

/// How a task was finished.
#[derive(Debug, Clone, PartialEq)]
pub struct Finish {
    /// The status; `None` for a success.
    pub status: Option<Status>,
    /// Success or failure, with what belongs to it.
    pub state: FinalState,
}

impl Finish {
    /// Whether it is a success.
    #[must_use]
    pub fn is_success(&self) -> bool {
        matches!(self.state, FinalState::Success(_))
    }

    /// The gRPC code; 0 for a success.
    #[must_use]
    pub fn code(&self) -> i32 {
        self.status.as_ref().map_or(0, |status| status.code)
    }

    /// The text of a failure.
    #[must_use]
    pub fn message(&self) -> &str {
        self.status.as_ref().map_or("", |status| &status.message)
    }

    /// Whether it is a failure that must not be tried again.
    #[must_use]
    pub fn is_final_failure(&self) -> bool {
        matches!(&self.state, FinalState::Error(error) if error.non_retryable)
    }

    /// The response of a success.
    #[must_use]
    pub fn response(&self) -> Option<&Any> {
        match &self.state {
            FinalState::Success(success) => success.response.as_ref(),
            FinalState::Error(error) => error.response.as_ref(),
        }
    }

    /// The annotations.
    #[must_use]
    pub fn annotations(&self) -> &[Any] {
        match &self.state {
            FinalState::Success(success) => &success.annotations,
            FinalState::Error(error) => &error.annotations,
        }
    }
}

/// Everything that was received so far.
#[derive(Debug, Clone, Default)]
pub struct Received {
    /// Every Hello, in order.
    pub hellos: Vec<BatonServiceHelloRequest>,
    /// How the tasks were finished, by id.
    pub finishes: BTreeMap<String, Finish>,
    /// The whole files that were uploaded, by the task's id.
    pub uploads: BTreeMap<String, Vec<Vec<u8>>>,
    /// Heartbeats by the task's id.
    pub heartbeats: BTreeMap<String, u64>,
    /// The longest time between two signs of life of a task that is finished, in seconds of this C1, by id.
    pub silences: BTreeMap<String, f64>,
    /// Requests by method; those for a token are `token`. Requests count that something went wrong with.
    pub requests: BTreeMap<String, u64>,
    /// Tasks that were handed out again, because nobody gave a sign of life.
    pub handed_out_again: u64,
    /// Finishes of tasks that were finished already, refused.
    pub repeated_finishes: u64,
    /// Connections that were made.
    pub connections: u64,
    /// `User-Agent` of the last request of the service.
    pub user_agent: String,
    /// Rules that were broken, one sentence each.
    pub violations: Vec<String>,
}

impl Received {
    /// All requests.
    #[must_use]
    pub fn total_requests(&self) -> u64 {
        self.requests.values().sum()
    }
}
