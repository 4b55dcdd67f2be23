//! Ctrl-C and SIGTERM: the first ends the run in good order, the second at once. Whatever does not end in time after the
//! first is ended with the process.
//!
//! All this happens on threads of its own: a thread that blocks, be it one of the runtime's workers, one that waits for a
//! disk or one that writes to a pipe that nobody reads, keeps no signal from being heard.

use std::io;
use std::sync::mpsc;
use std::sync::{Arc, OnceLock};
use std::thread::{self, Builder};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

/// The exit code of an interrupted run: the gRPC code of "cancelled".
const INTERRUPTED: i32 = 1;

/// The process is over this long after the first signal. Supervisors kill after ten seconds.
const LONGEST: Duration = Duration::from_millis(9900);

/// How long the line about the first signal may take: it comes before what the run says at its end.
const FIRST_LINE: Duration = Duration::from_millis(500);
/// How long the line that the time is over may take.
const LAST_LINE: Duration = Duration::from_millis(100);
/// How long the process may take to exit before it is killed.
const EXIT: Duration = Duration::from_millis(400);

/// When the first signal was heard.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard(Arc<OnceLock<Instant>>);

impl Heard {
    /// How much of `limit` is left since the first signal; `None` as long as none was heard.
    pub(crate) fn left(&self, limit: Duration) -> Option<Duration> {
        Some(limit.saturating_sub(self.0.get()?.elapsed()))
    }
}

/// A line for the operator about the end of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
    /// The first signal was heard.
    Stopping,
    /// Not everything has ended in time; the process ends without it.
    Overdue,
}

/// Listens for signals for as long as the process lives. `report` passes a notice on to the operator, and may block.
///
/// # Errors
/// What the operating system says; signals then do what they do to every process.
pub(crate) fn watch(
    cancel: CancellationToken,
    heard: Heard,
    report: impl Fn(Notice) + Clone + Send + 'static,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    // From here on, not only once the thread has begun.
    let mut signals = {
        let _context = runtime.enter();
        Signals::new()?
    };
    let listen = move || {
        runtime.block_on(signals.next());
        let _ = heard.0.set(Instant::now());
        let overdue = report.clone();
        let _ = Builder::new().name("deadline".to_owned()).spawn(move || {
            thread::sleep(LONGEST.saturating_sub(LAST_LINE + EXIT));
            briefly(LAST_LINE, move || overdue(Notice::Overdue));
            end();
        });
        briefly(FIRST_LINE, move || report(Notice::Stopping));
        cancel.cancel();
        runtime.block_on(signals.next());
        end();
    };
    Builder::new().name("signals".to_owned()).spawn(listen).map(drop)
}

/// Does something that may block, and waits no longer than `limit` for it.
fn briefly(limit: Duration, what: impl FnOnce() + Send + 'static) {
    let (done, is_done) = mpsc::channel::<()>();
    let spawned = Builder::new().spawn(move || {
        what();
        drop(done);
    });
    if spawned.is_ok() {
        let _ = is_done.recv_timeout(limit);
    }
}

/// Ends the process. All that counts is on disk already, and only whole files take the place of others.
fn end() -> ! {
    // Leaving in good order flushes what was printed, which may have to wait for a reader.
    briefly(EXIT, || {
        #[expect(clippy::exit, reason = "the operator insists, or the time is over")]
        std::process::exit(INTERRUPTED);
    });
    kill();
    std::process::abort();
}

#[cfg(unix)]
fn kill() {
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
}

#[cfg(not(unix))]
fn kill() {}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
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
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
