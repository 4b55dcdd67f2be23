//! Reading the body of a request: JSON, and of the types that Okta expects.

use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use super::Change;
use crate::refusal::Refusal;

impl Change<'_> {
    /// The body as an object.
    pub(super) fn object(&self) -> Result<Map<String, Value>, Refusal> {
        match self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) {
            _ if self.body.is_empty() => return Err(Refusal::malformed_body()),
            None => return Err(Refusal::no_media_type()),
            Some(text) if text.split(';').next().unwrap_or_default().trim() != "application/json" => {
                return Err(Refusal::unknown_media_type());
            }
            Some(_) => {}
        }
        serde_json::from_slice(self.body).map_err(|_| Refusal::malformed_body())
    }

    /// The body as an object; no body counts as an empty one.
    pub(super) fn object_or_nothing(&self) -> Result<Map<String, Value>, Refusal> {
        if self.body.is_empty() { Ok(Map::new()) } else { self.object() }
    }

    /// A parameter that is true or false.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        match self.query.get(name) {
            None => Ok(None),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(_) => Err(Refusal::invalid_parameter(name, "must be true or false")),
        }
    }
}

/// A member that has to be an object where it is there; one that is null is not there.
pub(super) fn object<'a>(body: &'a Map<String, Value>, name: &str) -> Result<Option<&'a Map<String, Value>>, Refusal> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(members)) => Ok(Some(members)),
        Some(_) => Err(Refusal::malformed_body()),
    }
}

/// A member that has to be a text where it is there.
pub(super) fn text<'a>(body: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Refusal> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Refusal::malformed_body()),
    }
}

/// A member that has to be a list of texts where it is there.
pub(super) fn texts<'a>(body: &'a Map<String, Value>, name: &str) -> Result<Vec<&'a str>, Refusal> {
    let items = match body.get(name) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(items)) => items,
        Some(_) => return Err(Refusal::malformed_body()),
    };
    items.iter().map(|item| item.as_str().ok_or_else(Refusal::malformed_body)).collect()
}
