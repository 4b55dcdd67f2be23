//! `demo --service`: the connector stays connected to a stand-in for C1 and does its tasks, on one screen.
//!
//! Everything is what runs in a cluster: signed assertions, TLS, heartbeats, uploads, FinishTask. `script` says what C1
//! asks for, and looks in the org, and in what C1 got, what came of it.

mod script;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use baton_connector::Connector;
use baton_runtime::{Failure, Session, describe as describing, words};
use baton_service::{BuildFacts, Clock, Credentials, Event, Observer, ServiceConfig, Timing};
use c1_sim::{C1Sim, Finish};
use okta_sim::Sim;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::connector::OktaSource;
use crate::describe;
use crate::lock::lock;
use script::Step;

/// So many seconds pass for the two sides in one of ours: C1 is asked for tasks at a pace of seconds, and nobody wants to
/// watch that. How long a task took is told in seconds of ours.
const SCALE: f64 = 20.0;

/// Connects `sim` and a stand-in for C1, and has C1 ask for one thing after the other.
pub(super) async fn run(session: &Session, sim: &Sim, file: &Path) -> Result<(), Failure> {
    let c1 = C1Sim::start(c1_sim::SimConfig { time_scale: SCALE, ..c1_sim::SimConfig::default() })
        .await
        .map_err(|error| Failure::new(format!("the stand-in for C1 cannot start: {error}")))?;
    let folder = private_fs::temp_folder("baton-okta-demo-work-", &std::env::temp_dir())
        .map_err(|error| Failure::new(format!("no temporary folder can be made: {error}")))?;
    let watch = Arc::new(Watch::default());
    let stop = session.cancel().child_token();
    let service = baton_service::run(
        connector(sim)?,
        config(&c1, folder.path())?,
        Arc::clone(&watch) as Arc<dyn Observer>,
        stop.clone(),
    );
    let show = async {
        let shown = show(session, &c1, sim, file, &watch).await;
        stop.cancel();
        shown
    };
    // Whoever ends first: a service that cannot run, or a show that is over.
    let (served, shown) = tokio::join!(until_told(service, &stop), show);
    served?;
    shown?;
    conclude(session, &c1, file)
}

/// The service; should it end by itself, whoever waits for it must not.
async fn until_told(
    service: impl Future<Output = Result<(), baton_service::ServiceError>>,
    stop: &CancellationToken,
) -> Result<(), Failure> {
    let ended = service.await;
    stop.cancel();
    ended.map_err(|error| Failure::with_code(error.code(), error.to_string()))
}

/// The connector to the simulated org.
fn connector(sim: &Sim) -> Result<Connector, Failure> {
    // What is under way when C1 has had enough still has to speak to the org.
    let cancel = CancellationToken::new();
    let purpose = baton_connector::Purpose::Serve { provisioning: true };
    let config = Config { purpose, cancel, ..super::config(sim)? };
    let source = OktaSource::new(config).map_err(|error| Failure::new(error.to_string()))?;
    let (provisioner, events) = (Arc::new(source.provisioner()), Arc::new(source.events()));
    Ok(Connector { provisioner: Some(provisioner), events: Some(events), source: Arc::new(source) })
}

fn config(c1: &C1Sim, folder: &Path) -> Result<ServiceConfig, Failure> {
    let secret = SecretString::from(c1.client_secret());
    let credentials = Credentials::parse(c1.client_id(), &secret)
        .map_err(|error| Failure::with_code(error.code(), error.to_string()))?;
    let mut config = ServiceConfig::new(credentials, describing::metadata(&describe::description()), folder);
    config.build = BuildFacts {
        name: "baton-okta".to_owned(),
        package: "github.com/conductorone/baton-okta".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    config.host_id = "demo".to_owned();
    config.provisioning = true;
    config.extra_ca = Some(c1.ca_pem().to_owned());
    config.timing = Timing { clock: Clock::faster(SCALE), ..Timing::default() };
    Ok(config)
}

/// One line for each thing that C1 asks for.
async fn show(session: &Session, c1: &C1Sim, sim: &Sim, file: &Path, watch: &Watch) -> Result<(), Failure> {
    session.say(
        "So does a stand-in for C1. The connector signs in to both and stays connected, as it does in a cluster.\n",
    );
    session.print(&row("C1 asks for", "took", "answer", "what came of it"))?;
    let mut script = script::Script::new(c1, sim, file)?;
    for step in Step::ALL {
        let id = c1.hand_out(script.task(step)?);
        let finish = tokio::select! {
            finish = c1.finished(&id) => finish,
            () = session.cancel().cancelled() => return Err(Failure::with_code(1, "the demo was stopped")),
            () = watch.gone() => return Ok(()),
        };
        let took = words_of(watch.since_start(&id));
        if !finish.is_success() {
            session.print(&row(step.name(), &took, &code(&finish), finish.message()))?;
            return Err(Failure::new(format!("{} failed, which it must not in a demo", step.name())));
        }
        session.print(&row(step.name(), &took, "OK", &script.outcome(step, &id, &finish)?))?;
    }
    Ok(())
}

fn row(name: &str, took: &str, answer: &str, outcome: &str) -> String {
    format!("  {name:<16} {took:>6}   {answer:<6}  {}", terminal_text::joined(outcome))
}

fn words_of(took: Option<Duration>) -> String {
    took.map_or_else(String::new, |took| format!("{:.2} s", took.as_secs_f64()))
}

fn code(finish: &Finish) -> String {
    format!("code {}", finish.code())
}

/// What C1 saw of it all, and what to do next.
fn conclude(session: &Session, c1: &C1Sim, file: &Path) -> Result<(), Failure> {
    let received = c1.received();
    if let Some(violation) = received.violations.first() {
        return Err(Failure::new(format!("C1 would not have taken this: {violation}")));
    }
    let beats = received.heartbeats.values().sum();
    session.print(&format!(
        "\n{}, each answered once, over {}; {}, {}, no rule of C1's broken.",
        words::count(received.finishes.len() as u64, "task"),
        words::count(received.connections, "connection"),
        words::count(received.total_requests(), "request"),
        words::count(beats, "sign") + " of life",
    ))?;
    let me = session.invoked_as();
    session.say(&format!(
        "\nWhat C1 got\n  {me} stats -f {0}\n  {me} grants -f {0}\n\nStay connected to your own C1\n  \
         BATON_CLIENT_SECRET=… BATON_API_TOKEN=… {me} --client-id … --domain acme.okta.com --provisioning",
        file.display()
    ));
    Ok(())
}

/// Notes when tasks begin, and whether the service still runs.
#[derive(Default)]
struct Watch {
    started: Mutex<HashMap<String, Instant>>,
    stopping: CancellationToken,
}

impl Watch {
    fn since_start(&self, id: &str) -> Option<Duration> {
        let started = lock(&self.started);
        started.get(id).map(Instant::elapsed)
    }

    /// Waits until the service ends.
    async fn gone(&self) {
        self.stopping.cancelled().await;
    }
}

impl Observer for Watch {
    fn event(&self, event: &Event) {
        match event {
            Event::TaskStarted { id, .. } => {
                let mut started = lock(&self.started);
                started.insert(id.clone(), Instant::now());
            }
            Event::Stopping { .. } => self.stopping.cancel(),
            _ => {}
        }
    }
}
