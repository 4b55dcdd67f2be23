//! API tokens: what Okta tells about them, never the tokens themselves.

use super::Time;
use super::lenient::record;

record! {
    /// What is known of an API token. When it was last used, Okta does not tell: `lastUpdated` is something else.
    pub struct TokenInfo as "API token" {
        /// What its owner calls it.
        pub name: Option<String> = "name",
        /// The id of the user who made it and with whose rights it acts.
        pub user_id: Option<String> = "userId",
        /// When it ends unless it is used before.
        pub expires_at: Option<Time> = "expiresAt",
        /// When it was made.
        pub created: Option<Time> = "created",
    }
}
