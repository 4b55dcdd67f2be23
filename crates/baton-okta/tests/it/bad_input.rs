//! What an operator gets wrong, and what the world does: one clear error with the next step, the right exit code, the
//! old file untouched.

use std::fs;

use okta_sim::{Org, SimConfig};

use crate::support::{Lab, Outcome, bare};

fn lab() -> Lab {
    Lab::start(SimConfig::new(Org::facts()))
}

/// The run fails with `code`, says each of `words`, and prints nothing else than an error.
fn assert_fails(outcome: &Outcome, code: i32, words: &[&str]) {
    assert_eq!(outcome.code, code, "{}", outcome.stderr);
    for word in words {
        assert!(outcome.stderr.contains(word), "no {word:?} in\n{}", outcome.stderr);
    }
    assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
    assert_eq!(outcome.stdout, "");
}

#[test]
fn domains_of_the_wrong_form() {
    let folder = tempfile::tempdir().unwrap();
    for (domain, word) in [
        ("", "domain"),
        ("http://acme.okta.com", "https"),
        ("acme.okta.com/path", "path"),
        ("acme.okta.com?query=1", "query"),
        ("me:secret@acme.okta.com", "acme.okta.com"),
        ("acme-admin.okta.com", "-admin"),
        ("acme.okta.com.com", ".com.com"),
        ("{yourOktaDomain}", "{yourOktaDomain}"),
    ] {
        let output = bare(folder.path()).args(["--domain", domain, "--api-token", "00token"]).output().unwrap();
        assert_fails(&Outcome::of(output), 2, &[word]);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");
}

#[test]
fn empty_and_refused_tokens() {
    let lab = lab();
    let host = lab.sim().host();
    let empty = Outcome::of(lab.bare().args(["--domain", &host, "--api-token", ""]).output().unwrap());
    assert_fails(&empty, 2, &["api-token"]);
    let wrong = Outcome::of(lab.bare().args(["--domain", &host, "--api-token", "00wrongtoken"]).output().unwrap());
    assert_fails(&wrong, 16, &["401", "E0000011", "token"]);
    assert!(!wrong.stderr.contains("00wrongtoken"), "{}", wrong.stderr);
    assert!(!lab.path("sync.c1z").exists());
    assert!(!lab.path("sync.c1z.work").exists());
}

#[test]
fn an_org_that_cannot_be_reached() {
    let mut lab = lab();
    let host = lab.sim().host();
    lab.stop();
    let refused = Outcome::of(lab.bare().args(["--domain", &host, "--api-token", "00token"]).output().unwrap());
    assert_fails(&refused, 14, &[&host, "refuses connections"]);
    let unknown = lab.bare().args(["--domain", "no-such-org.invalid", "--api-token", "00token"]).output().unwrap();
    let unknown = Outcome::of(unknown);
    assert!([3, 14].contains(&unknown.code), "{}", unknown.stderr);
    assert!(unknown.stderr.contains("no-such-org.invalid"), "{}", unknown.stderr);
}

#[test]
fn a_certificate_that_nobody_vouches_for() {
    let lab = lab();
    let mut command = lab.command(&[]);
    command.env_remove("SSL_CERT_FILE");
    assert_fails(&Outcome::of(command.output().unwrap()), 14, &["certificate", "SSL_CERT_FILE"]);
}

#[test]
fn targets_that_cannot_be_written() {
    let lab = lab();
    let good = lab.run(&["-f", "good.c1z"]);
    assert_eq!(good.code, 0, "{}", good.stderr);
    let good = fs::read(lab.path("good.c1z")).unwrap();

    fs::write(lab.path("notes.txt"), "dear diary").unwrap();
    let requests = lab.sim().stats().requests;
    assert_fails(&lab.run(&["-f", "notes.txt"]), 2, &["notes.txt", "not a .c1z file"]);
    assert_eq!(fs::read(lab.path("notes.txt")).unwrap(), b"dear diary");

    let half = &good[..good.len() / 2];
    fs::write(lab.path("cut.c1z"), half).unwrap();
    assert_fails(&lab.run(&["-f", "cut.c1z"]), 2, &["cut.c1z", "cut off"]);
    assert_eq!(fs::read(lab.path("cut.c1z")).unwrap(), half);

    fs::create_dir(lab.path("folder.c1z")).unwrap();
    assert_fails(&lab.run(&["-f", "folder.c1z"]), 2, &["folder.c1z"]);
    assert_fails(&lab.run(&["-f", "no/such/place/sync.c1z"]), 2, &["no/such/place"]);
    assert_eq!(lab.sim().stats().requests, requests, "the target is looked at before anything is asked");
}

#[test]
fn a_full_disk_loses_nothing() {
    let lab = lab();
    let first = lab.run(&["-f", "sync.c1z"]);
    assert_eq!(first.code, 0, "{}", first.stderr);
    let before = fs::read(lab.path("sync.c1z")).unwrap();
    // A limit on the size of any file is the nearest thing to a full disk that needs no rights.
    let binary = lab.command(&["-f", "sync.c1z"]);
    let mut shell = std::process::Command::new("bash");
    shell.args(["-c", "ulimit -f 8; trap '' XFSZ; exec \"$@\"", "bash"]).arg(binary.get_program());
    shell.args(binary.get_args()).env_clear().current_dir(lab.folder.path());
    shell.envs(binary.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let full = Outcome::of(shell.output().unwrap());
    assert_eq!(full.code, 8, "{}", full.stderr);
    assert!(full.stderr.contains("free"), "{}", full.stderr);
    assert_eq!(fs::read(lab.path("sync.c1z")).unwrap(), before);
    let again = lab.run(&["-f", "sync.c1z"]);
    assert_eq!(again.code, 0, "{}", again.stderr);
}

#[test]
fn files_that_cannot_be_read() {
    let lab = lab();
    let read = |file: &str| Outcome::of(lab.bare().args(["stats", "-f", file]).output().unwrap());
    assert_fails(&read("missing.c1z"), 5, &["missing.c1z"]);
    fs::write(lab.path("notes.txt"), "dear diary").unwrap();
    assert_fails(&read("notes.txt"), 2, &["notes.txt", "not a .c1z file"]);
    assert_eq!(lab.run(&["-f", "good.c1z"]).code, 0);
    let good = fs::read(lab.path("good.c1z")).unwrap();
    fs::write(lab.path("cut.c1z"), &good[..good.len() - 3]).unwrap();
    assert_fails(&read("cut.c1z"), 2, &["cut.c1z", "cut off"]);
}

#[test]
fn an_org_that_shows_nothing_is_not_believed() {
    let lab = Lab::start(SimConfig::new(Org::empty()));
    let outcome = lab.run(&[]);
    assert_fails(&outcome, 9, &["found no user at all", "--allow-shrink"]);
    assert!(!lab.path("sync.c1z").exists());
    let allowed = lab.run(&["--allow-shrink"]);
    assert_eq!(allowed.code, 0, "{}", allowed.stderr);
}

#[test]
fn strict_fails_where_something_cannot_be_read() {
    let lab = lab();
    assert_fails(&lab.run(&["--strict"]), 9, &["not complete", "00g6denied"]);
    assert!(!lab.path("sync.c1z").exists());
}
