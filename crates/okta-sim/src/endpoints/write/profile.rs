//! What Okta demands of profiles and passwords.

use serde_json::{Map, Value};

use crate::org::Org;
use crate::refusal::Refusal;

/// The properties that every user profile can have.
const BASE: [&str; 31] = [
    "login",
    "email",
    "secondEmail",
    "firstName",
    "lastName",
    "middleName",
    "honorificPrefix",
    "honorificSuffix",
    "title",
    "displayName",
    "nickName",
    "profileUrl",
    "primaryPhone",
    "mobilePhone",
    "streetAddress",
    "city",
    "state",
    "zipCode",
    "countryCode",
    "postalAddress",
    "preferredLanguage",
    "locale",
    "timezone",
    "userType",
    "employeeNumber",
    "costCenter",
    "organization",
    "division",
    "department",
    "managerId",
    "manager",
];
const REQUIRED: [&str; 4] = ["firstName", "lastName", "email", "login"];
/// These are shown as null when they have no value; others are not shown then.
const SHOWN: [&str; 2] = ["mobilePhone", "secondEmail"];

const TAKEN: &str = "An object with this field already exists in the current organization";
const BLANK: &str = "The field cannot be left blank";

/// The profile that comes of changes to one, checked. `before` is empty for a new user; `own` is the user's row.
pub(super) fn user(
    org: &Org,
    before: &Map<String, Value>,
    changes: &Map<String, Value>,
    own: Option<u32>,
) -> Result<Value, Refusal> {
    let defined = |name: &str| BASE.contains(&name) || org.defines(name) || before.contains_key(name);
    if let Some(name) = changes.keys().find(|name| !defined(name)) {
        let cause = format!("Property name '{name}' is not defined in profile");
        return Err(Refusal::invalid("newUser", [cause]));
    }
    let mut profile = before.clone();
    for (name, value) in changes {
        profile.insert(name.clone(), value.clone());
    }
    check(org, &profile, changes, own)?;
    profile.retain(|name, value| !value.is_null() || SHOWN.contains(&name.as_str()));
    for name in SHOWN {
        profile.entry(name).or_insert(Value::Null);
    }
    Ok(Value::Object(profile))
}

fn check(
    org: &Org,
    profile: &Map<String, Value>,
    changes: &Map<String, Value>,
    own: Option<u32>,
) -> Result<(), Refusal> {
    let mut wrong: Vec<(&str, &str)> = Vec::new();
    for name in REQUIRED {
        if profile.get(name).and_then(Value::as_str).is_none_or(|text| text.trim().is_empty()) {
            wrong.push((name, BLANK));
        }
    }
    for (name, value) in changes {
        let fits = match value {
            Value::Null | Value::String(_) => true,
            Value::Bool(_) | Value::Number(_) => !BASE.contains(&name.as_str()),
            Value::Array(items) => !BASE.contains(&name.as_str()) && items.iter().all(|it| !it.is_array()),
            Value::Object(_) => false,
        };
        if !fits && !REQUIRED.contains(&name.as_str()) {
            wrong.push((name, "Incorrect type"));
        }
    }
    let text = |name: &str| changes.get(name).and_then(Value::as_str).unwrap_or_default();
    if !text("login").is_empty() && !is_address(text("login")) {
        wrong.push(("login", "Username must be in the form of an email address"));
    }
    for name in ["email", "secondEmail"] {
        if !text(name).is_empty() && !is_address(text(name)) {
            wrong.push((name, "Does not match required pattern"));
        }
    }
    for name in ["firstName", "lastName"] {
        if text(name).chars().count() > 50 {
            wrong.push((name, "The field is too long"));
        }
    }
    if wrong.is_empty() && !text("login").is_empty() && is_taken(org, text("login"), own) {
        wrong.push(("login", TAKEN));
    }
    refuse(&wrong)
}

fn refuse(wrong: &[(&str, &str)]) -> Result<(), Refusal> {
    match wrong.first() {
        None => Ok(()),
        Some((first, _)) => Err(Refusal::invalid(first, wrong.iter().map(|(name, cause)| format!("{name}: {cause}")))),
    }
}

/// Whether another user, of whatever status, has this login.
fn is_taken(org: &Org, login: &str, own: Option<u32>) -> bool {
    // A login is also found by its first part, which is no clash.
    let known = org.find_user(login).filter(|&n| Some(n) != own);
    known.is_some_and(|n| org.login(n).eq_ignore_ascii_case(login))
}

fn is_address(text: &str) -> bool {
    let Some((name, domain)) = text.rsplit_once('@') else { return false };
    !name.is_empty() && domain.contains('.') && !domain.starts_with('.') && !text.contains(char::is_whitespace)
}

/// Checks a new password against the default policy.
pub(super) fn password(value: &str, login: &str) -> Result<(), &'static str> {
    let has = |test: fn(char) -> bool| value.chars().any(test);
    let enough = value.chars().count() >= 8;
    let mixed = has(char::is_lowercase) && has(char::is_uppercase) && has(|it| it.is_ascii_digit());
    let lower = value.to_lowercase();
    let parts = login.split(['@', '.', '-', '_', '#', ',']).filter(|part| part.len() > 3);
    let tells = parts.into_iter().any(|part| lower.contains(&part.to_lowercase()));
    if enough && mixed && !tells {
        return Ok(());
    }
    Err("Password requirements were not met. Password requirements: at least 8 characters, a lowercase letter, an \
         uppercase letter, a number, no parts of your username.")
}

/// The profile of a group, checked. `own` is its row.
pub(super) fn group(org: &Org, changes: &Map<String, Value>, own: Option<u32>) -> Result<Value, Refusal> {
    let before = own.map(|n| org.group_value(n)["profile"].take()).unwrap_or_default();
    let defined =
        |name: &str| ["name", "description"].contains(&name) || org.defines(name) || before.get(name).is_some();
    if let Some(name) = changes.keys().find(|name| !defined(name)) {
        return Err(Refusal::invalid("profile", [format!("Property name '{name}' is not defined in profile")]));
    }
    let name = changes.get("name").and_then(Value::as_str).unwrap_or_default();
    let known = |n: u32| Some(n) != own && org.group_kind(n) == "OKTA_GROUP" && org.group_name(n) == name;
    let wrong = match name.chars().count() {
        _ if name.trim().is_empty() => Some(("name", BLANK)),
        256.. => Some(("name", "The field is too long")),
        _ if changes.get("description").is_some_and(|it| !it.is_null() && !it.is_string()) => {
            Some(("description", "Incorrect type"))
        }
        _ => org.groups.rows().any(known).then_some(("name", TAKEN)),
    };
    refuse(wrong.as_slice())?;
    let mut profile = changes.clone();
    profile.retain(|name, value| name == "description" || !value.is_null());
    profile.entry("description").or_insert(Value::Null);
    Ok(Value::Object(profile))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_fit_the_default_policy_or_not() {
        let login = "grace.hopper@acme.example";
        for good in ["Abcdefg1", "xY3 and more", "Wörter12Ä"] {
            assert_eq!(password(good, login), Ok(()), "{good}");
        }
        for bad in ["Abcdef1", "abcdefg1", "ABCDEFG1", "Abcdefgh", "1Hopper23", "xGRACEx1"] {
            assert!(password(bad, login).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_have_a_name_and_a_domain() {
        for good in ["a@b.c", "two@at@b.example", "x+y@sub.acme.example"] {
            assert!(is_address(good), "{good}");
        }
        for bad in ["", "a", "@b.c", "a@b", "a@.c", "a b@c.d"] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
