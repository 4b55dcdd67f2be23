//! Making, changing and deleting groups, and who is in them.

use okta_sim::{Org, Shape, SimConfig, SkinnyUsers};
use serde_json::{Value, json};

use crate::client::{Client, ids};

#[tokio::test]
async fn groups_are_made_changed_and_deleted() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    let made = client.post("/api/v1/groups", &json!({"profile": {"name": "Night shift"}})).await;
    assert_eq!(made.status, 200, "{}", made.text);
    let made = made.json();
    assert_eq!(made["type"], "OKTA_GROUP");
    assert_eq!(made["profile"], json!({"name": "Night shift", "description": null}));
    assert_eq!(made["created"], made["lastMembershipUpdated"]);
    let id = made["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/groups/{id}");
    assert_eq!(client.json(&path).await, made);
    assert!(client.ids("/api/v1/groups").await.contains(&id));

    let changed = client.put(&path, &json!({"profile": {"name": "Day shift", "description": "d"}})).await.json();
    assert_eq!(changed["profile"], json!({"name": "Day shift", "description": "d"}));
    let changed = client.put(&path, &json!({"profile": {"name": "Day shift"}})).await.json();
    assert_eq!(changed["profile"]["description"], Value::Null, "what is left out is lost");

    let gone = client.delete(&path).await;
    assert_eq!((gone.status.as_u16(), gone.text.as_str()), (204, ""));
    assert_eq!(client.get(&path).await.refusal(), (404, "E0000007".to_owned()));
    assert_eq!(client.delete(&path).await.refusal(), (404, "E0000007".to_owned()));
    let again = client.post("/api/v1/groups", &json!({"profile": {"name": "Night shift"}})).await.json();
    assert_ne!(again["id"], made["id"], "no id is given twice");
}

#[tokio::test]
async fn groups_that_okta_refuses() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    let profile = |profile: Value| json!({ "profile": profile });
    for (body, summary, cause) in [
        (
            profile(json!({"name": "Engineering"})),
            "Api validation failed: name",
            "name: An object with this field already exists in the current organization",
        ),
        (profile(json!({"name": ""})), "Api validation failed: name", "name: The field cannot be left blank"),
        (json!({}), "Api validation failed: name", "name: The field cannot be left blank"),
        (profile(json!({"name": "x".repeat(256)})), "Api validation failed: name", "name: The field is too long"),
        (
            profile(json!({"name": "x", "level": 7})),
            "Api validation failed: profile",
            "Property name 'level' is not defined in profile",
        ),
    ] {
        let refused = client.post("/api/v1/groups", &body).await;
        assert_eq!(refused.refusal(), (400, "E0000001".to_owned()), "{body}");
        assert_eq!(refused.json()["errorSummary"], summary);
        assert_eq!(refused.json()["errorCauses"], json!([{ "errorSummary": cause }]));
    }
    let rename = profile(json!({"name": "Renamed"}));
    for (group, status) in [("00g2push", 403), ("00g3every", 403), ("00gnone", 404)] {
        assert_eq!(client.put(&format!("/api/v1/groups/{group}"), &rename).await.status, status, "{group}");
    }
    assert_eq!(client.delete("/api/v1/groups/00g3every").await.refusal(), (403, "E0000006".to_owned()));
    assert_eq!(client.delete("/api/v1/groups/00g2push").await.status, 204, "imported groups can be deleted");
}

#[tokio::test]
async fn members_come_and_go_and_repeats_change_nothing() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    let path = "/api/v1/groups/00g4empty/users/00u6locked";
    let moved = || async { client.json("/api/v1/groups/00g4empty").await["lastMembershipUpdated"].clone() };
    let updated = client.json("/api/v1/groups/00g4empty").await["lastUpdated"].clone();
    let before = moved().await;
    for _ in 0..2 {
        assert_eq!(client.put_nothing(path).await.status, 204);
        assert_eq!(client.ids("/api/v1/groups/00g4empty/users").await, ["00u6locked"]);
    }
    let joined = moved().await;
    assert_ne!(joined, before);
    client.sim.advance_clock(std::time::Duration::from_secs(60));
    client.put_nothing(path).await;
    assert_eq!(moved().await, joined, "a repeat moves nothing");
    for _ in 0..2 {
        assert_eq!(client.delete(path).await.status, 204);
    }
    assert_ne!(moved().await, joined);
    assert_eq!(client.json("/api/v1/groups/00g4empty").await["lastUpdated"], updated, "that is for profiles");
    assert!(client.ids("/api/v1/groups/00g4empty/users").await.is_empty());
    assert_eq!(client.json("/api/v1/groups/00g4empty?expand=stats").await["_embedded"]["stats"]["usersCount"], 0);
}

#[tokio::test]
async fn only_groups_that_nothing_else_fills_take_members() {
    let mut org = Org::facts();
    org.set_rule_managed("00g4empty", true).unwrap();
    let client = Client::start(SimConfig::new(org)).await;
    for group in ["00g2push", "00g3every", "00g5nostats", "00g4empty"] {
        let path = format!("/api/v1/groups/{group}/users/00u2staged");
        assert_eq!(client.put_nothing(&path).await.refusal(), (403, "E0000006".to_owned()), "{group}");
        if group != "00g4empty" {
            assert_eq!(client.delete(&path).await.refusal(), (403, "E0000006".to_owned()), "{group}");
        }
    }
    let unknown_user = client.put_nothing("/api/v1/groups/00g1eng/users/00unobody").await.json();
    assert_eq!(unknown_user["errorSummary"], "Not found: Resource not found: 00unobody (User)");
    let unknown_group = client.put_nothing("/api/v1/groups/00gnone/users/00u2staged").await.json();
    assert_eq!(unknown_group["errorSummary"], "Not found: Resource not found: 00gnone (UserGroup)");

    client.sim.change_org(|org| org.set_rule_managed("00g4empty", false)).unwrap();
    assert_eq!(client.put_nothing("/api/v1/groups/00g4empty/users/00u2staged").await.status, 204);
}

#[tokio::test]
async fn rules_tell_which_groups_they_fill() {
    let mut org = Org::facts();
    for group in ["00g1eng", "00g4empty"] {
        org.set_rule_managed(group, true).unwrap();
    }
    let client = Client::start(SimConfig { page_cap: Some(1), ..SimConfig::new(org) }).await;
    let (rules, sizes) = client.all("/api/v1/groups/rules?expand=groupIdToGroupNameMap").await;
    assert_eq!(sizes, [1, 1]);
    assert_eq!(rules[0]["status"], "ACTIVE");
    assert_eq!(rules[0]["actions"]["assignUserToGroups"]["groupIds"], json!(["00g1eng"]));
    assert_eq!(rules[1]["_embedded"]["groupIdToGroupNameMap"], json!({"00g4empty": "Empty"}));
    let plain = client.json("/api/v1/groups/rules?search=empty").await;
    assert_eq!(ids(plain.as_array().unwrap()), [rules[1]["id"].as_str().unwrap()]);
    assert_eq!(plain[0].get("_embedded"), None);
}

#[tokio::test]
async fn a_rule_excludes_a_member_who_is_taken_out_until_its_list_is_full() {
    let mut org = Org::facts();
    org.set_rule_managed("00g1eng", true).unwrap();
    let client = Client::start(SimConfig::new(org)).await;
    let excluded =
        || async { client.json("/api/v1/groups/rules").await[0]["conditions"]["people"]["users"]["exclude"].clone() };
    const PAT: &str = "/api/v1/groups/00g1eng/users/00u3prov";
    for path in [PAT, PAT, "/api/v1/groups/00g1eng/users/00u7susp"] {
        assert_eq!(client.delete(path).await.status, 204);
        assert_eq!(excluded().await, json!(["00u3prov"]), "nobody who was no member is excluded");
    }
    assert!(!client.ids("/api/v1/groups/00g1eng/users").await.contains(&"00u3prov".to_owned()));

    client.sim.change_org(|org| org.set_rule_matching("00g1eng", false)).unwrap();
    assert_eq!(client.delete("/api/v1/groups/00g1eng/users/00u10other").await.status, 204);
    assert_eq!(excluded().await, json!(["00u3prov"]), "nor somebody whom the rule does not match");

    client.sim.change_org(|org| org.set_rule_matching("00g1eng", true)).unwrap();
    let full: Vec<String> = (0..100).map(|n| format!("00ugone{n}")).collect();
    let full: Vec<&str> = full.iter().map(String::as_str).collect();
    client.sim.change_org(|org| org.set_rule_exclusions("00g1eng", &full)).unwrap();
    assert_eq!(client.delete("/api/v1/groups/00g1eng/users/00u1active").await.refusal(), (400, "E0000001".to_owned()));
    assert!(client.ids("/api/v1/groups/00g1eng/users").await.contains(&"00u1active".to_owned()));
}

#[tokio::test]
async fn a_deleted_group_takes_along_what_it_gave() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    assert_eq!(client.delete("/api/v1/groups/00g1eng").await.status, 204);
    assert_eq!(client.ids("/api/v1/apps/0oa1oidc/users").await, ["00u1active"], "who has it directly keeps it");
    assert!(client.ids("/api/v1/apps/0oa1oidc/groups").await.is_empty());
    assert_eq!(client.ids("/api/v1/users/00u3prov/groups").await, ["00g3every"]);
    assert_eq!(client.json("/api/v1/users/00u3prov/roles").await, json!([]));
    let members = client.sim.with_org(|org| org.binding_members("iamrs1", "cr0vault")).unwrap();
    assert_eq!(members, ["/api/v1/users/00u9weird", "/oauth2/v1/clients/0oa1oidc"]);
    assert_eq!(client.get("/api/v1/groups/00g1eng/users").await.status, 404);
}

#[tokio::test]
async fn lists_go_on_behind_an_object_that_went() {
    let org = Org::generate(&Shape::new(60, 20, 4));
    let client = Client::start(SimConfig { page_cap: Some(5), ..SimConfig::new(org) }).await;
    let all = client.ids("/api/v1/groups").await;
    let first = client.get("/api/v1/groups").await;
    let next = first.link("next").unwrap().strip_prefix(&client.sim.url()).unwrap().to_owned();
    client.sim.change_org(|org| org.remove_group(&all[4])).unwrap();
    assert_eq!(client.ids(&next).await, all[5..], "the cursor names the group that went");
    let left = client.ids("/api/v1/groups").await;
    assert_eq!(left, [&all[..4], &all[5..]].concat());
    assert_eq!(client.sim.with_org(Org::group_count), 19);
}

#[tokio::test]
async fn skinny_users_have_their_own_bucket_and_no_provider() {
    let client = Client::start(SimConfig::new(Org::generate(&Shape::new(200, 10, 4)))).await;
    let group = client.sim.with_org(|org| org.group_ids().nth(2).unwrap());
    let full = client.all(&format!("/api/v1/groups/{group}/users")).await.0;
    let skinny = client.all(&format!("/api/v1/groups/{group}/skinny_users")).await.0;
    assert_eq!(ids(&full), ids(&skinny));
    assert!(full.iter().all(|user| user["credentials"].get("provider").is_some()));
    for (full, skinny) in full.iter().zip(&skinny) {
        assert_eq!((skinny["credentials"].get("provider"), &skinny["profile"]), (None, &full["profile"]));
    }
    assert_eq!(client.sim.stats().by_bucket["/api/v1/groups/{id}/skinny_users"], 1);
}

#[tokio::test]
async fn an_org_may_not_have_skinny_users_or_link_them_to_the_plain_list() {
    let org = || SimConfig { page_cap: Some(20), ..SimConfig::new(Org::generate(&Shape::new(200, 10, 4))) };
    let client = Client::start(SimConfig { skinny_users: SkinnyUsers::Absent, ..org() }).await;
    let group = client.sim.with_org(|org| org.group_ids().next().unwrap());
    let app = client.sim.with_org(|org| org.app_ids(false).next().unwrap());
    for path in [format!("/api/v1/groups/{group}/skinny_users"), format!("/api/v1/apps/{app}/skinny_users")] {
        assert_eq!(client.get(&path).await.refusal(), (404, "E0000008".to_owned()));
    }
    let client = Client::start(SimConfig { skinny_users: SkinnyUsers::Straying, ..org() }).await;
    let path = format!("/api/v1/groups/{group}/skinny_users");
    let next = client.get(&path).await.link("next").unwrap();
    assert!(next.contains(&format!("/groups/{group}/users?after=")), "{next}");
    assert_eq!(client.ids(&path).await, client.ids(&format!("/api/v1/groups/{group}/users")).await);
}

#[tokio::test]
async fn imported_groups_embed_their_app() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    let groups = client.json("/api/v1/groups?expand=app").await;
    assert_eq!(
        groups[1]["_embedded"],
        json!({"app": {"id": "0oa2saml", "name": "payroll_saml", "label": "Payroll SAML"}})
    );
    assert_eq!(groups[0].get("_embedded"), None);
    let both = client.json("/api/v1/groups/00g2push?expand=stats,app").await;
    assert_eq!(
        (&both["_embedded"]["stats"]["usersCount"], &both["_embedded"]["app"]["id"]),
        (&1.into(), &"0oa2saml".into())
    );
}
