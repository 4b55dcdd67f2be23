//! The names of kinds of work and of queues.

/// The kind of a piece of work, for example `group-members`. Short, lower case, and the same in every release that can
/// resume an unfinished sync of another: kinds are stored in the plan.
pub type WorkKind = &'static str;

/// Identifies a queue of work that shares one quota of the source, typically a rate-limit bucket. The engine fetches from all
/// queues at once, so that a queue that waits for its quota does not hold up the others.
pub type QueueId = &'static str;
