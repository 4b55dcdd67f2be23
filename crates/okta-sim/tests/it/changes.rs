//! What all requests for changes have in common: bodies, methods, faults, the record of them, the System Log.

use std::time::Duration;

use okta_sim::{Area, Fault, FaultRule, Faults, Org, SimConfig, Token};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Client, Reply};
use crate::users::person;

const MEMBER: &str = "/api/v1/groups/00g4empty/users/00u6locked";

async fn members(client: &Client) -> Vec<String> {
    client.sim.with_org(|org| org.members_of("00g4empty"))
}

#[tokio::test]
async fn bodies_are_json_objects() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    let send = |media: Option<&'static str>, body: &'static str| {
        let request = client.http.post(format!("{}/api/v1/users", client.sim.url())).body(body);
        let request = request.header("authorization", format!("SSWS {}", client.sim.token()));
        let request = match media {
            Some(media) => request.header("content-type", media),
            None => request,
        };
        async move { Reply::of(request.send().await.unwrap()).await.refusal() }
    };
    for (media, body, code) in [
        (Some("application/json"), "{", "E0000003"),
        (Some("application/json"), "[]", "E0000003"),
        (Some("application/json; charset=utf-8"), "{\"profile\":7}", "E0000003"),
        (Some("application/x-www-form-urlencoded"), "a=b", "E0000021"),
        (None, "{}", "E0000018"),
    ] {
        assert_eq!(send(media, body).await, (400, code.to_owned()), "{media:?} {body}");
    }
    let nothing = client.post_nothing("/api/v1/users").await;
    assert_eq!(nothing.refusal(), (400, "E0000003".to_owned()));
    let put = client.http.put(format!("{}{MEMBER}", client.sim.url()));
    let put = put.header("authorization", format!("SSWS {}", client.sim.token())).send().await.unwrap();
    assert_eq!(put.status(), 411, "no body has a length too");
    assert!(members(&client).await.is_empty());
}

#[tokio::test]
async fn methods_that_a_path_does_not_take_are_refused() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    for (method, path) in [
        (Method::PUT, "/api/v1/users"),
        (Method::DELETE, "/api/v1/groups"),
        (Method::PATCH, "/api/v1/users/00u1active"),
        (Method::POST, "/api/v1/groups/00g1eng"),
        (Method::POST, "/api/v1/groups/00g1eng/users/00u1active"),
        (Method::GET, "/api/v1/groups/00g1eng/users/00u1active"),
        (Method::GET, "/api/v1/users/00u1active/lifecycle/suspend"),
        (Method::PUT, "/api/v1/apps/0oa1oidc/users/00u1active"),
        (Method::PUT, "/api/v1/iam/resource-sets/iamrs1/bindings/cr0vault/members"),
        (Method::DELETE, "/api/v1/org"),
    ] {
        let refused = client.send(method.clone(), path, None).await;
        assert_eq!(refused.refusal(), (405, "E0000022".to_owned()), "{method} {path}");
    }
}

#[tokio::test]
async fn who_may_only_read_changes_nothing() {
    let tokens = vec![Token::new("weak").rights(okta_sim::Rights::super_admin().read_only_in(Area::Groups))];
    let client = Client::start(SimConfig { tokens, ..SimConfig::new(Org::facts()) }).await;
    assert_eq!(client.put_nothing(MEMBER).await.refusal(), (403, "E0000006".to_owned()));
    assert!(members(&client).await.is_empty());
    assert_eq!(client.post("/api/v1/users", &person("ok@new.example")).await.status, 200);
}

#[tokio::test]
async fn changes_count_in_their_buckets() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    client.post("/api/v1/users/00u1active", &json!({"profile": {"title": "x"}})).await;
    client.put_nothing(MEMBER).await;
    client.get("/api/v1/users/00u1active").await;
    let stats = client.sim.stats();
    let counted: Vec<(&str, u64)> = stats.by_bucket.iter().map(|(name, calls)| (name.as_str(), *calls)).collect();
    assert_eq!(counted, [("/api/v1/groups", 1), ("/api/v1/users/{id}", 1), ("/api/v1/users/{id} (changes)", 1)]);
    assert_eq!(stats.by_path["PUT /api/v1/groups/{id}/users/{user}"], 1);
}

#[tokio::test]
async fn faults_come_instead_of_the_change_or_after_it() {
    let faults = [
        (Fault::Status(500), 500),
        (Fault::Status(503), 503),
        (Fault::Html(502), 502),
        (Fault::Empty(504), 504),
        (Fault::RateLimit, 429),
        (Fault::ConcurrencyLimit, 429),
        (Fault::DropConnection, 0),
        (Fault::Truncate, 0),
    ];
    for (fault, status) in faults {
        // A broken-off answer is the answer to what was done.
        let does = fault == Fault::Truncate;
        for (fault, done) in [(fault.clone(), does), (fault.after_doing(), true)] {
            let rule = FaultRule::on("/api/v1/users", fault.clone()).method("POST").first(1);
            let client = Client::start(SimConfig { faults: rule.into(), ..SimConfig::new(Org::facts()) }).await;
            let reply = client.try_send(Method::POST, "/api/v1/users", Some(&person("new@new.example"))).await;
            let got = match reply {
                Ok(reply) if status == 0 => {
                    assert!(reply.bytes().await.is_err(), "{fault:?}");
                    0
                }
                Ok(reply) => reply.status().as_u16(),
                Err(_) => 0,
            };
            assert_eq!(got, status, "{fault:?}");
            assert_eq!(client.sim.with_org(|org| org.user_id("new@new.example").is_some()), done, "{fault:?}");
            let second = client.post("/api/v1/users", &person("new@new.example")).await;
            assert_eq!(second.status, if done { 400 } else { 200 }, "{fault:?}");
            assert_eq!(client.sim.stats().faults, 1);
        }
    }
}

#[tokio::test]
async fn faults_can_be_changed_while_it_runs_and_wait_after_doing() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    let slow = Fault::Delay(Duration::from_millis(1)).after_doing();
    client.sim.set_faults(Faults::from(FaultRule::on(MEMBER, slow).method("PUT")));
    assert_eq!(client.put_nothing(MEMBER).await.status, 204);
    assert_eq!(members(&client).await, ["00u6locked"]);
    assert_eq!(client.delete(MEMBER).await.status, 204, "another method");
    client.sim.set_faults(FaultRule::on("/api/v1/groups/{id}/users/{user}", Fault::Status(500)).into());
    assert_eq!(client.put_nothing(MEMBER).await.status, 500);
    client.sim.set_faults(Faults::none());
    assert_eq!(client.put_nothing(MEMBER).await.status, 204);
}

#[tokio::test]
async fn requests_for_changes_are_recorded_when_asked_for() {
    let faults = FaultRule::on(MEMBER, Fault::DropConnection).method("DELETE").into();
    let client = Client::start(SimConfig { record_writes: true, faults, ..SimConfig::new(Org::facts()) }).await;
    client.get("/api/v1/users").await;
    client.put_nothing(MEMBER).await;
    client.try_send(Method::DELETE, MEMBER, None).await.unwrap_err();
    client.post("/api/v1/groups/00gnone/roles?disableNotifications=true", &json!({"type": "APP_ADMIN"})).await;
    let writes = client.sim.writes();
    let seen: Vec<(String, u16)> = writes.iter().map(|write| (write.line(), write.status)).collect();
    assert_eq!(
        seen,
        [
            (format!("PUT {MEMBER}"), 204),
            (format!("DELETE {MEMBER}"), 0),
            ("POST /api/v1/groups/00gnone/roles?disableNotifications=true".to_owned(), 404),
        ]
    );
    assert_eq!((&writes[0].body, &writes[2].body), (&Value::Null, &json!({"type": "APP_ADMIN"})));
    let silent = Client::start(SimConfig::new(Org::facts())).await;
    silent.put_nothing(MEMBER).await;
    assert!(silent.sim.writes().is_empty());
}

#[tokio::test]
async fn searches_and_the_log_can_lag_behind() {
    let lag = Duration::from_secs(60);
    let config = SimConfig { search_lag: lag, log_lag: lag, ..SimConfig::new(Org::facts()) };
    let client = Client::start(config).await;
    let id = client.post("/api/v1/users", &person("new@new.example")).await.json()["id"].as_str().unwrap().to_owned();
    client.post_nothing("/api/v1/users/00u1active/lifecycle/suspend").await;
    client.delete("/api/v1/users/00u8deprov").await;
    client.put("/api/v1/groups/00g1eng", &json!({"profile": {"name": "Crafts"}})).await;
    let found = |query: &'static str| client.ids(query);
    let all = "/api/v1/users?search=status+pr";
    let active = "/api/v1/users?search=status+eq+%22ACTIVE%22";
    let crafts = "/api/v1/groups?search=profile.name+eq+%22Crafts%22";
    let before = found(all).await;
    assert!(before.contains(&"00u8deprov".to_owned()) && !before.contains(&id));
    assert_eq!(client.json(all).await[0]["status"], "ACTIVE");
    assert_eq!(found(active).await, ["00u1active", "00u10other"]);
    assert!(found(crafts).await.is_empty());
    assert!(client.all_events().await.is_empty());
    assert_eq!(client.json("/api/v1/users").await[0]["status"], "SUSPENDED", "the list itself is up to date");
    assert!(found("/api/v1/users").await.contains(&id));

    client.sim.advance_clock(lag);
    let after = found(all).await;
    assert!(!after.contains(&"00u8deprov".to_owned()) && after.contains(&id));
    assert_eq!(found(active).await, ["00u10other"]);
    assert_eq!(found(crafts).await, ["00g1eng"]);
    let events = client.all_events().await;
    assert_eq!(events[0]["eventType"], "user.lifecycle.create");
}

#[tokio::test]
async fn changes_are_written_to_the_system_log() {
    let mut org = Org::facts();
    org.add_member("00g4empty", "00u7susp").unwrap();
    let client = Client::start(SimConfig::new(org)).await;
    client.put_nothing(MEMBER).await;
    client.put_nothing(MEMBER).await;
    client.delete(MEMBER).await;
    client.put("/api/v1/apps/0oa3book/groups/00g4empty", &json!({})).await;
    client.post("/api/v1/users/00u6locked/roles", &json!({"type": "APP_ADMIN"})).await;
    client.delete("/api/v1/users/00u6locked/roles/IFIFAX2BIRGUSTQ").await;
    client.post_nothing("/api/v1/users/00u1active/lifecycle/suspend").await;
    client.post("/api/v1/groups", &json!({"profile": {"name": "New"}})).await;
    let events = client.all_events().await;
    let types: Vec<&str> = events.iter().map(|event| event["eventType"].as_str().unwrap()).collect();
    assert_eq!(
        types,
        [
            "group.user_membership.add",
            "group.user_membership.remove",
            "group.application_assignment.add",
            "application.user_membership.add",
            "user.account.privilege.grant",
            "user.account.privilege.revoke",
            "user.lifecycle.suspend",
            "group.lifecycle.create",
        ],
        "how the org was set up is not its history, and what changes nothing is not told"
    );
    let targets: Vec<&str> =
        events[0]["target"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(targets, ["00u6locked", "00g4empty"]);
    assert_eq!(events[4]["target"][1]["displayName"], "Application Administrator");
}
