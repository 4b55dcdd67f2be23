//! Making, changing and deleting users.

use okta_sim::{Org, Shape, SimConfig};
use serde_json::{Value, json};

use crate::client::Client;

const USERS: &str = "/api/v1/users";

pub(crate) fn person(login: &str) -> Value {
    json!({"profile": {"firstName": "Grace", "lastName": "Hopper", "email": login, "login": login}})
}

fn with_password(login: &str, password: &str) -> Value {
    let mut body = person(login);
    body["credentials"] = json!({"password": {"value": password}});
    body
}

fn federated(login: &str) -> Value {
    let mut body = person(login);
    body["credentials"] = json!({"provider": {"type": "FEDERATION", "name": "FEDERATION"}});
    body
}

#[tokio::test]
async fn the_status_of_a_new_user_follows_from_the_request() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    let password = |login: &str| with_password(login, "Correct-Horse-7");
    for (query, body, status) in [
        ("", person("a1@new.example"), "PROVISIONED"),
        ("?activate=false", person("a2@new.example"), "STAGED"),
        ("", password("a3@new.example"), "ACTIVE"),
        ("?activate=false", password("a4@new.example"), "STAGED"),
        ("?activate=true&nextLogin=changePassword", password("a5@new.example"), "PASSWORD_EXPIRED"),
        ("?provider=true", federated("a6@new.example"), "ACTIVE"),
        ("?activate=false&provider=true", federated("a7@new.example"), "STAGED"),
        ("", federated("a8@new.example"), "PROVISIONED"),
    ] {
        let made = client.post(&format!("{USERS}{query}"), &body).await;
        assert_eq!(made.status, 200, "{query}: {}", made.text);
        let made = made.json();
        assert_eq!(made["status"], status, "{query} {body}");
        assert_eq!(made["activated"].is_null(), status == "STAGED");
        assert_eq!(made["passwordChanged"].is_string(), body.pointer("/credentials/password").is_some());
        let provider = if query.contains("provider") { "FEDERATION" } else { "OKTA" };
        assert_eq!(made["credentials"]["provider"]["type"], provider);
        assert!(!made.to_string().contains("Correct-Horse"));
        let read = client.json(&format!("{USERS}/{}", made["id"].as_str().unwrap())).await;
        assert_eq!(read, made);
        let by_login = client.json(&format!("{USERS}/{}", body["profile"]["login"].as_str().unwrap())).await;
        assert_eq!(by_login["id"], made["id"]);
    }
    for (query, body, code) in [
        ("?nextLogin=changePassword", person("b@new.example"), "E0000124"),
        ("?activate=false&nextLogin=changePassword", password("b@new.example"), "E0000125"),
        ("?activate=perhaps", person("b@new.example"), "E0000001"),
        ("?nextLogin=sometime", password("b@new.example"), "E0000001"),
    ] {
        let refused = client.post(&format!("{USERS}{query}"), &body).await;
        assert_eq!(refused.refusal(), (400, code.to_owned()), "{query}");
    }
    assert_eq!(client.get("/api/v1/users/b@new.example").await.status, 404);
}

#[tokio::test]
async fn new_users_come_into_everyone_and_get_what_groups_bring() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    let mut body = person("ann@new.example");
    body["groupIds"] = json!(["00g1eng"]);
    let id = client.post(USERS, &body).await.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(client.ids(&format!("{USERS}/{id}/groups")).await, ["00g1eng", "00g3every"]);
    for app in ["0oa1oidc", "0oa4swa", "0oa5nomode"] {
        let entry = client.json(&format!("/api/v1/apps/{app}/users/{id}")).await;
        assert_eq!(entry["scope"], "GROUP", "{app}");
    }
    body["profile"]["login"] = "bob@new.example".into();
    for (groups, refused) in [
        (json!(["00g2push"]), (403, "E0000006")),
        (json!(["00gnone"]), (404, "E0000007")),
        (json!(vec!["00g1eng"; 21]), (400, "E0000093")),
        (json!([7]), (400, "E0000003")),
    ] {
        body["groupIds"] = groups;
        assert_eq!(client.post(USERS, &body).await.refusal(), (refused.0, refused.1.to_owned()));
    }
    assert_eq!(client.get("/api/v1/users/bob@new.example").await.status, 404, "nothing was half done");
}

#[tokio::test]
async fn profiles_are_checked_and_causes_told() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    let taken = "login: An object with this field already exists in the current organization";
    for (name, value, summary, cause) in [
        ("login", json!("ADA@acme.example"), "login", taken),
        ("login", json!("del@acme.example"), "login", taken),
        ("login", json!("grace"), "login", "login: Username must be in the form of an email address"),
        ("email", json!("grace"), "email", "email: Does not match required pattern"),
        ("firstName", json!(7), "firstName", "firstName: The field cannot be left blank"),
        ("lastName", json!(null), "lastName", "lastName: The field cannot be left blank"),
        ("lastName", json!("x".repeat(51)), "lastName", "lastName: The field is too long"),
        ("title", json!({"a": 1}), "title", "title: Incorrect type"),
        ("notValid", json!("x"), "newUser", "Property name 'notValid' is not defined in profile"),
    ] {
        let mut body = person("grace@new.example");
        body["profile"][name] = value;
        let refused = client.post(USERS, &body).await;
        assert_eq!(refused.refusal(), (400, "E0000001".to_owned()), "{name}");
        assert_eq!(refused.json()["errorSummary"], format!("Api validation failed: {summary}"));
        assert_eq!(refused.json()["errorCauses"], json!([{ "errorSummary": cause }]));
    }
    client.sim.change_org(|org| org.define_property("badge"));
    let mut body = person("grace@new.example");
    body["profile"]["badge"] = 7.into();
    assert_eq!(client.post(USERS, &body).await.json()["profile"]["badge"], 7);

    for password in ["short1A", "alllower1", "Hopper-19"] {
        let refused = client.post(USERS, &with_password("hopper@new.example", password)).await;
        let told = refused.json();
        assert_eq!(refused.refusal(), (400, "E0000001".to_owned()));
        let cause = told["errorCauses"][0]["errorSummary"].as_str().unwrap();
        assert!(cause.starts_with("password: Password requirements were not met."), "{cause}");
        assert!(!refused.text.contains(password));
    }
}

#[tokio::test]
async fn post_changes_what_is_named_and_put_replaces() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    let path = "/api/v1/users/00u1active";
    let before = client.json(path).await;
    let update = |profile: Value| json!({ "profile": profile });
    let changed = client.post(path, &update(json!({"title": "Chief", "secondEmail": null}))).await.json();
    let mut profile = before["profile"].clone();
    profile["title"] = "Chief".into();
    profile["secondEmail"] = Value::Null;
    assert_eq!(changed["profile"], profile);
    assert_ne!(changed["lastUpdated"], before["lastUpdated"]);
    assert_eq!(changed["status"], "ACTIVE");
    let cleared = client.post(path, &update(json!({"title": null}))).await.json();
    assert_eq!(cleared["profile"].get("title"), None);

    let whole =
        json!({"firstName": "Ada", "lastName": "Active", "login": "ada@acme.example", "email": "ada@new.example"});
    let replaced = client.put(path, &update(whole)).await.json();
    assert_eq!(
        replaced["profile"],
        json!({
            "firstName": "Ada", "lastName": "Active", "mobilePhone": null, "secondEmail": null,
            "login": "ada@acme.example", "email": "ada@new.example",
        })
    );
    let incomplete = client.put(path, &update(json!({"firstName": "Ada"}))).await;
    assert_eq!(incomplete.json()["errorCauses"].as_array().unwrap().len(), 3, "{}", incomplete.text);

    let moved = client.post(path, &update(json!({"login": "lady@acme.example"}))).await.json();
    assert_eq!(moved["profile"]["login"], "lady@acme.example");
    assert_eq!(client.json("/api/v1/users/lady@acme.example").await["id"], "00u1active");
    assert_eq!(client.get("/api/v1/users/ada@acme.example").await.status, 404);
    let clash = client.post(path, &update(json!({"login": "sid@acme.example"}))).await;
    assert_eq!(clash.refusal(), (400, "E0000001".to_owned()));

    let unknown = client.post(path, &update(json!({"title": "x", "nonsense": 1}))).await;
    assert_eq!(unknown.refusal(), (400, "E0000001".to_owned()));
    assert_eq!(client.json(path).await["profile"].get("title"), None, "one unknown name refuses the whole");
    let gone = client.post("/api/v1/users/00u8deprov", &update(json!({"title": "x"}))).await;
    assert_eq!(gone.refusal(), (403, "E0000038".to_owned()));
}

#[tokio::test]
async fn a_new_password_is_checked_and_ends_the_wait_for_one() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    let password = |value: &str| json!({"credentials": {"password": {"value": value}}});
    let refused = client.post("/api/v1/users/00u3prov", &password("short")).await;
    assert_eq!(refused.refusal(), (403, "E0000014".to_owned()));
    let set = client.post("/api/v1/users/00u3prov", &password("Correct-Horse-7")).await.json();
    assert_eq!((&set["status"], set["passwordChanged"].is_string()), (&"ACTIVE".into(), true));
}

#[tokio::test]
async fn deleting_takes_two_steps() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    let path = "/api/v1/users/00u10other";
    assert_eq!(client.delete(path).await.status, 204);
    assert_eq!(client.json(path).await["status"], "DEPROVISIONED");
    assert!(client.ids("/api/v1/users/00u10other/groups").await.contains(&"00g1eng".to_owned()), "groups stay");
    assert!(!client.ids("/api/v1/apps/0oa1oidc/users").await.contains(&"00u10other".to_owned()), "apps do not");
    let moved = client.json("/api/v1/groups/00g1eng").await["lastMembershipUpdated"].clone();
    assert_eq!(client.delete(path).await.status, 204);
    for reply in [client.get(path).await, client.delete(path).await] {
        assert_eq!(reply.refusal(), (404, "E0000007".to_owned()));
    }
    assert_eq!(client.ids("/api/v1/groups/00g1eng/users").await, ["00u1active", "00u3prov"]);
    assert_eq!(client.json("/api/v1/groups/00g1eng").await["lastMembershipUpdated"], moved);
    assert_eq!(client.get("/api/v1/users/00u10other/roles").await.status, 404);
    let admins = client.json("/api/v1/iam/assignees/users").await;
    assert!(admins["value"].as_array().unwrap().iter().all(|admin| admin["id"] != "00u10other"));
    assert_eq!(client.ids("/api/v1/users?search=status+pr").await.len(), 9);

    client.sim.change_org(|org| org.set_deletion_moves_groups(true));
    client.sim.advance_clock(std::time::Duration::from_secs(60));
    client.sim.change_org(|org| org.remove_user("00u3prov")).unwrap();
    assert_ne!(client.json("/api/v1/groups/00g1eng").await["lastMembershipUpdated"], moved);
}

#[tokio::test]
async fn generated_users_stay_as_they_are_until_they_change() {
    let client = Client::start(SimConfig::new(Org::generate(&Shape::new(300, 10, 5)))).await;
    let before = client.all("/api/v1/users?search=status+pr").await.0;
    let user = before.iter().rev().find(|user| user["status"] == "ACTIVE").unwrap();
    let path = format!("/api/v1/users/{}", user["id"].as_str().unwrap());
    client.post(&path, &json!({"profile": {"title": "Changed", "hireYear": 1999}})).await;
    let after = client.all("/api/v1/users?search=status+pr").await.0;
    for (before, after) in before.iter().zip(&after) {
        if before["id"] != user["id"] {
            assert_eq!(before, after);
            continue;
        }
        let mut expected = before.clone();
        expected["profile"]["title"] = "Changed".into();
        expected["profile"]["hireYear"] = 1999.into();
        expected["lastUpdated"] = after["lastUpdated"].clone();
        assert_eq!(&expected, after);
    }
    let found = client.ids("/api/v1/users?search=profile.title+eq+%22changed%22").await;
    assert_eq!(found, [user["id"].as_str().unwrap()]);
    let login = user["profile"]["login"].as_str().unwrap();
    assert_eq!(client.json(&format!("/api/v1/users/{login}")).await["id"], user["id"]);
}

#[tokio::test]
async fn me_is_the_owner_of_the_token() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    assert_eq!(client.json("/api/v1/users/me").await["id"], "00u1active");
    assert_eq!(client.post_nothing("/api/v1/users/me/lifecycle/suspend").await.status, 200);
    assert_eq!(client.sim.with_org(|org| org.status_of("00u1active")).unwrap(), "SUSPENDED");
}
