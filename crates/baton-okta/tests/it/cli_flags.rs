//! Flags, variables, configuration file: what is accepted, what is refused, and in which words.

use crate::cli::{NOBODY, Run, TOKEN};

#[test]
fn what_is_required_is_told_all_at_once() {
    let ended = Run::new(&[]).end();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    insta::assert_snapshot!(ended.stderr, @"
    errors found:
    field domain of type string is marked as required but it has a zero-value
    field api-token of type string is marked as required but it has a zero-value
    hint: set --domain and --api-token, or BATON_DOMAIN and BATON_API_TOKEN, or the same names as keys in .baton.yaml
    hint: `baton-okta demo` shows a sync without an org
    ");
    let ended = Run::new(&["--domain=acme.okta.com", "--http-timeout-seconds=0"]).env("BATON_WORKERS", "many").end();
    assert_eq!(ended.code, Some(2));
    insta::assert_snapshot!(ended.stderr, @r#"
    errors found:
    field workers: value must be a whole number but got "many" (from BATON_WORKERS)
    field http-timeout-seconds: value must be greater than or equal to 1 but got 0 (from --http-timeout-seconds)
    field api-token of type string is marked as required but it has a zero-value
    hint: set --api-token, or BATON_API_TOKEN, or the same names as keys in .baton.yaml
    hint: `baton-okta demo` shows a sync without an org
    "#);
}

#[test]
fn unknown_flags_are_refused_without_the_usage() {
    let ended = Run::new(&["--domian", "acme.okta.com"]).end();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    assert_eq!(ended.stderr, "unknown flag: --domian\nhint: did you mean --domain?\n");
    // What this version cannot do is unknown to it, not silently ignored.
    for flag in ["--create-ticket", "--diff-syncs", "--list-resource-actions"] {
        let ended = Run::to_nobody(&[flag]).end();
        assert_eq!(ended.code, Some(2), "{flag}");
        assert!(ended.stderr.starts_with("unknown flag: "), "{flag}: {}", ended.stderr);
    }
}

#[test]
fn flag_before_variable_before_file() {
    let refused = |host: &str| format!("\"{host}\"");
    let file = "domain: http://file.example\n";
    let first = |args: &[&str], variable: &str, file: &str| {
        let run = Run::new(args).env("BATON_API_TOKEN", TOKEN).env("BATON_DOMAIN", variable);
        run.file(".baton.yaml", file).end().stderr
    };
    assert!(
        first(&["--domain=http://flag.example"], "http://env.example", file).contains(&refused("http://flag.example"))
    );
    assert!(first(&[], "http://env.example", file).contains(&refused("http://env.example")));
    assert!(first(&[], "", file).contains(&refused("http://file.example")));
    assert!(first(&[], "", "").contains("field domain of type string is marked as required"));
}

#[test]
fn what_scripts_carry_is_accepted_with_a_warning() {
    let args = ["--cache=false", "--cache-ttl", "600", "--parallel-sync", "--storage-engine=sqlite"];
    let ended = Run::to_nobody(&args).env("BATON_CACHE_TTI", "0").end();
    assert_eq!(ended.code, Some(14), "{}", ended.stderr);
    let warnings: Vec<_> = ended.lines().into_iter().filter(|line| line["level"] == "warn").collect();
    let told = |name: &str| warnings.iter().filter(|line| line["msg"].as_str().unwrap().starts_with(name)).count();
    for name in ["--cache ", "--cache-ttl ", "BATON_CACHE_TTI ", "--parallel-sync "] {
        assert_eq!(told(name), 1, "{name}");
    }
    assert_eq!(warnings.len(), 4);
    let ended = Run::to_nobody(&["--storage-engine=pebble"]).end();
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("sqlite form only"), "{}", ended.stderr);
}

#[test]
fn the_way_to_sign_in_is_one_of_two() {
    let ended = Run::new(&["--auth-method=private-key-group"]).env("BATON_DOMAIN", NOBODY).end();
    assert_eq!(ended.code, Some(2));
    for field in ["okta-client-id", "okta-private-key-id", "okta-private-key"] {
        let line = format!("field {field} of type string is marked as required but it has a zero-value");
        assert!(ended.stderr.contains(&line), "{}", ended.stderr);
    }
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
