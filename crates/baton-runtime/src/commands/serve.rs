//! With C1's credentials: service mode.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use baton_connector::Purpose;
use baton_service::{BuildFacts, Credentials, Event, HealthBind, ServiceConfig, ServiceError, SyncSettings};
use secrecy::SecretString;

use super::sync;
use crate::failure::Failure;
use crate::field::env_name;
use crate::flags::{
    CLIENT_ID, CLIENT_SECRET, HEALTH_ADDRESS, HEALTH_CHECK, HEALTH_PORT, PROVISIONING, SKIP_FULL_SYNC, TASK_CONCURRENCY,
};
use crate::logs::Keeper;
use crate::session::Session;
use crate::settings::Settings;
use crate::words;

/// The settings of one sync that make no sense where C1 says what is to be synced.
const OF_ONE_SYNC: [&str; 3] = ["file", "sync-resources", "skip-grants"];

/// Whether the settings ask for service mode.
pub(crate) fn is_asked_for(settings: &Settings) -> bool {
    settings.is_set(CLIENT_ID) || settings.is_set(CLIENT_SECRET)
}

/// What the table of fields cannot say about the settings of service mode.
///
/// # Errors
///
/// What is wrong with them.
pub(crate) fn check(settings: &Settings) -> Result<(), Failure> {
    for (name, other) in [(CLIENT_ID, CLIENT_SECRET), (CLIENT_SECRET, CLIENT_ID)] {
        if !settings.is_set(name) || settings.is_set_empty(name) {
            return Err(Failure::new(format!(
                "--{name} (or {}) is missing: service mode, which --{other} (or {}) asks for, needs both\n\
                 hint: C1 shows both when the connector is set up there, or its credentials are rotated",
                env_name(name),
                env_name(other)
            )));
        }
    }
    if let Some(name) = OF_ONE_SYNC.iter().find(|name| settings.is_on_command_line(name)) {
        return Err(Failure::new(format!(
            "--{name} is for a sync from the command line; in service mode C1 says what is synced, and gets the file\n\
             hint: leave out either --{name} or --{CLIENT_ID}"
        )));
    }
    sync::check(settings)?;
    credentials(settings)?;
    address(settings).map(drop)
}

/// Stays connected to C1 until the operator ends it.
///
/// # Errors
///
/// What no waiting will change.
pub(crate) async fn run(session: &Session) -> Result<(), Failure> {
    let settings = &session.settings;
    let program = &session.program;
    let provisioning = settings.switch(PROVISIONING);
    // A task under way when the service ends still has to speak to the system: it is cancelled with the process.
    let own = tokio_util::sync::CancellationToken::new();
    let connector = session.connector(Purpose::Serve { provisioning }, own.clone())?;
    let temp_dir = session.temp_dir()?.unwrap_or_else(std::env::temp_dir);
    let mut config = ServiceConfig::new(credentials(settings)?, program.metadata(settings), temp_dir);
    config.build = BuildFacts {
        name: program.name().to_owned(),
        package: format!("github.com/conductorone/{}", program.name()),
        version: program.version().to_owned(),
    };
    config.metrics = Arc::clone(&session.metrics);
    config.task_logs = Some(Arc::new(Keeper(Arc::clone(&session.logger))));
    config.provisioning = provisioning;
    config.task_concurrency = usize::try_from(settings.int(TASK_CONCURRENCY)).unwrap_or(1);
    config.sync = SyncSettings {
        resource_types: settings.list("sync-resource-types").to_vec(),
        workers: sync::workers(settings).unwrap_or(baton_sync::SyncConfig::DEFAULT_WORKERS),
        external: sync::external(settings)?,
        strict: settings.switch("strict"),
        allow_shrink: settings.switch("allow-shrink"),
        incremental: sync::incremental(settings)?,
        skip: settings.switch(SKIP_FULL_SYNC),
    };
    if settings.switch(HEALTH_CHECK) {
        config.health = Some(HealthBind { address: address(settings)? });
    }
    let config = config.with_environment(|name| std::env::var(name).ok()).map_err(|error| failure(&error))?;
    let said = session.people.then(|| Arc::new(Screen::new(session)) as Arc<dyn baton_service::Observer>);
    let observer = said.unwrap_or_else(|| Arc::new(baton_service::Silent));
    let ended = baton_service::run(connector, config, observer, session.cancel.clone()).await;
    own.cancel();
    ended.map_err(|error| failure(&error))
}

fn credentials(settings: &Settings) -> Result<Credentials, Failure> {
    let none = SecretString::default();
    let secret = settings.secret(CLIENT_SECRET).unwrap_or(&none);
    Credentials::parse(settings.text(CLIENT_ID), secret).map_err(|error| failure(&error))
}

pub(super) fn address(settings: &Settings) -> Result<SocketAddr, Failure> {
    let text = settings.text(HEALTH_ADDRESS.name());
    let ip: IpAddr = text.parse().map_err(|_| {
        Failure::new(format!("--{}: {text:?} is no IP address\nhint: 127.0.0.1 or 0.0.0.0", HEALTH_ADDRESS.name()))
    })?;
    let port = u16::try_from(settings.int(HEALTH_PORT.name())).unwrap_or_default();
    Ok(SocketAddr::new(ip, port))
}

fn failure(error: &ServiceError) -> Failure {
    Failure::with_code(error.code(), error.to_string())
}

/// Tells people at a terminal what goes on, a line an event.
struct Screen {
    say: Box<dyn Fn(&str) + Send + Sync>,
}

impl Screen {
    fn new(session: &Session) -> Self {
        Self { say: Box::new(session.speaker()) }
    }
}

impl baton_service::Observer for Screen {
    fn event(&self, event: &Event) {
        if let Some(line) = line(event) {
            (self.say)(&terminal_text::joined(&line));
        }
    }
}

/// An event in words; `None` if it is not worth a line.
fn line(event: &Event) -> Option<String> {
    use baton_service::TaskEnd;
    Some(match event {
        Event::Listening(address) => format!("Health checks are answered at http://{address}"),
        Event::Ready => "Connected to C1; waiting for tasks".to_owned(),
        Event::TaskStarted { id, kind } => format!("{kind} {id} begins"),
        Event::Uploaded { id, bytes } => format!("sync_full {id}: {} uploaded", words::bytes(*bytes)),
        Event::TaskFinished { id, kind, end: TaskEnd::Success, took } => {
            format!("{kind} {id} done in {}", words::duration(*took))
        }
        Event::TaskFinished { id, kind, end: TaskEnd::Failure { code, message, .. }, .. } => {
            format!("{kind} {id} failed ({code}): {message}")
        }
        Event::Unreachable { reason } => format!("C1 cannot be reached: {reason}; trying again"),
        Event::Reachable { after } => format!("C1 can be reached again after {}", words::duration(*after)),
        Event::Stopping { running: 0 } => "Stopping".to_owned(),
        Event::Stopping { running } => format!("Stopping; {running} tasks still run"),
        Event::Sync { .. } => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_goes_on_is_told_in_a_line() {
        let finished = Event::TaskFinished {
            id: "t1".to_owned(),
            kind: "grant",
            end: baton_service::TaskEnd::Failure {
                code: baton_connector::Code::NotFound,
                message: "no such user".to_owned(),
                retryable: false,
            },
            took: Duration::from_secs(1),
        };
        assert_eq!(line(&finished).as_deref(), Some("grant t1 failed (NotFound): no such user"));
        assert_eq!(line(&Event::Stopping { running: 2 }).as_deref(), Some("Stopping; 2 tasks still run"));
    }
}
