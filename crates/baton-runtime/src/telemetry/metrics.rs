//! The counters, as the collector reads them: the same numbers that `/metrics` shows.

use std::time::{SystemTime, UNIX_EPOCH};

use baton_service::metrics::{Family, FamilyKind, Histogram as Durations, Metrics, Sample, Value};
use opentelemetry::InstrumentationScope;
pub(super) use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics,
    ScopeMetrics, Sum, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;

use super::collector::Collector;

pub(super) const PATH: &str = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";

/// All counters at this moment, counted since `began`.
pub(super) fn request(
    metrics: &Metrics,
    collector: &Collector,
    scope: &InstrumentationScope,
    began: SystemTime,
) -> ExportMetricsServiceRequest {
    let resource = collector.resource();
    let times = Times { began: nanos(began), now: nanos(SystemTime::now()) };
    let families = metrics.families();
    let told = families.iter().filter(|family| !family.samples.is_empty());
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(Resource { attributes: resource.attributes.0.clone(), ..Resource::default() }),
            scope_metrics: vec![ScopeMetrics {
                scope: Some((scope, None).into()),
                metrics: told.map(|family| metric(family, times)).collect(),
                ..ScopeMetrics::default()
            }],
            ..ResourceMetrics::default()
        }],
    }
}

/// From when to when something was counted, in nanoseconds since 1970.
#[derive(Clone, Copy)]
struct Times {
    began: u64,
    now: u64,
}

fn nanos(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

fn metric(family: &Family, times: Times) -> Metric {
    let (name, unit) = name_and_unit(family.name);
    let cumulative = AggregationTemporality::Cumulative.into();
    let numbers = || family.samples.iter().filter_map(|sample| number(sample, times)).collect();
    let data = match family.kind {
        FamilyKind::Gauge => Data::Gauge(Gauge { data_points: numbers() }),
        FamilyKind::Counter => {
            Data::Sum(Sum { data_points: numbers(), aggregation_temporality: cumulative, is_monotonic: true })
        }
        FamilyKind::Histogram => {
            let points = family.samples.iter().filter_map(|sample| durations(sample, times)).collect();
            Data::Histogram(Histogram { data_points: points, aggregation_temporality: cumulative })
        }
    };
    Metric { name, unit: unit.to_owned(), description: family.help.to_owned(), data: Some(data), ..Metric::default() }
}

/// A name by the rules of OpenTelemetry, of which a collector makes Prometheus's name again: `baton.source.wait` in `s`
/// of `baton_source_wait_seconds_total`.
fn name_and_unit(prometheus: &str) -> (String, &'static str) {
    let name = prometheus.strip_suffix("_total").unwrap_or(prometheus);
    let units = [("_seconds", "s"), ("_bytes", "By")];
    let found = units.into_iter().find_map(|(suffix, unit)| Some((name.strip_suffix(suffix)?, unit)));
    let (name, unit) = found.unwrap_or((name, ""));
    (name.replace('_', "."), unit)
}

fn attributes(sample: &Sample) -> Vec<KeyValue> {
    let value = |text: &String| Some(AnyValue { value: Some(any_value::Value::StringValue(text.clone())) });
    let labels = sample.labels.iter();
    labels.map(|(key, text)| KeyValue { key: (*key).to_owned(), value: value(text), ..KeyValue::default() }).collect()
}

fn number(sample: &Sample, times: Times) -> Option<NumberDataPoint> {
    let Value::Number(value) = sample.value else { return None };
    Some(NumberDataPoint {
        attributes: attributes(sample),
        start_time_unix_nano: times.began,
        time_unix_nano: times.now,
        value: Some(number_data_point::Value::AsDouble(value)),
        ..NumberDataPoint::default()
    })
}

fn durations(sample: &Sample, times: Times) -> Option<HistogramDataPoint> {
    let Value::Histogram(Durations { buckets, count, sum }) = &sample.value else { return None };
    // There each bucket counts its own values only, and those above the last bound have one as well.
    let mut below = 0;
    let up_to = buckets.iter().map(|(_, count)| *count).chain([*count]);
    let bucket_counts = up_to.map(|up_to| up_to - std::mem::replace(&mut below, up_to)).collect();
    Some(HistogramDataPoint {
        attributes: attributes(sample),
        start_time_unix_nano: times.began,
        time_unix_nano: times.now,
        count: *count,
        sum: Some(*sum),
        bucket_counts,
        explicit_bounds: buckets.iter().map(|(bound, _)| *bound).collect(),
        ..HistogramDataPoint::default()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use super::*;

    #[test]
    fn names_can_be_made_prometheus_names_again() {
        for (prometheus, name, unit) in [
            ("baton_tasks_total", "baton.tasks", ""),
            ("baton_task_duration_seconds", "baton.task.duration", "s"),
            ("baton_source_wait_seconds_total", "baton.source.wait", "s"),
            ("baton_uploaded_bytes_total", "baton.uploaded", "By"),
            ("baton_c1_up", "baton.c1.up", ""),
        ] {
            assert_eq!(name_and_unit(prometheus), (name.to_owned(), unit));
        }
    }

    #[test]
    fn each_bucket_counts_its_own() {
        let metrics = Metrics::default();
        for seconds in [0.3, 0.4, 9.0, 100_000.0] {
            metrics.task("grant", None, Duration::from_secs_f64(seconds));
        }
        let families = metrics.families();
        let family = families.iter().find(|family| family.kind == FamilyKind::Histogram).unwrap();
        let Some(Data::Histogram(found)) = metric(family, Times { began: 1, now: 2 }).data else { unreachable!() };
        let point = &found.data_points[0];
        assert_eq!(point.bucket_counts, [0, 2, 0, 0, 1, 0, 0, 0, 0, 0, 1]);
        assert_eq!((point.count, point.explicit_bounds.len(), point.start_time_unix_nano), (4, 10, 1));
        assert_eq!(point.bucket_counts.iter().sum::<u64>(), point.count);
    }
}
