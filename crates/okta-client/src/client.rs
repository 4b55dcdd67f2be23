//! The client: requests in, records out.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::answer::{Answer, unreadable};
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
use crate::sent::SentLog;
use crate::skew::Skew;
use crate::transport::{BodyLimits, Network, Transport};

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

impl Client {
    /// A client that sends nothing until it is asked to.
    ///
    /// # Errors
    ///
    /// If no HTTPS client can be made, for example because there are no trusted certificates on this machine.
    pub fn new(config: Config) -> Result<Self, Error> {
        let connections = config.pacing.max_in_flight;
        let (agent, extra_ca) = (&config.user_agent, config.extra_ca.as_deref());
        let network = Network::new(config.timeout, agent, connections, extra_ca, BodyLimits::API)?;
        Ok(Self::with_transport(Box::new(network), config, Box::new(rand::random::<f64>)))
    }

    /// A client over any transport.
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

    /// The org that is asked.
    #[must_use]
    pub fn org(&self) -> &OrgUrl {
        &self.inner.org
    }

    /// Reads one page of a list: the first, or the one that `cursor` (from [`ListPage::next`]) names.
    ///
    /// Waits for quotas, tries again what is worth it, and gives up at once when cancelled.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`]. An answer that is no list is an error, never an empty page.
    pub async fn page<T: Record>(&self, list: &ListRequest<T>, cursor: Option<&str>) -> Result<ListPage<T>, Error> {
        Ok(self.page_from_any(std::slice::from_ref(list), cursor).await?.1)
    }

    /// Reads one page of a list that several calls, each with a quota of its own, give alike: by the one that may be sent
    /// first, the first of them if it is a tie; the answer says which. A cursor is good for the one that it came from, and
    /// its link may lead from one to another.
    ///
    /// # Errors
    ///
    /// As for [`page`](Self::page). [`Error::path`] tells which call it was.
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
        self.call_any(&candidates, priority, |index, answer| {
            let Candidate { request, page_path } = candidates[index];
            let page: List<T> = page_from_json(answer.json()?, key, pager::max_records(request))?;
            let next =
                |first| pager::next_cursor(&self.inner.org, first, page_path, &answer.headers, page.next.as_deref());
            let next = next(request).or_else(|error| {
                let others = lists.iter().map(|list| &list.request).filter(|other| *other != request);
                others.map(next).find(Result::is_ok).unwrap_or(Err(error))
            })?;
            Ok((first + index, ListPage { items: page.items, unreadable: page.unreadable, next }))
        })
        .await
    }

    /// Reads one page of a list without an end, such as the System Log: from its beginning, or from where the page
    /// before it ended. [`ListPage::next`] is always there, also behind an empty page: it is where the list is to be
    /// read on, now or much later.
    ///
    /// # Errors
    ///
    /// As for [`page`](Self::page).
    pub async fn poll<T: Record>(&self, list: &ListRequest<T>, cursor: Option<&str>) -> Result<ListPage<T>, Error> {
        if let Some(cursor) = cursor {
            pager::check_cursor(&list.request, cursor)?;
        }
        let page_path = cursor.unwrap_or(&list.request.path_and_query);
        self.call(&list.request, page_path, |answer| {
            let page: List<T> = page_from_json(answer.json()?, list.key, pager::max_records(&list.request))?;
            let next = pager::resume_cursor(&self.inner.org, &list.request, page_path, &answer.headers)?;
            Ok(ListPage { items: page.items, unreadable: page.unreadable, next: Some(next) })
        })
        .await
    }

    /// Reads one record.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
    pub async fn get<T: Record>(&self, request: &Request) -> Result<T, Error> {
        let read = |answer: &FullResponse| record_from_json(answer.json()?).map_err(|e| unreadable(&e));
        self.call(request, &request.path_and_query, read).await
    }

    /// Sends a request that may change something, and gives the answer, whose body may be empty.
    ///
    /// It waits for quotas like every other. It is sent again only if it certainly has not been carried out: after
    /// "too many requests", after a connection that could not be made, or after a refusal that asks for another try.
    /// After anything else that went wrong [`Error::outcome`] says what is known about it.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind).
    pub async fn send(&self, request: &Request) -> Result<Answer, Error> {
        let path = &request.path_and_query;
        self.call(request, path, |answer| {
            let body = answer.json_or_empty()?;
            Ok(Answer::new(answer.status, body, request.method.clone(), path.clone()))
        })
        .await
    }

    /// This client with a record of all that is sent through the new one and its clones, for the report of one
    /// operation.
    #[must_use]
    pub fn recording(&self) -> (Self, Arc<SentLog>) {
        let log = Arc::new(SentLog::default());
        (Self { log: Some(Arc::clone(&log)), ..self.clone() }, log)
    }

    /// This client with calls that end when `cancel` is cancelled, and not when its own token is: for what has to be
    /// found out after a cancelled change.
    #[must_use]
    pub fn with_cancel(&self, cancel: CancellationToken) -> Self {
        Self { cancel, ..self.clone() }
    }

    /// A place where a new reader can say what it still needs.
    #[must_use]
    pub fn backlog(&self) -> Backlog {
        Backlog::new(&self.inner)
    }

    /// How many calls of `bucket` may still be made before its next window begins, or in the next if none is on; `None`
    /// while no limit is known.
    #[must_use]
    pub fn remaining_calls(&self, bucket: Bucket) -> Option<u64> {
        self.inner.pacer.remaining_calls(bucket)
    }

    /// What has been asked so far, for every bucket that was used; requests for access tokens come last.
    #[must_use]
    pub fn traffic(&self) -> Vec<BucketTraffic> {
        let mut traffic = self.inner.pacer.traffic();
        traffic.extend(self.inner.auth.traffic());
        traffic
    }

    /// Okta's time by its latest answer: a moment that is certainly not in Okta's future, whatever our own clock shows.
    /// `None` before the first answer.
    #[must_use]
    pub fn server_time(&self) -> Option<jiff::Timestamp> {
        self.inner.skew.server_time()
    }

    /// How far Okta's clock is ahead of this machine's, in seconds, by the last answer; negative if ours is ahead of
    /// Okta's, `None` before the first answer, and for a simulated org whose
    /// time is compressed. Readings come cut to whole seconds and late by the way of the answer,
    /// so that a difference of a second or two means nothing.
    #[must_use]
    pub fn clock_skew(&self) -> Option<i64> {
        self.inner.skew.seconds()
    }
}

/// The records of a page that may hold `max` of them.
fn page_from_json<T: Record>(body: &[u8], key: Option<&str>, max: usize) -> Result<List<T>, Error> {
    list_with_limit(body, key, max).map_err(|e| unreadable(&e))
}
