//! What is answered to anybody, and neither counted nor limited: `/okta-sim/…`, where the simulator tells about itself
//! (the crate's documentation lists the paths), and the public description of the org.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, DATE};
use http::{HeaderValue, Method, Response, request};
use serde_json::{Value, json};

use crate::body::SimBody;
use crate::clock::http_date;
use crate::handle::Service;

/// The answer to a request of the side channel, or `None` when the path is not of it.
pub(crate) fn answer(head: &request::Parts, service: &Service) -> Option<Response<SimBody>> {
    if head.uri.path() == "/.well-known/okta-organization" && head.method == Method::GET {
        return Some(json(&organization(service), service));
    }
    let path = head.uri.path().strip_prefix("/okta-sim/")?;
    let body = match (path, head.method == Method::GET) {
        ("stats", true) => serde_json::to_value(service.counters.snapshot()).unwrap_or_default(),
        ("expected", true) => {
            let org = service.org();
            json!({"all": org.expected(false), "activeAppsOnly": org.expected(true)})
        }
        _ => return None,
    };
    Some(json(&body, service))
}

/// What Okta tells everybody about an org.
fn organization(service: &Service) -> Value {
    let host = service.display_domain.as_deref().unwrap_or(&service.own_host);
    json!({
        "id": service.org().about.id,
        "pipeline": "idx",
        "_links": {"organization": {"href": format!("https://{host}")}},
        "settings": {"analyticsCollectionEnabled": false, "bugReportingEnabled": false, "omEnabled": true},
    })
}

fn json(body: &Value, service: &Service) -> Response<SimBody> {
    let mut response = Response::new(SimBody::whole(Bytes::from(body.to_string())));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(date) = HeaderValue::from_str(&http_date(service.clock.now())) {
        response.headers_mut().insert(DATE, date);
    }
    response
}
