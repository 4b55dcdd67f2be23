//! The fields of connectors built on baton-sdk (`docs/spec/connector-runtime.md` 1.3) that ask for something this runtime does not
//! do. They are known, so that they can be refused by name: a job that asks for a ticket must not get a sync.

use crate::field::Field;

/// All of them.
pub(crate) const REFUSED: [Field; 18] = [
    ticket(Field::switch("create-ticket", false)),
    ticket(Field::switch("bulk-create-ticket", false)),
    ticket(Field::switch("get-ticket", false)),
    Field::switch("list-ticket-schemas", false).refused("the schemas of tickets", NO_TICKETS),
    ticket(Field::text("ticket-template-path")),
    ticket(Field::text("bulk-ticket-template-path")),
    ticket(Field::text("ticket-id")),
    comparison(Field::switch("diff-syncs", false)),
    comparison(Field::text("base-sync-id")),
    comparison(Field::text("applied-sync-id")),
    compaction(Field::switch("compact-syncs", false)),
    compaction(Field::list("compact-file-paths")),
    compaction(Field::list("compact-sync-ids")),
    compaction(Field::text("compact-output-path")),
    Field::text("list-resource-actions").refused(
        "a list of actions under a name that no connector reads",
        "--list-action-schemas with --list-action-schemas-resource-type lists the actions of a type",
    ),
    action(Field::text("invoke-resource-action")),
    action(Field::text("invoke-resource-action-resource-type")),
    action(Field::text("invoke-resource-action-args")),
];

const NO_TICKETS: &str = "this connector has no tickets; leave the option out to run a sync";

const fn ticket(field: Field) -> Field {
    field.refused("a ticket", NO_TICKETS)
}

const fn comparison(field: Field) -> Field {
    field.refused(
        "a comparison of two syncs",
        "the tool `baton` compares the last two syncs of a file (`baton diff`); leave the option out to run a sync",
    )
}

const fn compaction(field: Field) -> Field {
    field.refused("a compaction of several files", "leave the option out to run a sync")
}

const fn action(field: Field) -> Field {
    field.refused(
        "an action under a name that no connector reads",
        "--invoke-action with --invoke-action-resource-type and --invoke-action-args calls an action",
    )
}
