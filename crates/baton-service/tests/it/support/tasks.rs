//! Tasks for the made-up system, as C1 hands them out.

use baton_proto::c1::connector::v2::AccountInfo;
use baton_proto::c1::connectorapi::baton::v1::task::TaskType;
use c1_sim::tasks;
pub use c1_sim::tasks::{delete, grant, resource, revoke, sync};
use prost_types::Struct;

/// An account with a random password, encrypted to `recipient`.
pub fn create_account(login: &str, recipient: &str) -> TaskType {
    let account = AccountInfo { login: login.to_owned(), ..AccountInfo::default() };
    tasks::create_account(account, 20, recipient)
}

pub fn action(name: &str) -> TaskType {
    tasks::action(name, Struct::default())
}

pub fn events(cursor: &str) -> TaskType {
    tasks::events(cursor, 2)
}
