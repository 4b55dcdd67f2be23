//! Starting and stopping a simulator.

use std::io;
use std::net::SocketAddr;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, RwLock, RwLockReadGuard};
use std::time::Duration;

use sim_tls::{Identity, Listener};
use tokio::task::JoinHandle;

use crate::config::SimConfig;
use crate::endpoints::PageSizes;
use crate::faults::{FaultBox, Faults};
use crate::handle::Service;
use crate::limits::Limiter;
use crate::oauth::Authority;
use crate::org::{LogEvent, Org};
use crate::server;
use crate::stats::{Counters, Stats};
use crate::writes::{Write, Writes};

/// A running simulated org. It stops when this is dropped.
#[derive(Debug)]
pub struct Sim {
    address: SocketAddr,
    ca_pem: String,
    service: Arc<Service>,
    task: JoinHandle<std::convert::Infallible>,
}

/// The org that a simulator serves, held still.
#[derive(Debug)]
pub struct OrgView<'a>(RwLockReadGuard<'a, Org>);

impl Deref for OrgView<'_> {
    type Target = Org;

    fn deref(&self) -> &Org {
        &self.0
    }
}

/// A simulator could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimError {
    /// The address is taken or not this machine's.
    #[error("cannot listen on {address}; choose another address or port 0")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// No certificate could be made; a name for it may be malformed.
    #[error("cannot make a certificate; check the extra names for it")]
    Certificate(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The certificate authority could not be written to a file.
    #[error("cannot write the certificate authority to {}", .path.display())]
    WriteCa {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Sim {
    /// Starts a simulator on the current Tokio runtime. It answers when this returns.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened on, or no certificate can be made.
    pub async fn start(config: SimConfig) -> Result<Self, SimError> {
        let mut hosts = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
        hosts.extend(config.names);
        let identity = Identity { name: "okta-sim", hosts: &hosts, protocols: &["http/1.1"] };
        let listener = Listener::bind(config.listen, identity).await.map_err(|error| match error {
            sim_tls::Error::Listen(source) => SimError::Listen { address: config.listen, source },
            sim_tls::Error::Certificate(source) => SimError::Certificate(source),
        })?;
        let (address, ca_pem) = (listener.address(), listener.ca_pem().to_owned());
        let clock = config.clock.started();
        let mut org = config.org;
        org.system_log.open(clock.clone(), config.seed);
        org.clock = Some(clock.clone());
        org.system_log.set_lag(config.log_lag);
        if !config.search_lag.is_zero() {
            org.lag_searches(config.search_lag, &clock);
        }
        let service = Arc::new(Service {
            org: RwLock::new(org),
            tokens: config.tokens,
            authority: Authority::new(config.oauth_apps, config.oauth),
            limiter: Limiter::new(config.quotas, config.principal_percent),
            concurrency_limit: config.concurrency_limit,
            latency: config.latency,
            latency_jitter: config.latency_jitter,
            seed: config.seed,
            clock: clock.clone(),
            faults: FaultBox::new(config.faults),
            sizes: PageSizes { cap: config.page_cap, groups: config.group_page_cap.clamp(1, 10_000) },
            skinny_users: config.skinny_users,
            forget_expand: config.forget_expand,
            iam_link_headers: config.iam_link_headers,
            display_domain: config.display_domain,
            gzip: config.gzip,
            counters: Counters::new(config.log_requests),
            writes: Writes::new(config.record_writes),
            own_host: format!("localhost:{}", address.port()),
            calls: AtomicU64::new(0),
        });
        let serving = Arc::clone(&service);
        let task = tokio::spawn(listener.serve(move |caller| server::connection(caller, Arc::clone(&serving))));
        Ok(Self { address, ca_pem, service, task })
    }

    /// The domain to give to clients: `localhost:PORT`.
    #[must_use]
    pub fn host(&self) -> String {
        self.service.own_host.clone()
    }

    /// The origin to give to clients: `https://localhost:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.service.own_host)
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate authority that a client has to trust, as PEM.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// Writes the certificate authority to a file that `SSL_CERT_FILE` can name.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn write_ca(&self, path: &Path) -> Result<(), SimError> {
        std::fs::write(path, &self.ca_pem).map_err(|source| SimError::WriteCa { path: path.to_owned(), source })
    }

    /// The first token that is accepted; empty when there is none.
    #[must_use]
    pub fn token(&self) -> &str {
        self.service.tokens.first().map_or("", |token| &token.secret)
    }

    /// The org that is served, as it is now. It does not change while this is held: a request for a change waits, so do
    /// not await the answer to one meanwhile.
    #[must_use]
    pub fn org(&self) -> OrgView<'_> {
        OrgView(self.service.org())
    }

    /// Reads something from the org that is served.
    pub fn with_org<T>(&self, read: impl FnOnce(&Org) -> T) -> T {
        read(&self.service.org())
    }

    /// Changes the org that is served; what changes goes into the System Log.
    pub fn change_org<T>(&self, change: impl FnOnce(&mut Org) -> T) -> T {
        change(&mut self.service.org_mut())
    }

    /// Puts these rules for faults in the place of the others, and counts attempts from the beginning.
    pub fn set_faults(&self, faults: Faults) {
        self.service.faults.replace(faults);
    }

    /// The requests for changes so far, in the order of their answers; empty unless [`SimConfig::record_writes`] is set.
    #[must_use]
    pub fn writes(&self) -> Vec<Write> {
        self.service.writes.snapshot()
    }

    /// What was counted so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.service.counters.snapshot()
    }

    /// Adds an event to the System Log of the org that is served; see [`Org::log`].
    pub fn add_event(&self, event: LogEvent) {
        self.service.org().log(event);
    }

    /// Takes back all OAuth access tokens: they are refused from now on as expired ones are.
    pub fn revoke_access_tokens(&self) {
        self.service.authority.revoke_tokens();
    }

    /// Takes back all DPoP nonces: the next proofs are answered with a challenge.
    pub fn rotate_nonces(&self) {
        self.service.authority.rotate_nonces();
    }

    /// Sets the simulator's clock ahead, so that what depends on time can be tried without waiting: rate-limit windows,
    /// tokens, nonces, the System Log. The answers' `Date` shows it too.
    pub fn advance_clock(&self, by: Duration) {
        self.service.clock.advance(by);
    }

    /// Stops at once: the port is free when this returns, and connections are closed, also those that wait for an answer.
    pub async fn stop(self) {
        self.task.abort();
        // It was aborted, so what it ends with says nothing.
        while !self.task.is_finished() {
            tokio::task::yield_now().await;
        }
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        self.task.abort();
    }
}
