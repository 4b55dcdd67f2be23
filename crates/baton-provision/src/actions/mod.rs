//! Actions: finding one, checking its call, running it (`docs/spec/connector-runtime.md` 4.7).
//!
//! Other than in the Go connector, arguments are checked against the whole schema before anything is asked of the
//! system: what is required, of which type, by which rules, and that there is no argument that the schema does not have.

mod args;
mod constraints;
mod registry;
mod rules;

use std::panic::AssertUnwindSafe;

use baton_connector::provision::{ActionCall, ActionDone, StateAfter};
use baton_connector::{Change, ChangeError, Code, Provisioner};
use baton_proto::c1::connector::v2::BatonActionSchema;
use futures::FutureExt;
use prost_types::Struct;

use crate::nearest;
use crate::outcome::{Done, What};

pub use registry::{Registry, Retention};

/// The schemas of global actions and of all resource types, or of the type that is named. A type without actions has
/// none; that is no failure.
#[must_use]
pub fn schemas(provisioner: &dyn Provisioner, resource_type: &str) -> Vec<BatonActionSchema> {
    let all = provisioner.actions().into_iter();
    all.filter(|schema| resource_type.is_empty() || schema.resource_type_id == resource_type).collect()
}

/// The schema of one action: a global one without `resource_type`, else one of that type.
///
/// # Errors
/// [`Code::NotFound`]: there is none.
pub fn schema(
    provisioner: &dyn Provisioner,
    name: &str,
    resource_type: &str,
) -> Result<BatonActionSchema, ChangeError> {
    let all = provisioner.actions();
    let of_type: Vec<_> = all.iter().filter(|schema| schema.resource_type_id == resource_type).collect();
    if let Some(found) = of_type.iter().find(|schema| schema.name == name) {
        return Ok((*found).clone());
    }
    let message = match resource_type {
        "" => format!("handler for action {name} not found"),
        _ if of_type.is_empty() => format!("no actions found for resource type {resource_type}"),
        _ => format!("handler for action {name} not found for resource type {resource_type}"),
    };
    Err(ChangeError::new(Code::NotFound, format!("{message}{}", hint(&all, name, resource_type))))
}

/// Where the action is, if it is elsewhere, or which was probably meant.
fn hint(all: &[BatonActionSchema], name: &str, resource_type: &str) -> String {
    let elsewhere =
        all.iter().find(|schema| schema.name == name).map(|schema| match schema.resource_type_id.as_str() {
            "" => format!("{name} is a global action: leave the resource type out"),
            of => format!("{name} is an action of the resource type {of}"),
        });
    let near = || {
        let names = all.iter().filter(|schema| schema.resource_type_id == resource_type);
        nearest(name, names.map(|schema| schema.name.as_str())).map(|meant| format!("did you mean {meant}?"))
    };
    elsewhere.or_else(near).map_or_else(String::new, |hint| format!("\nhint: {hint}"))
}

/// A call that keeps to the action's schema. Arguments that are null count as absent and are left out; the ids of
/// resources are brought into the form `{resource_type_id, resource_id}`.
///
/// # Errors
/// [`Code::NotFound`]: there is no such action; [`Code::InvalidArgument`]: the arguments do not fit, all reasons at once.
pub fn checked(
    provisioner: &dyn Provisioner,
    name: &str,
    resource_type: &str,
    args: Struct,
) -> Result<ActionCall, ChangeError> {
    let schema = schema(provisioner, name, resource_type)?;
    let args = args::checked(&schema, args)?;
    Ok(ActionCall { name: name.to_owned(), resource_type: resource_type.to_owned(), args })
}

/// Checks a call, runs it and waits for its end. A panic of the action is a failure with an unknown state.
///
/// # Errors
/// As [`checked`], and those of the action, with their codes.
pub async fn invoke(
    provisioner: &dyn Provisioner,
    name: &str,
    resource_type: &str,
    args: Struct,
    change: &Change,
) -> Result<Done<ActionDone>, ChangeError> {
    let call = checked(provisioner, name, resource_type, args)?;
    let done = run(provisioner, &call, change).await?;
    let note = done.note.clone();
    Ok(Done::new(What::Complete, note, done))
}

/// Runs a checked call.
async fn run(provisioner: &dyn Provisioner, call: &ActionCall, change: &Change) -> Result<ActionDone, ChangeError> {
    let running = AssertUnwindSafe(async { provisioner.invoke(call, change).await });
    running.catch_unwind().await.unwrap_or_else(|panic| {
        let told = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let told = told.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        let message = format!("panic in action handler: {told}");
        Err(ChangeError::new(Code::Internal, message).leaving(StateAfter::Unknown))
    })
}

#[cfg(test)]
mod tests;
