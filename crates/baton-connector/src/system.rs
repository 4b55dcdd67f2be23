//! The system that a source reads.

/// Identifies the system that a source reads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SystemId {
    /// The system's own id, which no other system of this kind has; empty if it is not known.
    pub id: String,
    /// The host name under which it is read, with the port unless that is the usual one.
    pub host: String,
}
