//! `kill -9` at random moments of a sync, then a plain second run: nothing is lost, nothing is fetched twice.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use okta_sim::{Org, Shape, SimConfig};

use crate::support::Lab;

fn config() -> SimConfig {
    let shape = Shape::new(400, 60, 20).seed(7);
    SimConfig { latency: Duration::from_millis(3), ..SimConfig::new(Org::generate(&shape)) }
}

/// A small generator of our own, so that the moments are the same in every run of the test.
fn moments(count: usize, below: u64) -> impl Iterator<Item = u64> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    (0..count).map(move |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    })
}

#[test]
fn a_second_run_completes_what_a_killed_one_began() {
    let lab = Lab::start(config());
    let calm = lab.run(&["-f", "calm.c1z"]);
    assert_eq!(calm.code, 0, "{}", calm.stderr);
    let summary = calm.log("Sync complete.");
    let pages = summary["pages_fetched"].as_u64().unwrap();
    let expected = lab.contents("calm.c1z");
    let mut resumed = 0;
    for moment in moments(20, pages) {
        let before = lab.sim().stats().requests;
        let mut child = lab.command(&["-f", "sync.c1z"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while lab.sim().stats().requests - before <= moment && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let second = lab.run(&["-f", "sync.c1z"]);
        assert_eq!(second.code, 0, "killed after {moment} requests: {}", second.stderr);
        let summary = second.log("Sync complete.");
        let (fetched, kept) =
            (summary["pages_fetched"].as_u64().unwrap(), summary["pages_from_before"].as_u64().unwrap());
        assert_eq!(fetched + kept, pages, "killed after {moment} requests: a committed page was fetched again");
        resumed += u64::from(kept > 0);
        assert_eq!(lab.contents("sync.c1z"), expected, "killed after {moment} requests");
        // What the next sync takes over, and nothing else.
        let files = fs::read_dir(lab.path("sync.c1z.work")).unwrap().map(|entry| entry.unwrap().file_name());
        let mut files: Vec<_> = files.collect();
        files.sort();
        assert_eq!(files, ["last.db", "lock"]);
        fs::remove_file(lab.path("sync.c1z")).unwrap();
    }
    assert!(resumed >= 10, "only {resumed} of 20 runs were killed behind their first commit");
}
