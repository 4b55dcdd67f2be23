//! The JSON body of a request. Secrets are kept apart, so that a body can be shown without them.

use std::fmt;

use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::Value;

use crate::error::{Error, ErrorKind};

/// The placeholder of a secret.
const HIDDEN: &str = "[hidden]";

/// A JSON body. Its [`Debug`](fmt::Debug) and [`Body::masked`] show `[hidden]` in place of secrets.
#[derive(Clone)]
pub struct Body {
    /// The body with [`HIDDEN`] in place of secrets.
    masked: Value,
    /// Secrets with their JSON pointers (RFC 6901).
    secrets: Vec<(&'static str, SecretString)>,
}

impl Body {
    /// Creates a body without secrets.
    ///
    /// # Errors
    ///
    /// If `content` cannot be serialized as JSON, for example because a map has keys that are no strings.
    pub fn new(content: &impl Serialize) -> Result<Self, Error> {
        let masked = serde_json::to_value(content).map_err(|e| {
            Error::new(ErrorKind::Invalid, format!("the body of a request cannot be written as JSON: {e}")).not_sent()
        })?;
        Ok(Self { masked, secrets: Vec::new() })
    }

    /// Inserts a secret at `pointer`, for example `/credentials/password/value`. Missing objects are created; a value at that
    /// place is replaced.
    #[must_use]
    pub fn with_secret(mut self, pointer: &'static str, secret: SecretString) -> Self {
        put(&mut self.masked, pointer, HIDDEN);
        self.secrets.push((pointer, secret));
        self
    }

    /// Returns the body with `[hidden]` in place of secrets.
    #[must_use]
    pub fn masked(&self) -> &Value {
        &self.masked
    }

    /// Returns the body as it is sent.
    pub(crate) fn bytes(&self) -> Bytes {
        let mut whole = self.masked.clone();
        for (pointer, secret) in &self.secrets {
            put(&mut whole, pointer, secret.expose_secret());
        }
        Bytes::from(whole.to_string())
    }
}

/// Inserts `text` at `pointer` in `value`.
fn put(value: &mut Value, pointer: &str, text: &str) {
    let mut place = value;
    for token in pointer.split('/').skip(1) {
        if !place.is_object() {
            *place = Value::Object(serde_json::Map::new());
        }
        place = &mut place[token.replace("~1", "/").replace("~0", "~")];
    }
    *place = Value::String(text.to_owned());
}

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for Body {}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({})", self.masked)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_is_sent_and_not_shown() {
        let body = Body::new(&json!({"profile": {"login": "a"}})).unwrap();
        let body = body.with_secret("/credentials/password/value", "Very;secret1".into());
        let sent: Value = serde_json::from_slice(&body.bytes()).unwrap();
        assert_eq!(sent, json!({"profile": {"login": "a"}, "credentials": {"password": {"value": "Very;secret1"}}}));
        assert_eq!(body.masked()["credentials"]["password"]["value"], HIDDEN);
        assert!(!format!("{body:?} {:?}", body.masked()).contains("secret1"));
    }

    #[test]
    fn bodies_are_equal_if_they_send_the_same() {
        let with = |secret: &str| Body::new(&json!({})).unwrap().with_secret("/value", secret.into());
        assert_eq!(with("a"), with("a"));
        assert_ne!(with("a"), with("b"));
        assert_ne!(with(HIDDEN), Body::new(&json!({"value": 1})).unwrap());
    }

    #[test]
    fn what_is_no_json_is_refused() {
        let map = std::collections::HashMap::from([((1, 2), 3)]);
        let error = Body::new(&map).unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Invalid, crate::Outcome::NotSent));
    }
}
