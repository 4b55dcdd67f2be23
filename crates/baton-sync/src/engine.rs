//! Fetching: all lanes at once, each page to the writer, until nothing is left to do.

pub(crate) mod mend;

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use baton_connector::{Invalidation, QueueId, Reuse, SourceError, SyncSession, Work, WorkKind};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio_util::sync::CancellationToken;

use crate::changes::{Changes, Named};
use crate::error::SyncError;
use crate::fetch::{Answer, Fetch, Fetched, Waiting, fetch};
use crate::last::{Kept, Last};
use crate::observe::{Event, KindProgress, Observer, Snapshot};
use crate::partial::Partial;
use crate::plan::commit::Take;
use crate::plan::{Planned, State};
use crate::summary::KindReading;
use crate::writer::{Change, Writer};

/// How often progress is told.
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
    /// What is kept of the last sync cannot be read.
    Kept(SyncError),
}

/// What a sync takes over from.
pub(crate) struct Earlier {
    pub last: Last,
    /// The kind of work that reads what has changed since; without one, whatever depends on changes is read.
    pub changes: Option<WorkKind>,
    /// What it has told to the runs before this one.
    pub changed: Vec<Invalidation>,
    /// What the source had to say about the changes.
    pub notes: Vec<String>,
}

/// The scheduler of one run.
pub(crate) struct Engine {
    session: Arc<dyn SyncSession>,
    observer: Arc<dyn Observer>,
    workers: usize,
    partial: Option<Arc<Partial>>,
    lanes: BTreeMap<QueueId, LaneQueue>,
    kinds: Vec<KindState>,
    gates: Vec<GateState>,
    /// How many works the gates hold, by kind.
    held: BTreeMap<WorkKind, u64>,
    earlier: Option<Earlier>,
    /// What has changed since the sync that is taken over from.
    changes: Changes,
    /// Works that wait until it is known what has changed.
    undecided: Vec<Waiting>,
    /// Works that are to be taken over.
    taking: Vec<Waiting>,
    /// Hashes of the works known with their ids, so that what two pages make known is done once. A collision of 64 random bits
    /// among millions of works is not a worry.
    known: HashMap<u64, u64>,
    hasher: RandomState,
    next_id: u64,
    fetched: u64,
}

/// What becomes of a piece of work of which nothing has been fetched yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Read,
    /// Nobody knows before the changes are read.
    Wait,
    Take,
    /// Taken over but for a part, which is read.
    Mend,
}

#[derive(Debug, Default)]
struct LaneQueue {
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
    /// Works that were taken over.
    taken: u64,
    /// Works that were taken over but for a part.
    mended: u64,
    /// Whether works of this kind can be taken over at all.
    reusable: bool,
}

#[derive(Debug)]
struct GateState {
    gate: baton_connector::Barrier,
    held: Vec<(u64, Work)>,
    open: bool,
}

impl Engine {
    /// A scheduler for `works`, as they stand in the plan, of a sync of everything or of a `partial` one, that takes over
    /// from an `earlier` one what has not changed since.
    pub(crate) fn new(
        session: Arc<dyn SyncSession>,
        observer: Arc<dyn Observer>,
        workers: usize,
        partial: Option<Arc<Partial>>,
        works: Vec<Planned>,
        earlier: Option<Earlier>,
    ) -> Self {
        let schema = session.schema();
        let kinds = schema.kinds.iter().map(|spec| KindState::new(spec.kind, spec.label)).collect();
        let gates =
            schema.barriers.iter().map(|gate| GateState { gate: *gate, held: Vec::new(), open: false }).collect();
        let mut engine = Self {
            session,
            observer,
            workers: workers.max(1),
            partial,
            lanes: BTreeMap::new(),
            kinds,
            gates,
            held: BTreeMap::new(),
            earlier,
            changes: Changes::default(),
            undecided: Vec::new(),
            taking: Vec::new(),
            known: HashMap::new(),
            hasher: RandomState::new(),
            next_id: 0,
            fetched: 0,
        };
        if let Some(earlier) = &engine.earlier {
            engine.changes.add(&earlier.last.early);
            engine.changes.add(&earlier.changed);
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

    /// How much of each kind of work that can be taken over was read.
    pub(crate) fn reading(&self) -> Vec<KindReading> {
        let kinds = self.kinds.iter().filter(|kind| kind.reusable && kind.progress.works_known > 0);
        let reading = |kind: &KindState| KindReading {
            kind: kind.progress.kind,
            label: kind.progress.label,
            read: kind.progress.works_done.saturating_sub(kind.taken + kind.mended),
            taken: kind.taken,
            mended: kind.mended,
        };
        kinds.map(reading).collect()
    }

    /// What the source had to say about the changes.
    pub(crate) fn notes(&self) -> &[String] {
        self.earlier.as_ref().map_or(&[], |earlier| &earlier.notes)
    }

    /// Fetches until nothing is left, or something stops it. What was fetched has been handed to the writer.
    pub(crate) async fn run(&mut self, writer: &Writer, cancel: &CancellationToken) -> Result<(), Stopped> {
        let mut fetches: FuturesUnordered<Fetch> = FuturesUnordered::new();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            while self.take_over(writer).await? || self.pass_gates(writer).await? {}
            self.tell_backlog();
            self.start(&mut fetches);
            if fetches.is_empty() {
                self.tell_progress();
                return Ok(());
            }
            tokio::select! {
                biased;
                () = cancel.cancelled() => return Err(Stopped::Cancelled),
                done = fetches.next() => {
                    let Some((lane, waiting, result)) = done else { continue };
                    let lane = self.lane(lane);
                    lane.running = lane.running.saturating_sub(1);
                    match result {
                        Ok(answer) => self.accept(waiting, answer, writer).await?,
                        Err(error) if waiting.can_restart(&error) => self.restart(waiting, writer).await?,
                        Err(error) => {
                            self.save_others(&mut fetches, writer).await?;
                            return Err(Stopped::Failed(error));
                        }
                    }
                }
                _ = tick.tick() => self.tell_progress(),
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

    /// Starts as many fetches as the lanes may have.
    fn start(&mut self, fetches: &mut FuturesUnordered<Fetch>) {
        for (&name, lane) in &mut self.lanes {
            while lane.running < self.workers
                && let Some(waiting) = lane.waiting.pop_front()
            {
                lane.running += 1;
                fetches.push(fetch(Arc::clone(&self.session), name, waiting, self.partial.clone()));
            }
        }
    }

    async fn accept(&mut self, waiting: Waiting, answer: Answer, writer: &Writer) -> Result<(), Stopped> {
        match answer {
            Answer::Page(fetched) => self.accept_page(waiting, *fetched, writer).await,
            Answer::Mended(mended) => self.accept_mended(waiting, mended, writer).await,
            Answer::Unmended => {
                self.read_whole(waiting);
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
        if let Some(earlier) = &mut self.earlier {
            if earlier.changes == Some(waiting.work.kind) {
                earlier.notes.extend(notes.iter().cloned());
                page.notes = notes;
            }
            // Committed with the page: what it names must be known to whoever carries this run on.
            page.invalidations.extend(self.changes.resolve(&earlier.last).map_err(Stopped::Kept)?);
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
            // More pages than announced: nobody knows how many, but at least this one.
            kind.expected += 1;
        }
        if !writer.send(Change::Page(page)).await {
            return Err(Stopped::Writer);
        }
        if let Some(cursor) = next {
            let lane = self.session.schema().queue(waiting.work.kind);
            let seq = waiting.seq + 1;
            let hint = u32::try_from(seq + 1).unwrap_or(u32::MAX).max(waiting.work.pages_hint);
            let work = Work { pages_hint: hint, ..waiting.work };
            self.lane(lane).waiting.push_front(Waiting { work, cursor: Some(cursor), seq, objects, ..waiting });
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
        let lane = self.session.schema().queue(waiting.work.kind);
        self.lane(lane).waiting.push_front(Waiting { restarted: true, ..Waiting::new(waiting.id, waiting.work) });
        Ok(())
    }

    /// Opens the gates whose conditions are met, and says whether that has made anything ready. One gate's work can meet
    /// the condition of another.
    async fn pass_gates(&mut self, writer: &Writer) -> Result<bool, Stopped> {
        let mut passed = false;
        for index in 0..self.gates.len() {
            let state = &self.gates[index];
            let gate = state.gate;
            if state.open
                || gate.after.iter().any(|kind| self.kinds.iter().any(|k| k.progress.kind == *kind && k.open > 0))
            {
                continue;
            }
            let mut counts = BTreeMap::<WorkKind, u64>::new();
            let mut undecided = false;
            for (_, work) in &self.gates[index].held {
                let verdict = self.judge(work);
                undecided |= verdict == Verdict::Wait;
                *counts.entry(work.kind).or_default() += u64::from(matches!(verdict, Verdict::Read | Verdict::Mend));
            }
            if undecided {
                continue;
            }
            self.gates[index].open = true;
            let held = std::mem::take(&mut self.gates[index].held);
            for (_, work) in &held {
                self.held.remove(work.kind);
            }
            if held.is_empty() {
                continue;
            }
            passed = true;
            self.tell_backlog();
            let release = self.session.choose(gate.name, &counts);
            for (id, work) in held {
                if release.contains(&work.kind) {
                    self.begin(id, work);
                }
            }
            if !writer.send(Change::Barrier { gate: gate.name, release }).await {
                return Err(Stopped::Writer);
            }
        }
        Ok(passed)
    }

    /// Whether a piece of work of which nothing has been fetched yet is to be read.
    fn judge(&self, work: &Work) -> Verdict {
        let Some(earlier) = &self.earlier else { return Verdict::Read };
        let Some(kept) = earlier.last.find(work) else { return Verdict::Read };
        match (&work.reuse, &kept.work.reuse) {
            (Reuse::UnlessChanged, Reuse::UnlessChanged) => {}
            (Reuse::SameVersion { version, .. }, Reuse::SameVersion { version: before, .. }) if version == before => {}
            _ => return Verdict::Read,
        }
        if work.reuse.depends_on_changes() {
            let Some(changes) = earlier.changes else { return Verdict::Read };
            if self.kinds.iter().any(|kind| kind.progress.kind == changes && kind.open > 0) {
                return Verdict::Wait;
            }
        }
        match self.changes.name(work) {
            Named::Nothing => Verdict::Take,
            // One call each.
            Named::Parts(parts) if (parts.len() as u64) < kept.pages => Verdict::Mend,
            Named::Parts(_) | Named::Whole => Verdict::Read,
        }
    }

    /// Decides what had to wait for the changes, takes over what can be, and says whether that has made anything known.
    async fn take_over(&mut self, writer: &Writer) -> Result<bool, Stopped> {
        if self.undecided.first().is_some_and(|waiting| self.judge(&waiting.work) != Verdict::Wait) {
            for waiting in std::mem::take(&mut self.undecided) {
                self.route(waiting);
            }
        }
        let mut taken = false;
        while let Some(waiting) = self.taking.pop() {
            taken = true;
            let kept = self.earlier.as_ref().and_then(|earlier| {
                let Kept { id, pages, objects, .. } = earlier.last.find(&waiting.work)?;
                Some((*id, *pages, *objects, earlier.last.opened(*id).to_vec()))
            });
            // It was found when it was put there.
            let Some((kept, pages, objects, known)) = kept else { continue };
            let kind = self.kind(waiting.work.kind);
            lower(&mut kind.open, 1);
            kind.taken += 1;
            lower(&mut kind.expected, waiting.work.pages_hint.into());
            kind.progress.works_done += 1;
            kind.progress.pages_done += pages;
            kind.progress.objects += objects;
            let (opens, opened) = self.open_all(known);
            if !writer.send(Change::Take(Take { work: waiting.id, kept, opens, opened })).await {
                return Err(Stopped::Writer);
            }
        }
        Ok(taken)
    }

    /// Puts work of the plan where it belongs; what is ready is given back.
    fn restore(&mut self, planned: Planned) -> Option<Waiting> {
        let Planned { id, work, state, cursor, pages, objects } = planned;
        let kind = self.kind(work.kind);
        kind.progress.pages_done += pages;
        kind.progress.objects += objects;
        kind.reusable |= work.reuse != Reuse::Never;
        match state {
            State::Held => self.hold(id, work),
            State::Ready => {
                let hint = u32::try_from(pages + 1).unwrap_or(u32::MAX).max(work.pages_hint);
                let mut waiting = Waiting { cursor, seq: pages, objects, ..Waiting::new(id, work) };
                waiting.work.pages_hint = hint;
                // Counts as open at once: other works may have to wait for it.
                let kind = self.kind(waiting.work.kind);
                kind.open += 1;
                return Some(waiting);
            }
            State::Done | State::Taken | State::Mended => {
                kind.progress.works_known += 1;
                kind.progress.works_done += 1;
                kind.taken += u64::from(state == State::Taken);
                kind.mended += u64::from(state == State::Mended);
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
            self.hold(id, work);
        } else {
            self.begin(id, work);
        }
    }

    fn hold(&mut self, id: u64, work: Work) {
        let gate = self.gates.iter_mut().find(|state| Some(state.gate.name) == work.blocked_on);
        match gate {
            Some(state) if !state.open => {
                *self.held.entry(work.kind).or_default() += 1;
                state.held.push((id, work));
            }
            // A gate that is open or unknown holds nothing back.
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

    /// Lets ready work be fetched, taken over, or wait until that is clear.
    fn route(&mut self, waiting: Waiting) {
        let verdict = if waiting.cursor.is_some() { Verdict::Read } else { self.judge(&waiting.work) };
        match verdict {
            Verdict::Read => {
                let lane = self.session.schema().queue(waiting.work.kind);
                self.lane(lane).waiting.push_back(waiting);
            }
            Verdict::Wait => self.undecided.push(waiting),
            Verdict::Take => self.taking.push(waiting),
            Verdict::Mend => self.mend(waiting),
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

    fn lane(&mut self, lane: QueueId) -> &mut LaneQueue {
        self.lanes.entry(lane).or_default()
    }

    fn kind(&mut self, kind: WorkKind) -> &mut KindState {
        let position = self.kinds.iter().position(|state| state.progress.kind == kind);
        let position = position.unwrap_or_else(|| {
            self.kinds.push(KindState::new(kind, kind));
            self.kinds.len() - 1
        });
        &mut self.kinds[position]
    }

    fn tell_backlog(&self) {
        let mut pages = BTreeMap::<QueueId, u64>::new();
        for kind in &self.kinds {
            *pages.entry(self.session.schema().queue(kind.progress.kind)).or_default() += kind.expected;
        }
        self.session.set_backlog(&pages, &self.held);
    }

    fn tell_progress(&self) {
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
        Self { progress, expected: 0, open: 0, taken: 0, mended: 0, reusable: false }
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
