//! The connector as a program.

use std::sync::Arc;

use baton_connector::{Connector, Purpose};
use baton_proto::c1::connector::v2::ConnectorMetadata;
use baton_runtime::describe::Description;
use baton_runtime::{Extra, Failure, Field, Group, Program, Settings};
use tokio_util::sync::CancellationToken;

use crate::connector::OktaSource;
use crate::{demo, describe, doctor, flags, plan};

/// The program `baton-okta`.
#[derive(Debug, Clone, Copy, Default)]
pub struct OktaProgram;

impl Program for OktaProgram {
    fn name(&self) -> &'static str {
        "baton-okta"
    }

    fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }

    fn system(&self) -> &'static str {
        "Okta"
    }

    fn about(&self) -> &'static str {
        "Sync an Okta org's users, groups, applications, admin roles, and who has what, into a .c1z file"
    }

    fn examples(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("baton-okta demo", "see it work, without an org"),
            ("baton-okta doctor", "check settings, sign-in and rights; say what to fix"),
            ("baton-okta plan", "tell how long a sync takes, and what would shorten it"),
            ("BATON_API_TOKEN=… baton-okta --domain acme.okta.com", "sync an org into sync.c1z"),
            ("baton-okta --sync-resource-types user,group", "users and groups only"),
            ("baton-okta --rate-limit-share 50", "leave half of the rate limits to others"),
            ("baton-okta stats", "count what is in sync.c1z"),
            ("baton-okta grants -t app", "who has which application"),
            ("baton-okta grants -r 00g… -o json", "who is in a group, as JSON"),
        ]
    }

    fn fields(&self) -> &'static [Field] {
        flags::FIELDS
    }

    fn groups(&self) -> &'static [Group] {
        flags::GROUPS
    }

    fn first_steps(&self) -> &'static str {
        "`baton-okta demo` shows a sync without an org"
    }

    fn log_crates(&self) -> &'static [&'static str] {
        &["okta_client"]
    }

    fn check(&self, settings: &Settings) -> Result<(), Failure> {
        flags::check(settings)
    }

    fn description(&self) -> Description {
        describe::description()
    }

    fn metadata(&self, settings: &Settings) -> ConnectorMetadata {
        describe::metadata(settings)
    }

    fn build(&self, settings: &Settings, purpose: Purpose, cancel: CancellationToken) -> Result<Connector, Failure> {
        let config = flags::config(settings, purpose, cancel)?;
        // What fails here is the configuration, before anything was asked of Okta: no gRPC code.
        let source = OktaSource::new(config).map_err(|error| Failure::new(error.to_string()))?;
        let (provisioner, events) = (Arc::new(source.provisioner()), Arc::new(source.events()));
        Ok(Connector { provisioner: Some(provisioner), events: Some(events), source: Arc::new(source) })
    }

    fn commands(&self) -> &'static [Extra] {
        &[demo::COMMAND, doctor::COMMAND, plan::COMMAND]
    }
}
