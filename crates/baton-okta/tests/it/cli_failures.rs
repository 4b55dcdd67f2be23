//! Runs that cannot succeed: one clear error, the right exit code, nothing on stdout, nothing left behind.

use crate::cli::Run;

#[test]
fn wrong_domains_are_refused_before_any_request() {
    let cases = [
        ("http://acme.okta.com", "only https"),
        ("acme.okta.com/app", "path"),
        ("acme-admin.okta.com", "admin console"),
        ("acme.okta.com.com", ".com.com"),
        ("{yourOktaDomain}", "placeholder"),
        ("acme okta", "not a host name"),
    ];
    for (domain, words) in cases {
        let run = Run::to_nobody(&["--domain", domain]).end();
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{domain}");
        let failure = run.failure();
        assert!(failure.contains(words), "{domain}: {failure}");
        assert!(failure.ends_with("\nhint: --domain or BATON_DOMAIN sets it"), "{domain}: {failure}");
    }
}

#[test]
fn settings_that_ask_for_something_else_never_become_a_sync() {
    for (variable, value, words) in [
        ("BATON_CLIENT_ID", "name@tenant.example/api/connector", "service mode"),
        ("BATON_GRANT_ENTITLEMENT", "group:00g1:member", "BATON_GRANT_PRINCIPAL) and"),
        ("BATON_DRY_RUN", "true", "nothing says what is to be changed"),
    ] {
        let ended = Run::to_nobody(&[]).env(variable, value).end();
        assert_eq!(ended.code, Some(2), "{variable}: {}", ended.stderr);
        assert!(ended.stderr.contains(variable) && ended.stderr.contains(words), "{}", ended.stderr);
    }
    // Switched off, they ask for nothing: the run gets as far as the host that does not answer.
    let ended = Run::to_nobody(&[]).env("BATON_EVENT_FEED", "false").end();
    assert_eq!(ended.code, Some(14), "{}", ended.stderr);
}

#[test]
fn nobody_listens() {
    let mut run = Run::to_nobody(&[]);
    let ended = run.end();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(14), ""));
    assert!(ended.failure().contains("localhost:1"), "{}", ended.stderr);
    assert_eq!(std::fs::read_dir(run.folder()).unwrap().count(), 0, "nothing is left behind");
}

#[test]
fn an_unknown_resource_type_is_refused_before_any_request() {
    let ended = Run::to_nobody(&["--sync-resource-types", "user,grupo"]).end();
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("invalid resource type 'grupo' in filter"), "{}", ended.stderr);
}

#[test]
fn types_that_take_a_switch_are_refused_without_it() {
    for (id, switch) in [
        ("custom-role", "sync-custom-roles"),
        ("resource-set", "sync-custom-roles"),
        ("resourceset-binding", "sync-custom-roles"),
        ("api-token", "sync-secrets"),
    ] {
        let types = format!("user,{id}");
        let ended = Run::to_nobody(&["--sync-resource-types", &types]).end();
        assert_eq!(ended.code, Some(2), "{id}: {}", ended.stderr);
        for words in [format!("invalid resource type '{id}' in filter"), format!("--{switch}")] {
            assert!(ended.stderr.contains(&words), "{id}: {}", ended.stderr);
        }
        // With the switch, the run gets as far as the host that does not answer.
        let variable = format!("BATON_{}", switch.to_uppercase().replace('-', "_"));
        let ended = Run::to_nobody(&["--sync-resource-types", &types]).env(&variable, "true").end();
        assert_eq!(ended.code, Some(14), "{id}: {}", ended.stderr);
    }
    // Naming devices is asking for them.
    assert_eq!(Run::to_nobody(&["--sync-resource-types", "device"]).end().code, Some(14));
}

#[test]
fn the_target_must_be_writable() {
    let ended = Run::to_nobody(&["-f", "nowhere/sync.c1z"]).end();
    assert_ne!(ended.code, Some(0));
    assert!(ended.stderr.contains("nowhere"), "{}", ended.stderr);
}

#[test]
fn the_folder_for_working_data_must_exist() {
    let ended = Run::to_nobody(&["--c1z-temp-dir", "nowhere"]).end();
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("there is no folder nowhere"), "{}", ended.stderr);
    let ended = Run::to_nobody(&[]).env("BATON_TMPDIR", "nowhere").end();
    assert_eq!(ended.code, Some(2));
}

#[test]
fn a_file_that_is_no_c1z_stays_as_it_was() {
    let mut run = Run::to_nobody(&["-f", "notes.txt"]).file("notes.txt", "my notes");
    let ended = run.end();
    assert_ne!(ended.code, Some(0));
    assert!(ended.stderr.contains("notes.txt"), "{}", ended.stderr);
    assert_eq!(std::fs::read_to_string(run.path("notes.txt")).unwrap(), "my notes");
}

#[test]
fn reading_commands_need_a_file_and_no_credentials() {
    for command in ["stats", "resource-types", "resources", "entitlements", "grants"] {
        let ended = Run::new(&[command]).end();
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(5), ""), "{command}");
        assert!(ended.stderr.contains("sync.c1z"), "{command}: {}", ended.stderr);
        assert_eq!(ended.stderr.lines().count(), 1, "no log lines: {}", ended.stderr);
        let ended = Run::new(&[command, "-f", "x.c1z"]).file("x.c1z", "nonsense").end();
        assert_ne!(ended.code, Some(0), "{command}");
        assert!(ended.stderr.contains("x.c1z"), "{command}: {}", ended.stderr);
    }
}
