//! Whether C1 can be reached: learnt from every call, told once when it changes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use baton_connector::Code;
use tokio::time::Instant;

use super::RpcError;
use crate::clock::Clock;
use crate::observe::{Event, Observer};
use crate::status::Status;

/// So many calls have to fail in a row before C1 counts as out of reach: one that got lost is no outage.
const PATIENCE: u32 = 3;

/// The way to C1.
pub(crate) struct Link {
    clock: Clock,
    status: Arc<Status>,
    observer: Arc<dyn Observer>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    failures: u32,
    first: Option<(Duration, Instant)>,
    is_down: bool,
}

impl Link {
    pub(crate) fn new(clock: Clock, status: Arc<Status>, observer: Arc<dyn Observer>) -> Self {
        Self { clock, status, observer, state: Mutex::default() }
    }

    /// C1 has answered.
    pub(crate) fn works(&self) {
        let state = std::mem::take(&mut *self.state.lock().unwrap_or_else(PoisonError::into_inner));
        let (true, Some((since, _))) = (state.is_down, state.first) else { return };
        let after = self.clock.now().saturating_sub(since);
        tracing::info!(after_seconds = after.as_secs_f64(), tries = state.failures, "C1 can be reached again");
        self.status.set(|status| status.unreachable = None);
        self.observer.event(&Event::Reachable { after });
    }

    /// C1 has not answered.
    pub(crate) fn fails(&self, error: &RpcError) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failures = state.failures.saturating_add(1);
        let (_, since) = *state.first.get_or_insert_with(|| (self.clock.now(), Instant::now()));
        if state.failures < PATIENCE || state.is_down {
            return;
        }
        state.is_down = true;
        drop(state);
        tracing::warn!(
            error = error.message,
            "C1 cannot be reached; trying again with growing pauses, running tasks go on meanwhile"
        );
        let in_short = match error.code {
            Code::DeadlineExceeded => "C1 does not answer in time",
            _ => "C1 cannot be reached",
        };
        self.status.set(|status| status.unreachable = Some((since, in_short)));
        self.observer.event(&Event::Unreachable { reason: error.message.clone() });
    }
}
