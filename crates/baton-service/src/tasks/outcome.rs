//! How a task ended, and how C1 is told (`docs/spec/connector-runtime.md` 2.8).

use baton_connector::provision::StateAfter;
use baton_connector::{ChangeError, Code, SourceError};
use baton_proto::c1::connectorapi::baton::v1::BatonServiceFinishTaskRequest;
use baton_proto::c1::connectorapi::baton::v1::baton_service_finish_task_request::{Error, FinalState, Success};
use baton_proto::google::rpc::Status;
use baton_proto::{Message, Name, any};
use prost_types::Any;

use crate::observe::TaskEnd;

/// The largest finish that can be sent: what a gRPC server takes unless it is told otherwise, less some room.
const LARGEST: usize = (4 << 20) - (64 << 10);

/// The longest text of a failure, in bytes.
const LONGEST_TEXT: usize = 16 << 10;

/// How a task ended.
pub(crate) type Handled = Result<Done, Failed>;

/// A task that ended well.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Done {
    pub(crate) response: Option<Any>,
    pub(crate) annotations: Vec<Any>,
}

impl Done {
    /// With a response, and with annotations besides.
    pub(crate) fn with<M: Message + Name>(response: &M, annotations: Vec<Any>) -> Self {
        Self { response: Some(any::pack(response)), annotations }
    }
}

/// A task that ended badly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failed {
    pub(crate) code: Code,
    pub(crate) message: String,
    /// Whether C1 may try it again.
    pub(crate) retryable: bool,
}

impl Failed {
    /// A failure that another try will not change.
    pub(crate) fn for_good(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retryable: false }
    }

    /// A failure that may pass.
    pub(crate) fn for_now(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retryable: true }
    }
}

/// A change may be tried again only if nothing was changed, and the cause may pass by itself. C1 does not know that a
/// change is safe to repeat, and a person should look at what was done by halves.
impl From<ChangeError> for Failed {
    fn from(error: ChangeError) -> Self {
        let ChangeError { code, message, state } = error;
        let note = match state {
            StateAfter::Unchanged => "",
            StateAfter::Partial => "\nhint: part of the change was made; see above, and check the system",
            StateAfter::Unknown => "\nhint: whether the change was made is unknown; check the system",
        };
        let retryable = state == StateAfter::Unchanged && code.may_pass();
        Self { code, message: format!("{message}{note}"), retryable }
    }
}

impl From<SourceError> for Failed {
    fn from(error: SourceError) -> Self {
        Self::for_now(Code::from_number(error.kind.grpc_code()), error.message)
    }
}

/// What C1 is told. A result that is too large for it is told as a failure.
pub(crate) fn request(task_id: &str, handled: &Handled) -> BatonServiceFinishTaskRequest {
    let request = encode(task_id, handled);
    let size = request.encoded_len();
    if size <= LARGEST {
        return request;
    }
    let message = format!("the result has {size} bytes, more than C1 takes\nhint: ask for less at once");
    encode(task_id, &Err(Failed::for_good(Code::ResourceExhausted, message)))
}

fn encode(task_id: &str, handled: &Handled) -> BatonServiceFinishTaskRequest {
    let (status, state) = match handled {
        Ok(Done { response, annotations }) => {
            let success = Success { annotations: annotations.clone(), response: response.clone() };
            (None, FinalState::Success(success))
        }
        Err(failed) => {
            let code = i32::from(failed.code.number());
            let status = Status { code, message: shortened(&failed.message), details: Vec::new() };
            let error = Error { non_retryable: !failed.retryable, annotations: Vec::new(), response: None };
            (Some(status), FinalState::Error(error))
        }
    };
    BatonServiceFinishTaskRequest {
        host_id: String::new(),
        task_id: task_id.to_owned(),
        status,
        final_state: Some(state),
    }
}

fn shortened(text: &str) -> String {
    let end = (0..=LONGEST_TEXT.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text[..end].to_owned()
}

/// What whoever watches is told.
pub(crate) fn end(handled: &Handled) -> TaskEnd {
    match handled {
        Ok(_) => TaskEnd::Success,
        Err(Failed { code, message, retryable }) => {
            TaskEnd::Failure { code: *code, message: message.clone(), retryable: *retryable }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_nothing_and_may_pass_is_tried_again() {
        for (code, state, retryable) in [
            (Code::Unavailable, StateAfter::Unchanged, true),
            (Code::ResourceExhausted, StateAfter::Unchanged, true),
            (Code::Unavailable, StateAfter::Unknown, false),
            (Code::Unavailable, StateAfter::Partial, false),
            (Code::PermissionDenied, StateAfter::Unchanged, false),
            (Code::InvalidArgument, StateAfter::Unchanged, false),
        ] {
            let failed = Failed::from(ChangeError::new(code, "x").leaving(state));
            assert_eq!((failed.code, failed.retryable), (code, retryable), "{code} {state:?}");
            assert_eq!(failed.message.contains("hint"), state != StateAfter::Unchanged);
        }
    }

    #[test]
    fn what_is_too_large_is_told_as_a_failure() {
        let value = vec![0; 5 << 20];
        let large = Any { type_url: "x".to_owned(), value };
        let request = request("t", &Ok(Done { response: Some(large), annotations: Vec::new() }));
        assert_eq!(request.status.as_ref().map(|status| status.code), Some(8));
        assert!(request.encoded_len() < 1000);
        let text = super::request("t", &Err(Failed::for_now(Code::Unknown, "ü".repeat(1 << 20))));
        assert!(text.encoded_len() < 20_000);
    }
}
