//! Finds principals that were deleted since the last sync, although reused pages still name them.
//!
//! Deleting a member does not always invalidate a list of members, so its pages may be reused. What a
//! fresh read would not show any more has to be taken out: grants to somebody who was in the last sync and is not in
//! this one. A principal that was not in the last sync either is handled by the source's policy for missing
//! principals, as in every sync.

use std::collections::HashMap;

use baton_c1z::{PreviousFile, Reader};

use crate::codec::WaitingGrant;
use crate::error::SyncError;
use crate::resource_index::{GrantEndpoints, Owner, ResourceIndex};

/// Detects deleted principals.
pub(crate) struct DeletedPrincipals<'a> {
    previous: Option<&'a PreviousFile>,
    /// Opened on first use, because that unpacks the whole file.
    reader: Option<Reader>,
    last_full: &'a str,
    /// Cached results, by type and id.
    known: HashMap<(String, String), bool>,
}

impl<'a> DeletedPrincipals<'a> {
    /// `deleted` are already known to be deleted; `previous` holds the last full sync, `last_full`.
    pub(crate) fn new(deleted: &[(String, String)], previous: Option<&'a PreviousFile>, last_full: &'a str) -> Self {
        Self {
            previous,
            reader: None,
            last_full,
            known: deleted.iter().map(|deleted| (deleted.clone(), true)).collect(),
        }
    }

    /// Whether a grant of a reused page is one that a fresh read would not show: its resource or its principal is
    /// deleted.
    pub(crate) fn names(
        &mut self,
        grant: &WaitingGrant<'_>,
        endpoints: GrantEndpoints,
        resource_index: &ResourceIndex,
    ) -> Result<bool, SyncError> {
        Ok(endpoints.owner == Owner::Missing
            || (grant.external.is_none()
                && resource_index.syncs(grant.principal_type)
                && !endpoints.principal
                && self.was_there(grant.principal_type, grant.principal)?))
    }

    fn was_there(&mut self, resource_type: &str, id: &str) -> Result<bool, SyncError> {
        let key = (resource_type.to_owned(), id.to_owned());
        if let Some(known) = self.known.get(&key) {
            return Ok(*known);
        }
        if let (None, Some(previous)) = (&self.reader, self.previous) {
            self.reader = Some(previous.reader()?);
        }
        let was_there = match &self.reader {
            Some(reader) => reader.resource(self.last_full, resource_type, id)?.is_some(),
            None => false,
        };
        self.known.insert(key, was_there);
        Ok(was_there)
    }

    /// Returns all deleted principals, by type and id.
    pub(crate) fn found(self) -> Vec<(String, String)> {
        let mut deleted: Vec<_> = self.known.into_iter().filter(|(_, deleted)| *deleted).map(|(key, _)| key).collect();
        deleted.sort();
        deleted
    }
}
