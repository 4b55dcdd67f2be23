//! The connector: Okta as a source of syncs.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

use baton_connector::{
    FetchError, FetchErrorKind, Gap, Gate, Lane, LaneTraffic, Missing, Options, Page, ResourceBid, Source, SourceError,
    Work, WorkKind,
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
    /// Tells apart who asks, because not everybody is shown the same.
    asker: String,
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
        let Config { org, rules, requests, options, cancel, .. } = config;
        let lanes = Lanes::new(requests.rate_limit_share, requests.short_lists);
        let context = Context { client, access, rules, lanes, page_size: requests.page_size };
        Ok(Self { org, asker, options, context, cancel })
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
        OktaProvisioner::new(self.context.client.clone(), self.context.rules.clone(), self.cancel.clone())
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

    fn validate(&self) -> BoxFuture<'_, Result<(), SourceError>> {
        async {
            let Context { client, access, rules, .. } = &self.context;
            access.check(client, &Scope::of(&self.options, rules).types()).await
        }
        .boxed()
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
        if self.context.rules.filter_email_domains.is_empty() { &[] } else { &[api_token::ID] }
    }

    fn unlink(&self, resource: &mut Resource, is_there: &dyn Fn(&ResourceId) -> bool) -> Vec<Gap> {
        api_token::unlink(resource, is_there).into_iter().collect()
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
        self.context.client.traffic().iter().map(lane_traffic).collect()
    }

    fn backlog(&self, pages: &BTreeMap<Lane, u64>, held: &BTreeMap<WorkKind, u64>) {
        self.context.lanes.want(pages, held, &self.context.client);
    }
}

/// The service app, or a number that tells API tokens apart and tells nothing else about them.
fn asker(auth: &Auth) -> String {
    match auth {
        Auth::PrivateKey { client_id, .. } => client_id.clone(),
        Auth::ApiToken(token) => {
            let mut hasher = DefaultHasher::new();
            token.expose_secret().hash(&mut hasher);
            format!("token-{:08x}", hasher.finish() >> 32)
        }
    }
}

fn kinds() -> impl Iterator<Item = &'static Kind> {
    std::iter::once(&changes::KIND).chain(MODULES.iter().flat_map(|module| module.kinds))
}

fn kind(name: WorkKind) -> Option<&'static Kind> {
    kinds().find(|kind| kind.name == name)
}

fn lane_traffic(traffic: &BucketTraffic) -> LaneTraffic {
    let BucketTraffic { bucket, calls, retries, throttled, waited, limit, remaining, waiting } = *traffic;
    LaneTraffic { lane: bucket.name().to_owned(), calls, retries, throttled, waited, limit, remaining, waiting }
}
