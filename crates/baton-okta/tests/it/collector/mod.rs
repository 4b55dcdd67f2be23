//! A small OpenTelemetry collector: takes OTLP over gRPC, with or without TLS, and keeps everything.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use baton_proto::Message;
use bytes::{Bytes, BytesMut};
use futures::stream;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::{Metric, metric, number_data_point};
use opentelemetry_proto::tonic::trace::v1::Span;
use sim_tls::{Identity, Listener};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Runtime;

/// What came.
#[derive(Default)]
pub struct Taken {
    pub traces: Vec<ExportTraceServiceRequest>,
    pub logs: Vec<ExportLogsServiceRequest>,
    pub metrics: Vec<ExportMetricsServiceRequest>,
    pub connections: usize,
}

/// A running collector.
pub struct Collector {
    pub address: String,
    /// The authority of its certificate, in PEM, if it speaks TLS.
    pub ca: String,
    taken: Arc<Mutex<Taken>>,
    _runtime: Runtime,
}

impl Collector {
    pub fn plain() -> Self {
        Self::start(false)
    }

    pub fn tls() -> Self {
        Self::start(true)
    }

    fn start(tls: bool) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let identity = Identity { name: "collector", hosts: &["localhost".to_owned()], protocols: &["h2"] };
        let listener = runtime.block_on(Listener::bind(([127, 0, 0, 1], 0).into(), identity)).unwrap();
        let address = format!("localhost:{}", listener.address().port());
        let ca = listener.ca_pem().to_owned();
        let taken = Arc::<Mutex<Taken>>::default();
        let taking = Arc::clone(&taken);
        runtime.spawn(listener.serve(move |caller| {
            let taking = Arc::clone(&taking);
            taking.lock().unwrap().connections += 1;
            async move {
                match tls {
                    false => serve(caller.without_tls(), taking).await,
                    // Whoever does not trust us goes away.
                    true => {
                        if let Some(stream) = caller.over_tls().await {
                            serve(stream, taking).await;
                        }
                    }
                }
            }
        }));
        Self { address, ca, taken, _runtime: runtime }
    }

    pub fn look<T>(&self, at: impl FnOnce(&Taken) -> T) -> T {
        at(&self.taken.lock().unwrap())
    }

    /// All spans, in the order in which they came.
    pub fn spans(&self) -> Vec<Span> {
        self.look(|taken| {
            let of_request = |request: &ExportTraceServiceRequest| request.resource_spans.clone();
            let scopes = taken.traces.iter().flat_map(of_request).flat_map(|of| of.scope_spans);
            scopes.flat_map(|of| of.spans).collect()
        })
    }

    pub fn span(&self, name: &str) -> Span {
        let spans = self.spans();
        let names: Vec<_> = spans.iter().map(|span| span.name.clone()).collect();
        spans.into_iter().find(|span| span.name == name).unwrap_or_else(|| panic!("no span {name} in {names:?}"))
    }

    /// All log lines.
    pub fn records(&self) -> Vec<LogRecord> {
        self.look(|taken| {
            let of_request = |request: &ExportLogsServiceRequest| request.resource_logs.clone();
            let scopes = taken.logs.iter().flat_map(of_request).flat_map(|of| of.scope_logs);
            scopes.flat_map(|of| of.log_records).collect()
        })
    }

    pub fn record(&self, message: &str) -> LogRecord {
        let found = self.records().into_iter().find(|record| body(record) == message);
        found.unwrap_or_else(|| panic!("no log line {message}"))
    }

    /// The metrics as they were told last.
    pub fn metrics(&self) -> Vec<Metric> {
        self.look(|taken| {
            let last = taken.metrics.last().expect("metrics were sent");
            last.resource_metrics.iter().flat_map(|of| of.scope_metrics.clone()).flat_map(|of| of.metrics).collect()
        })
    }

    /// The numbers of a metric by their attributes, for example `code=OK kind=grant`.
    pub fn numbers(&self, name: &str) -> BTreeMap<String, f64> {
        let metrics = self.metrics();
        let names: Vec<_> = metrics.iter().map(|metric| metric.name.clone()).collect();
        let found = metrics.into_iter().find(|metric| metric.name == name);
        let points = match found.unwrap_or_else(|| panic!("no metric {name} in {names:?}")).data {
            Some(metric::Data::Sum(sum)) => sum.data_points,
            Some(metric::Data::Gauge(gauge)) => gauge.data_points,
            Some(metric::Data::Histogram(histogram)) => {
                let points = histogram.data_points.into_iter();
                return points.map(|point| (texts(&point.attributes), point.count as f64)).collect();
            }
            other => panic!("{other:?}"),
        };
        let value = |value| match value {
            Some(number_data_point::Value::AsDouble(value)) => value,
            other => panic!("{other:?}"),
        };
        points.into_iter().map(|point| (texts(&point.attributes), value(point.value))).collect()
    }
}

/// The text of a log line.
pub fn body(record: &LogRecord) -> String {
    match record.body.clone().and_then(|body| body.value) {
        Some(any_value::Value::StringValue(text)) => text,
        other => panic!("{other:?}"),
    }
}

/// Attributes as text, in order.
pub fn texts(attributes: &[KeyValue]) -> String {
    let value = |attribute: &KeyValue| match attribute.value.clone().and_then(|value| value.value) {
        Some(any_value::Value::StringValue(text)) => text,
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        Some(any_value::Value::BoolValue(value)) => value.to_string(),
        other => format!("{other:?}"),
    };
    let mut texts: Vec<_> =
        attributes.iter().map(|attribute| format!("{}={}", attribute.key, value(attribute))).collect();
    texts.sort();
    texts.join(" ")
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, taken: Arc<Mutex<Taken>>) {
    let answer = service_fn(move |request| answer(request, Arc::clone(&taken)));
    let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    // Whoever ends without a word has ended.
    let _ = connection.serve_connection(TokioIo::new(stream), answer).await;
}

type Body = StreamBody<stream::Iter<std::vec::IntoIter<Result<Frame<Bytes>, Infallible>>>>;

async fn answer(request: Request<Incoming>, taken: Arc<Mutex<Taken>>) -> Result<Response<Body>, hyper::Error> {
    assert_eq!(request.headers()["content-type"], "application/grpc");
    let path = request.uri().path().to_owned();
    let body = request.into_body().collect().await?.to_bytes();
    // A message stands behind five bytes: whether it is compressed, and its length.
    assert_eq!(body[0], 0);
    let message = body.slice(5..);
    let mut taken = taken.lock().unwrap();
    match path.as_str() {
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export" => {
            taken.traces.push(Message::decode(message).unwrap());
        }
        "/opentelemetry.proto.collector.logs.v1.LogsService/Export" => {
            taken.logs.push(Message::decode(message).unwrap());
        }
        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export" => {
            taken.metrics.push(Message::decode(message).unwrap());
        }
        other => panic!("{other}"),
    }
    let empty = BytesMut::zeroed(5).freeze();
    let trailers = HeaderMap::from_iter([("grpc-status".parse().unwrap(), HeaderValue::from_static("0"))]);
    let frames = vec![Ok(Frame::data(empty)), Ok(Frame::trailers(trailers))];
    let response = Response::builder().header("content-type", "application/grpc");
    Ok(response.body(StreamBody::new(stream::iter(frames))).unwrap())
}
