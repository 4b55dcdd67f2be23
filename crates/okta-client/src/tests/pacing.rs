//! End to end from the caller to a server with quotas, in virtual time: no call too many, no time wasted.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::time::Instant;

use super::quota::Count;
use super::server::{EPOCH, Reply, Server};
use crate::bucket::Bucket;
use crate::endpoints::{groups, org, users};
use crate::handle::Client;
use crate::models::Org;

/// A bucket that other clients use too.
struct Quotas {
    count: Count,
    /// Calls of others per second of the server's time, and how many of them have been counted.
    others: f64,
    counted: f64,
    refused: u64,
    random: StdRng,
}

/// A server with one quota for everything, whose minutes pass `scale` times as fast.
fn server(limit: u64, others: f64, scale: f64, seed: u64) -> (Server, Arc<Mutex<Quotas>>) {
    let random = StdRng::seed_from_u64(seed);
    let quotas = Quotas { count: Count::new(limit), others, counted: 0.0, refused: 0, random };
    let quotas = Arc::new(Mutex::new(quotas));
    let shared = Arc::clone(&quotas);
    let server = Server::new(move |seen| {
        let passed = seen.at.as_secs_f64() * scale;
        let now = EPOCH + passed;
        let mut quotas = shared.lock().unwrap();
        while quotas.counted + 1.0 <= passed * quotas.others {
            quotas.counted += 1.0;
            let at = EPOCH + quotas.counted / quotas.others;
            quotas.count.other(at);
        }
        let allowed = quotas.count.call(now);
        quotas.refused += u64::from(!allowed);
        let latency = Duration::from_millis(quotas.random.random_range(20..400));
        let body = if seen.path.contains("/org") { r#"{"id":"00o1"}"# } else { "[]" };
        let reply = if allowed { Reply::json(200, body) } else { Reply::json(429, "{}") };
        reply.counted(&quotas.count).date(now).after(latency)
    });
    (server, quotas)
}

/// Makes `calls` calls as fast as they are let out, `workers` at a time.
pub(super) async fn make_calls(client: &Client, calls: u64, workers: u64) {
    let backlog = client.backlog();
    backlog.set(Bucket::Groups, calls, calls);
    let list = groups::members("00g1", 1000).unwrap();
    let work = (0..workers).map(|worker| {
        let list = &list;
        async move {
            for _ in (worker..calls).step_by(usize::try_from(workers).unwrap()) {
                client.page(list, None).await.unwrap();
            }
        }
    });
    futures::future::join_all(work).await;
}

#[tokio::test(start_paused = true)]
async fn alone_the_share_is_used_up_and_nothing_is_refused() {
    for (seed, limit, share) in [(1, 300, 90_u8), (2, 50, 100), (3, 10, 50), (4, 1200, 75)] {
        let (server, quotas) = server(limit, 0.0, 1.0, seed);
        let client = server.client(|config| config.pacing.share_percent = share);
        let allowance = limit * u64::from(share) / 100;
        let calls = allowance * 4;
        let began = Instant::now();
        make_calls(&client, calls, 16).await;
        let took = began.elapsed().as_secs_f64();
        assert_eq!(quotas.lock().unwrap().refused, 0, "limit {limit}");
        assert_eq!(client.traffic()[0].calls, calls);
        // Three whole windows and the beginning of a fourth.
        assert!((180.0..200.0).contains(&took), "limit {limit}: {took} s");
    }
}

#[tokio::test(start_paused = true)]
async fn others_are_made_room_for() {
    for seed in 0..10 {
        // Others use 60 of 300 a minute, we may use the rest up to nine tenths.
        let (server, quotas) = server(300, 1.0, 1.0, seed);
        let client = server.client(|_| {});
        make_calls(&client, 700, 16).await;
        assert_eq!(quotas.lock().unwrap().refused, 0, "seed {seed}");
        assert!(server.seen().last().unwrap().at < Duration::from_secs(250), "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_others_use_up_lets_us_through_in_the_end() {
    let (server, _) = server(20, 1.0, 1.0, 7);
    let client = server.client(|_| {});
    make_calls(&client, 30, 4).await;
    assert!(server.seen().len() < 60, "a refused call now and then, not all the time: {}", server.seen().len());
}

#[tokio::test(start_paused = true)]
async fn compressed_minutes_are_kept_too() {
    let (server, quotas) = server(250, 0.0, 10.0, 3);
    let client = server.client(|config| config.pacing.time_scale = 10.0);
    let began = Instant::now();
    make_calls(&client, 450, 24).await;
    assert_eq!(quotas.lock().unwrap().refused, 0);
    assert!(began.elapsed() < Duration::from_secs(13), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_fits_into_the_window_is_not_held_back() {
    let (server, _) = server(600, 0.0, 1.0, 1);
    let client = server.client(|_| {});
    let began = Instant::now();
    make_calls(&client, 200, 24).await;
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}

/// Returns how long `calls` calls take in a window of 60 that has just begun.
async fn took(client: &Client, calls: usize) -> Duration {
    let list = groups::members("00g1", 1000).unwrap();
    let began = Instant::now();
    for _ in 0..calls {
        client.page(&list, None).await.unwrap();
    }
    began.elapsed()
}

#[tokio::test(start_paused = true)]
async fn what_readers_need_adds_up_and_ends_with_them() {
    // The only observable is the rate of the calls: spread over a minute, or at once.
    let server = || {
        let count = Mutex::new(Count::new(60));
        Server::new(move |seen| {
            let now = EPOCH + seen.at.as_secs_f64();
            let mut count = count.lock().unwrap();
            assert!(count.call(now), "too many calls");
            Reply::json(200, "[]").counted(&count).date(now)
        })
    };
    let spread = Duration::from_secs(5);
    // Each of two readers alone fits into the window, both together do not.
    let client = server().client(|config| config.pacing.share_percent = 100);
    let (one, other) = (client.backlog(), client.backlog());
    one.set(Bucket::Groups, 40, 40);
    other.set(Bucket::Groups, 40, 40);
    assert!(took(&client, 10).await > spread, "the first one's need was overwritten");
    drop(one);
    assert!(took(&client, 10).await < spread, "the first one's need outlives it");
    // The backlog of a reader replaces its previous one.
    let client = server().client(|config| config.pacing.share_percent = 100);
    let (one, other) = (client.backlog(), client.backlog());
    for _ in 0..3 {
        one.set(Bucket::Groups, 20, 20);
        other.set(Bucket::Groups, 20, 20);
    }
    assert!(took(&client, 10).await < spread);
    one.set(Bucket::Groups, 90, 90);
    assert!(took(&client, 10).await > spread);
    drop((one, other));
    assert!(took(&client, 10).await < spread);
}

#[tokio::test(start_paused = true)]
async fn calls_of_a_bucket_go_out_in_order() {
    let (server, _) = server(20, 0.0, 1.0, 1);
    let client = server.client(|_| {});
    let lists: Vec<_> = (0..60).map(|n| groups::members(&format!("00g{n}"), 1000).unwrap()).collect();
    futures::future::join_all(lists.iter().map(|list| client.page(list, None))).await;
    let asked: Vec<String> = server.seen().into_iter().map(|seen| seen.path).collect();
    let expected: Vec<String> = lists.iter().map(|list| list.request.path_and_query.clone()).collect();
    assert_eq!(asked, expected);
}

#[tokio::test(start_paused = true)]
async fn too_many_at_once_is_felt_for_and_left() {
    // No more than five calls at once, a limit that is not reported.
    let under_way = Arc::new(Mutex::new((0_u32, 0_u32)));
    let count = Arc::clone(&under_way);
    let ends: Mutex<Vec<Duration>> = Mutex::default();
    let server = Server::new(move |seen| {
        let mut ends = ends.lock().unwrap();
        ends.retain(|end| *end > seen.at);
        let mut count = count.lock().unwrap();
        count.0 += 1;
        if ends.len() >= 5 {
            count.1 += 1;
            return Reply::json(429, "{}").header("x-rate-limit-limit", 0).header("x-rate-limit-remaining", 0);
        }
        ends.push(seen.at + Duration::from_millis(200));
        Reply::json(200, "[]").after(Duration::from_millis(200))
    });
    let client = server.client(|_| {});
    make_calls(&client, 400, 24).await;
    let (calls, refused) = *under_way.lock().unwrap();
    assert_eq!(calls - refused, 400);
    assert!(refused < 40, "{refused} refused");
    assert!(server.seen().last().unwrap().at < Duration::from_secs(40), "{:?}", server.seen().last().unwrap().at);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_gives_everything_back() {
    let server = Server::new(|_| Reply::json(200, r#"{"id":"00o1"}"#).after(Duration::from_secs(1)));
    let client = server.client(|config| config.pacing.max_in_flight = 1);
    let request = org::get();
    for _ in 0..5 {
        let dropped = tokio::time::timeout(Duration::from_millis(100), client.get::<Org>(&request)).await;
        assert!(dropped.is_err());
    }
    client.get::<Org>(&request).await.unwrap();
    let list = users::list(200);
    assert!(client.page(&list, None).await.is_err(), "another bucket finds a slot");
}

#[test]
fn calls_can_be_spawned() {
    fn is_send<T: Send>(_: T) {}
    let server = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let _guard = server.enter();
    let server = Server::new(|_| Reply::json(200, "[]"));
    let client = server.client(|_| {});
    let list = users::list(200);
    is_send(client.page(&list, None));
}
