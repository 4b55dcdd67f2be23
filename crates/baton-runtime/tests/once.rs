//! One-shot operations, run as an operator runs them, on the connector to nothing.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::PathBuf;
use std::process::{Command, Stdio};

use baton_provision::encrypt::ClientKey;
use serde_json::{Value, json};

/// A key that no output may show.
const TOKEN: &str = "s3cret-token-of-the-operator";

/// A folder with the file of a finished sync in it.
struct Folder(tempfile::TempDir);

struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Ended {
    /// The text of the failure: that of the last log line, or all of stderr where there are no log lines.
    fn failure(&self) -> String {
        let logged = self.stderr.lines().last().and_then(|line| serde_json::from_str::<Value>(line).ok());
        logged.and_then(|line| line["error"].as_str().map(str::to_owned)).unwrap_or_else(|| self.stderr.clone())
    }
}

impl Folder {
    fn empty() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn synced() -> Self {
        let folder = Self::empty();
        let ended = folder.run(&[]);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        folder
    }

    fn run(&self, args: &[&str]) -> Ended {
        self.run_with(args, &[])
    }

    fn run_with(&self, args: &[&str], env: &[(&str, &str)]) -> Ended {
        let mut command = Command::new(env!("CARGO_BIN_EXE_baton-sample"));
        command.args(args).current_dir(&self.0).env_clear().env("BATON_TOKEN", TOKEN).stdin(Stdio::null());
        let output = command.envs(env.iter().copied()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let ended = Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) };
        assert!(!ended.stdout.contains(TOKEN) && !ended.stderr.contains(TOKEN));
        ended
    }

    /// Runs with `-o json`; the exit code and the one object on stdout.
    fn json(&self, args: &[&str]) -> (i32, Value) {
        let ended = self.run(&[args, &["-o", "json"]].concat());
        assert_eq!(ended.stdout.lines().count(), 1, "{args:?}: {}\n{}", ended.stdout, ended.stderr);
        (ended.code.unwrap(), serde_json::from_str(&ended.stdout).unwrap())
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.0.path().join("sync.c1z")).unwrap()
    }
}

const GRANT: [&str; 6] =
    ["--grant-entitlement", "group:g1:member", "--grant-principal", "u2", "--grant-principal-type", "user"];

#[test]
fn a_grant_is_looked_up_made_and_told() {
    let folder = Folder::synced();
    let before = folder.bytes();
    let ended = folder.run(&GRANT);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "granted group:g1:member to user u2\n"));
    let (code, result) = folder.json(&GRANT);
    assert_eq!(code, 0);
    assert_eq!(
        result,
        json!({
            "operation": "grant",
            "asked": {"entitlement": "group:g1:member", "principal_type": "user", "principal": "u2"},
            "outcome": "granted",
            "requests": [{"method": "PUT", "target": "/groups/g1/users/u2", "outcome": "answered", "status": 204}],
        })
    );
    let mut there = GRANT;
    there[3] = "u1";
    assert_eq!(folder.run(&there).stdout, "already exists: user u1 has group:g1:member\n");
    let (code, result) = folder.json(&there);
    assert_eq!((code, &result["outcome"], &result["requests"]), (0, &json!("already_exists"), &json!([])));
    assert_eq!(folder.bytes(), before, "a change never writes the file");
}

#[test]
fn what_is_not_in_the_file_is_not_found() {
    let folder = Folder::synced();
    for (position, wrong, words) in [
        (1, "group:g9:member", "there is no entitlement \"group:g9:member\" in sync.c1z"),
        (3, "u9", "there is no principal user \"u9\""),
        (5, "robot", "there is no principal robot \"u2\""),
    ] {
        let mut args = GRANT;
        args[position] = wrong;
        let ended = folder.run(&args);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(5), ""), "{}", ended.stderr);
        assert!(ended.failure().contains(words), "{}", ended.stderr);
    }
    assert_eq!(folder.run(&["--revoke-grant", "group:g1:member:user:u2"]).code, Some(5));
    let ended = Folder::empty().run(&GRANT);
    assert_eq!(ended.code, Some(9), "{}", ended.stderr);
    let empty = Folder::empty();
    empty.file("sync.c1z", "");
    assert_eq!(empty.run(&GRANT).code, Some(9));
}

#[test]
fn other_connectors_resources_are_refused() {
    let folder = Folder::synced();
    let mut args = GRANT;
    args[1] = "group:g-external:member";
    let ended = folder.run(&args);
    assert_eq!(ended.code, Some(9));
    assert!(ended.stderr.contains("cannot grant entitlement on external resource"), "{}", ended.stderr);
    let ended = folder.run(&["--revoke-grant", "group:g-external:member:user:u1"]);
    assert!(ended.stderr.contains("cannot revoke grant on external resource"), "{}", ended.stderr);
}

#[test]
fn an_inherited_grant_cannot_be_revoked_and_says_through_what_it_comes() {
    let folder = Folder::synced();
    assert_eq!(folder.run(&["--revoke-grant", "group:g1:member:user:u1"]).stdout, "revoked group:g1:member:user:u1\n");
    let (code, result) = folder.json(&["--revoke-grant", "group:g2:member:user:u1"]);
    assert_eq!((code, &result["outcome"], &result["state"]), (9, &json!("failed"), &json!("unchanged")));
    assert_eq!(result["requests"], json!([]));
    let text = result["error"].as_str().unwrap();
    assert!(text.contains("it comes through group Group g1 (g1)"), "{text}");
    assert!(text.contains("group:g1:member:user:u1"), "{text}");
}

#[test]
fn a_lost_answer_is_told_as_unknown() {
    let folder = Folder::synced();
    let mut args = GRANT;
    args[3] = "u-lost";
    let (code, result) = folder.json(&args);
    assert_eq!((code, &result["code"], &result["state"]), (14, &json!("Unavailable"), &json!("unknown")));
    assert_eq!(result["requests"][0]["outcome"], "lost");
    let ended = folder.run(&args);
    assert_eq!(ended.stdout, "");
    let text = "the answer got lost\nstate: unknown; look before you repeat it\nhint: look whether it was done";
    let last: Value = serde_json::from_str(ended.stderr.lines().last().unwrap()).unwrap();
    assert_eq!(last["error"], text);
    // Where the logs are elsewhere, it is text.
    assert_eq!(folder.run(&[&args[..], &["--log-path=a.log"]].concat()).stderr, format!("{text}\n"));
}

#[test]
fn a_dry_run_shows_requests_and_sends_none() {
    let folder = Folder::synced();
    let args = [&GRANT[..], &["--dry-run"]].concat();
    assert_eq!(
        folder.run(&args).stdout,
        "dry run: giving group:g1:member to user u2 would send 1 request\n  PUT /groups/g1/users/u2\n"
    );
    let (code, result) = folder.json(&args);
    assert_eq!((code, &result["dry_run"], &result["outcome"]), (0, &json!(true), &json!("planned")));
    assert_eq!(result["requests"][0]["outcome"], "withheld");
    let account = folder.run(&["--create-account-login", "grace", "--dry-run"]);
    assert!(account.stdout.contains("  POST /users  {\"password\":\"[masked]\"}\n"), "{}", account.stdout);
    // What is so already is told as such, also in a dry run.
    let (_, result) = folder.json(&["--delete-resource", "gone", "--delete-resource-type", "group", "--dry-run"]);
    assert_eq!(result["outcome"], "already_deleted");
}

#[test]
fn accounts_are_made_without_file_and_without_password() {
    let folder = Folder::empty();
    let ended = folder.run(&["--create-account-profile", r#"{"login":"grace"}"#, "--create-account-email", "g@b.c"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "created user u9 (grace)\n"));
    assert!(ended.stderr.contains("the account has no password"), "{}", ended.stderr);
    let (_, result) =
        folder.json(&["--create-account-profile", r#"{"login":"grace"}"#, "--create-account-login", "other"]);
    assert_eq!(result["asked"]["profile"], json!({"login": "grace"}), "a flag fills in, and replaces nothing");
    assert_eq!((&result["outcome"], &result["password"]), (&json!("created"), &json!("none")));
    assert_eq!(result["resource"]["id"], json!({"resourceType": "user", "resource": "u9"}));
    let (code, result) = folder.json(&["--create-account-login", "ada"]);
    assert_eq!((code, &result["outcome"], result.get("password")), (0, &json!("already_exists"), None));
    assert!(!folder.0.path().join("sync.c1z").exists());
}

#[test]
fn a_password_is_made_up_for_whom_a_key_is_named() {
    let folder = Folder::empty();
    // The example key pair of RFC 8037, appendix A.
    let public = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let private = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    folder.file("key.json", public);
    let (code, result) = folder.json(&["--create-account-login", "grace", "--credential-public-key", "key.json"]);
    assert_eq!((code, &result["password"]), (0, &json!("encrypted")));
    let encrypted = &result["encrypted"][0];
    assert_eq!((&encrypted["name"], &encrypted["provider"]), (&json!("password"), &json!("baton/jwk/v1")));

    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    let secret = format!("secret-token:conductorone.com:v1:{}", URL_SAFE_NO_PAD.encode(private));
    let key = ClientKey::from_client_secret(&secret.into()).unwrap();
    let data = baton_proto::c1::connector::v2::EncryptedData {
        provider: "baton/jwk/v1".to_owned(),
        encrypted_bytes: STANDARD.decode(encrypted["encrypted_bytes"].as_str().unwrap()).unwrap(),
        key_ids: vec![encrypted["key_ids"][0].as_str().unwrap().to_owned()],
        ..Default::default()
    };
    let password = key.decrypt(&[data]).unwrap();
    assert_eq!(secrecy::ExposeSecret::expose_secret(&password).len(), 20);

    // For people, it is text that the usual tools read.
    let text = folder.run(&["--create-account-login", "grace", "--credential-public-key", "key.json"]).stdout;
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], "created user u9 (grace)");
    assert!(lines[1].ends_with(", to be read with `base64 -d | age -d -i KEY`:"), "{text}");
    assert!(STANDARD.decode(lines[2]).unwrap().starts_with(b"age-encryption.org/v1\n"), "{text}");
    // Nothing was made in a dry run, so there is nothing to hand over.
    let (_, planned) =
        folder.json(&["--create-account-login", "grace", "--credential-public-key", "key.json", "--dry-run"]);
    assert_eq!((planned.get("encrypted"), planned.get("password")), (None, None));

    folder.file("wrong.txt", private);
    for (file, words) in [("wrong.txt", "it is a private key"), ("absent", "No such file")] {
        let ended = folder.run(&["--create-account-login", "grace", "--credential-public-key", file]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
        assert!(ended.stderr.contains(words) && !ended.stderr.contains("nWGxne"), "{}", ended.stderr);
    }
}

#[test]
fn bad_values_are_told_before_anything_is_asked() {
    let folder = Folder::empty();
    for (args, code, words) in [
        (&["--create-account-profile", "{login: x}"][..], 2, "--create-account-profile must be a JSON object: "),
        (&["--create-account-profile", "[]"], 2, "it is no object"),
        (&["--create-account-profile", r#"{"Login":"x"}"#], 2, "neither a text \"login\" nor a text \"email\""),
        (&["--create-account-profile", r#"{"login":7}"#], 2, "neither a text \"login\""),
        (&["--create-account-profile", r#"{"email":"nobody"}"#], 3, "value must be a valid email address"),
        (&["--create-account-login", "x", "--create-account-resource-type", "robot"], 12, "it makes user"),
        (&["--invoke-action", "enable", "--invoke-action-args", "x"], 2, "--invoke-action-args must be a JSON object"),
        (&["--invoke-action", "enable"], 3, "required argument user_id is missing"),
        (&["--invoke-action", "enabel"], 5, "did you mean enable?"),
        (&["--invoke-action", "remove"], 5, "remove is an action of the resource type user"),
        (&["--event-feed", "true", "--event-feed-start-at", "yesterday"], 2, "is no time such as"),
        (&["--event-feed", "true", "--event-feed-id", "other"], 5, "--event-feed-id takes sample"),
        (&["--rotate-credentials", "u1", "--rotate-credentials-type", "user"], 12, "credential manager configured"),
    ] {
        let ended = folder.run(args);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(code), ""), "{args:?}: {}", ended.stderr);
        assert!(ended.failure().contains(words), "{args:?}: {}", ended.stderr);
    }
}

#[test]
fn actions_are_called_shown_and_listed() {
    let folder = Folder::empty();
    let call = ["--invoke-action", "enable", "--invoke-action-args", r#"{"user_id":"u1"}"#];
    assert_eq!(folder.run(&call).stdout, "enable: complete\n");
    let (code, result) = folder.json(&call);
    assert_eq!((code, &result["outcome"], &result["response"]), (0, &json!("complete"), &json!({"success": true})));
    // The code of the failure is the exit status, other than with the Go connector.
    let (code, result) = folder.json(&["--invoke-action", "enable", "--invoke-action-args", r#"{"user_id":"nobody"}"#]);
    assert_eq!((code, &result["code"]), (5, &json!("NotFound")));
    let list = folder.run(&["--list-action-schemas"]).stdout;
    assert!(
        list.starts_with("enable (global)\n  To enable somebody\n  user_id: text, required\n  why: text\n"),
        "{list}"
    );
    assert!(list.contains("remove (of user)\n"), "{list}");
    let (_, result) = folder.json(&["--list-action-schemas", "--list-action-schemas-resource-type", "user"]);
    assert_eq!(result["schemas"].as_array().unwrap().len(), 1);
    let none = folder.run(&["--list-action-schemas", "--list-action-schemas-resource-type", "robot"]);
    assert_eq!((none.code, none.stdout.as_str()), (Some(0), "no actions\n"));
    let (_, schema) = folder.json(&["--get-action-schema", "enable"]);
    assert_eq!(schema["name"], "enable");
    assert_eq!(folder.run(&["--get-action-schema", "remove"]).code, Some(5));
    let args = ["--get-action-schema", "remove", "--get-action-schema-resource-type", "user"];
    assert_eq!(folder.json(&args).1["resourceTypeId"], "user");
}

#[test]
fn events_are_printed_line_by_line_and_the_cursor_told() {
    let folder = Folder::empty();
    let ended = folder.run(&["--event-feed", "true", "--pages=3"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let ids = |stdout: &str| -> Vec<String> {
        let lines = stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.map(|event| event["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&ended.stdout), ["e0", "e1", "e2"]);
    let logged: Vec<Value> = ended.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(logged.iter().any(|line| line["level"] == "warn" && line["msg"] == "event e-odd cannot be told"));
    assert!(logged.iter().any(|line| line["cursor"] == "3"), "{}", ended.stderr);
    // A run that begins there repeats nothing and skips nothing.
    let ended = folder.run(&["--event-feed=true", "--pages=5", "--event-feed-cursor=3"]);
    assert_eq!(ids(&ended.stdout), ["e3", "e4"]);
    let start = folder.run(&["--event-feed=1", "--event-feed-start-at", "2026-11-23T10:00:00Z", "--pages=1"]).stdout;
    assert!(start.contains("\"occurredAt\":\"2026-11-23T10:00:00Z\""), "{start}");
    let broken = folder.run(&["--event-feed=true", "--event-feed-cursor=broken"]);
    assert_eq!((broken.code, broken.stdout.as_str()), (Some(3), ""));
}

#[test]
fn half_an_operation_is_never_a_sync() {
    let folder = Folder::empty();
    folder.file(".baton.yaml", "");
    for (args, env) in [
        (&["--create-account-email", "a@b.c"][..], &[][..]),
        (&["--delete-resource-type", "user"], &[]),
        (&["--dry-run"], &[]),
        (&["-o", "json"], &[]),
        (&["--delete-resource="], &[]),
        (&["--revoke-grant=x", "--invoke-action=y"], &[]),
        (&["--revoke-grant=x", "--sync-resources=bid:r:user/u1"], &[]),
        (&[], &[("BATON_GRANT_ENTITLEMENT", "x")]),
        (&["--revoke-grant=x"], &[("BATON_EVENT_FEED", "true")]),
        (&["--revoke-grant=x", "stats"], &[]),
    ] {
        let ended = folder.run_with(args, env);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{args:?}: {}", ended.stderr);
        assert!(!folder.0.path().join("sync.c1z").exists(), "{args:?}");
    }
    folder.file(".baton.yaml", "delete-resource: g1\n");
    let ended = folder.run(&[]);
    assert_eq!(ended.code, Some(2));
    assert!(
        ended.stderr.contains("--delete-resource-type (BATON_DELETE_RESOURCE_TYPE) is missing"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_connector_that_only_reads_says_so() {
    let folder = Folder::synced();
    for args in [&GRANT[..], &["--list-action-schemas"], &["--event-feed=true"]] {
        let ended = folder.run(&[args, &["--reads-only"]].concat());
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(12), ""), "{}", ended.stderr);
    }
}

#[test]
fn what_is_required_is_required_for_changes_too() {
    let ended = Folder::empty().run_with(&GRANT, &[("BATON_TOKEN", "")]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("--token is missing\n"), "{}", ended.stderr);
}

#[test]
fn descriptions_need_no_settings() {
    let folder = Folder::empty();
    folder.file(".baton.yaml", "a: [");
    let ended = folder.run_with(&["capabilities"], &[("BATON_TOKEN", "")]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert!(!ended.stdout.ends_with('\n'));
    let printed: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(printed["@type"], "type.googleapis.com/c1.connector.v2.ConnectorCapabilities");
    let of = &printed["resourceTypeCapabilities"];
    // Sorted by id, and permissions are there even if there are none.
    assert_eq!((&of[0]["resourceType"]["id"], &of[1]["resourceType"]["id"]), (&json!("group"), &json!("user")));
    assert_eq!(of[0]["permissions"], json!({}));
    assert_eq!(
        printed["connectorCapabilities"],
        json!([
            "CAPABILITY_PROVISION",
            "CAPABILITY_SYNC",
            "CAPABILITY_ACCOUNT_PROVISIONING",
            "CAPABILITY_ACTIONS",
            "CAPABILITY_TARGETED_SYNC",
            "CAPABILITY_SERVICE_MODE_TARGETED_SYNC",
        ])
    );

    let ended = folder.run_with(&["config"], &[("BATON_TOKEN", "")]);
    assert!(
        ended.stdout.starts_with("{\n  \"fields\": [\n    {\n      \"name\": \"log-level\",\n"),
        "{}",
        ended.stdout
    );
    assert!(!ended.stdout.ends_with('\n'));
    let printed: Value = serde_json::from_str(&ended.stdout).unwrap();
    let find = |name: &str| printed["fields"].as_array().unwrap().iter().find(|field| field["name"] == name);
    assert_eq!(find("log-level").unwrap()["stringField"], json!({"defaultValue": "info"}));
    let timeout = find("http-timeout-seconds").unwrap();
    assert_eq!(timeout["isOps"], true);
    assert_eq!(timeout["intField"], json!({"defaultValue": "300", "rules": {"lte": "1800", "gte": "1"}}));
    let token = find("token").unwrap();
    assert_eq!((&token["isRequired"], &token["isSecret"]), (&json!(true), &json!(true)));
    assert_eq!(token["stringField"], json!({"rules": {"isRequired": true}}));
    assert_eq!(find("colours").unwrap()["stringSliceField"], json!({}));
    assert_eq!(find("undeclared"), None, "what cannot be set is not offered");
    assert_eq!(printed["fieldGroups"][0]["name"], "token-group");
}
