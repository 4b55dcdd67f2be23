//! A TLS listener for stand-ins of servers: with a certificate authority that is made anew each time and thrown away.
//!
//! Clients connect over real TLS and check certificates as they do elsewhere; they only have to trust
//! [`Listener::ca_pem`].

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Why there is no listener.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is taken or not this machine's.
    #[error("cannot listen: {0}")]
    Listen(io::Error),
    /// No certificate could be made; a name for it may be malformed.
    #[error("cannot make a certificate: {0}")]
    Certificate(Box<dyn std::error::Error + Send + Sync>),
}

/// What a listener shows to clients.
#[derive(Debug, Clone, Copy)]
pub struct Identity<'a> {
    /// Who it is, in the subjects of its certificates.
    pub name: &'a str,
    /// What clients may call it: DNS names and IP addresses.
    pub hosts: &'a [String],
    /// The protocols that it speaks, the best first, by their names in ALPN (`h2`, `http/1.1`).
    pub protocols: &'a [&'a str],
}

/// Waits for connections.
pub struct Listener {
    tcp: TcpListener,
    tls: TlsAcceptor,
    address: SocketAddr,
    ca_pem: String,
}

/// Somebody who has connected, and has not said anything yet. Whoever is dropped is hung up on.
pub struct Caller {
    tcp: TcpStream,
    tls: TlsAcceptor,
}

impl Listener {
    /// Listens at `address`, within a Tokio runtime.
    ///
    /// # Errors
    /// The address cannot be listened at, or no certificate can be made.
    pub async fn bind(address: SocketAddr, identity: Identity<'_>) -> Result<Self, Error> {
        let tcp = TcpListener::bind(address).await.map_err(Error::Listen)?;
        let address = tcp.local_addr().map_err(Error::Listen)?;
        let (tls, ca_pem) = certified(identity).map_err(Error::Certificate)?;
        Ok(Self { tcp, tls: TlsAcceptor::from(Arc::new(tls)), address, ca_pem })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The authority that clients have to trust, in PEM.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// Serves all who connect, each by a task of its own, until this is dropped: then all connections end.
    pub async fn serve<F>(self, connection: impl Fn(Caller) -> F) -> Infallible
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.tcp.accept() => match accepted {
                    Ok((tcp, _)) => {
                        connections.spawn(connection(Caller { tcp, tls: self.tls.clone() }));
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
}

impl Caller {
    /// Agrees on TLS; `None` if the caller does not trust us or does not speak it.
    pub async fn over_tls(self) -> Option<TlsStream<TcpStream>> {
        let tls = self.tls.clone();
        let accepted = tls.accept(self.without_tls()).await;
        accepted.inspect_err(|error| tracing::debug!(%error, "TLS handshake failed")).ok()
    }

    /// The connection as it is.
    #[must_use]
    pub fn without_tls(self) -> TcpStream {
        // Answers are written whole: waiting to fill a packet would only delay them.
        if let Err(error) = self.tcp.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
        self.tcp
    }
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listener").field("address", &self.address).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Caller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Caller").field("tcp", &self.tcp).finish_non_exhaustive()
    }
}

/// Makes a new authority and has it sign a certificate; gives what serves it, and the authority in PEM.
fn certified(identity: Identity<'_>) -> Result<(ServerConfig, String), Box<dyn std::error::Error + Send + Sync>> {
    let mut authority = CertificateParams::default();
    authority.distinguished_name = named(&format!("{} throw-away CA", identity.name));
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

    let key = KeyPair::generate()?;
    let mut leaf = CertificateParams::new(identity.hosts)?;
    leaf.distinguished_name = named(identity.name);
    leaf.use_authority_key_identifier_extension = true;
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = leaf.signed_by(&key, &authority)?;

    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )?;
    server.alpn_protocols = identity.protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    Ok((server, authority.pem()))
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::net::Ipv4Addr;

    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, ServerName};
    use rustls::{ClientConfig, RootCertStore};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_rustls::TlsConnector;

    use super::*;

    async fn listener(hosts: &[&str]) -> Result<Listener, Error> {
        let hosts: Vec<String> = hosts.iter().map(|&host| host.to_owned()).collect();
        let identity = Identity { name: "test", hosts: &hosts, protocols: &["h2", "http/1.1"] };
        Listener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), identity).await
    }

    /// Connects by that name, trusting `ca_pem`, and reads what the server says.
    async fn said(address: SocketAddr, ca_pem: &str, host: &'static str) -> io::Result<String> {
        let mut trusted = RootCertStore::empty();
        trusted.add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(trusted)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let tcp = TcpStream::connect(address).await?;
        let mut tls = TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(host).unwrap(), tcp).await?;
        assert_eq!(tls.get_ref().1.alpn_protocol(), Some(b"http/1.1".as_slice()));
        let mut text = String::new();
        tls.read_to_string(&mut text).await?;
        Ok(text)
    }

    #[tokio::test]
    async fn who_trusts_the_authority_is_served_and_nobody_else() {
        let (ours, other) =
            (listener(&["localhost", "127.0.0.1"]).await.unwrap(), listener(&["localhost"]).await.unwrap());
        let (address, ca_pem) = (ours.address(), ours.ca_pem().to_owned());
        let serving = tokio::spawn(ours.serve(|caller| async {
            if let Some(mut tls) = caller.over_tls().await {
                tls.write_all(b"hello").await.unwrap();
                tls.shutdown().await.unwrap();
            }
        }));
        assert!(said(address, other.ca_pem(), "localhost").await.is_err(), "another authority");
        assert!(said(address, &ca_pem, "example.com").await.is_err(), "another name");
        assert_eq!(said(address, &ca_pem, "localhost").await.unwrap(), "hello");
        assert_eq!(said(address, &ca_pem, "127.0.0.1").await.unwrap(), "hello");
        serving.abort();
    }

    #[tokio::test]
    async fn who_is_not_served_any_more_is_hung_up_on() {
        let ours = listener(&["localhost"]).await.unwrap();
        let address = ours.address();
        let serving = tokio::spawn(ours.serve(|caller| async move {
            let _open = caller.without_tls();
            std::future::pending::<()>().await;
        }));
        let mut open = TcpStream::connect(address).await.unwrap();
        serving.abort();
        let ended = open.read(&mut [0]).await;
        assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
    }

    #[tokio::test]
    async fn what_cannot_be_is_told() {
        let taken = listener(&["localhost"]).await.unwrap();
        let identity = Identity { name: "test", hosts: &["localhost".to_owned()], protocols: &[] };
        assert!(matches!(Listener::bind(taken.address(), identity).await, Err(Error::Listen(_))));
        assert!(matches!(listener(&["naïve"]).await, Err(Error::Certificate(_))));
    }
}
