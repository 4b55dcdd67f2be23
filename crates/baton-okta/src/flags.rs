//! What an operator can set about Okta, and how it becomes a [`Config`].

use std::time::Duration;

use baton_connector::ResourceBid;
use baton_runtime::{Failure, Field, Group, Settings, heading};
use okta_client::OrgUrl;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, Requests, Rules};
use crate::email_domains::EmailDomains;
use crate::resources::{api_token, custom_role, resource_set, resource_set_binding};

/// Everything that can be set (`okta-sync.md` 2, with the decisions).
pub(crate) const FIELDS: &[Field] = &[
    Field::text("domain")
        .value_name("HOST")
        .help(heading::CONNECTION, "The org's host name, for example acme.okta.com"),
    Field::text("api-token")
        .value_name("TOKEN")
        .secret()
        .help(heading::CONNECTION, "An API token made by an admin who may read the org")
        .more("Better given as a variable than on the command line, where other users of this machine can see it."),
    Field::switch("sync-custom-roles", false)
        .help(heading::WHAT, "Also custom roles, resource sets, and who is bound to which")
        .more("Takes an admin role that may view roles, resources and admin assignments."),
    Field::switch("sync-secrets", false)
        .help(heading::WHAT, "Also what Okta tells about API tokens, never the tokens themselves")
        .more("Takes the OAuth scope okta.apiTokens.read or an admin role that may view API tokens."),
    Field::switch("sync-devices", false)
        .help(heading::WHAT, "Also devices")
        .more("Takes the OAuth scope okta.devices.read or an admin role that may view devices. Naming `device` in --sync-resource-types does the same."),
    Field::switch("sync-inactive-apps", false).help(heading::WHAT, "Also applications that are not active"),
    Field::switch("skip-app-groups", false)
        .help(heading::WHAT, "Without groups that applications brought along, and what they grant"),
    Field::switch("skip-secondary-emails", false).help(heading::WHAT, "Without the users' second e-mail addresses"),
    Field::list("filter-email-domains")
        .value_name("DOMAINS")
        .help(heading::WHAT, "Only users with an address in one of these domains"),
    Field::switch("app-grant-sources", true)
        .help(heading::WHAT, "Say through which group somebody has an application")
        .more("With false, grants look as if all were made directly."),
    Field::int("rate-limit-share", 90, 1, 100)
        .value_name("PERCENT")
        .help(heading::PACE, "How much of each of Okta's rate limits to use")
        .more("The rest is left to the org's logins and other tools."),
    Field::switch("cache", true).legacy(NO_CACHE),
    Field::int("cache-tti", 60, i64::MIN, i64::MAX).legacy(NO_CACHE),
    Field::int("cache-ttl", 300, i64::MIN, i64::MAX).legacy(NO_CACHE),
];

const NO_CACHE: &str = "a sync asks for each thing once, so there is nothing to cache";

/// The ways to sign in.
pub(crate) const GROUPS: &[Group] = &[Group { name: "api-token-group", required: &["domain", "api-token"] }];

/// The value of `auth-method` that asks for OAuth.
const OAUTH_GROUP: &str = "private-key-group";

/// Resource types that exist only with a switch, and the switch.
const SWITCHED: [(&str, &str); 4] = [
    (custom_role::ID, "sync-custom-roles"),
    (resource_set::ID, "sync-custom-roles"),
    (resource_set_binding::ID, "sync-custom-roles"),
    (api_token::ID, "sync-secrets"),
];

/// Refuses what this version cannot do, and resource types without the switch that they need.
///
/// # Errors
///
/// OAuth is asked for, or a type whose switch is off.
pub(crate) fn check(settings: &Settings) -> Result<(), Failure> {
    let types = settings.list("sync-resource-types");
    // What is no id is told of by whoever reads the ids.
    let resources: Vec<_> =
        settings.list("sync-resources").iter().filter_map(|text| text.parse::<ResourceBid>().ok()).collect();
    let asks = |id: &str| {
        types.iter().any(|asked| asked == id) || resources.iter().any(|asked| asked.resource.resource_type == id)
    };
    if let Some((id, switch)) = SWITCHED.iter().find(|(id, switch)| asks(id) && !settings.switch(switch)) {
        return Err(Failure::new(format!(
            "invalid resource type '{id}' in filter\n\
             hint: it is synced with --{switch} (BATON_{}) only",
            switch.to_uppercase().replace('-', "_")
        )));
    }
    if settings.text("auth-method") == OAUTH_GROUP {
        return Err(Failure::new(format!(
            "auth-method {OAUTH_GROUP}: signing in with OAuth and a private key is not in this version yet\n\
             hint: leave --auth-method (BATON_AUTH_METHOD) out and give an API token: --api-token or BATON_API_TOKEN"
        )));
    }
    Ok(())
}

/// The configuration of the connector.
///
/// # Errors
///
/// The domain cannot be that of an org.
pub(crate) fn config(settings: &Settings, cancel: CancellationToken) -> Result<Config, Failure> {
    let org = OrgUrl::parse(settings.text("domain"))
        .map_err(|error| Failure::new(format!("{error}\nhint: --domain or BATON_DOMAIN sets it")))?;
    let api_token = settings.secret("api-token").cloned().unwrap_or_else(|| SecretString::from(""));
    Ok(Config { rules: rules(settings), requests: requests(settings), cancel, ..Config::new(org, api_token) })
}

/// What of the org is synced.
pub(crate) fn rules(settings: &Settings) -> Rules {
    Rules {
        skip_secondary_emails: settings.switch("skip-secondary-emails"),
        skip_app_groups: settings.switch("skip-app-groups"),
        sync_inactive_apps: settings.switch("sync-inactive-apps"),
        filter_email_domains: EmailDomains::new(settings.list("filter-email-domains")),
        app_grant_sources: settings.switch("app-grant-sources"),
        sync_custom_roles: settings.switch("sync-custom-roles"),
        sync_secrets: settings.switch("sync-secrets"),
        sync_devices: settings.switch("sync-devices"),
    }
}

/// Numbers are in range here: the fields say so.
fn requests(settings: &Settings) -> Requests {
    let default = Requests::default();
    let timeout = u64::try_from(settings.int("http-timeout-seconds")).map_or(default.timeout, Duration::from_secs);
    let rate_limit_share = u8::try_from(settings.int("rate-limit-share")).unwrap_or(default.rate_limit_share);
    Requests { timeout, rate_limit_share, ..default }
}
