//! What a connector tells the runtime about itself.

use std::future::Future;
use std::pin::Pin;

use baton_connector::{Connector, Purpose};
use baton_proto::c1::connector::v2::ConnectorMetadata;
use tokio_util::sync::CancellationToken;

use crate::describe::{self, Description};
use crate::failure::Failure;
use crate::field::Field;
use crate::session::Session;
use crate::settings::Settings;

/// A connector program: its name, its own fields, and how its connector is made from them.
pub trait Program: Send + Sync + 'static {
    /// The name of the executable, for example `baton-okta`.
    fn name(&self) -> &'static str;

    /// The version.
    fn version(&self) -> &'static str;

    /// The name of the system that it connects to, for example `Okta`.
    fn system(&self) -> &'static str;

    /// One sentence about the program, for help.
    fn about(&self) -> &'static str;

    /// Example commands with a few words each, for help.
    fn examples(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// What the operator can set beyond what every connector has.
    fn fields(&self) -> &'static [Field];

    /// The ways to sign in. The field `auth-method` names one; without it, or with another name, the first counts. A
    /// program that wants other names refused declares that field itself.
    fn groups(&self) -> &'static [Group] {
        &[]
    }

    /// A sentence for somebody who has not set what is required, for example how to try without it.
    fn first_steps(&self) -> &'static str {
        ""
    }

    /// Crates beyond `baton-*` whose log lines are the program's own. Lines of all other crates are not written: they
    /// may show what must not be seen.
    fn log_crates(&self) -> &'static [&'static str] {
        &[]
    }

    /// Checks what no table can say, before required fields are checked.
    ///
    /// # Errors
    ///
    /// What is wrong with the settings.
    fn check(&self, settings: &Settings) -> Result<(), Failure> {
        let _ = settings;
        Ok(())
    }

    /// What the connector says about itself, with every option on. Needs no settings.
    fn description(&self) -> Description;

    /// What the connector says about itself to C1, as it is set.
    fn metadata(&self, settings: &Settings) -> ConnectorMetadata {
        let _ = settings;
        describe::metadata(&self.description())
    }

    /// Makes the connector, for no more than `purpose`. Asks nothing of the system yet.
    ///
    /// # Errors
    ///
    /// What is wrong with the settings.
    fn build(&self, settings: &Settings, purpose: Purpose, cancel: CancellationToken) -> Result<Connector, Failure>;

    /// Subcommands beyond those that every connector has.
    fn commands(&self) -> &'static [Extra] {
        &[]
    }
}

/// A way to sign in, and what it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// The value of `auth-method` that chooses it.
    pub name: &'static str,
    /// The fields that must be set.
    pub required: &'static [&'static str],
}

/// A subcommand of a connector's own. It speaks to people: its words go to stderr also when that is no terminal, what it
/// was asked for to stdout ([`Session::print`](crate::Session::print)).
#[derive(Debug, Clone, Copy)]
pub struct Extra {
    /// Its name.
    pub name: &'static str,
    /// One line for help.
    pub about: &'static str,
    /// Further sentences that only `--help` shows.
    pub more: &'static str,
    /// Those of the program's and the runtime's fields that it takes, by name. Logging is always there.
    pub fields: &'static [&'static str],
    /// Fields that no other command has.
    pub own: &'static [Field],
    /// Does it.
    pub run: for<'a> fn(&'a Session) -> Running<'a>,
}

/// A subcommand under way.
pub type Running<'a> = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'a>>;
