//! A fake server: a function that receives each request, and returns the response and its latency.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::{HeaderMap, Method, StatusCode};
use tokio::time::Instant;

use super::quota::Count;
use crate::auth::{ApiToken, Outgoing};
use crate::client::Config;
use crate::error::Error;
use crate::handle::Client;
use crate::org_url::OrgUrl;
use crate::transport::{RawResponse, Transport};

/// The server's time when a test begins: not at a whole second.
pub(super) const EPOCH: f64 = 1_700_000_000.37;

/// The response to one request, or its failure.
pub(super) struct Reply {
    pub(super) after: Duration,
    pub(super) result: Result<(u16, HeaderMap, Bytes), Error>,
}

impl Reply {
    pub(super) fn json(status: u16, body: &str) -> Self {
        let headers = HeaderMap::from_iter([(http::header::CONTENT_TYPE, "application/json".parse().unwrap())]);
        let result = Ok((status, headers, Bytes::copy_from_slice(body.as_bytes())));
        Self { after: Duration::from_millis(50), result }
    }

    pub(super) fn failure(error: Error) -> Self {
        Self { after: Duration::from_millis(50), result: Err(error) }
    }

    #[allow(clippy::needless_pass_by_value)] // Numbers and texts alike.
    pub(super) fn header(mut self, name: &'static str, value: impl std::fmt::Display) -> Self {
        let value = value.to_string();
        if let Ok((_, headers, _)) = &mut self.result {
            headers.append(name, value.parse().unwrap());
        }
        self
    }

    pub(super) fn quota(self, limit: u64, remaining: u64, reset: f64) -> Self {
        self.header("x-rate-limit-limit", limit)
            .header("x-rate-limit-remaining", remaining)
            .header("x-rate-limit-reset", reset.ceil())
    }

    /// Adds the headers of an active quota.
    pub(super) fn counted(self, count: &Count) -> Self {
        self.quota(count.limit, count.left(), count.ends)
    }

    pub(super) fn date(self, server_time: f64) -> Self {
        #[allow(clippy::cast_possible_truncation)]
        let second = jiff::Timestamp::from_second(server_time.floor() as i64).unwrap();
        self.header("date", second.strftime("%a, %d %b %Y %H:%M:%S GMT"))
    }

    pub(super) fn after(mut self, delay: Duration) -> Self {
        self.after = delay;
        self
    }
}

/// One request that the server received.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// Time since the test began.
    pub(super) at: Duration,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

type Respond = dyn Fn(&Seen) -> Reply + Send + Sync;

/// The fake server.
#[derive(Clone)]
pub(super) struct Server {
    began: Instant,
    respond: Arc<Respond>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    pub(super) fn new(respond: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self { began: Instant::now(), respond: Arc::new(respond), seen: Arc::default() }
    }

    /// Creates a server that sends these replies in turn, each created by a function, and repeats the last one.
    pub(super) fn script(replies: Vec<fn() -> Reply>) -> Self {
        let turn = Mutex::new(0);
        Self::new(move |_| {
            let mut turn = turn.lock().unwrap();
            let reply = replies[(*turn).min(replies.len() - 1)]();
            *turn += 1;
            reply
        })
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Creates a client of this server whose random numbers are always one half.
    pub(super) fn client(&self, adjust: impl FnOnce(&mut Config)) -> Client {
        let token = ApiToken::new("00verysecret".into()).unwrap();
        let mut config = Config::new(OrgUrl::parse("acme.okta.com").unwrap(), Arc::new(token));
        adjust(&mut config);
        Client::with_transport(Box::new(self.clone()), config, Box::new(|| 0.5))
    }
}

impl Transport for Server {
    fn send(
        &self,
        outgoing: Outgoing,
        headers: HeaderMap,
        body: Option<Bytes>,
    ) -> BoxFuture<'_, Result<RawResponse, Error>> {
        let path = outgoing.url[url::Position::BeforePath..].to_owned();
        let body = body.unwrap_or_default();
        let seen = Seen { at: self.began.elapsed(), method: outgoing.method, path, headers, body };
        let reply = (self.respond)(&seen);
        self.seen.lock().unwrap().push(seen);
        async move {
            tokio::time::sleep(reply.after).await;
            let (status, headers, body) = reply.result?;
            let status = StatusCode::from_u16(status).unwrap();
            Ok(RawResponse { status, headers, body: async move { Ok(body) }.boxed() })
        }
        .boxed()
    }
}
