//! API tokens: what Okta tells about them, never the tokens themselves.

use super::lenient::record;
use super::time::Time;

record! {
    /// What is known of an API token. `lastUpdated` is not read: it is not when the token was last used.
    pub struct TokenInfo as "API token" {
        /// What its owner calls it.
        pub name: Option<String> = "name",
        /// The id of the user who made it and with whose rights it acts.
        pub user_id: Option<String> = "userId",
        /// When it ends unless it is used before: each use sets it anew, [`token_window`](Self::token_window) ahead.
        pub expires_at: Option<Time> = "expiresAt",
        /// How long it is good for without use, an ISO 8601 duration such as `P30D`.
        pub token_window: Option<String> = "tokenWindow",
        /// When it was made.
        pub created: Option<Time> = "created",
    }
}
