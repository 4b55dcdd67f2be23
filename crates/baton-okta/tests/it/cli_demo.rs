//! `demo`: a whole sync for somebody who has nothing.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use crate::cli::Run;

#[test]
fn the_demo_syncs_shows_and_suggests() {
    let mut run = Run::new(&["demo", "-f", "demo.c1z"]);
    let ended = run.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    // The report is the answer; what goes on and what to do next are not.
    for words in ["Synced into demo.c1z", "Resources", "Grants", "Total", "Sent", "What "] {
        assert!(ended.stdout.contains(words) && !ended.stderr.contains(words), "{words}: {ended:?}");
    }
    for words in ["made-up users", "Look into it", "Sync your own org"] {
        assert!(ended.stderr.contains(words) && !ended.stdout.contains(words), "{words}: {ended:?}");
    }
    assert_eq!(ended.lines(), Vec::<serde_json::Value>::new(), "words, not log lines: {}", ended.stderr);
    assert!(!format!("{ended:?}").contains(okta_sim::DEFAULT_TOKEN), "{ended:?}");
    let screen = &ended.stderr;
    // What is suggested works as it stands.
    let suggested: Vec<_> = screen.lines().filter(|line| line.contains(" -f demo.c1z")).collect();
    assert_eq!(suggested.len(), 3, "{screen}");
    for line in suggested {
        let mut words = line.split_whitespace();
        assert_eq!(words.next(), Some(env!("CARGO_BIN_EXE_baton-okta")));
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_baton-okta"))
            .args(words)
            .current_dir(run.folder())
            .output()
            .unwrap();
        assert!(output.status.success() && output.stdout.len() > 100, "{line}: {output:?}");
    }
}

#[test]
fn the_demo_does_not_touch_the_file_of_real_syncs() {
    let run = Run::new(&["demo"]).env("BATON_FILE", "real.c1z").file(".baton.yaml", "file: real.c1z\n");
    let temp = run.folder().to_str().unwrap().to_owned();
    let mut run = run.env("TMPDIR", &temp);
    let ended = run.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(!run.path("real.c1z").exists());
}

#[test]
fn logs_replace_the_screen_when_they_are_asked_for() {
    let mut run = Run::new(&["demo", "-f", "demo.c1z", "--log-format=json"]);
    let ended = run.end();
    let lines = ended.lines();
    let messages: Vec<_> = lines.iter().map(|line| line["msg"].as_str().unwrap()).collect();
    assert!(messages.contains(&"Syncing resources..."), "{messages:?}");
    let summary = lines.iter().find(|line| line["msg"] == "Sync complete.").unwrap();
    assert_eq!(summary["types"]["user"]["resources"], 500);
    assert_eq!(summary["throttled"], 0);
    assert_eq!(summary["file"], "demo.c1z");
    assert_eq!(summary["bytes"], std::fs::metadata(run.path("demo.c1z")).unwrap().len());
}

#[test]
#[cfg(unix)]
fn the_org_can_be_kept_synced_and_changed() {
    let folder = tempfile::tempdir().unwrap();
    let binary = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_baton-okta"));
        command.env_clear().current_dir(folder.path());
        command
    };
    let mut demo = binary();
    demo.args(["demo", "--serve", "-f", "it's a demo.c1z"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut demo = demo.spawn().unwrap();
    let mut stdout = BufReader::new(demo.stdout.take().unwrap());
    let mut exports = String::new();
    for _ in 0..4 {
        assert!(stdout.read_line(&mut exports).unwrap() > 0, "{exports}");
    }
    // What was printed is good for a shell as it stands.
    let run = |arguments: &str| {
        let script = format!("{exports}exec {} {arguments}", env!("CARGO_BIN_EXE_baton-okta"));
        let output = Command::new("sh").env_clear().current_dir("/").args(["-c", &script]).output().unwrap();
        assert!(output.status.success(), "{arguments}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let grants = run("grants -t group -o json");
    let grants: serde_json::Value = serde_json::from_str(&grants).unwrap();
    let grant = grants["grants"].as_array().unwrap().iter().map(|entry| &entry["grant"]);
    let grant = grant.filter_map(|grant| grant["id"].as_str()).nth(1000).unwrap();
    assert!(run(&format!("--revoke-grant '{grant}'")).contains("revoked"));
    run("");
    assert!(!run("grants -t group -o json").contains(grant), "the next sync sees the change");

    let stopped = Command::new("kill").args(["-INT", &demo.id().to_string()]).status().unwrap();
    assert!(stopped.success());
    let (mut stderr, code) = (String::new(), demo.wait().unwrap().code());
    demo.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!(code, Some(0), "{stderr}");
    for words in ["Synced into it's a demo.c1z", "keeps running until you press Ctrl-C", "--create-account-profile"] {
        assert!(stderr.contains(words), "{words}: {stderr}");
    }
    assert!(!folder.path().join("it's a demo.ca.pem").exists(), "good for nothing without the org");
}
