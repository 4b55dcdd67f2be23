//! The fixed test org holds what its documentation says.

use okta_sim::{Org, SimConfig};
use serde_json::Value;

use crate::client::{Client, ids};

#[tokio::test]
async fn relations_are_those_of_the_test_org() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    let members = |group: &'static str| {
        let client = &client;
        async move { client.ids(&format!("/api/v1/groups/{group}/users")).await }
    };
    assert_eq!(members("00g1eng").await, ["00u1active", "00u3prov", "00u10other"]);
    assert_eq!(members("00g3every").await.len(), 9);
    assert_eq!(members("00g5nostats").await, ["00u4recov"]);
    assert!(members("00g4empty").await.is_empty());

    let users = client.json("/api/v1/apps/0oa1oidc/users").await;
    let scopes: Vec<_> = users.as_array().unwrap().iter().map(|user| user["scope"].as_str().unwrap()).collect();
    assert_eq!(
        (ids(users.as_array().unwrap()), scopes),
        (vec!["00u1active".to_owned(), "00u3prov".to_owned(), "00u10other".to_owned()], vec!["USER", "GROUP", "GROUP"],)
    );
    let link = &users[1]["_links"]["group"];
    assert!(link["href"].as_str().unwrap().ends_with("/api/v1/groups/00g1eng"));
    assert_eq!(link["name"], "Engineering");
    assert_eq!(client.ids("/api/v1/apps/0oa5nomode/groups").await, ["00g1eng"]);
    assert_eq!(client.ids("/api/v1/groups/00g1eng/apps").await, ["0oa1oidc", "0oa5nomode"]);
    assert_eq!(client.ids("/api/v1/users/00u4recov/groups").await, ["00g3every", "00g5nostats"]);

    let expected = client.sim.org().expected(false);
    assert_eq!((expected.users, expected.groups, expected.apps), (10, 6, 5));
    assert_eq!((expected.memberships, expected.app_users, expected.app_groups), (15, 5, 4));
}

#[tokio::test]
async fn roles_are_those_of_the_test_org() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    let admins = client.json("/api/v1/iam/assignees/users").await;
    assert_eq!(ids(admins["value"].as_array().unwrap()), ["00u1active", "00u3prov", "00u9weird", "00u10other"]);
    let roles = |value: Value| -> Vec<String> {
        let text = |role: &Value, name: &str| role[name].as_str().unwrap().to_owned();
        let each = value.as_array().unwrap().iter();
        each.map(|role| format!("{} {} {}", text(role, "type"), text(role, "status"), text(role, "assignmentType")))
            .collect()
    };
    assert_eq!(
        roles(client.json("/api/v1/groups/00g1eng/roles").await),
        [
            "APP_ADMIN ACTIVE GROUP",
            "HELP_DESK_ADMIN INACTIVE GROUP",
            "MOBILE_ADMIN ACTIVE USER",
            "WORKFLOWS_ADMIN ACTIVE GROUP",
            "CUSTOM ACTIVE GROUP"
        ]
    );
    assert_eq!(
        roles(client.json("/api/v1/users/00u3prov/roles").await),
        ["APP_ADMIN ACTIVE GROUP", "WORKFLOWS_ADMIN ACTIVE GROUP", "CUSTOM ACTIVE GROUP"],
        "what comes through a group"
    );
    assert_eq!(
        roles(client.json("/api/v1/users/00u9weird/roles").await),
        ["CUSTOM ACTIVE USER", "REPORT_ADMIN INACTIVE USER"]
    );
    assert_eq!(client.get("/api/v1/groups/00g6denied/roles").await.refusal(), (403, "E0000006".to_owned()));
    let members = client.json("/api/v1/iam/resource-sets/iamrs1/bindings/cr0vault/members").await;
    let links: Vec<_> =
        members["members"].as_array().unwrap().iter().map(|it| it["_links"]["self"]["href"].clone()).collect();
    let url = client.sim.url();
    assert_eq!(
        links,
        [
            format!("{url}/api/v1/users/00u9weird"),
            format!("{url}/api/v1/groups/00g1eng"),
            format!("{url}/oauth2/v1/clients/0oa1oidc")
        ]
    );
    let bindings = client.json("/api/v1/iam/resource-sets/iamrs1/bindings").await;
    assert_eq!(ids(bindings["roles"].as_array().unwrap()), ["cr0vault", "cr0audit"]);
    assert_eq!(client.json("/api/v1/iam/resource-sets/Unbound").await["id"], "iamrs2", "by label too");
    assert_eq!(client.json("/api/v1/iam/roles/Auditor").await["id"], "cr0audit");
    assert_eq!(client.json("/api/v1/iam/resource-sets/iamrs1/bindings/cr0audit").await["id"], "cr0audit");
    assert_eq!(client.ids("/api/v1/api-tokens").await, ["00Tok1", "00Tok2"]);
    assert_eq!(client.ids("/api/v1/devices").await, ["guo1mac", "guo2win", "guo3bare", "guo4lin"]);
}
