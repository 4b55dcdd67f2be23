//! How a state is brought about: look, send, look again.
//!
//! An [`Aim`] knows how to read whether something is so, and which request makes it so. Everything else is here, once for
//! all: what is so already is left alone; what Okta has accepted is confirmed by another look, because it answers many
//! changes in the same way whether or not they had an effect; a request whose answer was lost is told by its effect, and
//! sent again only when a look has shown that it had none and a second one could do no harm.

use std::time::Duration;

use baton_connector::provision::StateAfter;
use baton_connector::{ChangeError, Code};
use futures::FutureExt;
use futures::future::BoxFuture;
use okta_client::{Error, ErrorKind, Outcome, Request};

use super::errors;
use super::operation::Operation;

/// What is to be so.
pub(super) trait Aim: Send + Sync {
    /// What is being done, in words: "adding user … to group …".
    fn doing(&self) -> String;

    /// Reads how things are. The error is that of a read that failed.
    fn look<'a>(&'a self, op: &'a Operation<'_>) -> BoxFuture<'a, Result<Seen, Error>>;

    /// Judges the refusal of a request. `None` if the aim goes another way from now on, which the next look shows.
    fn judge<'a>(&'a self, _op: &'a Operation<'_>, error: &'a Error) -> BoxFuture<'a, Option<ChangeError>> {
        futures::future::ready(Some(errors::failed(&self.doing(), error))).boxed()
    }

    /// Whether sending a request a second time has the effect of sending it once.
    fn is_repeatable(&self) -> bool {
        true
    }
}

/// How things are.
#[derive(Debug)]
pub(super) enum Seen {
    /// As they are to be, and what somebody should know about it.
    So(Option<String>),
    /// These requests are needed, as far as can be told now. The first is sent, then things are looked at anew.
    Needs(Vec<Request>),
    /// They cannot be brought about.
    Never(ChangeError),
}

impl Seen {
    /// One request is needed.
    pub(super) fn needs(request: Result<Request, Error>) -> Result<Self, Error> {
        Ok(Self::Needs(vec![request?]))
    }
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Made {
    /// Whether it was so before.
    pub already: bool,
    /// What somebody should know about it.
    pub note: Option<String>,
}

/// What follows a request.
enum Next {
    /// Nothing.
    Done(Made),
    /// What the last look has seen.
    On(Seen),
}

/// How often things are looked at until an accepted change shows.
const LOOKS: u32 = 5;
/// How often a request without an answer is sent at most.
const TRIES: u32 = 3;
/// How many requests an aim may take.
const STEPS: usize = 10;
/// The pause between two looks. Okta's indexes usually trail by less than a second.
const PAUSE: Duration = Duration::from_millis(500);
/// How long a cancelled change may take to find out what became of it.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Brings it about that things are as `aim` wants them.
pub(super) async fn bring_about(op: &Operation<'_>, aim: &dyn Aim) -> Result<Made, ChangeError> {
    let mut seen = aim.look(op).await.map_err(|error| unread(aim, &error))?;
    for _ in 0..STEPS {
        let requests = match seen {
            Seen::So(note) => return Ok(Made { already: op.made() == 0, note }),
            Seen::Never(error) => return Err(leaving(op, error)),
            Seen::Needs(requests) => requests,
        };
        match step(op, aim, &requests).await? {
            Next::Done(made) => return Ok(made),
            Next::On(next) => seen = next,
        }
    }
    let message = format!("{} does not come to an end: what it needs changes with every request", aim.doing());
    Err(leaving(op, ChangeError::new(Code::Aborted, message)))
}

/// Sends the first of `requests` and finds out what came of it.
async fn step(op: &Operation<'_>, aim: &dyn Aim, requests: &[Request]) -> Result<Next, ChangeError> {
    let [request, rest @ ..] = requests else {
        return Err(ChangeError::new(Code::Internal, format!("{} needs no request, and is not done", aim.doing())));
    };
    for attempt in 1.. {
        let error = match op.send(request).await {
            Ok(None) => {
                op.withhold(rest);
                return Ok(Next::Done(Made { already: false, note: None }));
            }
            Ok(Some(_)) => return confirmed(op, aim, request, rest).await,
            Err(error) => error,
        };
        if error.outcome() != Outcome::Unknown {
            return refused(op, aim, request, &error).await;
        }
        if let Some(next) = read_back(op, aim, request, &error).await? {
            return Ok(next);
        }
        if attempt >= TRIES || !aim.is_repeatable() || !error.is_retryable() || op.is_cancelled() {
            let mut failure = errors::failed(&aim.doing(), &error);
            failure.message = beside_hints(&failure.message, "it was read back, and nothing has been done");
            return Err(leaving(op, failure));
        }
        pause(op).await;
    }
    Err(ChangeError::new(Code::Internal, "tried without end"))
}

/// Okta has accepted the request: looks until it shows.
async fn confirmed(
    op: &Operation<'_>,
    aim: &dyn Aim,
    request: &Request,
    rest: &[Request],
) -> Result<Next, ChangeError> {
    for _ in 0..LOOKS {
        match look_back(op, aim).await {
            Ok(Seen::Needs(next)) if next.first() == Some(request) => pause(op).await,
            Ok(seen) => return Ok(Next::On(seen)),
            Err(error) if rest.is_empty() => {
                let note = format!("Okta accepted it; it could not be read back: {error}");
                return Ok(Next::Done(Made { already: false, note: Some(note) }));
            }
            Err(error) => return Err(leaving(op, unread(aim, &error))),
        }
    }
    let message = format!(
        "{}: Okta accepted {request}, but things are still as before\n\
         hint: look in the admin console, and repeat it if nothing has changed",
        aim.doing()
    );
    Err(ChangeError::new(Code::Unavailable, message).leaving(StateAfter::Unknown))
}

/// Nothing was done. If things may have changed between the look and the request, looks again.
async fn refused(op: &Operation<'_>, aim: &dyn Aim, request: &Request, error: &Error) -> Result<Next, ChangeError> {
    let judged = aim.judge(op, error).await;
    let changed =
        matches!(error.kind(), ErrorKind::Conflict | ErrorKind::NotFound) && error.outcome() == Outcome::Refused;
    if judged.is_none() || changed {
        match aim.look(op).await {
            Ok(Seen::Needs(next)) if next.first() == Some(request) => {}
            Ok(seen) => return Ok(Next::On(seen)),
            Err(_) => {}
        }
    }
    Err(leaving(op, judged.unwrap_or_else(|| errors::failed(&aim.doing(), error))))
}

/// The answer to a request was lost. `None` if it has not been carried out.
async fn read_back(
    op: &Operation<'_>,
    aim: &dyn Aim,
    request: &Request,
    lost: &Error,
) -> Result<Option<Next>, ChangeError> {
    for look in 1..=2 {
        match look_back(op, aim).await {
            Ok(Seen::Needs(next)) if next.first() == Some(request) => {
                if look == 1 {
                    pause(op).await;
                }
            }
            Ok(Seen::So(note)) => {
                op.count_made();
                let told = format!("the answer was lost ({lost}); it was read back, and has been done");
                let note = note.map_or_else(|| told.clone(), |note| format!("{told}; {note}"));
                return Ok(Some(Next::Done(Made { already: false, note: Some(note) })));
            }
            Ok(seen) => {
                op.count_made();
                return Ok(Some(Next::On(seen)));
            }
            Err(error) => {
                let mut failure = errors::failed(&aim.doing(), lost);
                let told =
                    format!("whether it has been done cannot be told, because it could not be read back: {error}");
                failure.message = beside_hints(&failure.message, &told);
                return Err(failure.leaving(StateAfter::Unknown));
            }
        }
    }
    Ok(None)
}

/// Looks after a request was sent, also after a cancel, but then not for long.
async fn look_back(op: &Operation<'_>, aim: &dyn Aim) -> Result<Seen, Error> {
    op.look_back();
    if !op.is_cancelled() {
        let seen = aim.look(op).await;
        let broken_off = seen.as_ref().is_err_and(|error| error.kind() == ErrorKind::Cancelled);
        if !broken_off {
            return seen;
        }
    }
    let late = |_| Err(Error::new(ErrorKind::Timeout, "there was no answer in the time that a cancelled change has"));
    tokio::time::timeout(LAST_WORDS, aim.look(op)).await.unwrap_or_else(late)
}

async fn pause(op: &Operation<'_>) {
    tokio::select! {
        () = tokio::time::sleep(PAUSE) => {}
        () = op.cancelled() => {}
    }
}

/// A failed read.
fn unread(aim: &dyn Aim, error: &Error) -> ChangeError {
    errors::failed(&aim.doing(), error)
}

/// An error with what is known about the state: something of it may have been done before.
fn leaving(op: &Operation<'_>, error: ChangeError) -> ChangeError {
    match error.state {
        StateAfter::Unchanged if op.made() > 0 => error.leaving(StateAfter::Partial),
        _ => error,
    }
}

/// Puts a sentence behind a message, before its hints.
fn beside_hints(message: &str, told: &str) -> String {
    match message.split_once("\nhint: ") {
        Some((message, hints)) => format!("{message}; {told}\nhint: {hints}"),
        None => format!("{message}; {told}"),
    }
}
