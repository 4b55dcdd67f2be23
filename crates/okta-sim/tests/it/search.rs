//! `search`, `filter`, `q` and `expand`.

use okta_sim::{Org, Shape, SimConfig};

use crate::client::Client;

#[tokio::test]
async fn deactivated_users_show_only_when_looked_for() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    assert_eq!(client.ids("/api/v1/users").await.len(), 9);
    assert_eq!(client.ids("/api/v1/users?search=status+pr").await.len(), 10);
    assert_eq!(client.ids("/api/v1/users?filter=status+eq+%22DEPROVISIONED%22").await, ["00u8deprov"]);
    assert!(client.ids("/api/v1/users?q=del").await.is_empty());
    assert_eq!(client.ids("/api/v1/users?q=ad").await, ["00u1active"]);
}

#[tokio::test]
async fn users_are_found_by_attributes() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    for (query, found) in [
        ("filter=profile.login+eq+%22svc-weird%22", vec!["00u9weird"]),
        ("filter=id+eq+%2200u3prov%22+or+id+eq+%2200u4recov%22", vec!["00u3prov", "00u4recov"]),
        ("search=profile.employeeNumber+eq+42", vec!["00u9weird"]),
        ("search=profile.email+sw+%22OLI%40%22", vec!["00u10other"]),
        ("search=status+eq+%22active%22+and+profile.displayName+pr", vec!["00u1active"]),
        ("search=lastUpdated+gt+%222030-01-01T00:00:00.000Z%22", vec![]),
    ] {
        assert_eq!(client.ids(&format!("/api/v1/users?{query}")).await, found, "{query}");
    }
    for (query, code) in [
        ("search=status+ne+%22ACTIVE%22", "E0000031"),
        ("filter=status+sw+%22A%22", "E0000094"),
        ("filter=status", "E0000053"),
        ("filter=status+eq+%22A%22&search=status+pr", "E0000033"),
        ("filter=lastUpdated+gt+%22x%22", "E0000030"),
    ] {
        assert_eq!(client.get(&format!("/api/v1/users?{query}")).await.refusal(), (400, code.to_owned()), "{query}");
    }
}

#[tokio::test]
async fn a_user_is_read_by_id_login_and_short_login() {
    let client = Client::start(SimConfig::new(Org::generate(&Shape::new(100, 2, 1)))).await;
    let users = client.all("/api/v1/users?search=status+pr").await.0;
    for user in [&users[4], &users[70]] {
        let (id, login) = (user["id"].as_str().unwrap(), user["profile"]["login"].as_str().unwrap());
        let short = login.split('@').next().unwrap();
        for key in [id, login, &login.to_uppercase(), short] {
            let single = client.json(&format!("/api/v1/users/{}", key.replace('@', "%40"))).await;
            assert_eq!((&single["id"], &single["profile"]), (&user["id"], &user["profile"]), "{key}");
        }
    }
    let slashed = users.iter().find(|user| user["profile"]["login"] == "with/slash@acme.example").unwrap();
    assert_eq!(client.json("/api/v1/users/with%2Fslash%40acme.example").await["id"], slashed["id"]);
    assert_eq!(client.get("/api/v1/users/ada.baker.70@elsewhere.example").await.status, 404);
}

#[tokio::test]
async fn a_user_read_singly_links_the_operations_that_its_status_allows() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    let links = |user: serde_json::Value| user["_links"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(links(client.json("/api/v1/users").await[0].clone()), ["self"]);
    assert!(links(client.json("/api/v1/users/00u1active").await).contains(&"suspend".to_owned()));
    assert_eq!(links(client.json("/api/v1/users/00u8deprov").await), ["self", "activate"]);
}

#[tokio::test]
async fn groups_and_apps_are_found_by_attributes() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    for (path, found) in [
        ("/api/v1/groups?filter=type+eq+%22APP_GROUP%22", vec!["00g2push"]),
        ("/api/v1/groups?search=source.id+eq+%220oa2saml%22", vec!["00g2push"]),
        ("/api/v1/groups?search=profile.name+co+%22gin%22", vec!["00g1eng"]),
        ("/api/v1/groups?q=e", vec!["00g1eng", "00g3every", "00g4empty"]),
        ("/api/v1/apps?filter=status+eq+%22INACTIVE%22", vec!["0oa3book"]),
        ("/api/v1/apps?filter=name+eq+%22oidc_client%22", vec!["0oa1oidc"]),
        ("/api/v1/apps?filter=group.id+eq+%2200g1eng%22", vec!["0oa1oidc", "0oa5nomode"]),
        ("/api/v1/apps?filter=user.id+eq+%2200u7susp%22", vec!["0oa2saml"]),
        ("/api/v1/apps?q=pay", vec!["0oa2saml"]),
    ] {
        assert_eq!(client.ids(path).await, found, "{path}");
    }
    assert_eq!(client.get("/api/v1/groups?q=e").await.headers.get("link"), None, "no paging with q");
}

#[tokio::test]
async fn statistics_come_only_when_asked_for() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    let plain = client.json("/api/v1/groups").await;
    assert!(plain.as_array().unwrap().iter().all(|group| group.get("_embedded").is_none()));
    for path in ["/api/v1/groups?expand=stats", "/api/v1/groups?expand=stats,app"] {
        let groups = client.json(path).await;
        let stats = |at: usize| groups[at]["_embedded"]["stats"].clone();
        assert_eq!((&stats(0)["usersCount"], &stats(0)["appsCount"]), (&3.into(), &2.into()));
        let admin: Vec<_> = (0..6).map(|at| stats(at)["hasAdminPrivilege"].clone()).collect();
        assert_eq!(admin, serde_json::json!([true, false, false, true, null, true]).as_array().unwrap().clone());
        assert!(groups[4].get("_embedded").is_none(), "this group has none");
    }
    let one = client.json("/api/v1/groups/00g1eng?expand=stats%2Capp").await;
    assert_eq!(one["_embedded"]["stats"]["usersCount"], 3);
}
