//! Handing a file over to C1.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use baton_connector::Code;
use tokio_util::sync::CancellationToken;

use crate::clock::Backoff;
use crate::observe::Event;
use crate::run::Service;
use crate::tasks::Failed;

/// So often a file is sent that C1 does not take.
const ATTEMPTS: u32 = 3;

/// For so long a file is kept for a C1 that cannot be reached, by the service's clock.
const LONGEST_OUTAGE: Duration = Duration::from_secs(12 * 3600);

/// Uploads an open file, which messages call `path`. An outage of C1 is waited out; what C1 refuses is sent three times.
pub(super) async fn upload(
    service: &Service,
    task_id: &str,
    file: &Arc<File>,
    path: &Path,
    cancelled: &CancellationToken,
) -> Result<(), Failed> {
    let (first, longest) = service.config.timing.retry;
    let mut backoff = Backoff::new(first, longest);
    let begun = service.clock().now();
    let mut refused = 0;
    loop {
        let error = tokio::select! {
            biased;
            why = interrupted(service, cancelled) => return Err(why),
            result = service.api.upload(task_id, file, path) => match result {
                Ok(bytes) => {
                    tracing::info!(task_id, bytes, "file uploaded");
                    service.metrics().uploaded(bytes);
                    service.observer.event(&Event::Uploaded { id: task_id.to_owned(), bytes });
                    return Ok(());
                }
                Err(error) => error,
            },
        };
        refused += u32::from(!error.is_outage());
        let waited = service.clock().now().saturating_sub(begun);
        if refused >= ATTEMPTS || waited > LONGEST_OUTAGE || error.is_refusal || error.code == Code::NotFound {
            let hint = "the file is kept, and sent again if C1 hands out this task again";
            let message = format!("the file could not be uploaded: {}\nhint: {hint}", error.message);
            return Err(Failed::for_now(error.code, message));
        }
        tracing::warn!(task_id, error = error.message, "the file could not be uploaded; trying again");
        tokio::select! {
            () = service.clock().sleep(backoff.next()) => {}
            why = interrupted(service, cancelled) => return Err(why),
        }
    }
}

/// Waits until an upload must not go on.
async fn interrupted(service: &Service, cancelled: &CancellationToken) -> Failed {
    tokio::select! {
        () = cancelled.cancelled() => Failed::for_now(Code::Cancelled, "the task was cancelled by C1"),
        () = service.stop.cancelled() => {
            let message = "the connector was stopped before the file was uploaded; it is kept, and sent if C1 hands \
                           out this task again";
            Failed::for_now(Code::Unavailable, message)
        }
    }
}
