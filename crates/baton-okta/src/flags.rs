//! What an operator can set about Okta, and how it becomes a [`Config`].

use std::time::Duration;

use baton_connector::{Options, Purpose, ResourceBid};
use baton_runtime::{Failure, Field, Group, Settings, heading};
use okta_client::OrgUrl;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use crate::config::{Auth, Config, Requests, Rules};
use crate::email_domains::EmailDomains;
use crate::ids::{api_token, custom_role, resource_set, resource_set_binding};

/// Everything that can be set (`docs/spec/okta-sync.md` 2, `docs/spec/decisions.md` 2 and 3).
pub(crate) const FIELDS: &[Field] = &[
    Field::text("domain")
        .value_name("HOST")
        .help(heading::CONNECTION, "Host name of the Okta org, for example acme.okta.com"),
    Field::text("api-token")
        .value_name("TOKEN")
        .secret()
        .help(heading::CONNECTION, "An API token made by an admin who may read the org")
        .more("Better given as a variable than on the command line, where other users of this machine can see it."),
    Field::text(AUTH_METHOD)
        .value_name("METHOD")
        .choices(&[TOKEN_GROUP, OAUTH_GROUP])
        .help(heading::CONNECTION, "How to sign in: api-token-group (the default) or private-key-group")
        .more("The first takes --api-token, the second the three options --okta-…"),
    Field::text("okta-client-id")
        .value_name("ID")
        .help(heading::CONNECTION, "Client id of the API Services app to sign in as"),
    Field::text("okta-private-key")
        .file()
        .value_name("KEY")
        .secret()
        .help(heading::CONNECTION, "Private key of the API Services app: a file, PEM text, or JWK")
        .more("RSA, 2048 bits or more. Line ends of the text may be written as \\n."),
    Field::text("okta-private-key-id")
        .value_name("ID")
        .help(heading::CONNECTION, "Id (kid) of the public key that belongs to the private key"),
    Field::switch("sync-custom-roles", false)
        .help(heading::WHAT, "Sync custom roles, resource sets, and who is bound to which")
        .more("Takes an admin role that may view roles, resources and admin assignments."),
    Field::switch("sync-secrets", false)
        .help(heading::WHAT, "Sync what Okta says about API tokens, never the tokens themselves")
        .more("Takes the OAuth scope okta.apiTokens.read or an admin role that may view API tokens."),
    Field::switch("sync-devices", false)
        .help(heading::WHAT, "Sync devices")
        .more("Takes the OAuth scope okta.devices.read or an admin role that may view devices. Naming `device` in --sync-resource-types does the same."),
    Field::switch("sync-inactive-apps", false).help(heading::WHAT, "Sync applications that are not active, too"),
    Field::switch("skip-app-groups", false)
        .help(heading::WHAT, "Skip groups that applications brought along, and what they grant"),
    Field::switch("skip-secondary-emails", false).help(heading::WHAT, "Skip the users' second e-mail addresses"),
    Field::list("filter-email-domains")
        .value_name("DOMAINS")
        .help(heading::WHAT, "Sync only users with an address in one of these domains"),
    Field::switch("app-grant-sources", true)
        .help(heading::WHAT, "Say through which group somebody has an application")
        .more("With false, grants look as if all were made directly."),
    Field::int("rate-limit-share", 90, 1, 100)
        .value_name("PERCENT")
        .help(heading::PACE, "How much of each of Okta's rate limits to use, in percent")
        .more("The rest is left to the org's logins and other tools."),
    Field::switch("short-lists", true)
        .help(heading::PACE, "Read members and assignments from Okta's short lists (skinny_users) too")
        .more("They have rate limits of their own, and are used only when the others do not suffice. Okta supports them but does not document them."),
    Field::switch("everyone-from-users", false)
        .help(heading::PACE, "Take the members of Everyone from the list of users instead of reading them")
        .more("Saves a call per thousand users. Okta does not promise that they are the same: all users but deactivated ones."),
    Field::switch("cache", true).legacy(NO_CACHE),
    Field::int("cache-tti", 60, i64::MIN, i64::MAX).legacy(NO_CACHE),
    Field::int("cache-ttl", 300, i64::MIN, i64::MAX).legacy(NO_CACHE),
];

const NO_CACHE: &str = "a sync asks for each thing once, so there is nothing to cache";

/// The ways to sign in.
pub(crate) const GROUPS: &[Group] = &[
    Group { name: TOKEN_GROUP, required: &["domain", "api-token"] },
    Group { name: OAUTH_GROUP, required: &["domain", "okta-client-id", "okta-private-key-id", "okta-private-key"] },
];

/// The value of `auth-method` that stands for an API token.
const TOKEN_GROUP: &str = "api-token-group";
/// The value of `auth-method` that stands for OAuth.
const OAUTH_GROUP: &str = "private-key-group";

/// Resource types that exist only with a switch, and the switch.
const SWITCHED: [(&str, &str); 4] = [
    (custom_role::ID, "sync-custom-roles"),
    (resource_set::ID, "sync-custom-roles"),
    (resource_set_binding::ID, "sync-custom-roles"),
    (api_token::ID, "sync-secrets"),
];

/// Refuses settings that do not say how to sign in, and resource types without the switch that they need.
///
/// # Errors
///
/// Two ways to sign in are set or none is chosen, or a type whose switch is off is asked for.
pub(crate) fn check(settings: &Settings) -> Result<(), Failure> {
    check_sign_in(settings)?;
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
             hint: it is synced with --{switch} ({}) only",
            variable(switch)
        )));
    }
    Ok(())
}

/// Refuses settings for two ways to sign in, and those for one that was not chosen: the operator must know who will act.
fn check_sign_in(settings: &Settings) -> Result<(), Failure> {
    let is_set = |name: &&str| !settings.text(name).is_empty() || settings.secret(name).is_some();
    let of_oauth = ["okta-client-id", "okta-private-key-id", "okta-private-key"].into_iter().filter(is_set);
    let of_oauth: Vec<_> = of_oauth.map(|name| format!("--{name} ({})", variable(name))).collect();
    if of_oauth.is_empty() && settings.text(AUTH_METHOD) != OAUTH_GROUP {
        return Ok(());
    }
    if settings.secret("api-token").is_some() {
        let oauth = if of_oauth.is_empty() { format!("--{AUTH_METHOD} {OAUTH_GROUP}") } else { of_oauth.join(", ") };
        return Err(Failure::new(format!(
            "two ways to sign in are set: --api-token (BATON_API_TOKEN), and {oauth}\n\
             hint: remove what belongs to the one that you do not want"
        )));
    }
    if settings.text(AUTH_METHOD) != OAUTH_GROUP {
        return Err(Failure::new(format!(
            "{} set, but without --{AUTH_METHOD} {OAUTH_GROUP} the way to sign in is an API token\n\
             hint: add --{AUTH_METHOD} {OAUTH_GROUP} or {}={OAUTH_GROUP}",
            match of_oauth.as_slice() {
                [one] => format!("{one} is"),
                several => format!("{} are", several.join(", ")),
            },
            variable(AUTH_METHOD),
        )));
    }
    Ok(())
}

/// The field that chooses the way to sign in.
pub(crate) const AUTH_METHOD: &str = "auth-method";

/// The variable of a field.
pub(crate) fn variable(name: &str) -> String {
    format!("BATON_{}", name.to_uppercase().replace('-', "_"))
}

/// The configuration of the connector for `purpose`.
///
/// # Errors
///
/// The domain cannot be that of an org.
pub(crate) fn config(settings: &Settings, purpose: Purpose, cancel: CancellationToken) -> Result<Config, Failure> {
    let org = OrgUrl::parse(settings.text("domain"))
        .map_err(|error| Failure::new(format!("{error}\nhint: --domain or BATON_DOMAIN sets it")))?;
    Ok(Config {
        org,
        auth: auth(settings),
        purpose,
        options: options(settings),
        rules: rules(settings),
        requests: requests(settings),
        cancel,
    })
}

fn auth(settings: &Settings) -> Auth {
    let secret = |name: &str| settings.secret(name).cloned().unwrap_or_else(|| SecretString::from(""));
    if settings.text(AUTH_METHOD) != OAUTH_GROUP {
        return Auth::ApiToken(secret("api-token"));
    }
    Auth::PrivateKey {
        client_id: settings.text("okta-client-id").to_owned(),
        key_id: settings.text("okta-private-key-id").to_owned(),
        private_key: secret("okta-private-key"),
    }
}

/// What is to be synced, as far as it decides about scopes. What cannot be read is told of by whoever syncs it.
fn options(settings: &Settings) -> Options {
    Options {
        resource_types: settings.list("sync-resource-types").to_vec(),
        resources: settings.list("sync-resources").iter().filter_map(|text| text.parse().ok()).collect(),
        skip_entitlements_and_grants: settings.switch("skip-entitlements-and-grants"),
        ..Options::default()
    }
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
        everyone_from_users: settings.switch("everyone-from-users"),
    }
}

/// Numbers are in range here: the fields say so.
fn requests(settings: &Settings) -> Requests {
    let default = Requests::default();
    let timeout = u64::try_from(settings.int("http-timeout-seconds")).map_or(default.timeout, Duration::from_secs);
    let rate_limit_share = u8::try_from(settings.int("rate-limit-share")).unwrap_or(default.rate_limit_share);
    Requests { timeout, rate_limit_share, short_lists: settings.switch("short-lists"), ..default }
}
