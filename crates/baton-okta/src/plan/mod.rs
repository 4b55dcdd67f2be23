//! `plan`: how long a sync takes and what decides it, without syncing.
//!
//! The lists that tell sizes are read, and one record where that is needed to learn a limit; the rest is arithmetic
//! ([`estimate`](crate::estimate)).

mod advice;
mod report;

use baton_connector::Purpose;
use baton_runtime::{Extra, Failure, Field, Running, Session, heading};
use okta_client::models::{LogEvent, Record, User};
use okta_client::{Client, Error, ErrorKind, ListRequest, endpoints};

use crate::access::{self, Credential};
use crate::config::Config;
use crate::quota_plan::EndpointPair;
use crate::scope::Scope;
use crate::survey::{self, Survey, Visible};
use crate::{doctor, errors};

/// The subcommand.
pub(crate) const COMMAND: Extra = Extra {
    name: "plan",
    about: "Tell how many calls and minutes a sync takes, and what would shorten it",
    more: "Takes the settings of a sync, reads the lists that tell the sizes of the org and one record of others, and \
           computes from Okta's rate limits what a full sync takes, which limit decides, and what a later sync takes when \
           little has changed. Changes nothing and writes no file.",
    fields: doctor::FIELDS,
    own: OWN,
    run,
};

const OWN: &[Field] = &[Field::output_format().help(heading::OUTPUT, "console (a table) or json")];

/// What a plan is made from.
struct Facts {
    config: Config,
    scope: Scope,
    is_app: bool,
    survey: Survey,
    /// Whether the org has short lists, whether they may be used or not.
    offered: Vec<EndpointPair>,
    /// Whether the System Log may be read.
    reads_log: bool,
}

fn run(session: &Session) -> Running<'_> {
    Box::pin(async move {
        let facts = tokio::select! {
            facts = find(session) => facts?,
            () = session.cancel().cancelled() => return Err(Failure::with_code(1, "interrupted")),
        };
        let plan = report::Plan::new(&facts);
        let as_json = session.settings().wants_json();
        if as_json { session.print_json(&plan.json().to_string()) } else { session.print(plan.text().trim_end()) }
    })
}

/// Asks Okta for everything that the plan takes.
async fn find(session: &Session) -> Result<Facts, Failure> {
    let config = doctor::config(session, Purpose::Sync)?;
    let (client, access) = access::connect(&config).map_err(|error| Failure::new(error.to_string()))?;
    let scope = Scope::of(&config.options, &config.rules);
    access.want_logs();
    let unusable = |error: baton_connector::SourceError| Failure::with_code(error.kind.grpc_code(), error.to_string());
    access.check(&client, &scope.types()).await.map_err(unusable)?;
    let failed = |doing: &'static str| {
        move |error: Error| Failure::with_code(errors::grpc_code(&error), format!("{doing} failed: {error}"))
    };
    let active_only = !config.rules.sync_inactive_apps;
    let admins = scope.user_roles() && may(&client, &endpoints::roles::assignees(1)).await.map_err(failed(COUNTING))?;
    let sets = scope.resource_sets || scope.bindings || scope.bound_roles();
    let resource_sets = sets && may(&client, &endpoints::iam::resource_sets()).await.map_err(failed(COUNTING))?;
    let visible = Visible { groups: scope.groups, apps: scope.apps, admins, resource_sets };
    let mut survey =
        survey::take(&client, scope, active_only, visible, true).await.map_err(failed("counting the org"))?;
    if config.rules.everyone_from_users {
        survey.census = survey.census.without_everyone();
    }
    if scope.users {
        // One record, for the limit.
        client.page::<User>(&endpoints::users::list(1), None).await.map_err(failed("listing the users"))?;
    }
    let now = client.server_time().unwrap_or_default().to_string();
    let log: ListRequest<LogEvent> = endpoints::logs::since(&now, None, 1);
    let reads_log = may(&client, &log).await.map_err(failed("reading the System Log"))?;
    survey.limits = crate::endpoint_choice::known_limits(&client);
    let offered = std::mem::take(&mut survey.pairs);
    if config.requests.short_lists {
        survey.pairs.clone_from(&offered);
    }
    Ok(Facts { is_app: matches!(access, Credential::ServiceApp(_)), config, scope, survey, offered, reads_log })
}

const COUNTING: &str = "counting the admins";

/// Whether a list may be read, by its first record.
async fn may<T: Record>(client: &Client, list: &ListRequest<T>) -> Result<bool, Error> {
    match client.page(list, None).await {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::NotFound) => Ok(false),
        Err(error) => Err(error),
    }
}
