//! Principals that were there and are not any more, although pages that were taken over name them.
//!
//! A list of members is not always told to have changed when a member is deleted, so its pages may be taken over. What a
//! fresh read would not show any more has to be taken out: grants to somebody who was in the last sync and is not in
//! this one. Who was not in the last sync either is a matter of the source's wish, as in every sync.

use std::collections::HashMap;

use baton_c1z::{Older, Reader};

use crate::codec::WaitingGrant;
use crate::error::SyncError;
use crate::present::{Ends, Owner, Present};

/// Finds out who has vanished.
pub(crate) struct Vanished<'a> {
    previous: Option<&'a Older>,
    /// Opened when it is asked for the first time: for that all of it is unpacked.
    reader: Option<Reader>,
    last_full: &'a str,
    /// What was found out, by type and id.
    known: HashMap<(String, String), bool>,
}

impl<'a> Vanished<'a> {
    /// `gone` had vanished before; `previous` holds the last full sync, `last_full`.
    pub(crate) fn new(gone: &[(String, String)], previous: Option<&'a Older>, last_full: &'a str) -> Self {
        Self { previous, reader: None, last_full, known: gone.iter().map(|gone| (gone.clone(), true)).collect() }
    }

    /// Whether a grant of a page that was taken over is one that a fresh read would not show: it is about something that
    /// has vanished, or to somebody who has.
    pub(crate) fn names(&mut self, grant: &WaitingGrant<'_>, ends: Ends, present: &Present) -> Result<bool, SyncError> {
        Ok(ends.owner == Owner::Missing
            || (grant.external.is_none()
                && present.syncs(grant.principal_type)
                && !ends.principal
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

    /// All who have vanished, by type and id.
    pub(crate) fn found(self) -> Vec<(String, String)> {
        let mut gone: Vec<_> = self.known.into_iter().filter(|(_, gone)| *gone).map(|(key, _)| key).collect();
        gone.sort();
        gone
    }
}
