//! `c1-sim`: a stand-in for C1 on this machine, to try a connector's service mode by hand.
//!
//! It prints the variables that a connector needs to find it, hands out a sync now and then, and tells what comes back.

use std::convert::Infallible;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use c1_sim::{C1Sim, SimConfig, tasks};
use clap::Parser;

/// A stand-in for C1 on this machine.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// Where to write the certificate authority that the connector has to trust.
    #[arg(long, default_value = "c1-sim-ca.pem")]
    ca_file: PathBuf,
    /// Seconds between two syncs.
    #[arg(long, default_value_t = 60)]
    sync_every: u64,
    /// The share of requests with which something goes wrong, from 0 to 1.
    #[arg(long, default_value_t = 0.0)]
    faults: f64,
    /// A folder for the files that are uploaded.
    #[arg(long)]
    uploads: Option<PathBuf>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Err(error) = run(Args::parse()).await;
    // Nothing is left to do when even this cannot be written.
    let _ = writeln!(io::stderr(), "c1-sim: {error}");
    ExitCode::FAILURE
}

/// Hands out syncs until it fails or is interrupted.
async fn run(args: Args) -> Result<Infallible, Box<dyn std::error::Error>> {
    let config = SimConfig { listen: args.listen, faults: args.faults, ..SimConfig::default() };
    let c1 = C1Sim::start(config).await?;
    std::fs::write(&args.ca_file, c1.ca_pem())?;
    let mut out = io::stdout();
    writeln!(out, "export BATON_CLIENT_ID='{}'", c1.client_id())?;
    writeln!(out, "export BATON_CLIENT_SECRET='{}'", c1.client_secret())?;
    writeln!(out, "export BATON_C1_API_HOST='{}'", c1.address())?;
    writeln!(out, "export SSL_CERT_FILE='{}'", std::path::absolute(&args.ca_file)?.display())?;
    loop {
        let id = c1.hand_out(tasks::sync());
        let finish = c1.finished(&id).await;
        let file = c1.look(|received| received.uploads.get(&id).and_then(|files| files.last()).cloned());
        let bytes = file.as_ref().map_or(0, Vec::len);
        match finish.is_success() {
            true => writeln!(out, "# {id} sync_full: {bytes} bytes")?,
            false => writeln!(out, "# {id} sync_full failed with {}: {}", finish.code(), finish.message())?,
        }
        for violation in c1.look(|received| received.violations.clone()) {
            writeln!(out, "# broken rule: {violation}")?;
        }
        if let (Some(folder), Some(file)) = (&args.uploads, file) {
            std::fs::write(folder.join(format!("{id}.c1z")), file)?;
        }
        tokio::time::sleep(Duration::from_secs(args.sync_every)).await;
    }
}
