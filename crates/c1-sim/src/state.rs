//! The tasks and what became of them.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use baton_proto::c1::connectorapi::baton::v1::task::TaskType;
use baton_proto::c1::connectorapi::baton::v1::{BatonServiceFinishTaskRequest, Task, task};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tokio::sync::Notify;
use tonic::Status;

use crate::faults::{Fault, Mode};
use crate::received::{Finish, Received};
use crate::rules::TASK_ID_LENGTH;

/// How often the interval of heartbeats may pass without a sign of life before a task is handed out again.
const PATIENCE: f64 = 5.0;

/// What can be set while the server runs.
#[derive(Debug, Clone)]
pub(crate) struct Manner {
    pub(crate) mode: Mode,
    pub(crate) faults: f64,
    pub(crate) delay: Duration,
    pub(crate) next_poll: Duration,
    pub(crate) next_heartbeat: Duration,
    pub(crate) client_is_known: bool,
    pub(crate) uploads_to_refuse: u32,
    /// Whether more tasks are handed out at once than were asked for.
    pub(crate) is_generous: bool,
}

/// All that changes.
pub(crate) struct State {
    inner: Mutex<Inner>,
    /// Told whenever a task is finished.
    pub(crate) changed: Notify,
}

pub(crate) struct Inner {
    pub(crate) manner: Manner,
    pub(crate) received: Received,
    pub(crate) tokens: HashMap<String, f64>,
    pub(crate) nonces: BTreeSet<String>,
    pub(crate) host_id: Option<String>,
    random: StdRng,
    tasks: BTreeMap<String, Entry>,
    /// Tasks that wait to be handed out.
    queue: VecDeque<String>,
}

struct Entry {
    task: Task,
    /// The last sign of life; `None` as long as the task waits.
    seen: Option<f64>,
    silence: f64,
    is_cancelled: bool,
}

impl State {
    pub(crate) fn new(manner: Manner, seed: u64) -> Self {
        let inner = Inner {
            manner,
            received: Received::default(),
            tokens: HashMap::new(),
            nonces: BTreeSet::new(),
            host_id: None,
            random: StdRng::seed_from_u64(seed),
            tasks: BTreeMap::new(),
            queue: VecDeque::new(),
        };
        Self { inner: Mutex::new(inner), changed: Notify::new() }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Counts a request, and says what goes wrong with it.
    pub(crate) fn begin(&mut self, method: &str) -> Option<Fault> {
        *self.received.requests.entry(method.to_owned()).or_default() += 1;
        Fault::roll(&mut self.random, self.manner.faults)
    }

    /// Notes a broken rule.
    pub(crate) fn violation(&mut self, what: impl Into<String>) {
        self.received.violations.push(what.into());
    }

    /// Letters and digits.
    pub(crate) fn made_up(&mut self, length: usize) -> String {
        let random = &mut self.random;
        (0..length).map(|_| char::from(random.sample(rand::distr::Alphanumeric))).collect()
    }

    /// Puts a task into the queue and returns its id. `debug`: C1 wants to see it in detail.
    pub(crate) fn add(&mut self, kind: TaskType, debug: bool) -> String {
        let id = self.made_up(TASK_ID_LENGTH);
        let status = task::Status::Pending.into();
        let task = Task { id: id.clone(), status, debug, task_type: Some(kind) };
        self.tasks.insert(id.clone(), Entry { task, seen: None, silence: 0.0, is_cancelled: false });
        self.queue.push_back(id.clone());
        id
    }

    /// Puts a task into the queue once more, as if it had been forgotten that it was handed out.
    pub(crate) fn add_again(&mut self, id: &str) {
        if self.tasks.contains_key(id) {
            self.queue.push_back(id.to_owned());
        }
    }

    pub(crate) fn cancel(&mut self, id: &str) {
        if let Some(entry) = self.tasks.get_mut(id) {
            entry.is_cancelled = true;
        }
    }

    /// Up to `count` tasks that are to be done: those that wait, and those of which nothing was heard for too long.
    pub(crate) fn take(&mut self, count: usize, known: &[String], now: f64) -> Vec<Task> {
        let count = if self.manner.is_generous { usize::MAX } else { count };
        let patience = self.manner.next_heartbeat.as_secs_f64() * PATIENCE;
        let mut taken: Vec<String> = Vec::new();
        while taken.len() < count
            && let Some(id) = self.queue.pop_front()
        {
            taken.push(id);
        }
        let is_lost = |entry: &Entry| entry.seen.is_some_and(|seen| now - seen > patience);
        let lost = self.tasks.iter().filter(|(id, entry)| {
            is_lost(entry) && !self.received.finishes.contains_key(*id) && !taken.contains(id) && !known.contains(id)
        });
        let lost: Vec<String> = lost.map(|(id, _)| id.clone()).take(count - taken.len()).collect();
        self.received.handed_out_again += lost.len() as u64;
        taken.extend(lost);
        let mut tasks = Vec::new();
        for id in taken {
            if let Some(entry) = self.tasks.get_mut(&id) {
                entry.seen = Some(now);
                tasks.push(entry.task.clone());
            }
        }
        tasks
    }

    /// Puts tasks back whose answer got lost.
    pub(crate) fn put_back(&mut self, tasks: &[Task]) {
        for task in tasks.iter().rev() {
            if let Some(entry) = self.tasks.get_mut(&task.id) {
                entry.seen = None;
            }
            if !self.received.finishes.contains_key(&task.id) {
                self.queue.push_front(task.id.clone());
            }
        }
    }

    /// A sign of life of a task; says whether it is cancelled.
    pub(crate) fn seen(&mut self, id: &str, now: f64) -> Result<bool, Status> {
        if self.received.finishes.contains_key(id) {
            return Err(Status::not_found(format!("the task {id} is finished")));
        }
        let Some(entry) = self.tasks.get_mut(id) else {
            self.violation(format!("a request about the task {id}, which there is not"));
            return Err(Status::not_found(format!("there is no task {id}")));
        };
        entry.silence = entry.silence.max(entry.seen.map_or(0.0, |seen| now - seen));
        entry.seen = Some(now);
        Ok(entry.is_cancelled)
    }

    pub(crate) fn finish(&mut self, request: BatonServiceFinishTaskRequest, now: f64) -> Result<(), Status> {
        let id = request.task_id;
        let Some(state) = request.final_state else {
            self.violation(format!("the task {id} was finished neither well nor badly"));
            return Err(Status::invalid_argument("final_state is required"));
        };
        let finish = Finish { status: request.status, state };
        let failed = finish.status.as_ref().is_some_and(|status| status.code != 0);
        if finish.is_success() == failed {
            self.violation(format!("the task {id} was finished with a status that does not fit: {finish:?}"));
        }
        if self.received.finishes.contains_key(&id) {
            self.received.repeated_finishes += 1;
            return Err(Status::not_found(format!("the task {id} is finished")));
        }
        self.seen(&id, now)?;
        let silence = self.tasks.get(&id).map_or(0.0, |entry| entry.silence);
        self.received.silences.insert(id.clone(), silence);
        self.received.finishes.insert(id, finish);
        Ok(())
    }

    /// Whether every task that there is has been finished.
    pub(crate) fn is_all_finished(&self) -> bool {
        self.tasks.len() == self.received.finishes.len()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use baton_proto::c1::connectorapi::baton::v1::baton_service_finish_task_request::{Error, FinalState, Success};
    use baton_proto::c1::connectorapi::baton::v1::task::HelloTask;

    use super::*;

    fn state() -> State {
        let manner = Manner {
            mode: Mode::Serving,
            faults: 0.0,
            delay: Duration::ZERO,
            next_poll: Duration::ZERO,
            next_heartbeat: Duration::from_secs(10),
            client_is_known: true,
            uploads_to_refuse: 0,
            is_generous: false,
        };
        State::new(manner, 1)
    }

    fn hello() -> TaskType {
        TaskType::Hello(HelloTask::default())
    }

    fn finish(id: &str, state: Option<FinalState>) -> BatonServiceFinishTaskRequest {
        BatonServiceFinishTaskRequest { task_id: id.to_owned(), final_state: state, ..Default::default() }
    }

    #[test]
    fn tasks_of_which_nothing_is_heard_are_handed_out_again() {
        let state = state();
        let mut state = state.lock();
        let (first, second) = (state.add(hello(), false), state.add(hello(), false));
        let ids = |tasks: Vec<Task>| tasks.into_iter().map(|task| task.id).collect::<Vec<_>>();
        assert_eq!(ids(state.take(1, &[], 0.0)), [first.as_str()]);
        assert_eq!(ids(state.take(9, &[], 0.0)), [second.as_str()]);
        state.seen(&second, 40.0).unwrap();
        assert_eq!(ids(state.take(9, &[], 40.0)), [""; 0]);
        assert_eq!(ids(state.take(9, &[], 51.0)), [first.as_str()]);
        assert_eq!(ids(state.take(9, std::slice::from_ref(&second), 99.0)), [""; 0], "whoever asks has it");
        let again = state.take(9, &[], 99.0);
        state.put_back(&again);
        assert_eq!(ids(state.take(9, &[], 99.0)), [second.as_str()], "its answer got lost");
    }

    #[test]
    fn a_task_is_finished_once_and_rightly() {
        let state = state();
        let mut state = state.lock();
        let id = state.add(hello(), false);
        let success = || Some(FinalState::Success(Success::default()));
        assert!(state.finish(finish(&id, None), 0.0).is_err());
        state.finish(finish(&id, success()), 0.0).unwrap();
        assert!(state.is_all_finished());
        assert_eq!(state.received.violations.len(), 1);
        assert!(state.finish(finish(&id, success()), 0.0).is_err());
        assert_eq!((state.received.repeated_finishes, state.received.violations.len()), (1, 1));
        assert!(state.finish(finish("unknown", success()), 0.0).is_err());
        let other = state.add(hello(), false);
        // A failure says what went wrong.
        let _ = state.finish(finish(&other, Some(FinalState::Error(Error::default()))), 0.0);
        assert_eq!(state.received.violations.len(), 3);
    }
}
