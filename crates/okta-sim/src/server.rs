//! Accepting connections: TCP, TLS, HTTP/1.1 with keep-alive.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::handle::Service;

/// Serves connections until the task is aborted; all connections end with it.
pub(crate) async fn run(listener: TcpListener, tls: Arc<ServerConfig>, service: Arc<Service>) -> Infallible {
    let acceptor = TlsAcceptor::from(tls);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, acceptor.clone(), Arc::clone(&service)));
                }
                // The process is out of descriptors or the like: others have to close first.
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, acceptor: TlsAcceptor, service: Arc<Service>) {
    service.counters.connected();
    // Answers are written whole: waiting to fill a packet would only delay them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let stream = match acceptor.accept(stream).await {
        Ok(stream) => stream,
        Err(error) => return tracing::debug!(%error, "TLS handshake failed"),
    };
    let serve = service_fn(|request| {
        let service = Arc::clone(&service);
        async move { service.serve(request).await }
    });
    if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), serve).await {
        tracing::debug!(%error, "connection ended");
    }
}
