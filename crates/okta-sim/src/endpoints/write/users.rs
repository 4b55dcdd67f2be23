//! Making, changing and deleting users.

use serde_json::{Map, Value, json};

use super::{Change, Done, body, groups, profile};
use crate::org::Org;
use crate::org::change::NewUser;
use crate::refusal::Refusal;
use crate::render;
use crate::render::user::Omit;

/// No more groups than this can be named when a user is made.
const GROUPS: usize = 20;
const PROVIDERS: [&str; 6] = ["OKTA", "ACTIVE_DIRECTORY", "LDAP", "FEDERATION", "SOCIAL", "IMPORT"];

pub(super) fn create(org: &mut Org, change: &Change<'_>) -> Result<Done, Refusal> {
    let body = change.object()?;
    let activate = change.flag("activate")?.unwrap_or(true);
    let given = body::object(&body, "profile")?.cloned().unwrap_or_default();
    let profile = profile::user(org, &Map::new(), &given, None)?;
    check_type(&body)?;
    let credentials = body::object(&body, "credentials")?.cloned().unwrap_or_default();
    let provider = provider(change, &credentials)?;
    let password = password_of(&credentials)?;
    let foreign = provider["type"] == "FEDERATION" || provider["type"] == "SOCIAL";
    if password.is_some() && foreign {
        return Err(Refusal::invalid("password", ["password: The provider of this user has the password".to_owned()]));
    }
    if let Some(value) = password {
        let login = profile["login"].as_str().unwrap_or_default();
        profile::password(value, login)
            .map_err(|cause| Refusal::invalid("password", [format!("password: {cause}")]))?;
    }
    let expired = match change.query.get("nextLogin") {
        None => false,
        Some("changePassword") if !activate => return Err(Refusal::expired_but_not_active()),
        Some("changePassword") if password.is_none() => return Err(Refusal::expired_without_password()),
        Some("changePassword") => true,
        Some(_) => return Err(Refusal::invalid_parameter("nextLogin", "must be changePassword")),
    };
    let group_ids = body::texts(&body, "groupIds")?;
    if group_ids.len() > GROUPS {
        return Err(Refusal::too_many_groups());
    }
    let groups =
        group_ids.into_iter().map(|id| groups::to_be_filled(org, id)).collect::<Result<Vec<u32>, Refusal>>()?;
    let status = match (activate, expired, password.is_some() || foreign) {
        (false, ..) => "STAGED",
        (true, true, _) => "PASSWORD_EXPIRED",
        (true, false, true) => "ACTIVE",
        (true, false, false) => "PROVISIONED",
    };
    let n = org.insert_user(NewUser { profile, status, provider, has_password: password.is_some() });
    for group in groups {
        org.join(group, n);
    }
    Ok(shown(org, change, n))
}

/// Changes the members that are named, or replaces all of them.
pub(super) fn update(org: &mut Org, change: &Change<'_>, key: &str, replace: bool) -> Result<Done, Refusal> {
    let n = find(org, key)?;
    let body = change.object()?;
    if org.user_status(n) == "DEPROVISIONED" {
        return Err(Refusal::wrong_status());
    }
    check_type(&body)?;
    let before = org.user_value(n)["profile"].take();
    let before = before.as_object().cloned().unwrap_or_default();
    let given = body::object(&body, "profile")?;
    let profile = match given {
        Some(given) if replace => {
            // What is left out goes, but what the org knows may still be named.
            let mut all: Map<String, Value> = before.keys().map(|name| (name.clone(), Value::Null)).collect();
            all.extend(given.clone());
            profile::user(org, &before, &all, Some(n))?
        }
        Some(given) => profile::user(org, &before, given, Some(n))?,
        None if replace => return Err(Refusal::invalid("profile", ["profile: The field cannot be left blank".into()])),
        None => Value::Object(before),
    };
    let credentials = body::object(&body, "credentials")?.cloned().unwrap_or_default();
    let password = password_of(&credentials)?;
    if let Some(value) = password {
        profile::password(value, &org.login(n)).map_err(Refusal::credentials_not_updated)?;
    }
    org.set_profile(n, profile, password.is_some());
    if password.is_some() && matches!(org.user_status(n), "PROVISIONED" | "PASSWORD_EXPIRED" | "RECOVERY") {
        org.set_status(n, "ACTIVE", "");
    }
    Ok(shown(org, change, n))
}

/// Deactivates a user who is not deactivated yet; deletes one who is.
pub(super) fn delete(org: &mut Org, key: &str) -> Result<Done, Refusal> {
    let n = find(org, key)?;
    if org.user_status(n) == "DEPROVISIONED" {
        org.delete_user(n);
    } else {
        super::lifecycle::deactivate(org, n);
    }
    Ok(Done::gone())
}

/// A user as the answer shows it.
pub(super) fn shown(org: &Org, change: &Change<'_>, n: u32) -> Done {
    let mut body = String::new();
    render::user::single(org, n, change.hosts, Omit::default(), &mut body);
    Done::ok(body)
}

pub(super) fn find(org: &Org, key: &str) -> Result<u32, Refusal> {
    org.find_user(key).ok_or_else(|| Refusal::not_found(key, "User"))
}

fn provider(change: &Change<'_>, credentials: &Map<String, Value>) -> Result<Value, Refusal> {
    let okta = json!({"type": "OKTA", "name": "OKTA"});
    let Some(provider) = body::object(credentials, "provider")? else { return Ok(okta) };
    let kind = body::text(provider, "type")?.unwrap_or_default();
    if !PROVIDERS.contains(&kind) {
        return Err(Refusal::invalid("provider", ["provider: The type is not supported".to_owned()]));
    }
    // Without this parameter Okta takes no notice of the provider.
    if change.flag("provider")? != Some(true) {
        return Ok(okta);
    }
    Ok(json!({"type": kind, "name": body::text(provider, "name")?.unwrap_or(kind)}))
}

fn password_of(credentials: &Map<String, Value>) -> Result<Option<&str>, Refusal> {
    match body::object(credentials, "password")? {
        Some(password) => body::text(password, "value"),
        None => Ok(None),
    }
}

/// The org has one type of users.
fn check_type(body: &Map<String, Value>) -> Result<(), Refusal> {
    let kind = body::object(body, "type")?.map(|kind| body::text(kind, "id")).transpose()?.flatten();
    match kind {
        Some(id) if id != "otys1m00000000001d7x" => Err(Refusal::not_found(id, "UserType")),
        _ => Ok(()),
    }
}
