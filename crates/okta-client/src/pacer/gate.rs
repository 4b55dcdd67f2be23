//! The waiting room in front of the windows: callers come in, wait their turn without polling, and go out in order.

use std::cmp::Reverse;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use futures::FutureExt;
use futures::future::poll_fn;
use http::{HeaderMap, StatusCode};
use tokio::time::Instant;

use super::clock::ServerClock;
use super::line::{Line, Rank};
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
    /// The number of the next reader that says what it needs.
    next_reader: AtomicU64,
}

/// One bucket's waiting room.
#[derive(Debug)]
struct Lane {
    line: Line,
    books: Mutex<Books>,
}

#[derive(Debug)]
struct Books {
    window: Window,
    /// What each reader needs, as it has said last.
    needs: Vec<Needs>,
    calls: u64,
    retries: u64,
    throttled: u64,
    waited: Duration,
    /// The server's time until which the bucket waits for its next window.
    waiting_until: Option<f64>,
}

/// The calls of one bucket that a reader needs.
#[derive(Debug, Clone, Copy)]
struct Needs {
    reader: u64,
    calls: u64,
    /// Those of them that only this bucket will do for.
    bound: u64,
}

impl Books {
    /// Tells the window what all readers need.
    fn sum_up(&mut self) {
        let sum = |part: fn(&Needs) -> u64| self.needs.iter().map(part).fold(0, u64::saturating_add);
        let (calls, bound) = (sum(|needs| needs.calls), sum(|needs| needs.bound));
        self.window.set_backlog(calls, bound);
    }
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
            next_reader: AtomicU64::new(0),
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

    /// Waits until a call may be sent in one of `buckets`, and says in which (by its place): the one that lets it through
    /// first, the one with most room if it is a tie: if the call begins a list, what follows has to be asked for there, too.
    /// Can be dropped at any moment.
    pub(crate) async fn admit(&self, buckets: &[Bucket], rank: Rank, is_retry: bool) -> (usize, Permit<'_>) {
        let came = Instant::now();
        let (which, ticket) = match buckets {
            [] => (0, self.pass(Bucket::Rest, rank).await),
            [bucket] => (0, self.pass(*bucket, rank).await),
            several => {
                let mut passes: Vec<_> = several.iter().map(|bucket| self.pass(*bucket, rank).boxed()).collect();
                poll_fn(|context| {
                    let mut places: Vec<_> = (0..several.len()).collect();
                    places.sort_by_key(|place| Reverse(self.room(several[*place]).unwrap_or(u64::MAX)));
                    let mut ready =
                        places.into_iter().map(|place| passes[place].poll_unpin(context).map(|ticket| (place, ticket)));
                    ready.find(Poll::is_ready).unwrap_or(Poll::Pending)
                })
                .await
            }
        };
        let bucket = buckets.get(which).copied().unwrap_or(Bucket::Rest);
        // From here on a dropped future gives the ticket back.
        let mut held = Held { pacer: self, bucket, ticket: Some(ticket) };
        let slot = self.slots.take().await;
        let mut books = lock(&self.lane(bucket).books);
        books.calls += 1;
        books.retries += u64::from(is_retry);
        books.waited += came.elapsed();
        drop(books);
        (which, Permit { pacer: self, bucket, ticket: held.ticket.take(), slot })
    }

    /// Waits for the bucket's consent.
    async fn pass(&self, bucket: Bucket, rank: Rank) -> Ticket {
        let lane = self.lane(bucket);
        let place = lane.line.enter(rank);
        loop {
            if !place.is_first() {
                place.rung().await;
                continue;
            }
            let now = self.server_now();
            let decision = {
                let mut books = lock(&lane.books);
                let bound = lane.line.bound();
                let decision = match rank {
                    Rank::Either => books.window.decide_for_either(now, bound),
                    Rank::Next | Rank::Only => books.window.decide(now, bound),
                };
                books.waiting_until = match decision {
                    Decision::Wait { until, for_window: true } => Some(until),
                    _ => None,
                };
                decision
            };
            match decision {
                Decision::Send(ticket) => return ticket,
                Decision::WaitForAnswer => place.rung().await,
                Decision::Wait { until, .. } => {
                    let local = lock(&self.clock).local(until).max(0.0);
                    let wake = self.started + Duration::from_secs_f64(local);
                    // Either of them is only a reason to look again.
                    let _ = tokio::time::timeout_at(wake, place.rung()).await;
                }
            }
        }
    }

    /// The number of a new reader.
    pub(crate) fn new_reader(&self) -> u64 {
        self.next_reader.fetch_add(1, Ordering::Relaxed)
    }

    /// Says how many calls of `bucket` a reader needs, and how many of them only this bucket will do for.
    pub(crate) fn set_backlog(&self, reader: u64, bucket: Bucket, calls: u64, bound: u64) {
        self.settle(bucket, |books| {
            books.needs.retain(|needs| needs.reader != reader);
            books.needs.push(Needs { reader, calls, bound });
            books.sum_up();
        });
    }

    /// Forgets what a reader has said.
    pub(crate) fn forget_reader(&self, reader: u64) {
        for bucket in Bucket::ALL {
            self.settle(bucket, |books| {
                let readers = books.needs.len();
                books.needs.retain(|needs| needs.reader != reader);
                if books.needs.len() < readers {
                    books.sum_up();
                }
            });
        }
    }

    /// How many calls of `bucket` may still be made before its next window; `None` while no limit is known.
    pub(crate) fn room(&self, bucket: Bucket) -> Option<u64> {
        let now = self.server_now();
        lock(&self.lane(bucket).books).window.room(now)
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
        let is_wanted = !self.lane(bucket).line.is_empty();
        let until = books.waiting_until.filter(|_| is_wanted);
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
        lane.line.ring();
    }
}

impl Lane {
    fn new(share_percent: u8) -> Self {
        let books = Books {
            window: Window::new(share_percent),
            needs: Vec::new(),
            calls: 0,
            retries: 0,
            throttled: 0,
            waited: Duration::ZERO,
            waiting_until: None,
        };
        Self { line: Line::default(), books: Mutex::new(books) }
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
