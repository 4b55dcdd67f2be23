//! `doctor`: what is wrong is found, told with what to fix, and ends in the code that a sync would end with.

use std::collections::BTreeMap;
use std::time::Duration;

use okta_sim::{Fault, FaultRule, Faults, Org, Quotas, Rights, Shape, SimConfig, Token};
use serde_json::Value;

use crate::support::{Lab, Outcome, ServiceApp};

/// Everything that takes a switch, and what doctor can check besides.
const ALL: [&str; 5] = ["--sync-custom-roles", "--sync-secrets", "--sync-devices", "--provisioning", "--event-feed"];

/// Everything that doctor checks with [`ALL`], in its order.
const CHECKS: [&str; 13] = [
    "user",
    "group",
    "app",
    "role",
    "custom-role",
    "resource-set",
    "api-token",
    "device",
    "events",
    "rate limits",
    "rate limits",
    "full sync",
    "full sync",
];

fn config() -> SimConfig {
    SimConfig { quotas: Quotas::workforce(), log_requests: true, ..SimConfig::new(Org::facts()) }
}

fn with_rights(rights: Rights) -> SimConfig {
    SimConfig { tokens: vec![Token::new("00t0k3n").rights(rights).owned_by("00u3prov")], ..config() }
}

/// The report as JSON.
fn report(lab: &Lab, is_app: bool, arguments: &[&str]) -> (i32, Value) {
    let outcome = lab.doctor(is_app, &[arguments, &["-o", "json"]].concat());
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{outcome:?}"));
    let human = lab.doctor(is_app, arguments);
    assert_eq!(human.code, outcome.code);
    assert_same(&report, &human);
    (outcome.code, report)
}

/// The screen says what the JSON says.
fn assert_same(report: &Value, human: &Outcome) {
    let screen: Vec<_> = human.stdout.split_whitespace().collect();
    let screen = screen.join(" ");
    for finding in report["findings"].as_array().unwrap() {
        let (level, check) = (finding["level"].as_str().unwrap(), finding["check"].as_str().unwrap());
        assert!(screen.contains(&format!("{level} {check} ")), "{level} {check}: {screen}");
        // How long an answer took, what is left of a limit, and ids of errors are others the second time.
        if !["connection", "rate limits"].contains(&check)
            && let Some(fix) = finding["fix"].as_str()
        {
            let fix: Vec<_> = fix.split_whitespace().collect();
            assert!(screen.contains(&format!("fix: {}", fix.join(" "))), "{fix:?}: {screen}");
        }
    }
}

/// Checks by level: `(level, check)`.
fn levels(report: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    report["findings"].as_array().unwrap().iter().map(|it| (text(&it["level"]), text(&it["check"]))).collect()
}

/// The one finding of this level about this check.
fn finding(report: &Value, level: &str, check: &str) -> String {
    let all = report["findings"].as_array().unwrap();
    let found = all.iter().find(|it| it["level"] == level && it["check"] == check);
    found.unwrap_or_else(|| panic!("no {level} {check} in {report:#}")).to_string()
}

fn assert_tells(report: &Value, level: &str, check: &str, words: &[&str]) {
    let text = finding(report, level, check);
    for word in words {
        assert!(text.contains(word), "no {word:?} in {text}");
    }
}

#[test]
fn a_sound_set_up_has_nothing_to_fix() {
    let before = |checks: &[&'static str]| -> Vec<&'static str> { [checks, &CHECKS].concat() };
    let lab = Lab::start(config());
    let (code, told) = report(&lab, false, &ALL);
    assert_eq!(code, 0);
    let checks: Vec<_> = levels(&told);
    assert!(checks.iter().all(|(level, _)| level == "ok"), "{told:#}");
    let names: Vec<_> = checks.iter().map(|(_, check)| check.as_str()).collect();
    assert_eq!(names, before(&["settings", "connection", "sign-in", "clock", "admin role", "admin role"]));
    assert_tells(&told, "ok", "sign-in", &["API token is valid", "Acme"]);
    assert_tells(&told, "ok", "admin role", &["ada@acme.example", "00u1active", "Super Administrator"]);
    assert_eq!((&told["problems"], &told["warnings"]), (&0.into(), &0.into()));
    assert!(lab.doctor(false, &ALL).stdout.ends_with("\nNothing to fix\n"));

    for (dpop, how) in [(true, "DPoP"), (false, "bearer")] {
        let app = ServiceApp::new(dpop);
        let lab = app.lab(config());
        let (code, told) = report(&lab, true, &ALL);
        assert_eq!(code, 0, "{told:#}");
        let names: Vec<_> = levels(&told).into_iter().map(|(_, check)| check).collect();
        assert_eq!(
            names,
            before(&["settings", "connection", "sign-in", "clock", "scopes", "admin role", "admin role"])
        );
        assert_tells(&told, "ok", "sign-in", &[how]);
        assert_tells(&told, "ok", "scopes", &["okta.users.read", "okta.roles.manage", "okta.logs.read"]);
        assert_tells(&told, "ok", "admin role", &["the service app acts as Super Administrator"]);
        // Nothing was changed, and one record of each list was read, apart from those that tell sizes.
        assert!(lab.sim().stats().log.iter().all(|call| call.method == "GET" || call.target == "/oauth2/v1/token"));
        for path in ["/api/v1/users", "/api/v1/devices", "/api/v1/groups/{id}/users", "/api/v1/logs"] {
            assert_eq!(lab.sim().stats().calls(path), 2, "{path}: once for the JSON, once for the screen");
        }
    }
}

#[test]
fn what_is_not_wanted_is_not_asked_for() {
    let lab = Lab::start(config());
    let (code, told) = report(&lab, false, &["--sync-resource-types", "group"]);
    assert_eq!(code, 0);
    let names: Vec<_> = levels(&told).into_iter().map(|(_, check)| check).collect();
    assert!(names.contains(&"group".to_owned()), "{told:#}");
    assert!(!names.iter().any(|check| ["user", "app", "role", "device", "events"].contains(&check.as_str())));
    let asked: Vec<_> = lab.sim().stats().by_path.into_keys().collect();
    assert!(
        !asked.iter().any(|path| path.ends_with("/users") || path.contains("/iam/") || path.ends_with("/apps")),
        "{asked:?}"
    );
}

#[test]
fn settings_that_are_missing_or_wrong() {
    let lab = Lab::start(config());
    let run = |arguments: &[&str]| {
        let outcome = Outcome::of(lab.bare().arg("doctor").args(arguments).args(["-o", "json"]).output().unwrap());
        (outcome.code, serde_json::from_str::<Value>(&outcome.stdout).unwrap())
    };
    let host = lab.sim().host();
    for (arguments, words) in [
        (&[][..], &["domain is not set", "BATON_DOMAIN"][..]),
        (&["--domain", &host], &["api-token is not set", "BATON_API_TOKEN"]),
        (&["--domain", &host, "--auth-method", "private-key-group"], &["okta-client-id is not set"]),
        (&["--domain", "acme-admin.okta.com", "--api-token", "x"], &["leave out", "acme.okta.com"]),
        (&["--domain", "localhost:1/x", "--api-token", "x"], &["a path"]),
        (&["--domain", &host, "--api-token", "{apiToken}"], &["placeholder"]),
        (&["--domain", &host, "--api-token", "x", "--okta-client-id", "y"], &["two ways to sign in", "remove"]),
        (&["--domain", &host, "--api-token", "x", "--sync-resource-types", "api-token"], &["--sync-secrets"]),
    ] {
        let (code, told) = run(arguments);
        assert_eq!(code, 2, "{told:#}");
        assert_tells(&told, "problem", "settings", words);
    }
    // A key that is none.
    let key = ["--auth-method", "private-key-group", "--okta-client-id", "c", "--okta-private-key-id", "k"];
    let (code, told) = run(&[&["--domain", host.as_str(), "--okta-private-key", "nothing.pem"], &key[..]].concat());
    assert_eq!(code, 2);
    assert_tells(&told, "problem", "settings", &["as a file", "cannot be read", "RSA"]);
    assert_eq!(lab.sim().stats().requests, 0);
}

#[test]
fn an_org_that_cannot_be_reached() {
    let mut lab = Lab::start(config());
    let host = lab.sim().host();
    // The certificate is not trusted.
    let run = |lab: &Lab, host: &str, trusts: bool| {
        let mut command = lab.bare();
        if !trusts {
            std::fs::write(lab.path("other.pem"), Lab::start(config()).sim().ca_pem()).unwrap();
            command.env("SSL_CERT_FILE", lab.path("other.pem"));
        }
        command.args(["doctor", "-o", "json", "--api-token", "x", "--domain", host]);
        let outcome = Outcome::of(command.output().unwrap());
        (outcome.code, serde_json::from_str::<Value>(&outcome.stdout).unwrap())
    };
    let (code, told) = run(&lab, &host, false);
    assert_eq!(code, 14);
    assert_tells(&told, "problem", "connection", &["certificate", "SSL_CERT_FILE"]);
    let (code, told) = run(&lab, "no-such-org.invalid", true);
    assert_eq!(code, 14);
    assert_tells(&told, "problem", "connection", &["no-such-org.invalid", "check the domain"]);
    lab.stop();
    let (code, told) = run(&lab, &host, true);
    assert_eq!(code, 14);
    assert_tells(&told, "problem", "connection", &["refuses connections", "check the domain and port"]);
    assert_eq!(levels(&told).len(), 2, "the report ends there");
}

#[test]
fn a_credential_that_is_refused() {
    let lab = Lab::start(config());
    let mut command = lab.bare();
    command.args(["doctor", "-o", "json", "--domain", &lab.sim().host(), "--api-token", "00wr0ng"]);
    let outcome = Outcome::of(command.output().unwrap());
    let told: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(outcome.code, 16);
    assert_tells(&told, "problem", "sign-in", &["does not know the API token", "Security › API › Tokens", "30 days"]);
    assert!(!format!("{outcome:?}").contains("00wr0ng"));
    assert_eq!(levels(&told).last().unwrap().1, "clock", "the report ends there");

    // Another key than the one that is registered.
    let app = ServiceApp::new(true);
    let lab = app.lab(config());
    std::fs::write(lab.path("key.pem"), ServiceApp::new(true).key.pkcs8_pem()).unwrap();
    let (code, told) = report(&lab, true, &[]);
    assert_eq!(code, 16);
    assert_tells(&told, "problem", "sign-in", &["invalid_client", "private key belongs to it"]);
    // No scope at all.
    let lab = ServiceApp::with_scopes(true, &["okta.schemas.read"]).lab(config());
    let (code, told) = report(&lab, true, &[]);
    assert_eq!(code, 16);
    assert_tells(&told, "problem", "sign-in", &["invalid_scope", "okta.users.read", "Okta API Scopes"]);
}

#[test]
fn a_wrong_clock() {
    let app = ServiceApp::new(true);
    for is_app in [false, true] {
        let lab = app.lab(config());
        lab.sim().advance_clock(Duration::from_secs(2 * 3600));
        let (code, told) = report(&lab, is_app, &[]);
        assert_eq!(code, 0, "{told:#}");
        assert_tells(
            &told,
            "warning",
            "clock",
            &["behind Okta's", "NTP", if is_app { "goes by Okta's" } else { "logs" }],
        );
    }
}

#[test]
fn scopes_that_are_not_granted() {
    for drops in [false, true] {
        let app = ServiceApp::with_scopes(
            true,
            &["okta.users.read", "okta.groups.read", "okta.groups.manage", "okta.apps.read"],
        );
        let mut set_up = config();
        set_up.oauth.drop_ungranted_scopes = drops;
        let lab = app.lab(set_up);
        let (code, told) = report(&lab, true, &[]);
        assert_eq!(code, 0, "{told:#}");
        assert_tells(&told, "warning", "scopes", &["okta.roles.read", "role will not be read", "Okta API Scopes"]);
        // What is known to be missing is not asked for, and the rest is.
        assert_eq!(lab.sim().stats().by_path.get("GET /api/v1/iam/assignees/users"), None);
        assert_tells(&told, "ok", "group", &["members"]);
        let (code, told) = report(&lab, true, &["--sync-devices", "--provisioning", "--event-feed"]);
        assert_eq!(code, 7);
        for (level, scope, what) in [
            ("warning", "okta.devices.read", "device"),
            ("problem", "okta.users.manage", "change accounts"),
            ("problem", "okta.logs.read", "read events"),
        ] {
            let all = told["findings"].as_array().unwrap().iter();
            let mut about = all.filter(|it| it["check"] == "scopes" && it["text"].as_str().unwrap().contains(scope));
            let told = about.next().unwrap();
            assert_eq!(told["level"], level);
            assert!(told["text"].as_str().unwrap().contains(what), "{told}");
        }
    }
    // To manage includes to read.
    let app = ServiceApp::with_scopes(true, &["okta.users.read", "okta.groups.manage", "okta.apps.read"]);
    let (_, told) = report(&app.lab(config()), true, &["--provisioning"]);
    assert_tells(&told, "ok", "group", &["members"]);
    let lab = ServiceApp::with_scopes(true, &["okta.users.read", "okta.apps.read"]).lab(config());
    let (code, told) = report(&lab, true, &[]);
    assert_eq!(code, 7);
    assert_tells(&told, "problem", "scopes", &["okta.groups.read", "group", "--sync-resource-types"]);
    assert!(!levels(&told).iter().any(|(_, check)| check == "full sync"), "there would be no sync: {told:#}");
}

#[test]
fn the_admin_role_that_is_missing() {
    // The trap: success, and nobody.
    let app = ServiceApp::new(true).rights(Rights::none());
    let lab = app.lab(config());
    let (code, told) = report(&lab, true, &["--sync-resource-types", "user"]);
    assert_eq!(code, 9);
    assert_tells(&told, "problem", "user", &["not a single user", "Read-Only Administrator", "Admin roles"]);
    let (code, told) = report(&lab, true, &[]);
    assert_eq!(code, 7);
    assert_tells(
        &told,
        "problem",
        "group",
        &["no admin role allows it", "403 E0000006", "/api/v1/groups", "Admin roles"],
    );
    assert_tells(&told, "warning", "role", &["not be in the file", "view roles, resources and admin assignments"]);
    let lab = Lab::start(with_rights(Rights::none()));
    let (code, told) = report(&lab, false, &[]);
    assert_eq!(code, 7);
    assert_tells(&told, "problem", "sign-in", &["may not even read the org", "Security › Administrators"]);
}

#[test]
fn a_type_that_may_not_be_read_is_told_apart() {
    for (path, check, switch) in [
        ("/api/v1/api-tokens", "api-token", "--sync-secrets"),
        ("/api/v1/devices", "device", "--sync-devices"),
        ("/api/v1/iam/roles", "custom-role", "--sync-custom-roles"),
        ("/api/v1/iam/resource-sets", "resource-set", "--sync-custom-roles"),
        ("/api/v1/iam/assignees/users", "role", "--sync-resource-types"),
    ] {
        for (fault, words) in [
            (Fault::Code(403, "E0000006"), "no admin role allows it"),
            (Fault::InsufficientScope, "the scope is missing"),
            (Fault::Code(401, "E0000015"), "does not have this feature"),
        ] {
            let lab = Lab::start(SimConfig { faults: FaultRule::on(path, fault).into(), ..config() });
            let (code, told) = report(&lab, false, &ALL);
            assert_eq!(code, 0, "{told:#}");
            assert_tells(&told, "warning", check, &["will not be in the file", words, path, switch]);
        }
    }
    let faults = Faults::from(FaultRule::on("/api/v1/logs", Fault::Code(403, "E0000006")));
    let lab = Lab::start(SimConfig { faults, ..config() });
    let (code, told) = report(&lab, false, &ALL);
    assert_eq!(code, 7);
    assert_tells(&told, "problem", "events", &["System Log", "no admin role allows it"]);
}

#[test]
fn roles_that_do_not_allow_changes() {
    for (rights, level, words) in
        [(Rights::super_admin(), "ok", "every change"), (Rights::custom_read_only(), "warning", "depends on the role")]
    {
        let lab = ServiceApp::new(true).rights(rights).lab(config());
        let (code, told) = report(&lab, true, &["--provisioning"]);
        assert_eq!(code, 0);
        let about: Vec<_> =
            told["findings"].as_array().unwrap().iter().filter(|finding| finding["check"] == "admin role").collect();
        assert_eq!(about[1]["level"], level);
        assert!(about[1]["text"].as_str().unwrap().contains(words), "{told:#}");
    }
    // By the roles of the one who made the token.
    for (owner, code, words) in [
        ("00u10other", 0, "application assignments, but neither accounts nor admin roles"),
        ("00u1active", 0, "every change"),
        ("00u2staged", 7, "has no admin role"),
    ] {
        let token = Token::new("00t0k3n").owned_by(owner);
        let lab = Lab::start(SimConfig { tokens: vec![token], ..config() });
        let (ended, told) = report(&lab, false, &["--provisioning"]);
        assert_eq!(ended, code, "{told:#}");
        assert!(told["findings"].to_string().contains(words), "{owner}: {told:#}");
    }
    // Who may not see roles does not see its own.
    let lab = Lab::start(with_rights(Rights::read_only_app_and_group_admin()));
    let (code, told) = report(&lab, false, &["--provisioning"]);
    assert_eq!(code, 0);
    assert_tells(&told, "ok", "admin role", &["may not see its own roles"]);
    assert_tells(&told, "warning", "admin role", &["cannot be told", "docs/setup.md"]);
}

#[test]
fn limits_and_whose_they_are() {
    let lab = Lab::start(config());
    let (_, told) = report(&lab, false, &[]);
    assert_tells(&told, "ok", "rate limits", &["/users 300", "/groups 250", "/apps 50"]);
    assert!(told["findings"].to_string().contains("about 50 percent of the defaults of a workforce org"));
    let limits: BTreeMap<_, _> =
        told["limits"].as_array().unwrap().iter().map(|it| (it["bucket"].as_str().unwrap(), &it["limit"])).collect();
    assert_eq!((limits["/users"], limits["/apps"]), (&300.into(), &50.into()));
    let lab = Lab::start(SimConfig { principal_percent: 100, ..config() });
    let (_, told) = report(&lab, false, &[]);
    assert!(!told["findings"].to_string().contains("percent of the defaults"), "{told:#}");
    let lab = Lab::start(SimConfig::new(Org::facts()));
    let (_, told) = report(&lab, false, &[]);
    assert_tells(&told, "ok", "rate limits", &["tell of none"]);
}

/// The calls that a sync makes, by bucket, from its summary.
fn calls(lab: &Lab, arguments: &[&str]) -> BTreeMap<String, u64> {
    let outcome = lab.run(arguments);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let requests = outcome.log("Sync complete.")["requests"].clone();
    let requests = requests.as_object().unwrap().iter();
    requests.map(|(bucket, traffic)| (bucket.clone(), traffic["calls"].as_u64().unwrap())).collect()
}

#[test]
fn the_estimate_is_what_a_sync_takes() {
    for shape in [Shape::new(450, 60, 25), Shape::new(300, 12, 40)] {
        let lab = Lab::start(SimConfig::new(Org::generate(&shape)));
        let (code, told) = report(&lab, false, &[]);
        assert_eq!(code, 0, "{told:#}");
        let estimated: BTreeMap<String, u64> = serde_json::from_value(told["estimate"]["calls"].clone()).unwrap();
        let needed = calls(&lab, &[]);
        for (bucket, calls) in &needed {
            let estimated = estimated[bucket];
            // At least: lists of users hold deactivated ones, too, which nothing counts beforehand.
            assert!(estimated <= *calls && estimated + 2 >= *calls, "{bucket}: {estimated} of {calls} {told:#}");
        }
        assert_eq!(estimated.len(), needed.len());
    }
}

#[test]
fn a_large_org_takes_minutes_and_half_of_them_with_the_full_share() {
    let shape = Shape::new(3_000, 700, 120);
    let lab = Lab::start(SimConfig { quotas: Quotas::workforce(), ..SimConfig::new(Org::generate(&shape)) });
    let (code, told) = report(&lab, false, &["--short-lists=false"]);
    assert_eq!(code, 0);
    let minutes = |key: &str| told["estimate"][key].as_f64().unwrap();
    assert!(minutes("minutes") > 2.0, "{told:#}");
    assert!((minutes("minutes") / minutes("minutes_at_full_share") - 2.0).abs() < 0.1, "{told:#}");
    let text = told["findings"].to_string();
    assert!(text.contains("about ") && text.contains(" min") && text.contains("decides"), "{text}");
    // A share of our own is kept to.
    let (_, half) = report(&lab, false, &["--rate-limit-share", "45", "--short-lists=false"]);
    let ratio = half["estimate"]["minutes"].as_f64().unwrap() / minutes("minutes");
    assert!((ratio - 2.0).abs() < 0.1, "{ratio}");
}

#[test]
fn counting_ends_somewhere() {
    // Pages of one: 25 groups, 10 applications, 5 administrators are counted.
    let shape = Shape::new(60, 40, 20);
    let lab = Lab::start(SimConfig { page_cap: Some(1), ..SimConfig::new(Org::generate(&shape)) });
    let (code, told) = report(&lab, false, &[]);
    assert_eq!(code, 0);
    assert_eq!((&told["estimate"]["groups"], &told["estimate"]["apps"]), (&25.into(), &10.into()));
    assert_eq!(told["estimate"]["lists_were_cut"], true);
    assert_tells(&told, "ok", "full sync", &["at least", "there are more"]);
}

#[test]
fn a_bad_moment_is_no_wrong_set_up() {
    // A failure that passes is waited out, one that stays is told as what it is.
    let config =
        |fault, times| SimConfig { faults: FaultRule::on("/api/v1/users", fault).first(times).into(), ..config() };
    let lab = Lab::start(config(Fault::Status(503), 1));
    assert_eq!(lab.doctor(false, &[]).code, 0);
    let lab = Lab::start(config(Fault::Status(503), 100));
    let outcome = lab.doctor(false, &[]);
    assert_eq!(outcome.code, 14, "{}", outcome.stdout);
    assert!(outcome.stdout.contains("status.okta.com"), "{}", outcome.stdout);
}

#[test]
fn no_secret_is_shown() {
    let app = ServiceApp::new(true);
    let lab = app.lab(SimConfig { tokens: vec![Token::new("00T0ps3cretT0ken")], ..config() });
    let key = app.key.pkcs8_pem().lines().nth(3).unwrap().to_owned();
    for is_app in [false, true] {
        let shown = format!("{:?}", lab.doctor(is_app, &["--log-level", "debug", "-o", "json"]));
        assert!(!shown.contains("00T0ps3cretT0ken") && !shown.contains(&key), "{shown}");
        assert!(!shown.contains("eyJ"), "a signed text: {shown}");
    }
}
