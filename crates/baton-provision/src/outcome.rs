//! What came of a request.

/// A request that was carried out, or that needed nothing to be done.
#[derive(Debug, Clone, PartialEq)]
pub struct Done<R> {
    /// The kind of outcome.
    pub what: What,
    /// What somebody should know about it, in one sentence.
    pub note: Option<String>,
    /// The answer on the wire.
    pub response: R,
}

impl<R> Done<R> {
    pub(crate) fn new(what: What, note: Option<String>, response: R) -> Self {
        Self { what, note, response }
    }
}

/// The kinds of outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The principal has the entitlement now.
    Granted,
    /// The principal has it no more.
    Revoked,
    /// The principal did not have it.
    AlreadyRevoked,
    /// The account or resource is there now.
    Created,
    /// The account, resource or grant was there already.
    AlreadyExists,
    /// The account is there; somebody has to do something before it can be used.
    ActionRequired,
    /// The account is being made.
    InProgress,
    /// The resource is gone.
    Deleted,
    /// There was no such resource.
    AlreadyDeleted,
    /// The credentials are new.
    Rotated,
    /// The action has ended well.
    Complete,
}

impl What {
    /// The word for it in results.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Revoked => "revoked",
            Self::AlreadyRevoked => "already_revoked",
            Self::Created => "created",
            Self::AlreadyExists => "already_exists",
            Self::ActionRequired => "action_required",
            Self::InProgress => "in_progress",
            Self::Deleted => "deleted",
            Self::AlreadyDeleted => "already_deleted",
            Self::Rotated => "rotated",
            Self::Complete => "complete",
        }
    }

    /// Whether all was so before, and nothing was changed.
    #[must_use]
    pub fn is_unchanged(self) -> bool {
        matches!(self, Self::AlreadyRevoked | Self::AlreadyExists | Self::AlreadyDeleted)
    }
}
