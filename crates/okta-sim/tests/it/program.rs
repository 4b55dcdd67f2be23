//! The program.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::signed::Signer;

#[tokio::test]
async fn it_says_where_it_listens_and_serves() {
    let directory = tempfile::tempdir().unwrap();
    let ca = directory.path().join("ca.pem");
    let mut program = Command::new(env!("CARGO_BIN_EXE_okta-sim"))
        .args([
            "--users",
            "30",
            "--groups",
            "5",
            "--apps",
            "3",
            "--quotas",
            "workforce",
            "--time-scale",
            "10",
            "--ca-file",
        ])
        .arg(&ca)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(program.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let ca = reqwest::Certificate::from_pem(&std::fs::read(ready["caFile"].as_str().unwrap()).unwrap()).unwrap();
    let http = reqwest::Client::builder().tls_certs_only([ca]).no_proxy().build().unwrap();
    let url = ready["url"].as_str().unwrap();
    assert_eq!(format!("https://{}", ready["domain"].as_str().unwrap()), url);
    let users = http.get(format!("{url}/api/v1/users?search=status+pr"));
    let users =
        users.header("authorization", format!("SSWS {}", ready["token"].as_str().unwrap())).send().await.unwrap();
    assert_eq!(users.headers()["x-rate-limit-limit"], "300");
    let users: Value = serde_json::from_str(&users.text().await.unwrap()).unwrap();
    assert_eq!(users.as_array().unwrap().len(), 30);

    let stats = http.get(format!("{url}/okta-sim/stats")).send().await.unwrap().text().await.unwrap();
    let stats: Value = serde_json::from_str(&stats).unwrap();
    assert_eq!((&stats["requests"], &stats["byPath"]["GET /api/v1/users"]), (&1.into(), &1.into()));
    let expected = http.get(format!("{url}/okta-sim/expected")).send().await.unwrap().text().await.unwrap();
    let expected: Value = serde_json::from_str(&expected).unwrap();
    assert_eq!(expected["all"]["users"], 30);
    program.kill().unwrap();
    program.wait().unwrap();
}

#[tokio::test]
async fn it_registers_an_app_and_writes_its_key() {
    let directory = tempfile::tempdir().unwrap();
    let ca = directory.path().join("ca.pem");
    let mut program = Command::new(env!("CARGO_BIN_EXE_okta-sim"))
        .args(["--users", "5", "--oauth", "bearer", "--oauth-scopes", "okta.users.read,okta.groups.read"])
        .args(["--token-lifetime", "120", "--rights", "none", "--ca-file"])
        .arg(&ca)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(program.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let app = &ready["oauth"];
    assert_eq!(app["scopes"], serde_json::json!(["okta.groups.read", "okta.users.read"]));
    let key_file = std::path::Path::new(app["privateKeyFile"].as_str().unwrap());
    assert_eq!(key_file.parent(), ca.parent(), "beside the certificate authority");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(key_file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    let signer = Signer::of(&std::fs::read_to_string(key_file).unwrap());
    let url = format!("{}/oauth2/v1/token", ready["url"].as_str().unwrap());
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let id = app["clientId"].as_str().unwrap();
    let assertion = signer.sign(
        &serde_json::json!({"alg": "RS256", "kid": app["keyId"]}),
        &serde_json::json!({"iss": id, "sub": id, "aud": url, "exp": now + 60, "jti": "1"}),
    );
    let form = format!(
        "grant_type=client_credentials&scope=okta.users.read&client_assertion={assertion}&client_assertion_type=\
         urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    );
    let ca = reqwest::Certificate::from_pem(&std::fs::read(&ca).unwrap()).unwrap();
    let http = reqwest::Client::builder().tls_certs_only([ca]).no_proxy().build().unwrap();
    let post = http.post(url).header("content-type", "application/x-www-form-urlencoded").body(form);
    let token: Value = serde_json::from_str(&post.send().await.unwrap().text().await.unwrap()).unwrap();
    assert_eq!((&token["token_type"], &token["expires_in"]), (&"Bearer".into(), &120.into()));
    let users = http.get(format!("{}/api/v1/users", ready["url"].as_str().unwrap()));
    let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
    let users = users.header("authorization", bearer).send().await.unwrap();
    assert_eq!((users.status().as_u16(), users.text().await.unwrap().as_str()), (200, "[]"), "no admin role");
    program.kill().unwrap();
    program.wait().unwrap();
}

#[test]
fn what_cannot_be_done_is_said_and_fails() {
    let program = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_okta-sim")).args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, text) = program(&["--recorded-dir", "/nowhere"]);
    assert_eq!(code, Some(1));
    assert!(text.contains("/nowhere/users.jsonl.gz"), "{text}");
    let (code, text) = program(&["--users", "5", "--ca-file", "/nowhere/ca.pem"]);
    assert_eq!(code, Some(1));
    assert!(text.contains("/nowhere/ca.pem"), "{text}");
}
