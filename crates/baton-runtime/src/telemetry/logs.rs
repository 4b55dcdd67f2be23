//! Log lines, on their way to the collector: cleaned of secrets already, as they go to every other place.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use opentelemetry::Key;
use opentelemetry::logs::{AnyValue, LogRecord as _, Logger as _, Severity};
pub(super) use opentelemetry_proto::tonic::collector::logs::v1::{ExportLogsServiceRequest, ExportLogsServiceResponse};
use opentelemetry_proto::transform::logs::tonic::group_logs_by_resource_and_scope;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{LogBatch, LogExporter, SdkLogger};
use serde_json::Value;

use super::collector::Collector;
use crate::logs::{Level, Line};

const PATH: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";

/// Takes log lines.
#[derive(Debug)]
pub(crate) struct LogSender {
    logger: SdkLogger,
    level: Level,
    /// No debug lines are wanted any more.
    debug_is_over: AtomicBool,
}

impl LogSender {
    pub(super) fn new(logger: SdkLogger, level: Level) -> Self {
        Self { logger, level, debug_is_over: AtomicBool::new(false) }
    }

    /// The least level of lines that it takes.
    pub(crate) fn level(&self) -> Level {
        if self.debug_is_over.load(Ordering::Relaxed) { self.level.max(Level::Info) } else { self.level }
    }

    /// Takes no debug lines any more.
    pub(crate) fn end_debug(&self) {
        self.debug_is_over.store(true, Ordering::Relaxed);
    }

    /// Takes a line.
    pub(crate) fn send(&self, line: &Line) {
        let mut record = self.logger.create_log_record();
        record.set_timestamp(SystemTime::from(line.time));
        record.set_severity_number(match line.level {
            Level::Debug => Severity::Debug,
            Level::Info => Severity::Info,
            Level::Warn => Severity::Warn,
            Level::Error | Level::Silent => Severity::Error,
        });
        record.set_severity_text(line.level.as_str());
        record.set_body(line.message.clone().into());
        if let Some((file, number)) = line.caller.rsplit_once(':') {
            record.add_attribute("code.file.path", file.to_owned());
            record.add_attribute("code.line.number", number.parse().unwrap_or(0_i64));
        }
        for (key, value) in &line.fields {
            record.add_attribute(Key::from(key.clone()), any(value));
        }
        self.logger.emit(record);
    }
}

fn any(value: &Value) -> AnyValue {
    match value {
        Value::Null => AnyValue::from(String::new()),
        Value::Bool(value) => AnyValue::from(*value),
        Value::Number(number) => match number.as_i64() {
            Some(number) => AnyValue::from(number),
            None => AnyValue::from(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => AnyValue::from(text.clone()),
        Value::Array(items) => AnyValue::ListAny(Box::new(items.iter().map(any).collect())),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| (Key::from(key.clone()), any(value)));
            AnyValue::Map(Box::new(fields.collect()))
        }
    }
}

/// Hands log lines over.
pub(super) struct Exporter {
    collector: Arc<Collector>,
}

impl Exporter {
    pub(super) fn new(collector: Arc<Collector>) -> Self {
        Self { collector }
    }
}

impl fmt::Debug for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exporter").finish_non_exhaustive()
    }
}

impl LogExporter for Exporter {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        let resource_logs = group_logs_by_resource_and_scope(&batch, self.collector.resource());
        self.collector.send(PATH, ExportLogsServiceRequest { resource_logs }).await
    }
}
