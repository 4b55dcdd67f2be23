//! The System Log.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use okta_sim::{Clock, LogEntity, LogEvent, Org, Quotas, SimConfig};
use serde_json::{Value, json};

use crate::client::{Client, Reply};

/// When the simulators of these tests start: 2033-05-18T03:33:20Z.
const START: u64 = 2_000_000_000;
const DAY: u64 = 24 * 60 * 60;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn instant(seconds: u64) -> String {
    jiff::Timestamp::from_second(seconds as i64).unwrap().to_string()
}

/// A simulator whose log holds an event of each type, published so many seconds before the start, logged in this order.
async fn start(events: &[(&str, u64)]) -> Client {
    let org = Org::facts();
    for (kind, before) in events {
        org.log(LogEvent::new(*kind).published(at(START - before)));
    }
    let clock = Clock::real().starting_at(at(START));
    Client::start(SimConfig { clock, ..SimConfig::new(org) }).await
}

fn types(reply: &Reply) -> Vec<String> {
    assert_eq!(reply.status, 200, "{}", reply.text);
    let events = reply.json();
    events.as_array().unwrap().iter().map(|event| event["eventType"].as_str().unwrap().to_owned()).collect()
}

fn next(client: &Client, reply: &Reply) -> Option<String> {
    reply.link("next").map(|link| link.strip_prefix(&client.sim.url()).unwrap().to_owned())
}

/// The types of all events of a bounded query, and the sizes of the pages.
async fn all(client: &Client, path: &str) -> (Vec<String>, Vec<usize>) {
    let (mut found, mut sizes, mut path) = (Vec::new(), Vec::new(), Some(path.to_owned()));
    while let Some(this) = path {
        let reply = client.get(&this).await;
        let page = types(&reply);
        sizes.push(page.len());
        found.extend(page);
        path = next(client, &reply);
    }
    (found, sizes)
}

#[tokio::test]
async fn a_poll_never_ends_never_repeats_and_never_skips() {
    let client = start(&[("a", 50), ("b", 40), ("c", 30), ("d", 20), ("e", 10)]).await;
    let since = instant(START - 100);
    let mut path = format!("/api/v1/logs?since={since}&limit=2");
    let mut pages = Vec::new();
    for _ in 0..3 {
        let reply = client.get(&path).await;
        pages.push(types(&reply).join(""));
        path = next(&client, &reply).unwrap();
    }
    assert_eq!(pages, ["ab", "cd", "e"]);
    for _ in 0..2 {
        let reply = client.get(&path).await;
        assert!(types(&reply).is_empty());
        assert_eq!(next(&client, &reply).unwrap(), path, "nothing new: the same cursor");
    }
    client.sim.add_event(LogEvent::new("f"));
    client.sim.add_event(LogEvent::new("late").published(at(START - 45)));
    let reply = client.get(&path).await;
    assert_eq!(types(&reply), ["f", "late"], "also what was published long before the cursor");
    let path = next(&client, &reply).unwrap();
    assert!(path.contains("since=") && path.contains("limit=2"), "{path}");
    assert!(types(&client.get(&path).await).is_empty());
}

#[tokio::test]
async fn a_poll_can_start_before_anything_happened() {
    let client = start(&[]).await;
    let reply = client.get("/api/v1/logs").await;
    let path = next(&client, &reply).unwrap();
    assert_eq!(next(&client, &client.get(&path).await), Some(path.clone()));
    client.sim.add_event(LogEvent::new("first"));
    assert_eq!(types(&client.get(&path).await), ["first"]);
    let zero = client.get("/api/v1/logs?limit=0").await;
    assert!(types(&zero).is_empty());
    let path = next(&client, &zero).unwrap().replace("limit=0", "limit=10");
    assert_eq!(types(&client.get(&path).await), ["first"], "a page of none passes nothing over");
}

#[tokio::test]
async fn a_poll_keeps_its_filter_and_passes_over_what_does_not_fit() {
    let client = start(&[("x", 50), ("a", 40), ("x", 30), ("x", 20)]).await;
    let reply = client.get("/api/v1/logs?filter=eventType+eq+%22a%22&limit=1").await;
    assert_eq!(types(&reply), ["a"]);
    let path = next(&client, &reply).unwrap();
    assert!(types(&client.get(&path).await).is_empty());
    client.sim.add_event(LogEvent::new("x"));
    client.sim.add_event(LogEvent::new("a"));
    assert_eq!(types(&client.get(&path).await), ["a"]);
}

#[tokio::test]
async fn bounded_queries_go_by_publication_and_end() {
    let client = start(&[("a", 50), ("c", 30), ("b", 40), ("e", 10), ("d", 20)]).await;
    let (since, until) = (instant(START - 50), instant(START - 10));
    let bounds = format!("/api/v1/logs?since={since}&until={until}");
    let (found, sizes) = all(&client, &format!("{bounds}&limit=2")).await;
    assert_eq!((found.join("").as_str(), sizes), ("abcd", vec![2, 2]), "`since` is in, `until` is not");
    let (found, sizes) = all(&client, &format!("{bounds}&limit=3&sortOrder=DESCENDING")).await;
    assert_eq!((found.join("").as_str(), sizes), ("dcba", vec![3, 1]));
    let (found, _) = all(&client, "/api/v1/logs?limit=2&sortOrder=DESCENDING").await;
    assert_eq!(found.join(""), "edcba", "descending ends too");
}

#[tokio::test]
async fn a_late_event_can_be_missed_by_a_bounded_query() {
    let client = start(&[("a", 50), ("b", 40), ("c", 30)]).await;
    let (since, until) = (instant(START - 100), instant(START));
    let first = client.get(&format!("/api/v1/logs?since={since}&until={until}&limit=2")).await;
    assert_eq!(types(&first), ["a", "b"]);
    client.sim.add_event(LogEvent::new("late").published(at(START - 45)));
    let second = client.get(&next(&client, &first).unwrap()).await;
    assert_eq!((types(&second), next(&client, &second)), (vec!["c".to_owned()], None));
    let again = format!("/api/v1/logs?since={since}&until={until}");
    assert_eq!(all(&client, &again).await.0, ["a", "late", "b", "c"]);
}

#[tokio::test]
async fn queries_reach_back_a_week_unless_told_and_three_months_at_most() {
    let client = start(&[("old", 100 * DAY), ("month", 30 * DAY), ("week", 8 * DAY), ("new", DAY)]).await;
    assert_eq!(types(&client.get("/api/v1/logs").await), ["new"]);
    let far = instant(START - 120 * DAY);
    assert_eq!(types(&client.get(&format!("/api/v1/logs?since={far}")).await), ["month", "week", "new"]);
    let until = instant(START - 7 * DAY);
    assert_eq!(types(&client.get(&format!("/api/v1/logs?until={until}")).await), ["week"], "a week before `until`");
    let farther = instant(START - 181 * DAY);
    let reply = client.get(&format!("/api/v1/logs?since={farther}")).await;
    assert_eq!(reply.refusal(), (400, "E0000053".to_owned()));
}

#[tokio::test]
async fn pages_are_cut_at_a_thousand_and_a_hundred_when_nothing_is_said() {
    let events: Vec<(&str, u64)> = (0..1_100).map(|_| ("x", 10)).collect();
    let client = start(&events).await;
    assert_eq!(types(&client.get("/api/v1/logs").await).len(), 100);
    assert_eq!(types(&client.get("/api/v1/logs?limit=1000").await).len(), 1_000);
}

#[tokio::test]
async fn events_are_found_by_attributes_of_all_targets() {
    let client = start(&[]).await;
    let ada = || LogEntity::user("00u1active", "ada@acme.example", "Ada Active");
    let (group, app) = (LogEntity::group("00g1eng", "Engineering"), LogEntity::app("0oa1", "Mail"));
    client.sim.add_event(LogEvent::group_member_added(ada(), group.clone()));
    client.sim.add_event(LogEvent::group_lifecycle("create", group).outcome("FAILURE", Some("duplicate")));
    client.sim.add_event(LogEvent::app_user_added(ada(), app.clone()));
    client.sim.add_event(LogEvent::sign_on(ada(), app));
    client.sim.add_event(LogEvent::role_granted(ada(), LogEntity::role("ra1", "Super Administrator")));
    for (filter, count) in [
        (r#"eventType eq "group.user_membership.add""#, 1),
        (r#"eventType sw "group.""#, 2),
        (r#"eventType ew ".sso" or eventType co "privilege""#, 2),
        (r#"eventType ne "user.authentication.sso""#, 4),
        (r#"target.type eq "User" and target.type eq "UserGroup""#, 1),
        (r#"target.id eq "00u1active" and target.id eq "0oa1""#, 2),
        (r#"target.displayName eq "Super Administrator""#, 1),
        (r#"(actor.type eq "User" and (target.type eq "AppInstance"))"#, 1),
        (r#"outcome.result eq "FAILURE""#, 1),
        (r#"outcome.reason pr"#, 1),
        (r#"not (actor.type eq "User")"#, 4),
        (r#"debugContext.debugData.privilegeGranted pr"#, 1),
    ] {
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("filter", filter).finish();
        assert_eq!(types(&client.get(&format!("/api/v1/logs?{query}")).await).len(), count, "{filter}");
    }
    for (words, count) in [("engineering", 2), ("ENGIN ada", 1), ("nowhere", 0), ("mail", 2)] {
        let query = words.replace(' ', "+");
        assert_eq!(types(&client.get(&format!("/api/v1/logs?q={query}")).await).len(), count, "{words}");
    }
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused() {
    let client = start(&[("a", 50), ("b", 40), ("c", 30)]).await;
    let (early, late) = (instant(START - 20), instant(START - 10));
    let eleven = ["x"; 11].join("+");
    let long = "x".repeat(41);
    for (query, code) in [
        ("limit=1001".to_owned(), "E0000001"),
        ("limit=-1".to_owned(), "E0000001"),
        ("limit=x".to_owned(), "E0000001"),
        ("sortOrder=UP".to_owned(), "E0000001"),
        ("since=yesterday".to_owned(), "E0000030"),
        ("until=2033-05-18".to_owned(), "E0000030"),
        (format!("since={late}&until={early}"), "E0000001"),
        ("filter=eventType".to_owned(), "E0000053"),
        ("filter=published+gt+%222033-01-01T00:00:00Z%22".to_owned(), "E0000053"),
        ("filter=target.changeDetails.to+pr".to_owned(), "E0000053"),
        ("filter=nonsense+pr".to_owned(), "E0000053"),
        (format!("q={eleven}"), "E0000001"),
        (format!("q={long}"), "E0000001"),
        ("after=nonsense".to_owned(), "E0000029"),
        ("after=PG2-0_99p".to_owned(), "E0000029"),
        ("after=PG2-1_1p".to_owned(), "E0000029"),
    ] {
        let reply = client.get(&format!("/api/v1/logs?{query}")).await;
        assert_eq!(reply.refusal(), (400, code.to_owned()), "{query}");
    }
    let bounded = client.get(&format!("/api/v1/logs?until={late}&limit=1")).await;
    let path = next(&client, &bounded).unwrap().replace(&format!("until={}", late.replace(':', "%3A")), "");
    assert_eq!(client.get(&path).await.refusal().1, "E0000029", "a cursor of another kind of query: {path}");
}

#[tokio::test]
async fn an_event_has_the_members_that_okta_sends() {
    let client = start(&[]).await;
    let (ada, group) = (LogEntity::user("00u1", "ada@x", "Ada"), LogEntity::group("00g1", "Eng"));
    client.sim.add_event(LogEvent::group_member_removed(ada.clone(), group).actor(ada.clone()));
    client.sim.add_event(LogEvent::user_lifecycle("create", ada).member("published", Value::Null));
    let events = client.json("/api/v1/logs").await;
    let event = &events[0];
    assert_eq!(event["eventType"], "group.user_membership.remove");
    assert_eq!(event["actor"]["type"], "User");
    assert_eq!(event["outcome"]["result"], "SUCCESS");
    assert_eq!(
        event["target"][1],
        json!({"id": "00g1", "type": "UserGroup", "alternateId": "unknown", "displayName": "Eng", "detailEntry": null})
    );
    let published = event["published"].as_str().unwrap();
    assert!(
        published.starts_with("2033-05-18T03:3") && published.ends_with('Z') && published.len() == 24,
        "{published}"
    );
    assert_eq!(event["uuid"].as_str().unwrap().len(), 36);
    assert_ne!(event["uuid"], events[1]["uuid"]);
    assert_eq!(events[1].get("published"), None, "odd on purpose");
}

#[tokio::test]
async fn the_log_has_a_quota_of_its_own() {
    let client = Client::start(SimConfig { quotas: Quotas::workforce(), ..SimConfig::new(Org::facts()) }).await;
    assert_eq!(client.get("/api/v1/logs").await.header("x-rate-limit-limit"), "60");
    assert_eq!(client.sim.stats().by_bucket["/api/v1/logs"], 1);
}
