//! The metadata of API tokens, never the tokens themselves.

use super::lenient::record;
use super::time::Time;

record! {
    /// The metadata of an API token. `lastUpdated` is not read: it is not when the token was last used.
    pub struct TokenInfo as "API token" {
        /// Its name.
        pub name: Option<String> = "name",
        /// The id of the user who created it and whose permissions it has.
        pub user_id: Option<String> = "userId",
        /// When it expires unless it is used before: each use renews it, [`token_window`](Self::token_window) ahead.
        pub expires_at: Option<Time> = "expiresAt",
        /// How long it is valid without use, an ISO 8601 duration such as `P30D`.
        pub token_window: Option<String> = "tokenWindow",
        /// When it was created.
        pub created: Option<Time> = "created",
    }
}
