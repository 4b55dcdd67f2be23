//! The statuses of users: every operation from every status.

use okta_sim::{Org, SimConfig, Write};
use serde_json::{Value, json};

use crate::client::Client;
use crate::users::person;

/// A user of each status in the fixed org.
const USERS: [(&str, &str); 8] = [
    ("00u1active", "ACTIVE"),
    ("00u2staged", "STAGED"),
    ("00u3prov", "PROVISIONED"),
    ("00u4recov", "RECOVERY"),
    ("00u5pwexp", "PASSWORD_EXPIRED"),
    ("00u6locked", "LOCKED_OUT"),
    ("00u7susp", "SUSPENDED"),
    ("00u8deprov", "DEPROVISIONED"),
];

/// Runs an operation on a user of every status. What is not named in `moves` (status before and after) has to be
/// refused so.
async fn table(operation: &str, moves: &[(&str, &str)], refused: impl Fn(&str) -> (u16, &'static str)) {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    for (id, before) in USERS {
        let reply = client.post_nothing(&format!("/api/v1/users/{id}/lifecycle/{operation}")).await;
        let after = client.json(&format!("/api/v1/users/{id}")).await["status"].clone();
        match moves.iter().find(|(from, _)| *from == before) {
            Some((_, to)) => {
                assert_eq!(reply.status, 200, "{operation} from {before}: {}", reply.text);
                assert_eq!(after, *to, "{operation} from {before}");
            }
            None => {
                let (status, code) = refused(before);
                assert_eq!(reply.refusal(), (status, code.to_owned()), "{operation} from {before}");
                assert_eq!(after, before, "{operation} is refused");
            }
        }
    }
}

#[tokio::test]
async fn users_are_activated_and_deactivated() {
    table("activate", &[("STAGED", "ACTIVE"), ("DEPROVISIONED", "ACTIVE")], |before| match before {
        "ACTIVE" | "PROVISIONED" | "PASSWORD_EXPIRED" => (403, "E0000016"),
        _ => (403, "E0000038"),
    })
    .await;
    table("reactivate", &[("PROVISIONED", "PROVISIONED"), ("RECOVERY", "PROVISIONED")], |_| (403, "E0000038")).await;
    let all: Vec<(&str, &str)> = USERS[..7].iter().map(|(_, status)| (*status, "DEPROVISIONED")).collect();
    table("deactivate?sendEmail=false", &all, |_| (404, "E0000007")).await;
}

#[tokio::test]
async fn users_are_suspended_and_unlocked() {
    table("suspend", &[("ACTIVE", "SUSPENDED")], |_| (400, "E0000001")).await;
    table("unsuspend", &[("SUSPENDED", "ACTIVE")], |_| (400, "E0000001")).await;
    table("unlock", &[("LOCKED_OUT", "ACTIVE")], |_| (403, "E0000032")).await;
}

#[tokio::test]
async fn passwords_are_expired_and_reset() {
    let expired = ["ACTIVE", "PASSWORD_EXPIRED", "LOCKED_OUT", "RECOVERY"].map(|from| (from, "PASSWORD_EXPIRED"));
    table("expire_password", &expired, |_| (403, "E0000038")).await;
    let reset = ["ACTIVE", "PROVISIONED", "RECOVERY", "PASSWORD_EXPIRED", "LOCKED_OUT"].map(|from| (from, "RECOVERY"));
    table("reset_password?sendEmail=true", &reset, |_| (403, "E0000017")).await;
    table("reset_password", &[], |_| (400, "E0000028")).await;
}

#[tokio::test]
async fn answers_say_what_okta_says() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    let run = |user: &'static str, operation: &'static str| {
        let client = &client;
        async move { client.post_nothing(&format!("/api/v1/users/{user}/lifecycle/{operation}")).await }
    };
    let suspend = run("00u3prov", "suspend").await.json();
    assert_eq!(suspend["errorSummary"], "Api validation failed: suspendUser");
    assert_eq!(suspend["errorCauses"], json!([{"errorSummary": "Cannot suspend a user that is not active"}]));
    let unlock = run("00u1active", "unlock").await.json();
    assert_eq!(unlock["errorSummary"], "Unlock is not allowed for this user.");
    assert_eq!(unlock["errorCauses"], json!([{"errorSummary": "The user is not locked out."}]));
    assert_eq!(run("00u1active", "suspend").await.json(), json!({}));
    assert_eq!(run("00u1active", "unsuspend").await.json(), json!({}));
    assert_eq!(run("00u6locked", "expire_password").await.json()["id"], "00u6locked");
    assert!(run("00u6locked", "expire_password?tempPassword=true").await.json()["tempPassword"].is_string());
    let reset = run("00u1active", "reset_password?sendEmail=false").await.json();
    assert!(reset["resetPasswordUrl"].as_str().unwrap().starts_with(&format!("{}/reset_password/", client.sim.url())));
    let activated = run("00u2staged", "activate?sendEmail=false").await.json();
    let token = activated["activationToken"].as_str().unwrap();
    assert_eq!(activated["activationUrl"], format!("{}/tokens/{token}/verify", client.sim.url()));
    assert_eq!(run("00u1active", "nonsense").await.refusal(), (404, "E0000008".to_owned()));
    let unknown = run("00unobody", "suspend").await.json();
    assert_eq!(unknown["errorSummary"], "Not found: Resource not found: 00unobody (User)");
}

#[tokio::test]
async fn statuses_come_with_their_instants_and_links() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    let before = client.json("/api/v1/users/00u1active").await;
    client.post_nothing("/api/v1/users/00u1active/lifecycle/suspend").await;
    let after = client.json("/api/v1/users/00u1active").await;
    for instant in ["statusChanged", "lastUpdated"] {
        assert_ne!(before[instant], after[instant], "{instant}");
    }
    assert_eq!(before["activated"], after["activated"]);
    assert!(after["_links"].get("unsuspend").is_some() && after["_links"].get("suspend").is_none());
    assert_eq!(client.json("/api/v1/users").await[0]["status"], "SUSPENDED");
}

#[tokio::test]
async fn who_is_deactivated_loses_apps_and_gets_back_what_groups_bring() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    let apps = || client.sim.with_org(|org| org.app_users().filter(|it| it.user == "00u10other").collect::<Vec<_>>());
    client.post("/api/v1/apps/0oa2saml/users", &json!({"id": "00u10other", "scope": "USER"})).await;
    let before: Vec<String> = apps().into_iter().map(|it| it.app).collect();
    assert_eq!(before, ["0oa1oidc", "0oa2saml"]);
    client.post_nothing("/api/v1/users/00u10other/lifecycle/deactivate").await;
    assert!(apps().is_empty());
    assert_eq!(client.ids("/api/v1/users/00u10other/groups").await, ["00g1eng"], "Everyone holds nobody deactivated");
    let refused = client.post("/api/v1/apps/0oa2saml/users", &json!({"id": "00u10other", "scope": "USER"})).await;
    assert_eq!(refused.refusal(), (403, "E0000117".to_owned()));

    client.post_nothing("/api/v1/users/00u10other/lifecycle/activate?sendEmail=false").await;
    assert_eq!(client.json("/api/v1/users/00u10other").await["status"], "PROVISIONED", "the password is gone");
    let after = apps();
    assert_eq!(after.iter().map(|it| it.app.as_str()).collect::<Vec<_>>(), ["0oa1oidc", "0oa4swa", "0oa5nomode"]);
    assert!(after.iter().all(|it| it.via_group.is_some()));
    assert_eq!(client.ids("/api/v1/users/00u10other/groups").await, ["00g1eng", "00g3every"]);
}

#[tokio::test]
async fn suspended_users_keep_groups_and_apps() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    client.post_nothing("/api/v1/users/00u1active/lifecycle/suspend").await;
    assert!(client.ids("/api/v1/groups/00g1eng/users").await.contains(&"00u1active".to_owned()));
    assert_eq!(client.json("/api/v1/apps/0oa1oidc/users/00u1active").await["scope"], "USER");
}

#[tokio::test]
async fn a_deactivation_can_take_a_few_reads() {
    let mut org = Org::facts();
    org.set_slow_deactivation(2);
    let client = Client::start(SimConfig::new(org)).await;
    let path = "/api/v1/users/00u1active";
    assert_eq!(client.post_nothing(&format!("{path}/lifecycle/deactivate")).await.status, 200);
    let mut seen: Vec<(Value, Value)> = Vec::new();
    for _ in 0..3 {
        let user = client.json(path).await;
        seen.push((user["status"].clone(), user["transitioningToStatus"].clone()));
    }
    let going = (json!("ACTIVE"), json!("DEPROVISIONED"));
    assert_eq!(seen, [going.clone(), going, (json!("DEPROVISIONED"), Value::Null)]);
}

#[tokio::test]
async fn a_life_from_beginning_to_end() {
    let client = Client::start(SimConfig { record_writes: true, ..SimConfig::new(Org::facts()) }).await;
    let id = client.post("/api/v1/users?activate=false", &person("eve@new.example")).await.json()["id"].clone();
    let path = format!("/api/v1/users/{}", id.as_str().unwrap());
    let mut statuses = vec![client.json(&path).await["status"].clone()];
    for operation in ["activate?sendEmail=false", "reactivate", "deactivate?sendEmail=false", "activate"] {
        assert_eq!(client.post_nothing(&format!("{path}/lifecycle/{operation}")).await.status, 200, "{operation}");
        statuses.push(client.json(&path).await["status"].clone());
    }
    assert_eq!(statuses, ["STAGED", "PROVISIONED", "PROVISIONED", "DEPROVISIONED", "PROVISIONED"]);
    let sent: Vec<String> = client.sim.writes().iter().map(Write::line).collect();
    assert_eq!(sent[0], "POST /api/v1/users?activate=false");
    assert_eq!(sent[1], format!("POST {path}/lifecycle/activate?sendEmail=false"));
    assert_eq!(client.sim.writes()[0].body, person("eve@new.example"));
    assert_eq!(client.sim.writes()[1].body, Value::Null);
}
