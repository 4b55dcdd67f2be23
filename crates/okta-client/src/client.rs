//! The client: requests in, records out.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio_util::sync::CancellationToken;

use crate::answer;
use crate::auth::{Answered, Authenticator, Challenge, Outgoing};
use crate::bucket::Bucket;
use crate::error::{Error, ErrorKind, Unreachable};
use crate::models::{List, NotJson, Record, Unreadable, list_from_json, record_from_json};
use crate::org_url::OrgUrl;
use crate::pacer::{BucketTraffic, Pacer, Pacing, Permit, Throttle, throttle};
use crate::pager;
use crate::request::{ListRequest, Request};
use crate::retry::Tries;
use crate::skew::Skew;
use crate::transport::{Network, Transport};

/// How a client is set up.
#[derive(Debug, Clone)]
pub struct Config {
    /// The org.
    pub org: OrgUrl,
    /// Who we are.
    pub auth: Arc<dyn Authenticator>,
    /// How long one try of a call may take, from the connection to the last byte of the body.
    pub timeout: Duration,
    /// The `User-Agent` header.
    pub user_agent: String,
    /// How hard Okta may be asked.
    pub pacing: Pacing,
    /// CA certificates (PEM) that are trusted besides those of this machine, for a proxy or a simulated org.
    pub extra_ca: Option<String>,
    /// Ends all calls when it is cancelled.
    pub cancel: CancellationToken,
}

impl Config {
    /// The usual set-up for an org: 300 seconds a call, the default pacing, never cancelled.
    #[must_use]
    pub fn new(org: OrgUrl, auth: Arc<dyn Authenticator>) -> Self {
        Self {
            org,
            auth,
            timeout: Duration::from_secs(300),
            user_agent: concat!("baton-okta/", env!("CARGO_PKG_VERSION")).to_owned(),
            pacing: Pacing::default(),
            extra_ca: None,
            cancel: CancellationToken::new(),
        }
    }
}

/// One page of a list.
#[derive(Debug, Clone)]
pub struct ListPage<T> {
    /// The records, in Okta's order.
    pub items: Vec<T>,
    /// Records that could not be read.
    pub unreadable: Vec<Unreadable>,
    /// The cursor of the next page; `None` after the last. It holds no secret and stays good for as long as Okta
    /// honours it, so it may be stored.
    pub next: Option<String>,
}

/// A paced client of one org. Clones share connections, pace and counts.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    org: OrgUrl,
    auth: Arc<dyn Authenticator>,
    max_attempts: u32,
    cancel: CancellationToken,
    transport: Box<dyn Transport>,
    pacer: Pacer,
    /// Whether the host has ever answered.
    reached: AtomicBool,
    skew: Skew,
    /// Random numbers from 0 to 1, for pauses.
    dice: Box<dyn Fn() -> f64 + Send + Sync>,
}

/// How one try ended.
enum Outcome<R> {
    Done(R),
    Throttled(Throttle, Error),
    Challenged(Challenge, Error),
    Failed(Error),
    /// We have nothing to sign in with; what could be tried was.
    NotSignedIn(Error),
}

/// An answer that was read to its end.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    /// What the answer wants to see first.
    challenge: Option<Challenge>,
}

impl Client {
    /// A client that sends nothing until it is asked to.
    ///
    /// # Errors
    ///
    /// If no HTTPS client can be made, for example because there are no trusted certificates on this machine.
    pub fn new(config: Config) -> Result<Self, Error> {
        let connections = config.pacing.max_in_flight;
        let network = Network::new(config.timeout, &config.user_agent, connections, config.extra_ca.as_deref())?;
        Ok(Self::over(Box::new(network), config, Box::new(rand::random::<f64>)))
    }

    /// A client over any transport.
    pub(crate) fn over(
        transport: Box<dyn Transport>,
        config: Config,
        dice: Box<dyn Fn() -> f64 + Send + Sync>,
    ) -> Self {
        Self(Arc::new(Inner {
            pacer: Pacer::new(&config.pacing),
            max_attempts: config.pacing.max_attempts,
            org: config.org,
            auth: config.auth,
            cancel: config.cancel,
            transport,
            reached: AtomicBool::new(false),
            skew: Skew::of_this_machine(),
            dice,
        }))
    }

    /// The org that is asked.
    #[must_use]
    pub fn org(&self) -> &OrgUrl {
        &self.0.org
    }

    /// Reads one page of a list: the first, or the one that `cursor` (from [`ListPage::next`]) names.
    ///
    /// Waits for quotas, tries again what is worth it, and gives up at once when cancelled.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`]. An answer that is no list is an error, never an empty page.
    pub async fn page<T: Record>(&self, list: &ListRequest<T>, cursor: Option<&str>) -> Result<ListPage<T>, Error> {
        if let Some(cursor) = cursor {
            pager::check_cursor(&list.request, cursor)?;
        }
        let asked = cursor.unwrap_or(&list.request.path_and_query);
        self.call(&list.request, asked, |headers, body| {
            let page: List<T> = list_from_json(body, list.key).map_err(|e| unreadable(&e))?;
            let next = pager::next_cursor(&self.0.org, &list.request, asked, headers, page.next.as_deref())?;
            Ok(ListPage { items: page.items, unreadable: page.unreadable, next })
        })
        .await
    }

    /// Reads one record.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
    pub async fn get<T: Record>(&self, request: &Request) -> Result<T, Error> {
        let read = |_: &HeaderMap, body: &[u8]| record_from_json(body).map_err(|e| unreadable(&e));
        self.call(request, &request.path_and_query, read).await
    }

    /// Says how many pages are known to be needed in a bucket. If they are more than the present window allows, they
    /// are spread evenly over it instead of being sent at once.
    pub fn backlog(&self, bucket: Bucket, pages: u64) {
        self.0.pacer.backlog(bucket, pages);
    }

    /// What has been asked so far, for every bucket that was used; requests for access tokens come last.
    #[must_use]
    pub fn traffic(&self) -> Vec<BucketTraffic> {
        let mut traffic = self.0.pacer.traffic();
        traffic.extend(self.0.auth.traffic());
        traffic
    }

    /// How far Okta's clock is ahead of this machine's, in seconds, by the last answer; negative if ours is ahead of
    /// Okta's, `None` before the first answer. Readings come cut to whole seconds and late by the way of the answer,
    /// so that a difference of a second or two means nothing.
    #[must_use]
    pub fn clock_skew(&self) -> Option<i64> {
        self.0.skew.seconds()
    }

    /// Sends a request until it has an answer that `read` can read, or there is no point in going on.
    async fn call<R>(
        &self,
        request: &Request,
        asked: &str,
        read: impl Fn(&HeaderMap, &[u8]) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let result = tokio::select! {
            biased;
            () = self.0.cancel.cancelled() => Err(Error::cancelled()),
            result = self.tries(request, asked, read) => result,
        };
        result.map_err(|error| error.with_call(&request.method, asked))
    }

    async fn tries<R>(
        &self,
        request: &Request,
        asked: &str,
        read: impl Fn(&HeaderMap, &[u8]) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let mut tries = Tries::new(self.0.max_attempts, request.idempotent);
        for attempt in 0_u32.. {
            let path = pager::with_limit(asked, |limit| tries.page_size(limit));
            let outcome = self.attempt(request, &path, attempt > 0, &read).await;
            let roll = (self.0.dice)();
            let (error, pause) = match outcome {
                Outcome::Done(result) => return Ok(result),
                Outcome::Throttled(throttle, error) => (error, tries.after_throttle(throttle, roll)),
                Outcome::Challenged(challenge, error) => (error, tries.after_challenge(challenge)),
                Outcome::NotSignedIn(error) => return Err(error),
                Outcome::Failed(error) => {
                    let reached = self.0.reached.load(Ordering::Relaxed);
                    let pause = tries.after_failure(&error, reached, roll);
                    (error, pause)
                }
            };
            let Some(pause) = pause else { return Err(error) };
            tracing::debug!(
                method = %request.method, path = request.template, attempt = attempt + 1,
                pause_ms = millis(pause), cause = ?error.kind(), status = error.status(), "trying again"
            );
            tokio::time::sleep(pause).await;
        }
        Err(Error::new(ErrorKind::Server, "tried without end"))
    }

    /// One try: waits for its turn, sends, reads.
    async fn attempt<R>(
        &self,
        request: &Request,
        path: &str,
        is_retry: bool,
        read: impl Fn(&HeaderMap, &[u8]) -> Result<R, Error>,
    ) -> Outcome<R> {
        let mut permit = self.0.pacer.admit(request.bucket, is_retry).await;
        let outgoing = match self.0.org.join(path) {
            Some(url) => Outgoing { method: request.method.clone(), url },
            None => return Outcome::Failed(Error::new(ErrorKind::Invalid, "not a path of the API")),
        };
        let credential = match self.0.auth.headers(&outgoing).await {
            Ok(headers) => headers,
            Err(error) => return Outcome::NotSignedIn(error),
        };
        match self.exchange(request, outgoing, credential, &mut permit).await {
            Ok(Answer { status, headers, body, challenge }) => {
                // The slot is for calls that Okta works on; reading what it sent is our own affair.
                drop(permit);
                if status.is_success() {
                    let result = answer::check_body(&headers, &body).and_then(|()| read(&headers, &body));
                    return result.map_or_else(Outcome::Failed, Outcome::Done);
                }
                let error = self.0.auth.advise(answer::refusal(status, &headers, &body));
                match (throttle(status, &headers), challenge) {
                    (Some(throttle), _) => Outcome::Throttled(throttle, error),
                    (None, Some(challenge)) => Outcome::Challenged(challenge, error),
                    (None, None) => Outcome::Failed(error),
                }
            }
            Err(error) => Outcome::Failed(error),
        }
    }

    /// Sends a request and reads the whole answer.
    async fn exchange(
        &self,
        request: &Request,
        outgoing: Outgoing,
        credential: HeaderMap,
        permit: &mut Permit<'_>,
    ) -> Result<Answer, Error> {
        let mut headers = credential.clone();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(content_type) = request.content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        let started = tokio::time::Instant::now();
        let answer = self.0.transport.send(outgoing.clone(), headers, None).await?;
        permit.answered(answer.status, &answer.headers);
        self.0.reached.store(true, Ordering::Relaxed);
        self.0.skew.observe(&answer.headers);
        let challenge = self.0.auth.answered(&Answered {
            request: &outgoing,
            sent: &credential,
            status: answer.status,
            headers: &answer.headers,
        });
        let body = answer.body.await?;
        tracing::debug!(
            method = %request.method, path = request.template, status = answer.status.as_u16(),
            duration_ms = millis(started.elapsed()), bytes = body.len(), bucket = request.bucket.name(),
            remaining = answer.headers.get("x-rate-limit-remaining").and_then(|value| value.to_str().ok()),
            "answered"
        );
        Ok(Answer { status: answer.status, headers: answer.headers, body, challenge })
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The error for a body that is not what was asked for. One that merely ends too early is a broken connection.
fn unreadable(error: &NotJson) -> Error {
    if error.is_cut() {
        return Error::new(ErrorKind::Unreachable(Unreachable::Broken), format!("the answer was cut short: {error}"));
    }
    Error::new(ErrorKind::Unreadable, format!("the answer cannot be read: {error}"))
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("org", &self.0.org.to_string())
            .field("auth", &self.0.auth)
            .finish_non_exhaustive()
    }
}
