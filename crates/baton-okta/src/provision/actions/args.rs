//! The arguments of a call. They were checked against the action's schema; what schemas cannot say is checked here.

use baton_connector::{ChangeError, Code};
use prost_types::Struct;
use serde_json::{Map, Value};

use crate::profile;
use crate::provision::account::kind;
use crate::provision::subject::checked_id;

/// The arguments of a call.
pub(super) struct Args(Map<String, Value>);

impl Args {
    pub(super) fn of(args: &Struct) -> Self {
        Self(profile::to_json(args))
    }

    /// The argument, unless it is absent or null.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    /// A text, if it is there.
    pub(super) fn text(&self, key: &str) -> Result<Option<&str>, ChangeError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(invalid(format!("{key} must be a string, got {}", kind(other)))),
        }
    }

    /// A text that must be there.
    pub(super) fn needed(&self, key: &str) -> Result<&str, ChangeError> {
        self.text(key)?.ok_or_else(|| invalid(format!("required argument {key} is missing or invalid")))
    }

    /// The id of a resource of the type `of`, given as a text.
    pub(super) fn id(&self, key: &str, of: &str) -> Result<&str, ChangeError> {
        match self.needed(key)? {
            "" => Err(invalid(format!("{key} cannot be empty"))),
            id => checked_id(of, id),
        }
    }

    /// An object, if it is there.
    pub(super) fn object(&self, key: &str) -> Result<Option<&Map<String, Value>>, ChangeError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(other) => Err(invalid(format!("{key} must be an object, got {}", kind(other)))),
        }
    }

    /// The id of a resource of the type `of`.
    pub(super) fn resource(&self, key: &str, of: &str) -> Result<&str, ChangeError> {
        let missing = || invalid(format!("required argument {key} is missing or invalid"));
        id_of(self.get(key).ok_or_else(missing)?, key, of)
    }

    /// The ids of resources of the type `of`; none if the argument is absent.
    pub(super) fn resources(&self, key: &str, of: &str) -> Result<Vec<&str>, ChangeError> {
        match self.get(key) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => items.iter().map(|item| id_of(item, key, of)).collect(),
            Some(other) => Err(invalid(format!("{key} must be a list, got {}", kind(other)))),
        }
    }
}

/// The id in `{resource_type_id, resource_id}`.
fn id_of<'a>(value: &'a Value, key: &str, of: &str) -> Result<&'a str, ChangeError> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let (Some(resource_type), Some(id)) = (text("resource_type_id"), text("resource_id")) else {
        return Err(invalid(format!("required argument {key} is missing or invalid")));
    };
    if resource_type != of {
        return Err(invalid(format!("expected resource type {of:?}, got {resource_type:?}")));
    }
    checked_id(of, id)
}

/// A call that makes no sense.
pub(super) fn invalid(message: impl Into<String>) -> ChangeError {
    ChangeError::new(Code::InvalidArgument, message)
}
