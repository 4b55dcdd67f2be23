//! Actions: what there is, calling one, asking how one stands.
//!
//! Calling one is a change and needs `--provisioning`, whatever the action does; the rest tells only.

use baton_connector::Code;
use baton_proto::c1::connector::v2::{
    BatonActionStatus, GetActionSchemaRequest, GetActionStatusRequest, InvokeActionRequest, ListActionSchemasRequest,
    ListActionSchemasResponse,
};
use baton_proto::c1::connectorapi::baton::v1::task::{
    ActionGetSchemaTask, ActionInvokeTask, ActionListSchemasTask, ActionStatusTask,
};
use baton_provision::actions::Registry;
use prost_types::Struct;
use prost_types::value::Kind;

use super::allowed;
use crate::run::Service;
use crate::tasks::{Done, Failed, Handled};

/// All schemas; a connector without actions has none, which is no failure.
pub(super) fn list(service: &Service, task: ActionListSchemasTask) -> Handled {
    let ActionListSchemasTask { annotations, resource_type_id } = task;
    let request = ListActionSchemasRequest { annotations, resource_type_id };
    let none = ListActionSchemasResponse::default;
    let response = service.actions.as_ref().map_or_else(none, |actions| actions.list(&request));
    Ok(Done::with(&response, Vec::new()))
}

pub(super) fn schema(service: &Service, task: ActionGetSchemaTask) -> Handled {
    let ActionGetSchemaTask { name, annotations } = task;
    let actions = actions(service, &name)?;
    Ok(Done::with(&actions.schema(&GetActionSchemaRequest { name, annotations })?, Vec::new()))
}

/// Calls an action. One that has not ended soon is told as running; C1 asks about it with the id that it gets.
pub(super) async fn invoke(service: &Service, task: ActionInvokeTask) -> Handled {
    allowed(service)?;
    let ActionInvokeTask { name, args, annotations, resource_type_id } = task;
    let actions = actions(service, &name)?;
    let request = InvokeActionRequest { name, args, annotations, resource_type_id, inline_wait: None };
    let response = actions.invoke(request).await?;
    if response.status() == BatonActionStatus::Failed {
        let message = error_text(response.response.as_ref()).unwrap_or("action failed");
        return Err(Failed::for_now(Code::Unknown, message));
    }
    Ok(Done::with(&response, Vec::new()))
}

/// How an action stands. That it failed is an answer too.
pub(super) fn status(service: &Service, task: ActionStatusTask) -> Handled {
    let ActionStatusTask { name, id, annotations } = task;
    let actions = actions(service, &name)?;
    let request = GetActionStatusRequest { id, annotations, ..Default::default() };
    Ok(Done::with(&actions.status(&request)?, Vec::new()))
}

fn actions<'s>(service: &'s Service, name: &str) -> Result<&'s Registry, Failed> {
    let none = || Failed::for_good(Code::NotFound, format!("handler for action {name} not found"));
    service.actions.as_ref().ok_or_else(none)
}

fn error_text(response: Option<&Struct>) -> Option<&str> {
    match response?.fields.get("error")?.kind.as_ref()? {
        Kind::StringValue(text) => Some(text),
        _ => None,
    }
}
