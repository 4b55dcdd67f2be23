//! One task from its coming to its end.
//!
//! While a task runs, C1 gets signs of life. A handler works in a task of the runtime of its own, so that a panic is a
//! failure of this one task. Whatever becomes of it, C1 is told, again and again until it has taken it.

mod debug;
mod heartbeat;
mod kind;
mod outcome;
mod registry;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use baton_connector::Code;
use baton_proto::c1::connectorapi::baton::v1::{BatonServiceFinishTaskRequest, Task};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;
use tracing::field::Empty;

use crate::clock::Backoff;
use crate::handlers;
use crate::observe::Event;
use crate::run::Service;
use debug::DebugLog;
pub use debug::TaskLogs;
pub(crate) use kind::{Class, Kind};
pub(crate) use outcome::{Done, Failed, Handled};
pub(crate) use registry::{Registry, Verdict};

/// C1 may refuse a finish so often before we give up. That it cannot be reached does not count.
const REFUSALS: u32 = 20;

/// The pause before the first heartbeat, by what the poll said.
pub(crate) fn first_heartbeat(told: Option<Duration>) -> Duration {
    heartbeat::first(told)
}

/// Does a task and tells C1.
pub(crate) async fn run(service: Arc<Service>, task: Task, first_heartbeat: Duration) {
    let kind = Kind::of(task.task_type.as_ref());
    let span = tracing::info_span!(
        "task",
        otel.name = format!("task {}", kind.name),
        task_id = task.id,
        task_type = kind.name,
        debug = task.debug,
        otel.status_code = Empty,
        otel.status_description = Empty
    );
    Box::pin(within_span(service, task, kind, first_heartbeat)).instrument(span).await;
}

async fn within_span(service: Arc<Service>, task: Task, kind: Kind, first_heartbeat: Duration) {
    let id = task.id.clone();
    let log = if task.debug { DebugLog::begin(&service, &id) } else { None };
    let begun = service.clock().now();
    tracing::info!(task_id = id, task_type = kind.name, "task started");
    service.observer.event(&Event::TaskStarted { id: id.clone(), kind: kind.name });
    service.status.set(|status| status.running += 1);
    let cancelled = CancellationToken::new();
    // A sync is known to be cancelled before it asks for anything.
    let first = if kind.class == Class::Sync { Duration::ZERO } else { first_heartbeat };
    let work = async {
        let handled = handle(&service, task, kind, &cancelled).await;
        if let Some(log) = log.filter(|_| kind.class == Class::Sync && handled.is_ok()) {
            log.hand_over(&service, &id).await;
        }
        let took = service.clock().now().saturating_sub(begun);
        tell(&id, kind, &handled, took);
        service.metrics().task(kind.name, handled.as_ref().err().map(|failed| failed.code), took);
        let request = outcome::request(&id, &handled);
        deliver(&service, request.clone()).await;
        // A change that ended for good is not made again should C1 forget that it has ended.
        let is_over = handled.as_ref().err().is_none_or(|failed| !failed.retryable);
        let keep = (kind.class == Class::Change && is_over).then_some(request);
        (handled, took, keep)
    };
    let beats = heartbeat::beat(service.api.as_ref(), service.clock(), &id, first, &cancelled);
    let (handled, took, keep) = tokio::select! {
        ended = work => ended,
        never = beats => match never {},
    };
    service.tasks.end(&id, service.clock().now(), keep);
    service.status.set(|status| status.running -= 1);
    service.observer.event(&Event::TaskFinished { id, kind: kind.name, end: outcome::end(&handled), took });
}

/// Tells C1 once more how a task ended.
pub(crate) async fn repeat(service: Arc<Service>, request: BatonServiceFinishTaskRequest) {
    let id = request.task_id.clone();
    tracing::info!(task_id = id, "C1 hands out a change that was made already; telling again how it ended");
    deliver(&service, request.clone()).await;
    service.tasks.end(&id, service.clock().now(), Some(request));
}

fn tell(task_id: &str, kind: Kind, handled: &Handled, took: Duration) {
    let (task_type, duration) = (kind.name, took.as_secs_f64());
    match handled {
        Ok(_) => tracing::info!(task_id, task_type, duration, "task completed"),
        Err(Failed { code, message, retryable }) => {
            let span = tracing::Span::current();
            span.record("otel.status_code", "ERROR").record("otel.status_description", message);
            tracing::error!(task_id, task_type, duration, code = %code, retryable, error = message, "task failed");
        }
    }
}

/// Has the handler do a task, and cuts it off when there is no more time for it.
async fn handle(service: &Arc<Service>, task: Task, kind: Kind, cancelled: &CancellationToken) -> Handled {
    if service.stop.is_cancelled() {
        return Err(Failed::for_now(Code::Unavailable, "the connector was stopped before the task was begun"));
    }
    let handling = handlers::handle(Arc::clone(service), task, cancelled.clone());
    let mut handler = AbortOnDropHandle::new(tokio::spawn(handling.in_current_span()));
    let joined = tokio::select! {
        biased;
        joined = &mut handler => joined,
        why = cut_off(service, kind, cancelled) => {
            handler.abort();
            // It may have ended in this very moment.
            match handler.await {
                Err(error) if error.is_cancelled() => return Err(why),
                joined => joined,
            }
        }
    };
    joined.unwrap_or_else(|error| {
        let text = match error.try_into_panic() {
            Ok(panic) => panic_text(panic.as_ref()),
            Err(error) => error.to_string(),
        };
        service.metrics().panicked();
        let hint = match kind.class {
            Class::Change => "\nhint: whether the change was made is unknown; check the system",
            Class::Sync | Class::Question => "",
        };
        let message = format!("the connector failed while it did the task: panic: {text}{hint}");
        Err(Failed { code: Code::Internal, message, retryable: kind.class != Class::Change })
    })
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

/// Waits until a task of this kind must not run on, and says why. Syncs see for themselves that they have to end; they
/// and changes get some time for it.
async fn cut_off(service: &Service, kind: Kind, cancelled: &CancellationToken) -> Failed {
    let by_c1 = async {
        cancelled.cancelled().await;
        if kind.class != Class::Question {
            tokio::time::sleep(service.config.timing.grace).await;
        }
    };
    let by_us = match kind.class {
        Class::Question => &service.stop,
        Class::Sync | Class::Change => &service.abort_tasks,
    };
    let is_by_c1 = tokio::select! {
        () = by_c1 => true,
        () = by_us.cancelled() => false,
    };
    match (kind.class, is_by_c1) {
        (Class::Change, _) => {
            let why = if is_by_c1 { "C1 cancelled the task" } else { "the connector was stopped" };
            let message = format!(
                "{why} while the change was under way\nhint: whether the change was made is unknown; check the system"
            );
            Failed::for_good(if is_by_c1 { Code::Cancelled } else { Code::Unknown }, message)
        }
        (_, true) => Failed::for_now(Code::Cancelled, "the task was cancelled by C1"),
        (_, false) => Failed::for_now(Code::Unavailable, "the connector was stopped; the task can be done again"),
    }
}

/// Tells C1 how a task ended until it has taken it.
async fn deliver(service: &Service, request: BatonServiceFinishTaskRequest) {
    let task_id = request.task_id.clone();
    let (first, longest) = service.config.timing.retry;
    let mut backoff = Backoff::new(first, longest);
    let mut refused = 0;
    let mut told = false;
    let is_over = loop {
        let error = match service.api.finish(request.clone()).await {
            Ok(()) => break true,
            Err(error) => error,
        };
        if matches!(error.code, Code::NotFound | Code::AlreadyExists) {
            // An earlier try came through and its answer did not, or C1 has given the task up.
            tracing::info!(task_id, error = error.message, "C1 does not wait for the end of the task any more");
            break true;
        }
        refused += u32::from(!error.is_outage());
        if error.is_refusal || refused >= REFUSALS {
            tracing::error!(task_id, error = error.message, code = %error.code, "C1 does not take the end of the task");
            break true;
        }
        if !told {
            told = true;
            service.status.set(|status| status.undelivered += 1);
            tracing::warn!(task_id, error = error.message, "the end of the task could not be told; trying again");
        }
        tokio::select! {
            () = service.clock().sleep(backoff.next()) => {}
            () = service.abort_delivery.cancelled() => break false,
        }
    };
    if told {
        service.status.set(|status| status.undelivered -= 1);
    }
    if !is_over {
        tracing::error!(task_id, "the connector ends before C1 could be told how the task ended");
    }
}
