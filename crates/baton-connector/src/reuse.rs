//! What a sync need not read again because the last one has read it.
//!
//! A source says of each piece of work under which condition the pages that the last sync read are still what a fresh
//! read would give ([`Reuse`]), and reads what has changed since then as a work of its own, whose pages name it
//! ([`Changed`]). The engine keeps the pages, decides, and takes over.

use crate::source::WorkKind;

/// When the pages that the last sync read of a [`Work`](crate::Work) may be taken over. In any case the work must have
/// the same kind, subject and detail, and must have left no gap but such as [last](crate::GapKind::is_lasting).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Reuse {
    /// Never: it is always read.
    #[default]
    Never,
    /// When the changes do not name it.
    UnlessChanged,
    /// When the list that made the work known tells the same version of its subject as the last time.
    SameVersion {
        /// The version, in a form of the source's own.
        version: String,
        /// Whether that version was old enough when it was listed that whatever was read afterwards shows all of it.
        /// Pages of a version that was not are read again the next time, whatever their version then.
        settled: bool,
        /// Whether the changes must not name it either.
        unless_changed: bool,
    },
}

impl Reuse {
    /// Whether it takes the changes to decide.
    #[must_use]
    pub fn asks_for_changes(&self) -> bool {
        matches!(self, Self::UnlessChanged | Self::SameVersion { unless_changed: true, .. })
    }
}

/// Works whose answer may have changed since the last sync.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Changed {
    /// Their kind.
    pub kind: WorkKind,
    /// Which of the kind.
    pub which: Which,
    /// Whether the change is so old that whatever is read from now on shows it. What a change names that is not is read
    /// again by the next sync, too.
    pub settled: bool,
}

/// Which works of a kind, and how much of each.
///
/// Where only a part of a list is named, what the list grants to one principal, the engine may read that part alone
/// ([`Source::fetch_parts`](crate::Source::fetch_parts)) and take over the rest. A work that is named as a whole as well is
/// read as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Which {
    /// All.
    All,
    /// The one about this subject.
    Subject(String),
    /// Of the one about this subject only what it grants to one principal.
    Part {
        /// The subject.
        subject: String,
        /// Id of the principal, of whatever type.
        principal: String,
    },
    /// Those with this detail.
    Detail(String),
    /// Of those that grant something to the principal with this id, of whatever type, as far as the last sync knows, only
    /// what they grant to it.
    Holder(String),
    /// Those whose subject is the id of a resource that works of another kind grant to a principal, as far as the last sync
    /// knows.
    GrantedTo {
        /// The other kind.
        by: WorkKind,
        /// Id of the principal, of whatever type.
        principal: String,
        /// If only what they grant to one principal is meant: its id.
        part: Option<String>,
    },
}
