//! Lists that two calls return alike, each under its own quota, in virtual time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::join_all;
use tokio::time::Instant;

use super::quota::Count;
use super::server::{EPOCH, Reply, Server};
use crate::bucket::Bucket;
use crate::endpoints::groups;
use crate::error::ErrorKind;
use crate::handle::Client;
use crate::models::Member;
use crate::request::ListRequest;

/// Calls of each list by its short name, and refused ones.
#[derive(Default)]
struct Seen {
    counts: HashMap<&'static str, Count>,
    calls: HashMap<&'static str, u64>,
    refused: u64,
}

/// A server with a quota for `users` and one for `skinny_users`.
fn server(plain: u64, skinny: u64) -> (Server, Arc<Mutex<Seen>>) {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let shared = Arc::clone(&seen);
    let server = Server::new(move |asked| {
        let now = EPOCH + asked.at.as_secs_f64();
        let mut seen = shared.lock().unwrap();
        let (of, limit) = if asked.path.contains("skinny") { ("skinny", skinny) } else { ("plain", plain) };
        *seen.calls.entry(of).or_default() += 1;
        let count = seen.counts.entry(of).or_insert(Count::new(limit));
        let allowed = count.call(now);
        let reply = if allowed { Reply::json(200, "[]") } else { Reply::json(429, "{}") };
        let reply = reply.counted(count).date(now);
        seen.refused += u64::from(!allowed);
        reply
    });
    (server, seen)
}

fn both(id: &str) -> [ListRequest<Member>; 2] {
    [groups::skinny_members(id, 1000).unwrap(), groups::members(id, 1000).unwrap()]
}

/// Fetches `either` lists by any of the two calls, and `bound` lists by the plain one.
async fn read(client: &Client, either: u64, bound: u64) -> Duration {
    let began = Instant::now();
    let backlog = client.backlog();
    backlog.set(Bucket::Groups, bound + either / 2, bound);
    backlog.set(Bucket::GroupSkinnyUsers, either / 2, 0);
    let free = join_all((0..either).map(|n| async move {
        client.page_from_any(&both(&format!("00g{n}")), None).await.unwrap();
    }));
    let tied = join_all((0..bound).map(|n| async move {
        client.page(&groups::members(&format!("00g9{n}"), 1000).unwrap(), None).await.unwrap();
    }));
    futures::join!(free, tied);
    began.elapsed()
}

#[tokio::test(start_paused = true)]
async fn both_quotas_are_used_up_side_by_side() {
    for (plain, skinny) in [(100, 100), (100, 40), (30, 200)] {
        let (server, seen) = server(plain, skinny);
        let client = server.client(|config| config.pacing.share_percent = 100);
        // Three windows of both, exactly: the third begins after two minutes.
        let took = read(&client, 3 * (plain + skinny), 0).await;
        let seen = seen.lock().unwrap();
        assert_eq!(seen.refused, 0);
        assert!(took < Duration::from_secs(190), "{plain}/{skinny}: {took:?}, {:?}", seen.calls);
        assert!(seen.calls["plain"] >= 2 * plain && seen.calls["skinny"] >= 2 * skinny, "{:?}", seen.calls);
    }
}

#[tokio::test(start_paused = true)]
async fn who_has_no_choice_goes_first() {
    let (server, seen) = server(100, 100);
    let client = server.client(|config| config.pacing.share_percent = 100);
    // 200 calls of each kind fit into two windows of both quotas only if the free ones leave the plain list alone.
    let took = read(&client, 200, 200).await;
    let seen = seen.lock().unwrap();
    assert_eq!(seen.refused, 0);
    assert!(took < Duration::from_secs(130), "{took:?}, {:?}", seen.calls);
    assert!(seen.calls["plain"] <= 205, "{:?}", seen.calls);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_has_begun_goes_on_before_others_begin() {
    let next = "<https://acme.okta.com/api/v1/groups/00glong/users?after=x&limit=1000>; rel=\"next\"";
    let server = Server::new(move |asked| {
        let now = EPOCH + asked.at.as_secs_f64();
        let reply = Reply::json(200, "[]").quota(60, 60, EPOCH + 60.0).date(now);
        if asked.path.contains("00glong/users?limit") { reply.header("link", next) } else { reply }
    });
    let client = server.client(|config| config.pacing.max_in_flight = 1);
    let long = groups::members("00glong", 1000).unwrap();
    let others: Vec<_> = (0..20).map(|n| groups::members(&format!("00g{n}"), 1000).unwrap()).collect();
    let chain = async {
        let page = client.page(&long, None).await.unwrap();
        client.page(&long, page.next.as_deref()).await.unwrap();
    };
    futures::join!(chain, join_all(others.iter().map(|list| client.page(list, None))));
    let asked: Vec<_> = server.seen().into_iter().map(|seen| seen.path).collect();
    let at = asked.iter().position(|path| path.contains("after=x")).unwrap();
    assert!(at < 12, "after those that were let out already, not after all: {at} of {}", asked.len());
}

#[tokio::test(start_paused = true)]
async fn lists_begin_where_there_is_room_for_their_other_pages() {
    // One page more of each list, where it has begun. Whatever is asked in the first minute is in one window.
    let quotas = Arc::new(Mutex::new(HashMap::<bool, u64>::new()));
    let server = Server::new(move |asked| {
        let now = EPOCH + asked.at.as_secs_f64();
        let mut quotas = quotas.lock().unwrap();
        let used = quotas.entry(asked.path.contains("skinny")).or_default();
        *used += 1;
        let reply = Reply::json(200, "[]").quota(100, 100_u64.saturating_sub(*used), EPOCH + 60.0).date(now);
        let next = format!("<https://acme.okta.com{}&after=x>; rel=\"next\"", asked.path);
        if asked.path.contains("after") { reply } else { reply.header("link", &next) }
    });
    let client = server.client(|config| config.pacing.share_percent = 100);
    let backlog = client.backlog();
    for bucket in [Bucket::Groups, Bucket::GroupSkinnyUsers] {
        backlog.set(bucket, 70, 0);
    }
    let began = Instant::now();
    join_all((0..70).map(|n| {
        let client = &client;
        async move {
            let lists = both(&format!("00g{n}"));
            let (_, page) = client.page_from_any(&lists, None).await.unwrap();
            client.page_from_any(&lists, page.next.as_deref()).await.unwrap();
        }
    }))
    .await;
    let calls = |skinny| server.seen().iter().filter(|seen| seen.path.contains("skinny") == skinny).count();
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}: {} and {}", began.elapsed(), calls(true), calls(false));
    assert_eq!(calls(true) + calls(false), 140);
}

#[tokio::test(start_paused = true)]
async fn a_link_may_lead_to_the_other_call_and_is_followed_there() {
    let next = "<https://acme.okta.com/api/v1/groups/00g1/users?after=x&limit=1000>; rel=\"next\"";
    let server = Server::new(move |asked| {
        let reply = Reply::json(200, r#"[{"id":"00u1"}]"#);
        if asked.path.contains("after") { reply } else { reply.header("link", next) }
    });
    let client = server.client(|_| {});
    let lists = both("00g1");
    let (which, page) = client.page_from_any(&lists, None).await.unwrap();
    assert_eq!((which, page.next.as_deref()), (0, Some("/api/v1/groups/00g1/users?after=x&limit=1000")));
    let (which, last) = client.page_from_any(&lists, page.next.as_deref()).await.unwrap();
    assert_eq!((which, last.next), (1, None));
    let asked: Vec<_> = server.seen().into_iter().map(|seen| seen.path).collect();
    assert!(asked[0].contains("/skinny_users?") && asked[1].contains("/users?after=x"), "{asked:?}");
    // To any other list it may not lead, nor may a cursor.
    let error = client.page(&lists[0], None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreadable);
    let error = client.page_from_any(&lists, Some("/api/v1/users?after=x")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
}

#[tokio::test(start_paused = true)]
async fn errors_name_the_call_that_failed() {
    let server =
        Server::new(
            |asked| {
                if asked.path.contains("skinny") { Reply::json(405, "{}") } else { Reply::json(200, "[]") }
            },
        );
    let client = server.client(|_| {});
    let error = client.page_from_any(&both("00g1"), None).await.unwrap_err();
    assert_eq!((error.path(), error.status()), (Some("/api/v1/groups/00g1/skinny_users"), Some(405)));
}
