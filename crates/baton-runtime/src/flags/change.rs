//! The fields of one-shot operations (`docs/spec/connector-runtime.md` 1.3, 1.6): each names what is to be done, and to
//! what.
//!
//! The Go connector hides them from help. Here `--help` shows them, because they are the only way to a change by hand;
//! `-h`, which is for the everyday sync, does not.

use crate::field::{Field, heading};

/// Whether a change is only to be shown.
pub(crate) const DRY_RUN: &str = "dry-run";
/// To whom a password that is made up is encrypted.
pub(crate) const CREDENTIAL_KEY: &str = "credential-public-key";

/// All of them.
pub(crate) const CHANGE: [Field; 26] = [
    text("grant-entitlement", "ID", "Give this entitlement, for example group:00g…:member")
        .more("It is looked up in the file that --file names, as are the ids of --grant-principal and --revoke-grant."),
    text("grant-principal", "ID", "Id of the user or group that gets --grant-entitlement"),
    text("grant-principal-type", "TYPE", "Resource type of --grant-principal, for example user"),
    text("revoke-grant", "ID", "Take this grant away, for example group:00g…:member:user:00u…"),
    text("create-account-profile", "JSON", "Make an account with this profile, a JSON object")
        .more("Which members it must and may have depends on the system."),
    text("create-account-login", "LOGIN", "Make an account with this login, or complete its profile with it"),
    text("create-account-email", "EMAIL", "Complete the profile of the account with this address"),
    text("create-account-resource-type", "TYPE", "Make an account of this type (default: the usual one)"),
    text(CREDENTIAL_KEY, "FILE", "Make up a password and print it encrypted to the public key in this file")
        .file()
        .more("An age recipient, an SSH public key, a JWK or a PEM public key. Without it, a new account has no password."),
    text("delete-resource", "ID", "Delete the resource with this id for good"),
    text("delete-resource-type", "TYPE", "Resource type of --delete-resource, for example group"),
    text("rotate-credentials", "ID", "Give the account with this id new credentials"),
    text("rotate-credentials-type", "TYPE", "Resource type of --rotate-credentials, for example user"),
    text("invoke-action", "NAME", "Call this action"),
    Field::text_or("invoke-action-args", "{}")
        .value_name("JSON")
        .help(heading::CHANGE, "Arguments of --invoke-action, a JSON object")
        .rarely_needed(),
    text("invoke-action-resource-type", "TYPE", "Resource type that the action of --invoke-action belongs to"),
    Field::switch("list-action-schemas", false).help(heading::CHANGE, "List the actions").rarely_needed(),
    text("list-action-schemas-resource-type", "TYPE", "List the actions of this resource type only"),
    text("get-action-schema", "NAME", "Show what this action takes and gives"),
    text("get-action-schema-resource-type", "TYPE", "Resource type that the action of --get-action-schema belongs to"),
    // Its value stands apart, as it does in the Go connector, so it is no switch.
    text("event-feed", "true", "Print what happened in the system, one JSON object a line"),
    text("event-feed-id", "ID", "Feed that --event-feed prints (default: the only one)"),
    text("event-feed-start-at", "TIME", "Time from which on --event-feed prints events, in RFC 3339 (default: 24 hours ago)"),
    text("event-feed-cursor", "CURSOR", "Cursor behind which --event-feed goes on, as the last run printed it"),
    Field::switch(DRY_RUN, false)
        .help(heading::CHANGE, "Show the requests of a change instead of sending them")
        .more("The present state is read.")
        .rarely_needed(),
    Field::output_format()
        .help(heading::CHANGE, "How a result looks: console (a sentence) or json")
        .rarely_needed(),
];

const fn text(name: &'static str, value: &'static str, help: &'static str) -> Field {
    Field::text(name).value_name(value).help(heading::CHANGE, help).rarely_needed()
}
