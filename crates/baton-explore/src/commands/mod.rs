//! The commands, each with its two forms of output.

pub(crate) mod entitlements;
pub(crate) mod grants;
pub(crate) mod resource_types;
pub(crate) mod resources;
pub(crate) mod stats;
