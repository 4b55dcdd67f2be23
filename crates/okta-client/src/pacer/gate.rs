//! The waiting room in front of the windows: callers come in, wait their turn without polling, and go out in order.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::clock::ServerClock;
use super::quota::{self, Throttle};
use super::slots::{Slot, Slots};
use super::window::{Decision, Ticket, Window};
use super::{BucketTraffic, Pacing};
use crate::bucket::Bucket;

/// Paces all calls of a client.
#[derive(Debug)]
pub(crate) struct Pacer {
    started: Instant,
    clock: Mutex<ServerClock>,
    lanes: [Lane; Bucket::ALL.len()],
    slots: Arc<Slots>,
}

/// One bucket's waiting room.
#[derive(Debug)]
struct Lane {
    /// Held by whoever is next; its queue is first come, first served.
    turn: tokio::sync::Mutex<()>,
    /// Tells whoever is next that something has changed.
    changed: Notify,
    /// How many callers wait.
    queued: AtomicU64,
    books: Mutex<Books>,
}

#[derive(Debug)]
struct Books {
    window: Window,
    calls: u64,
    retries: u64,
    throttled: u64,
    waited: Duration,
    /// The server's time until which the bucket waits for its next window.
    waiting_until: Option<f64>,
}

/// The consent to send one call. Dropped without an answer, the call counts as lost.
#[derive(Debug)]
pub(crate) struct Permit<'p> {
    pacer: &'p Pacer,
    bucket: Bucket,
    ticket: Option<Ticket>,
    slot: Slot,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pacer {
    /// A pacer that knows nothing yet.
    pub(crate) fn new(pacing: &Pacing) -> Self {
        let wall = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Self {
            started: Instant::now(),
            clock: Mutex::new(ServerClock::new(wall.as_secs_f64(), pacing.valid_time_scale())),
            lanes: Bucket::ALL.map(|_| Lane::new(pacing.share_percent)),
            slots: Arc::new(Slots::new(pacing.max_in_flight)),
        }
    }

    fn lane(&self, bucket: Bucket) -> &Lane {
        &self.lanes[bucket.index()]
    }

    /// Seconds since the pacer was made.
    fn local(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    fn server_now(&self) -> f64 {
        lock(&self.clock).server(self.local())
    }

    /// Waits until a call of `bucket` may be sent. Can be dropped at any moment.
    pub(crate) async fn admit(&self, bucket: Bucket, is_retry: bool) -> Permit<'_> {
        let came = Instant::now();
        let ticket = self.pass(bucket).await;
        // From here on a dropped future gives the ticket back.
        let mut held = Held { pacer: self, bucket, ticket: Some(ticket) };
        let slot = self.slots.take().await;
        let mut books = lock(&self.lane(bucket).books);
        books.calls += 1;
        books.retries += u64::from(is_retry);
        books.waited += came.elapsed();
        drop(books);
        Permit { pacer: self, bucket, ticket: held.ticket.take(), slot }
    }

    /// Waits for the bucket's consent.
    async fn pass(&self, bucket: Bucket) -> Ticket {
        let lane = self.lane(bucket);
        let _queued = Queued::enter(&lane.queued);
        let _turn = lane.turn.lock().await;
        loop {
            let now = self.server_now();
            let decision = {
                let mut books = lock(&lane.books);
                let decision = books.window.decide(now, lane.queued.load(Ordering::Relaxed));
                books.waiting_until = match decision {
                    Decision::Wait { until, for_window: true } => Some(until),
                    _ => None,
                };
                decision
            };
            match decision {
                Decision::Send(ticket) => return ticket,
                Decision::WaitForAnswer => lane.changed.notified().await,
                Decision::Wait { until, .. } => {
                    let local = lock(&self.clock).local(until).max(0.0);
                    let wake = self.started + Duration::from_secs_f64(local);
                    // Either of them is only a reason to look again.
                    let _ = tokio::time::timeout_at(wake, lane.changed.notified()).await;
                }
            }
        }
    }

    /// Says how many calls of `bucket` are known to be wanted.
    pub(crate) fn backlog(&self, bucket: Bucket, calls: u64) {
        let lane = self.lane(bucket);
        lock(&lane.books).window.set_backlog(calls);
        lane.changed.notify_one();
    }

    /// What has been asked, for every bucket that was used.
    pub(crate) fn traffic(&self) -> Vec<BucketTraffic> {
        let now = self.local();
        Bucket::ALL.into_iter().filter_map(|bucket| self.traffic_of(bucket, now)).collect()
    }

    fn traffic_of(&self, bucket: Bucket, now: f64) -> Option<BucketTraffic> {
        let books = lock(&self.lane(bucket).books);
        if books.calls == 0 {
            return None;
        }
        let quota = books.window.quota();
        let queued = self.lane(bucket).queued.load(Ordering::Relaxed) > 0;
        let until = books.waiting_until.filter(|_| queued);
        let waiting = until.map(|until| (lock(&self.clock).local(until) - now).max(0.0));
        Some(BucketTraffic {
            bucket,
            calls: books.calls,
            retries: books.retries,
            throttled: books.throttled,
            waited: books.waited,
            limit: quota.map(|quota| quota.limit),
            remaining: quota.map(|quota| quota.remaining),
            waiting: waiting.map(Duration::from_secs_f64),
        })
    }

    fn settle(&self, bucket: Bucket, settle: impl FnOnce(&mut Books)) {
        let lane = self.lane(bucket);
        settle(&mut lock(&lane.books));
        lane.changed.notify_one();
    }
}

impl Lane {
    fn new(share_percent: u8) -> Self {
        let books = Books {
            window: Window::new(share_percent),
            calls: 0,
            retries: 0,
            throttled: 0,
            waited: Duration::ZERO,
            waiting_until: None,
        };
        Self {
            turn: tokio::sync::Mutex::new(()),
            changed: Notify::new(),
            queued: AtomicU64::new(0),
            books: Mutex::new(books),
        }
    }
}

impl Permit<'_> {
    /// The head of the answer has come. The slot stays taken until the permit is dropped, which should be after the
    /// body has been read.
    pub(crate) fn answered(&mut self, status: StatusCode, headers: &HeaderMap) {
        let throttle = quota::throttle(status, headers);
        {
            let local = self.pacer.local();
            let mut clock = lock(&self.pacer.clock);
            if let Some(date) = quota::date(headers) {
                clock.observe(date, local);
            }
        }
        match throttle {
            Some(Throttle::Concurrency) => self.slot.crowded(),
            None if !status.is_server_error() => self.slot.succeeded(),
            Some(Throttle::Spent(_) | Throttle::Unknown) | None => {}
        }
        let Some(ticket) = self.ticket.take() else { return };
        let now = self.pacer.server_now();
        self.pacer.settle(self.bucket, |books| {
            books.throttled += u64::from(throttle.is_some());
            match throttle {
                Some(Throttle::Spent(quota)) => books.window.spent(ticket, quota, now),
                Some(Throttle::Concurrency | Throttle::Unknown) => books.window.answered(ticket, None, false, now),
                None => books.window.answered(ticket, quota::quota(headers), status.is_success(), now),
            }
        });
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket.take() else { return };
        self.pacer.settle(self.bucket, |books| books.window.lost(ticket));
    }
}

/// A ticket on its way into a permit.
struct Held<'p> {
    pacer: &'p Pacer,
    bucket: Bucket,
    ticket: Option<Ticket>,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket.take() else { return };
        self.pacer.settle(self.bucket, |books| books.window.lost(ticket));
    }
}

/// Counts a caller for as long as it waits.
struct Queued<'q>(&'q AtomicU64);

impl<'q> Queued<'q> {
    fn enter(count: &'q AtomicU64) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
