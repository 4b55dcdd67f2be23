//! The command line: one table of fields, and the parser, help and completions made from it.

mod change;
mod command;
mod misuse;
mod own;
mod refused;
mod service;
pub(crate) mod telemetry;

pub(crate) use change::{CHANGE, CREDENTIAL_KEY, DRY_RUN};
pub(crate) use command::command;
pub(crate) use misuse::failure;
pub(crate) use own::{
    DEBUG_ENDS, EXTERNAL_ENTITLEMENT, EXTERNAL_FILE, EXTERNAL_TRAITS, FILE, FULL, FULL_EVERY, INCREMENTAL, LOGGING,
    PEBBLE, SKIP_GRANTS, STORAGE_ENGINE, SYNC_RESOURCES, TEMP_DIR, reading, sync_fields,
};
pub(crate) use refused::REFUSED;
pub(crate) use service::{
    ASKING, CLIENT_ID, CLIENT_SECRET, HEALTH_ADDRESS, HEALTH_CHECK, HEALTH_PORT, PROVISIONING, SERVICE, SKIP_FULL_SYNC,
    TASK_CONCURRENCY,
};

use std::collections::BTreeSet;

use baton_connector::Code;

use crate::failure::Failure;
use crate::field::{Field, heading};
use crate::program::{Extra, Program};
use crate::required::AUTH_METHOD;

/// All fields of a program, the runtime's own and the connector's, in the order of help.
pub(crate) fn all(program: &dyn Program) -> Vec<Field> {
    let mut fields = program.fields().to_vec();
    if !program.groups().is_empty() && !fields.iter().any(|field| field.name == AUTH_METHOD) {
        fields.push(auth_method(program));
    }
    fields.extend(sync_fields());
    fields.extend(CHANGE);
    fields.extend(SERVICE);
    fields.extend(LOGGING);
    fields.extend(telemetry::TELEMETRY);
    fields.extend(REFUSED);
    fields.sort_by_key(|field| heading::ORDER.iter().position(|heading| *heading == field.heading));
    fields
}

/// The field that chooses how to sign in, of programs that have none of their own; help lists it when there is a choice.
fn auth_method(program: &dyn Program) -> Field {
    let field = Field::text(AUTH_METHOD).help(heading::CONNECTION, "How to sign in");
    if program.groups().len() > 1 { field } else { field.hidden() }
}

/// Checks that what a program says about its fields is consistent: names are unique, and whatever is named exists.
///
/// # Errors
///
/// The first mistake in the program.
pub(crate) fn check(program: &dyn Program) -> Result<(), Failure> {
    let fields = all(program);
    let mut names = BTreeSet::new();
    let twice = fields.iter().flat_map(Field::names).find(|name| !names.insert(*name));
    let of_groups = program.groups().iter().flat_map(|group| group.required);
    let of_commands = program.commands().iter().flat_map(|extra| extra.fields);
    let undeclared = of_groups.chain(of_commands).find(|name| !names.contains(*name));
    let mistake = match (twice, undeclared) {
        (Some(name), _) => format!("{name} is declared twice"),
        (None, Some(name)) => format!("{name} is required or shared, but not declared"),
        (None, None) => return Ok(()),
    };
    let text = format!("a mistake in this program: the setting {mistake}\nhint: please report this text");
    Err(Failure::with_code(Code::Internal.number(), text))
}

/// The fields of a program's command: those that it shares, in the order of its names, its own, then those of logging.
pub(crate) fn of_extra(program: &dyn Program, extra: &Extra) -> Vec<Field> {
    let all = all(program);
    let named = extra.fields.iter().filter_map(|name| all.iter().find(|field| field.name() == *name).copied());
    named.chain(extra.own.iter().copied()).chain(LOGGING).collect()
}

#[cfg(test)]
mod tests;
