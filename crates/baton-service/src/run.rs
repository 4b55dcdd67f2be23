//! Service mode from its start to its end.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use baton_connector::{Code, Connector};
use baton_provision::actions::{Registry as Actions, Retention};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::c1::{Api, C1, Link, RpcError};
use crate::clock::{Backoff, Clock};
use crate::config::ServiceConfig;
use crate::error::ServiceError;
use crate::folders::Folders;
use crate::health::{self, Health};
use crate::hello;
use crate::metrics::Metrics;
use crate::observe::{Event, Observer};
use crate::poll;
use crate::status::Status;
use crate::tasks::Registry;

/// The loop shows at least this often that it turns.
const TURN: Duration = Duration::from_secs(30);

/// What everything in the service shares.
pub(crate) struct Service {
    pub(crate) api: Arc<dyn Api>,
    pub(crate) connector: Connector,
    pub(crate) actions: Option<Actions>,
    pub(crate) config: ServiceConfig,
    pub(crate) folders: Folders,
    pub(crate) tasks: Registry,
    pub(crate) status: Arc<Status>,
    pub(crate) observer: Arc<dyn Observer>,
    /// The service is to end: nothing new is begun, syncs stop.
    pub(crate) stop: CancellationToken,
    /// Time is over for tasks that still run.
    pub(crate) abort_tasks: CancellationToken,
    /// Time is over for finishes that could not be delivered.
    pub(crate) abort_delivery: CancellationToken,
}

impl Service {
    pub(crate) fn clock(&self) -> &Clock {
        &self.config.timing.clock
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.config.metrics
    }

    /// Waits for something, and shows meanwhile that the loop is not stuck.
    pub(crate) async fn with_liveness<T>(&self, what: impl Future<Output = T>) -> T {
        tokio::pin!(what);
        loop {
            self.status.turn();
            tokio::select! {
                result = &mut what => return result,
                () = tokio::time::sleep(TURN) => {}
            }
        }
    }

    /// The same, unless the service is to end.
    pub(crate) async fn unless_stopped<T>(&self, what: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => None,
            result = self.with_liveness(what) => Some(result),
        }
    }
}

/// Connects to C1 and does its tasks until `cancel` is cancelled; then ends in good order within ten seconds.
///
/// Outages of C1 and of the connector's system are waited out, however long they are. Dropping the future is as good as
/// killing the process.
///
/// # Errors
/// Only what no waiting will change: settings that are wrong, credentials that C1 refuses, a Hello that it does not
/// take.
pub async fn run(
    connector: Connector,
    config: ServiceConfig,
    observer: Arc<dyn Observer>,
    cancel: CancellationToken,
) -> Result<(), ServiceError> {
    config.check()?;
    let status = Arc::new(Status::default());
    let folders = Folders::open(&config)?;
    let link = Link::new(config.timing.clock.clone(), Arc::clone(&status), Arc::clone(&observer));
    let api = Arc::new(C1::new(&config, link)?);
    config.metrics.watch(Arc::clone(&connector.source));
    config.metrics.watch_status(Arc::clone(&status));
    config.metrics.describe(&config.build.name, &config.build.version);
    let health = match config.health {
        Some(bind) => {
            let source = Arc::clone(&connector.source);
            let health = Health::new(source, Arc::clone(&status), Arc::clone(&config.metrics));
            Some(health::serve(bind, Arc::new(health)).await?)
        }
        None => None,
    };
    if let Some(server) = &health {
        observer.event(&Event::Listening(server.address()));
    }
    let actions = connector.provisioner.clone().map(|provisioner| Actions::new(provisioner, Retention::default()));
    let service = Arc::new(Service {
        api,
        connector,
        actions,
        config,
        folders,
        tasks: Registry::default(),
        status,
        observer,
        stop: cancel,
        abort_tasks: CancellationToken::new(),
        abort_delivery: CancellationToken::new(),
    });
    let result = serve(&service).await;
    drop(health);
    result
}

async fn serve(service: &Arc<Service>) -> Result<(), ServiceError> {
    if !greet(service).await? {
        return Ok(());
    }
    let mut running = JoinSet::new();
    let result = poll::run(service, &mut running).await;
    end(service, &mut running).await;
    result
}

/// Says Hello until C1 takes it. False if the service is to end before.
async fn greet(service: &Service) -> Result<bool, ServiceError> {
    let (first, longest) = service.config.timing.retry;
    let mut backoff = Backoff::new(first, longest);
    loop {
        let request = hello::request(&service.config, "");
        let Some(result) = service.unless_stopped(service.api.hello(request)).await else { return Ok(false) };
        match result {
            Ok(()) => break,
            Err(error) => fail_if_permanent(&error)?,
        }
        if service.unless_stopped(service.clock().sleep(backoff.next())).await.is_none() {
            return Ok(false);
        }
    }
    service.status.set(|status| status.greeted = true);
    tracing::info!(host_id = service.config.host_id, "connected to C1; waiting for tasks");
    service.observer.event(&Event::Ready);
    Ok(true)
}

/// The first Hello shows what is set up wrongly; the same answers later are waited out.
fn fail_if_permanent(error: &RpcError) -> Result<(), ServiceError> {
    if error.is_refusal {
        return Err(ServiceError::Refused(error.message.clone()));
    }
    let hint = match error.code {
        Code::Unauthenticated | Code::PermissionDenied => {
            "is the connector still there in C1, and BATON_CLIENT_ID that of this connector?"
        }
        Code::NotFound | Code::Unimplemented => "check BATON_C1_API_HOST and the host in BATON_CLIENT_ID: is it C1?",
        Code::InvalidArgument | Code::FailedPrecondition => {
            "this version of the connector and C1 do not fit; is there a newer one?"
        }
        _ => {
            tracing::debug!(error = error.message, code = %error.code, "Hello failed; trying again");
            return Ok(());
        }
    };
    Err(ServiceError::Hello { code: error.code, message: error.message.clone(), hint })
}

/// Brings everything to an end that runs.
async fn end(service: &Arc<Service>, running: &mut JoinSet<()>) {
    service.stop.cancel();
    let tasks = service.tasks.running().len();
    service.status.set(|status| status.stopping = true);
    tracing::info!(tasks_running = tasks, "stopping");
    service.observer.event(&Event::Stopping { running: tasks });
    let timing = &service.config.timing;
    let actions = async {
        // Actions run on after their task has ended.
        while service.actions.as_ref().is_some_and(|actions| actions.running() > 0) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let all = async { tokio::join!(ended(running), actions) };
    if tokio::time::timeout(timing.grace, all).await.is_ok() {
        return;
    }
    service.abort_tasks.cancel();
    if tokio::time::timeout(timing.last_words, ended(running)).await.is_err() {
        service.abort_delivery.cancel();
        // Those that only wait see it at once; a call under way is not waited for.
        let _ = tokio::time::timeout(timing.last_words / 5, ended(running)).await;
    }
}

async fn ended(running: &mut JoinSet<()>) {
    while running.join_next().await.is_some() {}
}
