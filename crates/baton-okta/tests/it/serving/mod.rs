//! The built binary in service mode between a stand-in for C1 and a simulated org.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use baton_proto::c1::connectorapi::baton::v1::task::TaskType;
use c1_sim::{C1Sim, Finish};
use okta_sim::{Org, SimConfig};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::support::{Lab, Outcome};

/// A C1, an org, and the binary between them.
pub struct Stage {
    pub lab: Lab,
    pub runtime: Runtime,
    pub c1: C1Sim,
}

impl Stage {
    pub fn new() -> Self {
        Self::with(SimConfig::new(Org::facts()))
    }

    /// The same with another org.
    pub fn with(org: SimConfig) -> Self {
        let lab = Lab::start(org);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        // So that nobody waits for the next poll; nothing else here depends on time.
        let config = c1_sim::SimConfig { time_scale: 20.0, ..c1_sim::SimConfig::default() };
        let c1 = runtime.block_on(C1Sim::start(config)).unwrap();
        let both = [fs::read_to_string(lab.path("ca.pem")).unwrap(), c1.ca_pem().to_owned()].concat();
        fs::write(lab.path("both.pem"), both).unwrap();
        fs::create_dir(lab.path("work")).unwrap();
        Self { lab, runtime, c1 }
    }

    /// The binary with everything in variables, as it runs in a cluster.
    pub fn command(&self) -> Command {
        let mut command = self.lab.bare();
        command
            .env("SSL_CERT_FILE", self.lab.path("both.pem"))
            .env("BATON_DOMAIN", self.lab.sim().host())
            .env("BATON_API_TOKEN", self.lab.sim().token())
            .env("BATON_CLIENT_ID", self.c1.client_id())
            .env("BATON_CLIENT_SECRET", self.c1.client_secret())
            .env("BATON_C1_API_HOST", self.c1.address().to_string())
            .env("BATON_HOST_ID", "test-host")
            .env("BATON_TMPDIR", self.lab.path("work"));
        command
    }

    pub fn start(&self, arguments: &[&str]) -> Service {
        let mut command = self.command();
        command.args(arguments);
        Service::start(command)
    }

    pub fn finish(&self, task: TaskType) -> Finish {
        let id = self.c1.hand_out(task);
        self.runtime.block_on(self.c1.finished(&id))
    }
}

/// The binary under way.
pub struct Service {
    child: Child,
    said: Arc<Mutex<String>>,
    reader: JoinHandle<()>,
}

impl Service {
    /// Starts it, and keeps what it says.
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let said = Arc::<Mutex<String>>::default();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let writing = Arc::clone(&said);
        let reader = std::thread::spawn(move || {
            for line in stderr.lines() {
                let mut said = writing.lock().unwrap();
                said.push_str(&line.unwrap());
                said.push('\n');
            }
        });
        Self { child, said, reader }
    }

    /// Asks it to end, and waits until it has.
    pub fn stop(self) -> Outcome {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.ended()
    }

    /// Ends it as a loss of power would.
    pub fn kill(mut self) -> Outcome {
        self.child.kill().unwrap();
        self.ended()
    }

    /// Waits until it ends.
    pub fn ended(mut self) -> Outcome {
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        self.reader.join().unwrap();
        let stderr = std::mem::take(&mut *self.said.lock().unwrap());
        Outcome { code, stdout: String::new(), stderr }
    }

    /// What it has said so far, as JSON lines.
    pub fn lines(&self) -> Vec<Value> {
        self.said.lock().unwrap().lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}
