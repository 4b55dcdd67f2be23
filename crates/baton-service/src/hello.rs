//! Hello: what C1 is told about this connector (`docs/spec/connector-runtime.md` 2.6).

use baton_proto::c1::connectorapi::baton::v1::BatonServiceHelloRequest;
use baton_proto::c1::connectorapi::baton::v1::baton_service_hello_request::BuildInfo;

use crate::config::ServiceConfig;
use crate::host;

/// The Hello of this process; `task_id` is empty unless a task asked for it.
pub(crate) fn request(config: &ServiceConfig, task_id: &str) -> BatonServiceHelloRequest {
    let or = |text: &str, instead: &str| if text.is_empty() { instead.to_owned() } else { host::cut(text) };
    BatonServiceHelloRequest {
        host_id: config.host_id.clone(),
        task_id: task_id.to_owned(),
        build_info: Some(BuildInfo {
            lang_version: concat!("rust", env!("CARGO_PKG_RUST_VERSION")).to_owned(),
            package: or(&config.build.package, "/dummy/path"),
            package_version: or(&config.build.version, "0.0.0"),
        }),
        os_info: Some(host::os_info()),
        connector_metadata: Some(config.metadata.clone()),
        annotations: Vec::new(),
    }
}
