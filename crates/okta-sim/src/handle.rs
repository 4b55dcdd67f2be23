//! One request on its way through the server: path, credentials, limits, latency, faults, answer.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;

use crate::auth::Caller;
use crate::body::SimBody;
use crate::clock::RunningClock;
use crate::config::{SkinnyUsers, Token};
use crate::draft::{Draft, Stamp};
use crate::endpoints::{self, Call, Change, PageSizes};
use crate::faults::{Fault, FaultBox};
use crate::limits::{Limiter, Verdict};
use crate::oauth::{self, Authority, Presented};
use crate::org::Org;
use crate::paging::{Cursor, LinkRules, Twist};
use crate::query::Query;
use crate::random::draw;
use crate::refusal::Refusal;
use crate::render::json::Hosts;
use crate::render::user::Omit;
use crate::route::{self, Bucket, Endpoint, Route};
use crate::stats::{Counters, Outcome, Throttle};
use crate::writes::Writes;
use crate::{auth, side_channel};

/// The state of a running simulator.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) org: RwLock<Org>,
    pub(crate) tokens: Vec<Token>,
    pub(crate) authority: Authority,
    pub(crate) limiter: Limiter,
    pub(crate) concurrency_limit: Option<u32>,
    pub(crate) latency: Duration,
    pub(crate) latency_jitter: Duration,
    pub(crate) seed: u64,
    pub(crate) clock: RunningClock,
    pub(crate) faults: FaultBox,
    pub(crate) sizes: PageSizes,
    pub(crate) skinny_users: SkinnyUsers,
    pub(crate) forget_expand: bool,
    pub(crate) iam_link_headers: bool,
    pub(crate) display_domain: Option<String>,
    pub(crate) gzip: bool,
    pub(crate) counters: Counters,
    pub(crate) writes: Writes,
    /// `localhost:PORT`, for callers that send no usable `Host`.
    pub(crate) own_host: String,
    pub(crate) calls: AtomicU64,
}

/// The connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("dropped on purpose")]
pub(crate) struct Dropped;

/// Larger bodies are read as empty: nothing that the API takes comes near.
const LARGEST_BODY: usize = 4 << 20;

/// What an answer that goes wrong on purpose has to know of its request.
pub(crate) struct Spot<'a> {
    /// The path as it was sent.
    pub(crate) path: &'a str,
    /// The scope that a refusal names.
    pub(crate) scope: &'static str,
    pub(crate) error_id: &'a str,
}

/// A request that found its endpoint.
struct Placed<'a> {
    method: &'a Method,
    route: &'static Route,
    ids: Vec<String>,
    path: &'a str,
    query: Query,
    headers: &'a HeaderMap,
    error_id: &'a str,
    body: Bytes,
}

impl Service {
    /// The org, to be read.
    pub(crate) fn org(&self) -> RwLockReadGuard<'_, Org> {
        self.org.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The org, to be changed.
    pub(crate) fn org_mut(&self) -> RwLockWriteGuard<'_, Org> {
        self.org.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a request.
    pub(crate) async fn serve(&self, request: Request<Incoming>) -> Result<Response<SimBody>, Dropped> {
        let (head, body) = request.into_parts();
        if let Some(response) = side_channel::answer(&head, self) {
            return Ok(response);
        }
        let in_flight = self.counters.begin();
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let stamp = Stamp::new(self.seed, call);
        let path = head.uri.path();
        let (place, drafted) = if path == oauth::TOKEN_PATH {
            let body = read(body).await;
            let spot = Spot { path, scope: "", error_id: &stamp.error_id };
            let drafted = self.sign_in(&head, &body, &spot, in_flight.running, call).await;
            (Some((oauth::TOKEN_PATH, Bucket::Token)), drafted)
        } else {
            let found = route::find(path);
            let place = found.as_ref().ok().map(|(route, _)| (route.template, route.bucket(&head.method)));
            let placed = found.and_then(|found| match found.0.takes(&head.method) {
                true => Ok(found),
                false => Err(Refusal::wrong_method()),
            });
            let proper = |found| accepts_json(&head.headers).and_then(|()| tells_length(&head)).map(|()| found);
            let drafted = match placed.and_then(proper) {
                Ok((route, ids)) => {
                    let query = Query::parse(head.uri.query().unwrap_or_default());
                    let (method, headers, error_id) = (&head.method, &head.headers, stamp.error_id.as_str());
                    let body = if *method == Method::GET { Bytes::new() } else { read(body).await };
                    let placed = Placed { method, route, ids, path, query, headers, error_id, body };
                    let drafted = self.limited(&placed, in_flight.running, call).await;
                    self.writes.record(&head, &placed.body, drafted.as_ref().map_or(0, |draft| draft.status));
                    drafted
                }
                Err(refusal) => Ok(Draft::refused(&refusal, &stamp.error_id)),
            };
            (place, drafted)
        };
        let drafted = drafted.map(|draft| if self.gzip { draft.compressed(&head.headers) } else { draft });

        let target = head.uri.path_and_query().map_or(path, |target| target.as_str());
        let draft = drafted.as_ref().ok();
        self.counters.finished(&Outcome {
            method: head.method.as_str(),
            target,
            place,
            status: draft.map_or(0, |draft| draft.status),
            bytes: draft.map_or(0, |draft| draft.body.len()),
            throttle: draft.and_then(|draft| draft.throttle),
            fault: draft.is_none_or(|draft| draft.fault),
            oauth_error: draft.and_then(|draft| draft.oauth_error),
        });
        Ok(drafted?.response(&stamp, self.clock.now()))
    }

    /// Lets a call through the limits, or refuses it.
    async fn limited(&self, placed: &Placed<'_>, running: u64, call: u64) -> Result<Draft, Dropped> {
        let refused = |refusal: &Refusal| Draft::refused(refusal, placed.error_id);
        let caller = match self.caller(placed) {
            Ok(caller) => caller,
            Err(refusal) => return Ok(refused(&refusal)),
        };
        if self.too_many(running) {
            return Ok(self.concurrency_refusal(placed.error_id));
        }
        let verdict =
            self.limiter.count(caller.principal(&self.tokens), placed.route.bucket(placed.method), self.clock.now());
        if !verdict.allowed {
            let draft = refused(&Refusal::too_many_requests());
            return Ok(Draft { limits: Some(verdict), throttle: Some(Throttle::Rate), ..draft });
        }
        self.wait(call).await;
        let change = *placed.method != Method::GET;
        let mut draft = match caller.permit(placed.route, change, placed.path) {
            Ok(()) => self.with_faults(placed, &caller).await?,
            Err(refusal) => refused(&refusal),
        };
        draft.limits.get_or_insert(verdict);
        draft.nonce = draft.nonce.or_else(|| caller.nonce().cloned());
        Ok(draft)
    }

    /// Who calls.
    fn caller(&self, placed: &Placed<'_>) -> Result<Caller<'_>, Refusal> {
        let urls = self.urls(placed.headers, placed.path);
        let presented = Presented {
            method: placed.method.as_str(),
            headers: placed.headers,
            urls: &urls,
            now: self.clock.now(),
            callers_now: self.clock.callers_now(),
        };
        auth::caller(&self.tokens, &self.authority, placed.headers, &presented)
    }

    /// Whether more calls run than may.
    pub(crate) fn too_many(&self, running: u64) -> bool {
        self.concurrency_limit.is_some_and(|limit| running > u64::from(limit))
    }

    pub(crate) async fn wait(&self, call: u64) {
        let jitter = match self.latency_jitter.as_nanos() as u64 {
            0 => 0,
            most => draw(self.seed, 50, call) % (most + 1),
        };
        let wait = self.latency + Duration::from_nanos(jitter);
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    /// The answer, or what the rules for faults make of it.
    async fn with_faults(&self, placed: &Placed<'_>, caller: &Caller<'_>) -> Result<Draft, Dropped> {
        let page = Cursor::page_of(&placed.query);
        let path = placed.path.trim_end_matches('/');
        let answer = |twist| self.answered(placed, caller, twist);
        let Some(fault) = self.faults.judge(placed.method.as_str(), placed.route.template, path, page) else {
            return Ok(answer(None));
        };
        let spot = Spot { path: placed.path, scope: placed.route.area.scope(), error_id: placed.error_id };
        self.spoiled(&fault, &spot, answer).await
    }

    /// What a fault makes of an answer.
    pub(crate) async fn spoiled(
        &self,
        fault: &Fault,
        spot: &Spot<'_>,
        answer: impl Fn(Option<Twist>) -> Draft,
    ) -> Result<Draft, Dropped> {
        let refused = |refusal: &Refusal| Draft::refused(refusal, spot.error_id);
        let (mut fault, mut done) = (fault, None);
        while let Fault::AfterDoing(then) = fault {
            done.get_or_insert_with(|| answer(None));
            fault = then;
        }
        let answer = |twist| done.clone().unwrap_or_else(|| answer(twist));
        let draft = match fault {
            // Taken apart above.
            Fault::AfterDoing(_) => answer(None),
            Fault::Status(429) | Fault::RateLimit | Fault::RateLimitFor(_) => {
                let reset = match fault {
                    Fault::RateLimitFor(wait) => (self.clock.now() + *wait).as_secs(),
                    _ => self.clock.now().as_secs() + 1,
                };
                let limits = Verdict { allowed: false, limit: 100, remaining: 0, reset };
                let draft = refused(&Refusal::too_many_requests());
                Draft { limits: Some(limits), throttle: Some(Throttle::Rate), ..draft }
            }
            Fault::Status(status) => refused(&Refusal::of_status(*status)),
            Fault::Code(status, code) => refused(&Refusal::new(*status, code, "A fault on purpose")),
            Fault::Html(status) => Draft::html(*status),
            Fault::Empty(status) => Draft::empty(*status),
            Fault::Endless(status) => Draft::endless(*status),
            Fault::Bomb(mebibytes) => Draft::bomb(*mebibytes),
            Fault::Body(body) => Draft::json(body.clone()),
            Fault::InsufficientScope => refused(&Refusal::insufficient_scope("Bearer", spot.scope, spot.path)),
            Fault::ConcurrencyLimit => self.concurrency_refusal(spot.error_id),
            Fault::DropConnection => return Err(Dropped),
            Fault::Truncate => Draft { truncate: true, ..answer(None) },
            Fault::Delay(more) => {
                tokio::time::sleep(*more).await;
                answer(None)
            }
            Fault::LoopingLink => answer(Some(Twist::Loop)),
            Fault::CircularLink => answer(Some(Twist::Circle)),
            Fault::EndlessLinks => answer(Some(Twist::Endless)),
            Fault::StrayLink => answer(Some(Twist::Stray)),
            Fault::PlainLink => answer(Some(Twist::Plain)),
        };
        Ok(Draft { fault: true, ..draft })
    }

    fn answered(&self, placed: &Placed<'_>, caller: &Caller<'_>, twist: Option<Twist>) -> Draft {
        let hosts = self.hosts(placed.headers);
        if *placed.method != Method::GET {
            return self.changed(placed, &hosts);
        }
        if placed.route.endpoint == Endpoint::User {
            self.count_read(&placed.ids);
        }
        if placed.route.endpoint == Endpoint::ClientRoles
            && let Some(app) = placed.ids.first().and_then(|id| self.authority.find(id))
        {
            return Draft::json(Bytes::from(endpoints::roles_of_client(app, &hosts)));
        }
        let is_skinny = matches!(placed.route.endpoint, Endpoint::GroupSkinnyUsers | Endpoint::AppSkinnyUsers);
        let twist = match self.skinny_users {
            SkinnyUsers::Absent if is_skinny => return Draft::refused(&Refusal::no_such_path(), placed.error_id),
            SkinnyUsers::Straying if is_skinny => Some(Twist::Plain),
            SkinnyUsers::Served | SkinnyUsers::Straying | SkinnyUsers::Absent => twist,
        };
        let org = self.org();
        let call = Call {
            org: &org,
            hosts: &hosts,
            path: placed.path,
            query: placed.query.clone(),
            omit: omit(placed.headers),
            sizes: self.sizes,
            links: LinkRules { forget_expand: self.forget_expand, iam_headers: self.iam_link_headers, twist },
            users_hidden: caller.users_hidden(),
        };
        match endpoints::answer(placed.route.endpoint, &caller.named(&placed.ids), &call) {
            Ok(answer) => {
                let base = if answer.admin_links { &hosts.admin } else { &hosts.org };
                let links = answer.links.map(|links| links.headers(base)).unwrap_or_default();
                Draft { links, ..Draft::json(Bytes::from(answer.body)) }
            }
            Err(refusal) => Draft::refused(&refusal, placed.error_id),
        }
    }

    /// The answer to a request for a change.
    fn changed(&self, placed: &Placed<'_>, hosts: &Hosts) -> Draft {
        let change = Change {
            hosts,
            path: placed.path,
            query: placed.query.clone(),
            headers: placed.headers,
            body: &placed.body,
        };
        let done = endpoints::change(placed.method, placed.route.endpoint, &placed.ids, &mut self.org_mut(), &change);
        match done {
            Ok(done) if done.body.is_empty() => Draft::empty(done.status),
            Ok(done) => {
                let links = done.links.map(|links| links.headers(&hosts.org)).unwrap_or_default();
                Draft { links, status: done.status, ..Draft::json(Bytes::from(done.body)) }
            }
            Err(refusal) => Draft::refused(&refusal, placed.error_id),
        }
    }

    /// Counts a read of a user, for deactivations that take a while.
    fn count_read(&self, ids: &[String]) {
        let Some(key) = ids.first().filter(|_| !self.org().leaving.is_empty()) else { return };
        let mut org = self.org_mut();
        if let Some(n) = org.find_user(key) {
            org.read_while_leaving(n);
        }
    }

    /// The origins that links name: those of the display domain, or of the host that was asked.
    fn hosts(&self, headers: &HeaderMap) -> Hosts {
        let host = self.display_domain.as_deref().unwrap_or_else(|| self.asked_host(headers));
        Hosts { org: format!("https://{host}"), admin: format!("https://{}", admin_host(host)) }
    }

    /// The host that was asked.
    fn asked_host<'a>(&'a self, headers: &'a HeaderMap) -> &'a str {
        let plain = |host: &&str| {
            !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".:-[]".contains(&byte))
        };
        headers.get(HOST).and_then(|host| host.to_str().ok()).filter(plain).unwrap_or(&self.own_host)
    }

    /// The URLs, without query, that a caller can mean by this path: on the host that was asked, and on the display
    /// domain.
    pub(crate) fn urls(&self, headers: &HeaderMap, path: &str) -> Vec<String> {
        let hosts = [Some(self.asked_host(headers)), self.display_domain.as_deref()];
        hosts.into_iter().flatten().map(|host| format!("https://{host}{path}")).collect()
    }

    /// 429 because too many calls run at once: it says 0 of 0, and its reset is a guess that is far too late.
    pub(crate) fn concurrency_refusal(&self, error_id: &str) -> Draft {
        let reset = self.clock.now().as_secs() + 60;
        let limits = Verdict { allowed: false, limit: 0, remaining: 0, reset };
        let draft = Draft::refused(&Refusal::too_many_requests(), error_id);
        Draft { limits: Some(limits), throttle: Some(Throttle::Concurrency), ..draft }
    }
}

/// The whole body; empty when it is too large or breaks off.
async fn read(body: Incoming) -> Bytes {
    Limited::new(body, LARGEST_BODY).collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default()
}

/// `acme.okta.com` becomes `acme-admin.okta.com`, `localhost:1` becomes `localhost-admin:1`; an address, which can have
/// no such name, becomes `localhost-admin`.
fn admin_host(host: &str) -> String {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (name, format!(":{port}")),
        _ => (host, String::new()),
    };
    if name.starts_with('[') || name.parse::<std::net::IpAddr>().is_ok() {
        return format!("localhost-admin{port}");
    }
    match name.split_once('.') {
        Some((org, domain)) => format!("{org}-admin.{domain}{port}"),
        None => format!("{name}-admin{port}"),
    }
}

fn accepts_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(accept) = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()) else { return Ok(()) };
    let json = |range: &str| {
        matches!(range.split(';').next().unwrap_or_default().trim(), "application/json" | "application/*" | "*/*")
    };
    if accept.split(',').any(json) { Ok(()) } else { Err(Refusal::wrong_media_type()) }
}

/// Requests that can have a body have to say how long it is.
fn tells_length(head: &http::request::Parts) -> Result<(), Refusal> {
    let may_be_without = !matches!(head.method, Method::POST | Method::PUT);
    let told = head.headers.contains_key(CONTENT_LENGTH) || head.headers.contains_key(TRANSFER_ENCODING);
    if may_be_without || told { Ok(()) } else { Err(Refusal::length_required()) }
}

/// What the parameter `okta-response` of `Content-Type` asks to leave out.
fn omit(headers: &HeaderMap) -> Omit {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Some((_, list)) = value.split_once("okta-response=") else { return Omit::default() };
    let names = |name: &str| list.trim_matches('"').split(',').any(|item| item.trim() == name);
    Omit {
        credentials: names("omitCredentials"),
        credential_links: names("omitCredentialsLinks"),
        transitioning: names("omitTransitioningToStatus"),
        provider: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_admin_console_has_a_host_of_its_own() {
        for (host, admin) in [
            ("acme.okta.com", "acme-admin.okta.com"),
            ("localhost:8443", "localhost-admin:8443"),
            ("127.0.0.1:8443", "localhost-admin:8443"),
            ("[::1]:8443", "localhost-admin:8443"),
        ] {
            assert_eq!(admin_host(host), admin);
        }
    }

    #[test]
    fn media_types_other_than_json_are_refused() {
        let headers = |accept: &'static str| HeaderMap::from_iter([(ACCEPT, http::HeaderValue::from_static(accept))]);
        assert!(accepts_json(&HeaderMap::new()).is_ok());
        assert!(accepts_json(&headers("text/html, */*;q=0.1")).is_ok());
        assert!(accepts_json(&headers("application/json; charset=utf-8")).is_ok());
        assert!(accepts_json(&headers("text/html")).is_err());
    }

    #[test]
    fn parts_to_leave_out_are_told_in_the_content_type() {
        let value =
            "application/json; okta-response=\"omitCredentials,omitCredentialsLinks,omitTransitioningToStatus\"";
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, http::HeaderValue::from_static(value))]);
        assert_eq!(
            omit(&headers),
            Omit { credentials: true, credential_links: true, transitioning: true, provider: false }
        );
        assert_eq!(omit(&HeaderMap::new()), Omit::default());
    }
}
