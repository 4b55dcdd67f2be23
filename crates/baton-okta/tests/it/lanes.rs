//! Whichever way the facts are read, and whatever that meets, the file says the same.

use std::path::Path;
use std::sync::Arc;

use baton_connector::Source;
use baton_okta::{Config, OktaSource, Requests};
use baton_sync::{Event, Observer, Summary, SyncConfig};
use okta_client::OrgUrl;
use okta_sim::{Bucket, Clock, Fault, FaultRule, Faults, Org, Quotas, Shape, Sim, SimConfig, SkinnyUsers};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::support::Lab;

const SHORT_MEMBERS: &str = "/api/v1/groups/{id}/skinny_users";
const SHORT_APP_USERS: &str = "/api/v1/apps/{id}/skinny_users";
const BY_GROUPS: &str = "/api/v1/groups/{id}/apps";
const BY_APPS: &str = "/api/v1/apps/{id}/groups";

fn shape() -> Shape {
    Shape::new(400, 90, 40)
}

/// So little that whatever can be read otherwise is.
fn scarce() -> SimConfig {
    let quotas = Quotas::unlimited().with(Bucket::Groups, 70).with(Bucket::Apps, 20);
    let quotas = quotas.with(Bucket::GroupSkinnyUsers, 20_000).with(Bucket::AppSkinnyUsers, 20_000);
    SimConfig { quotas, principal_percent: 100, ..SimConfig::new(Org::generate(&shape())) }
}

/// Not enough for everything at first sight, but for all that is read in the end, in small pages.
fn tight() -> SimConfig {
    let quotas = scarce().quotas.with(Bucket::Groups, 90).with(Bucket::Apps, 36);
    SimConfig { quotas, page_cap: Some(60), ..scarce() }
}

/// The contents of the file that a sync makes, and the org that it was made from.
fn synced(config: SimConfig) -> ([Value; 4], Lab) {
    let lab = Lab::start(config);
    let outcome = lab.run(&[]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    (lab.contents("sync.c1z"), lab)
}

fn plain() -> [Value; 4] {
    let (contents, lab) = synced(SimConfig::new(Org::generate(&shape())));
    let stats = lab.sim().stats();
    assert_eq!((stats.calls(SHORT_MEMBERS), stats.calls(SHORT_APP_USERS)), (0, 0), "nothing is short without need");
    contents
}

#[track_caller]
fn assert_same(one: &[Value; 4], other: &[Value; 4]) {
    for (one, other) in one.iter().zip(other) {
        assert!(one == other, "{}", first_difference(one, other, ""));
    }
}

fn first_difference(one: &Value, other: &Value, at: &str) -> String {
    match (one, other) {
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let found = a.iter().zip(b).enumerate().find(|(_, (a, b))| a != b);
            found.map_or_else(String::new, |(n, (a, b))| first_difference(a, b, &format!("{at}[{n}]")))
        }
        (Value::Object(a), Value::Object(b)) => {
            let found = a.iter().find(|(key, value)| b.get(*key) != Some(value));
            found.map_or_else(String::new, |(key, a)| first_difference(a, &b[key], &format!("{at}.{key}")))
        }
        (Value::Array(a), Value::Array(b)) => {
            let only = |a: &[Value], b: &[Value]| a.iter().find(|it| !b.contains(it)).map(ToString::to_string);
            format!("{at}: {} and {}, {:?} {:?}", a.len(), b.len(), only(a, b), only(b, a))
        }
        _ => format!("{at}: {one} is not {other}"),
    }
}

#[test]
fn short_lists_are_read_when_the_others_do_not_suffice() {
    let (contents, lab) = synced(scarce());
    let stats = lab.sim().stats();
    assert!(stats.calls(SHORT_MEMBERS) > 50 && stats.calls(SHORT_APP_USERS) > 20, "{:?}", stats.by_path);
    assert_eq!(stats.throttled_rate, 0);
    assert_same(&contents, &plain());
    // They can be forbidden.
    let lab = Lab::start(SimConfig { quotas: Quotas::unlimited().with(Bucket::Groups, 120), ..scarce() });
    assert_eq!(lab.run(&["--short-lists=false"]).code, 0);
    assert_eq!(lab.sim().stats().calls(SHORT_MEMBERS), 0);
    assert_same(&lab.contents("sync.c1z"), &contents);
}

#[test]
fn links_to_the_plain_list_are_followed() {
    let (contents, lab) = synced(SimConfig { skinny_users: SkinnyUsers::Straying, ..tight() });
    let stats = lab.sim().stats();
    assert!(stats.calls(SHORT_MEMBERS) > 0 && stats.calls(SHORT_APP_USERS) > 0, "{:?}", stats.by_path);
    assert_same(&contents, &plain());
}

#[test]
fn an_org_without_short_lists_is_read_without() {
    // Enough for everything, though not at first sight: the share of others is added when it is read.
    let config = || SimConfig { quotas: scarce().quotas.with(Bucket::Groups, 135).with(Bucket::Apps, 43), ..scarce() };
    let absent = SimConfig { skinny_users: SkinnyUsers::Absent, ..config() };
    let faults = |fault: Fault| {
        Faults::from(FaultRule::on(SHORT_MEMBERS, fault.clone())).and(FaultRule::on(SHORT_APP_USERS, fault))
    };
    for config in [
        absent,
        SimConfig { faults: faults(Fault::Status(405)), ..config() },
        SimConfig { faults: faults(Fault::Code(403, "E0000006")), ..config() },
    ] {
        let (contents, lab) = synced(config);
        let stats = lab.sim().stats();
        // The first call of each tells, unless it is about the one group whose members nobody may see.
        let tried = (stats.calls(SHORT_MEMBERS), stats.calls(SHORT_APP_USERS));
        assert!([(1, 1), (2, 1)].contains(&tried), "{:?}", stats.by_path);
        assert_same(&contents, &plain());
    }
}

#[test]
fn a_short_list_that_breaks_off_is_read_again_from_the_other() {
    let faults = FaultRule::on(SHORT_MEMBERS, Fault::Status(404)).page(2);
    let (contents, lab) = synced(SimConfig { faults: faults.into(), ..tight() });
    assert!(lab.sim().stats().faults > 0);
    assert_same(&contents, &plain());
}

struct Silent;

impl Observer for Silent {
    fn event(&self, _: &Event) {}
}

/// A connector that stays, as in service mode, for an org whose minutes pass in a second.
fn resident(sim: &Sim) -> Arc<dyn Source> {
    let requests = Requests { extra_ca: Some(sim.ca_pem().to_owned()), time_scale: SCALE, ..Requests::default() };
    let config = Config::new(OrgUrl::parse(&sim.host()).unwrap(), sim.token().into());
    Arc::new(OktaSource::new(Config { requests, ..config }).unwrap())
}

const SCALE: f64 = 60.0;

async fn sync(source: &Arc<dyn Source>, file: &Path) -> Summary {
    let (config, cancel) = (SyncConfig::new(file), CancellationToken::new());
    baton_sync::run(Arc::clone(source), config, Arc::new(Silent), cancel).await.unwrap()
}

#[tokio::test]
async fn what_a_sync_learned_of_short_lists_ends_with_it() {
    let faults = |fault: Fault| {
        Faults::from(FaultRule::on(SHORT_MEMBERS, fault.clone())).and(FaultRule::on(SHORT_APP_USERS, fault))
    };
    let config = SimConfig { clock: Clock::scaled(SCALE), faults: faults(Fault::Status(405)), ..scarce() };
    let sim = Sim::start(config).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let source = resident(&sim);
    let calls = || [SHORT_MEMBERS, SHORT_APP_USERS].map(|path| sim.stats().calls(path));
    let first = sync(&source, &folder.path().join("first.c1z")).await;
    let tried = calls();
    assert!(tried.iter().all(|calls| (1..5).contains(calls)), "{tried:?}");
    sim.set_faults(Faults::none());
    let second = sync(&source, &folder.path().join("second.c1z")).await;
    assert!(calls()[0] > tried[0] + 10, "{tried:?}, then {:?}", calls());
    // Each counts its own requests.
    let sent = |summary: &Summary| summary.traffic.iter().map(|lane| lane.calls).sum::<u64>();
    assert_eq!(sent(&first) + sent(&second), sim.stats().requests);
    sim.stop().await;
}

#[test]
fn either_side_of_assignments_gives_the_same_file() {
    let unlimited = || SimConfig::new(Org::generate(&shape()));
    let limited = |bucket, quota| SimConfig { quotas: Quotas::unlimited().with(bucket, quota), ..unlimited() };
    let (by_apps, lab) = synced(limited(Bucket::Groups, 400));
    let stats = lab.sim().stats();
    assert_eq!((stats.calls(BY_GROUPS), stats.calls(BY_APPS) > 0), (0, true), "{:?}", stats.by_path);
    let (by_groups, lab) = synced(limited(Bucket::Apps, 200));
    let stats = lab.sim().stats();
    assert_eq!((stats.calls(BY_GROUPS) > 0, stats.calls(BY_APPS)), (true, 0), "{:?}", stats.by_path);
    assert_same(&by_apps, &by_groups);
}
