//! How the connector signs in, and what it may do by that.

use std::sync::Arc;
use std::time::Duration;

use baton_connector::{Options, SourceError, SourceErrorKind};
use okta_client::models::{Org, OrgMetadata};
use okta_client::{ApiToken, Authenticator, Client, Error, OAuth, OAuthConfig, Pacing, PrivateKey, endpoints};

use crate::config::{Auth, Config, Requests, Rules};
use crate::errors;
use crate::required_permissions::{self, MUST_BE_READ, RequiredPermission, SCOPES_PAGE};
use crate::scope::Scope;

/// How the connector names itself to Okta.
const USER_AGENT: &str = concat!("baton-okta/", env!("CARGO_PKG_VERSION"));

/// The longest that a request for an access token may take.
const TOKEN_TIMEOUT: Duration = Duration::from_secs(30);

/// Who the connector is to Okta.
#[derive(Debug, Clone)]
pub(crate) enum Credential {
    /// The admin who made the API token.
    ApiToken,
    /// A service app, for the scopes that it is granted.
    ServiceApp(OAuth),
}

/// A client that signs in as `config` says, and who it is by that. Nothing is asked of Okta yet.
///
/// # Errors
///
/// Token, key or app can be none, or the machine's TLS roots cannot be used.
pub(crate) fn connect(config: &Config) -> Result<(Client, Credential), Error> {
    let Config { org, auth, requests, purpose, options, rules, .. } = config;
    match auth {
        Auth::ApiToken(token) => {
            let token = ApiToken::new(token.clone())?;
            Ok((client(config, Arc::new(token))?, Credential::ApiToken))
        }
        Auth::PrivateKey { client_id, key_id, private_key } => {
            let key = PrivateKey::parse(private_key)?;
            let scopes =
                required_permissions::scopes(*purpose, options, rules).into_iter().map(str::to_owned).collect();
            let oauth = OAuth::new(OAuthConfig {
                timeout: requests.timeout.min(TOKEN_TIMEOUT),
                user_agent: USER_AGENT.to_owned(),
                pacing: pacing(requests),
                extra_ca: requests.extra_ca.clone(),
                // What may be left out is told of, and the rest is read.
                accept_fewer_scopes: true,
                ..OAuthConfig::new(org.clone(), client_id.clone(), key_id.clone(), key, scopes)
            })?;
            Ok((client(config, Arc::new(oauth.clone()))?, Credential::ServiceApp(oauth)))
        }
    }
}

/// A client that signs in by `auth` and is otherwise set up as `config` says.
///
/// # Errors
///
/// The machine's TLS roots cannot be used.
pub(crate) fn client(config: &Config, auth: Arc<dyn Authenticator>) -> Result<Client, Error> {
    Client::new(okta_client::Config {
        org: config.org.clone(),
        auth,
        timeout: config.requests.timeout,
        user_agent: USER_AGENT.to_owned(),
        pacing: pacing(&config.requests),
        extra_ca: config.requests.extra_ca.clone(),
        cancel: config.cancel.clone(),
    })
}

fn pacing(requests: &Requests) -> Pacing {
    Pacing {
        share_percent: requests.rate_limit_share,
        max_in_flight: requests.max_in_flight,
        max_attempts: requests.max_attempts,
        time_scale: requests.time_scale,
    }
}

impl Credential {
    /// Looks with one request whether Okta lets us in, and for a service app whether it is granted what reading `types`
    /// takes. Types that a sync can do without are only warned of: their lists are refused when their turn comes. Returns
    /// the id of the org, if the answer contains it.
    pub(crate) async fn check(&self, client: &Client, types: &[&'static str]) -> Result<Option<String>, SourceError> {
        let oauth = match self {
            Self::ApiToken => {
                let answer = client.get::<Org>(&endpoints::org::get()).await;
                return answer
                    .map(|org| Some(org.id))
                    .map_err(|error| errors::unusable("checking the connection to Okta", &error));
            }
            Self::ServiceApp(oauth) => oauth,
        };
        // For a process that stays: what was granted since the last time counts.
        oauth.add_scopes(&required_permissions::scopes_for_types(types.iter().copied()));
        oauth.sign_in().await.map_err(|error| errors::unusable("signing in to Okta", &error))?;
        let granted = oauth.granted().unwrap_or_default();
        let missing: Vec<_> = missing(types, &granted).collect();
        for (resource_type, need) in missing.iter().filter(|(of, _)| !MUST_BE_READ.contains(of)) {
            tracing::warn!(
                "{resource_type} will not be read: the service app has no scope {}. Grant it in Okta's admin console \
                 ({SCOPES_PAGE}), or {}",
                need.scope,
                need.without()
            );
        }
        let fatal: Vec<_> = missing.into_iter().filter(|(of, _)| MUST_BE_READ.contains(of)).collect();
        if fatal.is_empty() { Ok(None) } else { Err(no_scope(&fatal)) }
    }

    /// Asks for the scope of the System Log, too. Without it, what the log would tell is read.
    pub(crate) fn want_logs(&self) {
        if let Self::ServiceApp(oauth) = self {
            oauth.add_scopes(&[required_permissions::LOGS]);
        }
    }

    /// Asks for these scopes, too.
    pub(crate) fn want(&self, scopes: &[&'static str]) {
        if let Self::ServiceApp(oauth) = self {
            oauth.add_scopes(scopes);
        }
    }

    /// Okta's time when it let us in, if that took a request of its own.
    pub(crate) fn server_time(&self) -> Option<jiff::Timestamp> {
        match self {
            Self::ApiToken => None,
            Self::ServiceApp(oauth) => oauth.server_time(),
        }
    }

    /// Asks for the scopes that a sync of this takes, if those of the present token do not do.
    pub(crate) fn prepare(&self, options: &Options, rules: &Rules) {
        if let Self::ServiceApp(oauth) = self {
            oauth.add_scopes(&required_permissions::scopes_for_types(Scope::of(options, rules).types()));
        }
    }
}

/// Fetches the id of the org, for which no permission is needed. `None` if that fails: no sync depends on it.
pub(crate) async fn org_id(client: &Client) -> Option<String> {
    match client.get::<OrgMetadata>(&endpoints::org::metadata()).await {
        Ok(org) => Some(org.id),
        Err(error) => {
            tracing::debug!(%error, "the id of the org is not known");
            None
        }
    }
}

/// Those of the types whose scope is not granted.
pub(crate) fn missing(
    types: &[&'static str],
    granted: &[String],
) -> impl Iterator<Item = (&'static str, RequiredPermission)> {
    let needs = types.iter().filter_map(|of| Some((*of, RequiredPermission::for_type(of)?)));
    needs.filter(|(_, need)| !required_permissions::is_granted(need.scope, granted))
}

/// The failure of a sync whose main types may not be read.
fn no_scope(missing: &[(&'static str, RequiredPermission)]) -> SourceError {
    let list: Vec<_> = missing.iter().map(|(of, need)| format!("{} (to read {of})", need.scope)).collect();
    let message = format!(
        "the service app may sign in, but has not all scopes that this sync takes: {} {} missing. Grant what is missing \
         in Okta's admin console ({SCOPES_PAGE}), or {}",
        list.join(", "),
        if list.len() == 1 { "is" } else { "are" },
        missing[0].1.without()
    );
    SourceError { message, kind: SourceErrorKind::Forbidden }
}
