//! A stage for service mode: a C1, a made-up connector, a folder, and the service between them.

mod system;
pub mod tasks;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use baton_proto::c1::connector::v2::ConnectorMetadata;
use baton_service::{BuildFacts, Clock, Credentials, Event, HealthBind, Observer, ServiceConfig, ServiceError, Timing};
use c1_sim::{C1Sim, SimConfig};
use rusqlite::{Connection, OpenFlags};
use secrecy::SecretString;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use system::{Behaviour, System};

/// So many seconds usually pass for the service and for C1 in one of ours.
pub const SCALE: f64 = 200.0;

/// Nothing in these tests takes that long unless something is stuck.
const STUCK: Duration = Duration::from_secs(120);

/// What the service tells.
#[derive(Default)]
pub struct Seen(Mutex<Vec<Event>>);

impl Observer for Seen {
    fn event(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

impl Seen {
    pub fn count(&self, which: impl Fn(&Event) -> bool) -> usize {
        self.0.lock().unwrap().iter().filter(|event| which(event)).count()
    }

    pub fn all<T>(&self, which: impl Fn(&Event) -> Option<T>) -> Vec<T> {
        self.0.lock().unwrap().iter().filter_map(which).collect()
    }

    pub fn find<T>(&self, which: impl Fn(&Event) -> Option<T>) -> Option<T> {
        self.0.lock().unwrap().iter().find_map(which)
    }
}

/// Everything that a test needs.
pub struct Stage {
    pub c1: C1Sim,
    pub system: Arc<System>,
    pub temp: TempDir,
    pub seen: Arc<Seen>,
    /// Changes the configuration of the services that are started.
    pub adjust: fn(&mut ServiceConfig),
    /// So many seconds pass for the service and for C1 in one of ours.
    pub scale: f64,
}

/// A service under way.
pub struct Running {
    pub cancel: CancellationToken,
    task: JoinHandle<Result<(), ServiceError>>,
}

impl Stage {
    pub async fn new() -> Self {
        Self::with(SimConfig::default(), Behaviour::default()).await
    }

    pub async fn with(config: SimConfig, behaviour: Behaviour) -> Self {
        Self::faster(SCALE, config, behaviour).await
    }

    pub async fn faster(scale: f64, config: SimConfig, behaviour: Behaviour) -> Self {
        let config = SimConfig { time_scale: scale, ..config };
        Self {
            c1: C1Sim::start(config).await.unwrap(),
            system: Arc::new(System::new(behaviour)),
            temp: tempfile::tempdir().unwrap(),
            seen: Arc::default(),
            adjust: |_| {},
            scale,
        }
    }

    pub fn config(&self) -> ServiceConfig {
        let secret = SecretString::from(self.c1.client_secret());
        let credentials = Credentials::parse(self.c1.client_id(), &secret).unwrap();
        let metadata = ConnectorMetadata { display_name: "Made up".to_owned(), ..Default::default() };
        let mut config = ServiceConfig::new(credentials, metadata, self.temp.path());
        config.build = BuildFacts {
            name: "baton-made-up".to_owned(),
            package: "example.com/baton-made-up".to_owned(),
            version: "1.2.3".to_owned(),
        };
        config.host_id = "host-1".to_owned();
        config.provisioning = true;
        config.extra_ca = Some(self.c1.ca_pem().to_owned());
        config.timing = Timing { clock: Clock::faster(self.scale), ..Timing::default() };
        (self.adjust)(&mut config);
        config
    }

    /// Starts a service.
    pub fn start(&self) -> Running {
        self.start_with(self.config())
    }

    pub fn start_with(&self, config: ServiceConfig) -> Running {
        let cancel = CancellationToken::new();
        let observer = Arc::clone(&self.seen) as Arc<dyn Observer>;
        let running = baton_service::run(self.system.connector(), config, observer, cancel.clone());
        Running { cancel, task: tokio::spawn(running) }
    }

    /// How often C1 was asked for this so far.
    pub fn asked(&self, what: &str) -> u64 {
        self.c1.look(|received| received.requests.get(what).copied().unwrap_or_default())
    }

    /// The file that was uploaded for a task, if one was and only one.
    pub fn upload(&self, id: &str) -> Vec<u8> {
        let uploads = self.c1.look(|received| received.uploads.get(id).cloned()).expect("a file was uploaded");
        assert_eq!(uploads.len(), 1, "once");
        uploads.into_iter().next().unwrap()
    }

    /// The folders of syncs that did not end, or whose file was not delivered.
    pub fn leftovers(&self) -> Vec<PathBuf> {
        let is_open =
            |folder: &PathBuf| ["sync.c1z", "sync.c1z.work/plan.db"].iter().any(|it| folder.join(it).exists());
        self.folders().into_iter().filter(is_open).collect()
    }

    /// The folders of syncs.
    pub fn folders(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for root in std::fs::read_dir(self.temp.path()).unwrap() {
            found.extend(std::fs::read_dir(root.unwrap().path()).unwrap().map(|entry| entry.unwrap().path()));
        }
        found.retain(|path| path.is_dir());
        found.sort();
        found
    }

    /// Pages that syncs under way have committed.
    pub fn pages_on_disk(&self) -> usize {
        let roots = std::fs::read_dir(self.temp.path()).unwrap().flatten();
        let syncs = roots.flat_map(|root| std::fs::read_dir(root.path()).into_iter().flatten().flatten());
        syncs.map(|sync| pages_in(&sync.path().join("sync.c1z.work").join("plan.db"))).sum()
    }

    /// No rule was broken.
    pub fn assert_clean(&self) {
        let violations = self.c1.look(|received| received.violations.clone());
        assert_eq!(violations, Vec::<String>::new());
    }
}

impl Running {
    /// Ends the service in good order.
    pub async fn stop(self) {
        self.cancel.cancel();
        self.ended().await.unwrap();
    }

    /// Waits for the end of the service.
    pub async fn ended(self) -> Result<(), ServiceError> {
        within(self.task).await.unwrap()
    }

    /// Ends the service as a kill would.
    pub async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

/// The pages in a working database; none if it is only being made.
fn pages_in(plan: &Path) -> usize {
    let count = || {
        let connection = Connection::open_with_flags(plan, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
        connection.query_row("SELECT count(*) FROM page", [], |row| row.get(0)).ok()
    };
    count().unwrap_or_default()
}

/// Fails a test that is stuck, instead of waiting for ever.
pub async fn within<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(STUCK, what).await.expect("nothing happens any more")
}

/// Waits until something is so.
pub async fn until(what: impl Fn() -> bool) {
    within(async {
        while !what() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

/// A health server at any free port of this machine.
pub fn any_port() -> HealthBind {
    HealthBind { address: SocketAddr::from(([127, 0, 0, 1], 0)) }
}
