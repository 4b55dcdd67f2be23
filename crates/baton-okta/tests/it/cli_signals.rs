//! SIGTERM and Ctrl-C: the run ends, what was fetched is kept, the next run carries on.

#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use okta_sim::{Org, Shape, SimConfig};

use crate::support::Lab;

/// An org whose sync needs many slow answers, so that a signal comes in the middle of it.
fn slow() -> Lab {
    let shape = Shape::new(200, 40, 10);
    Lab::start(SimConfig {
        latency: Duration::from_millis(30),
        page_cap: Some(5),
        ..SimConfig::new(Org::generate(&shape))
    })
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

/// Starts a sync, sends the signal when pages have been fetched, and returns exit code and stderr.
fn interrupted(lab: &Lab, name: &str) -> (Option<i32>, String) {
    let mut child = lab.command(&["--workers=2"]).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut text = String::new();
    while !text.contains("Syncing resources...") {
        assert!(stderr.read_line(&mut text).unwrap() > 0, "{text}");
    }
    while lab.sim().stats().by_path.values().sum::<u64>() < 20 {
        std::thread::yield_now();
    }
    signal(&child, name);
    stderr.read_to_string(&mut text).unwrap();
    (child.wait().unwrap().code(), text)
}

fn ends_and_carries_on(name: &str) {
    let lab = slow();
    let (code, stderr) = interrupted(&lab, name);
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains("stopping; what was fetched is kept"), "{stderr}");
    assert!(stderr.lines().last().unwrap().contains("the next run with the same options carries on"), "{stderr}");
    assert!(!lab.path("sync.c1z").exists());
    let next = lab.run(&[]);
    assert_eq!(next.code, 0, "{}", next.stderr);
    assert!(next.stderr.contains("resumed previous sync"), "{}", next.stderr);
    assert!(next.log("Sync complete.")["pages_from_before"].as_u64().unwrap() > 0);
    assert!(lab.path("sync.c1z").exists());
}

#[test]
fn sigterm() {
    ends_and_carries_on("-TERM");
}

#[test]
fn ctrl_c() {
    ends_and_carries_on("-INT");
}

#[test]
fn a_file_that_never_comes_does_not_hold_up_the_end() {
    let lab = Lab::start(SimConfig::new(Org::facts()));
    assert!(Command::new("mkfifo").arg(lab.path("other.c1z")).status().unwrap().success());
    let mut child = lab.command(&["--external-resource-c1z", "other.c1z"]).stderr(Stdio::piped()).spawn().unwrap();
    // From here on it waits for somebody who writes into the pipe.
    while !lab.path("sync.c1z.work/lock").exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended too soon");
        std::thread::sleep(Duration::from_millis(1));
    }
    signal(&child, "-TERM");
    let ended = (0..6000).find_map(|_| {
        std::thread::sleep(Duration::from_millis(10));
        child.try_wait().unwrap()
    });
    child.kill().unwrap();
    assert_eq!(ended.expect("it hangs").code(), Some(1));
    let mut text = String::new();
    child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    assert!(text.contains("stopping;") && text.contains("the sync was interrupted"), "{text}");
    assert_eq!(lab.sim().stats().requests, 0);
}
