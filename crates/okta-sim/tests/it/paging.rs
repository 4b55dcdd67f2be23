//! Pages: sizes, clamping, links, cursors, both styles.

use okta_sim::{Org, Shape, SimConfig};

use crate::client::Client;

#[tokio::test]
async fn sizes_are_those_of_okta_and_larger_ones_are_cut_silently() {
    // 130 groups and 460 users, so that every list has more than a page where Okta's maximum allows it.
    let client = Client::start(SimConfig::new(Org::generate(&Shape::new(2_500, 430, 230)))).await;
    let everyone = client.sim.org().group_ids().next().unwrap();
    let members = format!("/api/v1/groups/{everyone}/users");
    let busiest = client.json("/api/v1/groups?limit=1").await[0]["id"].as_str().unwrap().to_owned();
    let app = client.json(&format!("/api/v1/groups/{busiest}/apps")).await[0]["id"].as_str().unwrap().to_owned();
    for (path, asked, shown) in [
        ("/api/v1/users?search=status+pr", "", 200),
        ("/api/v1/users?search=status+pr", "1000", 200),
        ("/api/v1/users?search=status+pr", "7", 7),
        ("/api/v1/groups?", "", 200),
        ("/api/v1/groups?", "10000", 200),
        ("/api/v1/apps?", "", 20),
        ("/api/v1/apps?", "1000", 200),
        (&format!("{members}?"), "", 1_000),
        (&format!("{members}?"), "5000", 1_000),
        (&format!("/api/v1/apps/{app}/users?"), "", 50),
        (&format!("/api/v1/apps/{app}/users?"), "1000", 500),
        ("/api/v1/devices?", "", 125),
    ] {
        let query = if asked.is_empty() { String::new() } else { format!("&limit={asked}") };
        let reply = client.get(&format!("{path}{query}")).await;
        assert_eq!(reply.json().as_array().unwrap().len(), shown, "{path}{query}");
        assert!(reply.link("self").unwrap().contains("limit="), "the link names the size used");
        if shown > 7 && shown != 125 {
            assert!(reply.link("self").unwrap().contains(&format!("limit={shown}")), "{:?}", reply.link("self"));
            assert!(reply.link("next").is_some(), "{path}{query}");
        }
    }
}

#[tokio::test]
async fn links_come_on_lines_of_their_own_and_the_last_page_has_no_next() {
    let client = Client::start(SimConfig::new(Org::generate(&Shape::new(5, 4, 3)))).await;
    let first = client.get("/api/v1/apps?limit=2&expand=x").await;
    assert_eq!(first.headers.get_all("link").iter().count(), 2);
    let next = first.link("next").unwrap();
    assert!(next.starts_with(&format!("{}/api/v1/apps?after=", client.sim.url())), "{next}");
    assert!(next.ends_with("&limit=2&expand=x"), "the query is carried on: {next}");
    let last = client.get(next.strip_prefix(&client.sim.url()).unwrap()).await;
    assert_eq!((last.headers.get_all("link").iter().count(), last.link("next")), (1, None));
    assert!(last.link("self").unwrap().contains("after="));
}

#[tokio::test]
async fn following_the_links_yields_every_object_once() {
    let org = Org::generate(&Shape::new(450, 60, 45));
    let client = Client::start(SimConfig { page_cap: Some(7), ..SimConfig::new(org) }).await;
    let org = client.sim.org();
    let (users, sizes) = client.all("/api/v1/users?search=status+pr&limit=200").await;
    assert_eq!(crate::client::ids(&users), org.user_ids().collect::<Vec<_>>());
    assert_eq!((sizes.len(), sizes[0], sizes[64]), (65, 7, 2));
    assert_eq!(client.ids("/api/v1/groups?expand=stats").await, org.group_ids().collect::<Vec<_>>());
    assert_eq!(client.ids("/api/v1/apps?limit=200").await, org.app_ids(false).collect::<Vec<_>>());
    assert_eq!(client.ids("/api/v1/apps?filter=status+eq+%22ACTIVE%22").await, org.app_ids(true).collect::<Vec<_>>());
}

#[tokio::test]
async fn iam_lists_link_their_next_page_in_the_body_to_the_admin_host() {
    let shape = Shape { admins: 230, custom_roles: 104, ..Shape::new(400, 10, 5) };
    let client = Client::start(SimConfig::new(Org::generate(&shape))).await;
    let (admins, sizes) = client.wrapped("/api/v1/iam/assignees/users?limit=1000", "value").await;
    assert_eq!((admins.len(), sizes), (230, vec![200, 30]));
    let (_, sizes) = client.wrapped("/api/v1/iam/assignees/users", "value").await;
    assert_eq!(sizes, [100, 100, 30], "100 unless asked for otherwise");
    let (roles, sizes) = client.wrapped("/api/v1/iam/roles?limit=1000", "roles").await;
    assert_eq!((roles.len(), sizes), (104, vec![100, 4]), "always 100");

    let reply = client.get("/api/v1/iam/roles").await;
    let admin = client.sim.url().replace("localhost", "localhost-admin");
    assert!(reply.link("self").unwrap().starts_with(&admin));
    assert_eq!(reply.link("next"), None);
    let reply = client.get("/api/v1/iam/assignees/users").await;
    assert_eq!(reply.headers.get("link"), None);
}

#[tokio::test]
async fn a_display_domain_is_what_links_name() {
    let config =
        SimConfig { display_domain: Some("acme.okta.com".into()), page_cap: Some(2), ..SimConfig::new(Org::facts()) };
    let client = Client::start(config).await;
    let reply = client.get("/api/v1/users").await;
    assert!(reply.link("next").unwrap().starts_with("https://acme.okta.com/api/v1/users?after="));
    assert_eq!(reply.json()[0]["_links"]["self"]["href"], "https://acme.okta.com/api/v1/users/00u1active");
    let next = client.json("/api/v1/iam/assignees/users").await["_links"]["next"]["href"].clone();
    assert!(next.as_str().unwrap().starts_with("https://acme-admin.okta.com/api/v1/iam/assignees/users?after="));
}

#[tokio::test]
async fn links_can_lose_the_expansion() {
    let config = SimConfig { forget_expand: true, page_cap: Some(2), ..SimConfig::new(Org::facts()) };
    let client = Client::start(config).await;
    let next = client.get("/api/v1/groups?expand=stats").await.link("next").unwrap();
    assert!(!next.contains("expand"), "{next}");
}

#[tokio::test]
async fn cursors_and_sizes_that_make_no_sense_are_refused() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    for (path, refusal) in [
        ("/api/v1/users?after=00u1active", (400, "E0000029")),
        ("/api/v1/users?search=status+pr&after=PG2-nobody", (400, "E0000031")),
        ("/api/v1/groups?after=PG2-00u1active", (400, "E0000029")),
        ("/api/v1/apps?after=x", (400, "E0000029")),
        ("/api/v1/devices?after=mock_cursor", (400, "E0000031")),
        ("/api/v1/groups/00g1eng/users?after=PG2-00g1eng", (400, "E0000029")),
        ("/api/v1/iam/assignees/users?after=x", (400, "E0000029")),
        ("/api/v1/iam/roles?after=x", (400, "E0000029")),
        ("/api/v1/users?limit=0", (400, "E0000001")),
        ("/api/v1/users?limit=many", (400, "E0000001")),
    ] {
        assert_eq!(client.get(path).await.refusal(), (refusal.0, refusal.1.to_owned()), "{path}");
    }
    assert_eq!(client.get("/api/v1/users?after=&limit=200").await.status, 200, "an empty cursor is none");
}
