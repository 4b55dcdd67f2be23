//! Progress as log lines: at most one per kind of work and ten seconds (`docs/spec/connector-runtime.md` 6.5).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use baton_sync::{Event, KindProgress, Observer, Snapshot};
use serde_json::{Map, Value, json};

use super::quota;
use crate::logs::{Level, Logger};

/// The least time between two lines about one kind of work that is not finished.
const PAUSE: Duration = Duration::from_secs(10);

/// Writes progress to the log.
pub(super) struct Lines {
    logger: Arc<Logger>,
    told: Mutex<Told>,
}

impl Lines {
    pub(super) fn new(logger: Arc<Logger>) -> Self {
        Self { logger, told: Mutex::new(Told::new(Instant::now())) }
    }
}

impl Observer for Lines {
    fn event(&self, event: &Event) {
        let record = |message: &str, fields: Value| {
            let fields = if let Value::Object(fields) = fields { fields } else { Map::new() };
            self.logger.record(Level::Info, message, fields);
        };
        match event {
            Event::Started { sync_id, resumed_pages: 0 } => record("Syncing resources...", json!({"sync_id": sync_id})),
            Event::Started { sync_id, resumed_pages } => {
                record("resumed previous sync", json!({"sync_id": sync_id, "pages": resumed_pages}));
            }
            Event::Progress(snapshot) => {
                let due = self.told.lock().unwrap_or_else(PoisonError::into_inner).due(snapshot, Instant::now());
                for (message, fields) in due {
                    record(&message, fields);
                }
            }
            Event::Sealing { step } => record("Writing file", json!({"step": step})),
            Event::Note(text) => self.logger.record(Level::Warn, text, Map::new()),
        }
    }
}

/// What was told when.
struct Told {
    begun: Instant,
    kinds: HashMap<&'static str, (Instant, bool)>,
}

impl Told {
    fn new(begun: Instant) -> Self {
        Self { begun, kinds: HashMap::new() }
    }

    /// The lines that are due at `now`.
    fn due(&mut self, snapshot: &Snapshot, now: Instant) -> Vec<(String, Value)> {
        let mut lines = Vec::new();
        for kind in &snapshot.kinds {
            let done = kind.works_done == kind.works_known;
            let (told_at, told_done) = self.kinds.get(kind.kind).copied().unwrap_or((self.begun, false));
            let due = if done { !told_done } else { told_done || now.duration_since(told_at) >= PAUSE };
            if !due {
                continue;
            }
            // Work that was thought finished and goes on after all is told about only when its turn comes again.
            self.kinds.insert(kind.kind, (now, done));
            lines.push(line(kind, done, snapshot));
        }
        lines
    }
}

fn line(kind: &KindProgress, done: bool, snapshot: &Snapshot) -> (String, Value) {
    let word = if done { "Synced" } else { "Syncing" };
    let mut fields = json!({"synced": kind.objects, "pages": kind.pages_done});
    if !done && let Value::Object(fields) = &mut fields {
        fields.insert("total_pages".to_owned(), kind.pages_known.into());
        fields.insert("percent_complete".to_owned(), (kind.pages_done * 100 / kind.pages_known.max(1)).into());
        if let Some(waiting) = waiting(snapshot) {
            fields.insert("waiting".to_owned(), waiting.as_secs_f64().into());
        }
        let limits = quota::fields(&snapshot.traffic, &jiff::Zoned::now());
        if !limits.is_empty() {
            fields.insert("rate_limits".to_owned(), limits.into());
        }
    }
    (format!("{word} {}", kind.label), fields)
}

/// The longest wait for a quota that is going on.
fn waiting(snapshot: &Snapshot) -> Option<Duration> {
    snapshot.traffic.iter().filter_map(|lane| lane.waiting).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(done: u64, known: u64) -> Snapshot {
        let kind = KindProgress {
            kind: "users",
            label: "users",
            pages_done: done,
            pages_known: known,
            works_done: u64::from(done == known),
            works_known: 1,
            objects: done * 200,
        };
        Snapshot { kinds: vec![kind], traffic: Vec::new() }
    }

    #[test]
    fn at_most_one_line_in_ten_seconds_and_one_at_the_end() {
        let begun = Instant::now();
        let mut told = Told::new(begun);
        let mut messages = Vec::new();
        for second in 0..25 {
            let now = begun + Duration::from_secs(second);
            messages
                .extend(told.due(&snapshot(second, 30), now).into_iter().map(|(text, fields)| (second, text, fields)));
        }
        assert_eq!(messages.iter().map(|(second, ..)| *second).collect::<Vec<_>>(), [10, 20]);
        assert_eq!(messages[0].1, "Syncing users");
        assert_eq!(messages[0].2, json!({"synced": 2000, "pages": 10, "total_pages": 30, "percent_complete": 33}));
        let end = begun + Duration::from_secs(26);
        let last = told.due(&snapshot(30, 30), end);
        assert_eq!(last, [("Synced users".to_owned(), json!({"synced": 6000, "pages": 30}))]);
        assert_eq!(told.due(&snapshot(30, 30), end + Duration::from_secs(60)), []);
    }
}
