//! Serving a connection: HTTP/1.1 with keep-alive.

use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use sim_tls::Caller;

use crate::handle::Service;

/// Answers the requests of a caller until it ends the connection.
pub(crate) async fn connection(caller: Caller, service: Arc<Service>) {
    service.counters.connected();
    let Some(stream) = caller.over_tls().await else { return };
    let serve = service_fn(|request| {
        let service = Arc::clone(&service);
        async move { service.serve(request).await }
    });
    if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), serve).await {
        tracing::debug!(%error, "connection ended");
    }
}
