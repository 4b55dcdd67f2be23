//! The token is nowhere: not in a log at any level, not in an error, not in a file, however the run ends.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use okta_sim::{Org, Shape, SimConfig};
use support::{Lab, Outcome};

fn assert_nowhere(secret: &str, folder: &Path, outcome: &Outcome) {
    assert!(!outcome.stdout.contains(secret), "on stdout:\n{}", outcome.stdout);
    assert!(!outcome.stderr.contains(secret), "on stderr:\n{}", outcome.stderr);
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_nowhere(secret, &path, &Outcome { code: 0, stdout: String::new(), stderr: String::new() });
        } else {
            let bytes = fs::read(&path).unwrap();
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "in {}", path.display());
        }
    }
}

#[test]
fn the_token_is_in_nothing_that_a_run_writes() {
    let lab = Lab::start(SimConfig::new(Org::facts()));
    let token = lab.sim().token().to_owned();
    for level in ["debug", "info", "error"] {
        for format in ["json", "console"] {
            let arguments = ["--log-level", level, "--log-format", format, "--log-path", "stderr,run.log"];
            let outcome = lab.run(&arguments);
            assert_eq!(outcome.code, 0, "{}", outcome.stderr);
            assert_nowhere(&token, lab.folder.path(), &outcome);
        }
    }
    // The file is compressed: look inside as well.
    let everything = lab.contents("sync.c1z").map(|value| value.to_string()).concat();
    assert!(!everything.contains(&token));
}

#[test]
fn a_refused_or_misplaced_token_is_not_repeated() {
    let mut lab = Lab::start(SimConfig::new(Org::facts()));
    let secret = "00T0ps3cretTokenThatMustNotBeSeen";
    let host = lab.sim().host();
    let run = |lab: &Lab, arguments: &[&str]| {
        let mut command = lab.bare();
        command.args(["--log-level", "debug", "--api-token", secret]).args(arguments);
        Outcome::of(command.output().unwrap())
    };
    for arguments in [&["--domain", &host][..], &["--domain", secret], &["--domain", "http://x"], &["--no-such-flag"]] {
        let outcome = run(&lab, arguments);
        assert_ne!(outcome.code, 0);
        assert_nowhere(secret, lab.folder.path(), &outcome);
    }
    lab.stop();
    let outcome = run(&lab, &["--domain", &host]);
    assert_ne!(outcome.code, 0);
    assert_nowhere(secret, lab.folder.path(), &outcome);
}

#[test]
fn a_killed_run_leaves_no_token_in_its_working_data() {
    let shape = Shape::new(300, 40, 10).seed(7);
    let org = Org::generate(&shape);
    let lab = Lab::start(SimConfig { latency: Duration::from_millis(10), ..SimConfig::new(org) });
    let mut child = lab.command(&["--log-level", "debug"]).stderr(Stdio::piped()).spawn().unwrap();
    while lab.sim().stats().requests < 15 {
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    let outcome = Outcome::of(child.wait_with_output().unwrap());
    assert!(lab.path("sync.c1z.work").exists());
    assert_nowhere(lab.sim().token(), lab.folder.path(), &outcome);
}
