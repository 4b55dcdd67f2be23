//! Okta's own client for Python reads the org.

use std::path::Path;
use std::process::Stdio;

use okta_sim::{Org, Shape, Sim, SimConfig};
use serde_json::Value;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_client_lists_everything_page_by_page() {
    let python = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.venv/bin/python"));
    if !python.exists() {
        eprintln!("skipped: no Python environment with the package okta at {}", python.display());
        return;
    }
    // Without the awkward cases: the client refuses statuses, types and profiles that it does not know.
    let org = Org::generate(&Shape { awkward: false, ..Shape::new(230, 65, 35) });
    let sim = Sim::start(SimConfig::new(org)).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let ca = directory.path().join("ca.pem");
    sim.write_ca(&ca).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/list_all.py");
    let output = tokio::process::Command::new(python)
        .arg(script)
        .env("OKTA_SIM_URL", sim.url())
        .env("OKTA_SIM_TOKEN", sim.token())
        .env("SSL_CERT_FILE", &ca)
        // The client also reads settings from the home directory.
        .env("HOME", directory.path())
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let listed: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{errors}"));
    let check = |kind: &str, truth: Vec<String>, pages: usize| {
        let ids: Vec<&str> = listed[kind]["ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
        assert_eq!(ids, truth, "{kind}");
        assert_eq!(listed[kind]["pages"], pages, "{kind}");
    };
    check("users", sim.org().user_ids().collect(), 5);
    check("groups", sim.org().group_ids().collect(), 4);
    check("apps", sim.org().app_ids(false).collect(), 4);
}
