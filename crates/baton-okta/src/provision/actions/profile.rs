//! Actions that change the profiles of users (`docs/spec/okta-provisioning.md` 7.4).
//!
//! Only the attributes that are named are sent, and only if one of them is not so already. Null clears an attribute; an
//! empty text is sent as one.

use baton_connector::ChangeError;
use baton_connector::provision::ActionDone;
use futures::FutureExt;
use futures::future::BoxFuture;
use okta_client::endpoints::users;
use okta_client::models::User;
use okta_client::{Error, code};
use serde_json::{Map, Value, json};

use super::args::{Args, invalid};
use super::schemas::ATTRIBUTES;
use super::{done, returned};
use crate::config::Rules;
use crate::ids::user;
use crate::provision::account::kind;
use crate::provision::errors;
use crate::provision::operation::Operation;
use crate::provision::peek::Peek;
use crate::provision::reconcile::{DesiredState, Made, Observation, reconcile};
use crate::provision::user_status::{Last, is_user_id, no_user, read};
use baton_connector::build;

/// Changes the attributes that have arguments of their own, and others by their names in Okta.
pub(super) async fn update_profile(op: &Operation<'_>, rules: &Rules, args: &Args) -> Result<ActionDone, ChangeError> {
    let id = args.resource("user_id", user::ID)?;
    let desired = ProfileUpdate::new(id, named_and_more(args)?);
    let Made { note, .. } = reconcile(op, &desired).await?;
    let found = desired.last.get();
    let updated = found
        .map_or_else(|| build::resource(user::ID, id, id), |found| crate::resources::user::resource(&found, rules));
    Ok(done(json!({ "updated_user": returned(updated) }), note))
}

/// Changes whatever attributes an object names.
pub(super) async fn update_user(op: &Operation<'_>, args: &Args) -> Result<ActionDone, ChangeError> {
    let id = args.id("user_id", user::ID)?;
    let wanted = whole_profile(args)?;
    let mut names: Vec<String> = wanted.keys().cloned().collect();
    names.sort_unstable();
    let Made { note, .. } = reconcile(op, &ProfileUpdate::new(id, wanted)).await?;
    Ok(done(json!({ "updated_fields": names.join(", ") }), note))
}

/// The attributes of `update_profile`.
fn named_and_more(args: &Args) -> Result<Map<String, Value>, ChangeError> {
    let mut wanted = Map::new();
    for name in ATTRIBUTES {
        if let Some(text) = args.text(name)? {
            wanted.insert(name.to_owned(), text.into());
        }
    }
    for (key, value) in args.object("additionalAttributes")?.into_iter().flatten() {
        if ATTRIBUTES.contains(&key.as_str()) {
            let hint = "give it as the argument of that name";
            return Err(invalid(format!("additionalAttributes cannot override named field {key:?}\nhint: {hint}")));
        }
        wanted.insert(key.clone(), checked(key, value)?);
    }
    not_empty(wanted)
}

/// The attributes of `update_user`: an object, or the text of one.
fn whole_profile(args: &Args) -> Result<Map<String, Value>, ChangeError> {
    let parsed;
    let given = match args.get("user_profile") {
        None => return Err(invalid("user_profile is required")),
        Some(Value::Object(object)) => object,
        Some(Value::String(text)) => {
            let value: Value =
                serde_json::from_str(text).map_err(|error| invalid(format!("invalid user_profile JSON: {error}")))?;
            match value {
                Value::Object(object) => {
                    parsed = object;
                    &parsed
                }
                Value::Null => return not_empty(Map::new()),
                other => {
                    return Err(invalid(format!(
                        "invalid user_profile format: it must be an object, got {}",
                        kind(&other)
                    )));
                }
            }
        }
        Some(other) => {
            return Err(invalid(format!("invalid user_profile format: it must be an object, got {}", kind(other))));
        }
    };
    let wanted = given.iter().map(|(key, value)| Ok((key.clone(), checked(key, value)?)));
    not_empty(wanted.collect::<Result<_, ChangeError>>()?)
}

/// A value that Okta has a type for.
fn checked(key: &str, value: &Value) -> Result<Value, ChangeError> {
    match value {
        Value::Null | Value::String(_) | Value::Bool(_) | Value::Number(_) => Ok(value.clone()),
        Value::Array(items) => match items.iter().find(|item| !item.is_string()) {
            None => Ok(value.clone()),
            Some(other) => {
                Err(invalid(format!("profile field {key:?} array elements must be strings, got {}", kind(other))))
            }
        },
        Value::Object(_) => Err(invalid(format!("profile field {key:?} has unsupported type: {}", kind(value)))),
    }
}

fn not_empty(wanted: Map<String, Value>) -> Result<Map<String, Value>, ChangeError> {
    if wanted.is_empty() {
        return Err(invalid(
            "no profile fields provided to update\nhint: an argument that is null counts as not given",
        ));
    }
    Ok(wanted)
}

/// That attributes of a user have these values.
struct ProfileUpdate<'a> {
    id: &'a str,
    wanted: Map<String, Value>,
    last: Last<User>,
}

impl<'a> ProfileUpdate<'a> {
    fn new(id: &'a str, wanted: Map<String, Value>) -> Self {
        Self { id, wanted, last: Last::nothing() }
    }

    async fn see(&self, op: &Operation<'_>) -> Result<Observation, Error> {
        self.last.set(None);
        let user = match op.peeked(read(op, self.id).await)? {
            Peek::Found(user) => user,
            Peek::Absent => return Ok(Observation::Impossible(no_user(self.id))),
            Peek::Refused(error) if is_user_id(self.id) => {
                return Ok(Observation::Unseen(users::update(self.id, &self.wanted)?, error));
            }
            Peek::Refused(error) => return Err(error),
        };
        let found = user.profile_members();
        self.last.set(Some(user));
        let others: Vec<&str> = differing(&self.wanted, &found);
        if others.is_empty() {
            let note = (op.made() == 0).then(|| "all of it was so already; nothing was sent".to_owned());
            return Ok(Observation::Satisfied(note));
        }
        if op.made() > 0 {
            // Okta may keep a value in another form, for example without blanks at its ends.
            let note = format!("Okta accepted it, and keeps another value of {}", others.join(", "));
            return Ok(Observation::Satisfied(Some(note)));
        }
        Observation::pending(users::update(self.id, &self.wanted))
    }
}

/// The attributes that do not have the values wanted. What is null is not there.
pub(super) fn differing<'a>(wanted: &'a Map<String, Value>, found: &Map<String, Value>) -> Vec<&'a str> {
    let same = |wanted: &Value, found: &Value| match (wanted.as_f64(), found.as_f64()) {
        (Some(wanted), Some(found)) => wanted.total_cmp(&found).is_eq(),
        _ => wanted == found,
    };
    let differs = |(key, value): &(&'a String, &Value)| !same(value, found.get(key.as_str()).unwrap_or(&Value::Null));
    wanted.iter().filter(differs).map(|(key, _)| key.as_str()).collect()
}

impl DesiredState for ProfileUpdate<'_> {
    fn doing(&self) -> String {
        format!("changing the profile of user {}", self.id)
    }

    fn unmet(&self) -> String {
        format!("the profile of user {} is not as it was to be", self.id)
    }

    fn look<'a>(&'a self, op: &'a Operation<'_>) -> BoxFuture<'a, Result<Observation, Error>> {
        self.see(op).boxed()
    }

    fn judge<'a>(&'a self, _op: &'a Operation<'_>, error: &'a Error) -> BoxFuture<'a, Option<ChangeError>> {
        let mut failed = errors::failed(&self.doing(), error);
        if error.code() == Some(code::VALIDATION) {
            failed.message.push_str(
                "\nhint: Okta refuses the whole update for one attribute; its profile editor lists those that the org has",
            );
        }
        futures::future::ready(Some(failed)).boxed()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use crate::profile::Profile;

    fn args(value: &Value) -> Args {
        let mut given = Profile::default();
        for (key, value) in value.as_object().unwrap() {
            given.json(key, value).unwrap();
        }
        Args::of(&given.build())
    }

    #[test]
    fn named_attributes_and_others_make_one_update() {
        let given = json!({
            "user_id": {"resource_type_id": "user", "resource_id": "00u1"}, "title": "", "managerId": "00u2",
            "additionalAttributes": {"rank": 3, "cleared": null, "tags": ["a", "b"], "on": false},
        });
        let wanted = Value::Object(named_and_more(&args(&given)).unwrap());
        let all =
            json!({"title": "", "managerId": "00u2", "rank": 3, "cleared": null, "tags": ["a", "b"], "on": false});
        assert_eq!(wanted, all);
    }

    #[test]
    fn a_whole_profile_comes_as_an_object_or_as_its_text() {
        for given in
            [json!({"user_profile": {"b": null, "a": "x"}}), json!({"user_profile": "{\"b\":null,\"a\":\"x\"}"})]
        {
            assert_eq!(Value::Object(whole_profile(&args(&given)).unwrap()), json!({"a": "x", "b": null}));
        }
    }

    #[test]
    fn what_is_no_update_is_refused() {
        for (given, words) in [
            (json!({}), "no profile fields provided to update"),
            (json!({"title": null}), "no profile fields provided to update"),
            (json!({"title": 7}), "title must be a string, got a number"),
            (json!({"additionalAttributes": []}), "additionalAttributes must be an object, got a list"),
            (json!({"additionalAttributes": {"title": "x"}}), "cannot override named field \"title\""),
            (json!({"additionalAttributes": {"o": {"p": 1}}}), "profile field \"o\" has unsupported type"),
            (
                json!({"additionalAttributes": {"l": ["a", 1]}}),
                "profile field \"l\" array elements must be strings, got a number",
            ),
        ] {
            let error = named_and_more(&args(&given)).unwrap_err();
            assert!(error.message.contains(words), "{given}: {}", error.message);
        }
        for (given, words) in [
            (json!({}), "user_profile is required"),
            (json!({"user_profile": 7}), "invalid user_profile format"),
            (json!({"user_profile": "[1]"}), "invalid user_profile format"),
            (json!({"user_profile": "{"}), "invalid user_profile JSON"),
            (json!({"user_profile": "null"}), "no profile fields provided to update"),
            (json!({"user_profile": {}}), "no profile fields provided to update"),
            (json!({"user_profile": {"o": {}}}), "profile field \"o\" has unsupported type"),
        ] {
            let error = whole_profile(&args(&given)).unwrap_err();
            assert!(error.message.contains(words), "{given}: {}", error.message);
        }
    }

    #[test]
    fn an_attribute_differs_by_its_value_only() {
        let (wanted, found) = (json!({"a": 3, "b": null, "c": "", "d": ["x"]}), json!({"a": 3.0, "d": ["x"], "e": 1}));
        let of = |value: &Value| value.as_object().unwrap().clone();
        assert_eq!(differing(&of(&wanted), &of(&found)), ["c"]);
    }
}
