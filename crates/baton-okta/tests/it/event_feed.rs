//! The event feed against a simulated org: every event once, in the order of storage, however the reading is cut up.

use std::time::{Duration, SystemTime};

use baton_connector::{EventPage, EventRequest, EventSource, SourceError, SourceErrorKind};
use baton_okta::{OktaEvents, Rules};
use baton_proto::c1::connector::v2::event::Event as What;
use okta_sim::{Fault, FaultRule, LogEntity, LogEvent, Org, Sim, SimConfig};
use proptest::prelude::*;
use serde_json::Value;

use crate::fetching;
use crate::support::{Lab, Outcome, ServiceApp};

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn lab() -> Lab {
    Lab::start(SimConfig { log_requests: true, ..SimConfig::new(Org::facts()) })
}

fn person(n: usize) -> LogEntity {
    LogEntity::user(format!("00u{n}"), format!("user{n}@acme.example"), format!("User {n}"))
}

/// A person comes into a group: the person's number says which event it is.
fn joined(n: usize) -> LogEvent {
    LogEvent::group_member_added(person(n), LogEntity::group("00g1eng", "Engineering"))
}

fn days_ago(days: u32) -> SystemTime {
    SystemTime::now() - DAY * days
}

fn run(lab: &Lab, arguments: &[&str]) -> Outcome {
    lab.run(&[&["--event-feed", "true"], arguments].concat())
}

/// The events on stdout.
fn printed(outcome: &Outcome) -> Vec<Value> {
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    outcome.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The numbers of the people that the events on stdout are about.
fn people(outcome: &Outcome) -> Vec<usize> {
    let number = |event: &Value| {
        let id = event["createGrantEvent"]["principal"]["id"]["resource"].as_str().unwrap();
        id.strip_prefix("00u").unwrap().parse().unwrap()
    };
    printed(outcome).iter().map(number).collect()
}

/// The cursor that a run told.
fn told_cursor(outcome: &Outcome) -> String {
    let line = outcome.log("event feed: the next run can go on behind this cursor");
    line["cursor"].as_str().unwrap().to_owned()
}

/// How often the log was asked for.
fn calls(sim: &Sim) -> u64 {
    sim.stats().calls("/api/v1/logs")
}

#[test]
fn runs_that_follow_each_other_tell_every_event_once() {
    let lab = lab();
    (0..250).for_each(|n| lab.sim().add_event(joined(n)));
    let first = run(&lab, &[]);
    assert_eq!(people(&first), (0..250).collect::<Vec<_>>());
    assert_eq!(calls(lab.sim()), 4, "three pages of 100, and the end");
    let cursor = told_cursor(&first);

    let again = run(&lab, &["--event-feed-cursor", &cursor]);
    assert_eq!((people(&again), told_cursor(&again)), (vec![], cursor.clone()));

    lab.sim().add_event(joined(250));
    lab.sim().add_event(joined(251).published(days_ago(3))); // Late, and before where the first run began.
    lab.sim().add_event(joined(252));
    let more = run(&lab, &["--event-feed-cursor", &cursor, "--event-feed-id", "baton_feed_event"]);
    assert_eq!(people(&more), [250, 251, 252]);
    let end = run(&lab, &["--event-feed-cursor", &told_cursor(&more)]);
    assert_eq!(people(&end), Vec::<usize>::new());
}

#[test]
fn events_are_as_baton_writes_them() {
    let lab = lab();
    let published = "2026-01-02T03:04:05.678Z";
    let odd = joined(0).member("published", published.into());
    lab.sim()
        .add_event(LogEvent::sign_on(person(1), LogEntity::app("0oa1", "Wiki")).member("published", published.into()));
    lab.sim().add_event(odd);
    lab.sim().add_event(LogEvent::new("user.session.start").target(person(2)));
    let events = printed(&run(&lab, &[]));
    let [usage, joined] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(usage["occurredAt"], published);
    assert_eq!(usage["usageEvent"]["targetResource"]["id"]["resource"], "0oa1");
    assert_eq!(joined["createGrantEvent"]["entitlement"]["id"], "group:00g1eng:member");
    assert_ne!(usage["id"], joined["id"]);
}

#[test]
fn changes_of_the_org_are_told() {
    let lab = lab();
    let group = LogEntity::group("00g1eng", "Engineering");
    let ada = LogEntity::user("00u1active", "ada@acme.example", "Ada Active");
    let wiki = LogEntity::app("0oa1", "Wiki");
    let admin = LogEntity::role("ra1", "Organization Administrator");
    for event in [
        LogEvent::user_lifecycle("deactivate", ada.clone()),
        LogEvent::app_user_removed(ada.clone(), wiki.clone()),
        LogEvent::app_group_added(group.clone(), wiki.clone()),
        LogEvent::app_group_removed(group.clone(), wiki.clone()),
        LogEvent::role_granted(ada.clone(), admin.clone()),
        LogEvent::group_role_revoked(group.clone(), admin),
        LogEvent::group_member_removed(ada, group.clone()),
        LogEvent::app_lifecycle("create", wiki),
        LogEvent::group_updated(group),
    ] {
        lab.sim().add_event(event);
    }
    let brief = |event: &Value| {
        let (kind, what) = event.as_object().unwrap().iter().find(|(key, _)| key.ends_with("Event")).unwrap();
        let id = |of: &Value| format!("{}:{}", of["resourceType"].as_str().unwrap(), of["resource"].as_str().unwrap());
        match what["entitlement"]["id"].as_str() {
            Some(entitlement) => format!("{kind} {entitlement} {}", id(&what["principal"]["id"])),
            None => format!("{kind} {}", id(&what["resourceId"])),
        }
    };
    assert_eq!(
        printed(&run(&lab, &[])).iter().map(brief).collect::<Vec<_>>(),
        [
            "resourceChangeEvent user:00u1active",
            "createRevokeEvent app:0oa1:access user:00u1active",
            "createGrantEvent app:0oa1:access group:00g1eng",
            "createRevokeEvent app:0oa1:access group:00g1eng",
            "createGrantEvent role:ORG_ADMIN:assigned user:00u1active",
            "createRevokeEvent role:ORG_ADMIN:assigned group:00g1eng",
            "createRevokeEvent group:00g1eng:member user:00u1active",
            "resourceChangeEvent app:0oa1",
            "resourceChangeEvent group:00g1eng",
        ]
    );
}

#[test]
fn what_cannot_be_told_is_said_and_the_rest_is_told() {
    let lab = lab();
    lab.sim().add_event(joined(1));
    lab.sim().add_event(joined(2).member("published", Value::Null));
    lab.sim().add_event(joined(3).member("uuid", Value::Null));
    lab.sim().add_event(joined(4).target(person(5)));
    lab.sim().add_event(joined(6).outcome("FAILURE", Some("group is managed by a rule")));
    lab.sim().add_event(LogEvent::role_granted(person(7), LogEntity::role("irb1", "Vault Admins")));
    lab.sim().add_event(joined(8));
    let outcome = run(&lab, &[]);
    assert_eq!(people(&outcome), [1, 8]);
    let warnings: Vec<_> = outcome.logs().into_iter().filter(|line| line["level"] == "warn").collect();
    assert_eq!(warnings.len(), 4, "{warnings:?}");
    for words in ["when it happened", "without an id", "several targets of the type User", "Vault Admins"] {
        assert!(warnings.iter().any(|line| line["msg"].as_str().unwrap().contains(words)), "{words}: {warnings:?}");
    }
}

#[test]
fn what_cannot_be_read_on_is_refused() {
    let lab = lab();
    let host = lab.sim().host();
    let fails = |arguments: &[&str], code: i32, words: &[&str]| {
        let outcome = run(&lab, arguments);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (code, ""), "{}", outcome.stderr);
        for words in words {
            assert!(outcome.stderr.contains(words), "no {words:?} in {}", outcome.stderr);
        }
    };
    fails(&["--event-feed-id", "another"], 5, &["event feed another not found", "baton_feed_event"]);
    let other = "okta1,other.okta.com,2026-11-20T00:00:00Z,1_1p";
    fails(&["--event-feed-cursor", other], 3, &["a cursor of the org other.okta.com", "--event-feed-start-at"]);
    fails(&["--event-feed-cursor", "/api/v1/users?after=00u1"], 3, &["was not given out by this feed"]);
    assert_eq!(calls(lab.sim()), 0);
    let begin = jiff::Timestamp::try_from(days_ago(10)).unwrap().strftime("%Y-%m-%dT00:00:00Z").to_string();
    let lost = format!("okta1,{host},{begin},12345_9p");
    fails(&["--event-feed-cursor", &lost], 3, &["E0000029", &format!("--event-feed-start-at {begin}")]);
    fails(&["--event-feed-cursor", "12345_9p"], 3, &["E0000029", "--event-feed-start-at"]);
}

#[test]
fn a_cursor_of_the_older_connector_is_read_on() {
    let lab = lab();
    (0..3).for_each(|n| lab.sim().add_event(joined(n)));
    let cursor = told_cursor(&run(&lab, &[]));
    let place = cursor.rsplit(',').next().unwrap();
    lab.sim().add_event(joined(3).published(days_ago(30)));
    assert_eq!(people(&run(&lab, &["--event-feed-cursor", place])), [3]);
}

#[test]
fn a_refusal_names_scope_and_role() {
    for (fault, says) in [(Fault::Code(403, "E0000006"), "E0000006"), (Fault::InsufficientScope, "insufficient_scope")]
    {
        let faults = FaultRule::on("/api/v1/logs", fault).into();
        let lab = Lab::start(SimConfig { faults, ..SimConfig::new(Org::facts()) });
        let outcome = run(&lab, &[]);
        assert_eq!(outcome.code, 7, "{}", outcome.stderr);
        for words in ["reading the System Log", "okta.logs.read", "Read-Only Administrator", says] {
            assert!(outcome.stderr.contains(words), "no {words:?} in {}", outcome.stderr);
        }
    }
}

#[test]
fn a_service_app_needs_the_scope_of_the_log_alone() {
    let app = ServiceApp::with_scopes(true, &["okta.logs.read"]);
    let lab = app.lab(SimConfig::new(Org::facts()));
    (0..3).for_each(|n| lab.sim().add_event(joined(n)));
    let outcome = lab.run_as_app(&["--event-feed", "true"]);
    assert_eq!(people(&outcome), [0, 1, 2]);
}

#[test]
fn a_failure_in_between_loses_and_repeats_nothing() {
    let faults = FaultRule::on("/api/v1/logs", Fault::Code(400, "E0000001")).page(2).into();
    let lab = Lab::start(SimConfig { faults, ..SimConfig::new(Org::facts()) });
    (0..150).for_each(|n| lab.sim().add_event(joined(n)));
    let outcome = run(&lab, &[]);
    assert_ne!(outcome.code, 0);
    assert_eq!(outcome.stdout.lines().count(), 100);
    lab.sim().set_faults(okta_sim::Faults::none());
    let rest = run(&lab, &["--event-feed-cursor", &told_cursor(&outcome)]);
    assert_eq!(people(&rest), (100..150).collect::<Vec<_>>());
}

/// A feed without the command line, which has a page size of its own.
struct Feed {
    events: OktaEvents,
    runtime: tokio::runtime::Runtime,
}

impl Feed {
    fn of(lab: &Lab, rules: Rules) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { events: fetching::connector(lab.sim(), rules, None).events(), runtime }
    }

    fn page(&self, request: &EventRequest) -> Result<EventPage, SourceError> {
        self.runtime.block_on(self.events.events(request))
    }
}

fn seconds(at: SystemTime) -> i64 {
    i64::try_from(at.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

fn beginning_at(at: SystemTime) -> EventRequest {
    let start_at = Some(prost_types::Timestamp { seconds: seconds(at), nanos: 5 });
    EventRequest { feed: "baton_feed_event".to_owned(), start_at, ..EventRequest::default() }
}

/// The people that the events are about.
fn principals(page: &EventPage) -> Vec<String> {
    let principal = |event: &baton_proto::c1::connector::v2::Event| match event.event.as_ref().unwrap() {
        What::CreateGrantEvent(grant) => grant.principal.as_ref().unwrap().id.as_ref().unwrap().resource.clone(),
        other => panic!("{other:?}"),
    };
    page.events.iter().map(principal).collect()
}

#[test]
fn the_request_is_what_okta_documents() {
    let lab = lab();
    let feed = Feed::of(&lab, Rules { sync_devices: true, ..Rules::default() });
    let begin = SystemTime::now() - HOUR;
    for (page_size, asked) in [(0, 1000), (1, 1), (1000, 1000), (5000, 1000)] {
        let page = feed.page(&EventRequest { page_size, ..beginning_at(begin) }).unwrap();
        assert!(page.events.is_empty() && !page.has_more);
        let target = lab.sim().stats().log.pop().unwrap().target;
        let query: Vec<_> = target.split_once('?').unwrap().1.split('&').collect();
        let since = jiff::Timestamp::from_second(seconds(begin)).unwrap().to_string().replace(':', "%3A");
        assert_eq!(query[..2], [format!("since={since}"), format!("limit={asked}")], "whole seconds");
        assert!(query[2].contains("eventType+eq+%22device.lifecycle.delete%22") && query.len() == 3, "{target}");
    }
    let page = feed.page(&beginning_at(begin)).unwrap();
    let request = EventRequest { cursor: page.cursor, ..beginning_at(SystemTime::now()) };
    feed.page(&request).unwrap();
    let targets: Vec<_> = lab.sim().stats().log.into_iter().map(|call| call.target).collect();
    let [.., first, second] = targets.as_slice() else { panic!("{targets:?}") };
    let (filter, since) = (first.split("&filter=").nth(1), first.split("since=").nth(1).unwrap());
    assert_eq!(second.split("&filter=").nth(1), filter, "always the same words");
    assert!(second.contains("after=") && second.contains(since.split('&').next().unwrap()), "{second}");
}

#[test]
fn an_unknown_feed_is_not_found_whoever_asks() {
    let lab = lab();
    let feed = Feed::of(&lab, Rules::default());
    let request = EventRequest { feed: "another".to_owned(), ..EventRequest::default() };
    assert_eq!(feed.page(&request).unwrap_err().kind, SourceErrorKind::NotFound);
    let feeds = feed.events.feeds();
    assert_eq!((feeds.len(), feeds[0].id.as_str()), (1, "baton_feed_event"));
    assert_eq!(feeds[0].supported_event_types, [0]);
}

#[test]
fn a_feed_without_events_can_be_read_on_for_ever() {
    let lab = lab();
    let mut request = beginning_at(SystemTime::now());
    for n in 0..8 {
        // Another process each time, which does not know the org's clock yet.
        let feed = Feed::of(&lab, Rules::default());
        loop {
            let page = feed.page(&request).unwrap();
            assert_eq!((page.events.len(), page.skipped), (0, vec![]), "{n}");
            request.cursor = page.cursor;
            if !page.has_more {
                break;
            }
        }
        lab.sim().advance_clock(DAY * 60);
    }
    lab.sim().add_event(joined(1));
    let page = Feed::of(&lab, Rules::default()).page(&request).unwrap();
    assert_eq!(principals(&page), ["00u1"]);
}

#[test]
fn what_okta_no_longer_keeps_is_said() {
    let lab = lab();
    let feed = Feed::of(&lab, Rules::default());
    let page = feed.page(&beginning_at(days_ago(120))).unwrap();
    assert!(matches!(page.skipped.as_slice(), [one] if one.contains("90 days")), "{:?}", page.skipped);
    let page = feed.page(&EventRequest { cursor: page.cursor, ..EventRequest::default() }).unwrap();
    assert!(page.skipped.is_empty(), "said once: {:?}", page.skipped);
}

/// What happens while a feed is read.
#[derive(Debug, Clone)]
enum Step {
    /// An event that is told, published so many days ago.
    Joined(u32),
    /// One that is not told: of another type, failed, or odd.
    Other(u8),
    /// A page of this size is read.
    Poll(u32),
    /// Another process reads on.
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => prop_oneof![Just(0), 0..60_u32].prop_map(Step::Joined),
        2 => (0..3_u8).prop_map(Step::Other),
        3 => prop_oneof![1..5_u32, Just(0), Just(1000)].prop_map(Step::Poll),
        1 => Just(Step::Restart),
    ];
    proptest::collection::vec(step, 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_polls_of_any_stream_tell_each_event_once_in_order(steps in steps()) {
        let lab = lab();
        let mut feed = Feed::of(&lab, Rules::default());
        let mut request = beginning_at(SystemTime::now() - HOUR);
        let (mut stored, mut told, mut skipped, mut odd) = (Vec::new(), Vec::new(), 0, 0);
        let mut poll = |feed: &Feed, limit: u32| {
            request.page_size = limit;
            let page = feed.page(&request).unwrap();
            request.cursor.clone_from(&page.cursor);
            skipped += page.skipped.len();
            assert!(limit == 0 || page.events.len() <= limit as usize);
            told.extend(principals(&page));
            page.has_more
        };
        for step in steps {
            match step {
                Step::Joined(days) => {
                    lab.sim().add_event(joined(stored.len()).published(days_ago(days)));
                    stored.push(format!("00u{}", stored.len()));
                }
                Step::Other(0) => lab.sim().add_event(LogEvent::new("user.session.start").target(person(0))),
                Step::Other(1) => lab.sim().add_event(joined(0).outcome("FAILURE", None)),
                Step::Other(_) => {
                    odd += 1;
                    lab.sim().add_event(joined(0).member("target", Value::Null));
                }
                Step::Poll(limit) => drop(poll(&feed, limit)),
                Step::Restart => feed = Feed::of(&lab, Rules::default()),
            }
        }
        while poll(&feed, 7) {}
        prop_assert_eq!(told, stored);
        prop_assert_eq!(skipped, odd);
    }
}
