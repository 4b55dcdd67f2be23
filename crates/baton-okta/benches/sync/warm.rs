//! Syncs after the first: nothing, one percent and ten percent of an org have changed.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value;
use wait4::Wait4;

use crate::org::{Server, Spec};

/// Runs the syncs and prints what they cost.
pub(crate) fn scenario(name: &str, what: &str, spec: &Spec, figure: &str) {
    let mut server = Server::start(spec);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.pem"), &server.greeting.ca).unwrap();
    println!("{name}: {what}  [{figure}]");
    let cold = sync(&mut server, folder.path(), "cold", 0);
    for percent in [0, 1, 10] {
        if percent > 0 {
            server.change(percent);
        }
        sync(&mut server, folder.path(), &format!("{percent} % changed"), cold);
    }
}

/// One sync; gives the calls it took and prints them as a share of the `cold` ones.
fn sync(server: &mut Server, folder: &Path, name: &str, cold: u64) -> u64 {
    let calls = |stats: &Value| stats["requests"].as_u64().unwrap();
    let before = calls(&server.stats());
    let begun = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_baton-okta"))
        .args(["--domain", &server.greeting.domain, "--api-token", &server.greeting.token])
        .env("SSL_CERT_FILE", folder.join("ca.pem"))
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let log = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
    let used = child.wait4().unwrap();
    assert!(used.status.success(), "{log}");
    let (wall, calls) = (begun.elapsed(), calls(&server.stats()) - before);
    let share =
        if cold > 0 { format!(" ({:.1} % of cold)", calls as f64 * 100.0 / cold as f64) } else { String::new() };
    println!(
        "  {name:<12} calls {calls}{share}, CPU {:.2} s, wall {:.2} s, peak memory {:.1} MiB",
        (used.rusage.utime + used.rusage.stime).as_secs_f64(),
        wall.as_secs_f64(),
        used.rusage.maxrss as f64 / 1024.0 / 1024.0
    );
    calls
}
