//! Lines from `tracing` events.

use std::error::Error;
use std::fmt::Debug;
use std::sync::Arc;

use opentelemetry_sdk::trace::SdkTracer;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Context, Filter, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

use super::{Level, Line, Logger, caller};

/// The span of a task of C1's, with the fields `task_id` and `debug`.
const TASK: &str = "task";

/// Sends all events of our own crates, and of those named, to the logger, for the rest of the process; and their spans to
/// the tracer, if there is one.
pub(crate) fn install(logger: Arc<Logger>, crates: &'static [&'static str], tracer: Option<SdkTracer>) {
    // Only a second program in the same process could fail here; the first logger then stays.
    let _ = tracing::subscriber::set_global_default(subscriber(logger, crates, tracer));
}

pub(super) fn subscriber(
    logger: Arc<Logger>,
    crates: &'static [&'static str],
    tracer: Option<SdkTracer>,
) -> impl Subscriber + Send + Sync {
    let spans = tracer.map(|tracer| {
        // The lines go another way, on which they are cleaned of secrets.
        let own = filter_fn(move |metadata| metadata.is_span() && is_own(metadata, crates));
        let layer = tracing_opentelemetry::layer().with_tracer(tracer).with_threads(false).with_location(false);
        layer.with_tracked_inactivity(false).with_target(false).with_filter(own)
    });
    let lines = LogLayer { logger: Arc::clone(&logger) }.with_filter(Lines { logger, crates });
    tracing_subscriber::registry().with(spans).with(lines)
}

/// Whether this comes from one of our crates. Libraries below us may log headers and bodies.
fn is_own(metadata: &Metadata<'_>, crates: &[&str]) -> bool {
    let target = metadata.target();
    let name = target.split("::").next().unwrap_or(target);
    name.starts_with("baton_") || crates.contains(&name)
}

/// Which events become lines. It changes while the program runs: debug lines can come to an end, and a task can be logged
/// in detail.
struct Lines {
    logger: Arc<Logger>,
    crates: &'static [&'static str],
}

impl Lines {
    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        match metadata.is_span() {
            true => metadata.name() == TASK,
            false => Level::from(*metadata.level()) >= self.logger.level() || self.logger.tasks().any(),
        }
    }
}

impl<S> Filter<S> for Lines {
    fn enabled(&self, metadata: &Metadata<'_>, _context: &Context<'_, S>) -> bool {
        is_own(metadata, self.crates) && self.wants(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        match is_own(metadata, self.crates) {
            false => Interest::never(),
            true if metadata.is_span() && !self.wants(metadata) => Interest::never(),
            true => Interest::sometimes(),
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(match self.logger.level() {
            // Debug lines include those that tracing calls trace.
            _ if self.logger.tasks().any() => LevelFilter::TRACE,
            Level::Debug => LevelFilter::TRACE,
            // The spans of tasks are always needed.
            level => level.filter().max(LevelFilter::INFO),
        })
    }
}

/// Turns events into lines.
struct LogLayer {
    logger: Arc<Logger>,
}

/// A task that C1 wants to see in detail: its id.
struct InDetail(String);

impl<S: Subscriber + for<'s> LookupSpan<'s>> Layer<S> for LogLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let is_in_detail = fields.others.get("debug") == Some(&Value::Bool(true));
        if let (true, Some(Value::String(task)), Some(span)) =
            (is_in_detail, fields.others.remove("task_id"), context.span(id))
        {
            span.extensions_mut().insert(InDetail(task));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let metadata = event.metadata();
        let line = Line {
            level: Level::from(*metadata.level()),
            time: jiff::Timestamp::now(),
            caller: caller::short(metadata.file().unwrap_or_default(), metadata.line().unwrap_or_default()),
            message: fields.message,
            fields: fields.others,
        };
        let spans = self.logger.tasks().any().then(|| context.event_scope(event)).flatten();
        let task = spans.and_then(|mut spans| {
            spans.find_map(|span| span.extensions().get::<InDetail>().map(|InDetail(task)| task.clone()))
        });
        self.logger.write(line, task.as_deref());
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
