//! `demo`: a sync that needs nothing, of a simulated org on this machine.

mod sample;
mod service;
mod serving;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use baton_runtime::{Extra, Failure, Field, Running, Session, heading};
use baton_sync::SyncConfig;
use okta_client::OrgUrl;
use okta_sim::{Org, Quotas, Shape, Sim, SimConfig};
use secrecy::SecretString;

use crate::config::{Config, Requests};
use crate::connector::OktaSource;

/// The subcommand.
pub(crate) const COMMAND: Extra = Extra {
    name: "demo",
    about: "Sync a simulated org: needs nothing, takes seconds",
    more: "An Okta org with made-up people starts on this machine, with the rate limits of a real one. It is synced \
           over HTTPS into a file in a new temporary folder, or into the one that --file names. The report goes to \
           stdout. With --serve the org keeps running afterwards, to be synced and changed from another shell, and has \
           no rate limits, so that nobody has to wait; stdout then holds what that shell needs, and nothing else.",
    fields: &["file", "c1z-temp-dir"],
    own: &[serving::SERVE, SERVICE],
    run,
};

const SERVICE: Field = Field::switch("service", false)
    .help(heading::SERVICE, "Stay connected to a stand-in for C1 and do its tasks, instead of syncing once");

const USERS: u32 = 500;
const GROUPS: u32 = 60;
const APPS: u32 = 25;

/// About what an org nearby needs for an answer.
const LATENCY: Duration = Duration::from_millis(15);

fn run(session: &Session) -> Running<'_> {
    Box::pin(demo(session))
}

async fn demo(session: &Session) -> Result<(), Failure> {
    let settings = session.settings();
    let stays = settings.switch(serving::SERVE.name());
    if stays && settings.switch(SERVICE.name()) {
        return Err(Failure::new("--serve and --service are two different demos: leave one of them out"));
    }
    session.say(&format!(
        "An Okta org with {USERS} made-up users, {GROUPS} groups and {APPS} applications starts on this machine…\n"
    ));
    let sim = Sim::start(SimConfig {
        quotas: if stays { Quotas::unlimited() } else { Quotas::workforce() },
        latency: LATENCY,
        ..SimConfig::new(Org::generate(&Shape::new(USERS, GROUPS, APPS)))
    })
    .await
    .map_err(|error| Failure::new(format!("the simulated org cannot start: {error}")))?;
    let result = if settings.switch(SERVICE.name()) {
        Box::pin(service::run(session, &sim, &target(session)?)).await
    } else {
        match sync(session, &sim).await {
            Ok(file) if stays => serving::until_interrupted(session, &sim, &file).await,
            result => result.map(drop),
        }
    };
    sim.stop().await;
    result
}

/// Syncs the org, and shows what came of it and how to go on. Gives the file.
async fn sync(session: &Session, sim: &Sim) -> Result<PathBuf, Failure> {
    let config = Config { cancel: session.cancel().clone(), ..config(sim)? };
    let source = OktaSource::new(config).map_err(|error| Failure::new(error.to_string()))?;
    let summary = session.sync(Arc::new(source), SyncConfig::new(target(session)?)).await?;
    let sample = sample::render(&summary.file).map_err(|error| Failure::with_code(error.code(), error.to_string()))?;
    let sample = format!("\n{}", sample.trim_end());
    if session.settings().switch(serving::SERVE.name()) {
        // Stdout is for the shell that will use the org.
        session.report(&summary);
        session.say(&sample);
    } else {
        session.print_report(&summary)?;
        session.print(&sample)?;
        session.suggest(&summary);
        session
            .say(&format!("\nSync your own org\n  BATON_API_TOKEN=… {} --domain acme.okta.com", session.invoked_as()));
    }
    Ok(summary.file)
}

/// What it takes to reach the simulated org.
fn config(sim: &Sim) -> Result<Config, Failure> {
    let org = OrgUrl::parse(&sim.host()).map_err(|error| Failure::new(error.to_string()))?;
    let requests = Requests { extra_ca: Some(sim.ca_pem().to_owned()), ..Requests::default() };
    Ok(Config { requests, ..Config::new(org, SecretString::from(sim.token())) })
}

/// The file to write. Only one that was named for this very command: a variable or file that names where the real
/// syncs go is not meant for made-up people.
fn target(session: &Session) -> Result<PathBuf, Failure> {
    if session.settings().is_on_command_line("file") {
        return Ok(session.file().to_owned());
    }
    let folder = private_fs::temp_folder("baton-okta-demo-", &std::env::temp_dir()).map_err(|error| {
        Failure::new(format!("no temporary folder can be made: {error}\nhint: name a file with -f"))
    })?;
    Ok(folder.keep().join("demo.c1z"))
}
