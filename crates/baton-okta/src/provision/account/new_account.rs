//! What is asked for in a new account, checked before anything is sent (`docs/spec/okta-provisioning.md` 5.1, 5.3,
//! 5.4).

use baton_connector::provision::{AccountRequest, CredentialWish};
use baton_connector::{ChangeError, Code};
use baton_proto::go::parse_bool;
use baton_provision::passwords;
use okta_client::endpoints::users::{NewUser, SignIn};
use secrecy::SecretString;
use serde_json::{Map, Value};

use crate::describe;
use crate::profile;

const FIRST_NAME: &str = "first_name";
const LAST_NAME: &str = "last_name";
const EMAIL: &str = "email";
const LOGIN: &str = "login";
const CHANGE_PASSWORD: &str = "password_change_on_login_required";
const INACTIVE: &str = "create_inactive";
const SEND_EMAIL: &str = "send_activation_email";
const PROVIDER: &str = "provider_type";
const MORE: &str = "additionalAttributes";

/// Attributes of Okta's profile that have fields of their own.
const PROTECTED: [&str; 4] = ["firstName", "lastName", "email", "login"];

/// A new account that can be asked for.
#[derive(Debug)]
pub(in crate::provision) struct NewAccount {
    /// The name to sign in with.
    pub login: String,
    /// The request's content.
    pub user: NewUser,
    /// The account comes staged, and is activated by a request of its own, which makes Okta write to nobody.
    pub activate_in_silence: bool,
    /// The password that was made up.
    pub password: Option<SecretString>,
    /// What somebody should know about the request.
    pub notes: Vec<String>,
}

/// Who checks the user's sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Provider {
    Okta,
    Federation,
}

impl NewAccount {
    /// The account that a request asks for.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`]: which field is missing or wrong, or which do not go together.
    pub(in crate::provision) fn from_request(request: &AccountRequest) -> Result<Self, ChangeError> {
        let fields = request.info.profile.as_ref().map(profile::to_json).unwrap_or_default();
        let profile = okta_profile(&fields)?;
        let password = password_wish(&request.credential)?;
        let provider = provider(&fields)?;
        if provider == Provider::Federation && password.is_some() {
            return Err(invalid(
                "provider_type=FEDERATION cannot be combined with a random password credential option\n\
                 hint: the other provider has the password: ask for an account without one",
            ));
        }
        let inactive = boolean(&fields, INACTIVE, false)?;
        let send_email = boolean(&fields, SEND_EMAIL, true)?;
        let asked_in_profile = boolean(&fields, CHANGE_PASSWORD, false)?;
        let change = password.as_ref().is_some_and(|wanted| wanted.change || asked_in_profile);
        if change && !inactive && !send_email {
            return Err(invalid(
                "send_activation_email=false cannot be combined with password_change_on_login_required=true: Okta makes \
                 nobody change a password who is activated later\nhint: leave one of the two out",
            ));
        }
        let mut notes: Vec<String> = unknown(&fields).into_iter().collect();
        if change && inactive {
            notes.push(
                "the password need not be changed at the first sign-in: Okta knows that only for accounts that are \
                 active at once"
                    .to_owned(),
            );
        }
        let password = password.map(|wanted| passwords::generate(wanted.length, &wanted.constraints)).transpose()?;
        let sign_in = match (&password, provider) {
            (Some(value), _) => SignIn::Password { value: value.clone(), change_at_first_sign_in: change && !inactive },
            (None, Provider::Okta) => SignIn::NoPassword,
            (None, Provider::Federation) => SignIn::Federation,
        };
        let login = profile.get("login").and_then(Value::as_str).unwrap_or_default().to_owned();
        let user = NewUser { profile, sign_in, activate: !inactive && send_email };
        Ok(Self { login, user, activate_in_silence: !inactive && !send_email, password, notes })
    }
}

fn invalid(message: impl Into<String>) -> ChangeError {
    ChangeError::new(Code::InvalidArgument, message)
}

/// The profile as Okta has it.
fn okta_profile(fields: &Map<String, Value>) -> Result<Map<String, Value>, ChangeError> {
    let first = needed(fields, FIRST_NAME, "first name")?;
    let last = needed(fields, LAST_NAME, "last name")?;
    let email = needed(fields, EMAIL, "email")?;
    let login = text(fields, LOGIN)?.filter(|login| !login.is_empty()).unwrap_or(email);
    let mut profile = Map::new();
    for (key, value) in PROTECTED.into_iter().zip([first, last, email, login]) {
        profile.insert(key.to_owned(), value.into());
    }
    match fields.get(MORE) {
        None | Some(Value::Null) => {}
        Some(Value::Object(more)) => {
            if let Some(protected) = more.keys().find(|key| PROTECTED.contains(&key.as_str())) {
                return Err(invalid(format!("additionalAttributes cannot override protected field {protected:?}")));
            }
            profile.extend(more.clone());
        }
        Some(other) => return Err(invalid(format!("additionalAttributes must be an object, got {}", kind(other)))),
    }
    Ok(profile)
}

/// A text that must be there.
fn needed<'a>(fields: &'a Map<String, Value>, key: &str, name: &str) -> Result<&'a str, ChangeError> {
    let given = text(fields, key)?.filter(|given| !given.trim().is_empty());
    given.ok_or_else(|| invalid(format!("missing {name} in account info: {key} must be a text that is not empty")))
}

/// A text, if it is there.
fn text<'a>(fields: &'a Map<String, Value>, key: &str) -> Result<Option<&'a str>, ChangeError> {
    match fields.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(invalid(format!("{key} must be a string, got {}", kind(other)))),
    }
}

/// A boolean, as one or as a text.
fn boolean(fields: &Map<String, Value>, key: &str, default: bool) -> Result<bool, ChangeError> {
    match fields.get(key) {
        None | Some(Value::Null) => Ok(default),
        Some(Value::Bool(on)) => Ok(*on),
        Some(Value::String(text)) => parse_bool(text).ok_or_else(|| {
            invalid(format!("invalid value for {key}: {text:?} is no boolean\nhint: write true or false"))
        }),
        Some(other) => Err(invalid(format!("{key} must be a boolean or its string form, got {}", kind(other)))),
    }
}

fn provider(fields: &Map<String, Value>) -> Result<Provider, ChangeError> {
    let given = text(fields, PROVIDER)?.unwrap_or_default().trim().to_uppercase();
    match given.as_str() {
        "" | "OKTA" => Ok(Provider::Okta),
        "FEDERATION" => Ok(Provider::Federation),
        other => {
            Err(invalid(format!("unsupported provider_type value {other:?} (supported: \"OKTA\", \"FEDERATION\")")))
        }
    }
}

/// A password to be made up.
struct PasswordWish {
    length: i64,
    constraints: Vec<baton_proto::c1::connector::v2::PasswordConstraint>,
    change: bool,
}

/// The password that is wanted, if one is.
fn password_wish(credential: &CredentialWish) -> Result<Option<PasswordWish>, ChangeError> {
    match credential {
        CredentialWish::NoPassword => Ok(None),
        CredentialWish::RandomPassword { length, constraints, change_at_next_login } => {
            Ok(Some(PasswordWish { length: *length, constraints: constraints.clone(), change: *change_at_next_login }))
        }
        CredentialWish::Unspecified | CredentialWish::Password { .. } | CredentialWish::SingleSignOn { .. } => {
            Err(invalid(
                "unsupported credential options: accounts are made with a random password or without one\n\
                 hint: for a user of another identity provider ask for no password, with provider_type=FEDERATION",
            ))
        }
    }
}

/// Fields that the form does not have.
fn unknown(fields: &Map<String, Value>) -> Option<String> {
    let form = describe::account_schema();
    let unknown: Vec<&str> =
        fields.keys().map(String::as_str).filter(|key| !form.field_map.contains_key(*key)).collect();
    if unknown.is_empty() {
        return None;
    }
    let names = unknown.join(", ");
    Some(format!("not used, because the form has no such field: {names}; Okta's own attributes go into {MORE}"))
}

/// The kind of a JSON value, in words.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests;
