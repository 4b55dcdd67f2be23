//! Syncs: the rows of `v1_sync_runs`.

use jiff::Timestamp;

/// What a sync covers (`docs/spec/c1z-format.md` 4.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SyncType {
    /// The whole connector.
    Full,
    /// The whole connector without entitlements and grants.
    ResourcesOnly,
    /// Some resources, or the additions of a difference.
    Partial,
    /// The added and changed rows of a difference.
    PartialUpserts,
    /// The removed rows of a difference.
    PartialDeletions,
}

impl SyncType {
    const ALL: [Self; 5] =
        [Self::Full, Self::ResourcesOnly, Self::Partial, Self::PartialUpserts, Self::PartialDeletions];

    /// The word that stands in the file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::ResourcesOnly => "resources_only",
            Self::Partial => "partial",
            Self::PartialUpserts => "partial_upserts",
            Self::PartialDeletions => "partial_deletions",
        }
    }

    /// The type of that word, if it is a known one.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == word)
    }
}

/// A sync that begins.
#[derive(Debug, Clone, Copy)]
pub struct NewSync<'a> {
    /// A KSUID, see [`crate::ksuid`].
    pub sync_id: &'a str,
    /// What it covers.
    pub sync_type: SyncType,
    /// When it began. Its rows bear this time too.
    pub started_at: Timestamp,
    /// The sync that a partial one adds to; empty for full ones.
    pub parent_sync_id: &'a str,
}

/// A sync that a file holds.
///
/// Times are what the clock of the writing host showed, taken as UTC (`docs/spec/c1z-format.md` 4.2): compare them only
/// with each other, and show them as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncRun {
    /// Usually a KSUID.
    pub sync_id: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it was finished, if it was.
    pub ended_at: Option<Timestamp>,
    /// The word of its type, see [`SyncRun::kind`].
    pub sync_type: String,
    /// The sync that a partial one adds to, else empty.
    pub parent_sync_id: String,
    /// The other half of a difference, else empty.
    pub linked_sync_id: String,
    /// The state that the writer kept, as JSON.
    pub sync_token: String,
}

impl SyncRun {
    /// Its type, if it is a known one.
    #[must_use]
    pub fn kind(&self) -> Option<SyncType> {
        SyncType::parse(&self.sync_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_types() {
        for known in SyncType::ALL {
            assert_eq!(SyncType::parse(known.as_str()), Some(known));
        }
        assert_eq!(SyncType::parse(""), None);
        assert_eq!(SyncType::parse("FULL"), None);
    }
}
