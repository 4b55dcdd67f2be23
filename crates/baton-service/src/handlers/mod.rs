//! What each kind of task asks for (`docs/spec/connector-runtime.md` 2.9).

mod actions;
mod changes;
mod events;
mod sync;
mod upload;

use std::sync::Arc;

use baton_connector::{Code, Provisioner};
use baton_proto::c1::connectorapi::baton::v1::Task;
use baton_proto::c1::connectorapi::baton::v1::task::TaskType;
use tokio_util::sync::CancellationToken;

use crate::hello;
use crate::run::Service;
use crate::tasks::{Done, Failed, Handled, Kind};

/// Does a task.
pub(crate) async fn handle(service: Arc<Service>, task: Task, cancelled: CancellationToken) -> Handled {
    let kind = Kind::of(task.task_type.as_ref()).name;
    let (service, id) = (service.as_ref(), task.id.as_str());
    let Some(task) = task.task_type else {
        let message = "this version of the connector does not know this kind of task\nhint: is there a newer one?";
        return Err(Failed::for_good(Code::Unimplemented, message));
    };
    match task {
        TaskType::None(_) => Ok(Done::default()),
        TaskType::Hello(_) => greet(service, id).await,
        TaskType::SyncFull(task) => Box::pin(sync::sync_full(service, id, &task, &cancelled)).await,
        TaskType::Grant(task) => changes::grant(service, task).await,
        TaskType::Revoke(task) => changes::revoke(service, task).await,
        TaskType::CreateAccount(task) => changes::create_account(service, task).await,
        TaskType::CreateResource(task) => changes::create_resource(service, task).await,
        TaskType::DeleteResource(task) => changes::delete_resource(service, task).await,
        TaskType::RotateCredentials(task) => changes::rotate_credentials(service, task).await,
        TaskType::IssueCredential(task) => changes::issue_credential(service, id, task),
        TaskType::ActionListSchemas(task) => actions::list(service, task),
        TaskType::ActionGetSchema(task) => actions::schema(service, task),
        TaskType::ActionInvoke(task) => actions::invoke(service, task).await,
        TaskType::ActionStatus(task) => actions::status(service, task),
        TaskType::ListEventFeeds(_) => events::feeds(service),
        TaskType::ListEvents(task) => events::list(service, task).await,
        TaskType::EventFeed(_)
        | TaskType::CreateTicketTask(_)
        | TaskType::ListTicketSchemas(_)
        | TaskType::GetTicket(_)
        | TaskType::BulkCreateTickets(_)
        | TaskType::BulkGetTickets(_)
        | TaskType::CreateSyncDiff(_)
        | TaskType::CompactSyncs(_) => {
            let message = format!("tasks of the kind {kind} are not supported by this connector");
            Err(Failed::for_good(Code::Unimplemented, message))
        }
    }
}

/// Says Hello once more.
async fn greet(service: &Service, task_id: &str) -> Handled {
    let request = hello::request(&service.config, task_id);
    let result = service.api.hello(request).await;
    result.map(|()| Done::default()).map_err(|error| Failed::for_now(error.code, error.message))
}

/// The writing side, if changes may be made.
fn provisioner(service: &Service) -> Result<&dyn Provisioner, Failed> {
    allowed(service)?;
    service
        .connector
        .provisioner
        .as_deref()
        .ok_or_else(|| Failed::for_good(Code::Unimplemented, "this connector cannot change anything in its system"))
}

/// Whether changes may be made.
fn allowed(service: &Service) -> Result<(), Failed> {
    if service.config.provisioning {
        return Ok(());
    }
    let hint = "run the connector with --provisioning (BATON_PROVISIONING=true) to let C1 make changes";
    Err(Failed::for_good(Code::FailedPrecondition, format!("provisioning is not enabled\nhint: {hint}")))
}
