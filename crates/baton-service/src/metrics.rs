//! What service mode counts. [`Metrics::families`] is all of it as plain data, from which every exporter can be made;
//! [`Metrics::prometheus`] is the text that Prometheus reads.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use baton_connector::{Code, QueueTraffic, Source};
use baton_sync::Summary;

use crate::status::Status;

/// Upper bounds of the durations of tasks, in seconds: a grant takes one, a large sync hours.
const BOUNDS: [f64; 10] = [0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0, 28_800.0];

/// The counters.
#[derive(Default)]
pub struct Metrics {
    tasks: Mutex<BTreeMap<(&'static str, &'static str), Histogram>>,
    calls: Mutex<BTreeMap<(&'static str, &'static str), u64>>,
    rows: Mutex<BTreeMap<(String, &'static str), u64>>,
    uploaded: AtomicU64,
    duplicates: AtomicU64,
    panics: AtomicU64,
    source: OnceLock<Arc<dyn Source>>,
    status: OnceLock<Arc<Status>>,
    build: OnceLock<(String, String)>,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// Durations by size.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Histogram {
    /// Upper bounds with the number of values up to them, the smaller ones included.
    pub buckets: Vec<(f64, u64)>,
    /// All values.
    pub count: u64,
    /// Their sum, in seconds.
    pub sum: f64,
}

impl Histogram {
    fn add(&mut self, value: f64) {
        if self.buckets.is_empty() {
            self.buckets = BOUNDS.iter().map(|bound| (*bound, 0)).collect();
        }
        for (bound, count) in &mut self.buckets {
            *count += u64::from(value <= *bound);
        }
        self.count += 1;
        self.sum += value;
    }
}

/// A metric with all its values.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// Its name, as Prometheus wants it.
    pub name: &'static str,
    /// What it is, in one sentence.
    pub help: &'static str,
    /// What kind of values it has.
    pub kind: FamilyKind,
    /// Its values.
    pub samples: Vec<Sample>,
}

/// The kinds of metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FamilyKind {
    /// Grows only.
    Counter,
    /// Grows and shrinks.
    Gauge,
    /// Durations by size.
    Histogram,
}

impl FamilyKind {
    /// The type as Prometheus' text format names it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// A value, and what it is of.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Names and values.
    pub labels: Vec<(&'static str, String)>,
    /// The value.
    pub value: Value,
}

/// A value of a metric.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number.
    Number(f64),
    /// Durations by size.
    Histogram(Histogram),
}

impl Metrics {
    /// Whom to ask what was asked of the connector's system. The first word counts: a process serves one connector.
    pub fn watch(&self, source: Arc<dyn Source>) {
        let _ = self.source.set(source);
    }

    /// Which program this is: its name and its version.
    pub fn describe(&self, name: &str, version: &str) {
        let _ = self.build.set((name.to_owned(), version.to_owned()));
    }

    /// Whom to ask how the service stands.
    pub(crate) fn watch_status(&self, status: Arc<Status>) {
        let _ = self.status.set(status);
    }

    /// A task has ended, with this code if badly.
    pub fn task(&self, kind: &'static str, code: Option<Code>, took: Duration) {
        let outcome = code.map_or("OK", Code::name);
        lock(&self.tasks).entry((kind, outcome)).or_default().add(took.as_secs_f64());
    }

    /// C1 was called, and answered with this code if badly.
    pub(crate) fn called(&self, method: &'static str, code: Option<Code>) {
        *lock(&self.calls).entry((method, code.map_or("OK", Code::name))).or_default() += 1;
    }

    /// A sync has written its file.
    pub fn synced(&self, summary: &Summary) {
        let mut rows = lock(&self.rows);
        for of in &summary.types {
            for (what, count) in [("resource", of.resources), ("entitlement", of.entitlements), ("grant", of.grants)] {
                *rows.entry((of.id.clone(), what)).or_default() += count;
            }
        }
    }

    /// A file was uploaded.
    pub(crate) fn uploaded(&self, bytes: u64) {
        self.uploaded.fetch_add(bytes, Ordering::Relaxed);
    }

    /// C1 handed out a task that we had already.
    pub(crate) fn duplicate(&self) {
        self.duplicates.fetch_add(1, Ordering::Relaxed);
    }

    /// A handler panicked.
    pub(crate) fn panicked(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    /// Every metric that there is, without values worth reading: for a reference.
    #[must_use]
    pub fn catalogue() -> Vec<Family> {
        let metrics = Self::default();
        metrics.describe("", "");
        let mut all = metrics.families();
        all.extend(of_source(&[]));
        all.extend(of_status(&Status::default()));
        all.sort_by_key(|family| family.name);
        all
    }

    /// Everything, at this moment.
    #[must_use]
    pub fn families(&self) -> Vec<Family> {
        let mut all = self.of_tasks();
        all.extend(self.of_c1());
        if let Some(source) = self.source.get() {
            all.extend(of_source(&source.traffic()));
        }
        if let Some(status) = self.status.get() {
            all.extend(of_status(status));
        }
        if let Some((name, version)) = self.build.get() {
            let labels = vec![("name", name.clone()), ("version", version.clone())];
            all.push(family("baton_build_info", "The program.", FamilyKind::Gauge, vec![number(labels, 1)]));
        }
        all
    }

    fn of_tasks(&self) -> Vec<Family> {
        let tasks = lock(&self.tasks).clone();
        let labels = |kind: &str, code: &str| vec![("kind", kind.to_owned()), ("code", code.to_owned())];
        let counts = tasks.iter().map(|((kind, code), times)| number(labels(kind, code), times.count));
        let times = tasks
            .iter()
            .map(|((kind, code), times)| Sample { labels: labels(kind, code), value: Value::Histogram(times.clone()) });
        let rows = lock(&self.rows).clone();
        let rows = rows.iter().map(|((of, what), count)| {
            number(vec![("resource_type", of.clone()), ("row", (*what).to_owned())], *count)
        });
        vec![
            family("baton_tasks_total", "Tasks that have ended.", FamilyKind::Counter, counts.collect()),
            family("baton_task_duration_seconds", "How long tasks took.", FamilyKind::Histogram, times.collect()),
            counter("baton_task_panics_total", "Handlers that panicked.", &self.panics),
            counter("baton_task_duplicates_total", "Tasks that C1 handed out twice.", &self.duplicates),
            family("baton_synced_rows_total", "Rows that syncs have written.", FamilyKind::Counter, rows.collect()),
            counter("baton_uploaded_bytes_total", "Bytes of files that C1 has taken.", &self.uploaded),
        ]
    }

    fn of_c1(&self) -> Vec<Family> {
        let calls = lock(&self.calls).clone();
        let calls = calls.iter().map(|((method, code), count)| {
            number(vec![("method", (*method).to_owned()), ("code", (*code).to_owned())], *count)
        });
        vec![family("baton_c1_calls_total", "Calls of C1.", FamilyKind::Counter, calls.collect())]
    }

    /// Everything in the text form that Prometheus reads (version 0.0.4).
    #[must_use]
    pub fn prometheus(&self) -> String {
        let mut text = String::new();
        for family in self.families() {
            // Writing into a string does not fail.
            let _ = write!(text, "# HELP {0} {1}\n# TYPE {0} {2}\n", family.name, family.help, family.kind.as_str());
            for sample in &family.samples {
                write_sample(&mut text, family.name, sample);
            }
        }
        text
    }
}

/// What the connector asked of its system.
fn of_source(traffic: &[QueueTraffic]) -> Vec<Family> {
    let of = |name, help, value: fn(&QueueTraffic) -> f64| {
        let samples = traffic
            .iter()
            .map(|queue| Sample { labels: vec![("lane", queue.queue.clone())], value: Value::Number(value(queue)) });
        family(name, help, FamilyKind::Counter, samples.collect())
    };
    vec![
        of("baton_source_calls_total", "Requests to the source, by rate-limit bucket.", |queue| count(queue.calls)),
        of("baton_source_retries_total", "Requests that were repeated.", |queue| count(queue.retries)),
        of("baton_source_throttled_total", "Answers that said too many requests.", |queue| count(queue.throttled)),
        of("baton_source_wait_seconds_total", "Time that requests waited to keep within the quota.", |queue| {
            queue.waited.as_secs_f64()
        }),
    ]
}

fn of_status(status: &Status) -> Vec<Family> {
    let status = status.get();
    let gauge = |name, help, value: u64| family(name, help, FamilyKind::Gauge, vec![number(Vec::new(), value)]);
    let size = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    vec![
        gauge("baton_c1_up", "Whether C1 can be reached.", u64::from(status.unreachable.is_none())),
        gauge("baton_ready", "Whether C1 has taken our Hello.", u64::from(status.greeted)),
        gauge("baton_tasks_running", "Tasks under way.", size(status.running)),
        gauge("baton_finishes_undelivered", "Tasks that have ended and C1 does not know.", size(status.undelivered)),
    ]
}

fn family(name: &'static str, help: &'static str, kind: FamilyKind, samples: Vec<Sample>) -> Family {
    Family { name, help, kind, samples }
}

fn counter(name: &'static str, help: &'static str, value: &AtomicU64) -> Family {
    family(name, help, FamilyKind::Counter, vec![number(Vec::new(), value.load(Ordering::Relaxed))])
}

fn number(labels: Vec<(&'static str, String)>, value: u64) -> Sample {
    Sample { labels, value: Value::Number(count(value)) }
}

/// Counts beyond 2^53 lose their last digits; no process lives that long.
#[expect(clippy::cast_precision_loss, reason = "see above")]
fn count(value: u64) -> f64 {
    value as f64
}

fn write_sample(text: &mut String, name: &str, sample: &Sample) {
    match &sample.value {
        Value::Number(value) => {
            let _ = writeln!(text, "{name}{} {value}", labels(&sample.labels, None));
        }
        Value::Histogram(histogram) => {
            let bounds = histogram.buckets.iter().map(|(bound, count)| (bound.to_string(), *count));
            for (bound, count) in bounds.chain([("+Inf".to_owned(), histogram.count)]) {
                let _ = writeln!(text, "{name}_bucket{} {count}", labels(&sample.labels, Some(&bound)));
            }
            let _ = writeln!(text, "{name}_sum{} {}", labels(&sample.labels, None), histogram.sum);
            let _ = writeln!(text, "{name}_count{} {}", labels(&sample.labels, None), histogram.count);
        }
    }
}

fn labels(labels: &[(&'static str, String)], bound: Option<&str>) -> String {
    let escaped = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let mut all: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    all.extend(bound.map(|bound| format!("le=\"{bound}\"")));
    if all.is_empty() { String::new() } else { format!("{{{}}}", all.join(",")) }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prometheus_can_read_it() {
        let metrics = Metrics::default();
        metrics.task("grant", None, Duration::from_millis(300));
        metrics.task("grant", None, Duration::from_secs(9));
        metrics.task("revoke", Some(Code::Unavailable), Duration::from_secs(1));
        metrics.called("GetTask", None);
        metrics.called("GetTask", Some(Code::Unavailable));
        let text = metrics.prometheus();
        for line in [
            "# TYPE baton_tasks_total counter",
            "baton_tasks_total{kind=\"grant\",code=\"OK\"} 2",
            "baton_tasks_total{kind=\"revoke\",code=\"Unavailable\"} 1",
            "# TYPE baton_task_duration_seconds histogram",
            "baton_task_duration_seconds_bucket{kind=\"grant\",code=\"OK\",le=\"0.1\"} 0",
            "baton_task_duration_seconds_bucket{kind=\"grant\",code=\"OK\",le=\"0.5\"} 1",
            "baton_task_duration_seconds_bucket{kind=\"grant\",code=\"OK\",le=\"15\"} 2",
            "baton_task_duration_seconds_bucket{kind=\"grant\",code=\"OK\",le=\"+Inf\"} 2",
            "baton_task_duration_seconds_sum{kind=\"grant\",code=\"OK\"} 9.3",
            "baton_task_duration_seconds_count{kind=\"grant\",code=\"OK\"} 2",
            "baton_task_duplicates_total 0",
            "baton_c1_calls_total{method=\"GetTask\",code=\"OK\"} 1",
        ] {
            assert!(text.lines().any(|told| told == line), "{line} is not in\n{text}");
        }
        assert_eq!(labels(&[("a", "x\"\\\n".to_owned())], None), "{a=\"x\\\"\\\\\\n\"}");
    }
}
