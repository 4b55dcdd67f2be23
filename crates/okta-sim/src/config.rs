//! How a simulator is set up.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::{Area, Clock, Faults, OAuthApp, OAuthSettings, Org, Quotas, Rights};

/// The API token of a simulator that was given no other.
pub const DEFAULT_TOKEN: &str = "00okta-sim-token";

/// Everything that can be set. Start from [`SimConfig::new`].
#[derive(Debug)]
pub struct SimConfig {
    /// Where to listen; port 0 takes a free one. Default `127.0.0.1:0`.
    pub listen: SocketAddr,
    /// Names besides `localhost`, `127.0.0.1` and `::1` that the server's certificate is good for.
    pub names: Vec<String>,
    /// The org that is served.
    pub org: Org,
    /// The credentials that are accepted. Default: [`DEFAULT_TOKEN`], which may read everything.
    pub tokens: Vec<Token>,
    /// Service apps that get access tokens at `/oauth2/v1/token`. Default: none.
    pub oauth_apps: Vec<OAuthApp>,
    /// How the authorization server behaves.
    pub oauth: OAuthSettings,
    /// Calls a minute per bucket. Default: unlimited.
    pub quotas: Quotas,
    /// The share of a quota that one token may use, in percent. Default 50, as in Okta.
    pub principal_percent: u8,
    /// The most calls that may run at once; beyond it calls get the 429 of the concurrency limit. Default: none.
    pub concurrency_limit: Option<u32>,
    /// How long each call takes, in real time. Default: no time.
    pub latency: Duration,
    /// At most this much is added to each call's latency, drawn from `seed` and the number of the call.
    pub latency_jitter: Duration,
    /// Where request ids and jitter come from.
    pub seed: u64,
    /// The server's time.
    pub clock: Clock,
    /// How long `search` on users and groups still sees what they were, by the simulator's clock. Default: not at all.
    pub search_lag: Duration,
    /// How much later than they are made changes come into the System Log, by the simulator's clock. Default: at once.
    pub log_lag: Duration,
    /// What goes wrong on purpose.
    pub faults: Faults,
    /// No page of any list is larger than this, to make small orgs page. Default: Okta's own maxima.
    pub page_cap: Option<usize>,
    /// The largest page of groups, 1 to 10,000. Default 200, as in most orgs.
    pub group_page_cap: usize,
    /// Whether links to next pages lose `expand`, as those of several Okta lists have at times.
    pub forget_expand: bool,
    /// Whether the lists under `/iam` name their next page in a `Link` header, as other lists do, and not in the body.
    pub iam_link_headers: bool,
    /// What becomes of the short lists of members and of app users.
    pub skinny_users: SkinnyUsers,
    /// The host that links name instead of the one that was asked, such as `acme.okta.com`; admin links then name
    /// `acme-admin.okta.com`.
    pub display_domain: Option<String>,
    /// Whether bodies are compressed for clients that accept it.
    pub gzip: bool,
    /// Whether [`Stats::log`](crate::Stats::log) keeps every request.
    pub log_requests: bool,
    /// Whether [`Sim::writes`](crate::Sim::writes) keeps every request for a change, with its body.
    pub record_writes: bool,
}

impl SimConfig {
    /// A simulator of this org that limits nothing and answers at once.
    #[must_use]
    pub fn new(org: Org) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            names: Vec::new(),
            org,
            tokens: vec![Token::new(DEFAULT_TOKEN)],
            oauth_apps: Vec::new(),
            oauth: OAuthSettings::default(),
            quotas: Quotas::unlimited(),
            principal_percent: 50,
            concurrency_limit: None,
            latency: Duration::ZERO,
            latency_jitter: Duration::ZERO,
            seed: 1,
            clock: Clock::real(),
            search_lag: Duration::ZERO,
            log_lag: Duration::ZERO,
            faults: Faults::none(),
            page_cap: None,
            group_page_cap: 200,
            forget_expand: false,
            iam_link_headers: false,
            skinny_users: SkinnyUsers::default(),
            display_domain: None,
            gzip: false,
            log_requests: false,
            record_writes: false,
        }
    }
}

impl Default for SimConfig {
    /// An empty org.
    fn default() -> Self {
        Self::new(Org::empty())
    }
}

/// The short lists of users below groups and apps (`skinny_users`), which are not in Okta's API description.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SkinnyUsers {
    /// They are served.
    #[default]
    Served,
    /// They are served, but links to next pages lead to the plain lists, as has been seen.
    Straying,
    /// The org does not have them: there is no such path.
    Absent,
}

/// A credential that the simulator accepts, and what it may not do. Each is a principal with quotas of its own.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    pub(crate) secret: String,
    pub(crate) scheme: Scheme,
    pub(crate) denied: BTreeSet<Area>,
    pub(crate) rights: Rights,
    /// The id of the user who made it.
    pub(crate) owner: Option<String>,
}

/// How a credential is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// An API token: `Authorization: SSWS …`, with or without the space.
    Ssws,
    /// An OAuth access token: `Authorization: Bearer …`.
    Bearer,
}

impl Token {
    /// An API token with every right. What it is denied is refused with 403 E0000006, as for a missing admin role.
    #[must_use]
    pub fn new(secret: impl Into<String>) -> Self {
        Self {
            secret: secret.into(),
            scheme: Scheme::Ssws,
            denied: BTreeSet::new(),
            rights: Rights::super_admin(),
            owner: None,
        }
    }

    /// An OAuth access token with every scope. What it is denied is refused with 403 and `insufficient_scope`.
    #[must_use]
    pub fn bearer(secret: impl Into<String>) -> Self {
        Self { scheme: Scheme::Bearer, ..Self::new(secret) }
    }

    /// What the admin roles of the token's owner allow; the rest is refused with 403 E0000006. Default: everything.
    #[must_use]
    pub fn rights(mut self, rights: Rights) -> Self {
        self.rights = rights;
        self
    }

    /// The same token, made by the user with this id, whom `me` in a path then names. Default: the first super
    /// administrator of the org. What the token may do does not depend on it.
    #[must_use]
    pub fn owned_by(mut self, user: impl Into<String>) -> Self {
        self.owner = Some(user.into());
        self
    }

    /// The same token without this right.
    #[must_use]
    pub fn without(mut self, area: Area) -> Self {
        self.denied.insert(area);
        self
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("scheme", &self.scheme)
            .field("denied", &self.denied)
            .field("rights", &self.rights)
            .finish_non_exhaustive()
    }
}
