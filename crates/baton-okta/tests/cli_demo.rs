//! `demo`: a whole sync for somebody who has nothing.

#![allow(clippy::unwrap_used)]

mod cli;

use cli::Run;

#[test]
fn the_demo_syncs_shows_and_suggests() {
    let mut run = Run::new(&["demo", "-f", "demo.c1z"]);
    let ended = run.end();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""), "{}", ended.stderr);
    let screen = &ended.stderr;
    assert_eq!(ended.lines(), Vec::<serde_json::Value>::new(), "words, not log lines: {screen}");
    for words in ["Synced into demo.c1z", "Resources", "Grants", "Total", "Sent", "What ", "Sync your own org"] {
        assert!(screen.contains(words), "{words}: {screen}");
    }
    assert!(!screen.contains(okta_sim::DEFAULT_TOKEN), "{screen}");
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
