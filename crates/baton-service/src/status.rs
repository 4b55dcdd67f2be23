//! How the service stands: what health checks tell.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The loop turns at least this often, or it is stuck.
const LONGEST_TURN: Duration = Duration::from_secs(300);

/// How the service stands.
#[derive(Debug)]
pub(crate) struct Status(Mutex<Inner>);

#[derive(Debug, Clone)]
pub(crate) struct Inner {
    /// Whether C1 has taken our Hello.
    pub(crate) greeted: bool,
    pub(crate) stopping: bool,
    /// Since when C1 cannot be reached, and why, in words that anybody may read.
    pub(crate) unreachable: Option<(Instant, &'static str)>,
    pub(crate) running: usize,
    /// Finishes that C1 has not taken yet.
    pub(crate) undelivered: usize,
    turned: Instant,
}

impl Default for Status {
    fn default() -> Self {
        Self(Mutex::new(Inner {
            greeted: false,
            stopping: false,
            unreachable: None,
            running: 0,
            undelivered: 0,
            turned: Instant::now(),
        }))
    }
}

impl Status {
    pub(crate) fn set(&self, change: impl FnOnce(&mut Inner)) {
        change(&mut self.lock());
    }

    pub(crate) fn get(&self) -> Inner {
        self.lock().clone()
    }

    /// The loop has turned.
    pub(crate) fn turn(&self) {
        self.lock().turned = Instant::now();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Whether the loop has not turned for too long.
    pub(crate) fn is_stuck(&self) -> bool {
        self.turned.elapsed() > LONGEST_TURN
    }
}
