//! `/okta-sim/…`: what the simulator tells about itself. The crate's documentation lists the paths.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Response, request};
use serde_json::json;

use crate::body::SimBody;
use crate::handle::Service;

/// The answer to a request of the side channel, or `None` when the path is not of it.
pub(crate) fn answer(head: &request::Parts, service: &Service) -> Option<Response<SimBody>> {
    let path = head.uri.path().strip_prefix("/okta-sim/")?;
    let body = match (path, head.method == Method::GET) {
        ("stats", true) => serde_json::to_value(service.counters.snapshot()).unwrap_or_default(),
        ("expected", true) => {
            let org = service.org();
            json!({"all": org.expected(false), "activeAppsOnly": org.expected(true)})
        }
        _ => return None,
    };
    let mut response = Response::new(SimBody::whole(Bytes::from(body.to_string())));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Some(response)
}
