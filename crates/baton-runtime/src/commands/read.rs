//! The commands that show what is in a file: `stats`, `resource-types`, `resources`, `entitlements`, `grants`.
//!
//! They need no credentials, and their output is the only thing that goes to stdout.

use std::io::{self, IsTerminal, Write};

use baton_explore::{EntitlementQuery, Error, Format, GrantQuery, Options, ResourceQuery};

use crate::failure::Failure;
use crate::field::Field;
use crate::flags::reading;
use crate::session::Session;
use crate::settings::Settings;

/// A command that reads.
#[derive(Debug)]
pub(crate) struct Reading {
    pub name: &'static str,
    pub about: &'static str,
    own: &'static [Field],
    show: fn(&Session, &Options, &mut dyn Write) -> Result<(), Error>,
}

impl Reading {
    /// Everything that can be set for it.
    pub(crate) fn fields(&self) -> Vec<Field> {
        self.own.iter().copied().chain(crate::flags::LOGGING).collect()
    }

    /// Writes what was asked for to stdout. A reader who goes away early, as `head` does, is no failure.
    pub(crate) fn run(&self, session: &Session) -> Result<(), Failure> {
        let format = if session.settings.wants_json() { Format::Json } else { Format::Console };
        let mut out = io::stdout().lock();
        let width = if out.is_terminal() { baton_explore::terminal_width() } else { None };
        let sync = filter(&session.settings, reading::SYNC_ID);
        let options = Options { format, width, temp_dir: session.temp_dir()?, sync };
        let shown = (self.show)(session, &options, &mut out);
        shown.map_err(|error| Failure::with_code(error.code(), error.to_string()))?;
        session.settings.check_declared()
    }
}

/// All commands that read.
pub(crate) const READING: &[Reading] = &[
    Reading {
        name: "stats",
        about: "Count what is in a file",
        own: reading::PLAIN,
        show: |session, options, out| baton_explore::stats(session.file(), options, out),
    },
    Reading {
        name: "resource-types",
        about: "List the resource types in a file",
        own: reading::PLAIN,
        show: |session, options, out| baton_explore::resource_types(session.file(), options, out),
    },
    Reading {
        name: "resources",
        about: "List resources: users, groups, …",
        own: reading::BY_TYPE,
        show: |session, options, out| {
            let query = ResourceQuery { resource_type: filter(&session.settings, "resource-type") };
            baton_explore::resources(session.file(), &query, options, out)
        },
    },
    Reading {
        name: "entitlements",
        about: "List what can be granted",
        own: reading::BY_RESOURCE,
        show: |session, options, out| {
            let query = EntitlementQuery {
                resource_type: filter(&session.settings, "resource-type"),
                resource: filter(&session.settings, "resource"),
            };
            baton_explore::entitlements(session.file(), &query, options, out)
        },
    },
    Reading {
        name: "grants",
        about: "List who has what",
        own: reading::BY_ENTITLEMENT,
        show: |session, options, out| {
            let query = GrantQuery {
                resource_type: filter(&session.settings, "resource-type"),
                resource: filter(&session.settings, "resource"),
                entitlement: filter(&session.settings, "entitlement"),
            };
            baton_explore::grants(session.file(), &query, options, out)
        },
    },
];

/// The value of a filter, if it is set.
fn filter(settings: &Settings, name: &str) -> Option<String> {
    Some(settings.text(name)).filter(|text| !text.is_empty()).map(str::to_owned)
}
