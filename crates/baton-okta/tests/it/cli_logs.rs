//! Logs: their forms, their places, and what never is in them.

use crate::cli::{Run, TOKEN};

#[test]
fn json_lines_then_the_plain_error() {
    let ended = Run::to_nobody(&[]).end();
    let lines = ended.lines();
    assert_eq!(lines[0]["msg"], "starting");
    assert_eq!(lines[0]["level"], "info");
    assert_eq!(lines[0]["name"], "baton-okta");
    let error = lines.last().unwrap();
    assert_eq!(error["level"], "error");
    assert_eq!(error["code"], 14);
    assert_eq!(error["error"], ended.last());
    for line in &lines {
        let keys: Vec<_> = line.as_object().unwrap().keys().take(4).collect();
        assert_eq!(keys, ["level", "ts", "caller", "msg"]);
    }
}

#[test]
fn console_lines_when_asked_for() {
    let ended = Run::to_nobody(&["--log-format", "console"]).end();
    assert_eq!(ended.lines(), Vec::<serde_json::Value>::new());
    assert!(ended.stderr.lines().next().unwrap().contains("\tINFO\tbaton-runtime/"), "{}", ended.stderr);
    let ended = Run::to_nobody(&["--log-format", "xml"]).end();
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("field log-format: value must be one of json, console"), "{}", ended.stderr);
}

#[test]
fn the_level_decides() {
    let ended = Run::to_nobody(&["--log-level", "error"]).end();
    assert_eq!(ended.lines().len(), 1);
    let ended = Run::to_nobody(&["--log-level", "fatal"]).end();
    assert_eq!(ended.lines().len(), 0);
}

#[test]
fn log_paths_replace_stderr() {
    let mut run = Run::to_nobody(&["--log-path", "a.log,b.log", "--log-path", "stdout"]);
    let ended = run.end();
    assert_eq!(ended.lines().len(), 0, "{}", ended.stderr);
    let files = ["a.log", "b.log"].map(|name| std::fs::read_to_string(run.path(name)).unwrap());
    assert_eq!(files[0], files[1]);
    assert_eq!(files[0], ended.stdout);
    assert!(files[0].contains("\"msg\":\"starting\""));
    let ended = Run::to_nobody(&["--log-path", "nowhere/a.log"]).end();
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.starts_with("cannot write the log file nowhere/a.log"), "{}", ended.stderr);
}

/// The token is in the domain here, where the client quotes it in its error: only masking keeps it out.
#[test]
fn the_token_is_masked_wherever_it_turns_up() {
    for level in ["debug", "info", "error"] {
        let domain = format!("acme.example/{TOKEN}");
        let ended = Run::to_nobody(&["--log-level", level, "--domain", &domain]).end();
        assert_eq!(ended.code, Some(2));
        assert!(ended.stderr.contains("[redacted]"), "{}", ended.stderr);
    }
    let ended = Run::new(&["--domain=acme.okta.com", "--api-token=", TOKEN]).end();
    assert_eq!(ended.code, Some(2));
}
