//! Executes one call: waits for the pacer, authenticates, sends, retries, and classifies the response.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use tracing::Instrument as _;
use tracing::field::Empty;
use url::Position;

use crate::auth::{Challenge, Outgoing, ResponseHead};
use crate::bucket::Bucket;
use crate::error::{Error, ErrorKind};
use crate::handle::Client;
use crate::outcome::Outcome;
use crate::pacer::{Permit, Priority, Throttle, throttle};
use crate::pager;
use crate::request::{MAX_PROMPT_WAIT, Request};
use crate::response;
use crate::retry::RetryState;
use crate::sent::LogEntry;

/// The result of one attempt.
enum AttemptResult<R> {
    Done(R),
    Throttled(Throttle, Error),
    Challenged(Challenge, Error),
    Failed(Error),
    /// No credential could be obtained. The authenticator has retried already.
    NotSignedIn(Error),
}

/// A response with its whole body.
pub(crate) struct FullResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    body: Bytes,
    /// What the response asks for before the call can succeed.
    challenge: Option<Challenge>,
}

impl FullResponse {
    /// Returns the body after a check that it looks like JSON, without parsing it.
    pub(crate) fn json(&self) -> Result<&[u8], Error> {
        response::check_body(&self.headers, &self.body)?;
        Ok(&self.body)
    }

    /// Returns the body, which may be empty, checked as by [`FullResponse::json`].
    pub(crate) fn json_or_empty(&self) -> Result<Bytes, Error> {
        if !self.body.trim_ascii().is_empty() {
            response::check_body(&self.headers, &self.body)?;
        }
        Ok(self.body.clone())
    }
}

/// Tracks whether Okta may be executing the call, or may have executed it already.
#[derive(Default)]
struct InFlightFlag(AtomicBool);

impl InFlightFlag {
    fn set(&self, in_flight: bool) {
        self.0.store(in_flight, Ordering::Relaxed);
    }

    fn outcome(&self) -> Outcome {
        if self.0.load(Ordering::Relaxed) { Outcome::Unknown } else { Outcome::NotSent }
    }
}

/// One of the equivalent requests of a call. Its path and query may be those of a later page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate<'a> {
    pub(crate) request: &'a Request,
    pub(crate) page_path: &'a str,
}

impl Client {
    /// Sends a request until `read` can parse its response, or retrying is pointless.
    pub(crate) async fn call<R>(
        &self,
        request: &Request,
        page_path: &str,
        read: impl Fn(&FullResponse) -> Result<R, Error>,
    ) -> Result<R, Error> {
        self.call_any(&[Candidate { request, page_path }], Priority::SingleBucket, |_, response| read(response)).await
    }

    /// Sends one of several equivalent requests, the first that the pacer admits, as [`call`](Self::call) does. `read`
    /// receives the index of that request.
    pub(crate) async fn call_any<R>(
        &self,
        candidates: &[Candidate<'_>],
        priority: Priority,
        read: impl Fn(usize, &FullResponse) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let in_flight = InFlightFlag::default();
        let Some(Candidate { request, page_path }) = candidates.first() else {
            return Err(Error::new(ErrorKind::Invalid, "nothing to be asked"));
        };
        let span = tracing::info_span!(
            "okta",
            otel.name = format!("{} {}", request.method, request.template),
            otel.kind = "client",
            otel.status_code = Empty,
            http.request.method = %request.method,
            url.template = request.template,
            server.address = self.inner.org.host(),
            http.response.status_code = Empty,
            http.request.resend_count = Empty,
            bucket = request.bucket.name()
        );
        let attempts = self.call_with_retries(candidates, priority, &in_flight, read).instrument(span.clone());
        let result = tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(Error::cancelled().with_outcome(in_flight.outcome())),
            result = attempts => result,
        };
        if result.is_err() {
            span.record("otel.status_code", "ERROR");
        }
        result.map_err(|error| error.with_call(&request.method, page_path))
    }

    async fn call_with_retries<R>(
        &self,
        candidates: &[Candidate<'_>],
        priority: Priority,
        in_flight: &InFlightFlag,
        read: impl Fn(usize, &FullResponse) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let buckets: Vec<Bucket> = candidates.iter().map(|candidate| candidate.request.bucket).collect();
        let started = tokio::time::Instant::now();
        let mut retries =
            RetryState::new(self.inner.max_attempts, candidates.iter().all(|candidate| candidate.request.idempotent));
        for attempt in 0_u32.. {
            let (index, permit) = self.inner.pacer.admit(&buckets, priority, attempt > 0).await;
            let Candidate { request, page_path } = candidates[index];
            if request.prompt && started.elapsed() > MAX_PROMPT_WAIT {
                let error = Error::new(ErrorKind::RateLimited, "it was not sent, because it had to wait for too long");
                return Err(error.not_sent().with_call(&request.method, page_path));
            }
            if index > 0 {
                // The span was named after the first candidate.
                let span = tracing::Span::current();
                span.record("otel.name", format!("{} {}", request.method, request.template));
                span.record("url.template", request.template).record("bucket", request.bucket.name());
            }
            let path = pager::with_limit(page_path, |limit| retries.page_size(limit));
            let result = self.attempt(request, &path, permit, in_flight, |response| read(index, response)).await;
            let random = (self.inner.rng)();
            let (error, pause) = match result {
                AttemptResult::Done(result) => return Ok(result),
                AttemptResult::Throttled(throttle, error) => (error, retries.after_throttle(throttle, random)),
                AttemptResult::Challenged(challenge, error) => {
                    let refused = error.outcome() == Outcome::Refused;
                    let pause = refused.then(|| retries.after_challenge(challenge)).flatten();
                    (error, pause)
                }
                AttemptResult::NotSignedIn(error) => {
                    return Err(error.not_sent().with_call(&request.method, page_path));
                }
                AttemptResult::Failed(error) if error.is_too_large() => {
                    let pause = retries.after_too_large(pager::limit(page_path));
                    (error, pause)
                }
                AttemptResult::Failed(error) => {
                    let reached = self.inner.reached.load(Ordering::Relaxed);
                    let pause = retries.after_failure(&error, reached, random);
                    (error, pause)
                }
            };
            in_flight.set(error.outcome() == Outcome::Unknown);
            let Some(pause) = pause else { return Err(error.with_call(&request.method, page_path)) };
            tracing::Span::current().record("http.request.resend_count", attempt + 1);
            tracing::debug!(
                method = %request.method, path = request.template, attempt = attempt + 1,
                pause_ms = millis(pause), cause = ?error.kind(), status = error.status(), "trying again"
            );
            tokio::time::sleep(pause).await;
        }
        Err(Error::new(ErrorKind::Server, "tried without end"))
    }

    /// Makes one attempt that the pacer has admitted.
    async fn attempt<R>(
        &self,
        request: &Request,
        path: &str,
        mut permit: Permit<'_>,
        in_flight: &InFlightFlag,
        read: impl Fn(&FullResponse) -> Result<R, Error>,
    ) -> AttemptResult<R> {
        let outgoing = match self.inner.org.join(path) {
            Some(url) => Outgoing { method: request.method.clone(), url },
            None => return AttemptResult::Failed(Error::new(ErrorKind::Invalid, "not a path of the API").not_sent()),
        };
        let credential = match self.inner.auth.headers(&outgoing).await {
            Ok(headers) => headers,
            Err(error) => return AttemptResult::NotSignedIn(error),
        };
        match self.exchange(request, outgoing, credential, &mut permit, in_flight).await {
            Ok(response) => {
                // The permit is for calls that Okta processes; parsing does not need it.
                drop(permit);
                if response.status.is_success() {
                    return read(&response).map_or_else(AttemptResult::Failed, AttemptResult::Done);
                }
                let error = response::refusal(response.status, &response.headers, &response.body);
                let error = self.inner.auth.refine_hint(error);
                match (throttle(response.status, &response.headers), response.challenge) {
                    (Some(throttle), _) => AttemptResult::Throttled(throttle, error),
                    (None, Some(challenge)) => AttemptResult::Challenged(challenge, error),
                    (None, None) => AttemptResult::Failed(error),
                }
            }
            Err(error) => AttemptResult::Failed(error),
        }
    }

    /// Sends a request and reads the whole response.
    async fn exchange(
        &self,
        request: &Request,
        outgoing: Outgoing,
        credential: HeaderMap,
        permit: &mut Permit<'_>,
        in_flight: &InFlightFlag,
    ) -> Result<FullResponse, Error> {
        let headers = headers(request, &credential);
        let body = request.body.as_ref().map(crate::Body::bytes);
        let entry = LogEntry::new(self.log.as_ref(), &request.method, &outgoing.url[Position::BeforePath..]);
        let started = tokio::time::Instant::now();
        in_flight.set(true);
        let response = match self.inner.transport.send(outgoing.clone(), headers, body).await {
            Ok(response) => response,
            Err(error) => {
                if error.outcome() == Outcome::NotSent {
                    entry.not_sent();
                }
                return Err(error);
            }
        };
        tracing::Span::current().record("http.response.status_code", response.status.as_u16());
        entry.answered(response.status);
        permit.record_response(response.status, &response.headers);
        self.inner.reached.store(true, Ordering::Relaxed);
        self.inner.skew.observe(&response.headers);
        let challenge = self.inner.auth.on_response(&ResponseHead {
            request: &outgoing,
            sent: &credential,
            status: response.status,
            headers: &response.headers,
        });
        // Even without its body a response may show that the call was refused.
        let outcome = Outcome::from_response(response.status, None);
        let body = response.body.await.map_err(|error| error.with_outcome(outcome))?;
        tracing::debug!(
            method = %request.method, path = request.template, status = response.status.as_u16(),
            duration_ms = millis(started.elapsed()), bytes = body.len(), bucket = request.bucket.name(),
            remaining = response.headers.get("x-rate-limit-remaining").and_then(|value| value.to_str().ok()),
            "answered"
        );
        Ok(FullResponse { status: response.status, headers: response.headers, body, challenge })
    }
}

/// Returns the headers of a request, without those that the transport adds.
fn headers(request: &Request, credential: &HeaderMap) -> HeaderMap {
    let json = HeaderValue::from_static("application/json");
    let mut headers = credential.clone();
    headers.insert(ACCEPT, json.clone());
    if let Some(content_type) = request.content_type {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    } else if request.body.is_some() {
        headers.insert(CONTENT_TYPE, json);
    }
    // Okta responds with 411 to an empty change without a content length.
    let expects_body = [Method::POST, Method::PUT, Method::PATCH].contains(&request.method);
    if expects_body && request.body.is_none() {
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    headers
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
