//! Opens the plan of a run: that of an interrupted run, or a new one that fetches everything or reuses what has not changed
//! since the last sync.

use baton_c1z::ksuid::Ksuid;
use baton_connector::{SyncSession, Work, WorkKind};

use crate::base_snapshot::{BaseSnapshot, Unusable};
use crate::config::{Incremental, SyncConfig};
use crate::engine::BaseSync;
use crate::error::SyncError;
use crate::observe::{Event, Observer};
use crate::partial::Partial;
use crate::plan::{Identity, IncrementalState, Plan, Planned, Resumed, State};
use crate::workdir::{WorkDir, remove_database};

/// Input of [`Opening::open`].
pub(crate) struct Opening<'a> {
    pub fingerprint: &'a str,
    pub session: &'a dyn SyncSession,
    pub config: &'a SyncConfig,
    pub partial: Option<&'a Partial>,
    pub work_dir: &'a WorkDir,
    /// The id of the system that is read; empty if it is not known.
    pub system: &'a str,
    /// The newest finished full sync of the file; empty if there is none.
    pub last_full: &'a str,
    /// Whether later syncs can reuse a sync of this type.
    pub is_reusable: bool,
    pub observer: &'a dyn Observer,
}

/// The plan with which a run begins.
pub(crate) struct Opened {
    pub plan: Plan,
    pub identity: Identity,
    pub incremental: IncrementalState,
    pub base: Option<BaseSync>,
    pub works: Vec<Planned>,
    /// Pages that earlier runs have fetched.
    pub pages: u64,
    pub resumed: bool,
}

impl Opening<'_> {
    /// Resumes the unfinished plan, or creates a new one.
    pub(crate) fn open(&self) -> Result<Opened, SyncError> {
        match Plan::resume(&self.work_dir.plan(), self.fingerprint, self.system)? {
            Resumed::Nothing => {}
            Resumed::Unusable(reason) => self.note_anew(reason),
            // It was finished by a run that was killed before it could clear up.
            Resumed::Unfinished(plan, found) if found.0.sync_id == self.last_full => {
                drop(plan);
                remove_database(&self.work_dir.plan());
            }
            Resumed::Unfinished(plan, found) => match self.carry_on(plan, *found)? {
                Some(opened) => return Ok(opened),
                None => {
                    self.note_anew("what it takes over from the last sync is not there any more");
                    remove_database(&self.work_dir.plan());
                }
            },
        }
        self.begin()
    }

    fn note_anew(&self, reason: &str) {
        let note = format!("an interrupted sync was found but {reason}; starting anew");
        self.observer.event(&Event::Note(note));
    }

    fn carry_on(
        &self,
        plan: Plan,
        (identity, incremental): (Identity, IncrementalState),
    ) -> Result<Option<Opened>, SyncError> {
        let mut base = None;
        if !incremental.base.is_empty() {
            let snapshot = BaseSnapshot::open(&self.work_dir.last(), &identity, self.last_full, self.session.schema());
            let Some(snapshot) = snapshot.ok().filter(|snapshot| snapshot.sync_id == incremental.base) else {
                return Ok(None);
            };
            let changes = self.kind(&incremental.changes);
            base = Some(BaseSync {
                snapshot,
                changes,
                changed: plan.changed(self.session.schema())?,
                notes: plan.notes()?,
            });
        }
        let works = plan.works(self.session.schema())?;
        let fetched = works.iter().map(|planned| match planned.state {
            State::Reused => 0,
            State::Patched => 1,
            _ => planned.pages,
        });
        let pages = fetched.sum();
        Ok(Some(Opened { plan, identity, incremental, base, works, pages, resumed: true }))
    }

    fn kind(&self, name: &str) -> Option<WorkKind> {
        self.session.schema().kind(name).map(|spec| spec.kind)
    }

    fn begin(&self) -> Result<Opened, SyncError> {
        let identity = Identity {
            fingerprint: self.fingerprint.to_owned(),
            system: self.system.to_owned(),
            sync_id: Ksuid::new().to_string(),
            started_at: jiff::Timestamp::now(),
        };
        let (mut works, gaps) = match self.partial {
            Some(partial) => partial.start(self.session),
            None => (self.session.initial_work(), Vec::new()),
        };
        let (mut incremental, snapshot) = self.incremental(&identity);
        let mut base = None;
        if let Some(snapshot) = snapshot {
            let reads = self.session.changes(&snapshot.incremental.mark);
            let changes = reads.as_ref().map(|work| work.kind);
            incremental.changes = changes.unwrap_or_default().to_owned();
            works.extend(reads);
            base = Some(BaseSync { snapshot, changes, changed: Vec::new(), notes: Vec::new() });
        }
        let start: Vec<(u64, Work)> = works.into_iter().zip(0..).map(|(work, id)| (id, work)).collect();
        let plan = Plan::create(&self.work_dir.plan(), &identity, &incremental, &start, &gaps)?;
        let works = start.into_iter().map(|(id, work)| {
            let state = if work.blocked_on.is_some() { State::Blocked } else { State::Ready };
            Planned { id, work, state, cursor: None, pages: 0, objects: 0 }
        });
        Ok(Opened { works: works.collect(), plan, identity, incremental, base, pages: 0, resumed: false })
    }

    /// Decides whether a new sync is full or incremental; returns its base if it is incremental.
    fn incremental(&self, identity: &Identity) -> (IncrementalState, Option<BaseSnapshot>) {
        let mark =
            self.session.change_token().filter(|_| self.is_reusable && self.config.incremental != Incremental::Off);
        let Some(mark) = mark else { return (IncrementalState::default(), None) };
        match self.base_snapshot(identity) {
            Ok(snapshot) => {
                let (base, full_at, syncs) =
                    (snapshot.sync_id.clone(), snapshot.incremental.full_at, snapshot.incremental.syncs + 1);
                (IncrementalState { mark, base, full_at, syncs, ..IncrementalState::default() }, Some(snapshot))
            }
            Err(unusable) => {
                let why_full = match unusable {
                    Unusable::First => String::new(),
                    Unusable::Expected(why) => why,
                    Unusable::Lost(why) => {
                        let note = format!("{why}: this sync reads everything, the next one only what has changed");
                        self.observer.event(&Event::Note(note));
                        why
                    }
                };
                (IncrementalState { mark, why_full, full_at: identity.started_at, ..IncrementalState::default() }, None)
            }
        }
    }

    fn base_snapshot(&self, identity: &Identity) -> Result<BaseSnapshot, Unusable> {
        let Incremental::On(every) = self.config.incremental else {
            return Err(Unusable::Expected("it was asked for".to_owned()));
        };
        let snapshot = BaseSnapshot::open(&self.work_dir.last(), identity, self.last_full, self.session.schema())?;
        match snapshot.is_due(every, identity.started_at) {
            Some(why) => Err(Unusable::Expected(why)),
            None => Ok(snapshot),
        }
    }
}
