//! Schedules partial refetches: queues the part of a list, and accepts it together with the rest of the list.

use super::{Engine, Stopped, lower};
use crate::changes::Named;
use crate::fetch::Waiting;
use crate::partial_refetch::{FetchedPatch, PartialRefetch};
use crate::plan::commit::{PatchedWork, ReusedWork};
use crate::writer::{Change, Writer};

impl Engine {
    /// Queues the part of a piece of work that may have changed.
    pub(super) fn enqueue_patch(&mut self, waiting: Waiting) {
        let refetch = self.base.as_ref().and_then(|base| {
            let kept = base.snapshot.find(&waiting.work)?;
            let Named::Parts(parts) = self.changes.name(&waiting.work) else { return None };
            let mut principals: Vec<_> = parts.iter().cloned().collect();
            principals.sort();
            let (last, pages, objects) = (base.snapshot.path().to_owned(), kept.pages, kept.objects);
            Some(PartialRefetch { last, kept: kept.id, pages, objects, principals })
        });
        if let Some(refetch) = &refetch {
            let hint = u64::from(waiting.work.pages_hint);
            let kind = self.kind(waiting.work.kind);
            kind.expected += refetch.principals.len() as u64;
            lower(&mut kind.expected, hint);
        }
        let queue = self.session.schema().queue(waiting.work.kind);
        self.queue(queue).waiting.push_back(Waiting { refetch, ..waiting });
    }

    /// Accepts a fetched part; the rest of the list is reused with it.
    pub(super) async fn accept_patch(
        &mut self,
        waiting: Waiting,
        patch: FetchedPatch,
        writer: &Writer,
    ) -> Result<(), Stopped> {
        let (Some(base), Some(refetch)) = (&self.base, &waiting.refetch) else { return Ok(()) };
        let FetchedPatch { trimmed, fresh, objects } = patch;
        let known = base.snapshot.opened(refetch.kept).to_vec();
        self.fetched += 1;
        let kind = self.kind(waiting.work.kind);
        lower(&mut kind.open, 1);
        kind.patched += 1;
        lower(&mut kind.expected, refetch.principals.len() as u64);
        kind.progress.works_done += 1;
        kind.progress.pages_done += refetch.pages;
        kind.progress.objects += objects;
        let (opens, opened) = self.open_all(known);
        let reused = ReusedWork { work: waiting.id, kept: refetch.kept, opens, opened };
        match writer.send(Change::Patch(PatchedWork { reused, trimmed, fresh, objects })).await {
            true => Ok(()),
            false => Err(Stopped::Writer),
        }
    }

    /// Queues the whole of a piece of work whose part cannot be fetched alone.
    pub(super) fn fetch_whole(&mut self, mut waiting: Waiting) {
        if let Some(refetch) = waiting.refetch.take() {
            let hint = u64::from(waiting.work.pages_hint);
            let kind = self.kind(waiting.work.kind);
            kind.expected += hint;
            lower(&mut kind.expected, refetch.principals.len() as u64);
        }
        let queue = self.session.schema().queue(waiting.work.kind);
        self.queue(queue).waiting.push_front(waiting);
    }
}
