//! The destination of grants: the new file, or the database of the grants that take part in expansion.

use baton_c1z::{Builder, GrantRow};

use crate::error::SyncError;
use crate::expand::ExpansionDb;

/// Destination of grants.
pub(crate) struct GrantSink<'a> {
    pub builder: &'a mut Builder,
    /// Those that expansion is about.
    pub expansion_db: Option<&'a mut ExpansionDb>,
}

impl GrantSink<'_> {
    /// Adds a grant.
    pub(crate) fn put(&mut self, grant: &GrantRow<'_>) -> Result<(), SyncError> {
        if let Some(expansion_db) = &mut self.expansion_db
            && expansion_db.concerns(grant.entitlement_id)
        {
            return expansion_db.put(grant);
        }
        Ok(self.builder.put_grant(grant)?)
    }
}
