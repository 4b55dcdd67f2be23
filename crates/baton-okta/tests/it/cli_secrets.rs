//! Secrets where others can read them draw a warning, and the memory that holds them is dumped nowhere.

#![cfg(unix)]

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use okta_sim::{Org, Shape, SimConfig};

use crate::cli::{Ended, NOBODY, Run, TOKEN};
use crate::support::Lab;

/// The warnings about secrets.
fn warnings(ended: &Ended) -> Vec<String> {
    let lines = ended.lines();
    let warnings = lines.iter().filter(|line| line["level"] == "warn").filter_map(|line| line["msg"].as_str());
    warnings
        .filter(|text| text.contains("every user of this machine can read it") || text.contains("chmod 600"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_secret_on_the_command_line() {
    let ended = Run::new(&["--domain", NOBODY, "--api-token", TOKEN]).end();
    assert_eq!(ended.code, Some(14), "{}", ended.stderr);
    let [warning]: [String; 1] = warnings(&ended).try_into().unwrap();
    assert!(warning.starts_with("--api-token puts a secret on the command line"), "{warning}");
    assert!(warning.ends_with("set BATON_API_TOKEN instead"), "{warning}");
    assert_eq!(warnings(&Run::to_nobody(&[]).end()), Vec::<String>::new(), "a variable is private");
}

#[test]
fn a_configuration_file_that_others_can_read() {
    let with_mode = |text: &str, mode: u32| {
        let mut run = Run::new(&["--domain", NOBODY]).env("BATON_API_TOKEN", TOKEN).file(".baton.yaml", text);
        fs::set_permissions(run.path(".baton.yaml"), Permissions::from_mode(mode)).unwrap();
        warnings(&run.end())
    };
    let text = format!("api-token: {TOKEN}\n");
    let [warning]: [String; 1] = with_mode(&text, 0o644).try_into().unwrap();
    assert!(warning.contains(".baton.yaml, which holds the secret api-token, can be read by every user"), "{warning}");
    assert_eq!(with_mode(&text, 0o600), Vec::<String>::new());
    assert_eq!(with_mode("workers: 3\n", 0o644), Vec::<String>::new(), "nothing in it is secret");
}

#[test]
fn a_key_file_that_others_can_read() {
    let key = okta_sim::TestKey::generate().unwrap();
    let with_mode = |mode: u32| {
        let args = ["--domain", NOBODY, "--auth-method=private-key-group", "--okta-client-id=0oa1"];
        let args = [&args[..], &["--okta-private-key-id=k", "--okta-private-key=key.pem"]].concat();
        let mut run = Run::new(&args).file("key.pem", key.pkcs8_pem());
        fs::set_permissions(run.path("key.pem"), Permissions::from_mode(mode)).unwrap();
        warnings(&run.end())
    };
    let [warning]: [String; 1] = with_mode(0o644).try_into().unwrap();
    assert!(warning.starts_with("the file that --okta-private-key names can be read by every user"), "{warning}");
    // The name of a file is no secret.
    assert_eq!(with_mode(0o600), Vec::<String>::new());
}

#[test]
#[cfg(target_os = "linux")]
fn core_dumps_are_off() {
    let config = SimConfig { latency: Duration::from_secs(5), ..SimConfig::new(Org::generate(&Shape::new(5, 2, 1))) };
    let lab = Lab::start(config);
    // As many as the machine allows, so that the test means something.
    let script = "ulimit -c unlimited 2>/dev/null || ulimit -c hard 2>/dev/null; exec \"$0\" \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_baton-okta"), "--domain", &lab.sim().host()]);
    command.env_clear().env("BATON_API_TOKEN", lab.sim().token()).env("SSL_CERT_FILE", lab.path("ca.pem"));
    command.current_dir(lab.folder.path()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    let limits = fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let limit = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let soft = limit.split_whitespace().nth(4).unwrap();
    assert!(["0", "1"].contains(&soft), "{limit}");
}
