//! A connector to a system that does not exist: the pattern of a connector program, and what the tests of this crate
//! run. It has two users and two groups, and how a change ends is in the id that is asked for.

mod events;
mod provisioner;
mod source;

use std::process::ExitCode;
use std::sync::Arc;

use baton_connector::{Connector, Purpose};
use baton_proto::c1::connector::v2::Capability;
use baton_runtime::describe::{Description, Shown, ShownGroup};
use baton_runtime::{Failure, Field, Group, Program, Settings, heading};
use tokio_util::sync::CancellationToken;

/// The program.
struct Sample;

impl Program for Sample {
    fn name(&self) -> &'static str {
        "baton-sample"
    }

    fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }

    fn system(&self) -> &'static str {
        "Sample"
    }

    fn about(&self) -> &'static str {
        "A connector to a system that does not exist"
    }

    fn fields(&self) -> &'static [Field] {
        const FIELDS: &[Field] = &[
            Field::text("token").secret().help(heading::CONNECTION, "The key to the system"),
            Field::switch("reads-only", false).help(heading::WHAT, "Be a connector that can change nothing"),
            Field::switch("stuck", false).help(heading::WHAT, "Block the thread that reads for ever"),
            Field::int("pages", 2, 1, 9).help(heading::WHAT, "How many pages of events there are"),
            Field::list("colours").help(heading::WHAT, "Which colours there are"),
        ];
        FIELDS
    }

    fn groups(&self) -> &'static [Group] {
        &[Group { name: "token-group", required: &["token"] }]
    }

    fn description(&self) -> Description {
        use Capability::{AccountProvisioning, Provision, Sync, TargetedSync};
        const FIELDS: &[Shown] = &[
            Shown { name: "token", display_name: "Token", placeholder: "Your key", required: true },
            Shown { name: "pages", display_name: "Pages", placeholder: "", required: false },
            Shown { name: "colours", display_name: "Colours", placeholder: "", required: false },
            Shown { name: "undeclared", display_name: "Undeclared", placeholder: "", required: false },
        ];
        const GROUPS: &[ShownGroup] = &[ShownGroup {
            name: "token-group",
            display_name: "Token",
            help_text: "Sign in with a key.",
            fields: &["token", "pages"],
        }];
        let abilities: [&'static [Capability]; 2] = [&[Sync, AccountProvisioning], &[Sync, TargetedSync, Provision]];
        Description {
            icon_url: "/sample.svg",
            types: source::resource_types().into_iter().zip(abilities).collect(),
            abilities: &[Capability::Actions],
            fields: FIELDS,
            groups: GROUPS,
            ..Description::new("Sample")
        }
    }

    fn build(&self, settings: &Settings, _: Purpose, _: CancellationToken) -> Result<Connector, Failure> {
        let pages = u64::try_from(settings.int("pages")).unwrap_or(1);
        let connector = Connector::reading(Arc::new(source::Made { is_stuck: settings.switch("stuck") }));
        if settings.switch("reads-only") {
            return Ok(connector);
        }
        Ok(Connector {
            provisioner: Some(Arc::new(provisioner::Changes)),
            events: Some(Arc::new(events::Feed { pages })),
            ..connector
        })
    }
}

fn main() -> ExitCode {
    baton_runtime::run(Sample)
}
