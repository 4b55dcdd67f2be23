//! A running C1.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use baton_proto::c1::connectorapi::baton::v1::task::TaskType;
use sim_tls::{Identity, Listener};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::client::Client;
use crate::clock::Clock;
use crate::faults::Mode;
use crate::received::{Finish, Received};
use crate::server::{self, Server};
use crate::state::{Manner, State};

/// How a C1 is set up.
#[derive(Debug, Clone)]
pub struct SimConfig {
    /// Where it listens. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// The seed of everything random.
    pub seed: u64,
    /// How many seconds pass here in one of ours. Intervals and the lives of tokens are in seconds of this C1.
    pub time_scale: f64,
    /// How far this C1's wall clock is ahead of ours, in seconds.
    pub clock_ahead: f64,
    /// The share of requests with which something goes wrong, from 0 to 1: a connection that breaks before or after
    /// all is done, a failure of the server, a token that is no longer good.
    pub faults: f64,
    /// When to ask for tasks again.
    pub next_poll: Duration,
    /// When to give the next sign of life of a task. One that gives none for five times as long is handed out again.
    pub next_heartbeat: Duration,
    /// How long a token is good, in seconds.
    pub token_life: u64,
}

impl Default for SimConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            seed: 1,
            time_scale: 1.0,
            clock_ahead: 0.0,
            faults: 0.0,
            next_poll: Duration::from_secs(1),
            next_heartbeat: Duration::from_secs(30),
            token_life: 3600,
        }
    }
}

/// Why a C1 could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened at, or there is no certificate for it.
    #[error(transparent)]
    Listen(#[from] sim_tls::Error),
    /// No key could be made.
    #[error("cannot make a key")]
    Key(#[from] aws_lc_rs::error::Unspecified),
}

/// A running C1. It ends when this is dropped.
pub struct C1Sim {
    address: SocketAddr,
    ca_pem: String,
    server: Arc<Server>,
    generation: watch::Sender<u64>,
    running: JoinHandle<()>,
}

impl std::fmt::Debug for C1Sim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("C1Sim").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for C1Sim {
    fn drop(&mut self) {
        self.running.abort();
    }
}

impl C1Sim {
    /// Starts a C1 within a tokio runtime.
    ///
    /// # Errors
    /// The address cannot be listened at, or no certificate can be made.
    pub async fn start(config: SimConfig) -> Result<Self, StartError> {
        let hosts = ["localhost".to_owned(), config.listen.ip().to_string()];
        let identity = Identity { name: "c1-sim", hosts: &hosts, protocols: &["h2", "http/1.1"] };
        let listener = Listener::bind(config.listen, identity).await?;
        let (address, ca_pem) = (listener.address(), listener.ca_pem().to_owned());
        let manner = Manner {
            mode: Mode::Serving,
            faults: config.faults,
            delay: Duration::ZERO,
            next_poll: config.next_poll,
            next_heartbeat: config.next_heartbeat,
            client_is_known: true,
            uploads_to_refuse: 0,
            is_generous: false,
        };
        let (generation, receiver) = watch::channel(0);
        let server = Arc::new(Server {
            state: Arc::new(State::new(manner, config.seed)),
            clock: Arc::new(Clock::new(config.time_scale, config.clock_ahead)),
            client: Client::new(address)?,
            audience: address.ip().to_string(),
            token_life: config.token_life,
            generation: receiver,
        });
        let serving = Arc::clone(&server);
        let serve = listener.serve(move |caller| server::connection(caller, Arc::clone(&serving)));
        let running = tokio::spawn(async move { match serve.await {} });
        Ok(Self { address, ca_pem, server, generation, running })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The authority that a client has to trust, in PEM.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The id of the client that may sign in.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.server.client.id
    }

    /// Its secret.
    #[must_use]
    pub fn client_secret(&self) -> &str {
        &self.server.client.secret
    }

    /// Hands out a task to whoever asks next, and returns its id.
    pub fn hand_out(&self, task: TaskType) -> String {
        self.server.state.lock().add(task, false)
    }

    /// The same with a task that this C1 wants to see in detail.
    pub fn hand_out_debug(&self, task: TaskType) -> String {
        self.server.state.lock().add(task, true)
    }

    /// Hands out a task once more, whatever became of it.
    pub fn hand_out_again(&self, id: &str) {
        self.server.state.lock().add_again(id);
    }

    /// Cancels a task; the next heartbeat is told.
    pub fn cancel(&self, id: &str) {
        self.server.state.lock().cancel(id);
    }

    /// Behaves in another way from now on. Connections that exist break.
    pub fn set_mode(&self, mode: Mode) {
        self.server.state.lock().manner.mode = mode;
        self.drop_connections();
    }

    /// Answers only after `delay` of our time.
    pub fn set_delay(&self, delay: Duration) {
        self.server.state.lock().manner.delay = delay;
    }

    /// The share of requests with which something goes wrong.
    pub fn set_faults(&self, faults: f64) {
        self.server.state.lock().manner.faults = faults;
    }

    /// When to ask for tasks again.
    pub fn set_next_poll(&self, next_poll: Duration) {
        self.server.state.lock().manner.next_poll = next_poll;
    }

    /// Hands out everything that waits at once from now on, however little was asked for.
    pub fn hand_out_too_much(&self) {
        self.server.state.lock().manner.is_generous = true;
    }

    /// Refuses that many uploads once they have come whole.
    pub fn refuse_uploads(&self, count: u32) {
        self.server.state.lock().manner.uploads_to_refuse = count;
    }

    /// No token given so far is good any more.
    pub fn expire_tokens(&self) {
        self.server.state.lock().tokens.clear();
    }

    /// The client may not sign in any more.
    pub fn forget_client(&self) {
        let mut state = self.server.state.lock();
        state.manner.client_is_known = false;
        state.tokens.clear();
    }

    /// Breaks all connections.
    pub fn drop_connections(&self) {
        self.generation.send_modify(|generation| *generation += 1);
    }

    /// Everything that was received so far.
    #[must_use]
    pub fn received(&self) -> Received {
        self.server.state.lock().received.clone()
    }

    /// Looks at what was received so far without copying it.
    pub fn look<T>(&self, at: impl FnOnce(&Received) -> T) -> T {
        at(&self.server.state.lock().received)
    }

    /// Waits until a task is finished.
    pub async fn finished(&self, id: &str) -> Finish {
        self.wait(|received| received.finishes.get(id).cloned()).await
    }

    /// Waits until all tasks are finished that were handed out so far.
    pub async fn all_finished(&self) {
        loop {
            let changed = self.server.state.changed.notified();
            if self.server.state.lock().is_all_finished() {
                return;
            }
            changed.await;
        }
    }

    /// Waits until something has been received. Looks whenever a task is finished and every few milliseconds.
    pub async fn wait<T>(&self, until: impl Fn(&Received) -> Option<T>) -> T {
        loop {
            let changed = self.server.state.changed.notified();
            if let Some(found) = self.look(&until) {
                return found;
            }
            let pause = tokio::time::sleep(Duration::from_millis(5));
            tokio::select! {
                () = changed => {}
                () = pause => {}
            }
        }
    }
}
