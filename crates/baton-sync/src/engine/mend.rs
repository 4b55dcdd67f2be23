//! Mending: a list of which the changes name only what it grants to a few principals is taken over, and what it grants to
//! these is read.
//!
//! It is done where it takes fewer calls than reading the list. Whatever is not as it should be ends it: then the list is
//! read.

use std::collections::HashSet;
use std::path::PathBuf;

use baton_connector::{Page, SourceError, SyncSession, Work};

use super::{Engine, Stopped, lower};
use crate::changes::Named;
use crate::codec;
use crate::fetch::{Answer, Waiting};
use crate::last;
use crate::plan::commit::{Mend, Take, Trimmed};
use crate::writer::{Change, Writer};

/// The part of a list that is to be read.
#[derive(Debug)]
pub(crate) struct Mending {
    /// The database of the last sync.
    last: PathBuf,
    /// The work's id there.
    kept: u64,
    /// Pages that it takes to read all of the list.
    pages: u64,
    /// Resources and grants that were read of it.
    objects: u64,
    /// Whose grants are read.
    principals: Vec<String>,
}

/// What was read of a list, and what stays of the rest.
pub(crate) struct Mended {
    trimmed: Vec<Trimmed>,
    fresh: Option<Vec<u8>>,
    objects: u64,
}

impl Mending {
    /// Reads the part, and looks what stays of the rest.
    pub(crate) async fn read(&self, session: &dyn SyncSession, work: &Work) -> Result<Answer, SourceError> {
        let page = session.fetch_parts(work, &self.principals).await?.filter(|page| self.is_part(page));
        let trimmed = page.map(|page| (last::trimmed(&self.last, self.kept, &self.principals), page));
        let (trimmed, page) = match trimmed {
            Some((Ok(trimmed), page)) => (trimmed, page),
            Some((Err(error), _)) => return Ok(unmended(work, &error.to_string())),
            None => return Ok(unmended(work, "the source cannot read these parts, or is not sure")),
        };
        let gone: u64 = trimmed.iter().map(|page| page.gone).sum();
        let grants = page.grants.len() as u64;
        Ok(Answer::Mended(Mended {
            trimmed,
            fresh: (grants > 0).then(|| codec::encode_grants(&page.grants)),
            objects: (self.objects + grants).saturating_sub(gone),
        }))
    }

    /// Whether a page says no more and no less than what is granted to the principals.
    fn is_part(&self, page: &Page) -> bool {
        let Page { resources, encoded, entitlements, grants, opens, next, gaps, invalidations, change_token, notes } =
            page;
        let principals: HashSet<&str> = self.principals.iter().map(String::as_str).collect();
        let is_empty = resources.is_empty() && encoded.is_empty() && entitlements.is_empty() && gaps.is_empty();
        let is_plain = opens.is_empty()
            && next.is_none()
            && change_token.is_none()
            && invalidations.is_empty()
            && notes.is_empty();
        is_empty && is_plain && grants.iter().all(|grant| principals.contains(grant.principal.id.as_str()))
    }
}

fn unmended(work: &Work, why: &str) -> Answer {
    tracing::debug!(kind = work.kind, subject = work.subject, why, "the list is read instead of mended");
    Answer::Unmended
}

impl Engine {
    /// Lets the part of a piece of work be fetched that may have changed.
    pub(super) fn mend(&mut self, waiting: Waiting) {
        let mending = self.earlier.as_ref().and_then(|earlier| {
            let kept = earlier.last.find(&waiting.work)?;
            let Named::Parts(parts) = self.changes.name(&waiting.work) else { return None };
            let mut principals: Vec<_> = parts.iter().cloned().collect();
            principals.sort();
            let (last, pages, objects) = (earlier.last.path().to_owned(), kept.pages, kept.objects);
            Some(Mending { last, kept: kept.id, pages, objects, principals })
        });
        if let Some(mending) = &mending {
            let hint = u64::from(waiting.work.pages_hint);
            let kind = self.kind(waiting.work.kind);
            kind.expected += mending.principals.len() as u64;
            lower(&mut kind.expected, hint);
        }
        let lane = self.session.schema().queue(waiting.work.kind);
        self.lane(lane).waiting.push_back(Waiting { mending, ..waiting });
    }

    /// Takes in a part; the rest of the list is taken over with it.
    pub(super) async fn accept_mended(
        &mut self,
        waiting: Waiting,
        mended: Mended,
        writer: &Writer,
    ) -> Result<(), Stopped> {
        let (Some(earlier), Some(mending)) = (&self.earlier, &waiting.mending) else { return Ok(()) };
        let Mended { trimmed, fresh, objects } = mended;
        let known = earlier.last.opened(mending.kept).to_vec();
        self.fetched += 1;
        let kind = self.kind(waiting.work.kind);
        lower(&mut kind.open, 1);
        kind.mended += 1;
        lower(&mut kind.expected, mending.principals.len() as u64);
        kind.progress.works_done += 1;
        kind.progress.pages_done += mending.pages;
        kind.progress.objects += objects;
        let (opens, opened) = self.open_all(known);
        let take = Take { work: waiting.id, kept: mending.kept, opens, opened };
        match writer.send(Change::Mend(Mend { take, trimmed, fresh, objects })).await {
            true => Ok(()),
            false => Err(Stopped::Writer),
        }
    }

    /// Lets a piece of work be read whose part cannot be read alone.
    pub(super) fn read_whole(&mut self, mut waiting: Waiting) {
        if let Some(mending) = waiting.mending.take() {
            let hint = u64::from(waiting.work.pages_hint);
            let kind = self.kind(waiting.work.kind);
            kind.expected += hint;
            lower(&mut kind.expected, mending.principals.len() as u64);
        }
        let lane = self.session.schema().queue(waiting.work.kind);
        self.lane(lane).waiting.push_front(waiting);
    }
}
