//! Tasks as C1 hands them out.

use baton_connector::build;
use baton_proto::c1::connector::v2::encryption_config::{AgeRecipientConfig, Config};
use baton_proto::c1::connector::v2::{
    AccountInfo, CredentialOptions, EncryptionConfig, Entitlement, Grant, Resource, credential_options,
};
use baton_proto::c1::connectorapi::baton::v1::task::{
    ActionInvokeTask, CreateAccountTask, DeleteResourceTask, GrantTask, ListEventsTask, RevokeTask, SyncFullTask,
    TaskType,
};
use prost_types::Struct;

pub fn sync() -> TaskType {
    TaskType::SyncFull(SyncFullTask::default())
}

pub fn entitlement(group: &str) -> Entitlement {
    let resource = build::resource("group", group, "");
    Entitlement { id: format!("group:{group}:member"), resource: Some(resource), ..Entitlement::default() }
}

pub fn grant(group: &str, user: &str) -> TaskType {
    let principal = Some(build::resource("user", user, ""));
    TaskType::Grant(GrantTask { entitlement: Some(entitlement(group)), principal, ..GrantTask::default() })
}

pub fn revoke(group: &str, user: &str) -> TaskType {
    let grant = Grant {
        id: format!("group:{group}:member:user:{user}"),
        entitlement: Some(entitlement(group)),
        principal: Some(build::resource("user", user, "")),
        ..Grant::default()
    };
    TaskType::Revoke(RevokeTask { grant: Some(grant), annotations: Vec::new() })
}

pub fn delete(user: &str) -> TaskType {
    let resource_id = build::resource("user", user, "").id;
    TaskType::DeleteResource(DeleteResourceTask { resource_id, parent_resource_id: None })
}

/// An account with a random password, encrypted to `recipient`.
pub fn create_account(login: &str, recipient: &str) -> TaskType {
    let random = credential_options::RandomPassword { length: 20, constraints: Vec::new() };
    let options = credential_options::Options::RandomPassword(random);
    let key = AgeRecipientConfig { recipient: recipient.to_owned() };
    TaskType::CreateAccount(CreateAccountTask {
        account_info: Some(AccountInfo { login: login.to_owned(), ..AccountInfo::default() }),
        credential_options: Some(CredentialOptions { options: Some(options), ..CredentialOptions::default() }),
        encryption_configs: vec![EncryptionConfig {
            config: Some(Config::AgeRecipientConfig(key)),
            ..EncryptionConfig::default()
        }],
        resource_type_id: String::new(),
    })
}

pub fn action(name: &str) -> TaskType {
    TaskType::ActionInvoke(ActionInvokeTask {
        name: name.to_owned(),
        args: Some(Struct::default()),
        ..ActionInvokeTask::default()
    })
}

pub fn events(cursor: &str) -> TaskType {
    TaskType::ListEvents(ListEventsTask { cursor: cursor.to_owned(), page_size: 2, ..ListEventsTask::default() })
}

pub fn resource(resource_type: &str, id: &str) -> Resource {
    build::resource(resource_type, id, "")
}
