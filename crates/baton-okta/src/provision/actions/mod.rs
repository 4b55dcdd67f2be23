//! The connector's actions (`docs/spec/okta-provisioning.md` 7): what can be called, and what a call does.

mod args;
mod groups;
mod lifecycle;
mod profile;
mod schemas;

use baton_connector::provision::{ActionCall, ActionDone};
use baton_connector::{Change, ChangeError, Code};
use baton_proto::c1::config::v1 as config;
use baton_proto::c1::connector::v2::Resource;
use baton_proto::json;
use serde_json::{Map, Value, json};

use super::OktaProvisioner;
use crate::ids::{group, user};
use crate::profile::Profile;
use args::Args;
use lifecycle::Turn;

pub(super) use schemas::all as schemas;

/// Calls an action.
pub(super) async fn invoke(
    provisioner: &OktaProvisioner,
    call: &ActionCall,
    change: &Change,
) -> Result<ActionDone, ChangeError> {
    let args = Args::of(&call.args);
    let changed = if call.resource_type == group::ID { group::ID } else { user::ID };
    let seen: &[&str] = if args.get("userMembers").is_some() { &[user::ID] } else { &[] };
    let op = provisioner.operation(change, changed, seen);
    match (call.resource_type.as_str(), call.name.as_str()) {
        ("", "enable_user") => lifecycle::turn(&op, args.id("user_id", user::ID)?, Turn::Enable).await,
        ("", "disable_user") => lifecycle::turn(&op, args.id("user_id", user::ID)?, Turn::Disable).await,
        ("", "update_user") => profile::update_user(&op, &args).await,
        (user::ID, "deactivate_user") => {
            lifecycle::turn(&op, args.resource("user_id", user::ID)?, Turn::Deactivate).await
        }
        (user::ID, "delete_user") => lifecycle::delete(&op, args.resource("user_id", user::ID)?).await,
        (user::ID, "update_profile") => profile::update_profile(&op, &provisioner.rules, &args).await,
        (group::ID, "create") => groups::create(provisioner, &op, &args, change).await,
        (group::ID, "modify_group") => groups::modify(&op, &args).await,
        ("", name) => Err(ChangeError::new(Code::NotFound, format!("handler for action {name} not found"))),
        (of, name) => {
            let message = format!("handler for action {name} not found for resource type {of}");
            Err(ChangeError::new(Code::NotFound, message))
        }
    }
}

/// A result: that it went well, and the other values that the action's schema promises.
fn done(values: Value, note: Option<String>) -> ActionDone {
    let mut all = Map::from_iter([("success".to_owned(), true.into())]);
    if let Value::Object(values) = values {
        all.extend(values);
    }
    let mut given = Profile::default();
    for (key, value) in &all {
        // The values nest no deeper than the annotations of a resource, which stay far from the limit.
        if given.json(key, value).is_err() {
            given = given.null(key);
        }
    }
    ActionDone { values: given.build(), note }
}

/// A resource in the form in which actions return one: without profile and status
/// (`docs/spec/okta-provisioning.md` 7.1).
fn returned(resource: Resource) -> Value {
    let Resource { id, display_name, description, annotations, .. } = resource;
    let id = id.unwrap_or_default();
    let resource_id = Some(config::ResourceId { resource_type_id: id.resource_type, resource_id: id.resource });
    let of = config::Resource { resource_id, parent_resource_id: None, display_name, description, annotations };
    json::to_value(&of).unwrap_or_else(|_| json!({ "displayName": of.display_name }))
}
