//! The built binary and a simulated org for it, over real TLS.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use okta_sim::{OAuthApp, Rights, Sim, SimConfig, TestKey};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A running simulated org and a folder to work in.
pub struct Lab {
    runtime: Runtime,
    pub sim: Option<Sim>,
    pub folder: TempDir,
}

/// What a run of the binary left behind.
#[derive(Debug)]
pub struct Outcome {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Lab {
    /// Starts the org.
    pub fn start(config: SimConfig) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let sim = runtime.block_on(Sim::start(config)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("ca.pem"), sim.ca_pem()).unwrap();
        Self { runtime, sim: Some(sim), folder }
    }

    /// The running org.
    pub fn sim(&self) -> &Sim {
        self.sim.as_ref().unwrap()
    }

    /// Stops the org; its port refuses connections from now on.
    pub fn stop(&mut self) {
        if let Some(sim) = self.sim.take() {
            self.runtime.block_on(sim.stop());
        }
    }

    /// A file in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The binary in a clean environment that trusts the org's authority, without any credentials.
    pub fn bare(&self) -> Command {
        let mut command = bare(self.folder.path());
        command.env("SSL_CERT_FILE", self.path("ca.pem"));
        command
    }

    /// The binary with the org's domain and token, syncing into `sync.c1z` unless told otherwise.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.bare();
        command.env("BATON_API_TOKEN", self.sim().token()).args(["--domain", &self.sim().host()]).args(arguments);
        command
    }

    /// Runs a sync.
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        Outcome::of(self.command(arguments).output().unwrap())
    }

    /// Runs a reading command on a file of the folder and gives its JSON.
    pub fn read(&self, command: &str, file: &str) -> Value {
        let output = self.bare().args([command, "-f", file, "-o", "json"]).output().unwrap();
        let outcome = Outcome::of(output);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        serde_json::from_str(&outcome.stdout).unwrap()
    }

    /// The JSON of all reading commands but `stats`, which tells times.
    pub fn contents(&self, file: &str) -> [Value; 4] {
        ["resource-types", "resources", "entitlements", "grants"].map(|command| self.read(command, file))
    }

    /// Ids of the resources of one type.
    pub fn resource_ids(&self, file: &str, resource_type: &str) -> BTreeSet<String> {
        let resources = self.read("resources", file);
        let ids = resources["resources"].as_array().into_iter().flatten().map(|entry| &entry["resource"]["id"]);
        ids.filter(|id| id["resourceType"] == resource_type)
            .map(|id| id["resource"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Ids of all grants.
    pub fn grant_ids(&self, file: &str) -> BTreeSet<String> {
        let grants = self.read("grants", file);
        let ids = grants["grants"].as_array().into_iter().flatten().map(|entry| &entry["grant"]["id"]);
        ids.map(|id| id.as_str().unwrap().to_owned()).collect()
    }
}

/// The binary in a clean environment.
pub fn bare(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_baton-okta"));
    command.env_clear().current_dir(folder).env("HOME", folder).env("PATH", std::env::var("PATH").unwrap_or_default());
    command
}

impl Outcome {
    /// Of a finished process. A process that a signal ended has the code -1.
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The JSON log lines.
    pub fn logs(&self) -> Vec<Value> {
        self.stderr.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The log line with this message.
    pub fn log(&self, message: &str) -> Value {
        let found = self.logs().into_iter().find(|line| line["msg"] == message);
        found.unwrap_or_else(|| panic!("no log line {message:?} in\n{}", self.stderr))
    }
}

/// The client id of the service app.
const CLIENT_ID: &str = "0oaconnector";
/// The id of its key.
const KEY_ID: &str = "key-1";

/// A service app of a simulated org, and its private key.
pub struct ServiceApp {
    /// The app as the org knows it.
    pub app: OAuthApp,
    pub key: TestKey,
}

impl ServiceApp {
    /// An app with every scope and right.
    pub fn new(dpop: bool) -> Self {
        let key = TestKey::generate().unwrap();
        Self { app: OAuthApp::new(CLIENT_ID).key(KEY_ID, &key).dpop(dpop).every_scope(), key }
    }

    /// An app with these scopes.
    pub fn with_scopes(dpop: bool, scopes: &[&str]) -> Self {
        let key = TestKey::generate().unwrap();
        Self { app: OAuthApp::new(CLIENT_ID).key(KEY_ID, &key).dpop(dpop).scopes(scopes.iter().copied()), key }
    }

    /// What its roles allow.
    pub fn rights(mut self, rights: Rights) -> Self {
        self.app = self.app.rights(rights);
        self
    }

    /// Starts an org that knows the app.
    pub fn lab(&self, config: SimConfig) -> Lab {
        let lab = Lab::start(SimConfig { oauth_apps: vec![self.app.clone()], ..config });
        fs::write(lab.path("key.pem"), self.key.pkcs8_pem()).unwrap();
        lab
    }
}

impl Lab {
    /// The binary that signs in as the service app whose key is in the folder.
    pub fn as_app(&self, arguments: &[&str]) -> Command {
        let mut command = self.bare();
        command.args(["--domain", &self.sim().host(), "--auth-method", "private-key-group"]);
        command.args(["--okta-client-id", CLIENT_ID, "--okta-private-key-id", KEY_ID]);
        command.args(["--okta-private-key", "key.pem"]).args(arguments);
        command
    }

    /// Runs a sync as the service app.
    pub fn run_as_app(&self, arguments: &[&str]) -> Outcome {
        Outcome::of(self.as_app(arguments).output().unwrap())
    }

    /// Runs `doctor` with these flags behind its name, with the token or as the service app.
    pub fn doctor(&self, is_app: bool, arguments: &[&str]) -> Outcome {
        self.subcommand("doctor", is_app, arguments)
    }

    /// Runs a subcommand with these flags behind its name, with the token or as the service app.
    pub fn subcommand(&self, name: &str, is_app: bool, arguments: &[&str]) -> Outcome {
        let sign_in = if is_app { self.as_app(&[]) } else { self.command(&[]) };
        let mut command = self.bare();
        command.arg(name).args(sign_in.get_args()).args(arguments);
        command.envs(sign_in.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Outcome::of(command.output().unwrap())
    }
}
