//! Giving admin roles and taking them away; bindings and their members.

use okta_sim::{Org, Principal, SimConfig};
use serde_json::{Value, json};

use crate::client::{Client, ids};

const BINDINGS: &str = "/api/v1/iam/resource-sets/iamrs1/bindings";

async fn types(client: &Client, path: &str) -> Vec<String> {
    let roles = client.json(path).await;
    roles.as_array().unwrap().iter().map(|role| role["type"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn roles_are_given_and_taken() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    let roles = "/api/v1/users/00u6locked/roles";
    let made = client.post(roles, &json!({"type": "APP_ADMIN"})).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!((&made.json()["id"], &made.json()["assignmentType"]), (&"IFIFAX2BIRGUSTQ".into(), &"USER".into()));
    assert_eq!(client.json(&format!("{roles}/IFIFAX2BIRGUSTQ")).await, made.json());
    assert_eq!(client.post(roles, &json!({"type": "APP_ADMIN"})).await.refusal(), (409, "E0000090".to_owned()));
    let other = client.post("/api/v1/groups/00g4empty/roles", &json!({"type": "APP_ADMIN"})).await;
    assert_eq!((other.status.as_u16(), &other.json()["id"]), (201, &"IFIFAX2BIRGUSTQ".into()), "ids repeat");
    let first = client.post(roles, &json!({"type": "SUPER_ADMIN"})).await.json()["id"].clone();
    let second =
        client.post("/api/v1/users/00u7susp/roles", &json!({"type": "SUPER_ADMIN"})).await.json()["id"].clone();
    assert_ne!(first, second, "others are unique");
    let flow = client.post(roles, &json!({"type": "WORKFLOWS_ADMIN"})).await.json();
    assert_eq!(flow["resource-set"], "WORKFLOWS_IAM_POLICY");
    assert_eq!(client.post(roles, &json!({"type": "WORKFLOWS_ADMIN"})).await.refusal(), (409, "E0000263".to_owned()));
    assert_eq!(types(&client, roles).await, ["APP_ADMIN", "SUPER_ADMIN", "WORKFLOWS_ADMIN"]);
    let admins = || async { client.json("/api/v1/iam/assignees/users").await["value"].clone() };
    assert!(ids(admins().await.as_array().unwrap()).contains(&"00u6locked".to_owned()));

    for id in ["IFIFAX2BIRGUSTQ", first.as_str().unwrap(), flow["id"].as_str().unwrap()] {
        assert_eq!(client.delete(&format!("{roles}/{id}")).await.status, 204);
        let again = client.delete(&format!("{roles}/{id}")).await.json();
        assert_eq!(again["errorSummary"], format!("Not found: Resource not found: {id} (RoleAssignment)"));
    }
    assert!(!ids(admins().await.as_array().unwrap()).contains(&"00u6locked".to_owned()));
    for (body, code) in [(json!({"type": "KING"}), "E0000001"), (json!({}), "E0000001"), (json!([]), "E0000003")] {
        assert_eq!(client.post(roles, &body).await.refusal(), (400, code.to_owned()), "{body}");
    }
    assert_eq!(client.post("/api/v1/users/00unobody/roles", &json!({"type": "APP_ADMIN"})).await.refusal().0, 404);
}

#[tokio::test]
async fn roles_are_limited_to_targets() {
    let mut org = Org::facts();
    org.grant_role(Principal::User("00u2staged"), "HELP_DESK_ADMIN").unwrap();
    org.limit_role(Principal::Group("00g1eng"), "APP_ADMIN", &["0oa1oidc", "0oa2saml"]).unwrap();
    assert!(org.limit_role(Principal::Group("00g1eng"), "USER_ADMIN", &[]).is_err(), "it does not hold it");
    let client = Client::start(SimConfig::new(org)).await;
    let groups = "/api/v1/users/00u2staged/roles/JBCUYUC7IRCVGS27IFCE2SKO/targets/groups";
    assert_eq!(client.json(groups).await, json!([]), "the whole org");
    client
        .sim
        .change_org(|org| org.limit_role(Principal::User("00u2staged"), "HELP_DESK_ADMIN", &["00g1eng"]))
        .unwrap();
    let targets = client.json(groups).await;
    assert_eq!(
        (ids(targets.as_array().unwrap()), &targets[0]["profile"]["name"]),
        (vec!["00g1eng".into()], &"Engineering".into())
    );
    // Also as the member of a group that holds it.
    for holder in ["groups/00g1eng", "users/00u3prov"] {
        let apps = client.json(&format!("/api/v1/{holder}/roles/IFIFAX2BIRGUSTQ/targets/catalog/apps")).await;
        assert_eq!(ids(apps.as_array().unwrap()), ["0oa1oidc", "0oa2saml"], "{holder}");
    }
    let unheld = "/api/v1/users/00u2staged/roles/IFIFAX2BIRGUSTQ/targets/catalog/apps";
    assert_eq!(client.get(unheld).await.refusal(), (404, "E0000007".to_owned()));
    let held = client.json("/api/v1/groups/00g4empty/roles").await[0]["id"].as_str().unwrap().to_owned();
    let whole = format!("/api/v1/groups/00g4empty/roles/{held}/targets/groups");
    assert_eq!(client.get(&whole).await.refusal(), (400, "E0000091".to_owned()), "a role that has no targets");
}

#[tokio::test]
async fn roles_of_groups_reach_members_and_are_not_theirs_to_lose() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    let roles = "/api/v1/users/00u6locked/roles";
    client.post("/api/v1/groups/00g4empty/roles", &json!({"type": "USER_ADMIN"})).await;
    client.put_nothing("/api/v1/groups/00g4empty/users/00u6locked").await;
    assert_eq!(types(&client, roles).await, ["READ_ONLY_ADMIN", "USER_ADMIN"]);
    let inherited = format!("{roles}/KVJUKUS7IFCE2SKO");
    assert_eq!(client.json(&inherited).await["assignmentType"], "GROUP");
    assert_eq!(client.delete(&inherited).await.refusal(), (404, "E0000007".to_owned()));
    assert_eq!(types(&client, roles).await, ["READ_ONLY_ADMIN", "USER_ADMIN"]);

    client.post(roles, &json!({"type": "USER_ADMIN"})).await;
    assert_eq!(types(&client, roles).await, ["USER_ADMIN", "READ_ONLY_ADMIN", "USER_ADMIN"], "twice, with one id");
    assert_eq!(client.json(&inherited).await["assignmentType"], "USER", "the user's own comes first");
    assert_eq!(client.delete(&inherited).await.status, 204);
    assert_eq!(types(&client, roles).await, ["READ_ONLY_ADMIN", "USER_ADMIN"]);

    let own = "/api/v1/groups/00g4empty/roles/KVJUKUS7IFCE2SKO";
    assert_eq!(client.json(own).await["type"], "USER_ADMIN");
    assert_eq!(client.delete(own).await.status, 204);
    assert_eq!(client.get(own).await.refusal(), (404, "E0000007".to_owned()));
    assert_eq!(types(&client, roles).await, ["READ_ONLY_ADMIN"]);
}

#[tokio::test]
async fn not_every_group_can_hold_roles() {
    let mut org = Org::facts();
    let (ruled, large) = (org.add_group("Ruled"), org.add_group("Large"));
    org.set_rule_managed(&ruled, true).unwrap();
    for n in 0..5_001 {
        let user = org.add_user("N", "N", &format!("n{n}@many.example"), "STAGED");
        org.add_member(&large, &user).unwrap();
    }
    let client = Client::start(SimConfig::new(org)).await;
    for (group, code) in
        [("00g3every", "E0000211"), ("00g5nostats", "E0000194"), (&ruled, "E0000192"), (&large, "E0000193")]
    {
        let refused = client.post(&format!("/api/v1/groups/{group}/roles"), &json!({"type": "APP_ADMIN"})).await;
        assert_eq!(refused.refusal(), (400, code.to_owned()), "{group}");
    }
    assert_eq!(
        client.json("/api/v1/groups/00g4empty?expand=stats").await["_embedded"]["stats"]["hasAdminPrivilege"],
        true
    );
    let id = client.json("/api/v1/groups/00g4empty/roles").await[0]["id"].as_str().unwrap().to_owned();
    client.delete(&format!("/api/v1/groups/00g4empty/roles/{id}")).await;
    let after = client.json("/api/v1/groups/00g4empty?expand=stats").await;
    assert_eq!(after["_embedded"]["stats"]["hasAdminPrivilege"], false);
}

#[tokio::test]
async fn custom_roles_are_bound_through_the_principal_or_the_binding() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    let custom = json!({"type": "CUSTOM", "role": "cr0vault", "resource-set": "iamrs1"});
    let made = client.post("/api/v1/users/00u6locked/roles", &custom).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let member = client.json(&format!("{BINDINGS}/cr0vault/members/{id}")).await;
    assert_eq!(member["_links"]["self"]["href"], format!("{}/api/v1/users/00u6locked", client.sim.url()));
    assert!(member["created"].as_str().unwrap().ends_with("T00:00:00.000Z"), "{member}");
    assert_eq!(client.post("/api/v1/users/00u6locked/roles", &custom).await.refusal(), (409, "E0000090".to_owned()));
    assert_eq!(client.delete(&format!("{BINDINGS}/cr0vault/members/{id}")).await.status, 204);
    assert_eq!(client.json("/api/v1/users/00u6locked/roles").await, json!([]));

    let url = format!("{}/api/v1/users/00u6locked", client.sim.url());
    let patch = json!({ "additions": [url] });
    for _ in 0..2 {
        let added = client.send(reqwest::Method::PATCH, &format!("{BINDINGS}/cr0vault/members"), Some(&patch)).await;
        assert_eq!(added.status, 200, "{}", added.text);
        assert_eq!(
            added.json()["_links"]["resource-set"]["href"],
            format!("{}/api/v1/iam/resource-sets/iamrs1", client.sim.url())
        );
    }
    let roles = client.json("/api/v1/users/00u6locked/roles").await;
    assert_eq!((roles.as_array().unwrap().len(), &roles[0]["role"]), (1, &"cr0vault".into()));
    let held = client.sim.with_org(|org| org.roles_held_by(Principal::User("00u6locked")));
    assert_eq!(held[0].resource_set.as_deref(), Some("iamrs1"));
    client.delete(&format!("/api/v1/users/00u6locked/roles/{}", roles[0]["id"].as_str().unwrap())).await;
    let members = client.sim.with_org(|org| org.binding_members("iamrs1", "cr0vault")).unwrap();
    assert_eq!(members.len(), 3, "{members:?}");
}

#[tokio::test]
async fn bindings_are_made_once_and_end_with_their_last_member() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    let url = |path: &str| format!("{}{path}", client.sim.url());
    let bindings = "/api/v1/iam/resource-sets/iamrs2/bindings";
    let body =
        json!({"role": "cr0audit", "members": [url("/api/v1/users/00u1active"), url("/api/v1/groups/00g4empty")]});
    let made = client.post(bindings, &body).await;
    assert_eq!(made.status, 200, "{}", made.text);
    assert_eq!(made.json().as_object().unwrap().keys().collect::<Vec<_>>(), ["_links"], "links alone");
    assert_eq!(client.post(bindings, &body).await.refusal(), (409, "E0000195".to_owned()));
    let one = format!("{bindings}/cr0audit");
    let members = client.json(&format!("{one}/members")).await["members"].clone();
    let member_ids = ids(members.as_array().unwrap());
    assert_eq!(member_ids.len(), 2);
    assert_eq!(client.json("/api/v1/groups/00g4empty/roles").await[1]["type"], "CUSTOM");

    assert_eq!(client.delete(&format!("{one}/members/{}", member_ids[0])).await.status, 204);
    assert_eq!(client.delete(&format!("{one}/members/{}", member_ids[0])).await.refusal().0, 404);
    client.sim.change_org(|org| org.set_keep_last_member(true));
    assert_eq!(
        client.delete(&format!("{one}/members/{}", member_ids[1])).await.refusal(),
        (400, "E0000001".to_owned())
    );
    client.sim.change_org(|org| org.set_keep_last_member(false));
    assert_eq!(client.delete(&format!("{one}/members/{}", member_ids[1])).await.status, 204);
    assert_eq!(client.get(&one).await.refusal(), (404, "E0000007".to_owned()));
    assert_eq!(client.json(bindings).await["roles"], json!([]));

    assert_eq!(client.delete(&format!("{BINDINGS}/cr0vault")).await.status, 204);
    assert_eq!(client.json("/api/v1/users/00u9weird/roles").await.as_array().unwrap().len(), 1);
    assert_eq!(ids(client.json(BINDINGS).await["roles"].as_array().unwrap()), ["cr0audit"]);
}

#[tokio::test]
async fn bindings_that_okta_refuses() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    let url = |path: &str| Value::from(format!("{}{path}", client.sim.url()));
    let bindings = "/api/v1/iam/resource-sets/iamrs2/bindings";
    for (role, member, refused) in [
        ("cr0none", url("/api/v1/users/00u1active"), (404, "E0000007")),
        ("cr0audit", url("/api/v1/users/00unobody"), (404, "E0000007")),
        ("cr0audit", url("/api/v1/groups/00g3every"), (400, "E0000211")),
        ("cr0audit", "00u1active".into(), (400, "E0000001")),
        ("cr0audit", 7.into(), (400, "E0000003")),
    ] {
        let reply = client.post(bindings, &json!({"role": role, "members": [member]})).await;
        assert_eq!(reply.refusal(), (refused.0, refused.1.to_owned()), "{role}");
    }
    let nobody = client.post(bindings, &json!({"role": "cr0audit", "members": []})).await;
    assert_eq!(nobody.refusal(), (400, "E0000001".to_owned()));
    let unknown = client.post("/api/v1/iam/resource-sets/iamnone/bindings", &json!({"role": "cr0audit"})).await.json();
    assert_eq!(unknown["errorSummary"], "Not found: Resource not found: iamnone (IAMPolicy)");
    let missing = format!("{bindings}/cr0audit/members");
    let patch = client.send(reqwest::Method::PATCH, &missing, Some(&json!({"additions": []}))).await;
    assert_eq!(patch.refusal(), (404, "E0000007".to_owned()), "there is no such binding yet");
}
