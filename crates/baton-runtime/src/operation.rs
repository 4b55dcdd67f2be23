//! One-shot operations: which one the settings ask for (`docs/spec/connector-runtime.md` 1.6).
//!
//! Settings that do not make exactly one whole operation are refused, wherever they come from: an incomplete change must
//! never become a sync, nor may one of two be overlooked.

use crate::failure::Failure;
use crate::field::{OUTPUT_FORMAT, env_name};
use crate::flags::{CHANGE, CREDENTIAL_KEY, DRY_RUN, REFUSED, SYNC_RESOURCES};
use crate::settings::Settings;
use crate::value;

/// What is done once, instead of a sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Grant,
    Revoke,
    CreateAccount,
    DeleteResource,
    RotateCredentials,
    InvokeAction,
    ListActions,
    ShowAction,
    ReadEvents,
}

impl Operation {
    /// What C1 calls a task of this kind.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::Revoke => "revoke",
            Self::CreateAccount => "create_account",
            Self::DeleteResource => "delete_resource",
            Self::RotateCredentials => "rotate_credentials",
            Self::InvokeAction => "action_invoke",
            Self::ListActions => "action_list_schemas",
            Self::ShowAction => "action_get_schema",
            Self::ReadEvents => "list_events",
        }
    }
}

/// The settings of an operation.
struct Shape {
    operation: Operation,
    /// What it does, in words.
    words: &'static str,
    /// Settings without which it is not whole.
    needs: &'static [&'static str],
    /// One of these settings must be there as well; none if it is empty.
    needs_one_of: &'static [&'static str],
    /// Settings that only it takes, besides.
    takes: &'static [&'static str],
    /// Settings that it takes as others do.
    shares: &'static [&'static str],
}

const CHANGES: &[&str] = &[DRY_RUN, OUTPUT_FORMAT];
const ISSUES: &[&str] = &[DRY_RUN, OUTPUT_FORMAT, CREDENTIAL_KEY];

const SHAPES: [Shape; 9] = [
    Shape {
        operation: Operation::Grant,
        words: "give an entitlement",
        needs: &["grant-entitlement", "grant-principal", "grant-principal-type"],
        needs_one_of: &[],
        takes: &[],
        shares: CHANGES,
    },
    Shape {
        operation: Operation::Revoke,
        words: "take a grant away",
        needs: &["revoke-grant"],
        needs_one_of: &[],
        takes: &[],
        shares: CHANGES,
    },
    Shape {
        operation: Operation::CreateAccount,
        words: "make an account",
        needs: &[],
        needs_one_of: &["create-account-profile", "create-account-login"],
        takes: &["create-account-email", "create-account-resource-type"],
        shares: ISSUES,
    },
    Shape {
        operation: Operation::DeleteResource,
        words: "delete a resource",
        needs: &["delete-resource", "delete-resource-type"],
        needs_one_of: &[],
        takes: &[],
        shares: CHANGES,
    },
    Shape {
        operation: Operation::RotateCredentials,
        words: "give an account new credentials",
        needs: &["rotate-credentials", "rotate-credentials-type"],
        needs_one_of: &[],
        takes: &[],
        shares: ISSUES,
    },
    Shape {
        operation: Operation::InvokeAction,
        words: "call an action",
        needs: &["invoke-action"],
        needs_one_of: &[],
        takes: &["invoke-action-args", "invoke-action-resource-type"],
        shares: CHANGES,
    },
    Shape {
        operation: Operation::ListActions,
        words: "list the actions",
        needs: &["list-action-schemas"],
        needs_one_of: &[],
        takes: &["list-action-schemas-resource-type"],
        shares: &[OUTPUT_FORMAT],
    },
    Shape {
        operation: Operation::ShowAction,
        words: "show an action",
        needs: &["get-action-schema"],
        needs_one_of: &[],
        takes: &["get-action-schema-resource-type"],
        shares: &[OUTPUT_FORMAT],
    },
    Shape {
        operation: Operation::ReadEvents,
        words: "read the event feed",
        needs: &["event-feed"],
        needs_one_of: &[],
        takes: &["event-feed-id", "event-feed-start-at", "event-feed-cursor"],
        shares: &[OUTPUT_FORMAT],
    },
];

impl Shape {
    /// The settings that only this operation has.
    fn own(&self) -> impl Iterator<Item = &'static str> {
        [self.needs, self.needs_one_of, self.takes].into_iter().flatten().copied()
    }
}

impl Operation {
    /// The word for it in results.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::Revoke => "revoke",
            Self::CreateAccount => "create_account",
            Self::DeleteResource => "delete_resource",
            Self::RotateCredentials => "rotate_credentials",
            Self::InvokeAction => "invoke_action",
            Self::ListActions => "list_action_schemas",
            Self::ShowAction => "get_action_schema",
            Self::ReadEvents => "event_feed",
        }
    }

    /// The operation that the settings ask for, if they ask for one.
    ///
    /// # Errors
    ///
    /// They ask for half of one, for several, or for something that it does not take.
    pub(crate) fn asked_for(settings: &Settings) -> Result<Option<Self>, Failure> {
        let begun: Vec<&Shape> =
            SHAPES.iter().filter(|shape| shape.own().any(|name| is_given(settings, name))).collect();
        match begun.as_slice() {
            [] => no_operation(settings).map(|()| None),
            [shape] => whole(shape, settings).map(|()| Some(shape.operation)),
            [one, other, ..] => {
                let place = |shape: &Shape| {
                    let name = shape.own().find(|name| is_given(settings, name)).unwrap_or_default();
                    format!("{} asks to {}", place(settings, name), shape.words)
                };
                let message = format!("{}, and {}: one run does one thing", place(one), place(other));
                Err(Failure::new(format!("{message}\nhint: leave one of them out, and run twice for both")))
            }
        }
    }
}

/// Whether a setting asks for something. An empty text on the command line does: it was to be a value.
fn is_given(settings: &Settings, name: &str) -> bool {
    let off = match name {
        "list-action-schemas" | DRY_RUN => !settings.switch(name),
        "event-feed" => value::boolean(settings.text(name)) == Ok(false),
        _ => false,
    };
    settings.is_set(name) && !off
}

/// Checks that all parts of an operation are there and have values, and no others.
fn whole(shape: &Shape, settings: &Settings) -> Result<(), Failure> {
    if let Some(empty) = shape.own().chain(shape.shares.iter().copied()).find(|name| is_empty(settings, name)) {
        return Err(Failure::new(format!(
            "{} has an empty value, so it is not known what it is about",
            place(settings, empty)
        )));
    }
    let mut missing: Vec<String> =
        shape.needs.iter().filter(|name| !is_given(settings, name)).map(|name| flag_and_variable(name)).collect();
    if !shape.needs_one_of.is_empty() && !shape.needs_one_of.iter().any(|name| is_given(settings, name)) {
        let either: Vec<_> = shape.needs_one_of.iter().map(|name| flag_and_variable(name)).collect();
        missing.push(either.join(" or "));
    }
    if !missing.is_empty() {
        let there: Vec<_> =
            shape.own().filter(|name| is_given(settings, name)).map(|name| place(settings, name)).collect();
        return Err(Failure::new(format!(
            "to {}, {} is not enough: {} {} missing",
            shape.words,
            there.join(" with "),
            missing.join(" and "),
            if missing.len() == 1 { "is" } else { "are" }
        )));
    }
    if shape.operation == Operation::ReadEvents {
        value::boolean(settings.text("event-feed"))
            .map_err(|problem| Failure::new(format!("{}: {problem}", place(settings, "event-feed"))))?;
    }
    if settings.is_on_command_line(SYNC_RESOURCES) {
        let message = format!("--{SYNC_RESOURCES} asks for a sync, and the other flags to {}", shape.words);
        return Err(Failure::new(format!("{message}: one run does one thing")));
    }
    for name in [DRY_RUN, CREDENTIAL_KEY] {
        if is_given(settings, name) && !shape.shares.contains(&name) {
            let message = format!("{} is of no use to {}", place(settings, name), shape.words);
            return Err(Failure::new(format!("{message}\nhint: leave it out")));
        }
    }
    Ok(())
}

/// A run without operation is a sync, unless a setting shows that a change was meant.
fn no_operation(settings: &Settings) -> Result<(), Failure> {
    let meant = [DRY_RUN, CREDENTIAL_KEY].into_iter().find(|name| is_given(settings, name));
    // The commands that read files take the variable of the same name.
    let meant = meant.or_else(|| Some(OUTPUT_FORMAT).filter(|name| settings.is_on_command_line(name)));
    match meant {
        None => Ok(()),
        Some(name) => Err(Failure::new(format!(
            "{} belongs to a change, but nothing says what is to be changed\n\
             hint: name the change as well, or leave {name} out to run a sync; --help lists both",
            place(settings, name)
        ))),
    }
}

/// Whether a text was given, and is empty.
fn is_empty(settings: &Settings, name: &str) -> bool {
    let is_text = !["list-action-schemas", DRY_RUN].contains(&name);
    is_text && settings.is_set_empty(name)
}

/// Where a setting comes from, in words.
fn place(settings: &Settings, name: &str) -> String {
    if settings.is_on_command_line(name) {
        return format!("--{name}");
    }
    format!("{} (from the environment or the configuration file)", flag_and_variable(name))
}

fn flag_and_variable(name: &str) -> String {
    format!("--{name} ({})", env_name(name))
}

/// Whether a field asks for one operation, be it one that this program does not do.
pub(crate) fn is_of_operations(name: &str) -> bool {
    name != OUTPUT_FORMAT && CHANGE.iter().chain(&REFUSED).any(|field| field.name == name)
}

#[cfg(test)]
#[path = "operation_tests.rs"]
mod tests;
