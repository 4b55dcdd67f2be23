//! One page of a source's answer, already mapped to Baton's objects.

use std::sync::Arc;

use baton_proto::c1::connector::v2::{Entitlement, GrantExpandable, Resource};

use crate::external::ExternalMatch;
use crate::gap::Gap;
use crate::metadata::Metadata;
use crate::reuse::Invalidation;
use crate::work::Work;

/// The result of one page of work. The engine commits it as a whole: its objects, the work it opens and the cursor of
/// the next page become durable together.
#[derive(Debug, Default)]
pub struct Page {
    /// Resources, in the order of the answer.
    pub resources: Vec<Resource>,
    /// Resources of very long lists, encoded already. They stand behind the others.
    pub encoded: Vec<EncodedResource>,
    /// Entitlements, in the order of their resources.
    pub entitlements: Vec<Entitlement>,
    /// Grants, in the order of the answer.
    pub grants: Vec<GrantDraft>,
    /// Further work that this page made known.
    pub opens: Vec<Work>,
    /// Where the next page begins; `None` when this was the last.
    pub next: Option<String>,
    /// What could not be read or mapped, reported to the operator.
    pub gaps: Vec<Gap>,
    /// Works whose answer may have changed since the last sync; only on pages of [`SyncSession::changes`].
    ///
    /// [`SyncSession::changes`]: crate::SyncSession::changes
    pub invalidations: Vec<Invalidation>,
    /// Identifies the moment up to which the changes are known, in place of [`SyncSession::change_token`]; only on the last
    /// page of [`SyncSession::changes`].
    ///
    /// [`SyncSession::change_token`]: crate::SyncSession::change_token
    /// [`SyncSession::changes`]: crate::SyncSession::changes
    pub change_token: Option<String>,
    /// What the operator should know and that is neither an error nor missing from the file.
    pub notes: Vec<String>,
}

/// A resource without a parent whose message is encoded already: of millions, building each only to encode it is what costs
/// most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedResource {
    /// Resource type id, for example `user`.
    pub resource_type: &'static str,
    /// Resource id.
    pub id: String,
    /// The encoded `c1.connector.v2.Resource`, with the same ids in it.
    pub data: Vec<u8>,
}

impl Page {
    /// How many resources are on it.
    #[must_use]
    pub fn resource_count(&self) -> usize {
        self.resources.len() + self.encoded.len()
    }
}

/// The entitlement that a grant is about. Shared by all grants of a page.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EntitlementRef {
    /// `Entitlement.id`.
    pub id: String,
    /// Type of the resource that the entitlement belongs to.
    pub resource_type: String,
    /// Id of the resource that the entitlement belongs to.
    pub resource: String,
}

/// Who holds a grant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Principal {
    /// Resource type id, for example `user`.
    pub resource_type: &'static str,
    /// Resource id.
    pub id: String,
}

/// A grant as a connector makes it. Its id is always `{entitlement id}:{principal type}:{principal id}`; entitlement
/// and principal are stored as ids only.
#[derive(Debug, Clone, PartialEq)]
pub struct GrantDraft {
    /// What is granted.
    pub entitlement: Arc<EntitlementRef>,
    /// To whom.
    pub principal: Principal,
    /// `V1Identifier.id`: the id that the older connector generation gave this grant. It is this text followed by the
    /// principal's id.
    pub v1_prefix: Arc<str>,
    /// Whether [`v1_prefix`](Self::v1_prefix) is that id already, the same for all principals.
    pub v1_shared: bool,
    /// Whether the grant cannot be taken away by itself; the value is `GrantImmutable.source_id`.
    pub immutable: Option<String>,
    /// Facts about the grant for readers, stored as `GrantMetadata`. How it came about does not go into `sources`: a grant
    /// whose sources do not name its own entitlement passes for one that expansion made (`docs/spec/baton-cli.md` 3).
    pub metadata: Option<Metadata>,
    /// Whoever holds these entitlements has this one too.
    pub expandable: Option<GrantExpandable>,
    /// Whether the grant is left out silently if its resource is absent: the resource may have been left out on purpose.
    pub skip_if_absent: bool,
    /// The principal is a placeholder: who holds the grant is found in the file of another connector.
    pub external: Option<ExternalMatch>,
}

impl GrantDraft {
    /// A plain grant.
    #[must_use]
    pub fn new(entitlement: &Arc<EntitlementRef>, v1_prefix: &Arc<str>, principal: Principal) -> Self {
        Self {
            entitlement: Arc::clone(entitlement),
            principal,
            v1_prefix: Arc::clone(v1_prefix),
            v1_shared: false,
            immutable: None,
            metadata: None,
            expandable: None,
            skip_if_absent: false,
            external: None,
        }
    }

    /// `Grant.id`.
    #[must_use]
    pub fn id(&self) -> String {
        crate::ids::grant(&self.entitlement.id, self.principal.resource_type, &self.principal.id)
    }
}
