//! The simulated Okta org as a program: prints one line of JSON when it listens, and serves until it is interrupted.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use okta_sim::{
    Clock, DEFAULT_TOKEN, OAuthApp, OAuthSettings, Org, Quotas, Rights, Shape, Sim, SimConfig, TestKey, Token,
};

/// A simulated Okta org over HTTPS
///
/// Serves Okta's Management API for a generated org, with a certificate authority made for this run.
/// When it listens it prints one line of JSON on standard output: url, domain, caFile and token, with --oauth also what
/// a service app needs to sign in. Statistics: GET /okta-sim/stats. It runs until it is interrupted.
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
    sign_in: SignInArgs,
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
#[command(next_help_heading = "Sign-in")]
struct SignInArgs {
    /// API token that is accepted
    #[arg(long, default_value = DEFAULT_TOKEN)]
    token: String,
    /// Register a service app too, with a key made for this run, whose tokens are of this kind
    ///
    /// The line of JSON then has the member oauth: clientId, keyId, privateKeyFile and scopes.
    #[arg(long, value_enum, value_name = "KIND")]
    oauth: Option<TokenKind>,
    /// Scopes granted to the app; all that the simulator knows unless given
    #[arg(long, value_name = "SCOPE", value_delimiter = ',', requires = "oauth")]
    oauth_scopes: Vec<String>,
    /// File that the app's private key is written to; beside the certificate authority unless given
    #[arg(long, value_name = "FILE", requires = "oauth")]
    oauth_key_file: Option<PathBuf>,
    /// How long an access token is good, in seconds
    #[arg(long, default_value_t = 3_600, value_name = "SECONDS", requires = "oauth")]
    token_lifetime: u64,
    /// Admin roles of the API token's owner and of the app
    #[arg(long, value_enum, default_value_t = RoleSet::SuperAdmin, value_name = "ROLES")]
    rights: RoleSet,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TokenKind {
    /// Bound to a key of the client, which has to prove that it holds it
    Dpop,
    /// Good for whoever has them
    Bearer,
}

#[derive(Clone, Copy, ValueEnum)]
enum RoleSet {
    /// Super administrator
    SuperAdmin,
    /// Read-only administrator
    ReadOnlyAdmin,
    /// A custom role that shows everything but may change nothing
    CustomReadOnly,
    /// Read-only, application and group administrator
    AppAndGroupAdmin,
    /// No admin role: the list of users is empty, everything else refused
    None,
}

impl RoleSet {
    fn rights(self) -> Rights {
        match self {
            Self::SuperAdmin => Rights::super_admin(),
            Self::ReadOnlyAdmin => Rights::read_only_admin(),
            Self::CustomReadOnly => Rights::custom_read_only(),
            Self::AppAndGroupAdmin => Rights::read_only_app_and_group_admin(),
            Self::None => Rights::none(),
        }
    }
}

/// The client id of the app.
const CLIENT_ID: &str = "0oas1mconnector0s1m7";
/// The id of its key.
const KEY_ID: &str = "okta-sim-key-1";

/// The app of this run, where its private key is to be written, and the key.
struct NewApp {
    app: OAuthApp,
    scopes: Vec<String>,
    key_file: PathBuf,
    key: TestKey,
}

impl NewApp {
    /// The app that the command line asks for.
    fn make(args: &SignInArgs, ca_file: &Path) -> Result<Option<Self>, Box<dyn std::error::Error>> {
        let Some(kind) = args.oauth else { return Ok(None) };
        let key = TestKey::generate()?;
        let key_file = match &args.oauth_key_file {
            Some(file) => std::path::absolute(file)?,
            None => ca_file.with_file_name("okta-sim-app-key.pem"),
        };
        let app = OAuthApp::new(CLIENT_ID).key(KEY_ID, &key).dpop(kind == TokenKind::Dpop);
        let app = app.rights(args.rights.rights());
        let app = if args.oauth_scopes.is_empty() { app.every_scope() } else { app.scopes(&args.oauth_scopes) };
        let scopes = app.granted_scopes().map(str::to_owned).collect();
        Ok(Some(Self { app, scopes, key_file, key }))
    }

    /// Writes the private key so that nobody else can read it.
    fn write_key(&self) -> Result<(), String> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options.open(&self.key_file).and_then(|mut file| file.write_all(self.key.pkcs8_pem().as_bytes()));
        written.map_err(|error| format!("cannot write the private key to {}: {error}", self.key_file.display()))
    }
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
    let Cli { org, server, sign_in, limits } = cli;
    let ca_file = std::path::absolute(&server.ca_file)?;
    let new_app = NewApp::make(&sign_in, &ca_file)?;
    let config = SimConfig {
        listen: SocketAddr::new(server.address, server.port),
        names: server.name,
        tokens: vec![Token::new(sign_in.token).rights(sign_in.rights.rights())],
        oauth_apps: new_app.iter().map(|new| new.app.clone()).collect(),
        oauth: OAuthSettings {
            token_lifetime: Duration::from_secs(sign_in.token_lifetime),
            ..OAuthSettings::default()
        },
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
    let sim = Sim::start(config).await?;
    sim.write_ca(&ca_file)?;
    let mut ready = serde_json::json!({
        "url": sim.url(), "domain": sim.host(), "caFile": ca_file, "token": sim.token(),
    });
    if let Some(new) = &new_app {
        new.write_key()?;
        ready["oauth"] = serde_json::json!({
            "clientId": CLIENT_ID, "keyId": KEY_ID, "privateKeyFile": new.key_file, "scopes": new.scopes,
        });
    }
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
