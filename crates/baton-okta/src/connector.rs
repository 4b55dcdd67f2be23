//! The connector: Okta as a source of syncs.

use std::sync::{Arc, LazyLock, OnceLock};

use baton_connector::{
    KindSpec, MissingPrincipal, Options, Purpose, QueueTraffic, Schema, Source, SourceError, SyncSession, TypeSpec,
    short_hash,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use okta_client::{Client, OrgUrl};
use secrecy::ExposeSecret;
use tokio_util::sync::CancellationToken;

use crate::access::{self, Credential};
use crate::config::{Auth, Config, Rules};
use crate::context::Context;
use crate::endpoint_choice::{self, EndpointChoice};
use crate::errors;
use crate::events::OktaEvents;
use crate::ids::{api_token, app, group, user};
use crate::provision::OktaProvisioner;
use crate::resources::follow_up::SIDE;
use crate::scope::Scope;
use crate::session::{self, OktaSession};
use crate::types;

/// Why an org may seem to have no users.
const NO_USERS: &str = "Okta shows an empty list to whoever has no admin role; here it is that of the admin who made the API token. Give the \
     Read-Only Administrator role, or a custom admin role that may view all users, to that admin (Security › \
     Administrators), and check that no option leaves all users out";

/// The same for a service app.
const NO_USERS_FOR_APP: &str = "Okta shows an empty list to whoever has no admin role, and an OAuth service app needs one of its own, whatever scopes \
     it was granted. Give the app the Read-Only Administrator role, or a custom admin role that may view all users \
     (Applications › the service app › Admin roles), and check that no option leaves all users out";

/// The kinds of work.
static KINDS: LazyLock<Vec<KindSpec>> = LazyLock::new(|| {
    let spec = |kind: &'static crate::resources::module::Kind| KindSpec {
        kind: kind.name,
        label: kind.label,
        queue: endpoint_choice::queue(kind.name, kind.bucket),
    };
    session::kinds().map(spec).collect()
});

/// An Okta org as a source of syncs.
pub struct OktaSource {
    org: OrgUrl,
    /// The org's own id, once it is known.
    org_id: Arc<OnceLock<String>>,
    /// Distinguishes credentials, because not everybody is shown the same.
    credential_id: String,
    purpose: Purpose,
    /// What is synced unless a sync says otherwise.
    options: Options,
    client: Client,
    access: Credential,
    rules: Rules,
    /// Percent of each rate limit that is used.
    rate_limit_share: u8,
    /// Whether short lists may be used.
    short_lists: bool,
    page_size: Option<u32>,
    cancel: CancellationToken,
}

impl std::fmt::Debug for OktaSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OktaSource").field("org", &self.org).field("rules", &self.rules).finish_non_exhaustive()
    }
}

impl OktaSource {
    /// Prepares everything; no request is made yet.
    ///
    /// # Errors
    /// Token, key or app cannot be one, or the machine's TLS roots cannot be used.
    pub fn new(config: Config) -> Result<Self, SourceError> {
        let (client, access) =
            access::connect(&config).map_err(|error| errors::unusable("preparing the Okta client", &error))?;
        let credential_id = credential_id(&config.auth);
        let Config { org, purpose, options, rules, requests, cancel, .. } = config;
        Ok(Self {
            org,
            org_id: Arc::default(),
            credential_id,
            purpose,
            options,
            client,
            access,
            rules,
            rate_limit_share: requests.rate_limit_share,
            short_lists: requests.short_lists,
            page_size: requests.page_size,
            cancel,
        })
    }

    /// The events of the same org. They share connections, pacing and sign-in with this source.
    #[must_use]
    pub fn events(&self) -> OktaEvents {
        OktaEvents::new(self.client.clone(), self.access.clone(), self.rules.clone())
    }

    /// The writing side for the same org. It shares connections, pacing and sign-in with this source.
    #[must_use]
    pub fn provisioner(&self) -> OktaProvisioner {
        // A process that stays has asked for the scopes of every change at its start.
        let access = (self.purpose == Purpose::Change).then(|| self.access.clone());
        OktaProvisioner::new(self.client.clone(), access, self.rules.clone(), self.cancel.clone())
    }

    fn type_spec(&self, info: &types::TypeInfo) -> TypeSpec {
        let left_out_on_purpose = match info.id {
            user::ID => !self.rules.filter_email_domains.is_empty(),
            group::ID => self.rules.skip_app_groups,
            _ => false,
        };
        let no_users = match self.access {
            Credential::ApiToken => NO_USERS,
            Credential::ServiceApp(_) => NO_USERS_FOR_APP,
        };
        TypeSpec {
            opt_in: info.opt_in && !self.rules.sync_devices,
            guarded: info.guarded,
            never_empty: (info.id == user::ID).then_some(no_users),
            references_others: info.id == api_token::ID,
            missing_principal: if left_out_on_purpose { MissingPrincipal::Drop } else { MissingPrincipal::Keep },
            ..TypeSpec::new(info.resource_type())
        }
    }
}

impl Source for OktaSource {
    fn schema(&self) -> Schema {
        Schema {
            types: types::existing(&self.rules).map(|info| self.type_spec(info)).collect(),
            kinds: &KINDS,
            barriers: &[SIDE],
            equivalent_kinds: &[&[app::APP_GROUPS, app::GROUP_APPS]],
        }
    }

    fn fingerprint(&self) -> String {
        format!("okta org={} asker={} {}", self.org, self.credential_id, self.rules.fingerprint())
    }

    fn validate(&self) -> BoxFuture<'_, Result<(), SourceError>> {
        let types = Scope::of(&self.options, &self.rules).types();
        async move { self.access.check(&self.client, &types).await.map(drop) }.boxed()
    }

    fn traffic(&self) -> Vec<QueueTraffic> {
        self.client.traffic().iter().map(|traffic| session::queue_traffic(traffic, &[])).collect()
    }

    fn open(self: Arc<Self>, options: &Options) -> Arc<dyn SyncSession> {
        let context = Context {
            client: self.client.clone(),
            access: self.access.clone(),
            rules: self.rules.clone(),
            options: options.clone(),
            scope: Scope::of(options, &self.rules),
            endpoints: EndpointChoice::new(self.rate_limit_share, self.short_lists),
            backlog: self.client.backlog(),
            asked_before: self.client.traffic(),
            page_size: self.page_size,
        };
        Arc::new(OktaSession::new(self.schema(), context, self.org.clone(), Arc::clone(&self.org_id)))
    }
}

/// The service app's client id, or a number that distinguishes API tokens and reveals nothing else about them.
fn credential_id(auth: &Auth) -> String {
    match auth {
        Auth::PrivateKey { client_id, .. } => client_id.clone(),
        Auth::ApiToken(token) => format!("token-{}", short_hash(token.expose_secret().as_bytes())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_the_same_number_in_every_release() {
        let id = |token: &str| credential_id(&Auth::ApiToken(token.into()));
        assert_eq!(id("00not-a-real-token"), "token-050d3549a77878fe");
        assert_ne!(id("00not-a-real-token"), id("00not-a-real-tokem"));
    }
}
