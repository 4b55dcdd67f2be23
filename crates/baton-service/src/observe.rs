//! What service mode tells while it runs, for whoever shows it: a screen, a demo, a test. Logs are written besides.

use std::time::Duration;

/// Somebody who watches. Called from the service; must return at once.
pub trait Observer: Send + Sync + 'static {
    /// Something happened.
    fn event(&self, event: &Event);
}

/// An observer that ignores everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn event(&self, _event: &Event) {}
}

/// What happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// The health server listens there.
    Listening(std::net::SocketAddr),
    /// C1 has taken our Hello: tasks can come.
    Ready,
    /// A task has come and begins.
    TaskStarted {
        /// The task's id.
        id: String,
        /// Its kind, as in the proto (`sync_full`).
        kind: &'static str,
    },
    /// A sync under way tells how far it is.
    Sync {
        /// The task's id.
        id: String,
        /// What it tells.
        event: Box<baton_sync::Event>,
    },
    /// A file was uploaded.
    Uploaded {
        /// The task's id.
        id: String,
        /// How large it is, in bytes.
        bytes: u64,
    },
    /// A task has ended, and C1 knows.
    TaskFinished {
        /// The task's id.
        id: String,
        /// Its kind.
        kind: &'static str,
        /// How it ended.
        end: TaskEnd,
        /// How long it took, by the clock of the service.
        took: Duration,
    },
    /// C1 cannot be reached any more.
    Unreachable {
        /// Why.
        reason: String,
    },
    /// C1 can be reached again.
    Reachable {
        /// How long it could not, by the clock of the service.
        after: Duration,
    },
    /// The service ends; running tasks are brought to an end.
    Stopping {
        /// Tasks that run.
        running: usize,
    },
}

/// How a task ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskEnd {
    /// Well.
    Success,
    /// Badly.
    Failure {
        /// The gRPC code.
        code: baton_connector::Code,
        /// What happened.
        message: String,
        /// Whether C1 may try it again.
        retryable: bool,
    },
}
