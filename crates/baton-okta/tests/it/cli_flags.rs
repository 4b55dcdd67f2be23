//! Flags, variables, configuration file: what is accepted, what is refused, and in which words.

use crate::cli::{NOBODY, Run, TOKEN};

#[test]
fn what_is_required_is_told_all_at_once() {
    let ended = Run::new(&[]).end();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    insta::assert_snapshot!(ended.stderr, @"
    --domain and --api-token are missing
    hint: set --domain and --api-token, or BATON_DOMAIN and BATON_API_TOKEN, or the same names as keys in .baton.yaml
    hint: `baton-okta demo` shows a sync without an org
    ");
    let ended = Run::new(&[]).env("BATON_API_TOKEN", TOKEN).end();
    assert!(ended.stderr.starts_with("--domain is missing\nhint: "), "{}", ended.stderr);
    let ended = Run::new(&["--domain=acme.okta.com", "--http-timeout-seconds=0"]).env("BATON_WORKERS", "many").end();
    assert_eq!(ended.code, Some(2));
    insta::assert_snapshot!(ended.stderr, @r#"
    field workers: value must be a whole number but got "many" (from BATON_WORKERS)
    field http-timeout-seconds: value must be greater than or equal to 1 but got 0 (from --http-timeout-seconds)
    --api-token is missing
    hint: set --api-token, or BATON_API_TOKEN, or the same names as keys in .baton.yaml
    hint: `baton-okta demo` shows a sync without an org
    "#);
}

#[test]
fn unknown_flags_are_refused_without_the_usage() {
    let ended = Run::new(&["--domian", "acme.okta.com"]).end();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    assert_eq!(ended.stderr, "unknown flag: --domian\nhint: did you mean --domain?\n");
}

/// Flags of the Go connector that ask for something else than this program does: known by name, from wherever they come.
#[test]
fn what_is_not_done_is_refused_by_name() {
    for (flag, value, words) in [
        ("create-ticket", "true", "a ticket"),
        ("bulk-create-ticket", "true", "a ticket"),
        ("get-ticket", "true", "a ticket"),
        ("list-ticket-schemas", "true", "the schemas of tickets"),
        ("ticket-template-path", "t.json", "a ticket"),
        ("bulk-ticket-template-path", "t.json", "a ticket"),
        ("ticket-id", "1", "a ticket"),
        ("diff-syncs", "true", "a comparison of two syncs"),
        ("base-sync-id", "1", "a comparison of two syncs"),
        ("applied-sync-id", "2", "a comparison of two syncs"),
        ("compact-syncs", "true", "a compaction"),
        ("compact-file-paths", "a.c1z,b.c1z", "a compaction"),
        ("compact-sync-ids", "1,2", "a compaction"),
        ("compact-output-path", "out", "a compaction"),
        ("list-resource-actions", "group", "a list of actions"),
        ("invoke-resource-action", "x", "an action"),
        ("invoke-resource-action-resource-type", "group", "an action"),
        ("invoke-resource-action-args", "{}", "an action"),
    ] {
        let argument = format!("--{flag}={value}");
        let variable = format!("BATON_{}", flag.to_uppercase().replace('-', "_"));
        for (run, place) in [
            (Run::to_nobody(&[argument.as_str()]), format!("--{flag}")),
            (Run::to_nobody(&[]).env(&variable, value), variable.clone()),
            (Run::to_nobody(&[]).file(".baton.yaml", &format!("{flag}: '{value}'")), format!("{flag} in ")),
        ] {
            let mut run = run;
            let ended = run.end();
            assert_eq!((ended.code, ended.stdout.as_str()), (Some(12), ""), "{flag}: {}", ended.stderr);
            assert!(ended.stderr.starts_with(&place), "{flag}: {}", ended.stderr);
            for words in [words, "which baton-okta does not do\nhint: "] {
                assert!(ended.stderr.contains(words), "{flag}: {}", ended.stderr);
            }
        }
    }
    // Switched off, they ask for nothing: the run gets as far as the host that does not answer.
    let ended = Run::to_nobody(&["--create-ticket=false", "--diff-syncs=false"]).env("BATON_GET_TICKET", "false").end();
    assert_eq!(ended.code, Some(14), "{}", ended.stderr);
    // Before a command, they are not overlooked either.
    let ended = Run::new(&["--get-ticket", "stats"]).end();
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.starts_with("--get-ticket asks for something else than `stats`"), "{}", ended.stderr);
}

#[test]
fn flag_before_variable_before_file() {
    let refused = |host: &str| format!("\"{host}\"");
    let file = "domain: http://file.example\n";
    let first = |args: &[&str], variable: &str, file: &str| {
        let run = Run::new(args).env("BATON_API_TOKEN", TOKEN).env("BATON_DOMAIN", variable);
        run.file(".baton.yaml", file).end().failure()
    };
    assert!(
        first(&["--domain=http://flag.example"], "http://env.example", file).contains(&refused("http://flag.example"))
    );
    assert!(first(&[], "http://env.example", file).contains(&refused("http://env.example")));
    assert!(first(&[], "", file).contains(&refused("http://file.example")));
    assert!(first(&[], "", "").contains("--domain is missing"));
}

#[test]
fn what_scripts_carry_is_accepted_with_a_warning() {
    let args = [
        "--cache=false",
        "--cache-ttl",
        "600",
        "--parallel-sync",
        "--storage-engine=sqlite",
        "--ticketing",
        "--keep-previous-sync-c1z",
        "--log-event-log",
    ];
    let ended = Run::to_nobody(&args).env("BATON_CACHE_TTI", "0").end();
    assert_eq!(ended.code, Some(14), "{}", ended.stderr);
    let warnings: Vec<_> = ended.lines().into_iter().filter(|line| line["level"] == "warn").collect();
    let told = |name: &str| warnings.iter().filter(|line| line["msg"].as_str().unwrap().starts_with(name)).count();
    for name in ["--cache ", "--cache-ttl ", "BATON_CACHE_TTI ", "--parallel-sync "] {
        assert_eq!(told(name), 1, "{name}");
    }
    for name in ["--ticketing ", "--keep-previous-sync-c1z ", "--log-event-log "] {
        assert_eq!(told(name), 1, "{name}");
    }
    assert_eq!(warnings.len(), 7);
    let ended = Run::to_nobody(&["--storage-engine=pebble"]).end();
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("sqlite form only"), "{}", ended.stderr);
}

#[test]
fn the_way_to_sign_in_is_one_of_two() {
    let ended = Run::new(&["--auth-method=private-key-group"]).env("BATON_DOMAIN", NOBODY).end();
    assert_eq!(ended.code, Some(2));
    let missing = "--okta-client-id, --okta-private-key-id and --okta-private-key are missing\n";
    assert!(ended.stderr.starts_with(missing), "{}", ended.stderr);
    assert_eq!(Run::to_nobody(&["--auth-method=api-token-group"]).end().code, Some(14));
    let ended = Run::to_nobody(&["--auth-method=whatever"]).end();
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("api-token-group") && ended.stderr.contains("private-key-group"), "{}", ended.stderr);
}

#[test]
fn a_bad_configuration_file_is_an_error_when_it_was_named() {
    let run = Run::to_nobody(&[]).file("c.yaml", "api-token: [\n").env("BATON_CONFIG_PATH", "c.yaml").end();
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("cannot use the configuration file c.yaml"), "{}", run.stderr);
    let run = Run::to_nobody(&[]).file("c.json", "{}").env("BATON_CONFIG_PATH", "c.json").end();
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains(".yaml or .yml"), "{}", run.stderr);
    let run = Run::to_nobody(&[]).file(".baton.yml", "a: [\n").end();
    assert_eq!(run.code, Some(14));
    assert!(run.stderr.contains(".baton.yml is ignored"), "{}", run.stderr);
}

#[test]
fn unknown_keys_of_the_file_are_told() {
    let run = Run::to_nobody(&[]).file(".baton", "worker: 3\ncolour: blue\nworkers: 3\n").end();
    assert_eq!(run.code, Some(14));
    assert!(run.stderr.contains("the key worker is not known and ignored; did you mean workers?"), "{}", run.stderr);
    assert!(run.stderr.contains("the key colour is not known and ignored"), "{}", run.stderr);
}

/// They are shown one by one, in a form of C1's.
#[test]
fn descriptions_of_settings_stand_alone() {
    let ended = Run::new(&["config"]).end();
    let config: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let fields = config["fields"].as_array().unwrap();
    assert!(fields.len() > 25, "{}", ended.stdout);
    for field in fields {
        let text = field["description"].as_str().unwrap();
        assert!(text.starts_with(|first: char| first.is_ascii_uppercase()), "{}: {text}", field["name"]);
        let leans = ["Also ", "Without ", "Only "].into_iter().find(|word| text.starts_with(word));
        assert_eq!(leans, None, "{}: {text}", field["name"]);
    }
    // The same texts are the help.
    let help = Run::new(&["--help"]).end().stdout;
    assert!(!help.lines().any(|line| line.trim_start().starts_with("… ")), "{help}");
}

#[test]
fn the_form_of_an_answer_has_two_names() {
    for args in [&["stats", "--output-format=json"][..], &["stats", "--output=json"], &["stats", "-o", "json"]] {
        let ended = Run::new(args).end();
        assert_eq!(ended.code, Some(5), "{args:?}: {}", ended.stderr);
    }
    for (name, value) in [("BATON_OUTPUT_FORMAT", "xml"), ("BATON_OUTPUT", "xml")] {
        let ended = Run::to_nobody(&[]).env(name, value).end();
        let wanted = format!("field output-format: value must be one of console, json but got \"xml\" (from {name})");
        assert_eq!((ended.code, ended.stderr.trim_end()), (Some(2), wanted.as_str()));
    }
}

#[test]
fn help_and_version_go_to_stdout() {
    let version = Run::new(&["--version"]).end();
    assert_eq!(version.stdout, format!("baton-okta version {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!((version.code, version.stderr.as_str()), (Some(0), ""));
    for args in [&["--help"][..], &["-h"], &["help"], &["help", "grants"], &["grants", "--help"]] {
        let ended = Run::new(args).end();
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{args:?}");
        assert!(ended.stdout.contains("Usage: baton-okta"), "{args:?}");
    }
    insta::assert_snapshot!("help", Run::new(&["--help"]).end().stdout);
    insta::assert_snapshot!("help_short", Run::new(&["-h"]).end().stdout);
    insta::assert_snapshot!("help_grants", Run::new(&["grants", "-h"]).end().stdout);
}

#[test]
fn completions_are_scripts_for_the_binary() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let ended = Run::new(&["completion", shell]).end();
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{shell}");
        assert!(ended.stdout.contains("baton-okta") && ended.stdout.contains("rate-limit-share"), "{shell}");
    }
    assert_eq!(Run::new(&["completion", "tcsh"]).end().code, Some(2));
}
