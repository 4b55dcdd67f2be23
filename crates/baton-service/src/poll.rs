//! Asking C1 for tasks: at its pace, never in a spin, for as long as there is room for more
//! (`docs/spec/connector-runtime.md` 2.7).

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use baton_proto::c1::connectorapi::baton::v1::Task;
use baton_proto::c1::connectorapi::baton::v1::task::TaskType;
use tokio::task::JoinSet;

use crate::c1::Polled;
use crate::clock::{Backoff, jittered};
use crate::error::ServiceError;
use crate::run::Service;
use crate::tasks::{self, Kind, Verdict};

/// The longest pause between two polls.
const LONGEST: Duration = Duration::from_secs(300);
/// The shortest if there was nothing to do.
const SHORTEST_IDLE: Duration = Duration::from_secs(1);
/// The shortest if there was something: there may be more.
const SHORTEST_BUSY: Duration = Duration::from_millis(20);

/// How long a poll may still take when the service is to end, by the real clock.
const LAST_ANSWER: Duration = Duration::from_millis(500);

/// Asks for tasks and starts them in `running`, until the service is to end.
///
/// # Errors
/// C1 does not let this client in any more.
pub(crate) async fn run(service: &Arc<Service>, running: &mut JoinSet<()>) -> Result<(), ServiceError> {
    let (first, longest) = service.config.timing.retry;
    let mut backoff = Backoff::new(first, longest);
    let mut told = false;
    loop {
        let Some(room) = service.unless_stopped(service.tasks.room(service.config.task_concurrency)).await else {
            return Ok(());
        };
        // Those that have ended.
        while running.try_join_next().is_some() {}
        let asked = service.clock().now();
        let Some(result) = answer(service, service.api.poll(room, service.tasks.running())).await else {
            return Ok(());
        };
        let pause = match result {
            Ok(polled) => {
                backoff.reset();
                told = false;
                pause(polled.next_poll, start(service, running, polled, asked, room))
            }
            Err(error) if error.is_refusal => return Err(ServiceError::Refused(error.message)),
            Err(error) => {
                let pause = backoff.next();
                // An outage is told of by the link.
                if !error.is_outage() && !told {
                    told = true;
                    tracing::warn!(error = error.message, code = %error.code, "C1 gives no tasks; asking again");
                }
                pause
            }
        };
        if service.unless_stopped(service.clock().sleep(pause)).await.is_none() {
            return Ok(());
        }
    }
}

/// What a poll brings. When the service is to end, one that is under way gets a moment: C1 may have handed out a task
/// already, which has to be told of.
async fn answer<T>(service: &Service, poll: impl Future<Output = T>) -> Option<T> {
    let over = async {
        service.stop.cancelled().await;
        tokio::time::sleep(LAST_ANSWER).await;
    };
    tokio::select! {
        result = service.with_liveness(poll) => Some(result),
        () = over => None,
    }
}

/// How long to wait before C1 is asked again.
fn pause(told: Option<Duration>, had_news: bool) -> Duration {
    let shortest = if had_news { SHORTEST_BUSY } else { SHORTEST_IDLE };
    jittered(told.unwrap_or_default().clamp(shortest, LONGEST))
}

/// Starts what is new of the tasks that a poll brought, no more than there is `room` for, and says whether anything is.
/// C1 hands out again what is left: nobody gives signs of life of it.
fn start(service: &Arc<Service>, running: &mut JoinSet<()>, polled: Polled, asked: Duration, room: usize) -> bool {
    let first_heartbeat = tasks::first_heartbeat(polled.next_heartbeat);
    let mut started = 0;
    let mut tasks = polled.tasks.into_iter().filter(is_task);
    while let Some(task) = tasks.next() {
        if started == room {
            let left = 1 + tasks.count();
            tracing::warn!(room, left, "C1 hands out more tasks than it was asked for; the others have to wait");
            break;
        }
        match service.tasks.take(&task.id, asked) {
            Verdict::Known => {
                let kind = Kind::of(task.task_type.as_ref()).name;
                tracing::debug!(task_id = task.id, task_type = kind, "C1 hands out a task that runs already");
                service.metrics().duplicate();
                continue;
            }
            Verdict::Ended(finish) => {
                service.metrics().duplicate();
                running.spawn(tasks::repeat(Arc::clone(service), *finish));
            }
            Verdict::New => {
                running.spawn(tasks::run(Arc::clone(service), task, first_heartbeat));
            }
        }
        started += 1;
    }
    started > 0
}

/// Whether there is anything to be done, and to be told about under an id.
fn is_task(task: &Task) -> bool {
    !task.id.is_empty() && !matches!(task.task_type, Some(TaskType::None(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_c1s_within_limits() {
        let seconds = Duration::from_secs_f64;
        for (told, had_news, expected) in [
            (None, false, 1.0),
            (Some(0.0), false, 1.0),
            (Some(0.0), true, 0.02),
            (Some(5.0), true, 5.0),
            (Some(60.0), false, 60.0),
            (Some(3600.0), false, 300.0),
        ] {
            let (pause, expected) = (pause(told.map(seconds), had_news), seconds(expected));
            let about = expected.mul_f64(0.89)..expected.mul_f64(1.11);
            assert!(about.contains(&pause), "{told:?}: {pause:?}");
        }
    }
}
