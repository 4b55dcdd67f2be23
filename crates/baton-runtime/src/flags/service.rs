//! The fields of service mode (`docs/spec/connector-runtime.md` 1.3, 2.1), and of the command that asks a running one
//! how it is.

use crate::field::{Field, heading};

/// Who the connector is to C1. Set, it makes the program stay connected instead of syncing once.
pub(crate) const CLIENT_ID: &str = "client-id";
/// What proves it.
pub(crate) const CLIENT_SECRET: &str = "client-secret";
/// Whether C1 may ask for changes.
pub(crate) const PROVISIONING: &str = "provisioning";
/// How many tasks run at once.
pub(crate) const TASK_CONCURRENCY: &str = "task-concurrency";
/// Whether syncs are only pretended.
pub(crate) const SKIP_FULL_SYNC: &str = "skip-full-sync";
/// Whether questions about its health are answered.
pub(crate) const HEALTH_CHECK: &str = "health-check";

/// Where health checks are answered: the port.
pub(crate) const HEALTH_PORT: Field = Field::int("health-check-port", 8081, 1, 65_535)
    .value_name("PORT")
    .help(heading::SERVICE, "Port at which health checks are answered")
    .rarely_needed();
/// Where health checks are answered: the address.
pub(crate) const HEALTH_ADDRESS: Field = Field::text_or("health-check-bind-address", "127.0.0.1")
    .value_name("ADDRESS")
    .help(heading::SERVICE, "Address of this machine at which health checks are answered; 0.0.0.0 for all of them")
    .rarely_needed();

/// All fields of service mode.
pub(crate) const SERVICE: [Field; 8] = [
    Field::text(CLIENT_ID)
        .value_name("ID")
        .help(heading::SERVICE, "Stay connected to C1 as this client and do its tasks, instead of syncing once")
        .more("C1 shows id and secret when a connector is set up there, or its credentials are rotated."),
    Field::text(CLIENT_SECRET)
        .value_name("SECRET")
        .secret()
        .help(heading::SERVICE, "Secret of the client that --client-id names")
        .more("Better given as a variable than on the command line, where other users of this machine can see it."),
    Field::switch(PROVISIONING, false)
        .short('p')
        .help(heading::SERVICE, "Make the changes that C1 asks for: grants, accounts, actions"),
    Field::int(TASK_CONCURRENCY, 3, 1, 100)
        .help(heading::SERVICE, "How many of C1's tasks may run at once")
        .rarely_needed(),
    Field::switch(SKIP_FULL_SYNC, false)
        .help(heading::SERVICE, "Only check the connection when C1 asks for a sync, and deliver an empty one")
        .rarely_needed(),
    Field::switch(HEALTH_CHECK, false)
        .help(heading::SERVICE, "Answer /health, /ready, /live and /metrics over HTTP")
        .rarely_needed(),
    HEALTH_PORT,
    HEALTH_ADDRESS,
];

/// Fields that only the command `health-check` has.
pub(crate) const ASKING: [Field; 4] = [
    Field::text_or("endpoint", "health")
        .value_name("ENDPOINT")
        .choices(&["health", "ready", "live"])
        .help(heading::SERVICE, "What to ask: health, ready or live"),
    Field::int("timeout", 5, 1, 300)
        .value_name("SECONDS")
        .help(heading::SERVICE, "The longest that the answer may take"),
    HEALTH_PORT,
    HEALTH_ADDRESS,
];
