//! Ctrl-C and SIGTERM: the first ends the run in good order, the second at once.

use tokio_util::sync::CancellationToken;

/// The exit code of an interrupted run: the gRPC code of "cancelled".
const INTERRUPTED: i32 = 1;

/// Waits for signals for as long as the process lives; `tell` tells the operator that the first was heard.
pub(crate) async fn watch(cancel: CancellationToken, tell: impl FnOnce() + Send) {
    let Some(mut signals) = Signals::new() else {
        return;
    };
    signals.next().await;
    tell();
    cancel.cancel();
    signals.next().await;
    #[expect(clippy::exit, reason = "the operator insists, and all that counts is on disk already")]
    std::process::exit(INTERRUPTED);
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> Option<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Some(Self {
            interrupt: signal(SignalKind::interrupt()).ok()?,
            terminate: signal(SignalKind::terminate()).ok()?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> Option<Self> {
        Some(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
