//! The calls that wait for a bucket, by priority, then in order of arrival.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The priority of a waiting call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Priority {
    /// The next page of a list. Pages can only be fetched one after the other, so a long list that is not continued at once
    /// ends up as what everything else waits for.
    NextPage,
    /// A call that no other bucket can serve.
    SingleBucket,
    /// A call that another bucket can serve as well: it leaves this one to calls without an alternative.
    AnyBucket,
}

/// The queue of waiting calls.
#[derive(Debug, Default)]
pub(crate) struct WaitQueue(Mutex<Waiters>);

#[derive(Debug, Default)]
struct Waiters {
    waiting: BTreeMap<(Priority, u64), Arc<Notify>>,
    /// The sequence number of the last call.
    last_sequence: u64,
    /// Waiting calls that no other bucket can serve.
    exclusive: u64,
}

/// The slot of a call in the queue; freed when it is dropped.
#[derive(Debug)]
pub(crate) struct QueueSlot<'q> {
    queue: &'q WaitQueue,
    key: (Priority, u64),
    notify: Arc<Notify>,
}

impl WaitQueue {
    fn waiters(&self) -> MutexGuard<'_, Waiters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a call to the queue.
    pub(crate) fn enqueue(&self, priority: Priority) -> QueueSlot<'_> {
        let notify = Arc::new(Notify::new());
        let mut waiters = self.waiters();
        waiters.last_sequence += 1;
        waiters.exclusive += u64::from(priority != Priority::AnyBucket);
        let key = (priority, waiters.last_sequence);
        waiters.waiting.insert(key, Arc::clone(&notify));
        QueueSlot { queue: self, key, notify }
    }

    /// Notifies the first call that something has changed.
    pub(crate) fn notify(&self) {
        if let Some((_, notify)) = self.waiters().waiting.first_key_value() {
            notify.notify_one();
        }
    }

    /// Returns how many waiting calls no other bucket can serve.
    pub(crate) fn exclusive(&self) -> u64 {
        self.waiters().exclusive
    }

    /// Returns whether no call waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiters().waiting.is_empty()
    }
}

impl QueueSlot<'_> {
    /// Returns whether this call is the first.
    pub(crate) fn is_first(&self) -> bool {
        self.queue.waiters().waiting.first_key_value().is_some_and(|(key, _)| *key == self.key)
    }

    /// Waits until there is a reason to decide again.
    pub(crate) async fn notified(&self) {
        self.notify.notified().await;
    }
}

impl Drop for QueueSlot<'_> {
    fn drop(&mut self) {
        {
            let mut waiters = self.queue.waiters();
            waiters.waiting.remove(&self.key);
            waiters.exclusive -= u64::from(self.key.0 != Priority::AnyBucket);
        }
        self.queue.notify();
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn calls_are_ordered_by_priority_then_by_arrival() {
        let queue = WaitQueue::default();
        let any = queue.enqueue(Priority::AnyBucket);
        assert!(any.is_first());
        let (single, later) = (queue.enqueue(Priority::SingleBucket), queue.enqueue(Priority::SingleBucket));
        let next_page = queue.enqueue(Priority::NextPage);
        assert!(next_page.is_first() && !any.is_first());
        assert_eq!(queue.exclusive(), 3);
        drop(next_page);
        assert!(single.is_first() && single.notified().now_or_never().is_some(), "whoever becomes the first is told");
        drop(later);
        drop(single);
        assert!(any.is_first() && queue.exclusive() == 0);
        drop(any);
        assert!(queue.is_empty());
    }
}
