//! Spans, on their way to the collector.

use std::fmt;
use std::sync::Arc;

use opentelemetry::Value;
use opentelemetry::trace::Status;
pub(super) use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

use super::collector::Collector;
use crate::redact::Redactor;

const PATH: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// Hands spans over.
pub(super) struct Exporter {
    collector: Arc<Collector>,
    redactor: Arc<Redactor>,
}

impl Exporter {
    pub(super) fn new(collector: Arc<Collector>, redactor: Arc<Redactor>) -> Self {
        Self { collector, redactor }
    }

    /// Without secrets, should one have come into a text.
    fn clean(&self, mut span: SpanData) -> SpanData {
        for attribute in &mut span.attributes {
            if let Value::String(text) = &attribute.value {
                attribute.value = self.redactor.clean(text.as_str()).into();
            }
        }
        if let Status::Error { description } = &span.status {
            span.status = Status::error(self.redactor.clean(description));
        }
        span
    }
}

impl fmt::Debug for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exporter").finish_non_exhaustive()
    }
}

impl SpanExporter for Exporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let batch = batch.into_iter().map(|span| self.clean(span)).collect();
        let resource_spans = group_spans_by_resource_and_scope(batch, self.collector.resource());
        self.collector.send(PATH, ExportTraceServiceRequest { resource_spans }).await
    }
}
