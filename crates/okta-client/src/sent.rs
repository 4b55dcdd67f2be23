//! Logs the requests of one operation, for its report.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use http::{Method, StatusCode};

/// A request that was sent, or may have been. Bodies are not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentRequest {
    /// The HTTP method.
    pub method: Method,
    /// Path and query.
    pub path_and_query: String,
    /// The status of the response; `None` if there was none.
    pub status: Option<u16>,
}

impl fmt::Display for SentRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path_and_query)
    }
}

/// The requests of one operation in the order in which they were sent, one per attempt.
/// See [`Client::recording`](crate::Client::recording).
#[derive(Debug, Default)]
pub struct SentLog(Mutex<Vec<Option<SentRequest>>>);

impl SentLog {
    /// Returns the requests sent so far.
    #[must_use]
    pub fn requests(&self) -> Vec<SentRequest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().flatten().cloned().collect()
    }
}

/// The entry of one attempt in the log, if there is a log.
pub(crate) struct LogEntry<'a>(Option<(&'a SentLog, usize)>);

impl<'a> LogEntry<'a> {
    /// Logs that a request is being sent.
    pub(crate) fn new(log: Option<&'a Arc<SentLog>>, method: &Method, path_and_query: &str) -> Self {
        let Some(log) = log else { return Self(None) };
        let sent = SentRequest { method: method.clone(), path_and_query: path_and_query.to_owned(), status: None };
        let mut requests = log.0.lock().unwrap_or_else(PoisonError::into_inner);
        requests.push(Some(sent));
        Self(Some((log, requests.len() - 1)))
    }

    /// Logs the response.
    pub(crate) fn answered(&self, status: StatusCode) {
        self.update(|sent| {
            if let Some(sent) = sent {
                sent.status = Some(status.as_u16());
            }
        });
    }

    /// Removes the entry: nothing was sent.
    pub(crate) fn not_sent(&self) {
        self.update(|sent| *sent = None);
    }

    fn update(&self, change: impl FnOnce(&mut Option<SentRequest>)) {
        let Some((log, index)) = self.0 else { return };
        let mut requests = log.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sent) = requests.get_mut(index) {
            change(sent);
        }
    }
}
