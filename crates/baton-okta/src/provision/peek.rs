//! What is found by a read that a change is possible without.

use okta_client::Error;

/// What a read has found that prepares a change: the change is possible without it.
#[derive(Debug)]
pub(super) enum Peek<T> {
    /// This.
    Found(T),
    /// There is no such object.
    Absent,
    /// The credential may not look.
    Refused(Error),
}

impl<T> Peek<T> {
    /// The same with what was found made into something else.
    pub(super) fn map<U>(self, with: impl FnOnce(T) -> U) -> Peek<U> {
        match self {
            Self::Found(found) => Peek::Found(with(found)),
            Self::Absent => Peek::Absent,
            Self::Refused(error) => Peek::Refused(error),
        }
    }

    /// Whether the object is certainly there.
    pub(super) fn is_found(&self) -> bool {
        matches!(self, Self::Found(_))
    }

    /// Whether the object is certainly not there.
    pub(super) fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// What was found, if anything.
    pub(super) fn found(self) -> Option<T> {
        match self {
            Self::Found(found) => Some(found),
            _ => None,
        }
    }
}
