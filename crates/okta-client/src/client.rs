//! Configures and creates clients, and fetches records with them.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::auth::Authenticator;
use crate::backlog::Backlog;
use crate::bucket::Bucket;
use crate::call::{Candidate, FullResponse};
use crate::error::{Error, ErrorKind};
use crate::handle::{Client, Inner};
use crate::models::{List, Record, Unreadable, list_with_limit, record_from_json};
use crate::org_url::OrgUrl;
use crate::pacer::{BucketTraffic, Pacer, Pacing, Priority};
use crate::pager;
use crate::request::{ListRequest, Request};
use crate::response::{Response, unreadable};
use crate::sent::SentLog;
use crate::skew::Skew;
use crate::transport::{BodyLimits, Network, Transport};

/// The configuration of a client.
#[derive(Debug, Clone)]
pub struct Config {
    /// The org.
    pub org: OrgUrl,
    /// The authenticator.
    pub auth: Arc<dyn Authenticator>,
    /// The timeout of one attempt, from the connection to the last byte of the body.
    pub timeout: Duration,
    /// The `User-Agent` header.
    pub user_agent: String,
    /// The limits on the calls that are sent.
    pub pacing: Pacing,
    /// CA certificates (PEM) that are trusted in addition to those of this machine, for a proxy or a simulated org.
    pub extra_ca: Option<String>,
    /// Cancels all calls.
    pub cancel: CancellationToken,
}

impl Config {
    /// Returns the default configuration for an org: 300 seconds per attempt, the default pacing, never cancelled.
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
    /// Records that could not be parsed.
    pub unreadable: Vec<Unreadable>,
    /// The cursor of the next page; `None` after the last. It holds no secret and stays valid for as long as Okta
    /// honours it, so it may be stored.
    pub next: Option<String>,
}

impl Client {
    /// Creates a client. It sends nothing until its first call.
    ///
    /// # Errors
    ///
    /// If no HTTPS client can be created, for example because there are no trusted certificates on this machine.
    pub fn new(config: Config) -> Result<Self, Error> {
        let connections = config.pacing.max_in_flight;
        let (agent, extra_ca) = (&config.user_agent, config.extra_ca.as_deref());
        let network = Network::new(config.timeout, agent, connections, extra_ca, BodyLimits::API)?;
        Ok(Self::with_transport(Box::new(network), config, Box::new(rand::random::<f64>)))
    }

    /// Creates a client over any transport.
    pub(crate) fn with_transport(
        transport: Box<dyn Transport>,
        config: Config,
        rng: Box<dyn Fn() -> f64 + Send + Sync>,
    ) -> Self {
        let inner = Inner {
            pacer: Pacer::new(&config.pacing),
            max_attempts: config.pacing.max_attempts,
            org: config.org,
            auth: config.auth,
            transport,
            reached: AtomicBool::new(false),
            skew: Skew::from_system_clock(config.pacing.valid_time_scale()),
            rng,
        };
        Self { inner: Arc::new(inner), cancel: config.cancel, log: None }
    }

    /// Returns the org.
    #[must_use]
    pub fn org(&self) -> &OrgUrl {
        &self.inner.org
    }

    /// Fetches one page of a list: the first, or the one that `cursor` (from [`ListPage::next`]) names.
    ///
    /// Waits for quotas, retries where that may help, and returns at once when cancelled.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`]. A response that is no list is an error, never an empty page.
    pub async fn page<T: Record>(&self, list: &ListRequest<T>, cursor: Option<&str>) -> Result<ListPage<T>, Error> {
        Ok(self.page_from_any(std::slice::from_ref(list), cursor).await?.1)
    }

    /// Fetches one page of a list that several calls return alike, each with its own quota: by the call that the pacer admits
    /// first. Returns the index of that call, too. A cursor is valid for the call that it came from, and its link may lead
    /// from one call to another.
    ///
    /// # Errors
    ///
    /// As for [`page`](Self::page). [`Error::path`] names the call.
    pub async fn page_from_any<T: Record>(
        &self,
        lists: &[ListRequest<T>],
        cursor: Option<&str>,
    ) -> Result<(usize, ListPage<T>), Error> {
        let mut first = 0;
        let candidates: Vec<Candidate<'_>> = match cursor {
            None => lists
                .iter()
                .map(|list| Candidate { request: &list.request, page_path: &list.request.path_and_query })
                .collect(),
            Some(page_path) => {
                first =
                    lists.iter().position(|list| pager::check_cursor(&list.request, page_path).is_ok()).unwrap_or(0);
                let Some(list) = lists.get(first) else { return Err(Error::new(ErrorKind::Invalid, "no list")) };
                pager::check_cursor(&list.request, page_path)?;
                vec![Candidate { request: &list.request, page_path }]
            }
        };
        let priority = match (cursor, lists) {
            (Some(_), _) => Priority::NextPage,
            (None, [_]) => Priority::SingleBucket,
            (None, _) => Priority::AnyBucket,
        };
        let key = lists.first().and_then(|list| list.key);
        self.call_any(&candidates, priority, |index, response| {
            let Candidate { request, page_path } = candidates[index];
            let page: List<T> = page_from_json(response.json()?, key, pager::max_records(request))?;
            let next =
                |first| pager::next_cursor(&self.inner.org, first, page_path, &response.headers, page.next.as_deref());
            let next = next(request).or_else(|error| {
                let others = lists.iter().map(|list| &list.request).filter(|other| *other != request);
                others.map(next).find(Result::is_ok).unwrap_or(Err(error))
            })?;
            Ok((first + index, ListPage { items: page.items, unreadable: page.unreadable, next }))
        })
        .await
    }

    /// Fetches one page of a list without an end, such as the System Log: from its beginning, or from the end of the previous
    /// page. [`ListPage::next`] is always set, after an empty page too: it is where to continue, now or much later.
    ///
    /// # Errors
    ///
    /// As for [`page`](Self::page).
    pub async fn poll<T: Record>(&self, list: &ListRequest<T>, cursor: Option<&str>) -> Result<ListPage<T>, Error> {
        if let Some(cursor) = cursor {
            pager::check_cursor(&list.request, cursor)?;
        }
        let page_path = cursor.unwrap_or(&list.request.path_and_query);
        self.call(&list.request, page_path, |response| {
            let page: List<T> = page_from_json(response.json()?, list.key, pager::max_records(&list.request))?;
            let next = pager::resume_cursor(&self.inner.org, &list.request, page_path, &response.headers)?;
            Ok(ListPage { items: page.items, unreadable: page.unreadable, next: Some(next) })
        })
        .await
    }

    /// Fetches one record.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
    pub async fn get<T: Record>(&self, request: &Request) -> Result<T, Error> {
        let read = |response: &FullResponse| record_from_json(response.json()?).map_err(|e| unreadable(&e));
        self.call(request, &request.path_and_query, read).await
    }

    /// Sends a request that may change something, and returns the response, whose body may be empty.
    ///
    /// It waits for quotas like every other call. It is retried only if it certainly has not been executed: after
    /// "too many requests", after a connection that could not be established, or after a refusal that asks for a retry.
    /// After any other failure [`Error::outcome`] reports what is known about its effect.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind).
    pub async fn send(&self, request: &Request) -> Result<Response, Error> {
        let path = &request.path_and_query;
        self.call(request, path, |response| {
            let body = response.json_or_empty()?;
            Ok(Response::new(response.status, body, request.method.clone(), path.clone()))
        })
        .await
    }

    /// Returns this client with a log of all requests that are sent through the new client and its clones, for the report
    /// of one operation.
    #[must_use]
    pub fn recording(&self) -> (Self, Arc<SentLog>) {
        let log = Arc::new(SentLog::default());
        (Self { log: Some(Arc::clone(&log)), ..self.clone() }, log)
    }

    /// Returns this client with another cancellation token, so that the state can be read back after a cancelled change.
    #[must_use]
    pub fn with_cancel(&self, cancel: CancellationToken) -> Self {
        Self { cancel, ..self.clone() }
    }

    /// Creates the backlog of a new reader.
    #[must_use]
    pub fn backlog(&self) -> Backlog {
        Backlog::new(&self.inner)
    }

    /// Returns how many calls of `bucket` may still be made before its next window begins, or in the next if none is active;
    /// `None` while no limit is known.
    #[must_use]
    pub fn remaining_calls(&self, bucket: Bucket) -> Option<u64> {
        self.inner.pacer.remaining_calls(bucket)
    }

    /// Returns the traffic so far of every bucket that was used; requests for access tokens come last.
    #[must_use]
    pub fn traffic(&self) -> Vec<BucketTraffic> {
        let mut traffic = self.inner.pacer.traffic();
        traffic.extend(self.inner.auth.traffic());
        traffic
    }

    /// Returns Okta's time by its latest response: a moment that is certainly not in Okta's future, whatever our own clock
    /// shows. `None` before the first response.
    #[must_use]
    pub fn server_time(&self) -> Option<jiff::Timestamp> {
        self.inner.skew.server_time()
    }

    /// Returns how far Okta's clock is ahead of this machine's, in seconds, by the last response; negative if ours is ahead of
    /// Okta's, `None` before the first response and for a simulated org whose time is compressed. Readings are truncated
    /// to whole seconds and delayed by latency, so a difference of a second or two means nothing.
    #[must_use]
    pub fn clock_skew(&self) -> Option<i64> {
        self.inner.skew.seconds()
    }
}

/// Parses a page of at most `max` records.
fn page_from_json<T: Record>(body: &[u8], key: Option<&str>, max: usize) -> Result<List<T>, Error> {
    list_with_limit(body, key, max).map_err(|e| unreadable(&e))
}
