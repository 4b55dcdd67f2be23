//! Admin roles: each preset sees and is refused what the table of the product page says.

use okta_sim::{Area, OAuthApp, Org, Rights, SimConfig, TestKey, Token};

use crate::client::{Client, Reply};

/// A path of each area.
const PATHS: [(Area, &str); 14] = [
    (Area::Org, "/api/v1/org"),
    (Area::Users, "/api/v1/users"),
    (Area::Users, "/api/v1/users/00u1active"),
    (Area::Groups, "/api/v1/groups"),
    (Area::Groups, "/api/v1/groups/00g1eng/users"),
    (Area::Apps, "/api/v1/apps"),
    (Area::Apps, "/api/v1/apps/0oa2saml/users"),
    (Area::Roles, "/api/v1/users/00u1active/roles"),
    (Area::Roles, "/api/v1/groups/00g1eng/roles"),
    (Area::Iam, "/api/v1/iam/resource-sets"),
    (Area::Assignees, "/api/v1/iam/assignees/users"),
    (Area::ApiTokens, "/api/v1/api-tokens"),
    (Area::Devices, "/api/v1/devices"),
    (Area::Logs, "/api/v1/logs"),
];

async fn call(client: &Client, path: &str, token: &str) -> Reply {
    Reply::of(client.request(path).header("authorization", format!("SSWS {token}")).send().await.unwrap()).await
}

async fn refused(rights: Rights) -> Vec<Area> {
    let tokens = vec![Token::new("t").rights(rights)];
    let client = Client::start(SimConfig { tokens, ..SimConfig::new(Org::facts()) }).await;
    let mut refused = Vec::new();
    for (area, path) in PATHS {
        let reply = call(&client, path, "t").await;
        if reply.status == 200 {
            assert!(!refused.contains(&area), "{path}");
        } else {
            assert_eq!(reply.refusal(), (403, "E0000006".to_owned()), "{path}");
            refused.push(area);
        }
    }
    refused.dedup();
    refused
}

#[tokio::test]
async fn each_preset_is_refused_what_its_roles_do_not_show() {
    let admins = [Area::Roles, Area::Iam, Area::Assignees];
    assert_eq!(refused(Rights::super_admin()).await, []);
    assert_eq!(refused(Rights::custom_read_only()).await, [Area::ApiTokens, Area::Devices, Area::Logs]);
    let standard = [&admins[..], &[Area::ApiTokens]].concat();
    assert_eq!(refused(Rights::read_only_admin()).await, standard);
    assert_eq!(refused(Rights::read_only_app_and_group_admin()).await, standard);
}

#[tokio::test]
async fn each_area_can_be_refused_by_itself() {
    for area in Area::ALL {
        assert_eq!(refused(Rights::super_admin().without(area)).await, [area]);
    }
}

#[tokio::test]
async fn without_any_role_the_list_of_users_is_empty() {
    let tokens = vec![Token::new("t").rights(Rights::none())];
    let client = Client::start(SimConfig { tokens, ..SimConfig::new(Org::facts()) }).await;
    for (_, path) in PATHS {
        let reply = call(&client, path, "t").await;
        if path == "/api/v1/users" {
            assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, "[]"));
        } else {
            assert_eq!(reply.refusal(), (403, "E0000006".to_owned()), "{path}");
        }
    }
}

#[tokio::test]
async fn only_those_who_manage_may_change() {
    let member = "/api/v1/groups/00g4empty/users/00u1active";
    let assigned = "/api/v1/users/00u3prov/roles";
    for (rights, membership, role) in [
        (Rights::super_admin(), 204, 201),
        (Rights::read_only_app_and_group_admin(), 204, 403),
        (Rights::custom_read_only(), 403, 403),
        (Rights::read_only_admin(), 403, 403),
        (Rights::none(), 403, 403),
        (Rights::super_admin().read_only_in(Area::Groups), 403, 201),
    ] {
        let tokens = vec![Token::new("t").rights(rights.clone())];
        let client = Client::start(SimConfig { tokens, ..SimConfig::new(Org::facts()) }).await;
        let put = client.http.put(format!("{}{member}", client.sim.url())).header("content-length", "0");
        let put = put.header("authorization", "SSWS t").header("accept", "application/json");
        let put = Reply::of(put.send().await.unwrap()).await;
        assert_eq!(put.status.as_u16(), membership, "{rights:?}: {}", put.text);
        let post = client.http.post(format!("{}{assigned}", client.sim.url())).body("{\"type\":\"HELP_DESK_ADMIN\"}");
        let post = post.header("authorization", "SSWS t").header("content-type", "application/json");
        let post = Reply::of(post.send().await.unwrap()).await;
        assert_eq!(post.status.as_u16(), role, "{rights:?}: {}", post.text);
        if post.status == 403 {
            assert_eq!(post.refusal().1, "E0000006");
        }
    }
}

#[tokio::test]
async fn anybody_is_told_which_org_this_is_and_apps_their_roles() {
    let key = TestKey::generate().unwrap();
    let app = |id: &str, rights| OAuthApp::new(id).key("k", &key).rights(rights);
    let set_up = SimConfig {
        tokens: vec![Token::new("t").owned_by("00u3prov"), Token::new("r").rights(Rights::read_only_admin())],
        oauth_apps: vec![app("0oaSuper", Rights::super_admin()), app("0oaCustom", Rights::custom_read_only())],
        ..SimConfig::new(Org::facts())
    };
    let client = Client::start(set_up).await;
    let reply = client.http.get(format!("{}/.well-known/okta-organization", client.sim.url())).send().await.unwrap();
    assert!(reply.headers().contains_key("date"));
    let text = Reply::of(reply).await.text;
    assert!(text.contains("\"id\":\"00") && text.contains("\"pipeline\":\"idx\""), "{text}");
    let me = call(&client, "/api/v1/users/me", "t").await.text;
    assert!(me.contains("00u3prov"), "{me}");
    for (app, role) in [("0oaSuper", "SUPER_ADMIN"), ("0oaCustom", "CUSTOM")] {
        let path = format!("/oauth2/v1/clients/{app}/roles");
        let roles = call(&client, &path, "t").await.text;
        let expected = format!("/oauth2/v1/clients/{app}\"");
        assert!(roles.contains(&format!("\"type\":\"{role}\"")) && roles.contains(&expected), "{roles}");
        assert_eq!(call(&client, &path, "r").await.refusal(), (403, "E0000006".to_owned()));
    }
    assert_eq!(call(&client, "/oauth2/v1/clients/0oaOther/roles", "t").await.refusal(), (404, "E0000007".to_owned()));
    assert_eq!(client.sim.stats().by_bucket["/oauth2/v1/clients"], 5);
}
