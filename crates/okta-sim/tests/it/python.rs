//! Okta's own client for Python reads the org, and signs in.

use std::path::Path;
use std::process::Stdio;

use okta_sim::{OAuthApp, OAuthSettings, Org, Shape, Sim, SimConfig, Stats, TestKey};
use serde_json::Value;

/// Runs a script with Okta's client against a simulator, and reads what it prints; nothing when the client is missing.
async fn run(sim: &Sim, directory: &Path, script: &str, settings: &[(&str, &str)]) -> Option<Value> {
    let python = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.venv/bin/python"));
    if !python.exists() {
        eprintln!("skipped: no Python environment with the package okta at {}", python.display());
        return None;
    }
    let ca = directory.join("ca.pem");
    sim.write_ca(&ca).unwrap();
    let output = tokio::process::Command::new(python)
        .arg(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python")).join(script))
        .env("OKTA_SIM_URL", sim.url())
        .env("SSL_CERT_FILE", &ca)
        // The client also reads settings from the home directory.
        .env("HOME", directory)
        .envs(settings.iter().copied())
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    Some(serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{errors}")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_client_lists_everything_page_by_page() {
    // Without the awkward cases: the client refuses statuses, types and profiles that it does not know.
    let org = Org::generate(&Shape { awkward: false, ..Shape::new(230, 65, 35) });
    let sim = Sim::start(SimConfig::new(org)).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let token = [("OKTA_SIM_TOKEN", sim.token())];
    let Some(listed) = run(&sim, directory.path(), "list_all.py", &token).await else { return };
    let check = |kind: &str, truth: Vec<String>, pages: usize| {
        let ids: Vec<&str> = listed[kind]["ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
        assert_eq!(ids, truth, "{kind}");
        assert_eq!(listed[kind]["pages"], pages, "{kind}");
    };
    check("users", sim.org().user_ids().collect(), 5);
    check("groups", sim.org().group_ids().collect(), 4);
    check("apps", sim.org().app_ids(false).collect(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_client_changes_the_org() {
    let sim = Sim::start(SimConfig { record_writes: true, ..SimConfig::new(Org::facts()) }).await.unwrap();
    let before = sim.org().expected(false);
    let directory = tempfile::tempdir().unwrap();
    let settings = [("OKTA_SIM_TOKEN", sim.token()), ("OKTA_SIM_APP", "0oa3book")];
    let Some(seen) = run(&sim, directory.path(), "lifecycle.py", &settings).await else { return };
    let statuses = ["STAGED", "PROVISIONED", "ACTIVE", "SUSPENDED", "ACTIVE", "DEPROVISIONED"];
    assert_eq!(
        seen,
        serde_json::json!({
            "statuses": statuses, "duplicate": "E0000001", "members": [true], "scope": "GROUP",
            "unassigned": "E0000007", "roles": ["HELP_DESK_ADMIN"], "deleted": "E0000007",
        })
    );
    assert_eq!(sim.org().expected(false), before, "nothing is left of it");
    assert_eq!(sim.writes().len(), 18, "{:#?}", sim.writes());
}

/// Signs in and reads; what the simulator counted.
async fn sign_in(dpop: bool, oauth: OAuthSettings) -> Option<Stats> {
    let key = TestKey::generate().unwrap();
    let app = OAuthApp::new("0oaconnector").key("key-1", &key).dpop(dpop);
    let org = Org::generate(&Shape { awkward: false, ..Shape::new(30, 10, 5) });
    let oauth_apps = vec![app.scopes(["okta.users.read", "okta.groups.read"])];
    let sim = Sim::start(SimConfig { oauth_apps, oauth, ..SimConfig::new(org) }).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let key_file = directory.path().join("key.pem");
    std::fs::write(&key_file, key.pkcs8_pem()).unwrap();
    let settings = [
        ("OKTA_SIM_CLIENT_ID", "0oaconnector"),
        ("OKTA_SIM_KEY_ID", "key-1"),
        ("OKTA_SIM_KEY", key_file.to_str().unwrap()),
        ("OKTA_SIM_DPOP", if dpop { "true" } else { "false" }),
    ];
    let seen = run(&sim, directory.path(), "sign_in.py", &settings).await?;
    assert_eq!((&seen["users"], &seen["groups"]), (&30.into(), &10.into()));
    let stats = sim.stats();
    assert_eq!(stats.by_status[&403], 1, "the scope for apps is missing");
    Some(stats)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_client_signs_in_with_a_private_key() {
    let Some(stats) = sign_in(false, OAuthSettings::default()).await else { return };
    assert_eq!((stats.tokens_issued, stats.oauth_errors.len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_client_makes_its_dpop_round_trip() {
    let Some(stats) = sign_in(true, OAuthSettings::default()).await else { return };
    assert_eq!((stats.tokens_issued, stats.oauth_errors["use_dpop_nonce"]), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_client_answers_challenges_of_the_api() {
    let rules = OAuthSettings { nonces_at_resources: true, ..OAuthSettings::default() };
    let Some(stats) = sign_in(true, rules).await else { return };
    assert_eq!((stats.tokens_issued, stats.oauth_errors["use_dpop_nonce"]), (1, 2), "one at each kind of endpoint");
}
