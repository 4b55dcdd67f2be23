//! Who can use the files that a run makes, and whose files it uses.

#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use okta_sim::{Org, Shape, SimConfig};

use crate::cli::Run;
use crate::support::{Lab, Outcome};

/// A user that is nobody's.
const SOMEBODY: u32 = 65_534;

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// The same command for an operator whose new files everybody may write unless a program sees to it.
fn without_umask(command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", "umask 0; exec \"$@\"", "sh"]).arg(command.get_program()).args(command.get_args());
    shell.current_dir(command.get_current_dir().unwrap()).env_clear();
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell
}

/// A sync into `sync.c1z` with a log in `run.log`.
fn sync(lab: &Lab) -> Outcome {
    let command = lab.command(&["--log-path", "run.log,stderr"]);
    Outcome::of(without_umask(&command).output().unwrap())
}

#[test]
fn only_their_owner_can_use_the_files_of_a_sync() {
    let shape = Shape::new(200, 40, 10);
    let slow = SimConfig { latency: Duration::from_millis(20), ..SimConfig::new(Org::generate(&shape)) };
    let lab = Lab::start(slow);
    let work = lab.path("sync.c1z.work");
    let command = lab.command(&["--workers=1"]);
    let mut child = without_umask(&command).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !work.join("plan.db-wal").exists() || lab.sim().stats().requests < 20 {
        assert!(child.try_wait().unwrap().is_none(), "it ended too soon");
        std::thread::sleep(Duration::from_millis(1));
    }
    let modes = || {
        let entries = fs::read_dir(&work).unwrap().map(|entry| entry.unwrap().path());
        let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
        entries.map(|path| (name(&path), mode(&path))).collect::<BTreeMap<_, _>>()
    };
    let during = modes();
    child.kill().unwrap();
    child.wait().unwrap();
    let all = ["lock", "plan.db", "plan.db-shm", "plan.db-wal"];
    assert_eq!(during, BTreeMap::from(all.map(|name| (name.to_owned(), 0o600))));
    assert_eq!(mode(&work), 0o700);

    let ended = sync(&lab);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(modes(), BTreeMap::from(["last.db", "lock"].map(|name| (name.to_owned(), 0o600))));
    assert_eq!([work, lab.path("sync.c1z"), lab.path("run.log")].map(|path| mode(&path)), [0o700, 0o600, 0o600]);
}

#[test]
fn an_operator_can_let_others_read_the_file_and_the_log() {
    let lab = Lab::start(SimConfig::new(Org::facts()));
    assert_eq!(sync(&lab).code, 0);
    let (file, log) = (lab.path("sync.c1z"), lab.path("run.log"));
    for (path, bits) in [(&file, 0o640), (&log, 0o644)] {
        set_mode(path, bits);
    }
    // Only root can give the file to a group that it is not in.
    let group = chown(&file, None, Some(SOMEBODY)).is_ok().then_some(SOMEBODY);
    let (inode, length) = (fs::metadata(&file).unwrap().ino(), fs::metadata(&log).unwrap().len());
    assert_eq!(sync(&lab).code, 0);
    let after = fs::metadata(&file).unwrap();
    assert_ne!(after.ino(), inode, "it is a new file");
    assert_eq!((mode(&file), mode(&log)), (0o640, 0o644));
    assert_eq!(after.gid(), group.unwrap_or(after.gid()));
    assert!(fs::metadata(&log).unwrap().len() > length, "it was appended to");
}

#[test]
fn a_working_folder_that_others_can_write_is_refused_before_anything_is_asked() {
    let lab = Lab::start(SimConfig::new(Org::facts()));
    fs::create_dir(lab.path("temp")).unwrap();
    let refused = |work: &Path, arguments: &[&str], reason: &str| {
        let outcome = lab.run(arguments);
        assert_eq!(outcome.code, 2, "{}", outcome.stderr);
        let name = work.file_name().unwrap().to_str().unwrap();
        assert!(outcome.stderr.contains(reason) && outcome.stderr.contains(name), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("hint: choose another folder with --c1z-temp-dir"), "{}", outcome.stderr);
        assert_eq!(lab.sim().stats().requests, 0);
    };
    let work = lab.path("sync.c1z.work");
    fs::create_dir(&work).unwrap();
    set_mode(&work, 0o777);
    refused(&work, &[], "other users can write to it (mode 0777)");
    if chown(&work, Some(SOMEBODY), None).is_ok() {
        set_mode(&work, 0o755);
        refused(&work, &[], "it belongs to another user (uid 65534)");
    }
    fs::remove_dir(&work).unwrap();
    symlink(lab.path("temp"), &work).unwrap();
    refused(&work, &[], "it is a symbolic link");
    fs::remove_file(&work).unwrap();

    // Below a folder for everybody's temporary files, names can be guessed.
    set_mode(&lab.path("temp"), 0o1777);
    let outcome = lab.run(&["--c1z-temp-dir", "temp"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let below = fs::read_dir(lab.path("temp")).unwrap().next().unwrap().unwrap().path();
    assert_eq!(mode(&below), 0o700);
    let victim = lab.path("victim");
    fs::write(&victim, "precious").unwrap();
    fs::remove_file(below.join("lock")).unwrap();
    symlink(&victim, below.join("lock")).unwrap();
    let outcome = lab.run(&["--c1z-temp-dir", "temp"]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.contains("it is a symbolic link"), "{}", outcome.stderr);
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
}

#[test]
fn a_fifo_in_the_way_is_refused_and_does_not_hold_the_run_up() {
    let lab = Lab::start(SimConfig::new(Org::facts()));
    let fifo = lab.path("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    for arguments in [["-f", "fifo"], ["--log-path", "fifo"]] {
        let mut child = lab.command(&arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        for _ in 0..6000 {
            if child.try_wait().unwrap().is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        child.kill().unwrap();
        let outcome = Outcome::of(child.wait_with_output().unwrap());
        assert!(outcome.code > 0, "{arguments:?}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("it is not a regular file"), "{arguments:?}: {}", outcome.stderr);
    }
    // One that looks like what a killed run left is left alone.
    fs::rename(&fifo, lab.path(".sync.c1z.tmp-fifo")).unwrap();
    let outcome = lab.run(&[]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(lab.path("sync.c1z").exists() && lab.path(".sync.c1z.tmp-fifo").exists());
}

#[test]
fn a_log_is_written_to_a_file_of_ones_own_only() {
    let mut run = Run::to_nobody(&["--log-path", "own.log"]);
    run.end();
    assert_eq!(mode(&run.path("own.log")), 0o600);

    let mut run = Run::to_nobody(&["--log-path", "run.log"]).file("victim", "precious\n");
    let (log, victim) = (run.path("run.log"), run.path("victim"));
    let mut refused = |reason: &str| {
        let ended = run.end();
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        assert!(ended.stderr.starts_with("cannot write the log file run.log: "), "{}", ended.stderr);
        assert!(
            ended.stderr.contains(reason) && ended.stderr.lines().last().unwrap().starts_with("hint: "),
            "{}",
            ended.stderr
        );
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious\n");
    };
    symlink(&victim, &log).unwrap();
    refused("it is a symbolic link");
    fs::rename(&victim, &log).unwrap();
    fs::copy(&log, &victim).unwrap();
    set_mode(&log, 0o622);
    refused("other users can write to it (mode 0622)");
    set_mode(&log, 0o600);
    // Only root can give a file away.
    if chown(&log, Some(SOMEBODY), None).is_ok() {
        refused("it belongs to another user (uid 65534)");
    }
    // The usual names of the streams work, and so does a log that nobody wants.
    let ended = Run::to_nobody(&["--log-path", "/dev/stdout,/dev/null"]).end();
    assert!(ended.stdout.contains("\"msg\":\"starting\""), "{ended:?}");
}
