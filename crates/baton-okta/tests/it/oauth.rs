//! Signing in as a service app: which settings do it, for which scopes, and that nothing else depends on it.

use std::time::Duration;

use okta_sim::{OAuthSettings, Org, Shape, SimConfig};

use crate::support::{Lab, Outcome, ServiceApp};

const BASE: [&str; 4] = ["okta.users.read", "okta.groups.read", "okta.apps.read", "okta.roles.read"];

fn config() -> SimConfig {
    SimConfig::new(Org::facts())
}

fn assert_fails(outcome: &Outcome, code: i32, words: &[&str]) {
    assert_eq!(outcome.code, code, "{}", outcome.stderr);
    for words in words {
        assert!(outcome.stderr.contains(words), "no {words:?} in {}", outcome.stderr);
    }
}

#[test]
fn the_key_may_come_in_every_form() {
    let app = ServiceApp::new(true);
    let lab = app.lab(config());
    std::fs::write(lab.path("pkcs1.pem"), app.key.pkcs1_pem()).unwrap();
    let one_line = app.key.pkcs8_pem().trim().replace('\n', "\\n");
    for key in [app.key.pkcs8_pem(), app.key.pkcs1_pem(), &one_line, "key.pem", "pkcs1.pem"] {
        // Whoever takes over from the last sync reads the log as well, for which there is a token of its own.
        let outcome = lab.run_as_app(&["--okta-private-key", key, "--incremental=false"]);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        let mut command = lab.bare();
        let variables = [
            ("BATON_DOMAIN", lab.sim().host().as_str()),
            ("BATON_AUTH_METHOD", "private-key-group"),
            ("BATON_OKTA_CLIENT_ID", "0oaconnector"),
            ("BATON_OKTA_PRIVATE_KEY_ID", "key-1"),
            ("BATON_OKTA_PRIVATE_KEY", key),
            ("BATON_INCREMENTAL", "false"),
        ]
        .map(|(name, value)| (name, value.to_owned()));
        let outcome = Outcome::of(command.envs(variables).output().unwrap());
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    }
    let issued = lab.sim().stats().tokens_issued;
    assert_eq!(issued, 10, "one token a sync");
}

#[test]
fn settings_must_say_how_to_sign_in() {
    let lab = ServiceApp::new(true).lab(config());
    let bare = |arguments: &[&str]| {
        let host = lab.sim().host();
        Outcome::of(lab.bare().args(["--domain", &host]).args(arguments).output().unwrap())
    };
    let token = lab.sim().token();
    for (arguments, words) in [
        (&["--auth-method", "oauth"][..], &["auth-method", "api-token-group", "private-key-group"][..]),
        (
            &["--okta-client-id", "x"],
            &["--okta-client-id (BATON_OKTA_CLIENT_ID) is set", "--auth-method private-key-group"],
        ),
        (&["--api-token", token, "--okta-private-key", "key.pem"], &["two ways to sign in", "--okta-private-key"]),
        (&["--api-token", token, "--auth-method", "private-key-group"], &["two ways to sign in"]),
        (
            &["--auth-method", "private-key-group"],
            &["--okta-client-id, --okta-private-key-id and --okta-private-key are missing"],
        ),
    ] {
        assert_fails(&bare(arguments), 2, words);
    }
    assert_eq!(bare(&["--api-token", token, "--auth-method", "api-token-group"]).code, 0);
    assert_eq!(bare(&["--api-token", token, "--auth-method", "API-Token-Group"]).code, 0, "case does not matter");
}

#[test]
fn keys_that_are_none_are_refused_before_any_request() {
    let lab = ServiceApp::new(true).lab(config());
    std::fs::write(lab.path("ec.pem"), "-----BEGIN EC PRIVATE KEY-----\nMHcC\n-----END EC PRIVATE KEY-----\n").unwrap();
    for (key, words) in [
        ("ec.pem", &["elliptic-curve", "RSA"][..]),
        ("missing.pem", &["as a file", "cannot be read"]),
        ("-----BEGIN PRIVATE KEY-----\nMIIE", &["cut off"]),
    ] {
        assert_fails(&lab.run_as_app(&["--okta-private-key", key]), 2, words);
    }
    assert_eq!(lab.sim().stats().requests, 0);
}

#[test]
fn no_more_scopes_than_a_sync_takes() {
    // Okta refuses whoever asks for one more, so granting exactly these shows that no other is asked for.
    for (arguments, scopes) in [
        (&[][..], &BASE[..]),
        (&["--sync-custom-roles"], &BASE),
        (
            &["--sync-secrets"],
            &["okta.users.read", "okta.groups.read", "okta.apps.read", "okta.roles.read", "okta.apiTokens.read"],
        ),
        (
            &["--sync-devices"],
            &["okta.users.read", "okta.groups.read", "okta.apps.read", "okta.roles.read", "okta.devices.read"],
        ),
        (&["--sync-resource-types", "user,group,app"], &BASE[..3]),
        (&["--sync-resource-types", "device"], &["okta.devices.read"]),
    ] {
        let lab = ServiceApp::with_scopes(true, scopes).lab(config());
        let outcome = lab.run_as_app(arguments);
        assert_eq!(outcome.code, 0, "{arguments:?}: {}", outcome.stderr);
        let stats = lab.sim().stats();
        assert_eq!((stats.tokens_issued, stats.oauth_errors.get("invalid_scope")), (1, None), "{arguments:?}");
        assert!(!outcome.stderr.contains("will not be read"), "{}", outcome.stderr);
    }
}

#[test]
fn a_missing_scope_is_told_before_anything_is_read() {
    for drop_ungranted_scopes in [false, true] {
        let set_up = || SimConfig {
            oauth: OAuthSettings { drop_ungranted_scopes, ..OAuthSettings::default() },
            log_requests: true,
            ..config()
        };
        for (missing, of) in [("okta.users.read", "user"), ("okta.groups.read", "group"), ("okta.apps.read", "app")] {
            let scopes: Vec<_> = BASE.into_iter().filter(|scope| *scope != missing).collect();
            let lab = ServiceApp::with_scopes(true, &scopes).lab(set_up());
            assert_fails(&lab.run_as_app(&[]), 7, &[missing, &format!("to read {of}"), "Okta API Scopes"]);
            assert!(lab.sim().stats().log.iter().all(|call| call.target == "/oauth2/v1/token"));
            assert!(!lab.path("sync.c1z").exists());
        }
        // What can be done without is warned of at once, and not in the file.
        let lab = ServiceApp::with_scopes(true, &BASE[..3]).lab(set_up());
        let outcome = lab.run_as_app(&["--sync-devices"]);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        for (of, scope) in [("role", "okta.roles.read"), ("device", "okta.devices.read")] {
            let logs = outcome.logs();
            let at = |wanted: &dyn Fn(&str) -> bool| logs.iter().position(|line| wanted(line["msg"].as_str().unwrap()));
            let warned =
                at(&|text| text.starts_with(&format!("{of} will not be read")) && text.contains(scope)).unwrap();
            assert!(warned < at(&|text| text.starts_with("Synced")).unwrap());
            let summary = outcome.log("Sync complete.");
            assert_eq!(summary["types"][of]["not_read"], true, "{summary}");
            let gaps = summary["gaps"].to_string();
            assert!(gaps.contains("insufficient_scope") && gaps.contains(scope), "{gaps}");
        }
    }
}

#[test]
fn refusals_name_the_app_and_not_a_token() {
    let app = ServiceApp::new(true);
    let lab = app.lab(config());
    let other = ServiceApp::new(true).key.pkcs8_pem().to_owned();
    let outcome = lab.run_as_app(&["--okta-private-key", &other]);
    assert_fails(&outcome, 16, &["invalid_client", "0oaconnector", "private key belongs to it"]);
    assert!(!outcome.stderr.contains("--api-token"), "{}", outcome.stderr);
    assert_fails(&lab.run_as_app(&["--okta-client-id", "0oaother"]), 16, &["invalid_client", "0oaother"]);
}

/// Everything that there is.
const EVERYTHING: [&str; 5] =
    ["--sync-custom-roles", "--sync-secrets", "--sync-devices", "--sync-inactive-apps", "--app-grant-sources=false"];

#[test]
fn the_way_to_sign_in_changes_nothing_in_the_file() {
    let whole = Lab::start(config());
    assert_eq!(whole.run(&EVERYTHING).code, 0);
    let expected = whole.contents("sync.c1z");
    for dpop in [true, false] {
        for (page_cap, iam_link_headers) in
            [(Some(1), false), (Some(1), true), (Some(2), false), (Some(2), true), (Some(1000), false)]
        {
            let oauth = OAuthSettings { nonces_at_resources: true, ..OAuthSettings::default() };
            let lab = ServiceApp::new(dpop).lab(SimConfig { page_cap, iam_link_headers, oauth, ..config() });
            let outcome = lab.run_as_app(&EVERYTHING);
            assert_eq!(outcome.code, 0, "{}", outcome.stderr);
            assert_eq!(lab.contents("sync.c1z"), expected, "DPoP: {dpop}, pages of {page_cap:?}");
            assert_eq!(lab.sim().stats().tokens_issued, 1);
            // Only nonces were ever found missing.
            assert!(lab.sim().stats().oauth_errors.keys().all(|error| error == "use_dpop_nonce"));
        }
    }
}

#[test]
fn a_token_that_ends_under_way_costs_nothing() {
    let shape = Shape::new(400, 60, 20).seed(3);
    let whole = Lab::start(SimConfig::new(Org::generate(&shape)));
    assert_eq!(whole.run(&[]).code, 0);
    let expected = whole.contents("sync.c1z");
    type Trouble = fn(&Lab);
    let troubles: [Trouble; 3] = [
        |lab| lab.sim().revoke_access_tokens(),
        |lab| lab.sim().rotate_nonces(),
        |lab| lab.sim().advance_clock(Duration::from_secs(2 * 3600)),
    ];
    for dpop in [true, false] {
        for (number, trouble) in troubles.iter().enumerate() {
            let set_up = SimConfig {
                latency: Duration::from_millis(5),
                oauth: OAuthSettings { nonces_at_resources: true, ..OAuthSettings::default() },
                ..SimConfig::new(Org::generate(&shape))
            };
            let lab = ServiceApp::new(dpop).lab(set_up);
            let child = lab.as_app(&[]).stderr(std::process::Stdio::piped()).spawn().unwrap();
            // In the middle: some pages are there, many are to come.
            while lab.sim().stats().requests < 30 {
                std::thread::sleep(Duration::from_millis(1));
            }
            trouble(&lab);
            let outcome = Outcome::of(child.wait_with_output().unwrap());
            assert_eq!(outcome.code, 0, "{number}: {}", outcome.stderr);
            assert_eq!(lab.contents("sync.c1z"), expected, "DPoP: {dpop}, trouble {number}");
            let issued = lab.sim().stats().tokens_issued;
            assert_eq!(issued, if number == 1 { 1 } else { 2 }, "DPoP: {dpop}, trouble {number}");
        }
    }
}
