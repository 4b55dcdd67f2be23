//! Where in a trace a line belongs.

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt as _;
use serde_json::{Map, Value};

/// Adds the ids of trace and span if there are any, in the form in which Datadog finds them: the lower 64 bits as decimal
/// text (`docs/spec/connector-runtime.md` 1.8).
pub(super) fn add_ids(fields: &mut Map<String, Value>) {
    let span = Context::map_current(|context| context.span().span_context().clone());
    if !span.is_valid() {
        return;
    }
    let [.., a, b, c, d, e, f, g, h] = span.trace_id().to_bytes();
    let trace = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
    fields.insert("dd.trace_id".to_owned(), trace.to_string().into());
    fields.insert("dd.span_id".to_owned(), u64::from_be_bytes(span.span_id().to_bytes()).to_string().into());
}
