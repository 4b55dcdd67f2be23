//! A small client that reads one page, or follows all.

use okta_sim::{Sim, SimConfig};
use reqwest::{Certificate, Method, StatusCode};
use serde_json::Value;

pub(crate) struct Client {
    pub(crate) sim: Sim,
    pub(crate) http: reqwest::Client,
}

/// An answer with what tests look at.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Client {
    pub(crate) async fn start(config: SimConfig) -> Self {
        let sim = Sim::start(config).await.unwrap();
        let http = reqwest::Client::builder()
            .tls_certs_only([Certificate::from_pem(sim.ca_pem().as_bytes()).unwrap()])
            .no_proxy()
            .build()
            .unwrap();
        Self { sim, http }
    }

    pub(crate) fn request(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.request(Method::GET, format!("{}{path}", self.sim.url())).header("accept", "application/json")
    }

    /// One request with the sim's token.
    pub(crate) async fn get(&self, path: &str) -> Reply {
        Reply::of(self.try_get(path).await.unwrap()).await
    }

    pub(crate) async fn try_get(&self, path: &str) -> reqwest::Result<reqwest::Response> {
        self.request(path).header("authorization", format!("SSWS {}", self.sim.token())).send().await
    }

    /// One request for a change with the sim's token.
    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Reply {
        Reply::of(self.try_send(method, path, body).await.unwrap()).await
    }

    pub(crate) async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> reqwest::Result<reqwest::Response> {
        let request = self.http.request(method, format!("{}{path}", self.sim.url()));
        let request = request.header("accept", "application/json");
        let request = request.header("authorization", format!("SSWS {}", self.sim.token()));
        let request = match body {
            Some(body) => request.header("content-type", "application/json").body(body.to_string()),
            // Okta wants to know the length of no body too.
            None => request.header("content-length", "0"),
        };
        request.send().await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn post_nothing(&self, path: &str) -> Reply {
        self.send(Method::POST, path, None).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn put_nothing(&self, path: &str) -> Reply {
        self.send(Method::PUT, path, None).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, None).await
    }

    /// The JSON of one successful answer.
    pub(crate) async fn json(&self, path: &str) -> Value {
        let reply = self.get(path).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
        reply.json()
    }

    /// All objects of a list, page by page by the `Link` headers, and the sizes of the pages.
    pub(crate) async fn all(&self, path: &str) -> (Vec<Value>, Vec<usize>) {
        let (mut objects, mut sizes) = (Vec::new(), Vec::new());
        let mut next = Some(path.to_owned());
        while let Some(path) = next {
            let reply = self.get(&path).await;
            assert_eq!(reply.status, 200, "{path}: {}", reply.text);
            next = reply.link("next").map(|link| link.strip_prefix(&self.sim.url()).unwrap().to_owned());
            let Value::Array(page) = reply.json() else { panic!("{path} is no list") };
            sizes.push(page.len());
            objects.extend(page);
        }
        (objects, sizes)
    }

    /// All events of the System Log, in the order of storage.
    pub(crate) async fn all_events(&self) -> Vec<Value> {
        let Value::Array(events) = self.json("/api/v1/logs?limit=1000").await else { panic!("the log is no list") };
        events
    }

    /// The ids of all objects of a list.
    pub(crate) async fn ids(&self, path: &str) -> Vec<String> {
        ids(&self.all(path).await.0)
    }

    /// All elements of a list whose next page is linked in the body, the link rewritten to the sim's host.
    pub(crate) async fn wrapped(&self, path: &str, name: &str) -> (Vec<Value>, Vec<usize>) {
        let admin = self.sim.url().replace("localhost", "localhost-admin");
        let (mut objects, mut sizes) = (Vec::new(), Vec::new());
        let mut next = Some(path.to_owned());
        while let Some(path) = next {
            let mut body = self.json(&path).await;
            let Value::Array(page) = body[name].take() else { panic!("{path} has no {name}") };
            sizes.push(page.len());
            objects.extend(page);
            next = body["_links"]["next"]["href"].as_str().map(|link| link.strip_prefix(&admin).unwrap().to_owned());
        }
        (objects, sizes)
    }
}

impl Reply {
    pub(crate) async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        Self { status, headers, text: response.text().await.unwrap() }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn number(&self, name: &str) -> i64 {
        self.header(name).parse().unwrap_or_else(|_| panic!("{name}: {}", self.header(name)))
    }

    pub(crate) fn link(&self, relation: &str) -> Option<String> {
        let ending = format!(">; rel=\"{relation}\"");
        let lines = self.headers.get_all("link").iter().map(|line| line.to_str().unwrap());
        lines.filter_map(|line| line.strip_prefix('<')?.strip_suffix(&ending).map(str::to_owned)).next()
    }

    /// Status and Okta error code.
    pub(crate) fn refusal(&self) -> (u16, String) {
        let code = self.json()["errorCode"].as_str().unwrap_or_default().to_owned();
        (self.status.as_u16(), code)
    }
}

pub(crate) fn ids(objects: &[Value]) -> Vec<String> {
    objects.iter().map(|object| object["id"].as_str().unwrap().to_owned()).collect()
}
