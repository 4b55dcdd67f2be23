//! Answers that never end, unpack to hundreds of megabytes or hold millions of records: a clear error, and little memory.

use std::fs::File;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use okta_sim::{Fault, FaultRule, Faults, Org, Shape, SimConfig};

use crate::support::{Lab, Outcome, ServiceApp};

/// Room for an answer of 32 MiB while its buffer grows, for what is made of it, and for the program itself. What is read
/// without a limit takes a gigabyte and more.
#[cfg(target_os = "linux")]
const MOST_MEMORY: u64 = 256 << 20;

fn org() -> SimConfig {
    SimConfig::new(Org::generate(&Shape::new(30, 5, 4)))
}

/// The highest memory of a process so far, in bytes. The one of its resource usage would not do: that counts what the process was
/// forked from.
#[cfg(target_os = "linux")]
fn peak_memory(process: &Child) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
}

#[cfg(not(target_os = "linux"))]
fn peak_memory(_: &Child) -> Option<u64> {
    None
}

/// Runs to the end, and checks the memory that it took.
fn run(lab: &Lab, mut command: Command) -> Outcome {
    let log = lab.path("stderr");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&log).unwrap());
    let mut process = command.spawn().unwrap();
    let mut peak = None;
    let status = loop {
        peak = peak_memory(&process).or(peak);
        match process.try_wait().unwrap() {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    let stderr = std::fs::read_to_string(log).unwrap();
    #[cfg(target_os = "linux")]
    assert!(peak.unwrap() < MOST_MEMORY, "{} MiB of memory\n{stderr}", peak.unwrap() >> 20);
    Outcome { code: status.code().unwrap_or(-1), stdout: String::new(), stderr }
}

/// An array of these elements, as many as fit into 31 MiB.
fn array_of(element: &str) -> Fault {
    let count = (31 << 20) / (element.len() + 1);
    let body = format!("[{}]", vec![element; count].join(","));
    Fault::Body(body.into())
}

#[test]
fn lists_are_read_within_their_limits() {
    let lab = Lab::start(org());
    let nested = format!(r#"[{{"id":"00u1","profile":{{"a":[{}0]}}}}]"#, "[],".repeat(10 << 20));
    for (fault, words) in [
        (Fault::Endless(200), "the answer is larger than 32 MiB"),
        (Fault::Bomb(128), "the answer is larger than 32 MiB"),
        (array_of("{}"), "users, where 1000 are the most to be expected"),
        (array_of(r#"{"id":"00u1"}"#), "users, where 1000 are the most to be expected"),
        (array_of(r#"{"id":"\uD83D"}"#), "users, where 1000 are the most to be expected"),
        (Fault::Body(nested.into()), "the sync found no user at all"),
    ] {
        lab.sim().set_faults(Faults::from(FaultRule::on("/api/v1/users", fault)));
        let outcome = run(&lab, lab.command(&[]));
        assert_ne!(outcome.code, 0);
        assert!(outcome.stderr.contains(words), "{words}: {}", outcome.stderr);
    }
}

#[test]
fn of_a_refusal_only_the_beginning_is_read() {
    let lab = Lab::start(org());
    lab.sim().set_faults(Faults::from(FaultRule::on("/api/v1/org", Fault::Endless(401))));
    let outcome = run(&lab, lab.command(&[]));
    assert_eq!(outcome.code, 16, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("Okta answered 401 Unauthorized"), "{}", outcome.stderr);
}

#[test]
fn an_answer_of_the_token_endpoint_is_short() {
    let app = ServiceApp::new(false);
    let lab = app.lab(org());
    for (fault, words) in [
        (Fault::Endless(200), "the answer is larger than 64 KiB"),
        (Fault::Bomb(128), "the answer is larger than 64 KiB"),
        (Fault::Endless(400), "was refused with 400"),
    ] {
        lab.sim().set_faults(Faults::from(FaultRule::on("/oauth2/v1/token", fault)));
        let outcome = run(&lab, lab.as_app(&[]));
        assert_ne!(outcome.code, 0);
        assert!(outcome.stderr.contains(words), "{words}: {}", outcome.stderr);
    }
}
