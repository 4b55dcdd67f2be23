//! How the connector reaches an org, and what of the org it syncs.

use std::time::Duration;

use baton_connector::{Options, Purpose};
use okta_client::OrgUrl;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use crate::email_domains::EmailDomains;

/// Everything that the connector must be told.
#[derive(Debug, Clone)]
pub struct Config {
    /// The org.
    pub org: OrgUrl,
    /// How to sign in.
    pub auth: Auth,
    /// What for: a service app asks for no more scopes than that takes.
    pub purpose: Purpose,
    /// What is to be synced, as far as it is known beforehand; for the scopes as well.
    pub options: Options,
    /// What of the org is synced.
    pub rules: Rules,
    /// How requests are made.
    pub requests: Requests,
    /// Ends all requests and waits.
    pub cancel: CancellationToken,
}

impl Config {
    /// The defaults for an org, signing in with an API token.
    #[must_use]
    pub fn new(org: OrgUrl, api_token: SecretString) -> Self {
        Self {
            org,
            auth: Auth::ApiToken(api_token),
            purpose: Purpose::Sync,
            options: Options::default(),
            rules: Rules::default(),
            requests: Requests::default(),
            cancel: CancellationToken::new(),
        }
    }
}

/// The ways to sign in. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub enum Auth {
    /// With an API token (SSWS).
    ApiToken(SecretString),
    /// As a service app, by OAuth 2.0 with a private key.
    PrivateKey {
        /// The app's client id.
        client_id: String,
        /// The id of the public key that belongs to the private one.
        key_id: String,
        /// The private key: PEM, JWK, or the path of a file that holds one of these.
        private_key: SecretString,
    },
}

/// The options that change what a sync contains (`docs/spec/okta-sync.md` 2, `docs/spec/decisions.md` 2 and 3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Leaves the second e-mail address out of every user; the profile key `secondEmail` is then null.
    pub skip_secondary_emails: bool,
    /// Leaves out groups that an app imports (`APP_GROUP`), and what they are granted.
    pub skip_app_groups: bool,
    /// Syncs apps that are not active, too.
    pub sync_inactive_apps: bool,
    /// Only users with an address in one of these domains.
    pub filter_email_domains: EmailDomains,
    /// Says on an app assignment that comes through a group which group it is.
    pub app_grant_sources: bool,
    /// Syncs custom roles, resource sets and their bindings.
    pub sync_custom_roles: bool,
    /// Syncs what Okta tells about API tokens.
    pub sync_secrets: bool,
    /// Syncs devices also when no list of resource types names them.
    pub sync_devices: bool,
    /// Takes the members of Everyone from the list of users, instead of reading them.
    pub everyone_from_users: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            skip_secondary_emails: false,
            skip_app_groups: false,
            sync_inactive_apps: false,
            filter_email_domains: EmailDomains::default(),
            app_grant_sources: true,
            sync_custom_roles: false,
            sync_secrets: false,
            sync_devices: false,
            everyone_from_users: false,
        }
    }
}

impl Rules {
    /// A text that is different for rules under which a sync could contain something else.
    pub(crate) fn fingerprint(&self) -> String {
        let Self {
            skip_secondary_emails,
            skip_app_groups,
            sync_inactive_apps,
            filter_email_domains,
            app_grant_sources,
            sync_custom_roles,
            sync_secrets,
            sync_devices,
            everyone_from_users,
        } = self;
        format!(
            "skip-secondary-emails={skip_secondary_emails} skip-app-groups={skip_app_groups} \
             sync-inactive-apps={sync_inactive_apps} filter-email-domains={} app-grant-sources={app_grant_sources} \
             sync-custom-roles={sync_custom_roles} sync-secrets={sync_secrets} sync-devices={sync_devices} \
             everyone-from-users={everyone_from_users}",
            filter_email_domains.as_slice().join(",")
        )
    }
}

/// How requests are made; nothing here changes what a sync contains.
#[derive(Debug, Clone, PartialEq)]
pub struct Requests {
    /// The longest that one request may take.
    pub timeout: Duration,
    /// Percent of each rate limit that we may use, 1 to 100.
    pub rate_limit_share: u8,
    /// Requests under way at once, over all rate limits.
    pub max_in_flight: usize,
    /// How often one request is sent at most.
    pub max_attempts: u32,
    /// How much faster than ours the org's clock runs: 1.0 for every real org; more with a simulated one.
    pub time_scale: f64,
    /// Asked for instead of each list's own page size, as far as Okta allows.
    pub page_size: Option<u32>,
    /// Whether members and application users may also be read from Okta's short lists (`skinny_users`), which have rate
    /// limits of their own.
    pub short_lists: bool,
    /// CA certificates (PEM) that are trusted besides the machine's own: those of a simulated org, for example.
    pub extra_ca: Option<String>,
}

impl Default for Requests {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(300),
            rate_limit_share: 90,
            max_in_flight: 24,
            max_attempts: 8,
            time_scale: 1.0,
            page_size: None,
            short_lists: true,
            extra_ca: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_changes_the_fingerprint() {
        let all = [
            Rules::default(),
            Rules { skip_secondary_emails: true, ..Rules::default() },
            Rules { skip_app_groups: true, ..Rules::default() },
            Rules { sync_inactive_apps: true, ..Rules::default() },
            Rules { filter_email_domains: EmailDomains::new(["a.example"]), ..Rules::default() },
            Rules { filter_email_domains: EmailDomains::new(["b.example"]), ..Rules::default() },
            Rules { app_grant_sources: false, ..Rules::default() },
            Rules { sync_custom_roles: true, ..Rules::default() },
            Rules { sync_secrets: true, ..Rules::default() },
            Rules { sync_devices: true, ..Rules::default() },
            Rules { everyone_from_users: true, ..Rules::default() },
        ];
        let different: std::collections::BTreeSet<_> = all.iter().map(Rules::fingerprint).collect();
        assert_eq!(different.len(), all.len());
    }
}
