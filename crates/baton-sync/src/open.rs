//! The plan with which a run begins: that of an interrupted one, or a new one that reads everything or takes over what
//! has not changed since the last sync.

use baton_c1z::ksuid::Ksuid;
use baton_connector::{SyncSession, Work, WorkKind};

use crate::config::{Incremental, SyncConfig};
use crate::engine::Earlier;
use crate::error::SyncError;
use crate::last::{Last, Unusable};
use crate::observe::{Event, Observer};
use crate::partial::Partial;
use crate::plan::{Course, Identity, Plan, Planned, Resumed, State};
use crate::workdir::{WorkDir, remove_database};

/// What it takes to begin.
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
    /// Whether it is a sync of the type that can be taken over from.
    pub keeps: bool,
    pub observer: &'a dyn Observer,
}

/// The plan with which a run begins.
pub(crate) struct Opened {
    pub plan: Plan,
    pub identity: Identity,
    pub course: Course,
    pub earlier: Option<Earlier>,
    pub works: Vec<Planned>,
    /// Pages that earlier runs have fetched.
    pub pages: u64,
    pub resumed: bool,
}

impl Opening<'_> {
    /// Opens or makes it.
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

    fn carry_on(&self, plan: Plan, (identity, course): (Identity, Course)) -> Result<Option<Opened>, SyncError> {
        let mut earlier = None;
        if !course.base.is_empty() {
            let last = Last::open(&self.work_dir.last(), &identity, self.last_full, self.session.schema());
            let Some(last) = last.ok().filter(|last| last.sync_id == course.base) else { return Ok(None) };
            let changes = self.kind(&course.changes);
            earlier =
                Some(Earlier { last, changes, changed: plan.changed(self.session.schema())?, notes: plan.notes()? });
        }
        let works = plan.works(self.session.schema())?;
        let fetched = works.iter().map(|planned| match planned.state {
            State::Taken => 0,
            State::Mended => 1,
            _ => planned.pages,
        });
        let pages = fetched.sum();
        Ok(Some(Opened { plan, identity, course, earlier, works, pages, resumed: true }))
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
        let (mut course, last) = self.course(&identity);
        let mut earlier = None;
        if let Some(last) = last {
            let reads = self.session.changes(&last.course.mark);
            let changes = reads.as_ref().map(|work| work.kind);
            course.changes = changes.unwrap_or_default().to_owned();
            works.extend(reads);
            earlier = Some(Earlier { last, changes, changed: Vec::new(), notes: Vec::new() });
        }
        let start: Vec<(u64, Work)> = works.into_iter().zip(0..).map(|(work, id)| (id, work)).collect();
        let plan = Plan::create(&self.work_dir.plan(), &identity, &course, &start, &gaps)?;
        let works = start.into_iter().map(|(id, work)| {
            let state = if work.blocked_on.is_some() { State::Held } else { State::Ready };
            Planned { id, work, state, cursor: None, pages: 0, objects: 0 }
        });
        Ok(Opened { works: works.collect(), plan, identity, course, earlier, pages: 0, resumed: false })
    }

    /// How a new sync reads, and what it takes over from.
    fn course(&self, identity: &Identity) -> (Course, Option<Last>) {
        let mark = self.session.change_token().filter(|_| self.keeps && self.config.incremental != Incremental::Off);
        let Some(mark) = mark else { return (Course::default(), None) };
        match self.last(identity) {
            Ok(last) => {
                let (base, full_at, syncs) = (last.sync_id.clone(), last.course.full_at, last.course.syncs + 1);
                (Course { mark, base, full_at, syncs, ..Course::default() }, Some(last))
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
                (Course { mark, why_full, full_at: identity.started_at, ..Course::default() }, None)
            }
        }
    }

    fn last(&self, identity: &Identity) -> Result<Last, Unusable> {
        let Incremental::On(every) = self.config.incremental else {
            return Err(Unusable::Expected("it was asked for".to_owned()));
        };
        let last = Last::open(&self.work_dir.last(), identity, self.last_full, self.session.schema())?;
        match last.is_due(every, identity.started_at) {
            Some(why) => Err(Unusable::Expected(why)),
            None => Ok(last),
        }
    }
}
