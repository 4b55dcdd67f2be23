//! Signs of life of a task, for as long as it runs, and what C1 answers to them
//! (`docs/spec/connector-runtime.md` 2.10).

use std::convert::Infallible;
use std::time::Duration;

use baton_connector::Code;
use tokio_util::sync::CancellationToken;

use crate::c1::Api;
use crate::clock::{Clock, jittered};

/// The interval if C1 names none.
const USUAL: Duration = Duration::from_secs(30);
/// No interval is shorter or longer than this.
const LIMITS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(300));
/// The longest pause before the first sign of life of a task.
const FIRST: Duration = Duration::from_secs(10);
/// So many times in a row C1 may refuse a sign of life before the task counts as cancelled. That it cannot be reached
/// does not count: the task goes on, and is told about later.
const PATIENCE: u32 = 9;

/// The pause before the first sign of life, by what the poll said.
pub(crate) fn first(told: Option<Duration>) -> Duration {
    interval(told).min(FIRST)
}

fn interval(told: Option<Duration>) -> Duration {
    told.filter(|told| !told.is_zero()).unwrap_or(USUAL).clamp(LIMITS.0, LIMITS.1)
}

/// Gives signs of life, the first after `first`, until it is dropped. Cancels `cancelled` when C1 says so.
pub(crate) async fn beat(
    api: &dyn Api,
    clock: &Clock,
    task_id: &str,
    first: Duration,
    cancelled: &CancellationToken,
) -> Infallible {
    let mut pause = first;
    let mut refused = 0;
    loop {
        // Never later than C1 wants it.
        clock.sleep(jittered(pause).min(pause)).await;
        match api.heartbeat(task_id).await {
            Ok(beat) => {
                refused = 0;
                pause = interval(beat.next_heartbeat);
                if beat.cancelled && !cancelled.is_cancelled() {
                    tracing::info!(task_id, "C1 has cancelled the task");
                    cancelled.cancel();
                }
            }
            Err(error) => {
                pause = interval(Some(pause));
                // Whoever does not let us in now may do so again: the poll sees to that.
                let counts = !error.is_outage() && error.code != Code::Unauthenticated;
                refused += u32::from(counts);
                tracing::debug!(task_id, error = error.message, code = %error.code, "heartbeat failed");
                if refused == PATIENCE {
                    tracing::warn!(task_id, error = error.message, "C1 refuses all heartbeats; cancelling the task");
                    cancelled.cancel();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_kept_within_limits() {
        for (told, expected) in [(None, 30), (Some(0), 30), (Some(45), 45), (Some(3600), 300)] {
            assert_eq!(interval(told.map(Duration::from_secs)), Duration::from_secs(expected));
        }
        assert_eq!(interval(Some(Duration::from_millis(3))), Duration::from_secs(1));
        assert_eq!(first(None), Duration::from_secs(10));
        assert_eq!(first(Some(Duration::from_secs(5))), Duration::from_secs(5));
    }
}
