//! Fetching one page of a piece of work, on whatever thread runs the task.

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use baton_connector::{QueueId, SourceError, SourceErrorKind, SyncSession, Work};
use futures::future::BoxFuture;
use tokio::task::{JoinError, JoinHandle};
use tracing::Instrument as _;
use tracing::field::Empty;

use crate::codec;
use crate::partial::Partial;
use crate::partial_refetch::{FetchedPatch, PartialRefetch};
use crate::plan::FetchedPage;

/// A piece of work that waits for its next page.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub id: u64,
    pub work: Work,
    pub cursor: Option<String>,
    pub seq: u64,
    /// Resources and grants on the pages before.
    pub objects: u64,
    /// Whether it has been begun again in this run.
    pub restarted: bool,
    /// The part to be fetched, if the rest is reused.
    pub refetch: Option<PartialRefetch>,
    /// Hashes of the cursors that it went through in this run: a source that leads in circles would never end.
    pub passed: HashSet<u64>,
}

impl Waiting {
    pub(crate) fn new(id: u64, work: Work) -> Self {
        Self { id, work, cursor: None, seq: 0, objects: 0, restarted: false, refetch: None, passed: HashSet::new() }
    }

    /// Whether it may begin again after `error`. Once a run: a source that forgets a cursor that it has just given would
    /// be asked for ever.
    pub(crate) fn can_restart(&self, error: &SourceError) -> bool {
        error.kind == SourceErrorKind::StaleCursor && self.cursor.is_some() && !self.restarted
    }

    /// The failure of a work whose next page has the cursor of an earlier one.
    pub(crate) fn in_circles(&self) -> SourceError {
        let message = format!(
            "{} {}: the source leads in circles, a next page has the same cursor as an earlier one; this is a fault of \
             the source, try again later",
            self.work.kind, self.work.subject
        );
        SourceError { message, kind: SourceErrorKind::Unreadable }
    }
}

/// A fetch under way. It names the queue whose slot it takes.
pub(crate) type Fetch = BoxFuture<'static, (QueueId, Waiting, Result<Answer, SourceError>)>;

/// Result of a fetch.
pub(crate) enum Answer {
    Page(Box<Fetched>),
    /// The requested part.
    Patch(FetchedPatch),
    /// The part cannot be fetched alone.
    NoPatch,
}

/// A page in the form in which it is committed, but for the ids of the work that it opens.
pub(crate) struct Fetched {
    pub page: FetchedPage,
    pub opens: Vec<Work>,
    /// What the operator should know.
    pub notes: Vec<String>,
}

/// Fetches one page, or a part of a list, and brings it into the form in which it is committed: encoding does not hold up
/// the scheduler. In a partial sync the page also opens the work that reads what its grants name.
pub(crate) fn fetch(
    session: Arc<dyn SyncSession>,
    queue: QueueId,
    waiting: Waiting,
    partial: Option<Arc<Partial>>,
) -> Fetch {
    let span = tracing::info_span!(
        "page",
        otel.name = format!("{} {}", if waiting.refetch.is_some() { "mend" } else { "read" }, waiting.work.kind),
        subject = waiting.work.subject,
        page = waiting.seq,
        otel.status_code = Empty
    );
    let reading = async move {
        let answer = match &waiting.refetch {
            Some(refetch) => refetch
                .read(session.as_ref(), &waiting.work)
                .await
                .map(|patch| patch.map_or(Answer::NoPatch, Answer::Patch)),
            None => read(session.as_ref(), &waiting, partial.as_deref()).await,
        };
        if answer.is_err() {
            tracing::Span::current().record("otel.status_code", "ERROR");
        }
        (queue, waiting, answer)
    };
    let task = tokio::spawn(reading.instrument(span));
    Box::pin(async move {
        match AbortOnDrop(task).await {
            Ok(done) => done,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    })
}

/// Fetches the page for which a piece of work waits.
async fn read(session: &dyn SyncSession, waiting: &Waiting, partial: Option<&Partial>) -> Result<Answer, SourceError> {
    let mut page = session.fetch(&waiting.work, waiting.cursor.as_deref()).await?;
    if let Some(partial) = partial {
        page.opens.extend(partial.named_by(session, &page.grants));
    }
    Ok(Answer::Page(Box::new(Fetched {
        page: FetchedPage {
            work: waiting.id,
            seq: waiting.seq,
            objects: codec::encode_objects(&page),
            grants: codec::encode_grants(&page.grants),
            count: (page.resource_count() + page.grants.len()) as u64,
            next: page.next,
            opens: Vec::new(),
            opened: Vec::new(),
            gaps: page.gaps,
            invalidations: page.invalidations,
            change_token: page.change_token,
            notes: Vec::new(),
        },
        opens: page.opens,
        notes: page.notes,
    })))
}

/// A task that ends with the future that waits for it.
struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Future for AbortOnDrop<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context)
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
