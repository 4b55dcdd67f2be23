//! One change under way: what it reads and sends, every request of it recorded.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use baton_connector::Change;
use baton_connector::provision::{Step, StepOutcome};
use okta_client::models::Record;
use okta_client::{Client, Error, ErrorKind, ListRequest, OrgUrl, Outcome, Request, Response, SentLog, SentRequest};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::errors;
use super::peek::Peek;

use crate::lock::lock;

/// How many pages a list may have. The lists that a change reads are those of one object: Okta's own limits keep them far
/// below.
const MAX_PAGES: usize = 1_000;

/// How long a cancelled change may take to find out what became of it. A stopped process has ten seconds in all, and a
/// task in service mode six.
const AFTER_CANCEL: Duration = Duration::from_secs(5);

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
    /// See [`Self::deadline`].
    deadline: OnceLock<Instant>,
    /// The reads before the change that were refused.
    unseen: Mutex<Vec<String>>,
    /// What somebody should know about a change that was made.
    remarks: Mutex<Vec<String>>,
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
            deadline: OnceLock::new(),
            unseen: Mutex::default(),
            remarks: Mutex::default(),
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

    /// When a cancelled change has to end, whatever it knows then. To be asked for once it is cancelled.
    pub(super) fn deadline(&self) -> Instant {
        *self.deadline.get_or_init(|| Instant::now() + AFTER_CANCEL)
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
        if_present(self.get(request).await)
    }

    /// Reads a list, every page of it. A record that cannot be read is an error, because the object that is looked for
    /// might be in it; so is a list that does not end.
    pub(super) async fn all<T: Record>(&self, list: Result<ListRequest<T>, Error>) -> Result<Vec<T>, Error> {
        let list = list?;
        let mut items = Vec::new();
        let mut cursor: Option<String> = None;
        let mut seen = HashSet::from([list.request.path_and_query.clone()]);
        for _ in 0..MAX_PAGES {
            let result = self.reader().page(&list, cursor.as_deref()).await;
            self.record(&list.request, result.as_ref().err());
            let page = result?;
            if let Some(bad) = page.unreadable.first() {
                let what = format!("GET {}: a {} cannot be read: {}", list.request.path(), T::KIND, bad.reason);
                return Err(Error::new(ErrorKind::Unreadable, what));
            }
            items.extend(page.items);
            let Some(next) = page.next else { return Ok(items) };
            if !seen.insert(next.clone()) {
                let why = format!("page {} leads back to a page that was read before", seen.len());
                return Err(without_end(&list.request, &why));
            }
            cursor = Some(next);
        }
        Err(without_end(&list.request, &format!("it has more than {MAX_PAGES} pages")))
    }

    /// Reads a list below an object, if the object is there.
    pub(super) async fn all_if_there<T: Record>(
        &self,
        list: Result<ListRequest<T>, Error>,
    ) -> Result<Option<Vec<T>>, Error> {
        if_present(self.all(list).await)
    }

    /// Reads one object that the change is possible without.
    pub(super) async fn peek<T: Record>(&self, request: Result<Request, Error>) -> Result<Peek<T>, Error> {
        let result = self.find(request).await;
        self.peeked(result)
    }

    /// Reads a list below an object that the change is possible without.
    pub(super) async fn peek_all<T: Record>(&self, list: Result<ListRequest<T>, Error>) -> Result<Peek<Vec<T>>, Error> {
        let result = self.all_if_there(list).await;
        self.peeked(result)
    }

    /// What a read has found that the change is possible without. Notes that it was refused, if it was one before the
    /// change.
    pub(super) fn peeked<T>(&self, result: Result<Option<T>, Error>) -> Result<Peek<T>, Error> {
        match result {
            Ok(Some(found)) => Ok(Peek::Found(found)),
            Ok(None) => Ok(Peek::Absent),
            Err(error) if errors::is_refusal(&error) => {
                if !self.looking_back.load(Ordering::Relaxed) {
                    push_new(&self.unseen, errors::brief(&error));
                }
                Ok(Peek::Refused(error))
            }
            Err(error) => Err(error),
        }
    }

    /// Notes what somebody should know if the change is made.
    pub(super) fn remark(&self, remark: String) {
        push_new(&self.remarks, remark);
    }

    /// What somebody should know about the result, `already` if it was so before.
    pub(super) fn notes(&self, already: bool) -> Vec<String> {
        let mut notes = Vec::new();
        if !already {
            notes.extend(lock(&self.remarks).iter().cloned());
        }
        let unseen = lock(&self.unseen);
        if !unseen.is_empty() {
            notes.push(format!("what could not be looked at before: {}", unseen.join(", ")));
        }
        notes
    }

    /// Sends a request that changes something; in a dry run it is only recorded, and the answer is `None`.
    pub(super) async fn send(&self, request: &Request) -> Result<Option<Response>, Error> {
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
        let mut told = lock(&self.told);
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

/// The error for a list that does not end.
fn without_end(request: &Request, why: &str) -> Error {
    let what = format!("GET {}: the list does not end: {why}", request.path());
    Error::new(ErrorKind::Unreadable, what)
        .with_hint("check the proxy in between, if there is one, or report this to Okta")
}

fn push_new(to: &Mutex<Vec<String>>, text: String) {
    let mut texts = lock(to);
    if !texts.contains(&text) {
        texts.push(text);
    }
}

/// `None` in place of the error that there is no such object.
fn if_present<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
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

fn step_of(request: &Request, sent: &SentRequest) -> Step {
    let outcome = sent.status.map_or(StepOutcome::Lost, StepOutcome::Answered);
    Step { target: sent.path_and_query.clone(), ..step(request, outcome) }
}
