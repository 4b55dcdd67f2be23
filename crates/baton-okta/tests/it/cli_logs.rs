//! Logs: their forms, their places, and what never is in them.

use crate::cli::{Run, TOKEN};

#[test]
fn json_lines_and_nothing_else() {
    let ended = Run::to_nobody(&[]).end();
    let lines = ended.lines();
    assert_eq!(lines.len(), ended.stderr.lines().count(), "{}", ended.stderr);
    assert_eq!(lines[0]["msg"], "starting");
    assert_eq!(lines[0]["level"], "info");
    assert_eq!(lines[0]["name"], "baton-okta");
    let error = lines.last().unwrap();
    assert_eq!(error["level"], "error");
    assert_eq!(error["code"], 14);
    assert!(error["error"].as_str().unwrap().contains("localhost:1"), "{error}");
    for line in &lines {
        let keys: Vec<_> = line.as_object().unwrap().keys().take(4).collect();
        assert_eq!(keys, ["level", "ts", "caller", "msg"]);
    }
}

/// As a log line where stderr gets JSON, as text where it does not; and in whatever other logs there are.
#[test]
fn a_failure_is_printed_once() {
    // How often a text says it: in log lines, and in lines of another form.
    let counts = |text: &str| {
        let lines = text.lines().map(|line| (line, serde_json::from_str::<serde_json::Value>(line)));
        let (logged, plain): (Vec<_>, Vec<_>) = lines.partition(|(_, json)| json.is_ok());
        let logged = logged.iter().filter(|(_, json)| json.as_ref().is_ok_and(|json| json["level"] == "error"));
        (logged.count(), plain.iter().filter(|(line, _)| line.contains("localhost:1")).count())
    };
    for (args, on_stderr, elsewhere) in [
        (&[][..], (1, 0), (0, 0)),
        (&["--log-format=json", "--log-level=error"], (1, 0), (0, 0)),
        (&["--log-format=console", "--log-level=error"], (0, 1), (0, 0)),
        (&["--log-level=fatal"], (0, 1), (0, 0)),
        (&["--log-path=a.log"], (0, 1), (1, 0)),
        (&["--log-path=stdout"], (0, 1), (1, 0)),
        (&["--log-path=a.log,stderr"], (1, 0), (1, 0)),
    ] {
        let mut run = Run::to_nobody(args);
        let ended = run.end();
        assert_eq!((ended.code, counts(&ended.stderr)), (Some(14), on_stderr), "{args:?}: {}", ended.stderr);
        let other = std::fs::read_to_string(run.path("a.log")).unwrap_or_else(|_| ended.stdout.clone());
        assert_eq!(counts(&other), elsewhere, "{args:?}: {other}");
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
