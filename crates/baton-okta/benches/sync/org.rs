//! The simulated org in a process of its own: this program, started again with a variable that says which org.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use okta_sim::{Clock, DEFAULT_TOKEN, Org, Quotas, Shape, Sim, SimConfig, Token};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::changes;

/// The token of the other client.
const OTHER_TOKEN: &str = "00other-client-token";

/// Name of the variable.
pub(crate) const SPEC: &str = "BENCH_ORG";

/// Which org, and how it behaves.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Spec {
    pub users: u32,
    pub groups: u32,
    pub apps: u32,
    pub memberships_per_user: f64,
    pub assignments_per_user: f64,
    pub latency: Duration,
    /// Workforce quotas, half of them for one token; otherwise none.
    pub quotas: bool,
    /// One token may use all of the quotas, which another uses too.
    pub shared: bool,
    /// How many times faster than ours the org's clock runs.
    pub time_scale: f64,
}

impl Spec {
    /// An org without limits and latency.
    pub(crate) fn of(shape: &Shape) -> Self {
        Self {
            users: shape.users,
            groups: shape.groups,
            apps: shape.apps,
            memberships_per_user: shape.memberships_per_user,
            assignments_per_user: shape.assignments_per_user,
            latency: Duration::ZERO,
            quotas: false,
            shared: false,
            time_scale: 1.0,
        }
    }
}

/// What the org says when it is up.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Greeting {
    pub domain: String,
    pub token: String,
    /// The token of another client.
    pub other: String,
    pub ca: String,
    /// The largest number of calls that a full sync may take.
    pub calls: u64,
    /// Memberships, assignments and roles in it.
    pub grants: u64,
}

/// A running org.
pub(crate) struct Server {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    pub greeting: Greeting,
}

impl Server {
    pub(crate) fn start(spec: &Spec) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .env(SPEC, serde_json::to_string(spec).unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = process.stdin.take();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        Self { greeting: serde_json::from_str(&line).unwrap(), process, input, output }
    }

    /// What it has counted so far.
    pub(crate) fn stats(&mut self) -> Value {
        self.ask("stats")
    }

    /// Changes that share of it, in percent; gives what it has counted so far.
    pub(crate) fn change(&mut self, percent: usize) -> Value {
        self.ask(&format!("change {percent}"))
    }

    fn ask(&mut self, question: &str) -> Value {
        writeln!(self.input.as_mut().unwrap(), "{question}").unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.process.wait();
    }
}

/// The org's side: greets, then answers each line with its statistics until the input ends.
pub(crate) fn serve(spec: &str) {
    let spec: Spec = serde_json::from_str(spec).unwrap();
    let Spec { memberships_per_user, assignments_per_user, .. } = spec;
    let shape = Shape::new(spec.users, spec.groups, spec.apps);
    let org = Org::generate(&Shape { memberships_per_user, assignments_per_user, ..shape });
    let expected = org.expected(true);
    let config = SimConfig {
        latency: spec.latency,
        quotas: if spec.quotas { Quotas::workforce() } else { Quotas::unlimited() },
        principal_percent: if spec.shared { 100 } else { 50 },
        tokens: vec![Token::new(DEFAULT_TOKEN), Token::new(OTHER_TOKEN)],
        clock: Clock::scaled(spec.time_scale),
        ..SimConfig::new(org)
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let sim = runtime.block_on(Sim::start(config)).unwrap();
    let greeting = Greeting {
        domain: sim.host(),
        token: sim.token().to_owned(),
        other: OTHER_TOKEN.to_owned(),
        ca: sim.ca_pem().to_owned(),
        calls: expected.calls(),
        grants: expected.grants(),
    };
    println!("{}", serde_json::to_string(&greeting).unwrap());
    for line in std::io::stdin().lines().map_while(Result::ok) {
        if let Some(percent) = line.strip_prefix("change ") {
            sim.change_org(|org| changes::change(org, percent.parse().unwrap()));
            sim.advance_clock(changes::SETTLED);
        }
        println!("{}", serde_json::to_string(&sim.stats()).unwrap());
    }
}
