//! Admits calls: queues them per bucket, and issues a permit for each in order, without polling.

use std::cmp::Reverse;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use futures::FutureExt;
use futures::future::poll_fn;
use http::{HeaderMap, StatusCode};
use tokio::time::Instant;

use super::bucket_limiter::{BucketLimiter, Decision, Ticket};
use super::clock::ServerClock;
use super::concurrency::{ConcurrencyLimit, ConcurrencyPermit};
use super::pacing::Pacing;
use super::quota::{self, Throttle};
use super::traffic::BucketTraffic;
use super::wait_queue::{Priority, WaitQueue};
use crate::bucket::Bucket;
use crate::lock::lock;

/// Paces all calls of a client.
#[derive(Debug)]
pub(crate) struct Pacer {
    started: Instant,
    clock: Mutex<ServerClock>,
    queues: [BucketQueue; Bucket::ALL.len()],
    concurrency: Arc<ConcurrencyLimit>,
    /// The id of the next reader that reports a backlog.
    next_reader: AtomicU64,
}

/// The waiting calls and the limiter of one bucket.
#[derive(Debug)]
struct BucketQueue {
    waiters: WaitQueue,
    state: Mutex<BucketState>,
}

/// The limiter of a bucket, and the counters of its traffic.
#[derive(Debug)]
struct BucketState {
    limiter: BucketLimiter,
    /// The last reported backlog of each reader.
    backlogs: Vec<ReaderBacklog>,
    calls: u64,
    retries: u64,
    throttled: u64,
    waited: Duration,
    /// The server's time until which the bucket waits for its next window.
    waiting_until: Option<f64>,
}

/// The calls of one bucket that one reader needs.
#[derive(Debug, Clone, Copy)]
struct ReaderBacklog {
    reader: u64,
    calls: u64,
    /// Calls of these that no other bucket can serve.
    exclusive: u64,
}

impl BucketState {
    /// Passes the sum of all backlogs to the limiter.
    fn sum_backlogs(&mut self) {
        let sum = |part: fn(&ReaderBacklog) -> u64| self.backlogs.iter().map(part).fold(0, u64::saturating_add);
        let (calls, exclusive) = (sum(|backlog| backlog.calls), sum(|backlog| backlog.exclusive));
        self.limiter.set_backlog(calls, exclusive);
    }
}

/// The permission to send one call. If it is dropped without a response, the call counts as lost.
#[derive(Debug)]
pub(crate) struct Permit<'p> {
    pacer: &'p Pacer,
    bucket: Bucket,
    ticket: Option<Ticket>,
    concurrency: ConcurrencyPermit,
}

impl Pacer {
    /// Creates a pacer that knows no quota yet.
    pub(crate) fn new(pacing: &Pacing) -> Self {
        let wall = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Self {
            started: Instant::now(),
            clock: Mutex::new(ServerClock::new(wall.as_secs_f64(), pacing.valid_time_scale())),
            queues: Bucket::ALL.map(|_| BucketQueue::new(pacing.share_percent)),
            concurrency: Arc::new(ConcurrencyLimit::new(pacing.max_in_flight)),
            next_reader: AtomicU64::new(0),
        }
    }

    fn queue(&self, bucket: Bucket) -> &BucketQueue {
        &self.queues[bucket.index()]
    }

    /// Returns the seconds since the pacer was created.
    fn local(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    fn server_now(&self) -> f64 {
        lock(&self.clock).server(self.local())
    }

    /// Waits until a call may be sent in one of `buckets`, and returns the index of that bucket: the first that admits it, of
    /// several the one with most remaining calls, because the next pages of a list are fetched from the same bucket. The
    /// future can be dropped at any moment.
    pub(crate) async fn admit(&self, buckets: &[Bucket], priority: Priority, is_retry: bool) -> (usize, Permit<'_>) {
        let queued_at = Instant::now();
        let (chosen, ticket) = match buckets {
            [] => (0, self.wait_for_ticket(Bucket::Rest, priority).await),
            [bucket] => (0, self.wait_for_ticket(*bucket, priority).await),
            several => {
                let mut tickets: Vec<_> =
                    several.iter().map(|bucket| self.wait_for_ticket(*bucket, priority).boxed()).collect();
                poll_fn(|context| {
                    let mut order: Vec<_> = (0..several.len()).collect();
                    order.sort_by_key(|index| Reverse(self.remaining_calls(several[*index]).unwrap_or(u64::MAX)));
                    let mut ready =
                        order.into_iter().map(|index| tickets[index].poll_unpin(context).map(|ticket| (index, ticket)));
                    ready.find(Poll::is_ready).unwrap_or(Poll::Pending)
                })
                .await
            }
        };
        let bucket = buckets.get(chosen).copied().unwrap_or(Bucket::Rest);
        // From here on a dropped future returns the ticket.
        let mut pending = PendingPermit { pacer: self, bucket, ticket: Some(ticket) };
        let concurrency = self.concurrency.acquire().await;
        let mut state = lock(&self.queue(bucket).state);
        state.calls += 1;
        state.retries += u64::from(is_retry);
        state.waited += queued_at.elapsed();
        drop(state);
        (chosen, Permit { pacer: self, bucket, ticket: pending.ticket.take(), concurrency })
    }

    /// Waits until the limiter of the bucket admits a call.
    async fn wait_for_ticket(&self, bucket: Bucket, priority: Priority) -> Ticket {
        let queue = self.queue(bucket);
        let slot = queue.waiters.enqueue(priority);
        loop {
            if !slot.is_first() {
                slot.notified().await;
                continue;
            }
            let now = self.server_now();
            let decision = {
                let mut state = lock(&queue.state);
                let exclusive = queue.waiters.exclusive();
                let decision = match priority {
                    Priority::AnyBucket => state.limiter.decide_any_bucket(now, exclusive),
                    Priority::NextPage | Priority::SingleBucket => state.limiter.decide(now, exclusive),
                };
                state.waiting_until = match decision {
                    Decision::Wait { until, for_window: true } => Some(until),
                    _ => None,
                };
                decision
            };
            match decision {
                Decision::Send(ticket) => return ticket,
                Decision::WaitForResponse => slot.notified().await,
                Decision::Wait { until, .. } => {
                    let local = lock(&self.clock).local(until).max(0.0);
                    let wake = self.started + Duration::from_secs_f64(local);
                    // Either of them is only a reason to decide again.
                    let _ = tokio::time::timeout_at(wake, slot.notified()).await;
                }
            }
        }
    }

    /// Returns the id of a new reader.
    pub(crate) fn new_reader(&self) -> u64 {
        self.next_reader.fetch_add(1, Ordering::Relaxed)
    }

    /// Sets how many calls of `bucket` a reader needs, and how many of them no other bucket can serve.
    pub(crate) fn set_backlog(&self, reader: u64, bucket: Bucket, calls: u64, exclusive: u64) {
        self.update_bucket(bucket, |state| {
            state.backlogs.retain(|backlog| backlog.reader != reader);
            state.backlogs.push(ReaderBacklog { reader, calls, exclusive });
            state.sum_backlogs();
        });
    }

    /// Removes the backlog of a reader.
    pub(crate) fn remove_reader(&self, reader: u64) {
        for bucket in Bucket::ALL {
            self.update_bucket(bucket, |state| {
                let readers = state.backlogs.len();
                state.backlogs.retain(|backlog| backlog.reader != reader);
                if state.backlogs.len() < readers {
                    state.sum_backlogs();
                }
            });
        }
    }

    /// Returns how many calls of `bucket` may still be made before its next window; `None` while no limit is known.
    pub(crate) fn remaining_calls(&self, bucket: Bucket) -> Option<u64> {
        let now = self.server_now();
        lock(&self.queue(bucket).state).limiter.remaining_calls(now)
    }

    /// Returns the traffic of every bucket that was used.
    pub(crate) fn traffic(&self) -> Vec<BucketTraffic> {
        let now = self.local();
        Bucket::ALL.into_iter().filter_map(|bucket| self.traffic_of(bucket, now)).collect()
    }

    fn traffic_of(&self, bucket: Bucket, now: f64) -> Option<BucketTraffic> {
        let state = lock(&self.queue(bucket).state);
        if state.calls == 0 {
            return None;
        }
        let quota = state.limiter.quota();
        let is_wanted = !self.queue(bucket).waiters.is_empty();
        let until = state.waiting_until.filter(|_| is_wanted);
        let waiting = until.map(|until| (lock(&self.clock).local(until) - now).max(0.0));
        Some(BucketTraffic {
            bucket,
            calls: state.calls,
            retries: state.retries,
            throttled: state.throttled,
            waited: state.waited,
            limit: quota.map(|quota| quota.limit),
            remaining: quota.map(|quota| quota.remaining),
            waiting: waiting.map(Duration::from_secs_f64),
        })
    }

    /// Updates the state of a bucket, and wakes its first waiting call.
    fn update_bucket(&self, bucket: Bucket, update: impl FnOnce(&mut BucketState)) {
        let queue = self.queue(bucket);
        update(&mut lock(&queue.state));
        queue.waiters.notify();
    }
}

impl BucketQueue {
    fn new(share_percent: u8) -> Self {
        let state = BucketState {
            limiter: BucketLimiter::new(share_percent),
            backlogs: Vec::new(),
            calls: 0,
            retries: 0,
            throttled: 0,
            waited: Duration::ZERO,
            waiting_until: None,
        };
        Self { waiters: WaitQueue::default(), state: Mutex::new(state) }
    }
}

impl Permit<'_> {
    /// Records the head of the response. The permit counts as a call in flight until it is dropped, which should be after the
    /// body has been read.
    pub(crate) fn record_response(&mut self, status: StatusCode, headers: &HeaderMap) {
        let throttle = quota::throttle(status, headers);
        {
            let local = self.pacer.local();
            let mut clock = lock(&self.pacer.clock);
            if let Some(date) = quota::date(headers) {
                clock.observe(date, local);
            }
        }
        match throttle {
            Some(Throttle::Concurrency) => self.concurrency.rejected(),
            None if !status.is_server_error() => self.concurrency.succeeded(),
            Some(Throttle::QuotaExhausted(_) | Throttle::Unknown) | None => {}
        }
        let Some(ticket) = self.ticket.take() else { return };
        let now = self.pacer.server_now();
        self.pacer.update_bucket(self.bucket, |state| {
            state.throttled += u64::from(throttle.is_some());
            match throttle {
                Some(Throttle::QuotaExhausted(quota)) => state.limiter.record_exhausted(ticket, quota, now),
                Some(Throttle::Concurrency | Throttle::Unknown) => {
                    state.limiter.record_response(ticket, None, false, now);
                }
                None => state.limiter.record_response(ticket, quota::quota(headers), status.is_success(), now),
            }
        });
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket.take() else { return };
        self.pacer.update_bucket(self.bucket, |state| state.limiter.record_lost(ticket));
    }
}

/// A ticket that is not part of a permit yet. If it is dropped, the call counts as lost.
struct PendingPermit<'p> {
    pacer: &'p Pacer,
    bucket: Bucket,
    ticket: Option<Ticket>,
}

impl Drop for PendingPermit<'_> {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket.take() else { return };
        self.pacer.update_bucket(self.bucket, |state| state.limiter.record_lost(ticket));
    }
}
