//! `plan`: what a sync takes is told beforehand, and is what it takes.

use std::collections::BTreeMap;

use okta_sim::{Bucket, Org, Quotas, Shape, SimConfig, SkinnyUsers, Token};
use serde_json::{Value, json};

use crate::support::{Lab, Outcome, ServiceApp};

impl Lab {
    fn plan(&self, is_app: bool, arguments: &[&str]) -> Outcome {
        self.subcommand("plan", is_app, arguments)
    }

    fn told(&self, is_app: bool, arguments: &[&str]) -> Value {
        let outcome = self.plan(is_app, &[arguments, &["-o", "json"]].concat());
        assert_eq!(outcome.code, 0, "{outcome:?}");
        serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{outcome:?}"))
    }
}

fn org(shape: &Shape) -> SimConfig {
    SimConfig { quotas: Quotas::workforce(), ..SimConfig::new(Org::generate(shape)) }
}

fn minutes(told: &Value, key: &str) -> f64 {
    told[key].as_f64().unwrap_or_else(|| panic!("no {key} in {told:#}"))
}

/// Calls by bucket.
fn calls(told: &Value) -> BTreeMap<String, u64> {
    let buckets = told["buckets"].as_array().unwrap().iter();
    buckets.map(|it| (it["bucket"].as_str().unwrap().to_owned(), it["calls"].as_u64().unwrap())).collect()
}

fn advice(told: &Value) -> Vec<&str> {
    told["advice"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect()
}

#[test]
fn a_plan_is_what_a_sync_takes() {
    for shape in [Shape::new(450, 60, 25), Shape::new(300, 12, 40)] {
        let lab = Lab::start(SimConfig::new(Org::generate(&shape)));
        let told = lab.told(false, &[]);
        assert!(!lab.path("sync.c1z").exists(), "nothing is synced");
        assert_eq!((&told["minutes"], &told["decides"]), (&Value::Null, &Value::Null), "nothing is limited");
        let outcome = lab.run(&[]);
        let requests = outcome.log("Sync complete.")["requests"].clone();
        let planned = calls(&told);
        for (bucket, traffic) in requests.as_object().unwrap() {
            let (needed, planned) = (traffic["calls"].as_u64().unwrap(), planned[bucket]);
            // At least: deactivated users are in no count.
            assert!(planned <= needed && planned + 2 >= needed, "{bucket}: {planned} of {needed}");
        }
        assert_eq!(requests.as_object().unwrap().len(), planned.len());
    }
}

#[test]
fn the_bucket_that_decides_and_what_would_help() {
    let lab = Lab::start(org(&Shape::new(3_000, 700, 220)));
    let told = lab.told(false, &[]);
    // Members and app users are divided between two buckets each, so that half of the apps' calls decide.
    let apps = calls(&told);
    let active = lab.sim().with_org(|org| org.expected(true).apps);
    assert_eq!(apps["/apps"] + apps["/apps/{id}/skinny_users"], active + active.div_ceil(200), "{told:#}");
    assert!(apps["/apps"].abs_diff(apps["/apps/{id}/skinny_users"]) <= 2, "{told:#}");
    assert!(told["decides"].as_str().unwrap().starts_with("/apps"), "{told:#}");
    let now = minutes(&told, "minutes");
    assert!((now * 45.0 - (active + 2) as f64 / 2.0).abs() <= 1.0, "{told:#}");
    assert!((now / minutes(&told, "minutes_at_full_share") - 2.0).abs() < 0.1, "{told:#}");
    assert_eq!(told["credential_share"], 50);
    assert_eq!(advice(&told), ["credential-share", "rate-limit-share"], "{told:#}");
    let saved = told["advice"][0]["minutes_saved"].as_f64().unwrap();
    assert!((saved * 2.0 - now).abs() < 0.1, "half of the time: {told:#}");
    // The screen says the same.
    let screen = lab.plan(false, &[]).stdout;
    let apps = format!("{active} applications");
    for part in [
        "700 groups",
        apps.as_str(),
        "BUCKET",
        "/apps/{id}/skinny_users",
        "decides",
        "A later sync takes",
        "1. raise the API token's share",
        "Security › API › Tokens",
    ] {
        assert!(screen.contains(part), "no {part:?} in {screen}");
    }
}

#[test]
fn what_the_settings_leave_out_is_not_planned() {
    let lab = Lab::start(org(&Shape::new(3_000, 700, 220)));
    let whole = lab.told(false, &[]);
    let told = lab.told(false, &["--sync-resource-types", "user,group"]);
    assert!(!calls(&told).keys().any(|bucket| bucket.starts_with("/apps") || bucket == "/iam"), "{told:#}");
    let told = lab.told(false, &["--short-lists=false"]);
    assert_eq!(calls(&told).get("/apps/{id}/skinny_users"), None);
    assert!((minutes(&told, "minutes") / minutes(&whole, "minutes") - 2.0).abs() < 0.1, "{told:#}");
    assert!(advice(&told).contains(&"short-lists"), "{told:#}");
    let told = lab.told(false, &["--rate-limit-share", "45"]);
    assert!((minutes(&told, "minutes") / minutes(&whole, "minutes") - 2.0).abs() < 0.1, "{told:#}");
    // An org without short lists is not told to use them.
    let lab = Lab::start(SimConfig { skinny_users: SkinnyUsers::Absent, ..org(&Shape::new(3_000, 700, 220)) });
    let told = lab.told(false, &[]);
    assert_eq!(calls(&told).get("/apps/{id}/skinny_users"), None);
    assert!(!advice(&told).contains(&"short-lists"), "{told:#}");
}

#[test]
fn the_side_of_assignments_goes_by_the_limits() {
    // Far fewer apps than groups that have some, but an applications' bucket that is five times as small.
    let lab = Lab::start(org(&Shape::new(500, 400, 90)));
    let told = lab.told(false, &["--short-lists=false"]);
    assert_eq!(calls(&told)["/apps"], 1 + 90 - lab.sim().with_org(|org| 90 - org.expected(true).apps));
    let lab = Lab::start(SimConfig {
        quotas: Quotas::workforce().with(Bucket::Groups, 40),
        ..org(&Shape::new(500, 400, 90))
    });
    let told = lab.told(false, &["--short-lists=false"]);
    assert_eq!(calls(&told)["/apps"], 1 + 2 * lab.sim().with_org(|org| org.expected(true).apps));
}

#[test]
fn without_the_system_log_later_syncs_read_more() {
    let shape = Shape::new(2_000, 300, 150);
    let every = ["okta.users.read", "okta.groups.read", "okta.apps.read", "okta.roles.read", "okta.logs.read"];
    let config = || org(&shape);
    let told = ServiceApp::with_scopes(true, &every).lab(config()).told(true, &[]);
    assert_eq!(told["reads_system_log"], true);
    assert!(!advice(&told).contains(&"system-log"));
    let few = told["later"]["calls"].as_u64().unwrap();
    let lab = ServiceApp::with_scopes(true, &every[..4]).lab(config());
    let told = lab.told(true, &[]);
    assert_eq!(told["reads_system_log"], false);
    assert!(advice(&told).contains(&"system-log"), "{told:#}");
    assert!(told["later"]["calls"].as_u64().unwrap() > few + 150, "{told:#}");
    let screen = lab.plan(true, &[]).stdout;
    assert!(screen.contains("grant okta.logs.read to the app") && screen.contains("a later sync then"), "{screen}");
}

#[test]
fn a_small_org_has_nothing_to_be_shortened() {
    let lab = Lab::start(org(&Shape::new(100, 10, 5)));
    let told = lab.told(false, &[]);
    assert_eq!(told["advice"], json!([]));
    let screen = lab.plan(false, &[]).stdout;
    assert!(screen.contains("less than a minute") && screen.contains("Nothing would shorten it much"), "{screen}");
}

#[test]
fn what_is_wrong_is_told_with_its_code() {
    let lab = Lab::start(SimConfig { tokens: vec![Token::new("00right")], ..org(&Shape::new(50, 5, 3)) });
    let run = |arguments: &[&str]| {
        let mut command = lab.bare();
        command.arg("plan").args(arguments);
        Outcome::of(command.output().unwrap())
    };
    let host = lab.sim().host();
    let outcome = run(&["--domain", &host]);
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.stderr.contains("api-token is not set") && outcome.stderr.contains("BATON_API_TOKEN"),
        "{outcome:?}"
    );
    let outcome = run(&["--domain", &host, "--api-token", "00wr0ng"]);
    assert_eq!(outcome.code, 16);
    assert!(outcome.stderr.contains("Check that --api-token") && !outcome.stderr.contains("00wr0ng"), "{outcome:?}");
    assert_eq!(run(&["--domain", "no-such-org.invalid", "--api-token", "x"]).code, 14);
}
