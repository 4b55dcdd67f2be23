//! Which tasks there are: those that run, and those that have ended lately.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use baton_proto::c1::connectorapi::baton::v1::BatonServiceFinishTaskRequest;
use tokio::sync::Notify;

/// So many ended tasks are remembered.
const REMEMBERED: usize = 1000;

/// So many finishes of changes are kept, to be told again instead of making the change again.
const KEPT: usize = 100;

/// What to do with a task that C1 hands out.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Do it.
    New,
    /// It runs, or C1 decided before it knew that the task has ended: nothing is to be done.
    Known,
    /// The change was made. C1 is told once more how it went.
    Ended(Box<BatonServiceFinishTaskRequest>),
}

/// The tasks.
#[derive(Default)]
pub(crate) struct Registry {
    inner: Mutex<Inner>,
    changed: Notify,
}

#[derive(Default)]
struct Inner {
    running: BTreeSet<String>,
    /// Those that have ended, and when C1 knew.
    ended: VecDeque<(String, Duration)>,
    kept: VecDeque<BatonServiceFinishTaskRequest>,
}

impl Registry {
    /// Takes on a task that a poll, begun at `asked`, brought.
    pub(crate) fn take(&self, id: &str, asked: Duration) -> Verdict {
        let mut inner = self.lock();
        if inner.running.contains(id) || inner.ended.iter().any(|(ended, at)| ended == id && *at >= asked) {
            return Verdict::Known;
        }
        inner.running.insert(id.to_owned());
        match inner.kept.iter().find(|kept| kept.task_id == id) {
            Some(kept) => Verdict::Ended(Box::new(kept.clone())),
            None => Verdict::New,
        }
    }

    /// A task has ended, and C1 knows since `now`. `keep` is the finish of a change that must not be made again.
    pub(crate) fn end(&self, id: &str, now: Duration, keep: Option<BatonServiceFinishTaskRequest>) {
        let mut inner = self.lock();
        inner.running.remove(id);
        inner.ended.push_back((id.to_owned(), now));
        if inner.ended.len() > REMEMBERED {
            inner.ended.pop_front();
        }
        if let Some(keep) = keep {
            inner.kept.retain(|kept| kept.task_id != id);
            inner.kept.push_back(keep);
            if inner.kept.len() > KEPT {
                inner.kept.pop_front();
            }
        }
        drop(inner);
        self.changed.notify_waiters();
    }

    /// The tasks that run.
    pub(crate) fn running(&self) -> Vec<String> {
        self.lock().running.iter().cloned().collect()
    }

    /// Waits until fewer than `limit` tasks run, and returns how many more may.
    pub(crate) async fn room(&self, limit: usize) -> usize {
        loop {
            let changed = self.changed.notified();
            let running = self.lock().running.len();
            if running < limit {
                return limit - running;
            }
            changed.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(100);
    const LATER: Duration = Duration::from_secs(101);

    fn finish(id: &str) -> BatonServiceFinishTaskRequest {
        BatonServiceFinishTaskRequest { task_id: id.to_owned(), ..Default::default() }
    }

    #[test]
    fn a_task_is_not_done_twice() {
        let registry = Registry::default();
        assert!(matches!(registry.take("a", NOW), Verdict::New));
        assert!(matches!(registry.take("a", LATER), Verdict::Known), "it runs");
        registry.end("a", LATER, None);
        assert!(matches!(registry.take("a", NOW), Verdict::Known), "C1 could not know");
        assert!(matches!(registry.take("a", LATER + NOW), Verdict::New), "C1 wants it again");
        registry.end("a", LATER + NOW, Some(finish("a")));
        assert!(matches!(registry.take("a", NOW * 9), Verdict::Ended(told) if told.task_id == "a"));
    }

    #[test]
    fn memory_is_bounded() {
        let registry = Registry::default();
        for number in 0..3000 {
            let id = number.to_string();
            registry.take(&id, NOW);
            registry.end(&id, NOW, Some(finish(&id)));
        }
        let inner = registry.lock();
        assert_eq!((inner.running.len(), inner.ended.len(), inner.kept.len()), (0, REMEMBERED, KEPT));
    }

    #[tokio::test]
    async fn room_is_made_by_tasks_that_end() {
        let registry = Registry::default();
        assert_eq!(registry.room(2).await, 2);
        registry.take("a", NOW);
        registry.take("b", NOW);
        let (room, ()) = tokio::join!(registry.room(2), async { registry.end("a", NOW, None) });
        assert_eq!(room, 1);
        assert_eq!(registry.running(), ["b"]);
    }
}
