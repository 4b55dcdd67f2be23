#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use proptest::prelude::*;
use secrecy::SecretString;

use super::*;

fn written(format: Format, level: Level, secret: &str, log: impl FnOnce(&Logger)) -> String {
    let (sink, text) = Sink::memory(format, level);
    let redactor = Arc::new(Redactor::new([&SecretString::from(secret)]));
    let logger = Arc::new(Logger::new(vec![sink], redactor, MultiProgress::new()));
    tracing::subscriber::with_default(layer::subscriber(Arc::clone(&logger), &["client"], None), || log(&logger));
    String::from_utf8(text.lock().unwrap().clone()).unwrap()
}

#[test]
fn json_lines_look_like_zap() {
    let text = written(Format::Json, Level::Info, "", |_| {
        tracing::info!(count = 3_u64, wait = 1.5, ok = true, name = "x", error = %"boom", msg = "field", "hello");
    });
    let line: Value = serde_json::from_str(&text).unwrap();
    let keys: Vec<_> = line.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["level", "ts", "caller", "msg", "count", "wait", "ok", "name", "error", "msg_"]);
    assert_eq!(line["level"], "info");
    assert!(line["ts"].as_f64().unwrap() > 1.6e9);
    assert!(line["caller"].as_str().unwrap().starts_with("baton-runtime/tests.rs:"));
    assert_eq!(line["msg"], "hello");
    assert_eq!((&line["count"], &line["wait"], &line["ok"]), (&3.into(), &1.5.into(), &true.into()));
    assert_eq!(line["error"], "boom");
    assert_eq!(text.matches('\n').count(), 1);
}

#[test]
fn console_lines_are_separated_by_tabs() {
    let text = written(Format::Console, Level::Info, "", |_| tracing::warn!(count = 3_u64, "hello"));
    let columns: Vec<_> = text.trim_end().split('\t').collect();
    assert_eq!(columns.len(), 5);
    assert_eq!(columns[0].len(), "2026-11-23T12:33:58.232Z".len());
    assert_eq!(columns[1], "WARN");
    assert_eq!(columns[3..], ["hello", "{\"count\":3}"]);
    let text = written(Format::Plain, Level::Info, "", |_| tracing::warn!(file = "x", count = 3_u64, "hello"));
    assert_eq!(text, "warning: hello (file: x, count: 3)\n");
}

#[test]
fn the_level_decides() {
    let log = |level| {
        written(Format::Plain, level, "", |_| {
            tracing::trace!("t");
            tracing::debug!("d");
            tracing::info!("i");
            tracing::warn!("w");
            tracing::error!("e");
        })
    };
    assert_eq!(log(Level::Debug), "t\nd\ni\nwarning: w\nerror: e\n");
    assert_eq!(log(Level::Warn), "warning: w\nerror: e\n");
    assert_eq!(log(Level::Silent), "");
}

#[test]
fn debug_lines_can_come_to_an_end() {
    let text = written(Format::Plain, Level::Debug, "", |logger| {
        let log = || {
            tracing::debug!("d");
            tracing::info!("i");
        };
        log();
        logger.end_debug();
        log();
    });
    assert_eq!(text, "d\ni\ni\n");
}

#[test]
fn a_task_can_be_logged_in_detail() {
    use baton_service::TaskLogs as _;
    let mut file = tempfile::tempfile().unwrap();
    let (sink, everything) = Sink::memory(Format::Plain, Level::Info);
    let redactor = Arc::new(Redactor::new([&SecretString::from("hunter2")]));
    let logger = Arc::new(Logger::new(vec![sink], redactor, MultiProgress::new()));
    let task = |id: &str, in_detail: bool, text: &str| {
        let _task = tracing::info_span!("task", task_id = id, debug = in_detail).entered();
        let _inner = tracing::info_span!("inner").entered();
        tracing::debug!("{text} hunter2");
        tracing::info!("{text}");
    };
    tracing::subscriber::with_default(layer::subscriber(Arc::clone(&logger), &[], None), || {
        task("a", true, "before");
        let kept = tasks::Keeper(Arc::clone(&logger)).keep("a", file.try_clone().unwrap());
        task("a", true, "asked for");
        task("b", false, "another's");
        tracing::debug!("nobody's");
        drop(kept);
        task("a", true, "after");
    });
    let mut text = String::new();
    std::io::Seek::rewind(&mut file).unwrap();
    std::io::Read::read_to_string(&mut file, &mut text).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<_> =
        lines.iter().map(|line| (line["level"].as_str().unwrap(), line["msg"].as_str().unwrap())).collect();
    assert_eq!(told, [("debug", "asked for [redacted]"), ("info", "asked for")]);
    let everything = String::from_utf8(everything.lock().unwrap().clone()).unwrap();
    assert_eq!(everything, "before\nasked for\nanother's\nafter\n", "the usual log stays as it is");
}

#[test]
fn only_own_crates_are_heard() {
    let text = written(Format::Plain, Level::Debug, "", |_| {
        tracing::info!(target: "client::pacer", "ours");
        tracing::info!(target: "hyper::proto", "theirs");
        tracing::info!(target: "clients", "theirs too");
    });
    assert_eq!(text, "ours\n");
}

#[test]
fn records_may_be_nested() {
    let text = written(Format::Json, Level::Info, "hunter2", |logger| {
        let fields = serde_json::json!({"a": {"b": ["x hunter2 y"]}, "n": 1});
        logger.record(Level::Info, "done", fields.as_object().unwrap().clone());
    });
    let line: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["a"]["b"][0], "x [redacted] y");
}

/// What comes from outside neither steers the terminal nor begins a line of its own.
#[test]
fn a_line_is_one_line_whatever_is_in_it() {
    let hostile = "x\nhint: run this\u{1b}[2J\u{9b}31m\u{202e}";
    let log = |format| {
        written(format, Level::Info, "", |logger| {
            tracing::warn!(name = hostile, "{hostile}");
            let fields = serde_json::json!({"a": [hostile]});
            logger.record(Level::Warn, hostile, fields.as_object().unwrap().clone());
        })
    };
    for format in [Format::Json, Format::Console, Format::Plain] {
        let text = log(format);
        assert_eq!(text.lines().count(), 2, "{text}");
        let wrong = |c: char| (c.is_control() && !"\n\t".contains(c)) || c == '\u{202e}';
        assert!(!text.contains(wrong), "{text:?}");
    }
    assert!(log(Format::Plain).starts_with("warning: x; hint: run this\u{fffd}[2J"), "{}", log(Format::Plain));
    let line: Value = serde_json::from_str(log(Format::Json).lines().next().unwrap()).unwrap();
    assert_eq!((&line["msg"], &line["name"]), (&hostile.into(), &hostile.into()), "JSON loses nothing");
}

proptest! {
    #[test]
    fn no_secret_reaches_a_line(secret in "[0-9A-Z\"\\\\/%+=~ ]{12,40}", around in ".{0,20}") {
        for format in [Format::Json, Format::Console, Format::Plain] {
            let text = written(format, Level::Debug, &secret, |logger| {
                tracing::info!(token = secret, header = ?secret, "before {around}{secret} after");
                tracing::debug!(error = %format!("GET /?q={secret}: refused"), "{secret}");
                let nested = serde_json::json!({"a": [{"b": format!("{around}{secret}")}]});
                logger.record(Level::Warn, &secret, nested.as_object().unwrap().clone());
            });
            let quoted = serde_json::to_string(&secret).unwrap();
            for form in [secret.as_str(), secret.trim(), &quoted[1..quoted.len() - 1]] {
                prop_assert!(form.len() < 4 || !text.contains(form), "{}", text);
            }
            if format == Format::Json {
                for line in text.lines() {
                    prop_assert!(serde_json::from_str::<Value>(line).is_ok());
                }
            }
        }
    }
}
