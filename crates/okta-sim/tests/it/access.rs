//! Credentials, rights, paths, methods, media types, and the headers of every answer.

use okta_sim::{Area, DEFAULT_TOKEN, Org, SimConfig, Token};
use reqwest::Method;

use crate::client::{Client, Reply};

async fn with_auth(client: &Client, path: &str, authorization: &str) -> Reply {
    Reply::of(client.request(path).header("authorization", authorization).send().await.unwrap()).await
}

#[tokio::test]
async fn tokens_are_known_or_refused() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    for good in [format!("SSWS {DEFAULT_TOKEN}"), format!("SSWS{DEFAULT_TOKEN}")] {
        assert_eq!(with_auth(&client, "/api/v1/org", &good).await.status, 200);
    }
    for bad in ["SSWS wrong", "SSWS", "SSWS "] {
        let reply = with_auth(&client, "/api/v1/org", bad).await;
        assert_eq!(reply.refusal(), (401, "E0000011".to_owned()), "{bad}");
        assert_eq!(reply.header("x-rate-limit-limit"), "", "not counted");
    }
    let reply = with_auth(&client, "/api/v1/org", "Bearer x").await;
    assert_eq!(reply.refusal(), (401, "E0000011".to_owned()));
    assert!(reply.header("www-authenticate").contains("error=\"invalid_token\""));
    let nothing = Reply::of(client.request("/api/v1/org").send().await.unwrap()).await;
    assert_eq!(nothing.refusal(), (403, "E0000005".to_owned()));
    assert_eq!(with_auth(&client, "/api/v1/org", "Basic eDp5").await.refusal().1, "E0000005");
}

#[tokio::test]
async fn a_token_without_a_right_is_refused_in_the_form_of_its_kind() {
    let tokens = vec![
        Token::new("plain"),
        Token::new("weak").without(Area::Roles),
        Token::bearer("scoped").without(Area::Roles),
    ];
    let client = Client::start(SimConfig { tokens, ..SimConfig::new(Org::facts()) }).await;
    for path in ["/api/v1/users/00u1active/roles", "/api/v1/groups/00g1eng/roles"] {
        assert_eq!(with_auth(&client, path, "SSWS plain").await.status, 200);
        let weak = with_auth(&client, path, "SSWS weak").await;
        assert_eq!(weak.refusal(), (403, "E0000006".to_owned()));
        assert_ne!(weak.header("x-rate-limit-limit"), "", "counted");
        let scoped = with_auth(&client, path, "Bearer scoped").await;
        assert_eq!((scoped.status.as_u16(), scoped.text.as_str()), (403, ""));
        let challenge = scoped.header("www-authenticate").to_owned();
        assert!(challenge.starts_with("Bearer "), "{challenge}");
        for part in ["scope=\"okta.roles.read\"", "error=\"insufficient_scope\"", &format!("resource=\"{path}\"")] {
            assert!(challenge.contains(part), "{challenge}");
        }
    }
    assert_eq!(with_auth(&client, "/api/v1/groups", "Bearer scoped").await.status, 200);
    assert!(!format!("{:?}", Token::new("secret-text")).contains("secret-text"));
}

#[tokio::test]
async fn what_is_not_there_is_refused_as_okta_does() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    for (path, status, code) in [
        ("/api/v1/users/00unobody", 404, "E0000007"),
        ("/api/v1/users/00unobody/roles", 404, "E0000007"),
        ("/api/v1/groups/00gnone/users", 404, "E0000007"),
        ("/api/v1/apps/0oanone/groups", 404, "E0000007"),
        ("/api/v1/iam/roles/cr0none", 404, "E0000007"),
        ("/api/v1/iam/resource-sets/iamrs1/bindings/cr0none/members", 404, "E0000007"),
        ("/api/v1/api-tokens/00Tnone", 404, "E0000007"),
        ("/api/v1/devices/guonone", 404, "E0000007"),
        ("/api/v1/groups/00g1eng/nonsense", 404, "E0000008"),
        ("/api/v1/groups//users", 405, "E0000022"),
    ] {
        assert_eq!(client.get(path).await.refusal(), (status, code.to_owned()), "{path}");
    }
    let user = client.get("/api/v1/users/00unobody").await.json();
    assert_eq!(user["errorSummary"], "Not found: Resource not found: 00unobody (User)");
    assert_eq!(user["errorLink"], "E0000007");
    assert!(user["errorId"].as_str().unwrap().starts_with("oae"));
    assert!(user["errorCauses"].as_array().unwrap().is_empty());

    let bare = client.get("/api/v1/mappings").await;
    assert_eq!((bare.status.as_u16(), bare.header("content-type")), (404, ""));
    assert_eq!(bare.text, "{\"status\":404,\"message\":\"Resource not found\"}");
}

#[tokio::test]
async fn other_methods_and_media_types_are_refused() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    let url = format!("{}/api/v1/users", client.sim.url());
    let delete = client.http.request(Method::DELETE, &url).header("authorization", "SSWS 00okta-sim-token");
    assert_eq!(Reply::of(delete.send().await.unwrap()).await.refusal(), (405, "E0000022".to_owned()));
    let html = client.http.get(&url).header("accept", "text/html").header("authorization", "SSWS 00okta-sim-token");
    assert_eq!(Reply::of(html.send().await.unwrap()).await.refusal(), (400, "E0000019".to_owned()));
}

#[tokio::test]
async fn every_counted_answer_tells_date_request_and_limits() {
    let client = Client::start(SimConfig::new(Org::facts())).await;
    let mut ids = std::collections::BTreeSet::new();
    for path in ["/api/v1/org", "/api/v1/users?limit=1", "/api/v1/groups/none", "/api/v1/users?search=x"] {
        let reply = client.get(path).await;
        assert!(reply.header("date").ends_with(" GMT"));
        assert_eq!(reply.header("content-type"), "application/json");
        assert_eq!(reply.header("x-okta-request-id").len(), 32);
        ids.insert(reply.header("x-okta-request-id").to_owned());
        for name in ["x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset"] {
            assert!(reply.number(name) > 0, "{name}");
        }
        assert_eq!(reply.header("retry-after"), "");
    }
    assert_eq!(ids.len(), 4, "every request has an id of its own");
}

#[tokio::test]
async fn bodies_are_compressed_only_when_set_so_and_accepted() {
    for (gzip, accepted, encoding) in [(false, "gzip", ""), (true, "gzip", "gzip"), (true, "identity", "")] {
        let client = Client::start(SimConfig { gzip, ..SimConfig::new(Org::facts()) }).await;
        let http = reqwest::Client::builder()
            .tls_certs_only([reqwest::Certificate::from_pem(client.sim.ca_pem().as_bytes()).unwrap()])
            .no_gzip()
            .no_proxy()
            .build()
            .unwrap();
        let url = format!("{}/api/v1/users", client.sim.url());
        let request =
            http.get(url).header("authorization", "SSWS 00okta-sim-token").header("accept-encoding", accepted);
        let response = request.send().await.unwrap();
        let shown = response.headers().get("content-encoding").map_or("", |value| value.to_str().unwrap()).to_owned();
        let body = response.bytes().await.unwrap();
        assert_eq!(shown, encoding);
        assert_eq!(body.starts_with(b"["), encoding.is_empty());
    }
}

#[tokio::test]
async fn parts_of_users_can_be_left_out() {
    let client = Client::start(SimConfig::new(Org::generate(&Shape::new(60, 3, 1)))).await;
    let lean = "application/json; okta-response=\"omitCredentials,omitCredentialsLinks,omitTransitioningToStatus\"";
    for (content_type, shown) in [("application/json", true), (lean, false)] {
        let request = client.request("/api/v1/users?search=status+pr").header("content-type", content_type);
        let reply = Reply::of(request.header("authorization", "SSWS 00okta-sim-token").send().await.unwrap()).await;
        let users = reply.json();
        assert!(users.as_array().unwrap().iter().all(|user| user.get("credentials").is_some() == shown));
        let transit = users.as_array().unwrap().iter().filter(|user| user.get("transitioningToStatus").is_some());
        assert_eq!(transit.count(), usize::from(shown));
    }
}

use okta_sim::Shape;
