//! Requests for changes, kept so that tests can say which were to be sent.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::{Method, request};
use serde_json::Value;

/// A request for a change that found its endpoint, whatever became of it.
#[derive(Clone, PartialEq)]
pub struct Write {
    /// The method.
    pub method: String,
    /// The path as it was sent.
    pub path: String,
    /// The query as it was sent, without the `?`; empty for none.
    pub query: String,
    /// The body: as JSON, as a text when it is none, null when there is none.
    pub body: Value,
    /// The status of the answer; 0 for a connection dropped on purpose.
    pub status: u16,
}

impl Write {
    /// Method, path and query in one text, such as `POST /api/v1/users?activate=false`.
    #[must_use]
    pub fn line(&self) -> String {
        let mark = if self.query.is_empty() { "" } else { "?" };
        format!("{} {}{mark}{}", self.method, self.path, self.query)
    }
}

impl fmt::Debug for Write {
    /// Tells everything but passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut body = self.body.clone();
        if let Some(password) = body.pointer_mut("/credentials/password") {
            *password = "…".into();
        }
        write!(f, "{} {body} -> {}", self.line(), self.status)
    }
}

/// What was recorded so far.
#[derive(Debug, Default)]
pub(crate) struct Writes {
    enabled: bool,
    list: Mutex<Vec<Write>>,
}

impl Writes {
    pub(crate) fn new(enabled: bool) -> Self {
        Self { enabled, list: Mutex::default() }
    }

    /// Keeps a request for a change. Others are none.
    pub(crate) fn record(&self, head: &request::Parts, body: &Bytes, status: u16) {
        if !self.enabled || head.method == Method::GET {
            return;
        }
        let text = || String::from_utf8_lossy(body).into_owned();
        let body = match body.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(body).unwrap_or_else(|_| text().into()),
        };
        self.list.lock().unwrap_or_else(PoisonError::into_inner).push(Write {
            method: head.method.to_string(),
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            body,
            status,
        });
    }

    pub(crate) fn snapshot(&self) -> Vec<Write> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn passwords_are_recorded_but_not_printed() {
        let body = json!({"profile": {"login": "a@b.example"}, "credentials": {"password": {"value": "Secret-1"}}});
        let write = Write {
            method: "POST".into(),
            path: "/api/v1/users".into(),
            query: "activate=false".into(),
            body,
            status: 200,
        };
        let printed = format!("{write:?}");
        assert!(printed.starts_with("POST /api/v1/users?activate=false {"), "{printed}");
        assert!(printed.contains("a@b.example") && !printed.contains("Secret-1"), "{printed}");
    }
}
