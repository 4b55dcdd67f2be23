//! Refetches a part of a list: where the changes name only what it grants to a few principals, the rest of the list is reused
//! and only the grants to these principals are fetched.
//!
//! Used where it takes fewer calls than reading the list. If anything is not as expected, the whole list is fetched.

use std::collections::HashSet;
use std::path::PathBuf;

use baton_connector::{Page, SourceError, SyncSession, Work};

use crate::base_snapshot;
use crate::codec;
use crate::plan::commit::Trimmed;

/// The part of a list to be fetched.
#[derive(Debug)]
pub(crate) struct PartialRefetch {
    /// The database of the last sync.
    pub last: PathBuf,
    /// The work's id there.
    pub kept: u64,
    /// Pages that it takes to read all of the list.
    pub pages: u64,
    /// Resources and grants that were read of it.
    pub objects: u64,
    /// Whose grants are read.
    pub principals: Vec<String>,
}

/// The fetched part of a list, and what stays of the rest.
pub(crate) struct FetchedPatch {
    pub trimmed: Vec<Trimmed>,
    pub fresh: Option<Vec<u8>>,
    pub objects: u64,
}

impl PartialRefetch {
    /// Fetches the part, and finds what stays of the rest; `None` if the part cannot be fetched alone.
    pub(crate) async fn read(
        &self,
        session: &dyn SyncSession,
        work: &Work,
    ) -> Result<Option<FetchedPatch>, SourceError> {
        let page = session.fetch_parts(work, &self.principals).await?.filter(|page| self.is_part(page));
        let trimmed = page.map(|page| (base_snapshot::trimmed(&self.last, self.kept, &self.principals), page));
        let (trimmed, page) = match trimmed {
            Some((Ok(trimmed), page)) => (trimmed, page),
            Some((Err(error), _)) => return Ok(no_patch(work, &error.to_string())),
            None => return Ok(no_patch(work, "the source cannot read these parts, or is not sure")),
        };
        let deleted: u64 = trimmed.iter().map(|page| page.deleted).sum();
        let grants = page.grants.len() as u64;
        Ok(Some(FetchedPatch {
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

fn no_patch(work: &Work, why: &str) -> Option<FetchedPatch> {
    tracing::debug!(kind = work.kind, subject = work.subject, why, "the list is read instead of mended");
    None
}
