//! Users.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::lenient::{Word, record};
use super::profile::{Attributes, profile_members};
use super::time::Time;

record! {
    /// A user of the org (`docs/spec/okta-api.md` 1.1).
    pub struct User as "user" {
        /// `ACTIVE`, `DEPROVISIONED`, … : `docs/spec/okta-api.md` 6.1.
        pub status: Option<Word> = "status",
        /// When the account was created.
        pub created: Option<Time> = "created",
        /// The last sign-in; absent for most users of most orgs.
        pub last_login: Option<Time> = "lastLogin",
        /// The last change of profile, password or status.
        pub last_updated: Option<Time> = "lastUpdated",
        /// The profile as Okta sent it: keys defined by the org, in their order.
        pub profile: Option<Box<RawValue>> = "profile",
    }
}

impl User {
    /// Returns the members of the profile for reading.
    #[must_use]
    pub fn attributes(&self) -> Attributes<'_> {
        self.profile.as_deref().map(Attributes::from_raw).unwrap_or_default()
    }

    /// Returns the members of the profile in their order; empty if the user has none.
    #[must_use]
    pub fn profile_members(&self) -> Map<String, Value> {
        self.profile.as_deref().map(profile_members).unwrap_or_default()
    }
}
