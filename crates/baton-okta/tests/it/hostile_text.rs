//! Names that try to steer the terminal of their reader, or to pass for a hint of ours.

use okta_sim::Org;

use crate::changing::Changing;
use crate::support::Outcome;

/// A name that clears the screen, colours it, turns the direction of reading, and begins a line of its own.
const NAME: &str = "Payroll\nhint: run evil.sh\u{1b}[2J\u{9b}31m\u{202e}\u{2066}";

/// An org in which a group and a person have such a name.
fn org() -> Changing {
    Changing::with(|org: &mut Org| {
        org.rename_group("00g1eng", NAME).unwrap();
        let name = serde_json::json!({ "firstName": NAME, "displayName": NAME });
        org.edit_profile("00u1active", name.as_object().unwrap()).unwrap();
    })
}

fn harmless(outcome: &Outcome) {
    for text in [&outcome.stdout, &outcome.stderr] {
        // Tabs stand between the columns of console lines.
        let wrong = |c: char| (c.is_control() && !"\n\t".contains(c)) || "\u{202e}\u{2066}".contains(c);
        assert!(!text.contains(wrong), "{text:?}");
        assert!(!text.lines().any(|line| line.trim_start().starts_with("hint: run evil")), "{text}");
    }
}

fn run(org: &Changing, arguments: &[&str]) -> Outcome {
    let outcome = Outcome::of(org.lab.command(arguments).output().unwrap());
    harmless(&outcome);
    outcome
}

#[test]
fn tables_show_names_on_one_line() {
    let org = org();
    for command in ["stats", "resource-types", "resources", "entitlements", "grants"] {
        let outcome = Outcome::of(org.lab.bare().args([command, "-f", "sync.c1z"]).output().unwrap());
        assert_eq!(outcome.code, 0, "{command}: {}", outcome.stderr);
        harmless(&outcome);
        let shows = ["resources", "entitlements", "grants"].contains(&command);
        assert_eq!(outcome.stdout.contains("Payroll\u{fffd}hint: run evil.sh\u{fffd}"), shows, "{command}");
    }
}

#[test]
fn failures_logs_and_events_do_not_pass_names_on() {
    let org = org();
    org.alter(|org| org.set_group_type("00g1eng", "APP_GROUP")).unwrap();
    let revoke = ["--revoke-grant", "group:00g1eng:member:user:00u1active"];
    for form in ["--log-format=json", "--log-format=console", "--log-path=a.log", "--output-format=json"] {
        let outcome = run(&org, &[&revoke[..], &[form]].concat());
        assert_eq!(outcome.code, 9, "{form}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("Payroll\u{fffd}hint: run evil.sh"), "{form}: {}", outcome.stderr);
        // A hint of ours still begins a line where the failure is text.
        let is_text = ["--log-format=console", "--log-path=a.log"].contains(&form);
        let has_hint = outcome.stderr.lines().any(|line| line.starts_with("hint: "));
        assert_eq!(has_hint, is_text, "{form}: {}", outcome.stderr);
    }
    for arguments in
        [&["--log-level=debug"][..], &["--log-level=debug", "--log-format=console"], &["--event-feed=true"]]
    {
        let outcome = run(&org, arguments);
        assert_eq!(outcome.code, 0, "{arguments:?}: {}", outcome.stderr);
    }
}
