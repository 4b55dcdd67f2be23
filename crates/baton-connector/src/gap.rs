//! What is missing from a sync, and why.

/// Something that is missing from the sync, or incomplete in it, and why. Gaps are counted per kind and resource type, shown in the
/// summary with examples, and never silent.
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
    /// It was deleted while it was being read.
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
