//! The one writer of the working database: a thread of its own that commits what the fetches hand it, as much in one
//! transaction as has arrived meanwhile.

use std::thread::JoinHandle;

use baton_connector::WorkKind;
use tokio::sync::mpsc;

use crate::error::SyncError;
use crate::plan::commit::{self, PatchedWork, ReusedWork};
use crate::plan::{FetchedPage, Plan};

/// Pages that may wait for the writer. Small: a writer that cannot keep up has to slow the fetches down.
const WAITING: usize = 32;

/// What is to be written, in order.
#[derive(Debug)]
pub(crate) enum Change {
    /// A page and all that follows from it.
    Page(FetchedPage),
    /// A piece of work is reused from the last sync.
    Reuse(ReusedWork),
    /// A piece of work is reused from the last sync except for a part that was fetched.
    Patch(PatchedWork),
    /// A piece of work begins again.
    Restart(u64),
    /// The decision at a barrier.
    Barrier {
        /// Its name.
        barrier: &'static str,
        /// The kinds of work that may go through.
        release: Vec<WorkKind>,
    },
}

/// The writer's thread and the way to it.
#[derive(Debug)]
pub(crate) struct Writer {
    changes: mpsc::Sender<Change>,
    thread: JoinHandle<Result<Plan, SyncError>>,
}

impl Writer {
    /// Starts the thread.
    pub(crate) fn start(plan: Plan) -> Self {
        let (changes, incoming) = mpsc::channel(WAITING);
        let thread = std::thread::spawn(move || write(plan, incoming));
        Self { changes, thread }
    }

    /// Hands a change to the writer, waiting while it has too much to do. `false` means that the writer has failed:
    /// [`Writer::finish`] says why.
    pub(crate) async fn send(&self, change: Change) -> bool {
        self.changes.send(change).await.is_ok()
    }

    /// Waits until everything is committed and gives the plan back.
    pub(crate) async fn finish(self) -> Result<Plan, SyncError> {
        drop(self.changes);
        let joined = tokio::task::spawn_blocking(move || self.thread.join()).await;
        match joined {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

fn write(mut plan: Plan, mut incoming: mpsc::Receiver<Change>) -> Result<Plan, SyncError> {
    while let Some(first) = incoming.blocking_recv() {
        plan.within(|transaction| {
            apply(transaction, &first)?;
            drop(first);
            // Bounded by what fits into the channel while the transaction is open, so that no commit waits for ever.
            for _ in 0..WAITING {
                match incoming.try_recv() {
                    Ok(change) => apply(transaction, &change)?,
                    Err(_) => break,
                }
            }
            Ok(())
        })?;
    }
    Ok(plan)
}

fn apply(transaction: &rusqlite::Transaction<'_>, change: &Change) -> rusqlite::Result<()> {
    match change {
        Change::Page(page) => commit::page(transaction, page),
        Change::Reuse(reused) => commit::reuse(transaction, reused),
        Change::Patch(patch) => commit::patch(transaction, patch),
        Change::Restart(work) => commit::restart(transaction, *work),
        Change::Barrier { barrier, release } => commit::open_barrier(transaction, barrier, release),
    }
}
