//! The rules of the wire for what a request must hold (`docs/spec/connector-runtime.md` 2.5).

use baton_proto::c1::connectorapi::baton::v1::BatonServiceHelloRequest;
use tonic::Status;

/// How long a task's id is.
pub(crate) const TASK_ID_LENGTH: usize = 27;

/// The largest chunk of an upload that may be sent, in bytes.
const LARGEST_CHUNK: usize = 1 << 20;

/// The size of all chunks but the last, in bytes.
const CHUNK: usize = 512 << 10;

/// A broken rule.
pub(crate) fn broken(rule: impl Into<String>) -> Status {
    Status::invalid_argument(rule)
}

pub(crate) fn task_id(id: &str) -> Result<(), Status> {
    if id.len() == TASK_ID_LENGTH && id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(());
    }
    Err(broken(format!("the task id {id:?} is not {TASK_ID_LENGTH} letters and digits")))
}

pub(crate) fn host_id(id: &str) -> Result<(), Status> {
    if (1..=256).contains(&id.chars().count()) {
        Ok(())
    } else {
        Err(broken("the host id has not 1 to 256 characters"))
    }
}

pub(crate) fn hello(request: &BatonServiceHelloRequest) -> Result<(), Status> {
    host_id(&request.host_id)?;
    if !request.task_id.is_empty() {
        task_id(&request.task_id)?;
    }
    if request.connector_metadata.is_none() {
        return Err(broken("a Hello without connector metadata"));
    }
    let (Some(build), Some(os)) = (&request.build_info, &request.os_info) else {
        return Err(broken("a Hello without build or OS"));
    };
    let texts = [
        &build.lang_version,
        &build.package,
        &build.package_version,
        &os.hostname,
        &os.os,
        &os.platform,
        &os.platform_version,
        &os.platform_family,
        &os.kernel_version,
        &os.kernel_arch,
        &os.virtualization_system,
    ];
    // Empty ones are allowed on the wire, but no connector sends any.
    if let Some(wrong) = texts.iter().find(|text| !(1..=256).contains(&text.chars().count())) {
        return Err(broken(format!("a Hello with the text {wrong:?}")));
    }
    Ok(())
}

pub(crate) fn page(page_size: u32, known: &[String]) -> Result<(), Status> {
    if !(1..=100).contains(&page_size) {
        return Err(broken(format!("a page of {page_size} tasks")));
    }
    known.iter().try_for_each(|id| task_id(id))
}

/// Checks the chunk that comes after one of `before` bytes.
pub(crate) fn chunk(before: Option<usize>, size: usize) -> Result<(), Status> {
    if size == 0 || size > LARGEST_CHUNK {
        return Err(broken(format!("a chunk of {size} bytes")));
    }
    match before {
        Some(before) if before != CHUNK => Err(broken(format!("a chunk of {before} bytes before the last"))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks() {
        assert!(chunk(None, 1).is_ok() && chunk(None, CHUNK).is_ok() && chunk(Some(CHUNK), 7).is_ok());
        assert!(chunk(None, 0).is_err() && chunk(None, LARGEST_CHUNK + 1).is_err());
        assert!(chunk(Some(7), 7).is_err(), "only the last is short");
    }

    #[test]
    fn ids_and_pages() {
        let id = "a".repeat(TASK_ID_LENGTH);
        assert!(task_id(&id).is_ok() && page(100, std::slice::from_ref(&id)).is_ok());
        assert!(task_id("a").is_err() && task_id(&"-".repeat(TASK_ID_LENGTH)).is_err());
        assert!(page(0, &[]).is_err() && page(101, &[]).is_err() && page(1, &["a".to_owned()]).is_err());
        assert!(host_id("h").is_ok() && host_id("").is_err() && host_id(&"h".repeat(257)).is_err());
    }

    #[test]
    fn a_hello_says_everything() {
        assert!(hello(&BatonServiceHelloRequest::default()).is_err());
        let host_id = "h".to_owned();
        let empty = BatonServiceHelloRequest {
            host_id,
            build_info: Some(Default::default()),
            os_info: Some(Default::default()),
            connector_metadata: Some(Default::default()),
            ..Default::default()
        };
        assert!(hello(&empty).is_err());
    }
}
