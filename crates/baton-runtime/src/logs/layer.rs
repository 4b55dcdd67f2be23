//! Lines from `tracing` events.

use std::error::Error;
use std::fmt::Debug;
use std::sync::Arc;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use super::{Level, Line, Logger, caller};

/// Sends all events of our own crates, and of those named, to the logger, for the rest of the process.
pub(crate) fn install(logger: Arc<Logger>, crates: &'static [&'static str]) {
    let subscriber = tracing_subscriber::registry().with(LogLayer { logger, crates });
    // Only a second program in the same process could fail here; the first logger then stays.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Turns events into lines.
pub(super) struct LogLayer {
    pub(super) logger: Arc<Logger>,
    pub(super) crates: &'static [&'static str],
}

impl LogLayer {
    /// Whether events of this crate may be written. Libraries below us may log headers and bodies.
    fn is_own(&self, target: &str) -> bool {
        let name = target.split("::").next().unwrap_or(target);
        name.starts_with("baton_") || self.crates.contains(&name)
    }
}

impl<S: Subscriber> Layer<S> for LogLayer {
    fn enabled(&self, metadata: &Metadata<'_>, _context: Context<'_, S>) -> bool {
        self.is_own(metadata.target()) && Level::from(*metadata.level()) >= self.logger.level
    }

    fn max_level_hint(&self) -> Option<tracing::level_filters::LevelFilter> {
        // Debug lines include those that tracing calls trace.
        Some(match self.logger.level {
            Level::Debug => tracing::level_filters::LevelFilter::TRACE,
            level => level.filter(),
        })
    }

    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let metadata = event.metadata();
        self.logger.write(Line {
            level: Level::from(*metadata.level()),
            time: jiff::Timestamp::now(),
            caller: caller::short(metadata.file().unwrap_or_default(), metadata.line().unwrap_or_default()),
            message: fields.message,
            fields: fields.others,
        });
    }
}

/// The fields of an event.
#[derive(Default)]
struct Fields {
    message: String,
    others: Map<String, Value>,
}

impl Fields {
    fn insert(&mut self, field: &Field, value: Value) {
        self.others.insert(field.name().to_owned(), value);
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.insert(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.insert(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.insert(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.insert(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.message);
        } else {
            self.insert(field, value.into());
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.insert(field, value.to_string().into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        } else {
            self.insert(field, format!("{value:?}").into());
        }
    }
}
