//! How a state is brought about: look, send, look again.
//!
//! An [`DesiredState`] knows how to read whether something is so, and which request makes it so. Everything else is here, once for
//! all: what is so already is left alone; what Okta has accepted is confirmed by another look, because it answers many
//! changes in the same way whether or not they had an effect; a request whose answer was lost is told by its effect, and
//! sent again only when a look has shown that it had none and a second one could do no harm. A look proves that something
//! was done. That something was not done it proves only of a request that Okta has answered: one without an answer may
//! still be carried out, so that the state is unknown then.

use std::time::Duration;

use baton_connector::provision::StateAfter;
use baton_connector::{ChangeError, Code};
use futures::FutureExt;
use futures::future::BoxFuture;
use okta_client::{Error, ErrorKind, Outcome, Request, Response};
use tokio::time::Instant;

use super::errors;
use super::operation::Operation;

/// What is to be so.
pub(super) trait DesiredState: Send + Sync {
    /// What is being done, in words: "adding user … to group …".
    fn doing(&self) -> String;

    /// How things are as long as they are not as they are to be, in words: "user … is not in group …".
    fn unmet(&self) -> String;

    /// Reads how things are. The error is that of a read that failed.
    fn look<'a>(&'a self, op: &'a Operation<'_>) -> BoxFuture<'a, Result<Observation, Error>>;

    /// Judges the refusal of a request. `None` if the aim goes another way from now on, which the next look shows.
    fn judge<'a>(&'a self, _op: &'a Operation<'_>, error: &'a Error) -> BoxFuture<'a, Option<ChangeError>> {
        futures::future::ready(Some(errors::failed(&self.doing(), error))).boxed()
    }

    /// Keeps what the answer to an accepted request says.
    fn accepted(&self, _request: &Request, _answer: &Response) {}

    /// Whether sending a request a second time has the effect of sending it once.
    fn is_repeatable(&self) -> bool {
        true
    }
}

/// How things are.
#[derive(Debug)]
pub(super) enum Observation {
    /// As they are to be, and what somebody should know about it.
    Satisfied(Option<String>),
    /// These requests are needed, as far as can be told now. The first is sent, then things are looked at anew.
    Pending(Vec<Request>),
    /// They cannot be seen, because a read was refused. This request brings them about, and does no harm where they are
    /// so already: it is sent once, and its answer is believed.
    Unseen(Request, Error),
    /// They cannot be brought about.
    Impossible(ChangeError),
}

impl Observation {
    /// One request is needed.
    pub(super) fn pending(request: Result<Request, Error>) -> Result<Self, Error> {
        Ok(Self::Pending(vec![request?]))
    }

    /// One request is needed; `refused` is why it cannot be seen whether it is, if it cannot.
    pub(super) fn pending_or_unseen(request: Result<Request, Error>, refused: Option<Error>) -> Result<Self, Error> {
        match refused {
            None => Self::pending(request),
            Some(error) => Ok(Self::Unseen(request?, error)),
        }
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
    On(Observation),
}

/// How often things are looked at until an accepted change shows.
const LOOKS: u32 = 5;
/// How often a request without an answer is sent at most.
const TRIES: u32 = 3;
/// How many requests an aim may take.
const STEPS: usize = 10;
/// The pause before another look. Okta's indexes usually trail by less than a second.
pub(super) const PAUSE: Duration = Duration::from_millis(500);
/// The pauses before the looks that follow a failure of Okta's: the request has ended, and its effect may show late.
const AFTER_FAILURE: &[Duration] = &[Duration::ZERO, PAUSE];
/// The same where no answer came, so that Okta may still be working on it, if it can be sent again.
const AFTER_SILENCE: &[Duration] = &[PAUSE, PAUSE];
/// The same if it is not sent again. Together with the looks they have to fit into what a cancelled change has left
/// ([`Operation::deadline`]).
const AFTER_LAST_SILENCE: &[Duration] = &[PAUSE, Duration::from_secs(1), Duration::from_secs(2)];

/// Brings it about that things are as `desired` wants them.
pub(super) async fn reconcile(op: &Operation<'_>, desired: &dyn DesiredState) -> Result<Made, ChangeError> {
    let Made { already, note } = reach(op, desired).await?;
    let notes: Vec<String> = note.into_iter().chain(op.notes(already)).collect();
    Ok(Made { already, note: (!notes.is_empty()).then(|| notes.join("; ")) })
}

async fn reach(op: &Operation<'_>, desired: &dyn DesiredState) -> Result<Made, ChangeError> {
    let mut seen = desired.look(op).await.map_err(|error| unread(desired, &error))?;
    for _ in 0..STEPS {
        let next = match seen {
            Observation::Satisfied(note) => return Ok(Made { already: op.made() == 0, note }),
            Observation::Impossible(error) => return Err(leaving(op, error)),
            Observation::Pending(requests) => step(op, desired, &requests).await?,
            Observation::Unseen(request, _) => unseen_step(op, desired, &request).await?,
        };
        match next {
            Next::Done(made) => return Ok(made),
            Next::On(next) => seen = next,
        }
    }
    let message = format!("{} does not come to an end: what it needs changes with every request", desired.doing());
    Err(leaving(op, ChangeError::new(Code::Aborted, message)))
}

/// Sends the first of `requests` and finds out what came of it.
async fn step(op: &Operation<'_>, desired: &dyn DesiredState, requests: &[Request]) -> Result<Next, ChangeError> {
    let [request, rest @ ..] = requests else {
        return Err(ChangeError::new(Code::Internal, format!("{} needs no request, and is not done", desired.doing())));
    };
    // Whether a try without an answer may still be carried out.
    let mut pending = false;
    for attempt in 1.. {
        let error = match op.send(request).await {
            Ok(None) => {
                op.withhold(rest);
                return Ok(Next::Done(Made { already: false, note: None }));
            }
            Ok(Some(answer)) => {
                desired.accepted(request, &answer);
                return confirmed(op, desired, request, rest).await;
            }
            Err(error) => error,
        };
        if error.outcome() != Outcome::Unknown {
            let next = refused(op, desired, request, &error).await;
            return next.map_err(|failure| if pending { still_pending(failure) } else { failure });
        }
        let silence = is_silence(&error);
        pending |= silence;
        let last = attempt >= TRIES || !desired.is_repeatable() || !error.is_retryable() || op.is_cancelled();
        let pauses = match (silence, last) {
            (false, _) => AFTER_FAILURE,
            (true, false) => AFTER_SILENCE,
            (true, true) => AFTER_LAST_SILENCE,
        };
        if let Some(next) = read_back(op, desired, request, &error, pauses).await? {
            return Ok(next);
        }
        if last || op.is_cancelled() {
            return Err(not_done(op, desired, &error, pending));
        }
    }
    Err(ChangeError::new(Code::Internal, "tried without end"))
}

/// Whether Okta may still be working on a request that failed in this way: no answer came, or only one of a gateway
/// that did not wait for Okta's.
fn is_silence(error: &Error) -> bool {
    matches!(error.status(), None | Some(408 | 502 | 504))
}

/// A failure after a request that may still be carried out.
fn still_pending(mut failure: ChangeError) -> ChangeError {
    let hint = "\nhint: repeat this in a minute: what has been done by then is found and left as it is";
    failure.message = beside_hints(&failure.message, "Okta may still carry it out") + hint;
    failure.leaving(StateAfter::Unknown)
}

/// A request without an answer whose effect does not show. It may be `pending`: then Okta may still carry it out.
fn not_done(op: &Operation<'_>, desired: &dyn DesiredState, error: &Error, pending: bool) -> ChangeError {
    let mut failure = errors::failed(&desired.doing(), error);
    if pending {
        failure.message = beside_hints(&failure.message, "it was read back, and has not been done yet");
        return still_pending(failure);
    }
    failure.message = beside_hints(&failure.message, "it was read back, and nothing has been done");
    leaving(op, failure)
}

/// Sends a request of which nobody could see whether it is needed. Once: what became of it may not be seen either, and the
/// answer is believed.
async fn unseen_step(op: &Operation<'_>, desired: &dyn DesiredState, request: &Request) -> Result<Next, ChangeError> {
    let done = |note| Ok(Next::Done(Made { already: false, note }));
    let error = match op.send(request).await {
        Ok(None) => return done(None),
        Ok(Some(answer)) => {
            desired.accepted(request, &answer);
            return match look_back(op, desired).await {
                Ok(Observation::Satisfied(note)) => done(note),
                Ok(Observation::Pending(next)) if next.first() != Some(request) => {
                    Ok(Next::On(Observation::Pending(next)))
                }
                _ => done(None),
            };
        }
        Err(error) => error,
    };
    if errors::is_there_already(&error) {
        return Ok(Next::Done(Made { already: op.made() == 0, note: None }));
    }
    if error.outcome() != Outcome::Unknown {
        return refused(op, desired, request, &error).await;
    }
    let silence = is_silence(&error);
    let next =
        read_back(op, desired, request, &error, if silence { AFTER_LAST_SILENCE } else { AFTER_FAILURE }).await?;
    next.ok_or_else(|| not_done(op, desired, &error, silence))
}

/// Okta has accepted the request: looks until it shows.
async fn confirmed(
    op: &Operation<'_>,
    desired: &dyn DesiredState,
    request: &Request,
    rest: &[Request],
) -> Result<Next, ChangeError> {
    for _ in 0..LOOKS {
        match look_back(op, desired).await {
            Ok(Observation::Pending(next)) if next.first() == Some(request) => pause(op, PAUSE).await,
            Err(error) | Ok(Observation::Unseen(_, error)) if rest.is_empty() => {
                let note = format!("Okta accepted it; it could not be read back: {error}");
                return Ok(Next::Done(Made { already: false, note: Some(note) }));
            }
            Err(error) | Ok(Observation::Unseen(_, error)) => return Err(leaving(op, unread(desired, &error))),
            Ok(seen) => return Ok(Next::On(seen)),
        }
    }
    let message = format!(
        "{}: Okta accepted {request}, but it has no effect so far: {LOOKS} looks later, {}\n\
         hint: look in the admin console, and repeat it if nothing has changed",
        desired.doing(),
        desired.unmet()
    );
    Err(ChangeError::new(Code::Unavailable, message).leaving(StateAfter::Unknown))
}

/// Nothing was done. If things may have changed between the look and the request, looks again.
async fn refused(
    op: &Operation<'_>,
    desired: &dyn DesiredState,
    request: &Request,
    error: &Error,
) -> Result<Next, ChangeError> {
    if request.prompt && error.kind() == ErrorKind::RateLimited {
        // It is not to be sent on the strength of a look that is as old as that.
        let seen = desired.look(op).await.map_err(|error| leaving(op, unread(desired, &error)))?;
        return Ok(Next::On(seen));
    }
    let judged = desired.judge(op, error).await;
    let changed =
        matches!(error.kind(), ErrorKind::Conflict | ErrorKind::NotFound) && error.outcome() == Outcome::Refused;
    if judged.is_none() || changed {
        match desired.look(op).await {
            Ok(Observation::Pending(next)) if next.first() == Some(request) => {}
            Ok(Observation::Unseen(next, _)) if next == *request => {}
            Ok(seen) => return Ok(Next::On(seen)),
            Err(_) => {}
        }
    }
    Err(leaving(op, judged.unwrap_or_else(|| errors::failed(&desired.doing(), error))))
}

/// The answer to a request was lost: looks, each time after a pause. `None` if it has not been carried out, as far as can
/// be seen.
async fn read_back(
    op: &Operation<'_>,
    desired: &dyn DesiredState,
    request: &Request,
    lost: &Error,
    pauses: &[Duration],
) -> Result<Option<Next>, ChangeError> {
    for before in pauses {
        pause(op, *before).await;
        match look_back(op, desired).await {
            Ok(Observation::Pending(next)) if next.first() == Some(request) => {}
            Ok(Observation::Satisfied(note)) => {
                op.count_made();
                let told = format!("the answer was lost ({lost}); it was read back, and has been done");
                let note = note.map_or_else(|| told.clone(), |note| format!("{told}; {note}"));
                return Ok(Some(Next::Done(Made { already: false, note: Some(note) })));
            }
            Err(error) | Ok(Observation::Unseen(_, error)) => {
                let mut failure = errors::failed(&desired.doing(), lost);
                let told =
                    format!("whether it has been done cannot be told, because it could not be read back: {error}");
                failure.message = beside_hints(&failure.message, &told);
                return Err(failure.leaving(StateAfter::Unknown));
            }
            Ok(seen) => {
                op.count_made();
                return Ok(Some(Next::On(seen)));
            }
        }
    }
    Ok(None)
}

/// Looks after a request was sent, also after a cancel, but then not for long.
async fn look_back(op: &Operation<'_>, desired: &dyn DesiredState) -> Result<Observation, Error> {
    op.look_back();
    if !op.is_cancelled() {
        let seen = desired.look(op).await;
        let broken_off = seen.as_ref().is_err_and(|error| error.kind() == ErrorKind::Cancelled);
        if !broken_off {
            return seen;
        }
    }
    let late = |_| Err(Error::new(ErrorKind::Timeout, "there was no answer in the time that a cancelled change has"));
    tokio::time::timeout_at(op.deadline(), desired.look(op)).await.unwrap_or_else(late)
}

/// Waits before a look, which is the worse for coming too early, also after a cancel.
pub(super) async fn pause(op: &Operation<'_>, pause: Duration) {
    let end = Instant::now() + pause;
    tokio::time::sleep_until(if op.is_cancelled() { end.min(op.deadline()) } else { end }).await;
}

/// A failed read.
fn unread(desired: &dyn DesiredState, error: &Error) -> ChangeError {
    errors::failed(&desired.doing(), error)
}

/// An error with what is known about the state: something of it may have been done before.
fn leaving(op: &Operation<'_>, error: ChangeError) -> ChangeError {
    match error.state {
        StateAfter::Unchanged if op.made() > 0 => error.leaving(StateAfter::Partial),
        _ => error,
    }
}

/// Puts a sentence behind a message, before its hints.
pub(super) fn beside_hints(message: &str, told: &str) -> String {
    match message.split_once("\nhint: ") {
        Some((message, hints)) => format!("{message}; {told}\nhint: {hints}"),
        None => format!("{message}; {told}"),
    }
}
