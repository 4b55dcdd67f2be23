//! What every fetch of a sync needs.

use std::time::Duration;

use baton_connector::{Options, ResourceRef};
use okta_client::{Backlog, BucketTraffic, Client};

use crate::access::Credential;
use crate::config::Rules;
use crate::endpoint_choice::EndpointChoice;
use crate::scope::Scope;

/// How long after a change Okta's lists may still show the previous state, at most. What changed later than this before it
/// was read is read again by the next sync. Lists trail by seconds at worst (`docs/spec/okta-api.md` 1.1, 1.2).
pub(crate) const CONSISTENCY_LAG: Duration = Duration::from_mins(5);

/// The state of one sync. It ends with the sync; only the client and the sign-in are shared with others.
pub(crate) struct Context {
    pub client: Client,
    /// Who the client is to Okta.
    pub access: Credential,
    pub rules: Rules,
    /// What the operator asked for.
    pub options: Options,
    /// What belongs to the sync under the rules and options.
    pub scope: Scope,
    /// Chooses between equivalent endpoints.
    pub endpoints: EndpointChoice,
    /// Where the client learns what is still needed.
    pub backlog: Backlog,
    /// What was asked before: not counted as asked by this sync.
    pub asked_before: Vec<BucketTraffic>,
    /// Asked for instead of each list's own page size.
    pub page_size: Option<u32>,
}

impl Context {
    /// The page size to be asked for where a list's largest is `most`.
    pub(crate) fn limit(&self, most: u32) -> u32 {
        self.page_size.map_or(most, |size| size.clamp(1, most))
    }

    /// What is to be read of a single resource in a partial sync: grants only if the operator named it.
    pub(crate) fn scope_of(&self, resource_type: &str, id: &str) -> SingleScope {
        let is_named = self.options.targets(&ResourceRef::new(resource_type, id));
        let mut scope = self.scope;
        scope.grants &= is_named;
        SingleScope { scope, is_named }
    }
}

/// What is to be read of a single resource.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SingleScope {
    pub scope: Scope,
    /// Whether the operator named it.
    pub is_named: bool,
}
