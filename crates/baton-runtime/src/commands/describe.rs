//! `capabilities` and `config`: what a connector can do and how it is set up, as C1's tools read it. They need no
//! settings, and print JSON without a newline at its end (`docs/spec/connector-runtime.md` 1.9).

use baton_proto::{any, json};

use crate::describe;
use crate::failure::Failure;
use crate::program::Program;

/// A command that describes the connector.
#[derive(Debug)]
pub(crate) struct Describing {
    pub name: &'static str,
    pub about: &'static str,
    json: fn(&dyn Program) -> Result<String, json::JsonError>,
}

/// All of them.
pub(crate) const DESCRIBING: &[Describing] = &[
    Describing {
        name: "capabilities",
        about: "Print what the connector can do, as JSON",
        json: |program| json::to_string_pretty(&any::pack(&describe::capabilities(&program.description()))),
    },
    Describing {
        name: "config",
        about: "Print how the connector is configured, as JSON",
        json: |program| json::to_string_pretty(&describe::configuration(program)),
    },
];

impl Describing {
    /// What goes to stdout.
    pub(crate) fn text(&self, program: &dyn Program) -> Result<String, Failure> {
        (self.json)(program).map_err(|error| Failure::with_code(13, error.to_string()))
    }
}
