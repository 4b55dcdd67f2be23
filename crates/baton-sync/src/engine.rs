//! Fetches all queues at once and sends each page to the writer until no work is left.

mod patch;

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use baton_connector::{Invalidation, QueueId, Reuse, SourceError, SyncSession, Work, WorkKind};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio_util::sync::CancellationToken;

use crate::base_snapshot::{BaseSnapshot, CachedWork};
use crate::changes::{Changes, Named};
use crate::error::SyncError;
use crate::fetch::{Answer, Fetch, Fetched, Waiting, fetch};
use crate::observe::{Event, KindProgress, Observer, Snapshot};
use crate::partial::Partial;
use crate::plan::commit::ReusedWork;
use crate::plan::{Planned, State};
use crate::summary::KindReading;
use crate::writer::{Change, Writer};

/// Interval between progress reports.
const TICK: Duration = Duration::from_millis(400);

/// Why fetching stopped before its end.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// By the operator.
    Cancelled,
    /// A page could not be fetched.
    Failed(SourceError),
    /// The writer failed; it knows why.
    Writer,
    /// The snapshot of the last sync cannot be read.
    Snapshot(SyncError),
}

/// The sync that an incremental sync reuses.
pub(crate) struct BaseSync {
    pub snapshot: BaseSnapshot,
    /// The kind of work that reads what has changed since; without one, all work that depends on changes is fetched.
    pub changes: Option<WorkKind>,
    /// Invalidations that earlier runs of this sync have received.
    pub changed: Vec<Invalidation>,
    /// Notes of the source about the changes.
    pub notes: Vec<String>,
}

/// The scheduler of one run.
pub(crate) struct Engine {
    session: Arc<dyn SyncSession>,
    observer: Arc<dyn Observer>,
    workers: usize,
    partial: Option<Arc<Partial>>,
    queues: BTreeMap<QueueId, FetchQueue>,
    kinds: Vec<KindState>,
    barriers: Vec<BarrierState>,
    /// Works blocked on barriers, by kind.
    blocked: BTreeMap<WorkKind, u64>,
    base: Option<BaseSync>,
    /// Changes since the base sync.
    changes: Changes,
    /// Works deferred until the changes are known.
    undecided: Vec<Waiting>,
    /// Works to be reused.
    reuse_queue: Vec<Waiting>,
    /// Hashes of the works known with their ids, so that what two pages make known is done once. A collision of 64 random bits
    /// among millions of works is not a worry.
    known: HashMap<u64, u64>,
    hasher: RandomState,
    next_id: u64,
    fetched: u64,
}

/// What to do with a piece of work of which nothing has been fetched yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    Fetch,
    /// Undecided until the changes are read.
    Defer,
    Reuse,
    /// Reused except for a part, which is fetched.
    Patch,
}

#[derive(Debug, Default)]
struct FetchQueue {
    waiting: VecDeque<Waiting>,
    running: usize,
}

#[derive(Debug)]
struct KindState {
    progress: KindProgress,
    /// Pages that are expected to be still needed.
    expected: u64,
    /// Works that are ready or running, or wait for the changes.
    open: u64,
    /// Works that were reused.
    reused: u64,
    /// Works that were reused except for a part.
    patched: u64,
    /// Whether works of this kind can be reused at all.
    reusable: bool,
}

#[derive(Debug)]
struct BarrierState {
    barrier: baton_connector::Barrier,
    blocked: Vec<(u64, Work)>,
    open: bool,
}

impl Engine {
    /// A scheduler for `works`, as they stand in the plan, of a full or a `partial` sync. With a `base`, it reuses what has
    /// not changed since.
    pub(crate) fn new(
        session: Arc<dyn SyncSession>,
        observer: Arc<dyn Observer>,
        workers: usize,
        partial: Option<Arc<Partial>>,
        works: Vec<Planned>,
        base: Option<BaseSync>,
    ) -> Self {
        let schema = session.schema();
        let kinds = schema.kinds.iter().map(|spec| KindState::new(spec.kind, spec.label)).collect();
        let barriers = schema
            .barriers
            .iter()
            .map(|barrier| BarrierState { barrier: *barrier, blocked: Vec::new(), open: false })
            .collect();
        let mut engine = Self {
            session,
            observer,
            workers: workers.max(1),
            partial,
            queues: BTreeMap::new(),
            kinds,
            barriers,
            blocked: BTreeMap::new(),
            base,
            changes: Changes::default(),
            undecided: Vec::new(),
            reuse_queue: Vec::new(),
            known: HashMap::new(),
            hasher: RandomState::new(),
            next_id: 0,
            fetched: 0,
        };
        if let Some(base) = &engine.base {
            engine.changes.add(&base.snapshot.early);
            engine.changes.add(&base.changed);
        }
        // Whether the changes are known is known when all works are.
        let mut ready = Vec::new();
        for planned in works {
            engine.next_id = engine.next_id.max(planned.id + 1);
            engine.remember(&planned.work, planned.id);
            ready.extend(engine.restore(planned));
        }
        ready.into_iter().for_each(|waiting| engine.enqueue(waiting));
        engine
    }

    /// Pages fetched by this run.
    pub(crate) fn fetched(&self) -> u64 {
        self.fetched
    }

    /// Counts per reusable kind of work how much was fetched and reused.
    pub(crate) fn reading(&self) -> Vec<KindReading> {
        let kinds = self.kinds.iter().filter(|kind| kind.reusable && kind.progress.works_known > 0);
        let reading = |kind: &KindState| KindReading {
            kind: kind.progress.kind,
            label: kind.progress.label,
            read: kind.progress.works_done.saturating_sub(kind.reused + kind.patched),
            reused: kind.reused,
            patched: kind.patched,
        };
        kinds.map(reading).collect()
    }

    /// Notes of the source about the changes.
    pub(crate) fn notes(&self) -> &[String] {
        self.base.as_ref().map_or(&[], |base| &base.notes)
    }

    /// Fetches until nothing is left, or something stops it. What was fetched has been handed to the writer.
    pub(crate) async fn run(&mut self, writer: &Writer, cancel: &CancellationToken) -> Result<(), Stopped> {
        let mut fetches: FuturesUnordered<Fetch> = FuturesUnordered::new();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            while self.reuse_unchanged(writer).await? || self.pass_barriers(writer).await? {}
            self.report_backlog();
            self.start(&mut fetches);
            if fetches.is_empty() {
                self.report_progress();
                return Ok(());
            }
            tokio::select! {
                biased;
                () = cancel.cancelled() => return Err(Stopped::Cancelled),
                done = fetches.next() => {
                    let Some((queue, waiting, result)) = done else { continue };
                    let queue = self.queue(queue);
                    queue.running = queue.running.saturating_sub(1);
                    match result {
                        Ok(answer) => self.accept(waiting, answer, writer).await?,
                        Err(error) if waiting.can_restart(&error) => self.restart(waiting, writer).await?,
                        Err(error) => {
                            self.save_others(&mut fetches, writer).await?;
                            return Err(Stopped::Failed(error));
                        }
                    }
                }
                _ = tick.tick() => self.report_progress(),
            }
        }
    }

    /// After a failure: keeps what has arrived in the same moment, asks for nothing more.
    async fn save_others(&mut self, fetches: &mut FuturesUnordered<Fetch>, writer: &Writer) -> Result<(), Stopped> {
        while let Some(Some((_, waiting, result))) = futures::FutureExt::now_or_never(fetches.next()) {
            if let Ok(answer) = result {
                self.accept(waiting, answer, writer).await?;
            }
        }
        Ok(())
    }

    /// Starts as many fetches as each queue allows.
    fn start(&mut self, fetches: &mut FuturesUnordered<Fetch>) {
        for (&name, queue) in &mut self.queues {
            while queue.running < self.workers
                && let Some(waiting) = queue.waiting.pop_front()
            {
                queue.running += 1;
                fetches.push(fetch(Arc::clone(&self.session), name, waiting, self.partial.clone()));
            }
        }
    }

    async fn accept(&mut self, waiting: Waiting, answer: Answer, writer: &Writer) -> Result<(), Stopped> {
        match answer {
            Answer::Page(fetched) => self.accept_page(waiting, *fetched, writer).await,
            Answer::Patch(patch) => self.accept_patch(waiting, patch, writer).await,
            Answer::NoPatch => {
                self.fetch_whole(waiting);
                Ok(())
            }
        }
    }

    /// Takes in a page: what it opens is queued, its next page goes first, everything goes to the writer.
    async fn accept_page(&mut self, mut waiting: Waiting, fetched: Fetched, writer: &Writer) -> Result<(), Stopped> {
        let Fetched { mut page, opens, notes } = fetched;
        if let Some(cursor) = &page.next
            && !waiting.passed.insert(self.hasher.hash_one(cursor))
        {
            return Err(Stopped::Failed(waiting.in_circles()));
        }
        self.fetched += 1;
        for note in &notes {
            self.observer.event(&Event::Note(note.clone()));
        }
        self.changes.add(&page.invalidations);
        if let Some(base) = &mut self.base {
            if base.changes == Some(waiting.work.kind) {
                base.notes.extend(notes.iter().cloned());
                page.notes = notes;
            }
            // Committed with the page: a run that resumes this sync needs what it names.
            page.invalidations.extend(self.changes.resolve(&base.snapshot).map_err(Stopped::Snapshot)?);
        }
        let opened;
        (page.opens, opened) = self.open_all(opens);
        if waiting.work.reuse != Reuse::Never {
            page.opened = opened;
        }
        let next = page.next.clone();
        let objects = waiting.objects + page.count;
        let kind = self.kind(waiting.work.kind);
        kind.progress.pages_done += 1;
        kind.progress.objects += page.count;
        if waiting.seq < u64::from(waiting.work.pages_hint) {
            lower(&mut kind.expected, 1);
        }
        if next.is_none() {
            lower(&mut kind.open, 1);
            kind.progress.works_done += 1;
            // Fewer pages than announced: the rest is not to be expected any more.
            lower(&mut kind.expected, u64::from(waiting.work.pages_hint).saturating_sub(waiting.seq + 1));
        } else if waiting.seq + 1 >= u64::from(waiting.work.pages_hint) {
            // More pages than announced: the number is unknown, but at least one.
            kind.expected += 1;
        }
        if !writer.send(Change::Page(page)).await {
            return Err(Stopped::Writer);
        }
        if let Some(cursor) = next {
            let queue = self.session.schema().queue(waiting.work.kind);
            let seq = waiting.seq + 1;
            let hint = u32::try_from(seq + 1).unwrap_or(u32::MAX).max(waiting.work.pages_hint);
            let work = Work { pages_hint: hint, ..waiting.work };
            self.queue(queue).waiting.push_front(Waiting { work, cursor: Some(cursor), seq, objects, ..waiting });
        }
        Ok(())
    }

    /// Begins a piece of work again whose cursor the source has forgotten, as happens when a run is carried on much
    /// later.
    async fn restart(&mut self, waiting: Waiting, writer: &Writer) -> Result<(), Stopped> {
        let kind = self.kind(waiting.work.kind);
        lower(&mut kind.progress.pages_done, waiting.seq);
        lower(&mut kind.progress.objects, waiting.objects);
        kind.expected += waiting.seq;
        if !writer.send(Change::Restart(waiting.id)).await {
            return Err(Stopped::Writer);
        }
        let note = format!(
            "{} {}: the cursor has expired, reading from the first page again",
            waiting.work.kind, waiting.work.subject
        );
        self.observer.event(&Event::Note(note));
        let queue = self.session.schema().queue(waiting.work.kind);
        self.queue(queue).waiting.push_front(Waiting { restarted: true, ..Waiting::new(waiting.id, waiting.work) });
        Ok(())
    }

    /// Opens the barriers whose conditions are met; returns whether that has made anything ready. One barrier's work can
    /// meet the condition of another.
    async fn pass_barriers(&mut self, writer: &Writer) -> Result<bool, Stopped> {
        let mut passed = false;
        for index in 0..self.barriers.len() {
            let state = &self.barriers[index];
            let barrier = state.barrier;
            if state.open
                || barrier.after.iter().any(|kind| self.kinds.iter().any(|k| k.progress.kind == *kind && k.open > 0))
            {
                continue;
            }
            let mut counts = BTreeMap::<WorkKind, u64>::new();
            let mut undecided = false;
            for (_, work) in &self.barriers[index].blocked {
                let decision = self.decide(work);
                undecided |= decision == Decision::Defer;
                *counts.entry(work.kind).or_default() +=
                    u64::from(matches!(decision, Decision::Fetch | Decision::Patch));
            }
            if undecided {
                continue;
            }
            self.barriers[index].open = true;
            let blocked = std::mem::take(&mut self.barriers[index].blocked);
            for (_, work) in &blocked {
                self.blocked.remove(work.kind);
            }
            if blocked.is_empty() {
                continue;
            }
            passed = true;
            self.report_backlog();
            let release = self.session.choose(barrier.name, &counts);
            for (id, work) in blocked {
                if release.contains(&work.kind) {
                    self.begin(id, work);
                }
            }
            if !writer.send(Change::Barrier { barrier: barrier.name, release }).await {
                return Err(Stopped::Writer);
            }
        }
        Ok(passed)
    }

    /// Decides what to do with a piece of work of which nothing has been fetched yet.
    fn decide(&self, work: &Work) -> Decision {
        let Some(base) = &self.base else { return Decision::Fetch };
        let Some(kept) = base.snapshot.find(work) else { return Decision::Fetch };
        match (&work.reuse, &kept.work.reuse) {
            (Reuse::UnlessChanged, Reuse::UnlessChanged) => {}
            (Reuse::SameVersion { version, .. }, Reuse::SameVersion { version: before, .. }) if version == before => {}
            _ => return Decision::Fetch,
        }
        if work.reuse.depends_on_changes() {
            let Some(changes) = base.changes else { return Decision::Fetch };
            if self.kinds.iter().any(|kind| kind.progress.kind == changes && kind.open > 0) {
                return Decision::Defer;
            }
        }
        match self.changes.name(work) {
            Named::Nothing => Decision::Reuse,
            // One call each.
            Named::Parts(parts) if (parts.len() as u64) < kept.pages => Decision::Patch,
            Named::Parts(_) | Named::Whole => Decision::Fetch,
        }
    }

    /// Decides on deferred work once the changes are known, and reuses what has not changed; returns whether anything was
    /// reused.
    async fn reuse_unchanged(&mut self, writer: &Writer) -> Result<bool, Stopped> {
        if self.undecided.first().is_some_and(|waiting| self.decide(&waiting.work) != Decision::Defer) {
            for waiting in std::mem::take(&mut self.undecided) {
                self.route(waiting);
            }
        }
        let mut reused = false;
        while let Some(waiting) = self.reuse_queue.pop() {
            reused = true;
            let kept = self.base.as_ref().and_then(|base| {
                let CachedWork { id, pages, objects, .. } = base.snapshot.find(&waiting.work)?;
                Some((*id, *pages, *objects, base.snapshot.opened(*id).to_vec()))
            });
            // It was found when it was put there.
            let Some((kept, pages, objects, known)) = kept else { continue };
            let kind = self.kind(waiting.work.kind);
            lower(&mut kind.open, 1);
            kind.reused += 1;
            lower(&mut kind.expected, waiting.work.pages_hint.into());
            kind.progress.works_done += 1;
            kind.progress.pages_done += pages;
            kind.progress.objects += objects;
            let (opens, opened) = self.open_all(known);
            if !writer.send(Change::Reuse(ReusedWork { work: waiting.id, kept, opens, opened })).await {
                return Err(Stopped::Writer);
            }
        }
        Ok(reused)
    }

    /// Puts work of the plan where it belongs; what is ready is given back.
    fn restore(&mut self, planned: Planned) -> Option<Waiting> {
        let Planned { id, work, state, cursor, pages, objects } = planned;
        let kind = self.kind(work.kind);
        kind.progress.pages_done += pages;
        kind.progress.objects += objects;
        kind.reusable |= work.reuse != Reuse::Never;
        match state {
            State::Blocked => self.block(id, work),
            State::Ready => {
                let hint = u32::try_from(pages + 1).unwrap_or(u32::MAX).max(work.pages_hint);
                let mut waiting = Waiting { cursor, seq: pages, objects, ..Waiting::new(id, work) };
                waiting.work.pages_hint = hint;
                // Counts as open at once: other works may have to wait for it.
                let kind = self.kind(waiting.work.kind);
                kind.open += 1;
                return Some(waiting);
            }
            State::Done | State::Reused | State::Patched => {
                kind.progress.works_known += 1;
                kind.progress.works_done += 1;
                kind.reused += u64::from(state == State::Reused);
                kind.patched += u64::from(state == State::Patched);
            }
            State::Dropped => {}
        }
        None
    }

    /// Opens those of `works` that are new, and gives them ids; also gives the ids of all.
    fn open_all(&mut self, works: Vec<Work>) -> (Vec<(u64, Work)>, Vec<u64>) {
        let (mut opens, mut ids) = (Vec::new(), Vec::new());
        for work in works {
            let id = self.next_id;
            if let Some(known) = self.remember(&work, id) {
                ids.push(known);
                continue;
            }
            self.next_id += 1;
            ids.push(id);
            opens.push((id, work.clone()));
            self.open(id, work);
        }
        (opens, ids)
    }

    fn open(&mut self, id: u64, work: Work) {
        if work.blocked_on.is_some() {
            self.block(id, work);
        } else {
            self.begin(id, work);
        }
    }

    fn block(&mut self, id: u64, work: Work) {
        let barrier = self.barriers.iter_mut().find(|state| Some(state.barrier.name) == work.blocked_on);
        match barrier {
            Some(state) if !state.open => {
                *self.blocked.entry(work.kind).or_default() += 1;
                state.blocked.push((id, work));
            }
            // A barrier that is open or unknown blocks nothing.
            _ => self.begin(id, work),
        }
    }

    /// Makes work ready of which nothing has been fetched yet.
    fn begin(&mut self, id: u64, work: Work) {
        self.kind(work.kind).open += 1;
        self.enqueue(Waiting::new(id, work));
    }

    fn enqueue(&mut self, waiting: Waiting) {
        let kind = self.kind(waiting.work.kind);
        kind.reusable |= waiting.work.reuse != Reuse::Never;
        kind.progress.works_known += 1;
        kind.expected += u64::from(waiting.work.pages_hint).saturating_sub(waiting.seq);
        self.route(waiting);
    }

    /// Routes ready work: it is fetched, reused, patched or deferred.
    fn route(&mut self, waiting: Waiting) {
        let decision = if waiting.cursor.is_some() { Decision::Fetch } else { self.decide(&waiting.work) };
        match decision {
            Decision::Fetch => {
                let queue = self.session.schema().queue(waiting.work.kind);
                self.queue(queue).waiting.push_back(waiting);
            }
            Decision::Defer => self.undecided.push(waiting),
            Decision::Reuse => self.reuse_queue.push(waiting),
            Decision::Patch => self.enqueue_patch(waiting),
        }
    }

    /// Notes a piece of work under `id`; the id that it has already, if it is known.
    fn remember(&mut self, work: &Work, id: u64) -> Option<u64> {
        match self.known.entry(self.hasher.hash_one((work.kind, &work.subject))) {
            Entry::Occupied(known) => Some(*known.get()),
            Entry::Vacant(place) => {
                place.insert(id);
                None
            }
        }
    }

    fn queue(&mut self, queue: QueueId) -> &mut FetchQueue {
        self.queues.entry(queue).or_default()
    }

    fn kind(&mut self, kind: WorkKind) -> &mut KindState {
        let position = self.kinds.iter().position(|state| state.progress.kind == kind);
        let position = position.unwrap_or_else(|| {
            self.kinds.push(KindState::new(kind, kind));
            self.kinds.len() - 1
        });
        &mut self.kinds[position]
    }

    fn report_backlog(&self) {
        let mut pages = BTreeMap::<QueueId, u64>::new();
        for kind in &self.kinds {
            *pages.entry(self.session.schema().queue(kind.progress.kind)).or_default() += kind.expected;
        }
        self.session.set_backlog(&pages, &self.blocked);
    }

    fn report_progress(&self) {
        let kinds = self.kinds.iter().filter(|kind| kind.progress.works_known > 0).map(|kind| {
            let mut progress = kind.progress.clone();
            progress.pages_known = progress.pages_done + kind.expected;
            progress
        });
        let snapshot = Snapshot { kinds: kinds.collect(), traffic: self.session.traffic() };
        self.observer.event(&Event::Progress(snapshot));
    }
}

impl KindState {
    fn new(kind: WorkKind, label: &'static str) -> Self {
        let progress =
            KindProgress { kind, label, pages_done: 0, pages_known: 0, works_done: 0, works_known: 0, objects: 0 };
        Self { progress, expected: 0, open: 0, reused: 0, patched: 0, reusable: false }
    }
}

/// Lowers a count to zero at least: one that is too low already must not wrap around to an enormous one.
fn lower(count: &mut u64, by: u64) {
    *count = count.saturating_sub(by);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_ends_at_zero() {
        let mut count = 5;
        lower(&mut count, 3);
        assert_eq!(count, 2);
        lower(&mut count, 3);
        assert_eq!(count, 0);
    }
}
