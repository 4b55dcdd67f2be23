//! Refetches a part of a list: where the changes name only what it grants to a few principals, the rest of the list is reused
//! and only the grants to these principals are fetched.
//!
//! Used where it takes fewer calls than reading the list. If anything is not as expected, the whole list is fetched.

use std::collections::HashSet;
use std::path::PathBuf;

use baton_connector::{Page, SourceError, SyncSession, Work};

use super::{Engine, Stopped, lower};
use crate::base_snapshot;
use crate::changes::Named;
use crate::codec;
use crate::fetch::{Answer, Waiting};
use crate::plan::commit::{PatchedWork, ReusedWork, Trimmed};
use crate::writer::{Change, Writer};

/// The part of a list to be fetched.
#[derive(Debug)]
pub(crate) struct PartialRefetch {
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

/// The fetched part of a list, and what stays of the rest.
pub(crate) struct FetchedPatch {
    trimmed: Vec<Trimmed>,
    fresh: Option<Vec<u8>>,
    objects: u64,
}

impl PartialRefetch {
    /// Fetches the part, and finds what stays of the rest.
    pub(crate) async fn read(&self, session: &dyn SyncSession, work: &Work) -> Result<Answer, SourceError> {
        let page = session.fetch_parts(work, &self.principals).await?.filter(|page| self.is_part(page));
        let trimmed = page.map(|page| (base_snapshot::trimmed(&self.last, self.kept, &self.principals), page));
        let (trimmed, page) = match trimmed {
            Some((Ok(trimmed), page)) => (trimmed, page),
            Some((Err(error), _)) => return Ok(no_patch(work, &error.to_string())),
            None => return Ok(no_patch(work, "the source cannot read these parts, or is not sure")),
        };
        let deleted: u64 = trimmed.iter().map(|page| page.deleted).sum();
        let grants = page.grants.len() as u64;
        Ok(Answer::Patch(FetchedPatch {
            trimmed,
            fresh: (grants > 0).then(|| codec::encode_grants(&page.grants)),
            objects: (self.objects + grants).saturating_sub(deleted),
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

fn no_patch(work: &Work, why: &str) -> Answer {
    tracing::debug!(kind = work.kind, subject = work.subject, why, "the list is read instead of mended");
    Answer::NoPatch
}

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
