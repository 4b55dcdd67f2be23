//! Whether the settings say where the org is and how to sign in.

use baton_connector::Purpose;
use baton_runtime::{Failure, Session};

use super::report::Finding;
use crate::config::{Auth, Config};
use crate::flags;

pub(super) const CHECK: &str = "settings";

/// What is wrong without any code of gRPC's.
const CODE: u8 = Failure::GENERAL;

/// The configuration of a sync, or what is wrong with the settings.
pub(super) fn config(session: &Session, purpose: Purpose) -> Result<Config, Vec<Finding>> {
    let settings = session.settings();
    flags::check(settings).map_err(|failure| vec![of(&failure)])?;
    let missing = missing(session);
    if !missing.is_empty() {
        return Err(missing);
    }
    let mut config =
        flags::config(settings, purpose, session.cancel().clone()).map_err(|failure| vec![of(&failure)])?;
    config.requests.max_attempts = super::ATTEMPTS;
    Ok(config)
}

fn missing(session: &Session) -> Vec<Finding> {
    let settings = session.settings();
    let chosen = settings.text(flags::AUTH_METHOD);
    let group = flags::GROUPS.iter().find(|group| group.name == chosen).or(flags::GROUPS.first());
    let names = group.map_or(&[][..], |group| group.required);
    let is_missing = |name: &&&str| settings.text(name).is_empty() && settings.secret(name).is_none();
    let finding = |name: &&str| {
        let example = match *name {
            "domain" => ", for example acme.okta.com",
            "api-token" => {
                ": make one in the admin console under Security › API › Tokens, signed in as the account it is to act \
                 for; or sign in with a private key (--auth-method private-key-group)"
            }
            "okta-client-id" => {
                ": the Client ID on the page of the API Services app (Applications › the app › General)"
            }
            "okta-private-key-id" => ": the KID beside the public key on the same page",
            _ => ": a file, or the text of the key itself",
        };
        let fix = format!("set --{name} or {}{example}", flags::variable(name));
        Finding::problem(CHECK, format!("{name} is not set"), fix, CODE)
    };
    names.iter().filter(is_missing).map(finding).collect()
}

/// A failure whose text may end in hints.
fn of(failure: &Failure) -> Finding {
    let text = failure.to_string();
    let (what, fix) = text.split_once("\nhint: ").unwrap_or((text.as_str(), ""));
    Finding::problem(CHECK, what, fix, CODE)
}

/// Settings that are as they should be.
pub(super) fn described(config: &Config) -> Finding {
    let how = match &config.auth {
        Auth::ApiToken(_) => "with an API token".to_owned(),
        Auth::PrivateKey { client_id, key_id, .. } => {
            format!("as service app {} with the private key of {}", client_id.trim(), key_id.trim())
        }
    };
    Finding::ok(CHECK, format!("{}, signing in {how}", config.org))
}
