//! One page of a source's answer, already mapped to Baton's objects.

use std::sync::Arc;

use baton_proto::c1::connector::v2::{Entitlement, GrantExpandable, Resource};

use crate::external::ExternalMatch;
use crate::metadata::Metadata;
use crate::reuse::Changed;
use crate::source::Work;

/// What one page of work yielded. The engine commits it as a whole: its objects, the work it opens and the cursor of
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
    /// What could not be read or mapped, to be told to the operator.
    pub gaps: Vec<Gap>,
    /// Works whose answer may have changed since the last sync; only on pages of [`Source::changes`].
    ///
    /// [`Source::changes`]: crate::Source::changes
    pub changed: Vec<Changed>,
    /// What stands for the moment up to which the changes are known, in place of [`Source::mark`]; only on the last page
    /// of [`Source::changes`].
    ///
    /// [`Source::mark`]: crate::Source::mark
    /// [`Source::changes`]: crate::Source::changes
    pub mark: Option<String>,
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
    /// The resource may have been left out of the sync on purpose: then the grant is left out without a word.
    pub if_there: bool,
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
            if_there: false,
            external: None,
        }
    }

    /// `Grant.id`.
    #[must_use]
    pub fn id(&self) -> String {
        crate::ids::grant(&self.entitlement.id, self.principal.resource_type, &self.principal.id)
    }
}

/// Something that is missing from the sync, or incomplete in it, and why. Gaps are counted per kind and resource type,
/// shown in the summary with examples, and never silent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Why it is missing.
    pub kind: GapKind,
    /// The resource type that is incomplete because of it.
    pub resource_type: String,
    /// The object concerned; empty if the whole type is. A type that is [`Forbidden`](GapKind::Forbidden) as a whole
    /// has not been read: nothing of it comes into the file, not even the type, so that nobody takes it for empty.
    pub id: String,
    /// One sentence for people.
    pub message: String,
}

/// Why something is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GapKind {
    /// It vanished while we were reading.
    Gone,
    /// The credential may not read it.
    Forbidden,
    /// It was read but cannot be mapped.
    Unmappable,
    /// It was left out because an option says so, or because this connector does not read such things.
    LeftOut,
    /// It was left out, because something that it belongs to or needs is not in this sync.
    Unresolved,
    /// It is in the file, although it points to something that is not in this sync.
    Dangling,
}

impl GapKind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Gone, Self::Forbidden, Self::Unmappable, Self::LeftOut, Self::Unresolved, Self::Dangling];

    /// The word for it in plans, logs and summaries.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Forbidden => "forbidden",
            Self::Unmappable => "unmappable",
            Self::LeftOut => "left out",
            Self::Unresolved => "unresolved",
            Self::Dangling => "dangling",
        }
    }

    /// Whether it comes from the options alone, so that the same answer leaves the same gap the next time.
    #[must_use]
    pub fn is_lasting(self) -> bool {
        matches!(self, Self::LeftOut | Self::Unresolved | Self::Dangling)
    }

    /// Whether what is reported is in the file all the same.
    #[must_use]
    pub fn is_kept(self) -> bool {
        self == Self::Dangling
    }

    /// The kind of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}
