//! Changes: grants, accounts, resources, credentials.

use baton_connector::{Change, ChangeError, Code};
use baton_proto::c1::connector::v2::{
    CreateAccountRequest, CreateResourceRequest, DeleteResourceRequest, GrantManagerServiceGrantRequest,
    GrantManagerServiceRevokeRequest, IssueCredentialRequest, RotateCredentialRequest,
};
use baton_proto::c1::connectorapi::baton::v1::task::{
    CreateAccountTask, CreateResourceTask, DeleteResourceTask, GrantTask, IssueCredentialTask, RevokeTask,
    RotateCredentialsTask,
};
use baton_proto::{Message, Name};
use baton_provision::Done as Made;
use prost_types::Any;

use super::{allowed, provisioner};
use crate::run::Service;
use crate::tasks::{Done, Failed, Handled};

pub(super) async fn grant(service: &Service, task: GrantTask) -> Handled {
    let provisioner = provisioner(service)?;
    if task.entitlement.is_none() || task.principal.is_none() {
        let message = "malformed grant task: it has no entitlement or no principal";
        return Err(Failed::for_good(Code::InvalidArgument, message));
    }
    let GrantTask { entitlement, principal, .. } = task;
    let request = GrantManagerServiceGrantRequest { entitlement, principal, annotations: Vec::new() };
    let change = Change::apply();
    let made = baton_provision::grant(provisioner, &request, &change).await;
    told(made, &change, |response| response.annotations.clone())
}

pub(super) async fn revoke(service: &Service, task: RevokeTask) -> Handled {
    let provisioner = provisioner(service)?;
    let request = GrantManagerServiceRevokeRequest { grant: task.grant, annotations: Vec::new() };
    let change = Change::apply();
    let made = baton_provision::revoke(provisioner, &request, &change).await;
    told(made, &change, |response| response.annotations.clone())
}

pub(super) async fn create_account(service: &Service, task: CreateAccountTask) -> Handled {
    let provisioner = provisioner(service)?;
    let CreateAccountTask { account_info, credential_options, encryption_configs, resource_type_id } = task;
    let request = CreateAccountRequest { account_info, credential_options, encryption_configs, resource_type_id };
    let change = Change::apply();
    let key = Some(&service.config.credentials.client_key);
    let made = baton_provision::create_account(provisioner, &request, key, &change).await;
    told(made, &change, |response| response.annotations.clone())
}

pub(super) async fn create_resource(service: &Service, task: CreateResourceTask) -> Handled {
    let provisioner = provisioner(service)?;
    let change = Change::apply();
    let request = CreateResourceRequest { resource: task.resource };
    let made = baton_provision::create_resource(provisioner, &request, &change).await;
    told(made, &change, |response| response.annotations.clone())
}

pub(super) async fn delete_resource(service: &Service, task: DeleteResourceTask) -> Handled {
    let provisioner = provisioner(service)?;
    let DeleteResourceTask { resource_id, parent_resource_id } = task;
    let change = Change::apply();
    let request = DeleteResourceRequest { resource_id, parent_resource_id };
    let made = baton_provision::delete_resource(provisioner, &request, &change).await;
    told(made, &change, |response| response.annotations.clone())
}

pub(super) async fn rotate_credentials(service: &Service, task: RotateCredentialsTask) -> Handled {
    let provisioner = provisioner(service)?;
    let RotateCredentialsTask { resource_id, credential_options, encryption_configs } = task;
    let request = RotateCredentialRequest { resource_id, credential_options, encryption_configs };
    let change = Change::apply();
    let key = Some(&service.config.credentials.client_key);
    let made = baton_provision::rotate_credentials(provisioner, &request, key, &change).await;
    told(made, &change, |response| response.annotations.clone())
}

pub(super) fn issue_credential(service: &Service, task_id: &str, task: IssueCredentialTask) -> Handled {
    allowed(service)?;
    let IssueCredentialTask { identity_id, credential_options, encryption_configs, expires_at } = task;
    let request_id = task_id.to_owned();
    let request =
        IssueCredentialRequest { identity_id, credential_options, encryption_configs, request_id, expires_at };
    let made = baton_provision::issue_credential(&request);
    told(made, &Change::apply(), |response| response.annotations.clone())
}

/// What C1 is told, and the log.
fn told<R: Message + Name>(
    made: Result<Made<R>, ChangeError>,
    change: &Change,
    annotations: impl FnOnce(&R) -> Vec<Any>,
) -> Handled {
    for step in change.steps() {
        tracing::debug!(method = step.method, target_path = step.target, outcome = ?step.outcome, "request of a change");
    }
    let made = made?;
    tracing::info!(outcome = made.what.as_str(), note = made.note.unwrap_or_default(), "change made");
    let annotations = annotations(&made.response);
    Ok(Done::with(&made.response, annotations))
}
