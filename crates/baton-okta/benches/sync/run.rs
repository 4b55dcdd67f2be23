//! One sync by the built binary, with what it cost.

use std::process::{Command, Stdio};
use std::time::Instant;

use wait4::Wait4;

use crate::org::{Server, Spec};

/// Runs a sync and prints what it cost beside the figure to be met.
pub(crate) fn scenario(name: &str, what: &str, spec: &Spec, figure: &str) {
    let mut server = Server::start(spec);
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, &server.greeting.ca).unwrap();
    let begun = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_baton-okta"))
        .args(["--domain", &server.greeting.domain, "--api-token", &server.greeting.token])
        .env("SSL_CERT_FILE", &ca)
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Read to the end first: a full pipe would hold the process up.
    let log = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
    let used = child.wait4().unwrap();
    let wall = begun.elapsed();
    assert!(used.status.success(), "{log}");
    let cpu = used.rusage.utime + used.rusage.stime;
    let stats = server.stats();
    let bytes = std::fs::metadata(folder.path().join("sync.c1z")).unwrap().len();
    println!("{name}: {what}  [{figure}]");
    println!(
        "  CPU {:.2} s ({:.2} µs a grant; of it kernel {:.2} s), wall {:.2} s",
        cpu.as_secs_f64(),
        cpu.as_secs_f64() * 1e6 / server.greeting.grants as f64,
        used.rusage.stime.as_secs_f64(),
        wall.as_secs_f64()
    );
    println!("  peak memory {:.1} MiB", used.rusage.maxrss as f64 / 1024.0 / 1024.0);
    println!("  calls {} of at most {}; 429s {}", stats["requests"], server.greeting.calls, stats["throttledRate"]);
    println!("  grants at the source {}, file {:.1} MiB", server.greeting.grants, bytes as f64 / 1024.0 / 1024.0);
}
