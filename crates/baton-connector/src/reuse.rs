//! Reusing pages of the last sync instead of fetching them again.
//!
//! A source states for each piece of work under which condition the pages of the last sync are still what a fresh fetch would
//! return ([`Reuse`]), and reads what has changed since then as a work of its own, whose pages report [`Invalidation`]s. The
//! engine keeps the pages, decides, and reuses them.

use crate::detail::Detail;
use crate::kind::WorkKind;

/// The condition under which the pages that the last sync fetched of a [`Work`](crate::Work) are reused. In any case the work
/// must have the same kind, subject and detail, and its only gaps are [lasting](crate::GapKind::is_lasting) ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Reuse {
    /// Never: it is always fetched.
    #[default]
    Never,
    /// Unless an invalidation selects it.
    UnlessChanged,
    /// If the list that contains its subject reports the same version as the last time.
    SameVersion {
        /// The version, in a form of the source's own.
        version: String,
        /// Whether that version was old enough when it was listed that every later fetch returns all of it. Pages of a
        /// version that was not are fetched again the next time, whatever their version then.
        past_consistency_lag: bool,
        /// Whether, besides, no invalidation may select it.
        unless_changed: bool,
    },
}

impl Reuse {
    /// Whether the decision depends on invalidations.
    #[must_use]
    pub fn depends_on_changes(&self) -> bool {
        matches!(self, Self::UnlessChanged | Self::SameVersion { unless_changed: true, .. })
    }
}

/// States that the answer of some works may have changed since the last sync.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Invalidation {
    /// The kind of the works.
    pub kind: WorkKind,
    /// Selects among the works of the kind.
    pub selector: Selector,
    /// Whether the change is so old that every fetch from now on returns it. What a younger change selects is fetched again
    /// by the next sync, too.
    pub past_consistency_lag: bool,
}

/// Selects works of a kind, and how much of each.
///
/// Where only a part of a list is selected, what the list grants to one principal, the engine may fetch that part alone
/// ([`SyncSession::fetch_parts`](crate::SyncSession::fetch_parts)) and reuse the rest. A work that is selected as a whole as
/// well is fetched as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Selector {
    /// All works of the kind.
    All,
    /// The work about this subject.
    Subject(String),
    /// Of the work about this subject, only what it grants to one principal.
    Part {
        /// The subject.
        subject: String,
        /// Id of the principal, of whatever type.
        principal: String,
    },
    /// The works with this detail.
    Detail(Detail),
    /// Of the works that grant something to the principal with this id, of whatever type, as far as the last sync knows, only
    /// what they grant to it.
    Holder(String),
    /// The works whose subject is the id of a resource that works of another kind grant to a principal, as far as the last
    /// sync knows.
    GrantedTo {
        /// The other kind.
        by: WorkKind,
        /// Id of the principal, of whatever type.
        principal: String,
        /// The id of a principal if only what they grant to that one is selected.
        part: Option<String>,
    },
}
