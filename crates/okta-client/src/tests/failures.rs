//! Failures and retries, in virtual time.

use std::time::Duration;

use tokio::time::Instant;

use super::server::{EPOCH, Reply, Server};
use crate::endpoints::{groups, org, users};
use crate::error::{Error, ErrorKind, Unreachable};
use crate::models::Org;

const ORG: &str = r#"{"id":"00o1"}"#;
const TOO_MANY: &str = r#"{"errorCode":"E0000047","errorSummary":"API call exceeded rate limit"}"#;

fn ok() -> Reply {
    Reply::json(200, ORG)
}

#[tokio::test(start_paused = true)]
async fn a_failing_server_is_tried_again_with_growing_pauses() {
    let server = Server::script(vec![|| Reply::json(503, ""), || Reply::json(502, "<html>"), ok]);
    let client = server.client(|_| {});
    let began = Instant::now();
    let org: Org = client.get(&org::get()).await.unwrap();
    assert_eq!(org.id, "00o1");
    assert_eq!(server.seen().len(), 3);
    assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(client.traffic()[0].retries, 2);
}

#[tokio::test(start_paused = true)]
async fn patience_ends() {
    let server = Server::script(vec![|| Reply::json(500, r#"{"errorCode":"E0000009","errorSummary":"Internal"}"#)]);
    let error = server.client(|_| {}).get::<Org>(&org::get()).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Server, Some("E0000009")));
    assert_eq!(server.seen().len(), 8);
}

#[tokio::test(start_paused = true)]
async fn broken_connections_are_made_anew() {
    let server = Server::script(vec![
        || Reply::failure(Error::new(ErrorKind::Unreachable(Unreachable::Broken), "reset")),
        || Reply::failure(Error::new(ErrorKind::Timeout, "late")),
        || Reply::json(200, r#"{"id":"00o"#),
        ok,
    ]);
    let client = server.client(|_| {});
    assert!(client.get::<Org>(&org::get()).await.is_ok());
    assert_eq!(server.seen().len(), 4, "an answer cut short is a broken connection too");
}

#[tokio::test(start_paused = true)]
async fn a_host_that_never_answers_is_reported_soon() {
    let refused = || Reply::failure(Error::new(ErrorKind::Unreachable(Unreachable::Refused), "refused"));
    let server = Server::script(vec![refused]);
    assert!(server.client(|_| {}).get::<Org>(&org::get()).await.is_err());
    assert_eq!(server.seen().len(), 2);
    let server = Server::script(vec![ok, refused, refused, refused, ok]);
    let client = server.client(|_| {});
    assert!(client.get::<Org>(&org::get()).await.is_ok());
    assert!(client.get::<Org>(&org::get()).await.is_ok(), "but one that has answered is waited for");
}

#[tokio::test(start_paused = true)]
async fn refusals_are_final() {
    for status in [400, 401, 403, 404, 409, 501] {
        let server = Server::new(move |_| Reply::json(status, "{}"));
        let error = server.client(|_| {}).get::<Org>(&org::get()).await.unwrap_err();
        assert_eq!((error.status(), server.seen().len()), (Some(status), 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_too_slow_is_asked_for_smaller_pages() {
    let server = Server::script(vec![
        || Reply::json(500, ""),
        || Reply::failure(Error::new(ErrorKind::Timeout, "late")),
        || {
            let next = "<https://acme.okta.com/api/v1/groups/00g1/users?after=b&limit=500>; rel=\"next\"";
            Reply::json(200, r#"[{"id":"00u1"}]"#).header("link", next)
        },
    ]);
    let client = server.client(|_| {});
    let list = groups::members("00g1", 1000).unwrap();
    let page = client.page(&list, Some("/api/v1/groups/00g1/users?after=a&limit=1000")).await.unwrap();
    let asked: Vec<String> = server.seen().into_iter().map(|seen| seen.path).collect();
    assert_eq!(
        asked,
        [
            "/api/v1/groups/00g1/users?after=a&limit=1000",
            "/api/v1/groups/00g1/users?after=a&limit=1000",
            "/api/v1/groups/00g1/users?after=a&limit=500"
        ]
    );
    assert_eq!(page.next.as_deref(), Some("/api/v1/groups/00g1/users?after=b&limit=500"));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_list_is_never_an_empty_list() {
    for body in ["", "<html>", "{}", "null", r#"{"users":[]}"#, "\"text\"", "[1] x"] {
        let server = Server::new(move |_| Reply::json(200, body));
        let error = server.client(|_| {}).page(&users::list(200), None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unreadable, "{body:?}: {error}");
        assert!(error.to_string().starts_with("GET /api/v1/users: "), "{error}");
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_bad_record_costs_only_itself() {
    let body = r#"[{"id":"00u1"}, null, {"status":"ACTIVE"}, {"id":"00u2","created":7,"created":"x"}]"#;
    let server = Server::new(move |_| Reply::json(200, body));
    let page = server.client(|_| {}).page(&users::list(200), None).await.unwrap();
    let ids: Vec<&str> = page.items.iter().map(|user| user.id.as_str()).collect();
    assert_eq!(ids, ["00u1", "00u2"]);
    assert_eq!(page.unreadable.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn too_many_requests_waits_for_the_servers_reset() {
    // The server's clock is years behind ours, and the window ends in 20 seconds.
    let server = Server::script(vec![|| Reply::json(429, TOO_MANY).quota(100, 0, EPOCH + 20.0).date(EPOCH), || {
        Reply::json(200, ORG).quota(100, 99, EPOCH + 80.0).date(EPOCH + 21.0)
    }]);
    let client = server.client(|_| {});
    client.get::<Org>(&org::get()).await.unwrap();
    let waited = server.seen()[1].at.as_secs_f64();
    assert!((20.0..23.0).contains(&waited), "{waited}");
    let traffic = &client.traffic()[0];
    assert_eq!((traffic.calls, traffic.throttled, traffic.retries), (2, 1, 1));
    assert_eq!((traffic.limit, traffic.remaining), (Some(100), Some(99)));
}

#[tokio::test(start_paused = true)]
async fn a_compressed_clock_is_waited_for_in_compressed_time() {
    let server = Server::script(vec![|| Reply::json(429, TOO_MANY).quota(100, 0, EPOCH + 40.0).date(EPOCH), || {
        Reply::json(200, ORG)
    }]);
    server.client(|config| config.pacing.time_scale = 10.0).get::<Org>(&org::get()).await.unwrap();
    let waited = server.seen()[1].at.as_secs_f64();
    assert!((4.0..4.4).contains(&waited), "{waited}");
}

#[tokio::test(start_paused = true)]
async fn a_closed_bucket_closes_no_other() {
    let server = Server::new(|seen| {
        if seen.path.contains("/users") {
            return Reply::json(429, TOO_MANY).quota(100, 0, EPOCH + 60.0).date(EPOCH);
        }
        Reply::json(200, ORG)
    });
    let client = server.client(|config| config.pacing.max_in_flight = 1);
    let list = users::list(200);
    let users = client.page(&list, None);
    let org = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let began = Instant::now();
        client.get::<Org>(&org::get()).await.unwrap();
        assert!(began.elapsed() < Duration::from_secs(1));
        assert!(client.traffic()[0].waiting.unwrap() > Duration::from_secs(50));
    };
    tokio::select! {
        _ = users => panic!("the bucket is closed"),
        () = org => {}
    }
}

#[tokio::test(start_paused = true)]
async fn the_concurrency_limit_is_not_waited_for_like_a_quota() {
    // A limit of zero: the reset, two minutes ahead, means nothing.
    let crowded = || {
        Reply::json(429, TOO_MANY)
            .header("x-rate-limit-limit", 0)
            .header("x-rate-limit-remaining", 0)
            .header("x-rate-limit-reset", EPOCH + 120.0)
            .date(EPOCH)
    };
    let server = Server::script(vec![crowded, crowded, ok]);
    let client = server.client(|_| {});
    client.get::<Org>(&org::get()).await.unwrap();
    assert!(server.seen()[2].at < Duration::from_secs(2), "{:?}", server.seen()[2].at);
    assert_eq!(client.traffic()[0].throttled, 2);
}

#[tokio::test(start_paused = true)]
async fn too_many_requests_without_end_is_an_error() {
    for reply in [
        (|| Reply::json(429, TOO_MANY)) as fn() -> Reply,
        || Reply::json(429, TOO_MANY).header("x-rate-limit-limit", 0).header("x-rate-limit-remaining", 0),
        || Reply::json(429, TOO_MANY).quota(10, 0, 0.0),
    ] {
        let server = Server::script(vec![reply]);
        let error = server.client(|_| {}).get::<Org>(&org::get()).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::RateLimited, Some("E0000047")));
        assert_eq!(server.seen().len(), 20);
    }
}

#[tokio::test(start_paused = true)]
async fn cancelling_ends_every_wait_at_once() {
    let spent = || Reply::json(429, TOO_MANY).quota(100, 0, EPOCH + 60.0).date(EPOCH);
    let slow = || Reply::json(200, ORG).after(Duration::from_secs(200));
    let failing = || Reply::json(503, "");
    for reply in [spent as fn() -> Reply, slow, failing] {
        let server = Server::script(vec![reply]);
        let cancel = tokio_util::sync::CancellationToken::new();
        let client = server.client(|config| config.cancel = cancel.clone());
        let began = Instant::now();
        let stop = async {
            tokio::time::sleep(Duration::from_millis(700)).await;
            cancel.cancel();
        };
        let request = org::get();
        let (result, ()) = tokio::join!(client.get::<Org>(&request), stop);
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Cancelled);
        assert_eq!(began.elapsed(), Duration::from_millis(700));
        assert_eq!(client.get::<Org>(&request).await.unwrap_err().kind(), ErrorKind::Cancelled);
    }
}
