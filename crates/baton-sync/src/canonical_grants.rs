//! Writes grants that equivalent kinds of work can read in a canonical order, so that the file does not depend on which kind
//! was read.

use baton_c1z::GrantRow;

use crate::codec::WaitingGrant;
use crate::error::SyncError;
use crate::grant_blob::EncodedGrant;
use crate::grant_sink::GrantSink;

/// Collects grants of equivalent kinds and sorts them. They are few: those of groups to applications, for example, not those of people.
#[derive(Debug, Default)]
pub(crate) struct CanonicalGrants(Vec<Row>);

/// A row of the file; entitlement, type and id of the principal come first, because they are the order.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    entitlement: String,
    principal_type: String,
    principal: String,
    resource_type: String,
    resource: String,
    id: String,
    data: Vec<u8>,
    expansion: Option<Vec<u8>>,
}

impl CanonicalGrants {
    /// Adds a grant.
    pub(crate) fn keep(&mut self, grant: &WaitingGrant<'_>, encoded: EncodedGrant<'_>) {
        self.0.push(Row {
            entitlement: grant.entitlement.id.clone(),
            principal_type: grant.principal_type.to_owned(),
            principal: grant.principal.to_owned(),
            resource_type: grant.entitlement.resource_type.clone(),
            resource: grant.entitlement.resource.clone(),
            id: encoded.id.to_owned(),
            data: encoded.data.to_vec(),
            expansion: grant.expandable.map(<[u8]>::to_vec),
        });
    }

    /// Writes all grants, each once.
    pub(crate) fn put(mut self, out: &mut GrantSink<'_>) -> Result<(), SyncError> {
        self.0.sort_unstable();
        self.0.dedup_by(|one, other| one.id == other.id);
        for row in &self.0 {
            out.put(&GrantRow {
                id: &row.id,
                entitlement_id: &row.entitlement,
                resource_type: &row.resource_type,
                resource_id: &row.resource,
                principal_type: &row.principal_type,
                principal_id: &row.principal,
                data: &row.data,
                expansion: row.expansion.as_deref(),
            })?;
        }
        Ok(())
    }
}
