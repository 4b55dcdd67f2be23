//! The fields that every connector has (`docs/spec/connector-runtime.md` 1.3), as far as they do something now, and
//! those that scripts carry although they do nothing here.

use crate::field::{Field, heading};

/// The file that is written or read.
pub(crate) const FILE: Field =
    Field::text_or("file", "sync.c1z").file().short('f').help(heading::OUTPUT, "The .c1z file to write or read");

/// Where working data and decoded files go.
pub(crate) const TEMP_DIR: Field = Field::text("c1z-temp-dir")
    .folder()
    .help(heading::ADVANCED, "Folder for working data, which must exist")
    .more("Without it BATON_TMPDIR is used; without that, a sync works beside its file and a reading command in the system's temporary folder.")
    .rarely_needed();

/// The fields of a sync that are no connector's own.
pub(crate) fn sync_fields() -> Vec<Field> {
    let mut fields = SYNC.to_vec();
    fields.extend(LEGACY);
    fields
}

const SYNC: [Field; 16] = [
    Field::list("sync-resource-types")
        .value_name("TYPES")
        .help(heading::WHAT, "Sync only these resource types, separated by commas"),
    Field::switch("skip-entitlements-and-grants", false)
        .help(heading::WHAT, "Sync resources only: neither entitlements nor grants"),
    Field::list(SYNC_RESOURCES)
        .value_name("IDS")
        .help(heading::WHAT, "Sync only these resources with their entitlements and grants, for example bid:r:group/00g1")
        .more("They come into the file as a partial sync beside the last full one. Nobody gets a grant through another here."),
    Field::switch(SKIP_GRANTS, false).hidden(),
    Field::text(EXTERNAL_FILE)
        .file()
        .help(heading::WHAT, "The .c1z of another connector that knows who holds grants here")
        .more("Its users and groups are copied, and grants that name one of them by an address or id are given to it.")
        .rarely_needed(),
    Field::text(EXTERNAL_ENTITLEMENT)
        .value_name("ID")
        .help(heading::WHAT, "Of the other connector's, only those who hold this entitlement")
        .rarely_needed(),
    Field::list(EXTERNAL_TRAITS)
        .value_name("TRAITS")
        .help(heading::WHAT, "Of the other connector's, only resources with these traits (default: user, group)")
        .rarely_needed(),
    FILE,
    Field::switch("strict", false)
        .help(heading::OUTPUT, "Fail if anything is missing that no option left out")
        .more("Without it, what is missing is counted and told at the end."),
    Field::switch("allow-shrink", false)
        .help(heading::OUTPUT, "Replace the file also if far less was found than the last time")
        .more("Without it, a sync that loses more than 30 percent of a type, finds no user, or reads another system than the last one fails."),
    Field::switch(FULL, false)
        .help(heading::PACE, "Read everything, also what has not changed since the last sync")
        .more("The next sync takes over from this one again."),
    Field::switch(INCREMENTAL, true)
        .help(heading::PACE, "Take over from the last sync what has not changed since")
        .more("The file holds the same as after reading everything. What it takes is kept in the folder <file>.work, which may be lost; with false nothing is kept.")
        .rarely_needed(),
    Field::text_or(FULL_EVERY, "7d,200")
        .value_name("WHEN")
        .help(heading::PACE, "Read everything after so many days (7d) or syncs (200), whichever comes first; or never")
        .rarely_needed(),
    Field::int("workers", 0, -1, 1024)
        .help(heading::PACE, "Requests under way at once per rate limit")
        .more("0 and -1 choose by themselves; 1 does one thing at a time."),
    Field::int("http-timeout-seconds", 300, 1, 1800)
        .value_name("SECONDS")
        .help(heading::PACE, "Longest time that one request may take, in seconds"),
    TEMP_DIR,
];

const LEGACY: [Field; 6] = [
    Field::switch("parallel-sync", false).legacy("a sync always does many things at once; --workers sets how many"),
    Field::text(STORAGE_ENGINE).choices(&["sqlite", PEBBLE]).hidden(),
    Field::int("session-store-maximum-size", 15_728_640, i64::MIN, i64::MAX)
        .legacy("there is no second process whose memory it would bound"),
    Field::switch("ticketing", false).legacy("this connector has no tickets"),
    Field::switch("keep-previous-sync-c1z", false)
        .legacy("service mode keeps the last file by itself, as long as the next sync can use it"),
    Field::switch("log-event-log", false).legacy("logs go to stderr, or where --log-path says"),
];

/// The field that reads everything this time.
pub(crate) const FULL: &str = "full";

/// The field that lets syncs take over from each other.
pub(crate) const INCREMENTAL: &str = "incremental";

/// The field that says when everything is read all the same.
pub(crate) const FULL_EVERY: &str = "full-every";

/// The field that names single resources.
pub(crate) const SYNC_RESOURCES: &str = "sync-resources";

/// The field that leaves out the grants of single resources.
pub(crate) const SKIP_GRANTS: &str = "skip-grants";

/// The field that names the file of another connector.
pub(crate) const EXTERNAL_FILE: &str = "external-resource-c1z";

/// The field that narrows it to those who hold something.
pub(crate) const EXTERNAL_ENTITLEMENT: &str = "external-resource-entitlement-id-filter";

/// The field that narrows it to certain traits.
pub(crate) const EXTERNAL_TRAITS: &str = "external-resource-traits";

/// The field that chose between two forms of the file.
pub(crate) const STORAGE_ENGINE: &str = "storage-engine";

/// The form that cannot be written yet.
pub(crate) const PEBBLE: &str = "pebble";

/// The fields of logging, which every command takes.
pub(crate) const LOGGING: [Field; 4] = [
    Field::text("log-level")
        .value_name("LEVEL")
        .choices(&["debug", "info", "warn", "error", "dpanic", "panic", "fatal"])
        .help(heading::LOGGING, "Least severe log lines: debug, info, warn or error (default: info)")
        .more("Set it, and logs are shown on a terminal instead of progress."),
    Field::text("log-format")
        .value_name("FORMAT")
        .choices(&["json", "console"])
        .help(heading::LOGGING, "Log form: json or console (default: console on a terminal, else json)")
        .more("Set it, and logs are shown on a terminal instead of progress."),
    Field::list("log-path")
        .value_name("PATHS")
        .help(heading::LOGGING, "Where logs go: files, stdout, stderr (default: stderr)"),
    Field::text(DEBUG_ENDS)
        .value_name("TIME")
        .help(heading::LOGGING, "From this time on, in RFC 3339, --log-level=debug counts as info")
        .rarely_needed(),
];

/// The field that ends debug lines.
pub(crate) const DEBUG_ENDS: &str = "log-level-debug-expires-at";

/// The fields of the commands that read files.
pub(crate) mod reading {
    use super::{FILE, Field, TEMP_DIR, heading};

    /// The field that chooses a sync.
    pub(crate) const SYNC_ID: &str = "sync-id";

    const OUTPUT: Field = Field::output_format().help(heading::OUTPUT, "console (a table) or json");
    const SYNC: Field = Field::text(SYNC_ID)
        .value_name("ID")
        .help(heading::FILTER, "Show this sync of the file instead of the last finished one");
    const RESOURCE_TYPE: Field = Field::text("resource-type")
        .short('t')
        .value_name("TYPE")
        .help(heading::FILTER, "Only of resources of this type, for example user");
    const RESOURCE: Field =
        Field::text("resource").short('r').value_name("ID").help(heading::FILTER, "Only of the resource with this id");
    const ENTITLEMENT: Field = Field::text("entitlement")
        .short('e')
        .value_name("ID")
        .help(heading::FILTER, "Only of the entitlement with this id");

    /// For commands that show everything.
    pub(crate) const PLAIN: &[Field] = &[FILE, OUTPUT, SYNC, TEMP_DIR];
    /// For commands that can be narrowed to a type of resource.
    pub(crate) const BY_TYPE: &[Field] = &[FILE, OUTPUT, RESOURCE_TYPE, SYNC, TEMP_DIR];
    /// For commands that can be narrowed to one resource.
    pub(crate) const BY_RESOURCE: &[Field] = &[FILE, OUTPUT, RESOURCE_TYPE, RESOURCE, SYNC, TEMP_DIR];
    /// For commands that can be narrowed to one entitlement.
    pub(crate) const BY_ENTITLEMENT: &[Field] = &[FILE, OUTPUT, RESOURCE_TYPE, RESOURCE, ENTITLEMENT, SYNC, TEMP_DIR];
}
