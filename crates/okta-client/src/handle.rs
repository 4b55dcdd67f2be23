//! The client as a cloneable handle.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio_util::sync::CancellationToken;

use crate::auth::Authenticator;
use crate::org_url::OrgUrl;
use crate::pacer::Pacer;
use crate::sent::SentLog;
use crate::skew::Skew;
use crate::transport::Transport;

/// A paced client of one org. Clones share connections, pacing, counters and the log of sent requests.
#[derive(Clone)]
pub struct Client {
    pub(crate) inner: Arc<Inner>,
    /// Ends the calls of this client.
    pub(crate) cancel: CancellationToken,
    /// The log of sent requests, if one is kept.
    pub(crate) log: Option<Arc<SentLog>>,
}

/// The state that the clones of a client share.
pub(crate) struct Inner {
    pub(crate) org: OrgUrl,
    pub(crate) auth: Arc<dyn Authenticator>,
    pub(crate) max_attempts: u32,
    pub(crate) transport: Box<dyn Transport>,
    pub(crate) pacer: Pacer,
    /// Whether the host has ever responded.
    pub(crate) reached: AtomicBool,
    pub(crate) skew: Skew,
    /// Random numbers from 0 to 1, for pauses.
    pub(crate) rng: Box<dyn Fn() -> f64 + Send + Sync>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("org", &self.inner.org.to_string())
            .field("auth", &self.inner.auth)
            .finish_non_exhaustive()
    }
}
