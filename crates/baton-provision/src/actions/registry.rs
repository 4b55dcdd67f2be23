//! Actions that run on by themselves: started by one request, asked about by others.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use baton_c1z::ksuid::Ksuid;
use baton_connector::provision::{ActionCall, ActionDone, StateAfter};
use baton_connector::{Change, ChangeError, Code, Provisioner};
use baton_proto::c1::connector::v2::{
    BatonActionStatus, GetActionSchemaRequest, GetActionSchemaResponse, GetActionStatusRequest,
    GetActionStatusResponse, InvokeActionRequest, InvokeActionResponse, ListActionSchemasRequest,
    ListActionSchemasResponse,
};
use prost_types::value::Kind;
use prost_types::{Struct, Value};
use tokio::sync::watch;
use tokio::time::Instant;

/// How long an action may run.
const LONGEST_RUN: Duration = Duration::from_secs(3600);

/// How long a request waits for the end of what it started if it does not say.
const USUAL_WAIT: Duration = Duration::from_secs(1);

/// The longest that a request may ask to wait (`docs/spec/connector-runtime.md` 3.9).
const LONGEST_WAIT_ASKED: i64 = 86_400;

/// How many ended actions are remembered, and for how long. Those that run are never forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// At most so many.
    pub count: usize,
    /// Not longer than this after their end.
    pub age: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self { count: 1000, age: Duration::from_secs(24 * 3600) }
    }
}

/// Starts actions and remembers how they went, for as long as the process runs.
pub struct Registry {
    provisioner: Arc<dyn Provisioner>,
    retention: Retention,
    runs: Mutex<VecDeque<Run>>,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").field("retention", &self.retention).field("runs", &self.runs().len()).finish()
    }
}

/// An action that was started, oldest first in the registry.
struct Run {
    id: String,
    name: String,
    state: watch::Receiver<State>,
}

/// How an action stands.
#[derive(Debug, Clone)]
enum State {
    Running,
    Ended { at: Instant, result: Result<ActionDone, ChangeError> },
}

impl Registry {
    /// A registry of this provisioner's actions.
    #[must_use]
    pub fn new(provisioner: Arc<dyn Provisioner>, retention: Retention) -> Self {
        Self { provisioner, retention, runs: Mutex::default() }
    }

    /// The schemas, all or those of a resource type.
    #[must_use]
    pub fn list(&self, request: &ListActionSchemasRequest) -> ListActionSchemasResponse {
        let schemas = super::schemas(self.provisioner.as_ref(), &request.resource_type_id);
        ListActionSchemasResponse { schemas, annotations: Vec::new() }
    }

    /// The schema of a global action.
    ///
    /// # Errors
    /// [`Code::NotFound`]: there is none.
    pub fn schema(&self, request: &GetActionSchemaRequest) -> Result<GetActionSchemaResponse, ChangeError> {
        let schema = super::schema(self.provisioner.as_ref(), &request.name, "").map_err(|error| ChangeError {
            message: format!("action schema {} not found: {}", request.name, error.message),
            ..error
        })?;
        Ok(GetActionSchemaResponse { schema: Some(schema), annotations: Vec::new() })
    }

    /// Checks a call and starts it. It runs on whatever becomes of the request, which waits for its end for as long as
    /// `inline_wait` says (a second by default, an hour at most) and answers how it stands then.
    ///
    /// Must be called within a tokio runtime.
    ///
    /// # Errors
    /// There is no such action, or its arguments do not fit. What the action itself ends with is in the answer.
    pub async fn invoke(&self, request: InvokeActionRequest) -> Result<InvokeActionResponse, ChangeError> {
        let wait = wait(&request)?;
        let InvokeActionRequest { name, args, resource_type_id, .. } = request;
        let call = super::checked(self.provisioner.as_ref(), &name, &resource_type_id, args.unwrap_or_default())?;
        let (id, mut state) = self.start(call);
        // Either it has ended then, or the time is over: the state tells.
        let _ = tokio::time::timeout(wait, state.wait_for(|state| matches!(state, State::Ended { .. }))).await;
        let (status, response) = told(&state.borrow());
        Ok(InvokeActionResponse { id, status: status.into(), annotations: Vec::new(), response, name })
    }

    /// How a started action stands.
    ///
    /// # Errors
    /// [`Code::NotFound`]: there is none of that id, or it has been forgotten.
    pub fn status(&self, request: &GetActionStatusRequest) -> Result<GetActionStatusResponse, ChangeError> {
        let runs = self.runs();
        let run = runs.iter().find(|run| run.id == request.id).ok_or_else(|| {
            let id = &request.id;
            let message = format!("action status for id {id} not found: action id {id} not found");
            ChangeError::new(Code::NotFound, message)
        })?;
        let (status, response) = told(&run.state.borrow());
        Ok(GetActionStatusResponse {
            name: run.name.clone(),
            id: run.id.clone(),
            status: status.into(),
            annotations: Vec::new(),
            response,
        })
    }

    /// How many actions are under way.
    #[must_use]
    pub fn running(&self) -> usize {
        self.runs().iter().filter(|run| matches!(*run.state.borrow(), State::Running)).count()
    }

    fn start(&self, call: ActionCall) -> (String, watch::Receiver<State>) {
        let id = Ksuid::new().to_string();
        let (tell, state) = watch::channel(State::Running);
        let mut runs = self.runs();
        forget(&mut runs, self.retention);
        runs.push_back(Run { id: id.clone(), name: call.name.clone(), state: state.clone() });
        drop(runs);
        let provisioner = Arc::clone(&self.provisioner);
        tokio::spawn(async move {
            let change = Change::apply();
            let running = super::run(provisioner.as_ref(), &call, &change);
            let result = tokio::time::timeout(LONGEST_RUN, running).await.unwrap_or_else(|_| {
                let message = format!("the action {} did not end within an hour", call.name);
                Err(ChangeError::new(Code::DeadlineExceeded, message).leaving(StateAfter::Unknown))
            });
            // Nobody may be listening any more.
            let _ = tell.send(State::Ended { at: Instant::now(), result });
        });
        (id, state)
    }

    fn runs(&self) -> MutexGuard<'_, VecDeque<Run>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets what ended too long ago, and the oldest of what is too much; room for one more is left.
fn forget(runs: &mut VecDeque<Run>, retention: Retention) {
    let now = Instant::now();
    let ended_at = |run: &Run| match *run.state.borrow() {
        State::Running => None,
        State::Ended { at, .. } => Some(at),
    };
    runs.retain(|run| ended_at(run).is_none_or(|at| now.duration_since(at) <= retention.age));
    let ended = runs.iter().filter(|run| ended_at(run).is_some()).count();
    let mut surplus = (ended + 1).saturating_sub(retention.count);
    runs.retain(|run| {
        let goes = surplus > 0 && ended_at(run).is_some();
        surplus -= usize::from(goes);
        !goes
    });
}

/// How long the request is willing to wait.
fn wait(request: &InvokeActionRequest) -> Result<Duration, ChangeError> {
    let Some(asked) = request.inline_wait else {
        return Ok(USUAL_WAIT);
    };
    if !(0..=LONGEST_WAIT_ASKED).contains(&asked.seconds) || asked.nanos < 0 {
        let rule = "value must be inside range [0s, 86400s]";
        return Err(crate::check::invalid("InvokeActionRequest", "InlineWait", rule));
    }
    let asked = Duration::try_from(asked).unwrap_or(USUAL_WAIT);
    Ok(if asked.is_zero() { USUAL_WAIT } else { asked.min(LONGEST_RUN) })
}

/// Status and response on the wire.
fn told(state: &State) -> (BatonActionStatus, Option<Struct>) {
    match state {
        State::Running => (BatonActionStatus::Running, None),
        State::Ended { result: Ok(done), .. } => (BatonActionStatus::Complete, Some(done.values.clone())),
        State::Ended { result: Err(error), .. } => {
            let text = Value { kind: Some(Kind::StringValue(error.message.clone())) };
            (BatonActionStatus::Failed, Some(Struct { fields: [("error".to_owned(), text)].into() }))
        }
    }
}
