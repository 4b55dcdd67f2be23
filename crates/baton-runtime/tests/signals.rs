//! A signal ends the process in time, whatever its threads do.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The connector to nothing, which syncs in `folder`.
fn sample(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_baton-sample"));
    command.args(args).current_dir(folder).env_clear().env("BATON_TOKEN", "key");
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// Waits until it is so; what never comes is a failure.
fn until(what: impl Fn() -> bool) {
    let started = Instant::now();
    while !what() {
        assert!(started.elapsed() < Duration::from_secs(60), "it never came");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Asks the process to end, and returns its exit code.
fn terminate(mut child: Child) -> Option<i32> {
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if started.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            panic!("it does not end");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_thread_that_blocks_for_ever_does_not_keep_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = sample(folder.path(), &["--stuck"]).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    until(|| folder.path().join("stuck").exists());
    assert_eq!(terminate(child), Some(1));
    let mut text = String::new();
    stderr.read_to_string(&mut text).unwrap();
    assert!(text.contains("stopping; what was fetched is kept"), "{text}");
    assert!(text.lines().last().unwrap().contains("the sync was interrupted"), "{text}");
}

#[test]
fn a_pipe_that_nobody_reads_does_not_keep_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    let mut filling = writer.try_clone().unwrap();
    // It writes until nothing more fits, and for as long as somebody could read.
    std::thread::spawn(move || while filling.write_all(&[b'\n'; 1024]).is_ok() {});
    let command = sample(folder.path(), &["--log-path", "run.log,stderr"]).stderr(writer).spawn();
    // It has written the line to the file, and waits for a reader of the other.
    let log = || std::fs::read_to_string(folder.path().join("run.log")).unwrap_or_default();
    until(|| log().contains("starting"));
    assert_eq!(terminate(command.unwrap()), Some(1));
    drop(reader);
}
