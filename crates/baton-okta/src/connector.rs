//! The connector: Okta as a source of syncs.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use baton_connector::{
    FetchError, FetchErrorKind, Gap, Gate, Lane, LaneTraffic, Missing, Options, Page, Purpose, ResourceBid, Source,
    SourceError, SystemId, Work, WorkKind,
};
use baton_proto::c1::connector::v2::{Resource, ResourceId, ResourceType};
use futures::FutureExt;
use futures::future::BoxFuture;
use okta_client::{Bucket, BucketTraffic, OrgUrl};
use secrecy::ExposeSecret;
use tokio_util::sync::CancellationToken;

use crate::access::{self, Access};
use crate::changes;
use crate::config::{Auth, Config};
use crate::errors;
use crate::events::OktaEvents;
use crate::lanes::{self, Lanes};
use crate::provision::OktaProvisioner;
use crate::resources::{Context, Kind, MODULES, api_token, app, device, everyone, group, single, user};
use crate::scope::Scope;

/// Why an org may seem to have no users.
const NO_USERS: [(&str, &str); 1] = [(
    user::ID,
    "Okta shows an empty list to whoever has no admin role; here it is that of the admin who made the API token. Give the \
     Read-Only Administrator role, or a custom admin role that may view all users, to that admin (Security › \
     Administrators), and check that no option leaves all users out",
)];

/// The same for a service app.
const NO_USERS_FOR_APP: [(&str, &str); 1] = [(
    user::ID,
    "Okta shows an empty list to whoever has no admin role, and an OAuth service app needs one of its own, whatever scopes \
     it was granted. Give the app the Read-Only Administrator role, or a custom admin role that may view all users \
     (Applications › the service app › Admin roles), and check that no option leaves all users out",
)];

/// The kinds of work with their words for people.
static KINDS: LazyLock<Vec<(WorkKind, &'static str)>> =
    LazyLock::new(|| kinds().map(|kind| (kind.name, kind.label)).collect());

/// An Okta org as a source of syncs.
pub struct OktaSource {
    org: OrgUrl,
    /// The org's own id, once it is known.
    org_id: OnceLock<String>,
    /// Tells apart who asks, because not everybody is shown the same.
    asker: String,
    purpose: Purpose,
    /// What is synced unless a sync says otherwise.
    options: Options,
    context: Context,
    cancel: CancellationToken,
}

impl std::fmt::Debug for OktaSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OktaSource").field("org", &self.org).field("rules", &self.context.rules).finish_non_exhaustive()
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
        let asker = asker(&config.auth);
        let Config { org, purpose, rules, requests, options, cancel, .. } = config;
        let lanes = Lanes::new(requests.rate_limit_share, requests.short_lists);
        let context = Context::new(client, access, rules, lanes, requests.page_size);
        Ok(Self { org, org_id: OnceLock::new(), asker, purpose, options, context, cancel })
    }

    /// What happened in the same org. It shares connections, pace and sign-in with this one.
    #[must_use]
    pub fn events(&self) -> OktaEvents {
        let Context { client, access, rules, .. } = &self.context;
        OktaEvents::new(client.clone(), access.clone(), rules.clone())
    }

    /// The writing side for the same org. It shares connections, pace and sign-in with this one.
    #[must_use]
    pub fn provisioner(&self) -> OktaProvisioner {
        let Context { client, access, rules, .. } = &self.context;
        // A process that stays has asked for the scopes of every change at its start.
        let access = (self.purpose == Purpose::Change).then(|| access.clone());
        OktaProvisioner::new(client.clone(), access, rules.clone(), self.cancel.clone())
    }
}

impl Source for OktaSource {
    fn resource_types(&self) -> Vec<ResourceType> {
        let existing = MODULES.iter().filter(|module| (module.exists)(&self.context.rules));
        existing.map(|module| (module.resource_type)()).collect()
    }

    fn on_request(&self) -> Vec<&'static str> {
        if self.context.rules.sync_devices { Vec::new() } else { vec![device::ID] }
    }

    fn fingerprint(&self) -> String {
        format!("okta org={} asker={} {}", self.org, self.asker, self.context.rules.fingerprint())
    }

    fn session(&self) -> Option<Arc<dyn Source>> {
        let Self { org, org_id, asker, purpose, options, context, cancel } = self;
        Some(Arc::new(Self {
            org: org.clone(),
            org_id: org_id.clone(),
            asker: asker.clone(),
            purpose: *purpose,
            options: options.clone(),
            context: context.for_another_run(),
            cancel: cancel.clone(),
        }))
    }

    fn validate(&self) -> BoxFuture<'_, Result<(), SourceError>> {
        async {
            let Context { client, access, rules, .. } = &self.context;
            let checked = access.check(client, &Scope::of(&self.options, rules).types()).await?;
            if self.org_id.get().is_none() {
                let id = if checked.is_some() { checked } else { access::org_id(client).await };
                if let Some(id) = id {
                    // Another validation may have been quicker, with the same id.
                    let _ = self.org_id.set(id);
                }
            }
            Ok::<_, SourceError>(())
        }
        .boxed()
    }

    fn system(&self) -> Option<SystemId> {
        let id = self.org_id.get().cloned().unwrap_or_default();
        Some(SystemId { id, host: self.org.authority().to_owned() })
    }

    fn start(&self, options: &Options) -> Vec<Work> {
        let scope = Scope::of(options, &self.context.rules);
        self.context.access.prepare(options, &self.context.rules);
        let works = MODULES.iter().flat_map(|module| (module.start)(scope)).collect();
        everyone::first(works, scope, &self.context.rules)
    }

    fn mark(&self) -> Option<String> {
        changes::mark(&self.context)
    }

    fn changes(&self, mark: &str, options: &Options) -> Option<Work> {
        let work = changes::since(mark, options, &self.context.rules)?;
        self.context.access.want_logs();
        Some(work)
    }

    fn target(&self, resource: &ResourceBid, options: &Options) -> Option<Work> {
        let rules = &self.context.rules;
        let of = resource.resource.resource_type.as_str();
        let module = MODULES.iter().find(|module| module.single.0 == of && (module.exists)(rules))?;
        Some(single::work(module.single.1, resource, options, rules))
    }

    fn fetch<'a>(&'a self, work: &'a Work, cursor: Option<&'a str>) -> BoxFuture<'a, Result<Page, FetchError>> {
        match kind(work.kind) {
            Some(kind) => (kind.fetch)(&self.context, work, cursor),
            None => {
                let message = format!("the plan holds work of the unknown kind {}; start a new sync", work.kind);
                futures::future::ready(Err(FetchError { message, kind: FetchErrorKind::Invalid })).boxed()
            }
        }
    }

    fn fetch_parts<'a>(
        &'a self,
        work: &'a Work,
        principals: &'a [String],
    ) -> BoxFuture<'a, Result<Option<Page>, FetchError>> {
        match work.kind {
            app::APP_USERS => app::fetch_parts_of_users(&self.context, work, principals).boxed(),
            _ => futures::future::ready(Ok(None)).boxed(),
        }
    }

    fn lane(&self, kind_name: WorkKind) -> Lane {
        lanes::lane(kind_name, kind(kind_name).map_or(Bucket::Rest, |kind| kind.bucket))
    }

    fn kinds(&self) -> &'static [(WorkKind, &'static str)] {
        &KINDS
    }

    fn gates(&self) -> &'static [Gate] {
        &[app::GATE]
    }

    fn choose(&self, _gate: &'static str, held: &BTreeMap<WorkKind, u64>) -> Vec<WorkKind> {
        vec![self.context.lanes.side(held, &self.context.client)]
    }

    fn sides(&self) -> &'static [&'static [WorkKind]] {
        &[&[app::APP_GROUPS, app::GROUP_APPS]]
    }

    fn guarded(&self) -> &'static [&'static str] {
        &[user::ID, group::ID, app::ID]
    }

    fn never_empty(&self) -> &'static [(&'static str, &'static str)] {
        match self.context.access {
            Access::ApiToken => &NO_USERS,
            Access::ServiceApp(_) => &NO_USERS_FOR_APP,
        }
    }

    fn pointing(&self) -> &'static [&'static str] {
        &[api_token::ID]
    }

    fn unlink(&self, resource: &mut Resource, is_there: &dyn Fn(&ResourceId) -> bool) -> Vec<Gap> {
        let missing = self.missing_principal(user::ID);
        api_token::check_owner(resource, missing, is_there).into_iter().collect()
    }

    fn missing_principal(&self, resource_type: &str) -> Missing {
        let rules = &self.context.rules;
        let left_out_on_purpose = match resource_type {
            user::ID => !rules.filter_email_domains.is_empty(),
            group::ID => rules.skip_app_groups,
            _ => false,
        };
        if left_out_on_purpose { Missing::Drop } else { Missing::Keep }
    }

    fn traffic(&self) -> Vec<LaneTraffic> {
        let Context { client, asked_before, .. } = &self.context;
        client.traffic().iter().map(|traffic| lane_traffic(traffic, asked_before)).collect()
    }

    fn backlog(&self, pages: &BTreeMap<Lane, u64>, held: &BTreeMap<WorkKind, u64>) {
        let Context { lanes, client, backlog, .. } = &self.context;
        lanes.want(pages, held, client, backlog);
    }
}

/// The service app, or a number that tells API tokens apart and tells nothing else about them.
fn asker(auth: &Auth) -> String {
    match auth {
        Auth::PrivateKey { client_id, .. } => client_id.clone(),
        Auth::ApiToken(token) => {
            let hash = digest(&SHA256, token.expose_secret().as_bytes());
            let number: String = hash.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            format!("token-{number}")
        }
    }
}

fn kinds() -> impl Iterator<Item = &'static Kind> {
    std::iter::once(&changes::KIND).chain(MODULES.iter().flat_map(|module| module.kinds))
}

fn kind(name: WorkKind) -> Option<&'static Kind> {
    kinds().find(|kind| kind.name == name)
}

/// What was asked in a bucket after what had been asked before.
fn lane_traffic(traffic: &BucketTraffic, before: &[BucketTraffic]) -> LaneTraffic {
    let BucketTraffic { bucket, calls, retries, throttled, waited, limit, remaining, waiting } = *traffic;
    let before = before.iter().find(|before| before.bucket == bucket);
    let since = |now: u64, then: fn(&BucketTraffic) -> u64| now.saturating_sub(before.map_or(0, then));
    LaneTraffic {
        lane: bucket.name().to_owned(),
        calls: since(calls, |before| before.calls),
        retries: since(retries, |before| before.retries),
        throttled: since(throttled, |before| before.throttled),
        waited: waited.saturating_sub(before.map_or(Duration::ZERO, |before| before.waited)),
        limit,
        remaining,
        waiting,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_the_same_number_in_every_release() {
        let asker = |token: &str| asker(&Auth::ApiToken(token.into()));
        assert_eq!(asker("00not-a-real-token"), "token-050d3549a77878fe");
        assert_ne!(asker("00not-a-real-token"), asker("00not-a-real-tokem"));
    }
}
