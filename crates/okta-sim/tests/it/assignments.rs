//! Users and groups of apps.

use okta_sim::{Org, Shape, SimConfig};
use serde_json::{Value, json};

use crate::client::{Client, ids};

fn scope(entry: &Value) -> (&str, Option<&str>) {
    let group = entry["_links"]["group"]["href"].as_str().and_then(|href| href.rsplit('/').next());
    (entry["scope"].as_str().unwrap(), group)
}

#[tokio::test]
async fn users_get_and_lose_apps() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    let list = "/api/v1/apps/0oa2saml/users";
    let one = "/api/v1/apps/0oa2saml/users/00u1active";
    let missing = client.get(one).await;
    assert_eq!(missing.refusal(), (404, "E0000007".to_owned()));
    let body = json!({
        "id": "00u1active", "scope": "USER", "credentials": {"userName": "lovelace"}, "profile": {"seat": 7},
    });
    let made = client.post(list, &body).await;
    assert_eq!(made.status, 200, "{}", made.text);
    let made = made.json();
    assert_eq!(
        (scope(&made), &made["credentials"]["userName"], &made["profile"]["seat"]),
        (("USER", None), &"lovelace".into(), &7.into())
    );
    assert_eq!(made["created"], made["lastUpdated"]);
    assert_eq!(client.json(one).await, made);
    assert_eq!(client.ids(list).await, ["00u1active", "00u7susp"]);
    assert_eq!(client.post(list, &body).await.refusal(), (409, "E0000062".to_owned()));
    let changed = client.post(one, &json!({"credentials": {"userName": "ada"}})).await.json();
    assert_eq!(changed["credentials"]["userName"], "ada");

    assert_eq!(client.delete(one).await.status, 204);
    for reply in [client.get(one).await, client.delete(one).await] {
        assert_eq!(reply.refusal(), (404, "E0000007".to_owned()));
    }
    let template = client.post(list, &json!({"id": "00u1active", "scope": "USER"})).await.json();
    assert_eq!(template["credentials"]["userName"], "ada@acme.example", "the app's own user name template");
}

#[tokio::test]
async fn assignments_that_okta_refuses() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    for (path, body, status, code) in [
        ("0oa2saml", json!({"id": "00unobody"}), 404, "E0000007"),
        ("0oanone", json!({"id": "00u1active"}), 404, "E0000007"),
        ("0oa2saml", json!({}), 400, "E0000001"),
        ("0oa2saml", json!({"id": "00u1active", "scope": "GROUP"}), 400, "E0000001"),
        ("0oa2saml", json!({"id": "00u1active", "profile": []}), 400, "E0000003"),
        ("0oa2saml", json!({"id": "00u8deprov"}), 403, "E0000117"),
    ] {
        let refused = client.post(&format!("/api/v1/apps/{path}/users"), &body).await;
        assert_eq!(refused.refusal(), (status, code.to_owned()), "{path} {body}");
    }
}

#[tokio::test]
async fn groups_bring_apps_and_take_them_along() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    let users = || async { client.json("/api/v1/apps/0oa3book/users").await };
    let one = "/api/v1/apps/0oa3book/groups/00g1eng";
    assert_eq!(client.get(one).await.refusal(), (404, "E0000007".to_owned()));
    let made = client.put(one, &json!({})).await;
    assert_eq!((made.status.as_u16(), &made.json()["id"]), (200, &"00g1eng".into()));
    assert_eq!(client.json(one).await, made.json());
    assert_eq!(client.ids("/api/v1/groups/00g1eng/apps").await, ["0oa1oidc", "0oa3book", "0oa5nomode"]);
    let brought = users().await;
    assert_eq!(ids(brought.as_array().unwrap()), ["00u1active", "00u3prov", "00u10other"]);
    assert!(brought.as_array().unwrap().iter().all(|entry| scope(entry) == ("GROUP", Some("00g1eng"))));

    client.put_nothing("/api/v1/groups/00g1eng/users/00u7susp").await;
    client.delete("/api/v1/groups/00g1eng/users/00u3prov").await;
    assert_eq!(ids(users().await.as_array().unwrap()), ["00u1active", "00u7susp", "00u10other"]);
    assert_eq!(client.ids("/api/v1/apps/0oa1oidc/users").await, ["00u1active", "00u7susp", "00u10other"]);

    let again = client.put(one, &json!({"priority": 5, "profile": {"tier": "gold"}})).await.json();
    assert_eq!((&again["priority"], &again["profile"]["tier"]), (&5.into(), &"gold".into()));
    assert_eq!(client.delete(one).await.status, 204);
    assert_eq!(client.delete(one).await.refusal(), (404, "E0000007".to_owned()));
    assert!(users().await.as_array().unwrap().is_empty());
    for path in ["/api/v1/apps/0oa3book/groups/00gnone", "/api/v1/apps/0oanone/groups/00g1eng"] {
        assert_eq!(client.put(path, &json!({})).await.refusal(), (404, "E0000007".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn who_has_an_app_twice_keeps_it_until_both_are_gone() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    let one = "/api/v1/apps/0oa1oidc/users/00u3prov";
    let shown = || async { client.json(one).await };
    assert_eq!(scope(&shown().await), ("GROUP", Some("00g1eng")));
    let taken = client.post("/api/v1/apps/0oa1oidc/users", &json!({"id": "00u3prov", "scope": "USER"})).await;
    assert_eq!(taken.status, 200, "what comes through a group becomes direct");
    assert_eq!(scope(&shown().await), ("USER", None));
    client.delete("/api/v1/groups/00g1eng/users/00u3prov").await;
    assert_eq!(scope(&shown().await), ("USER", None));
    client.put_nothing("/api/v1/groups/00g1eng/users/00u3prov").await;
    assert_eq!(client.delete(one).await.status, 204);
    assert_eq!(scope(&shown().await), ("GROUP", Some("00g1eng")), "the group still brings it");
    assert_eq!(client.delete(one).await.status, 204, "Okta answers the same");
    assert_eq!(scope(&shown().await), ("GROUP", Some("00g1eng")), "but what a group brings stays");

    client.put("/api/v1/apps/0oa1oidc/groups/00g3every", &json!({})).await;
    client.delete("/api/v1/groups/00g1eng/users/00u3prov").await;
    assert_eq!(scope(&shown().await), ("GROUP", Some("00g3every")), "the next group");
}

#[tokio::test]
async fn an_org_can_demand_user_names() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    client.sim.change_org(|org| org.set_demand_user_names(true));
    let users = "/api/v1/apps/0oa1oidc/users";
    let bare = client.post(users, &json!({"id": "00u2staged", "scope": "USER"})).await;
    assert_eq!(bare.refusal(), (400, "E0000001".to_owned()));
    let named = json!({"id": "00u2staged", "scope": "USER", "credentials": {"userName": "sid"}});
    assert_eq!(client.post(users, &named).await.json()["credentials"]["userName"], "sid");
    let again = client.post(&format!("{users}/00u2staged"), &json!({"profile": {"seat": 1}})).await;
    assert_eq!(again.status, 200, "who has the app has a name");
}

#[tokio::test]
async fn skinny_users_of_apps_have_empty_profiles_and_their_own_bucket() {
    let client = Client::start(SimConfig::new(Org::generate(&Shape::new(300, 20, 6)))).await;
    let apps = client.sim.with_org(|org| org.app_ids(false).collect::<Vec<_>>());
    let mut with_profile = 0;
    for app in &apps {
        let full = client.all(&format!("/api/v1/apps/{app}/users")).await.0;
        let skinny = client.all(&format!("/api/v1/apps/{app}/skinny_users")).await.0;
        assert_eq!(ids(&full), ids(&skinny));
        for (mut full, skinny) in full.into_iter().zip(skinny) {
            with_profile += usize::from(full["profile"] != json!({}));
            full["profile"] = json!({});
            assert_eq!(full, skinny);
        }
    }
    assert!(with_profile > 0);
    assert!(client.sim.stats().by_bucket["/api/v1/apps/{id}/skinny_users"] >= apps.len() as u64);
    // What was written by a request is shown without its profile as well.
    let client = Client::start(SimConfig::new(Org::facts())).await;
    let body = json!({"id": "00u1active", "scope": "USER", "profile": {"seat": 7}});
    assert_eq!(client.post("/api/v1/apps/0oa2saml/users", &body).await.status, 200);
    let written = client.all("/api/v1/apps/0oa2saml/skinny_users").await.0;
    let written = written.iter().find(|it| it["id"] == "00u1active").unwrap();
    assert_eq!((&written["profile"], &written["scope"]), (&json!({}), &"USER".into()));
}
