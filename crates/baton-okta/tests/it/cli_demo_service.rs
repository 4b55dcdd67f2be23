//! `demo --service`: a whole session with C1 for somebody who has nothing.

use crate::cli::Run;

#[test]
fn every_task_is_one_line_with_its_outcome() {
    let mut run = Run::new(&["demo", "--service", "-f", "demo.c1z"]);
    let ended = run.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let screen = &ended.stdout;
    let outcome = |task: &str| {
        let line = screen.lines().find_map(|line| line.strip_prefix(&format!("  {task} ")));
        line.unwrap_or_else(|| panic!("no line for {task}: {screen}")).to_owned()
    };
    for (task, words) in [
        ("hello", "baton-okta "),
        ("sync_full", "grants in a file of "),
        ("grant", "Mia Chen is in the group Finance"),
        ("create_account", "Noor Haddad is ACTIVE; the password of 24 characters opens with C1's key only"),
        ("action_invoke", "disable_user: Noor Haddad is SUSPENDED"),
        ("list_events", "events of Okta's log: "),
        ("revoke", "Mia Chen is no longer in the group Finance"),
        ("delete_resource", "Noor Haddad is gone from the org"),
    ] {
        let line = outcome(task);
        assert!(line.contains("OK") && line.contains(words), "{task}: {line}");
    }
    assert!(screen.contains("8 tasks, each answered once"), "{screen}");
    assert!(screen.lines().all(|line| line.chars().count() <= 130), "{screen}");
    for secret in ["secret-token:", okta_sim::DEFAULT_TOKEN] {
        assert!(!screen.contains(secret) && !ended.stderr.contains(secret), "{ended:?}");
    }
    // What is suggested, beside the answer, works as it stands.
    let suggested: Vec<_> = ended.stderr.lines().filter(|line| line.contains(" -f demo.c1z")).collect();
    assert_eq!(suggested.len(), 2, "{screen}");
    for line in suggested {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_baton-okta"));
        let output = command.args(line.split_whitespace().skip(1)).current_dir(run.folder()).output().unwrap();
        assert!(output.status.success() && output.stdout.len() > 100, "{line}: {output:?}");
    }
    let leftovers = std::fs::read_dir(run.folder()).unwrap().count();
    assert_eq!(leftovers, 1, "the file and nothing else");
}

#[test]
fn somebody_else_at_the_terminal_sees_why_it_cannot_run() {
    let ended = Run::new(&["demo", "--service", "-f", "missing/demo.c1z"]).end();
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.failure().contains("missing/demo.c1z"), "{}", ended.stderr);
}
