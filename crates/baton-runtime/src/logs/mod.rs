//! Logs in the form that Baton connectors write: zap-like JSON lines, or a console form
//! (`docs/spec/connector-runtime.md` 1.8).
//!
//! [`Logger`] takes lines from two sides: `tracing` events of our own crates (through [`layer::LogLayer`]), and records
//! with nested fields written directly. Every text is cleaned of secrets before it goes to a [`sink`](sink::Sink).

mod caller;
mod choice;
mod console;
pub(crate) mod expiry;
mod json;
mod layer;
mod sink;
mod tasks;
mod trace;

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use indicatif::MultiProgress;
use serde_json::{Map, Value};
use tracing::level_filters::LevelFilter;

pub(crate) use choice::choose;
pub(crate) use layer::install;
use sink::Sink;
pub(crate) use tasks::Keeper;

use crate::redact::Redactor;
use crate::telemetry::LogSender;
use tasks::TaskFiles;

/// How severe a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Level {
    /// For whoever looks for a fault.
    Debug,
    /// What happens.
    Info,
    /// What should not happen but does no harm yet.
    Warn,
    /// What failed.
    Error,
    /// More severe than anything that is logged: a sink of this level is silent.
    Silent,
}

impl Level {
    /// The level of that name; names that only zap knows are the nearest of ours.
    pub(crate) fn parse(name: &str) -> Self {
        match name {
            "debug" => Self::Debug,
            "warn" => Self::Warn,
            "error" => Self::Error,
            "dpanic" | "panic" | "fatal" => Self::Silent,
            _ => Self::Info,
        }
    }

    /// Its name in a line.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error | Self::Silent => "error",
        }
    }

    fn of_number(number: u8) -> Self {
        let all = [Self::Debug, Self::Info, Self::Warn, Self::Error];
        all.into_iter().find(|level| *level as u8 == number).unwrap_or(Self::Silent)
    }

    fn filter(self) -> LevelFilter {
        match self {
            Self::Debug => LevelFilter::DEBUG,
            Self::Info => LevelFilter::INFO,
            Self::Warn => LevelFilter::WARN,
            Self::Error => LevelFilter::ERROR,
            Self::Silent => LevelFilter::OFF,
        }
    }
}

impl From<tracing::Level> for Level {
    fn from(level: tracing::Level) -> Self {
        match level {
            tracing::Level::ERROR => Self::Error,
            tracing::Level::WARN => Self::Warn,
            tracing::Level::INFO => Self::Info,
            tracing::Level::DEBUG | tracing::Level::TRACE => Self::Debug,
        }
    }
}

/// The look of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// One JSON object a line.
    Json,
    /// Tab-separated columns.
    Console,
    /// `warning: text`, for people who watch progress.
    Plain,
}

/// One line, before it has a form.
#[derive(Debug)]
pub(crate) struct Line {
    /// How severe.
    pub level: Level,
    /// When.
    pub time: jiff::Timestamp,
    /// Which place of the source text wrote it: `crate/file.rs:line`.
    pub caller: String,
    /// The text.
    pub message: String,
    /// What belongs to it.
    pub fields: Map<String, Value>,
}

impl Line {
    /// A line of now, from the place in the source text that calls.
    #[track_caller]
    fn new(level: Level, message: &str, fields: Map<String, Value>) -> Self {
        let place = std::panic::Location::caller();
        let caller = caller::short(place.file(), place.line());
        Self { level, time: jiff::Timestamp::now(), caller, message: message.to_owned(), fields }
    }
}

/// Writes lines to all sinks.
#[derive(Debug)]
pub(crate) struct Logger {
    sinks: Mutex<Vec<Sink>>,
    /// The least level that anybody takes.
    level: AtomicU8,
    redactor: Arc<Redactor>,
    bars: MultiProgress,
    telemetry: Option<LogSender>,
    /// Files of tasks that are logged in detail.
    tasks: TaskFiles,
}

impl Logger {
    /// A logger into `sinks` that keeps out of the way of `bars`.
    pub(crate) fn new(sinks: Vec<Sink>, redactor: Arc<Redactor>, bars: MultiProgress) -> Self {
        let logger = Self {
            sinks: Mutex::new(sinks),
            level: AtomicU8::default(),
            redactor,
            bars,
            telemetry: None,
            tasks: TaskFiles::default(),
        };
        logger.find_level();
        logger
    }

    /// Sends lines to a collector as well.
    pub(crate) fn with_telemetry(mut self, telemetry: Option<LogSender>) -> Self {
        self.telemetry = telemetry;
        self.find_level();
        self
    }

    /// The least level that anybody takes.
    fn level(&self) -> Level {
        Level::of_number(self.level.load(Ordering::Relaxed))
    }

    fn find_level(&self) {
        let sinks = self.sinks.lock().unwrap_or_else(PoisonError::into_inner);
        let levels = sinks.iter().map(|sink| sink.level).chain(self.telemetry.as_ref().map(LogSender::level));
        self.level.store(levels.min().unwrap_or(Level::Silent) as u8, Ordering::Relaxed);
    }

    /// Takes no debug lines any more.
    pub(crate) fn end_debug(&self) {
        for sink in &mut *self.sinks.lock().unwrap_or_else(PoisonError::into_inner) {
            sink.level = sink.level.max(Level::Info);
        }
        if let Some(telemetry) = &self.telemetry {
            telemetry.end_debug();
        }
        self.find_level();
        tracing::callsite::rebuild_interest_cache();
    }

    /// The files of tasks that are logged in detail.
    pub(crate) fn tasks(&self) -> &TaskFiles {
        &self.tasks
    }

    /// Writes a record with nested fields.
    #[track_caller]
    pub(crate) fn record(&self, level: Level, message: &str, fields: Map<String, Value>) {
        self.write(Line::new(level, message, fields), None);
    }

    /// Writes the failure that ends the run. Stderr gets it only where it takes JSON: as text, it is printed there at the
    /// very end.
    ///
    /// Returns whether stderr has got it.
    #[track_caller]
    pub(crate) fn record_failure(&self, message: &str, fields: Map<String, Value>) -> bool {
        let mut is_on_stderr = false;
        self.write_where(Line::new(Level::Error, message, fields), None, |sink| {
            let takes = !sink.is_stderr() || sink.format == Format::Json;
            is_on_stderr |= takes && sink.is_stderr();
            takes
        });
        is_on_stderr
    }

    /// Writes a line to every place that wants lines of its level, and into the file of the task that it belongs to if that
    /// is logged in detail.
    fn write(&self, line: Line, task: Option<&str>) {
        self.write_where(line, task, |_| true);
    }

    /// As [`write`](Self::write), but only to those places that `takes` names among them.
    fn write_where(&self, mut line: Line, task: Option<&str>, mut takes: impl FnMut(&Sink) -> bool) {
        let is_wanted = line.level >= self.level();
        if !is_wanted && task.is_none() {
            return;
        }
        line.message = self.redactor.clean(&line.message);
        line.fields = line.fields.into_iter().map(|(key, value)| (key, self.clean(value))).collect();
        trace::add_ids(&mut line.fields);
        if let Some(task) = task {
            self.tasks.write(task, &json::text(&line));
        }
        if !is_wanted {
            return;
        }
        if let Some(telemetry) = self.telemetry.as_ref().filter(|telemetry| line.level >= telemetry.level()) {
            telemetry.send(&line);
        }
        self.bars.suspend(|| {
            let mut sinks = self.sinks.lock().unwrap_or_else(PoisonError::into_inner);
            for sink in sinks.iter_mut().filter(|sink| line.level >= sink.level) {
                if !takes(sink) {
                    continue;
                }
                let text = match sink.format {
                    Format::Json => json::text(&line),
                    Format::Console => console::text(&line),
                    Format::Plain => console::plain(&line),
                };
                sink.write(&text);
            }
        });
    }

    fn clean(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.redactor.clean(&text)),
            Value::Array(items) => Value::Array(items.into_iter().map(|item| self.clean(item)).collect()),
            Value::Object(fields) => Value::Object(
                fields.into_iter().map(|(key, value)| (self.redactor.clean(&key), self.clean(value))).collect(),
            ),
            plain => plain,
        }
    }

    /// The text without secrets.
    pub(crate) fn clean_text(&self, text: &str) -> String {
        self.redactor.clean(text)
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
