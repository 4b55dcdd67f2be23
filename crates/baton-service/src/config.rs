//! What an operator can set about service mode.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use baton_proto::c1::connector::v2::ConnectorMetadata;
use baton_proto::go::parse_bool;
use baton_sync::{ExternalFile, Incremental, SyncConfig};

use crate::clock::Clock;
use crate::credentials::Credentials;
use crate::error::ServiceError;
use crate::host;
use crate::metrics::Metrics;
use crate::tasks::TaskLogs;

/// How service mode runs.
#[derive(Debug, Clone)]
pub struct ServiceConfig {
    /// Who this connector is to C1.
    pub credentials: Credentials,
    /// What the connector says about itself.
    pub metadata: ConnectorMetadata,
    /// The program.
    pub build: BuildFacts,
    /// Host, and port if it is not 443, of C1, instead of the one in the client id (`BATON_C1_API_HOST`).
    pub api_host: Option<String>,
    /// The name of this host in every request, 1 to 256 characters (`BATON_HOST_ID`).
    pub host_id: String,
    /// Ask for several tasks at once (`BATON_GET_TASKS`).
    pub get_tasks: bool,
    /// Tasks at once, 1 to 100.
    pub task_concurrency: usize,
    /// Whether changes may be made.
    pub provisioning: bool,
    /// How syncs run.
    pub sync: SyncSettings,
    /// Where working data of syncs goes; must exist.
    pub temp_dir: PathBuf,
    /// How much of it may be kept, in bytes.
    pub temp_limit: u64,
    /// Where health checks are answered, if they are.
    pub health: Option<HealthBind>,
    /// CA certificates (PEM) that are trusted besides those of this machine.
    pub extra_ca: Option<String>,
    /// How long is waited for what.
    pub timing: Timing,
    /// Where is counted what the service does.
    pub metrics: Arc<Metrics>,
    /// Who writes the logs of tasks that C1 wants to see in detail.
    pub task_logs: Option<Arc<dyn TaskLogs>>,
}

impl ServiceConfig {
    /// How much working data may be kept, in bytes.
    pub const DEFAULT_TEMP_LIMIT: u64 = 20 << 30;

    /// Tasks at once.
    pub const DEFAULT_TASK_CONCURRENCY: usize = 3;

    /// The defaults, for the host of this machine's name.
    #[must_use]
    pub fn new(credentials: Credentials, metadata: ConnectorMetadata, temp_dir: impl Into<PathBuf>) -> Self {
        Self {
            credentials,
            metadata,
            build: BuildFacts::default(),
            api_host: None,
            host_id: host::name(),
            get_tasks: false,
            task_concurrency: Self::DEFAULT_TASK_CONCURRENCY,
            provisioning: false,
            sync: SyncSettings::default(),
            temp_dir: temp_dir.into(),
            temp_limit: Self::DEFAULT_TEMP_LIMIT,
            health: None,
            extra_ca: None,
            timing: Timing::default(),
            metrics: Arc::default(),
            task_logs: None,
        }
    }

    /// Takes over what the environment sets and no flag does: `BATON_C1_API_HOST`, `BATON_HOST_ID` and
    /// `BATON_GET_TASKS` (`docs/spec/connector-runtime.md` 1.12). Empty variables count as not set.
    ///
    /// # Errors
    /// `BATON_GET_TASKS` is neither true nor false.
    pub fn with_environment(mut self, variable: impl Fn(&str) -> Option<String>) -> Result<Self, ServiceError> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        if let Some(host) = set("BATON_C1_API_HOST") {
            self.api_host = Some(host);
        }
        if let Some(id) = set("BATON_HOST_ID") {
            self.host_id = id;
        }
        if let Some(text) = set("BATON_GET_TASKS") {
            self.get_tasks = parse_bool(&text).ok_or_else(|| {
                ServiceError::Setting(format!("BATON_GET_TASKS is {text:?}\nhint: it can be true or false"))
            })?;
        }
        Ok(self)
    }

    /// Checks what the types cannot say.
    pub(crate) fn check(&self) -> Result<(), ServiceError> {
        let wrong = |what: String| Err(ServiceError::Setting(what));
        if !(1..=100).contains(&self.task_concurrency) {
            return wrong(format!("{} tasks at once: it can be 1 to 100", self.task_concurrency));
        }
        if !(1..=256).contains(&self.host_id.chars().count()) {
            return wrong("the host id must have 1 to 256 characters\nhint: set BATON_HOST_ID".to_owned());
        }
        Ok(())
    }
}

/// What the program says about itself.
#[derive(Debug, Clone)]
pub struct BuildFacts {
    /// Its name, for example `baton-okta`.
    pub name: String,
    /// Where its source is, as C1 knows the connector.
    pub package: String,
    /// Its version.
    pub version: String,
}

impl Default for BuildFacts {
    fn default() -> Self {
        let name = "baton".to_owned();
        Self { package: name.clone(), name, version: "0.0.0".to_owned() }
    }
}

/// How the syncs of service mode run, as far as their tasks do not say.
#[derive(Debug, Clone)]
pub struct SyncSettings {
    /// Only these resource types, unless the task names others.
    pub resource_types: Vec<String>,
    /// Pieces of work at once in one lane.
    pub workers: usize,
    /// The file of another connector whose principals hold grants here.
    pub external: Option<ExternalFile>,
    /// Fail if anything is missing that was not left out on purpose.
    pub strict: bool,
    /// Deliver a sync also if nothing was found of what must be there.
    pub allow_shrink: bool,
    /// Whether a sync takes over what the last one has read and what has not changed since.
    pub incremental: Incremental,
    /// Check the connection only, and deliver an empty sync (`--skip-full-sync`).
    pub skip: bool,
}

impl Default for SyncSettings {
    fn default() -> Self {
        Self {
            resource_types: Vec::new(),
            workers: SyncConfig::DEFAULT_WORKERS,
            external: None,
            strict: false,
            allow_shrink: false,
            incremental: Incremental::default(),
            skip: false,
        }
    }
}

/// Where health checks are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HealthBind {
    /// The address.
    pub address: SocketAddr,
}

impl Default for HealthBind {
    fn default() -> Self {
        Self { address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8081) }
    }
}

/// How long is waited for what.
#[derive(Debug, Clone)]
pub struct Timing {
    /// The clock of all pauses: between polls, heartbeats and tries.
    pub clock: Clock,
    /// The first pause after a failure, and about the longest.
    pub retry: (Duration, Duration),
    /// How long a call may take, by the real clock.
    pub call: Duration,
    /// How long an upload may stand still, by the real clock.
    pub upload_stall: Duration,
    /// How long tasks may still run when the service is to end, by the real clock.
    pub grace: Duration,
    /// How long finishes may still be delivered after that, by the real clock.
    pub last_words: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            clock: Clock::default(),
            retry: (Duration::from_secs(1), Duration::from_secs(30)),
            call: Duration::from_secs(30),
            upload_stall: Duration::from_secs(120),
            // Together less than the ten seconds after which whoever stops us loses patience.
            grace: Duration::from_secs(6),
            last_words: Duration::from_millis(2500),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use secrecy::SecretString;

    use super::*;
    use crate::credentials;

    fn config() -> ServiceConfig {
        let secret = SecretString::from(credentials::tests::secret());
        let credentials = Credentials::parse("name@host.example/x", &secret).unwrap();
        ServiceConfig::new(credentials, ConnectorMetadata::default(), "/tmp")
    }

    #[test]
    fn the_environment_is_taken_over() {
        let set = |name: &str| match name {
            "BATON_C1_API_HOST" => Some("c1.example:8443".to_owned()),
            "BATON_HOST_ID" => Some(String::new()),
            "BATON_GET_TASKS" => Some("T".to_owned()),
            _ => None,
        };
        let taken = config().with_environment(set).unwrap();
        assert_eq!(taken.api_host.as_deref(), Some("c1.example:8443"));
        assert!(taken.get_tasks);
        assert_eq!(taken.host_id, host::name(), "an empty variable is none");
        let wrong = config().with_environment(|name| (name == "BATON_GET_TASKS").then(|| "yes".to_owned()));
        assert!(wrong.unwrap_err().to_string().contains("BATON_GET_TASKS"));
    }

    #[test]
    fn impossible_settings_are_refused() {
        assert!(config().check().is_ok());
        for concurrency in [0, 101] {
            assert!(ServiceConfig { task_concurrency: concurrency, ..config() }.check().is_err());
        }
        assert!(ServiceConfig { host_id: "x".repeat(257), ..config() }.check().is_err());
    }
}
