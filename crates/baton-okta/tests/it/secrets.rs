//! The token is nowhere: not in a log at any level, not in an error, not in a file, however the run ends.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use okta_sim::{Fault, FaultRule, Org, Shape, SimConfig};

use crate::support::{Lab, Outcome, ServiceApp};

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

/// What nobody must see of a key: each of its lines that holds a part of it.
fn lines(pem: &str) -> impl Iterator<Item = &str> {
    pem.lines().filter(|line| !line.contains("-----") && line.len() > 20)
}

#[test]
fn the_private_key_is_in_nothing_that_a_run_writes() {
    for dpop in [true, false] {
        let app = ServiceApp::new(dpop);
        let lab = app.lab(SimConfig::new(Org::facts()));
        fs::remove_file(lab.path("key.pem")).unwrap();
        let pem = app.key.pkcs8_pem();
        let one_line = pem.replace('\n', "\\n");
        for key in [pem, &one_line] {
            for arguments in [
                &["--log-level", "debug", "--log-path", "stderr,run.log"][..],
                // Refused for another reason each time.
                &["--okta-private-key-id", "other", "--log-level", "debug"],
                &["--okta-client-id", "0oaother", "--log-level", "debug", "--log-format", "console"],
                &["--domain", "http://x"],
                &["--no-such-flag"],
                &["--api-token", "00another"],
            ] {
                let arguments: Vec<_> = ["--okta-private-key", key].iter().chain(arguments).copied().collect();
                let outcome = lab.run_as_app(&arguments);
                // A signed text, of either kind, begins in this way.
                assert_nowhere("eyJ", lab.folder.path(), &outcome);
                for line in lines(pem) {
                    assert_nowhere(line, lab.folder.path(), &outcome);
                }
            }
        }
    }
}

#[test]
fn a_damaged_key_is_not_repeated() {
    let app = ServiceApp::new(true);
    let lab = app.lab(SimConfig::new(Org::facts()));
    fs::remove_file(lab.path("key.pem")).unwrap();
    let pem = app.key.pkcs8_pem();
    let body = lines(pem).collect::<Vec<_>>().join("\n");
    let cut = &pem[..pem.len() / 2];
    let short = body.lines().next().unwrap();
    for key in [body.as_str(), cut, short, &format!("{cut}?{cut}"), &format!("{{\"kty\":\"RSA\",\"d\":\"{short}\"}}")] {
        let outcome = lab.run_as_app(&["--okta-private-key", key, "--log-level", "debug"]);
        assert_eq!(outcome.code, 2, "{}", outcome.stderr);
        for line in lines(pem) {
            assert_nowhere(line, lab.folder.path(), &outcome);
        }
    }
}

#[test]
fn access_tokens_and_proofs_are_not_shown_when_okta_fails() {
    for fault in [Fault::Html(200), Fault::Code(401, "E0000011"), Fault::Status(400)] {
        for path in ["/oauth2/v1/token", "/api/v1/users"] {
            let app = ServiceApp::new(true);
            let lab = app
                .lab(SimConfig { faults: FaultRule::on(path, fault.clone()).into(), ..SimConfig::new(Org::facts()) });
            let outcome = lab.run_as_app(&["--log-level", "debug"]);
            assert_ne!(outcome.code, 0, "{path}");
            for shown in ["eyJ", "DPoP ey", "Bearer "] {
                assert!(!outcome.stderr.contains(shown), "{}", outcome.stderr);
            }
        }
    }
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
