//! Tasks as C1 hands them out. Resources are told by type and id alone.

use baton_proto::c1::connector::v2::encryption_config::{AgeRecipientConfig, Config};
use baton_proto::c1::connector::v2::{
    AccountInfo, CredentialOptions, EncryptionConfig, Entitlement, Grant, Resource, ResourceId, credential_options,
};
use baton_proto::c1::connectorapi::baton::v1::task::{
    ActionInvokeTask, CreateAccountTask, DeleteResourceTask, GrantTask, ListEventsTask, RevokeTask, SyncFullTask,
    TaskType,
};
use prost_types::Struct;

/// A full sync.
#[must_use]
pub fn sync() -> TaskType {
    TaskType::SyncFull(SyncFullTask::default())
}

/// To add a user to a group.
#[must_use]
pub fn grant(group: &str, user: &str) -> TaskType {
    let (entitlement, principal) = (Some(membership(group)), Some(resource("user", user)));
    TaskType::Grant(GrantTask { entitlement, principal, ..GrantTask::default() })
}

/// To remove a user from a group.
#[must_use]
pub fn revoke(group: &str, user: &str) -> TaskType {
    let grant = Grant {
        id: format!("group:{group}:member:user:{user}"),
        entitlement: Some(membership(group)),
        principal: Some(resource("user", user)),
        ..Grant::default()
    };
    TaskType::Revoke(RevokeTask { grant: Some(grant), annotations: Vec::new() })
}

/// To delete a user.
#[must_use]
pub fn delete(user: &str) -> TaskType {
    let resource_id = resource("user", user).id;
    TaskType::DeleteResource(DeleteResourceTask { resource_id, parent_resource_id: None })
}

/// To make an account with a random password, encrypted to the age key `recipient`.
#[must_use]
pub fn create_account(account: AccountInfo, password_length: i64, recipient: &str) -> TaskType {
    let random = credential_options::RandomPassword { length: password_length, constraints: Vec::new() };
    let options = credential_options::Options::RandomPassword(random);
    let key = AgeRecipientConfig { recipient: recipient.to_owned() };
    TaskType::CreateAccount(CreateAccountTask {
        account_info: Some(account),
        credential_options: Some(CredentialOptions { options: Some(options), ..CredentialOptions::default() }),
        encryption_configs: vec![EncryptionConfig {
            config: Some(Config::AgeRecipientConfig(key)),
            ..EncryptionConfig::default()
        }],
        resource_type_id: String::new(),
    })
}

/// To invoke an action.
#[must_use]
pub fn action(name: &str, args: Struct) -> TaskType {
    TaskType::ActionInvoke(ActionInvokeTask { name: name.to_owned(), args: Some(args), ..ActionInvokeTask::default() })
}

/// To list events from `cursor` on.
#[must_use]
pub fn events(cursor: &str, page_size: u32) -> TaskType {
    TaskType::ListEvents(ListEventsTask { cursor: cursor.to_owned(), page_size, ..ListEventsTask::default() })
}

/// A resource.
#[must_use]
pub fn resource(resource_type: &str, id: &str) -> Resource {
    let id = ResourceId { resource_type: resource_type.to_owned(), resource: id.to_owned(), ..ResourceId::default() };
    Resource { id: Some(id), ..Resource::default() }
}

/// The membership of a group.
fn membership(group: &str) -> Entitlement {
    let resource = Some(resource("group", group));
    Entitlement { id: format!("group:{group}:member"), resource, ..Entitlement::default() }
}
