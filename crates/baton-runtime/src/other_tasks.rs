//! Settings that ask for something else than this version can do.
//!
//! On the command line they are unknown flags, which is an error. In the environment or a configuration file they would
//! be overlooked, and a job that was to revoke a grant, or to stay connected to C1, would sync instead; or a sync would
//! leave out, without a word, what it was to contain. So they are refused.

use std::path::Path;

use crate::config_file::{ConfigFile, Entry};
use crate::env::Env;
use crate::failure::Failure;
use crate::field::env_name;
use crate::program::Program;

/// A setting, and what it asks for.
pub type OtherTask = (&'static str, &'static str);

/// What selects a task other than a sync in every connector (`docs/spec/connector-runtime.md` 1.6, 2.1).
const OF_ALL: &[OtherTask] = &[
    ("list-resource-actions", "a list of actions under an older name"),
    ("invoke-resource-action", "an action under an older name"),
    ("create-ticket", "a ticket"),
    ("bulk-create-ticket", "tickets"),
    ("get-ticket", "a ticket"),
    ("list-ticket-schemas", "ticket schemas"),
    ("diff-syncs", "a comparison of syncs"),
    ("compact-syncs", "a compaction of syncs"),
];

/// Refuses a sync when the environment or the file asks for something else.
pub(crate) fn refuse(program: &dyn Program, env: &Env, file: &ConfigFile) -> Result<(), Failure> {
    for (name, what) in OF_ALL.iter().chain(program.not_yet()) {
        let variable = env_name(name);
        let place = if env.get(&variable).is_some_and(asks) {
            variable
        } else if file.entries.get(*name).is_some_and(entry_asks) {
            format!("{name} in {}", file.path.as_deref().unwrap_or(Path::new("the configuration file")).display())
        } else {
            continue;
        };
        return Err(Failure::new(format!(
            "{place} asks for {what}, which this version of {} cannot do\nhint: remove the setting to run a sync without it",
            program.name()
        )));
    }
    Ok(())
}

fn entry_asks(entry: &Entry) -> bool {
    match entry {
        Entry::Scalar(text) => asks(text),
        Entry::List(items) => !items.is_empty(),
        Entry::Other(_) => true,
    }
}

/// A value that switches off asks for nothing.
fn asks(value: &str) -> bool {
    !matches!(value.to_ascii_lowercase().as_str(), "" | "false" | "f" | "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_switch_off_ask_for_nothing() {
        assert!(asks("true") && asks("group:g:member:user:u") && asks("1"));
        assert!(!asks("") && !asks("false") && !asks("False") && !asks("0"));
        assert!(entry_asks(&Entry::List(vec!["x".to_owned()])) && !entry_asks(&Entry::List(Vec::new())));
    }
}
