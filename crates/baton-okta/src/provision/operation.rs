//! One change under way: what it reads and sends, every request of it recorded.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use baton_connector::Change;
use baton_connector::provision::{Step, StepOutcome};
use okta_client::models::Record;
use okta_client::{Answer, Client, Error, ErrorKind, ListRequest, OrgUrl, Outcome, Request, Sent, SentLog};
use tokio_util::sync::CancellationToken;

use super::errors;

/// One change, from its first read to its last. Nothing is remembered from one read to the next.
pub(super) struct Operation<'a> {
    client: Client,
    /// Goes on reading after the change was cancelled, so that what became of it can be told.
    afterwards: Client,
    cancel: CancellationToken,
    log: Arc<SentLog>,
    /// How many requests of the log the change has been told about.
    told: Mutex<usize>,
    change: &'a Change,
    /// How many requests have changed something.
    made: AtomicUsize,
    looking_back: AtomicBool,
}

impl<'a> Operation<'a> {
    pub(super) fn new(client: &Client, cancel: &CancellationToken, change: &'a Change) -> Self {
        let (client, log) = client.recording();
        Self {
            afterwards: client.with_cancel(CancellationToken::new()),
            client,
            cancel: cancel.clone(),
            log,
            told: Mutex::new(0),
            change,
            made: AtomicUsize::new(0),
            looking_back: AtomicBool::new(false),
        }
    }

    /// The org that is changed.
    pub(super) fn org(&self) -> &OrgUrl {
        self.client.org()
    }

    /// Whether somebody wants this to end.
    pub(super) fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// Resolves when somebody wants this to end.
    pub(super) async fn cancelled(&self) {
        self.cancel.cancelled().await;
    }

    /// From now on reads go on after a cancel.
    pub(super) fn look_back(&self) {
        self.looking_back.store(true, Ordering::Relaxed);
    }

    /// How many requests have changed something so far.
    pub(super) fn made(&self) -> usize {
        self.made.load(Ordering::Relaxed)
    }

    /// Counts a request that has changed something although no answer said so.
    pub(super) fn count_made(&self) {
        self.made.fetch_add(1, Ordering::Relaxed);
    }

    /// Reads one object.
    pub(super) async fn get<T: Record>(&self, request: Result<Request, Error>) -> Result<T, Error> {
        let request = request?;
        let result = self.reader().get(&request).await;
        self.record(&request, result.as_ref().err());
        result
    }

    /// Reads one object, if it is there.
    pub(super) async fn find<T: Record>(&self, request: Result<Request, Error>) -> Result<Option<T>, Error> {
        if_there(self.get(request).await)
    }

    /// Reads a list, every page of it. A record that cannot be read is an error, because whatever is looked for might
    /// be in it.
    pub(super) async fn all<T: Record>(&self, list: Result<ListRequest<T>, Error>) -> Result<Vec<T>, Error> {
        let list = list?;
        let mut items = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let result = self.reader().page(&list, cursor.as_deref()).await;
            self.record(&list.request, result.as_ref().err());
            let page = result?;
            if let Some(bad) = page.unreadable.first() {
                let what = format!("GET {}: a {} cannot be read: {}", list.request.path(), T::KIND, bad.reason);
                return Err(Error::new(ErrorKind::Unreadable, what));
            }
            items.extend(page.items);
            match page.next {
                Some(next) => cursor = Some(next),
                None => return Ok(items),
            }
        }
    }

    /// Reads a list below an object, if the object is there.
    pub(super) async fn all_if_there<T: Record>(
        &self,
        list: Result<ListRequest<T>, Error>,
    ) -> Result<Option<Vec<T>>, Error> {
        if_there(self.all(list).await)
    }

    /// Sends a request that changes something; in a dry run it is only recorded, and the answer is `None`.
    pub(super) async fn send(&self, request: &Request) -> Result<Option<Answer>, Error> {
        if self.change.is_dry_run() {
            self.change.record(step(request, StepOutcome::Withheld));
            return Ok(None);
        }
        let result = self.client.send(request).await;
        self.record(request, result.as_ref().err());
        let answer = result?;
        self.count_made();
        Ok(Some(answer))
    }

    /// Records requests that are not sent because this is a dry run.
    pub(super) fn withhold(&self, requests: &[Request]) {
        for request in requests {
            self.change.record(step(request, StepOutcome::Withheld));
        }
    }

    fn reader(&self) -> &Client {
        if self.looking_back.load(Ordering::Relaxed) && self.is_cancelled() { &self.afterwards } else { &self.client }
    }

    /// Tells the change what was sent for `request`, every try of its own.
    fn record(&self, request: &Request, error: Option<&Error>) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = self.log.requests();
        let new = sent.get(*told..).unwrap_or_default();
        for entry in new {
            self.change.record(step_of(request, entry));
        }
        if new.is_empty() && error.is_some_and(|error| error.outcome() == Outcome::NotSent) {
            self.change.record(step(request, StepOutcome::NotSent));
        }
        *told = sent.len();
    }
}

/// `None` in place of the error that there is no such object.
fn if_there<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if errors::is_gone(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn step(request: &Request, outcome: StepOutcome) -> Step {
    Step {
        method: request.method.to_string(),
        target: request.path_and_query.clone(),
        body: request.body.as_ref().map(|body| body.masked().to_string()),
        outcome,
    }
}

fn step_of(request: &Request, sent: &Sent) -> Step {
    let outcome = sent.status.map_or(StepOutcome::Lost, StepOutcome::Answered);
    Step { target: sent.path_and_query.clone(), ..step(request, outcome) }
}
