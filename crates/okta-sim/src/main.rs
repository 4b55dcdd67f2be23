//! The simulated Okta org as a program: prints one line of JSON when it listens, and serves until it is interrupted.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use okta_sim::{Clock, DEFAULT_TOKEN, Org, Quotas, Shape, Sim, SimConfig, Token};

/// A simulated Okta org over HTTPS
///
/// Serves the reading part of Okta's Management API for a generated org, with a certificate authority made for this run.
/// When it listens it prints one line of JSON on standard output: url, domain, caFile and token. Statistics:
/// GET /okta-sim/stats. It runs until it is interrupted.
///
///   okta-sim --users 1000 --groups 100 --apps 50 --ca-file ca.pem
///   SSL_CERT_FILE=ca.pem my-client --url https://localhost:PORT --token 00okta-sim-token
#[derive(Parser)]
#[command(version, verbatim_doc_comment)]
struct Cli {
    #[command(flatten)]
    org: OrgArgs,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    limits: LimitArgs,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Org")]
struct OrgArgs {
    /// Users of the generated org, of every status
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(..=5_000_000))]
    users: u32,
    /// Groups of the generated org, Everyone included
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(..=500_000))]
    groups: u32,
    /// Apps of the generated org, inactive ones included
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(..=50_000))]
    apps: u32,
    /// Users with an admin role; by default one in 200, 5 to 200
    #[arg(long)]
    admins: Option<u32>,
    /// Memberships and assignments per user together, about six in ten of them memberships
    #[arg(long, default_value_t = 14.0, value_name = "NUMBER")]
    grants_per_user: f64,
    /// The same seed gives the same org
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Serve the small fixed test org instead
    #[arg(long, conflicts_with = "recorded_dir")]
    facts: bool,
    /// Serve the org of recorded answers in this directory instead
    #[arg(long, value_name = "DIR")]
    recorded_dir: Option<PathBuf>,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Server")]
struct ServerArgs {
    /// Address to listen on
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST), value_name = "ADDRESS")]
    address: IpAddr,
    /// Port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// File that the certificate authority is written to, for SSL_CERT_FILE
    #[arg(long, value_name = "FILE", default_value = "okta-sim-ca.pem")]
    ca_file: PathBuf,
    /// Further names and addresses that the certificate is good for
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    name: Vec<String>,
    /// API token that is accepted
    #[arg(long, default_value = DEFAULT_TOKEN)]
    token: String,
    /// Time that each call takes, in milliseconds
    #[arg(long, default_value_t = 0, value_name = "MS")]
    latency_ms: u64,
    /// Up to this much more per call, in milliseconds, drawn from the seed
    #[arg(long, default_value_t = 0, value_name = "MS")]
    latency_jitter_ms: u64,
    /// How fast the server's time passes: with 10 a rate-limit window takes 6 seconds
    #[arg(long, default_value_t = 1.0, value_name = "FACTOR")]
    time_scale: f64,
    /// Largest page of any list, to make small orgs page
    #[arg(long, value_name = "OBJECTS")]
    page_cap: Option<usize>,
    /// Compress bodies for clients that accept it
    #[arg(long)]
    gzip: bool,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Limits")]
struct LimitArgs {
    /// Calls a minute per rate-limit bucket
    #[arg(long, value_enum, default_value_t = QuotaTable::Unlimited)]
    quotas: QuotaTable,
    /// Share of each quota that the token may use
    #[arg(long, default_value_t = 50, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=100))]
    principal_percent: u8,
    /// Most calls at once; beyond it they get the 429 of the concurrency limit
    #[arg(long, value_name = "CALLS")]
    concurrency_limit: Option<u32>,
}

#[derive(Clone, Copy, ValueEnum)]
enum QuotaTable {
    /// No limits
    Unlimited,
    /// Okta's defaults for workforce orgs
    Workforce,
    /// Okta's defaults for free integrator orgs
    Integrator,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut causes = vec![error.to_string()];
            let mut source = error.source();
            while let Some(cause) = source {
                causes.push(cause.to_string());
                source = cause.source();
            }
            // Nothing is left to do when even this cannot be written.
            let _ = writeln!(io::stderr(), "okta-sim: {}", causes.join(": "));
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<(), Box<dyn std::error::Error>> {
    let Cli { org, server, limits } = cli;
    let config = SimConfig {
        listen: SocketAddr::new(server.address, server.port),
        names: server.name,
        tokens: vec![Token::new(server.token)],
        quotas: match limits.quotas {
            QuotaTable::Unlimited => Quotas::unlimited(),
            QuotaTable::Workforce => Quotas::workforce(),
            QuotaTable::Integrator => Quotas::integrator(),
        },
        principal_percent: limits.principal_percent,
        concurrency_limit: limits.concurrency_limit,
        latency: Duration::from_millis(server.latency_ms),
        latency_jitter: Duration::from_millis(server.latency_jitter_ms),
        seed: org.seed,
        clock: Clock::scaled(server.time_scale),
        page_cap: server.page_cap,
        gzip: server.gzip,
        ..SimConfig::new(make(&org)?)
    };
    let ca_file = std::path::absolute(&server.ca_file)?;
    let sim = Sim::start(config).await?;
    sim.write_ca(&ca_file)?;
    let ready = serde_json::json!({
        "url": sim.url(), "domain": sim.host(), "caFile": ca_file, "token": sim.token(),
    });
    let mut out = io::stdout().lock();
    writeln!(out, "{ready}")?;
    out.flush()?;
    drop(out);
    tokio::signal::ctrl_c().await?;
    sim.stop().await;
    Ok(())
}

fn make(args: &OrgArgs) -> Result<Org, okta_sim::RecordedError> {
    if args.facts {
        return Ok(Org::facts());
    }
    if let Some(directory) = &args.recorded_dir {
        return Org::recorded(directory);
    }
    let shape = Shape::new(args.users, args.groups, args.apps).seed(args.seed);
    let share = args.grants_per_user.max(0.0) / 14.0;
    Ok(Org::generate(&Shape {
        admins: args.admins.unwrap_or(shape.admins),
        memberships_per_user: shape.memberships_per_user * share,
        assignments_per_user: shape.assignments_per_user * share,
        ..shape
    }))
}
