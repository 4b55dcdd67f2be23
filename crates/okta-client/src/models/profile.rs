//! Profiles, which differ from org to org, kept as they came and taken apart on demand.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::page::repaired;

/// The members of a raw profile in the order in which Okta sent them.
///
/// A text that JSON's grammar allows but Unicode does not (half of a surrogate pair) is kept with a replacement
/// character in place of the half.
#[must_use]
pub fn profile_members(profile: &RawValue) -> Map<String, Value> {
    serde_json::from_str(profile.get())
        .or_else(|_| serde_json::from_str(&repaired(profile.get().as_bytes())))
        .unwrap_or_default()
}
