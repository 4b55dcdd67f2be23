//! Changes by the built binary on the small fixed org, over real TLS: what was sent, what was told, what became of it.

use std::process::Command;
use std::time::{Duration, Instant};

use okta_sim::{Fault, FaultRule, Faults, Org, OrgView, SimConfig};
use serde_json::Value;

use crate::support::{Lab, Outcome};

/// A simulated org and a file that was synced from it.
pub struct Changing {
    pub lab: Lab,
}

/// What a run told: its exit code, the JSON result on stdout, and stderr.
#[derive(Debug)]
pub struct Told {
    pub code: i32,
    pub result: Value,
    pub stderr: String,
}

impl Changing {
    /// The org of the facts.
    pub fn facts() -> Self {
        Self::with(|_| {})
    }

    /// The org of the facts, altered before it is synced.
    pub fn with(prepare: impl FnOnce(&mut Org)) -> Self {
        Self::configured(prepare, |_| {})
    }

    /// The same with another setup of the simulator.
    pub fn configured(prepare: impl FnOnce(&mut Org), configure: impl FnOnce(&mut SimConfig)) -> Self {
        let mut org = Org::facts();
        prepare(&mut org);
        let mut config = SimConfig::new(org);
        config.record_writes = true;
        configure(&mut config);
        let changing = Self { lab: Lab::start(config) };
        changing.sync();
        changing
    }

    /// The org of the facts, altered, without a file: accounts, deletions and actions need none.
    pub fn unsynced(prepare: impl FnOnce(&mut Org)) -> Self {
        let mut org = Org::facts();
        prepare(&mut org);
        Self { lab: Lab::start(SimConfig { record_writes: true, ..SimConfig::new(org) }) }
    }

    /// Syncs the org into the file.
    pub fn sync(&self) {
        let outcome = self.lab.run(&["--sync-custom-roles"]);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    }

    /// Alters the org behind the file's back.
    pub fn alter<T>(&self, change: impl FnOnce(&mut Org) -> T) -> T {
        self.lab.sim().change_org(change)
    }

    /// The org as it is now.
    pub fn org(&self) -> OrgView<'_> {
        self.lab.sim().org()
    }

    /// Lets calls of this path fail; the path is a template or one object's, without `/api/v1/`.
    pub fn fail(&self, rule: impl Into<Faults>) {
        self.lab.sim().set_faults(rule.into());
    }

    /// The command of a change whose result is JSON.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.lab.command(&["--sync-custom-roles", "-o", "json"]);
        command.args(arguments);
        command
    }

    /// Makes a change.
    pub fn run(&self, arguments: &[&str]) -> Told {
        Told::of(Outcome::of(self.command(arguments).output().unwrap()))
    }

    /// Grants an entitlement to `principal`, which is `type:id`.
    pub fn grant(&self, entitlement: &str, principal: &str) -> Told {
        self.run(&grant_arguments(entitlement, principal))
    }

    /// Revokes a grant.
    pub fn revoke(&self, grant: &str) -> Told {
        self.run(&["--revoke-grant", grant])
    }

    /// The requests for changes that reached the org, with their bodies.
    pub fn writes(&self) -> Vec<String> {
        let line = |write: okta_sim::Write| {
            let body = if write.body.is_null() { String::new() } else { format!(" {}", write.body) };
            short(&format!("{}{body}", write.line()))
        };
        self.lab.sim().writes().into_iter().map(line).collect()
    }
}

/// The arguments that grant an entitlement to `principal`, which is `type:id`.
pub fn grant_arguments<'a>(entitlement: &'a str, principal: &'a str) -> [&'a str; 6] {
    let (kind, id) = principal.split_once(':').unwrap();
    ["--grant-entitlement", entitlement, "--grant-principal-type", kind, "--grant-principal", id]
}

/// Waits until it is so; that it never comes is a failure.
pub fn until(what: impl Fn() -> bool) {
    let started = Instant::now();
    while !what() {
        assert!(started.elapsed() < Duration::from_secs(60), "it never came");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A rule for changes with this method at this path, which begins behind `/api/v1/`.
pub fn on(method: &str, path: &str, fault: Fault) -> FaultRule {
    FaultRule::on(format!("/api/v1/{path}"), fault).method(method)
}

/// A text without what every path begins with.
fn short(text: &str) -> String {
    text.replace(" /api/v1/", " ").replace("/api/v1/", "/")
}

impl Told {
    /// Of a finished run.
    pub fn of(outcome: Outcome) -> Self {
        let result = serde_json::from_str(&outcome.stdout).unwrap_or(Value::Null);
        Self { code: outcome.code, result, stderr: outcome.stderr }
    }

    /// The word for what came of it.
    pub fn outcome(&self) -> &str {
        self.result["outcome"].as_str().unwrap_or_default()
    }

    /// The requests as told: method, path and status, or what became of it.
    pub fn requests(&self) -> Vec<String> {
        let line = |step: &Value| {
            let text = |key: &str| step[key].as_str().unwrap().to_owned();
            let end = step["status"].as_u64().map_or_else(|| text("outcome"), |status| status.to_string());
            short(&format!("{} {} {end}", text("method"), text("target")))
        };
        self.result["requests"].as_array().unwrap_or(&Vec::new()).iter().map(line).collect()
    }

    /// What is to be known, and the error.
    pub fn words(&self) -> String {
        let notes = self.result["notes"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let error = self.result["error"].as_str();
        notes.chain(error).collect::<Vec<_>>().join("\n")
    }

    /// Checks that it was done, or was so: the outcome is this word and the exit code 0.
    #[track_caller]
    pub fn is(&self, outcome: &str) -> &Self {
        assert_eq!((self.outcome(), self.code), (outcome, 0), "{self:#?}");
        self
    }

    /// Checks that it failed with this code, leaving the org in this state.
    #[track_caller]
    pub fn failed(&self, code: &str, state: &str) -> &Self {
        assert_eq!(self.outcome(), "failed", "{self:#?}");
        let number = match code {
            "Canceled" => 1,
            "Unknown" => 2,
            "InvalidArgument" => 3,
            "DeadlineExceeded" => 4,
            "NotFound" => 5,
            "AlreadyExists" => 6,
            "PermissionDenied" => 7,
            "ResourceExhausted" => 8,
            "FailedPrecondition" => 9,
            "Aborted" => 10,
            "Unimplemented" => 12,
            "Internal" => 13,
            "Unavailable" => 14,
            "Unauthenticated" => 16,
            other => panic!("{other}"),
        };
        let told = (self.result["code"].as_str(), self.result["state"].as_str(), self.code);
        assert_eq!(told, (Some(code), Some(state), number), "{self:#?}");
        self
    }

    /// Checks the requests.
    #[track_caller]
    pub fn asked(&self, requests: &[&str]) -> &Self {
        assert_eq!(self.requests(), requests, "{self:#?}");
        self
    }

    /// Checks that notes or error hold each of these.
    #[track_caller]
    pub fn says(&self, parts: &[&str]) -> &Self {
        let words = self.words();
        for part in parts {
            assert!(words.contains(part), "no {part:?} in {words}");
        }
        self
    }
}
