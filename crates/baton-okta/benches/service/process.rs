//! The connector as a process, and what the system knows of it.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use c1_sim::C1Sim;
use okta_sim::Sim;

/// A tick of the system's CPU times: a hundredth of a second on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// A running connector. It is killed when this is dropped.
pub(crate) struct Process {
    child: Child,
    _folder: tempfile::TempDir,
}

impl Process {
    pub(crate) fn start(c1: &C1Sim, sim: &Sim, arguments: &[&str], get_tasks: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let roots = folder.path().join("roots.pem");
        fs::write(&roots, [sim.ca_pem(), c1.ca_pem()].concat()).unwrap();
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_baton-okta"))
            .args(["--provisioning", "--log-level", "warn"])
            .args(arguments)
            .env_clear()
            // To try what the C library's allocator makes of it.
            .envs(std::env::vars().filter(|(name, _)| name.contains("MALLOC_")))
            .env("SSL_CERT_FILE", &roots)
            .env("BATON_DOMAIN", sim.host())
            .env("BATON_API_TOKEN", sim.token())
            .env("BATON_CLIENT_ID", c1.client_id())
            .env("BATON_CLIENT_SECRET", c1.client_secret())
            .env("BATON_C1_API_HOST", c1.address().to_string())
            .env("BATON_GET_TASKS", get_tasks.to_string())
            .env("BATON_TMPDIR", folder.path())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { child, _folder: folder }
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(Path::new("/proc").join(self.child.id().to_string()).join(file)).unwrap()
    }

    /// Memory that is in use now, and the most that was, in MiB.
    pub(crate) fn memory(&self) -> (f64, f64) {
        let status = self.read("status");
        let of = |name: &str| -> f64 {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
        };
        (of("VmRSS:"), of("VmHWM:"))
    }

    /// CPU time so far.
    pub(crate) fn cpu(&self) -> Duration {
        let stat = self.read("stat");
        // Behind the name, which may hold anything; utime and stime are the 14th and 15th field.
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        let ticks: u32 = fields[11..13].iter().map(|field| field.parse::<u32>().unwrap()).sum();
        TICK * ticks
    }

    /// Connections that are open to a port of this machine.
    pub(crate) fn connections(&self, port: u16) -> usize {
        const ESTABLISHED: &str = "01";
        let wanted = format!(":{port:04X}");
        let is_it = |line: &&str| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            fields[2].ends_with(&wanted) && fields[3] == ESTABLISHED
        };
        self.read("net/tcp").lines().skip(1).filter(is_it).count()
    }

    pub(crate) fn threads(&self) -> usize {
        fs::read_dir(Path::new("/proc").join(self.child.id().to_string()).join("task")).unwrap().count()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
